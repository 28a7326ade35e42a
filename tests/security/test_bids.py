"""Bids that are made to break something: odd numbers, odd bodies, foreign ids, wrong moments."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketplace.kernel.access import Kind, UserRole
from sellers import service as sellers
from tests.factories import SignedIn, a_user
from tests.security.made import Stage


@pytest.fixture
def ready(stage: Stage) -> tuple[SignedIn, str, dict[str, Any]]:
    """A carrier, where it bids, and a bid that would be accepted."""
    carrier = stage.a_carrier()
    stage.publish()
    return carrier, f"/invitations/{stage.invitation(carrier)}/bids", stage.bid_body(carrier)


def test_only_an_amount_is_an_amount(stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]]) -> None:
    carrier, path, body = ready
    odds: list[Any] = ["NaN", "-Infinity", "1e400", "-1", "-0.01", "0.001", 1.005, "9" * 15, "0x10", "", None, True, []]
    for odd in odds:
        body["lots"][0]["lines"][0]["mrc"] = odd
        assert stage.call(carrier, "POST", path, body).status_code == 422, odd
    for nothing in ("0", "-0.00"):
        body["lots"][0]["lines"][0]["mrc"] = nothing
        assert stage.call(carrier, "POST", path, body).status_code == 409, nothing
    assert stage.ok(carrier, "GET", path) == []


@pytest.mark.parametrize(
    ("field", "odd"), [("term_months", "36"), ("term_months", True), ("term_months", 36.5), ("confirmed", "yes")]
)
def test_a_number_and_an_answer_have_one_spelling(
    stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]], field: str, odd: object
) -> None:
    """What a careless program sends is told to it, not guessed: a bid binds."""
    carrier, path, body = ready
    answer = stage.call(carrier, "POST", path, body | {field: odd})
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{field}"]


def test_a_body_can_not_break_the_reader(stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]]) -> None:
    carrier, path, _ = ready
    for raw in (b"[" * 100_000, b'{"a":' * 90_000, b"1" * 6_000, b'{"\\ud800":1}', b"\xff\xfe", b'{"lots":NaN}', b""):
        answer = stage.call(carrier, "POST", path, content=raw, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}, raw[:10]


def _nul(body: dict[str, Any], where: str) -> None:
    line = body["lots"][0]["lines"][0]
    if where == "note":
        body["lots"][0]["note"] = "a\x00b"
    elif where == "answer":
        line["answers"] = [{"code": "bandwidth_mbps", "fit": "deviates", "text": "a\x00b"}]
    else:
        line["usage_rates"] = [{"service_type": "voice", "unit": "a\x00b", "rate": "1"}]


@pytest.mark.parametrize("where", ["note", "answer", "usage"])
def test_what_can_not_be_stored_when_opened_is_not_sealed(
    stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]], where: str
) -> None:
    carrier, path, body = ready
    _nul(body, where)
    assert stage.call(carrier, "POST", path, body).status_code == 422


def test_a_bid_names_nothing_that_the_session_or_the_clock_say(
    stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]]
) -> None:
    carrier, path, body = ready
    for extra in ("provider_id", "bidder", "amount", "placed_at", "version", "sequence", "invitation_id"):
        assert stage.call(carrier, "POST", path, body | {extra: "1"}).status_code == 422, extra


def test_twice_the_same_lot_line_or_rate_is_refused(stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]]) -> None:
    carrier, path, body = ready
    lot = body["lots"][0]
    line = lot["lines"][0]
    rates = [{"service_type": "voice", "unit": "minutes", "rate": rate} for rate in ("9.0000", "0.0001")]
    for lots in ([lot, lot], [lot | {"lines": [line, line]}], [lot | {"lines": [line | {"usage_rates": rates}]}]):
        assert stage.call(carrier, "POST", path, body | {"lots": lots}).status_code == 422


def test_ids_of_others_are_ids_of_nothing(stage: Stage, ready: tuple[SignedIn, str, dict[str, Any]]) -> None:
    carrier, path, body = ready
    rival = stage.a_carrier()
    stage.settle()
    own = f"/invitations/{stage.invitation(rival)}/bids"
    bid_id = stage.ok(carrier, "POST", path, body)["receipts"][0]["bid_id"]
    tries: tuple[tuple[str, Callable[[str], str], dict[str, Any] | None, str], ...] = (
        ("POST", lambda _: own, body, ""),  # terms of the other
        ("POST", lambda known: f"/invitations/{known}/bids", stage.bid_body(rival), path.split("/")[2]),
        ("DELETE", lambda known: f"{own}/{known}", None, bid_id),
        ("GET", lambda known: f"/invitations/{known}/auction", None, path.split("/")[2]),
        ("GET", lambda known: f"/terms/{known}", None, body["terms_id"]),
    )
    for method, where, sent, known in tries:
        foreign = stage.call(rival, method, where(known), sent)
        unknown_body = sent | {"terms_id": "terms_unknown"} if sent == body else sent
        unknown = stage.call(rival, method, where("unknown"), unknown_body)
        assert (foreign.status_code, foreign.text, foreign.headers) == (404, unknown.text, unknown.headers)


def test_the_wrong_moment_takes_no_bid(stage: Stage) -> None:
    carrier, decliner, suspended = stage.a_carrier(), stage.a_carrier(), stage.a_carrier()
    opens, closes = stage.clock.now + timedelta(hours=2), stage.clock.now + timedelta(days=1)
    stage.publish(schedule={"opens_at": opens.isoformat(), "closes_at": closes.isoformat()})
    path, body = f"/invitations/{stage.invitation(carrier)}/bids", stage.bid_body(carrier)
    for moment, status in (
        (opens - timedelta(microseconds=1), 409),
        (opens, 201),
        (closes - timedelta(microseconds=1), 201),
        (closes, 409),
        (closes + timedelta(days=9), 409),
    ):
        stage.clock.now = moment
        assert stage.call(carrier, "POST", path, body).status_code == status, moment
    stage.clock.now = opens
    other = f"/invitations/{stage.invitation(decliner)}"
    stage.ok(decliner, "POST", f"{other}/decline", {"reason": "capacity"})
    assert stage.call(decliner, "POST", f"{other}/bids", stage.bid_body(decliner)).status_code == 409
    third = f"/invitations/{stage.invitation(suspended)}/bids"
    with stage.market.workshop.work() as work:
        sellers.suspend(work, suspended.principal.organization_id, "licence lost")
    assert stage.call(suspended, "POST", third, stage.bid_body(suspended)).status_code == 403


def test_a_colleagues_key_is_refused_and_breaks_nothing(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish(auction={"format": "english", "decrement": "1.00"})
    colleague = a_user(stage.market, Kind.PROVIDER, UserRole.DESK, carrier.principal.organization_id)
    path, body = f"/invitations/{stage.invitation(carrier)}/bids", stage.bid_body(carrier)
    answers = [
        stage.call(who, "POST", path, body, headers={"Idempotency-Key": "1"}) for who in (carrier, carrier, colleague)
    ]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    assert answers[0].json() == answers[1].json()
    assert len(stage.ok(carrier, "GET", path)) == 1


def test_a_buyer_watches_open_bids_and_learns_who_made_them_after_the_close(stage: Stage) -> None:
    carrier = stage.a_carrier()
    request_id = stage.publish(auction={"format": "english", "decrement": "5.00"})
    stage.bid(carrier)
    (before,) = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/auction")
    stage.close()
    (after,) = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/auction")
    assert [(bid["rank"], bid["provider_id"]) for bid in before["bids"]] == [(1, None)]
    assert [(bid["rank"], bid["provider_id"]) for bid in after["bids"]] == [(1, carrier.principal.organization_id)]
    counts = stage.ok(stage.buyer, "GET", f"/requests/{request_id}/invitations")
    assert counts == {"invited": 1, "seen": 1, "declined": 0}
