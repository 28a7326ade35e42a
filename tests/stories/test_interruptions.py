"""What comes between an auction and its end, over HTTP: errors, pauses, suspensions, outages, and lots that wait."""

from datetime import datetime, timedelta
from typing import Any

from tests.security.made import Stage
from tests.stories.made import Story, begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


def wire(instant: datetime) -> str:
    """Return an instant as answers write it."""
    return instant.isoformat().replace("+00:00", "Z")


def test_a_late_close_of_one_lot_moves_the_next_one(stage: Stage) -> None:
    story = begin(stage, RACE | {"arrangement": {"kind": "serial", "minutes": 10}}, lots=2)
    first, second = story.sees("A", "T1"), story.sees("A", "T2")
    assert second["status"] == "scheduled"
    closes = datetime.fromisoformat(first["closes_at"])
    assert second["opens_at"] == wire(closes + timedelta(minutes=10))
    story.bid("A", "15000.00")
    assert story.refused("A", "15000.00", "T2")["code"] == "not_open_yet"
    story.at(closes - timedelta(minutes=1))
    story.bid("B", "14000.00")
    stage.settle()
    moved = closes + timedelta(minutes=3)
    assert story.sees("A", "T1")["closes_at"] == wire(moved)
    second = story.sees("A", "T2")
    assert second["opens_at"] == wire(moved + timedelta(minutes=10))
    story.at(moved)
    assert story.sees("B", "T1")["status"] == "closed"
    story.at(moved + timedelta(minutes=10))
    story.bid("B", "16000.00", "T2")
    story.at(datetime.fromisoformat(second["closes_at"]))
    assert (story.compared("T1"), story.compared("T2")) == (
        [("B", "14000.00"), ("A", "15000.00")],
        [("B", "16000.00")],
    )
    story.made_contract("B", "30000.00")


