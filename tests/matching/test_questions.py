"""Carriers ask without being known, buyers answer to all of them without being known."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from buyers.requests.model import Status
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from matching.questions import rules
from sellers.model import Contact, Provider, ProviderStatus
from tests.factories import REGISTRATION, SignedIn, as_owner
from tests.security.made import Stage

ASKED = "Is the riser on the third floor ours to use?"
ANSWERED = "Use the riser that is there; it has room."
ASKER = Provider(
    id=OrganizationId("org_x"),
    name="Aldgate Fiber",
    status=ProviderStatus.APPROVED,
    reference="143001234",
    contact=Contact("Jordan Marsh", "sales@aldgate-fiber.example", "+1 415 555 0123"),
)


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def asks(stage: Stage, carrier: SignedIn, words: str = ASKED) -> Any:
    return stage.ok(carrier, "POST", f"/invitations/{stage.invitation(carrier)}/questions", {"text": words})


def sees(stage: Stage, carrier: SignedIn) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.ok(carrier, "GET", f"/invitations/{stage.invitation(carrier)}/questions")[
        "items"
    ]
    return items


def asked(stage: Stage, request_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/questions")["items"]
    return items


def answers(stage: Stage, request_id: str, question_id: str, words: str = ANSWERED, **more: Any) -> Any:
    path = f"/requests/{request_id}/questions/{question_id}/answer"
    return stage.ok(stage.buyer, "POST", path, {"text": words, **more})


def told(stage: Stage, who: SignedIn) -> list[str]:
    stage.settle()
    return [notice["event"] for notice in stage.ok(who, "GET", "/notices")["items"]]


def test_the_asker_alone_sees_its_question_until_the_answer_goes_to_all(stage: Stage) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    question = asks(stage, asker)
    assert (question["state"], question["own"], question["question"]) == ("waiting", True, ASKED)
    assert sees(stage, asker) == [question]
    assert sees(stage, other) == []
    answers(stage, request_id, question["id"])
    (own,), (theirs,) = sees(stage, asker), sees(stage, other)
    assert own == question | {"state": "answered", "answer": ANSWERED, "answered_at": own["answered_at"], "version": 1}
    assert theirs == own | {"id": theirs["id"], "own": False, "asked_at": None}
    assert question["id"] not in str(theirs)


def test_the_buyer_knows_askers_by_labels_that_last_and_tell_nothing(stage: Stage) -> None:
    first, second = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    for carrier in (first, second, first):
        stage.clock.now += timedelta(minutes=1)
        asks(stage, carrier)
    found = asked(stage, request_id)
    labels = [one["asker"] for one in found]
    assert labels[0] == labels[2] != labels[1]
    everything = str(found)
    for carrier in (first, second):
        assert carrier.principal.organization_id not in everything
        assert stage.invitation(carrier) not in everything


def test_labels_are_drawn_anew_on_every_request(stage: Stage) -> None:
    carrier = stage.a_carrier()
    seen = set()
    for _ in range(4):
        request_id = stage.publish()
        asks(stage, carrier)
        seen.add(asked(stage, request_id)[0]["asker"])
    assert len(seen) > 1


@given(st.text(), st.integers(0, rules.MOST_TRIES - 1))
def test_a_number_is_never_none_and_grows_with_vain_attempts(drawn: str, attempt: int) -> None:
    number = rules.number_of(drawn, attempt)
    assert 1 <= number < 10 ** (2 + attempt // 5)


def test_a_number_that_is_taken_is_given_to_nobody_else(stage: Stage, market: Marketplace) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    with as_owner(market) as connection:
        connection.execute(
            text(
                "INSERT INTO market.question_askers (request_id, provider_id, number)"
                " SELECT :request, 'org_' || n, n FROM generate_series(1, 99) AS n"
            ),
            {"request": request_id},
        )
    asks(stage, carrier)
    assert int(asked(stage, request_id)[0]["asker"].removeprefix("Carrier ")) > 99


def test_a_declined_question_and_its_reason_are_the_askers_alone(stage: Stage) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    question = asks(stage, asker)
    path = f"/requests/{request_id}/questions/{question['id']}"
    stage.ok(stage.buyer, "POST", f"{path}/decline", {"reason": "Say what you assume."})
    (own,) = sees(stage, asker)
    assert (own["state"], own["decline_reason"]) == ("declined", "Say what you assume.")
    assert sees(stage, other) == []
    assert "question.declined" in told(stage, asker)
    assert "question.declined" not in told(stage, other)
    again = stage.call(stage.buyer, "POST", f"{path}/decline", {"reason": "Once more."})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/question-decided")
    answers(stage, request_id, question["id"])  # the buyer may think better of it
    (own,) = sees(stage, asker)
    assert (own["state"], own["decline_reason"]) == ("answered", None)


def test_a_changed_answer_shows_that_it_changed_and_the_buyer_keeps_every_wording(stage: Stage) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    question = asks(stage, asker)
    answers(stage, request_id, question["id"])
    path = f"/requests/{request_id}/questions/{question['id']}/answer"
    assert stage.call(stage.buyer, "POST", path, {"text": "Again."}).json()["type"] == "/problems/question-decided"
    assert stage.call(stage.buyer, "PUT", path, {"text": "Bring your own."}).status_code == 428
    stage.clock.now += timedelta(minutes=5)
    changed = stage.ok(stage.buyer, "PUT", path, {"text": "Bring your own."}, headers={"If-Match": '"1"'})
    assert [one["text"] for one in changed["versions"]] == [ANSWERED, "Bring your own."]
    assert stage.call(stage.buyer, "PUT", path, {"text": "No."}, headers={"If-Match": '"1"'}).status_code == 412
    for carrier in (asker, other):
        (seen,) = sees(stage, carrier)
        assert (seen["answer"], seen["changed"], seen["version"]) == ("Bring your own.", True, 2)
        assert ANSWERED not in str(seen)
        assert "answer.changed" in told(stage, carrier)


def test_the_same_wording_again_is_no_change(stage: Stage) -> None:
    stage.a_carrier()
    request_id = stage.publish()
    done = stage.ok(stage.buyer, "POST", f"/requests/{request_id}/clarifications", {"text": ANSWERED})
    path = f"/requests/{request_id}/questions/{done['id']}/answer"
    same = stage.ok(stage.buyer, "PUT", path, {"text": ANSWERED}, headers={"If-Match": '"1"'})
    assert (same["version"], same["changed"]) == (1, False)


def test_a_clarification_needs_no_question_and_reaches_late_invitees_with_earlier_answers(stage: Stage) -> None:
    asker = stage.a_carrier()
    request_id = stage.publish()
    answers(stage, request_id, asks(stage, asker)["id"])
    stage.clock.now += timedelta(minutes=1)
    done = stage.ok(stage.buyer, "POST", f"/requests/{request_id}/clarifications", {"text": "The roof is closed."})
    assert (done["state"], done["asker"], done["question"]) == ("published", None, None)
    late = stage.a_carrier()
    stage.settle()
    newest, oldest = sees(stage, late)
    assert (newest["state"], newest["question"], newest["answer"]) == ("published", None, "The roof is closed.")
    assert (oldest["question"], oldest["answer"], oldest["own"]) == (ASKED, ANSWERED, False)
    assert "clarification.published" in told(stage, asker)


@pytest.mark.parametrize(
    ("words", "spot"),
    [
        ("Write to bids@aldgate.example please.", "an e-mail address"),
        ("Call +1 415 555 0199 about the riser.", "a phone number"),
        ("Our map is on www.aldgate-maps.example/x", "a web address"),
        ("See aldgate.com for the map.", "a web address"),
    ],
)
def test_a_question_with_a_way_to_reach_somebody_is_refused_and_the_spot_is_named(
    stage: Stage, words: str, spot: str
) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    answer = stage.call(carrier, "POST", f"/invitations/{stage.invitation(carrier)}/questions", {"text": words})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/contact-found")
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/text"
    assert spot in error["message"]
    assert sees(stage, carrier) == []


@pytest.mark.parametrize(
    ("words", "spot"),
    [
        ("We at Aldgate Fiber ask for a map.", "your own name"),
        ("We at ALDGATE-FIBER ask for a map.", "your own name"),
        ("Jordan Marsh asks for a map.", "the name of your contact"),
    ],
)
def test_a_question_may_not_say_who_asks(words: str, spot: str) -> None:
    with pytest.raises(rules.ContactFoundError) as refused:
        rules.check_question(words, ASKER, 0)
    assert any(spot in error.message for error in refused.value.errors)


_PLAIN = st.text(alphabet="qwz ", max_size=60)


@given(_PLAIN, st.sampled_from(["a.b@mail.example.com", "https://x.io/riser", "+1 415 555 0123"]), _PLAIN)
def test_contacts_are_found_wherever_they_stand_and_the_spot_is_theirs(before: str, contact: str, after: str) -> None:
    with pytest.raises(rules.ContactFoundError) as refused:
        rules.check_question(f"{before} {contact} {after}", ASKER, 0)
    start = len(before) + 2
    assert any(f"characters {start} to" in error.message for error in refused.value.errors)


@given(_PLAIN)
def test_plain_words_are_never_refused(words: str) -> None:
    rules.check_question(words, ASKER, 0)


def test_a_refused_question_never_tells_whether_it_guessed_the_buyer(stage: Stage) -> None:
    """The check knows the asker alone: the buyer's own name passes it like any other."""
    carrier = stage.a_carrier()
    request_id = stage.publish()
    right = asks(stage, carrier, f"Are you the {REGISTRATION['name']}?")
    wrong = asks(stage, carrier, "Are you the Northwind Orchards?")
    assert right["state"] == wrong["state"] == "waiting"
    # telling it to all would name the buyer, who has to take responsibility for that
    path = f"/requests/{request_id}/questions/{right['id']}/answer"
    refused = stage.call(stage.buyer, "POST", path, {"text": "No comment."})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identity-found")
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/question"]


