"""Above the organization's limit a second user has to look: until then nothing is told to anybody."""

from datetime import timedelta
from typing import Any

from tests.awards.made import Round
from tests.security.made import Stage

ALL = {"T1": "blue", "T2": "red", "T3": "green"}


def limit(closed_round: Round, amount: str | None, currency: str = "USD", revision: int = 0) -> Any:
    stage = closed_round.stage
    body = {"amount": amount, "currency": currency}
    headers = {"If-Match": f'"{revision}"'}
    return stage.ok(stage.buyer, "PUT", "/buyer/approval-limit", body, headers=headers)


def select(closed_round: Round, status: int = 202, **names: str) -> Any:
    body = {"awarded": closed_round.chosen(**(names or ALL))}
    answer = closed_round.asked("POST", "/award", body)
    assert answer.status_code == status, answer.text
    return answer.json()


def by_colleague(closed_round: Round, path: str, body: Any = None) -> Any:
    return closed_round.stage.call(closed_round.colleague, "POST", closed_round.path(path), body)


def told(closed_round: Round, name: str) -> list[Any]:
    """Return all that a carrier can read of the end of the request."""
    carrier, invitation = closed_round.carriers[name], closed_round.invitations[name]
    stage = closed_round.stage
    paths = [f"/invitations/{invitation}{rest}" for rest in ("", "/award", "/buyer", "/auction", "/award/confirmation")]
    answers = [stage.call(carrier, "GET", path) for path in [*paths, "/notices", "/contracts"]]
    return [(answer.status_code, answer.text) for answer in answers]


def test_without_a_limit_one_user_awards_alone(closed_round: Round) -> None:
    done = select(closed_round, 201)
    assert (done["status"], done["approved_by"]) == ("awarded", None)
    assert done["decided_by"] == closed_round.stage.buyer.principal.user_id


def test_a_selection_up_to_the_limit_needs_nobody_else(closed_round: Round) -> None:
    limit(closed_round, "11634.00")
    assert select(closed_round, 201)["status"] == "awarded"


def test_above_the_limit_nothing_is_told_before_another_user_approves(closed_round: Round) -> None:
    limit(closed_round, "11633.99")
    preview = closed_round.buyer("POST", "/award/preview", {"awarded": closed_round.chosen(**ALL)})
    assert "11634.00 counts against the limit of 11633.99 USD" in preview["approval"]
    before = {name: told(closed_round, name) for name in closed_round.carriers}
    waiting = select(closed_round)
    closed_round.stage.settle()
    assert waiting["status"] == "waits for approval"
    assert {name: told(closed_round, name) for name in closed_round.carriers} == before
    assert closed_round.buyer("GET", "/awards") == []
    path = f"/approvals/{waiting['id']}"
    assert closed_round.asked("POST", f"{path}/approve").status_code == 403
    done = by_colleague(closed_round, f"{path}/approve")
    assert done.status_code == 201, done.text
    assert done.json()["decided_by"] == closed_round.stage.buyer.principal.user_id
    assert done.json()["approved_by"] == closed_round.colleague.principal.user_id
    blue = closed_round.carriers["blue"]
    met = closed_round.stage.ok(blue, "GET", f"/invitations/{closed_round.invitations['blue']}/buyer")
    assert met["buyer"]["name"] == "Riverbend Public Library"
    (approval,) = closed_round.buyer("GET", "/approvals")
    assert (approval["status"], approval["award_id"]) == ("approved", done.json()["id"])
    assert by_colleague(closed_round, f"{path}/approve").json()["type"] == "/problems/approval-decided"


def test_while_one_selection_waits_no_other_is_made(closed_round: Round) -> None:
    limit(closed_round, "1.00")
    waiting = select(closed_round)
    assert select(closed_round, 409)["type"] == "/problems/approval-pending"
    limit(closed_round, None, revision=1)
    assert select(closed_round, 409)["type"] == "/problems/approval-pending"
    assert by_colleague(closed_round, f"/approvals/{waiting['id']}/cancel").status_code == 403
    closed_round.buyer("POST", f"/approvals/{waiting['id']}/cancel")
    assert select(closed_round, 201)["status"] == "awarded"


def test_a_rejected_selection_leaves_its_lots_to_be_decided(closed_round: Round) -> None:
    limit(closed_round, "1.00")
    waiting = select(closed_round)
    path = f"/approvals/{waiting['id']}/reject"
    assert closed_round.asked("POST", path, {"reason": "Too dear."}).status_code == 403
    rejected = by_colleague(closed_round, path, {"reason": "Too dear."}).json()
    assert (rejected["status"], rejected["reason"]) == ("rejected", "Too dear.")
    assert select(closed_round)["status"] == "waits for approval"


def test_a_bid_that_expires_while_it_waits_is_refused_again(open_round: Round, stage: Stage) -> None:
    until = (stage.clock.now + timedelta(days=4)).date().isoformat()
    open_round.bid("blue", valid_until=until)
    open_round.bid("red")
    open_round.bid("green")
    stage.close()
    limit(open_round, "1.00")
    waiting = select(open_round)
    stage.clock.now += timedelta(days=3)
    refused = by_colleague(open_round, f"/approvals/{waiting['id']}/approve")
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == "/awarded/0/bid_id"
    assert open_round.buyer("GET", "/awards") == []
    assert open_round.buyer("GET", "/approvals")[0]["status"] == "waits for approval"


def test_a_limit_in_another_currency_always_needs_two_users(closed_round: Round) -> None:
    limit(closed_round, "999999.00", "EUR")
    assert select(closed_round)["status"] == "waits for approval"


def test_only_admins_set_the_limit_and_by_its_version(closed_round: Round) -> None:
    stage = closed_round.stage
    body = {"amount": "5.00", "currency": "USD"}
    assert stage.call(closed_round.colleague, "PUT", "/buyer/approval-limit", body).status_code == 403
    limit(closed_round, "5.00")
    assert stage.call(stage.buyer, "PUT", "/buyer/approval-limit", body).status_code == 428
    stale = stage.call(stage.buyer, "PUT", "/buyer/approval-limit", body, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert stage.ok(closed_round.colleague, "GET", "/buyer/approval-limit")["amount"] == "5.00"


def test_a_stranger_can_neither_see_nor_decide_what_waits(closed_round: Round) -> None:
    limit(closed_round, "1.00")
    waiting = select(closed_round)
    stranger = closed_round.stage.a_buyer("else@elsewhere.example.org")
    for method, path in (("GET", "/approvals"), ("POST", f"/approvals/{waiting['id']}/approve")):
        assert closed_round.stage.call(stranger, method, closed_round.path(path)).status_code == 404