def test_an_error_stands_until_the_buyer_decides_and_then_the_bid_before_counts_again(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.bid("B", "14000.00")
    slip = story.bid("A", "1390.00")
    assert story.take_back("A", slip["bid_id"]).json()["refusal"]["code"] == "withdrawal_not_offered"
    assert story.take_back("A", slip["bid_id"], "A digit is missing.").status_code == 204
    assert story.sees("A")["rank"] == 1
    (asked,) = story.buyer("GET", "/withdrawals")
    assert (asked["bid_id"], asked["reason"], "provider_id" in asked) == (slip["bid_id"], "A digit is missing.", False)
    decision = {"granted": True, "reason": "It can't be meant."}
    story.buyer("POST", f"/withdrawals/{slip['bid_id']}", decision)
    assert (story.sees("A")["own_amount"], story.sees("B")["rank"]) == ("15000.00", 1)
    assert story.buyer("GET", "/withdrawals") == []
    second = story.bid("A", "13800.00")
    assert story.take_back("A", second["bid_id"], "I changed my mind.").status_code == 204
    decision = {"granted": False, "reason": "That is no error."}
    stage.ok(stage.admin, "POST", f"/auctions/{story.request_id}/withdrawals/{second['bid_id']}", decision)
    story.at(story.closes_at)
    assert story.compared() == [("A", "13800.00"), ("B", "14000.00")]
    story.made_contract("A", "13800.00")


def test_a_pause_gives_back_the_time_that_it_took_and_an_extension_adds_more(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.before_close(minutes=30)
    reason = "The specification is being corrected."
    (paused,) = story.steer("pause", {"reason": reason})
    assert paused["status"] == "paused"
    refusal = story.refused("B", "14000.00")
    assert (refusal["code"], reason in refusal["detail"]) == ("paused", True)
    assert (story.sees("B")["status"], story.sees("B")["reason"]) == ("paused", reason)
    story.at(story.closes_at + timedelta(minutes=30))  # the announced close passes during the pause
    (resumed,) = story.steer("resume", {})
    assert (resumed["status"], resumed["closes_at"]) == ("open", wire(story.closes_at + timedelta(hours=1)))
    later = story.closes_at + timedelta(hours=2)
    (extended,) = story.steer("extend", {"closes_at": later.isoformat()})
    assert extended["closes_at"] == wire(later)
    story.at(later - timedelta(minutes=5))
    story.bid("B", "14000.00")
    story.at(later)
    assert story.compared() == [("B", "14000.00"), ("A", "15000.00")]
    story.made_contract("B", "14000.00")


def test_a_suspended_bidder_is_out_and_its_prices_with_it(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.bid("B", "14000.00")
    provider_id = story.carriers["B"].principal.organization_id
    stage.ok(stage.admin, "POST", f"/providers/{provider_id}/suspend", {"reason": "Its licence was withdrawn."})
    assert story.refused("B", "13000.00")["code"] == "excluded"
    seen = story.sees("A")
    assert (seen["rank"], seen["lead_price"]) == (1, "15000.00")
    stage.ok(stage.admin, "POST", f"/providers/{provider_id}/approve", {"reason": "It has a new licence."})
    assert story.sees("B")["own_amount"] is None  # may bid again; what stood before doesn't come back
    story.bid("B", "14500.00")
    story.at(story.closes_at)
    assert story.compared() == [("B", "14500.00"), ("A", "15000.00")]
    story.made_contract("B", "14500.00")


def test_a_long_outage_pauses_what_ran_and_a_short_one_nothing(stage: Stage) -> None:
    story = begin(stage, RACE | {"longest_outage_seconds": 600})
    assert story.sees("A")["status"] == "open"  # the hour without a sign of life lay before the opening
    closes_at = datetime.fromisoformat(story.sees("A")["closes_at"])
    story.bid("A", "15000.00")
    now = stage.clock.now
    for seconds in range(5, 60, 5):
        story.at(now + timedelta(seconds=seconds))
    story.at(now + timedelta(minutes=6))
    assert story.sees("A")["status"] == "open"
    story.at(now + timedelta(minutes=36))
    seen = story.sees("A")
    assert (seen["status"], seen["reason"]) == ("paused", "outage")
    assert story.refused("B", "14000.00")["code"] == "paused"
    story.at(now + timedelta(minutes=37))
    (resumed,) = story.steer("resume", {})
    assert resumed["closes_at"] == wire(closes_at + timedelta(minutes=31))
    story.bid("B", "14000.00")
    end = datetime.fromisoformat(resumed["closes_at"])
    while stage.clock.now < end:
        story.at(min(end, stage.clock.now + timedelta(minutes=9)))
    assert story.compared() == [("B", "14000.00"), ("A", "15000.00")]
    story.made_contract("B", "14000.00")


def test_a_worker_that_is_late_stops_nobody_from_being_suspended(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    stage.clock.now = story.closes_at + timedelta(minutes=1)
    for name in "AB":  # nothing rang yet: A has a bid in the closed lot, B none
        provider_id = story.carriers[name].principal.organization_id
        stage.ok(stage.admin, "POST", f"/providers/{provider_id}/suspend", {"reason": "Its licence was withdrawn."})
        stage.ok(stage.admin, "POST", f"/providers/{provider_id}/approve", {"reason": "It has a new licence."})
    assert story.compared() == [("A", "15000.00")]
    story.made_contract("A", "15000.00")


def test_a_carrier_that_comes_late_bids_on_the_lots_that_are_left(stage: Stage) -> None:
    story = begin(stage, RACE | {"arrangement": {"kind": "serial", "minutes": 10}}, lots=2)
    story.bid("A", "15000.00")
    second = story.sees("A", "T2")
    story.at(datetime.fromisoformat(second["opens_at"]))
    story.join("D", stage.a_carrier())
    stage.settle()
    assert story.refused("D", "14000.00", "T1")["code"] == "not_invited"
    story.bid("D", "14000.00", "T2")
    story.at(story.closes_at)
    assert (story.compared("T1"), story.compared("T2")) == ([("A", "15000.00")], [("D", "14000.00")])
    story.made_contract("D", "14000.00")


def test_a_clock_that_nobody_answers_ends_its_request_long_before_the_announced_close(stage: Stage) -> None:
    story = begin(stage, {"preset": "falling_clock", "ceiling": "20000.00"})
    story.after_opening(seconds=121)
    assert story.sees("A")["status"] == "failed"
    assert story.buyer("GET", "")["status"] == "not awarded"
    story.is_as_journaled()


def test_an_agent_enters_a_bid_for_a_carrier_and_both_sides_see_that(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.limit("C", "14200.00")
    path = f"/auctions/{story.request_id}/lots/T1/surrogate-bids"
    body: dict[str, Any] = {
        "invitation_id": story.invitations["B"],
        "request_version": 1,
        "terms_id": story.terms["B"],
        "term_months": 36,
        "offer": story.offer("14500.00"),
        "evidence": "Call of 13:05, recording 8841: its line is down.",
    }
    assert stage.call(story.carriers["B"], "POST", path, body).status_code == 403
    assert stage.call(stage.admin, "POST", path, body | {"terms_id": story.terms["A"]}).status_code == 404
    assert stage.call(stage.admin, "POST", path, body | {"request_version": 2}).status_code == 409
    high = stage.call(stage.admin, "POST", path, body | {"offer": story.offer("14950.00")})
    assert high.json()["refusal"]["code"] == "step_too_small"
    receipt = stage.ok(stage.admin, "POST", path, body)
    assert (receipt["amount"], receipt["version"]) == ("14500.00", 1)
    assert story.sees("C")["own_amount"] == "14400.00"  # the limit answers as it does to any bid
    body["offer"] = story.offer("14000.00")
    story.after_opening(minutes=5)
    stage.ok(stage.admin, "POST", path, body)
    own = stage.ok(story.carriers["B"], "GET", f"{story.path('B')}/bids")
    assert [(bid["amount"], bid["surrogate"]) for bid in own] == [("14000.00", True), ("14500.00", True)]
    story.at(story.closes_at)
    assert story.compared() == [("B", "14000.00"), ("C", "14200.00"), ("A", "15000.00")]
    (lot,) = story.buyer("GET", "/comparison")["lots"]
    assert [offer["surrogate"] for offer in lot["offers"]] == [True, False, False]
    story.made_contract("B", "14000.00")


def enter(story: Story, name: str, total: str) -> dict[str, Any]:
    """Enter a bid as an agent and return the receipt."""
    body = {
        "invitation_id": story.invitations[name],
        "request_version": 1,
        "terms_id": story.terms[name],
        "term_months": 36,
        "offer": story.offer(total),
        "evidence": "Call of 13:05, recording 8841.",
    }
    path = f"/auctions/{story.request_id}/lots/T1/surrogate-bids"
    return dict(story.stage.ok(story.stage.admin, "POST", path, body))


def test_an_agent_s_bid_is_sealed_like_any_other(stage: Stage) -> None:
    story = begin(stage, {"preset": "sealed_round"})
    story.bid("B", "9500.00")
    assert enter(story, "A", "9000.00")["sequence"] is None
    (own,) = stage.ok(story.carriers["A"], "GET", f"{story.path('A')}/bids")
    assert (own["amount"], own["offer"], own["surrogate"]) == (None, None, True)
    assert story.buyer_sees()["bids"] is None
    story.at(story.closes_at)
    assert story.compared() == [("A", "9000.00"), ("B", "9500.00")]
    story.made_contract("A", "9000.00")


def test_an_agent_s_bid_in_a_turn_shows_when_the_turn_ends(stage: Stage) -> None:
    story = begin(stage, {"preset": "three_rounds", "ceiling": "20000.00"})
    story.bid("B", "15000.00")
    enter(story, "A", "16000.00")
    turn = story.closes_at + timedelta(seconds=301)
    story.at(turn)
    assert enter(story, "A", "14000.00")["version"] is None
    assert story.sees("B")["rank"] == 1
    story.at(turn + timedelta(seconds=120))
    assert story.sees("B")["rank"] == 2
    story.at(turn + timedelta(minutes=30))
    assert story.compared() == [("A", "14000.00"), ("B", "15000.00")]
    story.made_contract("A", "14000.00")


def status_of(story: Story) -> tuple[str, str]:
    """Return the request's status as its buyer and an invited carrier read it."""
    own = story.buyer("GET", "")["status"]
    received = story.stage.ok(story.carriers["A"], "GET", story.path("A"))
    return own, received["request_status"]


def test_a_request_is_open_as_long_as_one_of_its_lots_takes_bids(stage: Stage) -> None:
    story = begin(stage, RACE)
    story.bid("A", "15000.00")
    story.before_close(minutes=1)
    story.bid("B", "14000.00")
    stage.settle()
    story.at(story.closes_at + timedelta(minutes=1))  # the late change of the lead keeps it open
    assert status_of(story) == ("open", "open")
    story.steer("pause", {"reason": "A question has to be answered."})
    story.at(story.closes_at + timedelta(hours=1))  # nobody knows when a paused lot closes
    assert status_of(story) == ("open", "open")
    (resumed,) = story.steer("resume", {})
    stage.settle()
    story.at(datetime.fromisoformat(resumed["closes_at"]))
    assert status_of(story) == ("closed", "closed")
    story.made_contract("B", "14000.00")


def test_a_request_closes_early_when_its_auction_does(stage: Stage) -> None:
    story = begin(stage, {"preset": "rising_clock", "ceiling": "20000.00"})
    story.after_opening(minutes=5)
    story.bid("B", story.sees("B")["next_admissible_price"])
    stage.settle()
    assert stage.clock.now < story.closes_at
    assert status_of(story) == ("closed", "closed")