def test_an_answer_passes_the_leak_check_or_the_buyer_accepts_it_word_by_word(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    question = asks(stage, carrier)
    name = REGISTRATION["name"]
    path = f"/requests/{request_id}/questions/{question['id']}"
    for method, at, body in (
        ("POST", f"{path}/answer", {"text": f"Ask at the {name}."}),
        ("POST", f"{path}/decline", {"reason": f"The {name} does not say."}),
        ("POST", f"/requests/{request_id}/clarifications", {"text": f"We are the {name}."}),
    ):
        refused = stage.call(stage.buyer, method, at, body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/identity-found"), at
    assert [one["state"] for one in sees(stage, carrier)] == ["waiting"]
    done = answers(stage, request_id, question["id"], f"Ask at the {name}.", accept_findings=[name])
    assert done["answer"] == f"Ask at the {name}."
    changed = stage.call(
        stage.buyer, "PUT", f"{path}/answer", {"text": f"Go to the {name}."}, headers={"If-Match": '"1"'}
    )
    assert changed.json()["type"] == "/problems/identity-found"


def test_nothing_is_asked_or_answered_after_the_close_and_everything_stays_readable(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    first = asks(stage, carrier)
    answers(stage, request_id, first["id"])
    second = asks(stage, carrier, "And the basement?")
    stage.close()
    path = f"/requests/{request_id}/questions/{second['id']}"
    for who, at, body in (
        (carrier, f"/invitations/{stage.invitation(carrier)}/questions", {"text": ASKED}),
        (stage.buyer, f"{path}/answer", {"text": ANSWERED}),
        (stage.buyer, f"{path}/decline", {"reason": "Too late."}),
        (stage.buyer, f"/requests/{request_id}/clarifications", {"text": ANSWERED}),
    ):
        refused = stage.call(who, "POST", at, body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-taking-questions"), at
    assert {one["state"] for one in sees(stage, carrier)} == {"answered", "waiting"}
    assert len(asked(stage, request_id)) == 2


@given(st.sampled_from(list(Status)), st.booleans())
def test_questions_are_taken_while_bids_are(status: Status, suspended: bool) -> None:  # noqa: FBT001 - drawn
    if status is Status.OPEN and not suspended:
        rules.check_open(status, suspended=suspended)
        return
    with pytest.raises(rules.NotTakingQuestionsError):
        rules.check_open(status, suspended=suspended)


def test_questions_are_counted_per_invitation(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST_QUESTIONS", 2)
    carrier, other = stage.a_carrier(), stage.a_carrier()
    stage.publish()
    asks(stage, carrier)
    asks(stage, carrier)
    refused = stage.call(carrier, "POST", f"/invitations/{stage.invitation(carrier)}/questions", {"text": ASKED})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/too-many-questions")
    asks(stage, other)


def test_who_asks_without_pause_is_told_to_wait(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    path = f"/invitations/{stage.invitation(carrier)}/questions"
    codes = [stage.call(carrier, "POST", path, {"text": "Ask a.b@c.example.com"}).status_code for _ in range(25)]
    assert codes[0] == 409
    assert codes[-1] == 429


def test_a_question_that_is_sent_twice_is_asked_once(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    path = f"/invitations/{stage.invitation(carrier)}/questions"
    for _ in range(2):
        stage.ok(carrier, "POST", path, {"text": ASKED}, headers={"Idempotency-Key": "once"})
    assert len(sees(stage, carrier)) == 1


def test_what_is_not_ones_own_is_not_there(stage: Stage) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    rival = stage.a_buyer("rival@rival.example")
    request_id = stage.publish()
    question = asks(stage, asker)
    for who, method, path, body in (
        (other, "GET", f"/invitations/{stage.invitation(asker)}/questions", None),
        (other, "POST", f"/invitations/{stage.invitation(asker)}/questions", {"text": ASKED}),
        (rival, "GET", f"/requests/{request_id}/questions", None),
        (rival, "POST", f"/requests/{request_id}/questions/{question['id']}/answer", {"text": ANSWERED}),
        (rival, "POST", f"/requests/{request_id}/clarifications", {"text": ANSWERED}),
        (stage.buyer, "POST", f"/requests/{request_id}/questions/qst_unknown/answer", {"text": ANSWERED}),
    ):
        assert stage.call(who, method, path, body).status_code == 404, path


def test_a_carrier_that_declined_does_not_ask(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    invitation = stage.invitation(carrier)
    stage.ok(carrier, "POST", f"/invitations/{invitation}/decline", {"reason": "capacity"})
    refused = stage.call(carrier, "POST", f"/invitations/{invitation}/questions", {"text": ASKED})
    assert refused.json()["type"] == "/problems/invitation-declined"


def test_lists_are_paged_without_losing_or_repeating(stage: Stage) -> None:
    carrier, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    for number in range(5):
        stage.clock.now += timedelta(seconds=number % 2)  # some at the same instant
        question = asks(stage, (carrier, other)[number % 2], f"Question {number} about the riser")
        if number < 3:
            answers(stage, request_id, question["id"], f"Answer {number} about the riser")
    for who, path, expected in (
        (carrier, f"/invitations/{stage.invitation(carrier)}/questions", 4),
        (stage.buyer, f"/requests/{request_id}/questions", 5),
    ):
        seen: list[str] = []
        after = ""
        while True:
            page = stage.ok(who, "GET", f"{path}?limit=2{after}")
            seen += [one["id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert len(seen) == len(set(seen)) == expected
    for cursor in ("x", "WyIyMDI2LTExLTAyIiwgImEiXQ"):
        assert stage.call(stage.buyer, "GET", f"/requests/{request_id}/questions?after={cursor}").status_code == 422


def test_the_buyer_is_told_of_questions_and_all_invited_of_answers_without_their_words(stage: Stage) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    question = asks(stage, asker)
    assert "question.asked" in told(stage, stage.buyer)
    answers(stage, request_id, question["id"])
    for carrier in (asker, other):
        assert "question.answered" in told(stage, carrier)
    everything = str([stage.ok(who, "GET", "/notices") for who in (asker, other, stage.buyer)])
    assert ASKED not in everything
    assert ANSWERED not in everything


def test_the_journal_holds_ids_and_no_words(stage: Stage, market: Marketplace) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    answers(stage, request_id, asks(stage, carrier)["id"])
    with market.workshop.reading() as reading:
        events = list(journal.of_stream(reading.session, f"request:{request_id}"))
    names = [event.name for event in events]
    assert names.index("question.asked") < names.index("question.answered")
    assert ASKED not in str([event.data for event in events])


def test_the_carriers_role_finds_no_question_of_others_and_no_earlier_wording(
    stage: Stage, market: Marketplace
) -> None:
    asker, other = stage.a_carrier(), stage.a_carrier()
    request_id = stage.publish()
    answers(stage, request_id, asks(stage, asker)["id"])
    asks(stage, asker, "And the basement?")
    uninvited = stage.a_carrier(filters=False)
    counts = {}
    for name, who in (("asker", asker), ("other", other), ("uninvited", uninvited)):
        with market.workshop.reading(who.principal) as reading:
            connection = reading.session.connection()
            counts[name] = tuple(
                connection.execute(text(query)).scalar_one()
                for query in (
                    "SELECT count(*) FROM market.questions",
                    "SELECT count(*) FROM market.question_askers",
                    "SELECT count(*) FROM market.answers",
                )
            )
    assert counts == {"asker": (2, 1, 1), "other": (0, 0, 1), "uninvited": (0, 0, 0)}
    with (
        market.workshop.reading(other.principal) as reading,
        pytest.raises(ProgrammingError, match="permission denied"),
    ):
        reading.session.connection().execute(text("SELECT text FROM market.answer_versions"))


def test_words_that_a_buyer_accepted_are_kept_to_be_looked_at(stage: Stage, market: Marketplace) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish()
    name = REGISTRATION["name"]
    question = asks(stage, carrier)
    done = answers(stage, request_id, question["id"], f"Ask at the {name}.", accept_findings=[name])
    with as_owner(market) as connection:
        rows = connection.execute(text("SELECT source, subject, words FROM market.accepted_findings")).all()
    assert [tuple(row) for row in rows] == [("answer", done["id"], name)]
