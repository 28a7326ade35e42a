"""Each way to compete, played over HTTP from the first bid to the contract."""

from datetime import timedelta

import pytest

from tests.security.made import Stage
from tests.stories.made import begin

CEILING = "20000.00"


def test_a_quiet_sealed_round_shows_nothing_to_anybody_until_it_is_opened(stage: Stage) -> None:
    story = begin(stage, {"preset": "sealed_round"})
    story.bid("A", "15000.00")
    first = story.bid("B", "14000.00")
    story.bid("B", "14500.00")  # dearer: until the close a bid is replaced freely
    mistaken = story.bid("C", "1450.00")
    assert story.take_back("C", mistaken["bid_id"]).status_code == 204
    assert (first["sequence"], first["version"]) == (None, 1)
    seen = story.sees("B")
    assert (seen["own_amount"], seen["rank"], seen["bidders"], seen["own_version"]) == (None, None, None, 2)
    assert story.buyer_sees()["bids"] is None
    assert stage.call(stage.buyer, "GET", f"/requests/{story.request_id}/comparison").status_code == 409
    story.at(story.closes_at)
    assert story.refused("A", "100.00")["code"] == "late"
    assert story.sees("B")["rank"] == 1
    assert story.compared() == [("B", "14500.00"), ("A", "15000.00")]
    story.made_contract("B", "14500.00")


def test_at_a_second_price_the_contract_says_what_the_second_asked(stage: Stage) -> None:
    story = begin(stage, {"preset": "second_price", "ceiling": CEILING})
    story.bid("A", "15000.00")
    story.bid("B", "14000.00")
    story.bid("C", "19000.00")
    assert story.refused("C", "20000.01")["code"] == "over_ceiling"
    story.at(story.closes_at)
    assert story.compared()[0] == ("B", "15000.00")
    assert [name for name, _ in story.compared()] == ["B", "A", "C"]
    story.made_contract("B", "15000.00")


def test_an_open_race_goes_on_while_the_lead_changes_late(stage: Stage) -> None:
    story = begin(stage, {"preset": "open_price_race", "ceiling": CEILING})
    story.bid("A", "18000.00")
    refusal = story.refused("B", "17950.00")
    assert (refusal["code"], refusal["next_admissible_price"]) == ("step_too_small", "17910.00")
    assert story.dry_run("B", "17950.00")["refused"]["code"] == "step_too_small"
    assert story.dry_run("B", "17910.00")["seen"]["rank"] is None
    story.before_close(minutes=1)
    story.bid("B", "17000.00")
    later = story.closes_at + timedelta(minutes=3)
    seen = story.sees("A")
    assert (seen["rank"], seen["lead_price"], seen["next_admissible_price"]) == (2, "17000.00", "16915.00")
    assert seen["closes_at"] == later.isoformat().replace("+00:00", "Z")
    story.at(story.closes_at + timedelta(seconds=1))
    story.bid("B", "16900.00")  # the leader improving itself extends nothing
    assert story.sees("A")["closes_at"] == seen["closes_at"]
    assert [bid["amount"] for bid in story.buyer_sees()["bids"]] == ["16900.00", "18000.00"]
    assert story.buyer_sees()["bids"][0]["provider_id"] is None
    story.at(later)
    assert story.refused("A", "10000.00")["code"] == "late"
    assert story.compared() == [("B", "16900.00"), ("A", "18000.00")]
    story.made_contract("B", "16900.00")


@pytest.mark.parametrize(
    ("preset", "leading", "behind"),
    [("rank_only", (1, None), (2, None)), ("traffic_light", (None, "green"), (None, "yellow"))],
)
def test_a_place_or_a_colour_is_all_that_is_shown(
    stage: Stage, preset: str, leading: tuple[int | None, str | None], behind: tuple[int | None, str | None]
) -> None:
    story = begin(stage, {"preset": preset, "ceiling": CEILING})
    assert story.bid("A", "18000.00")["sequence"] is None  # it would tell how much is bid
    story.bid("B", "19000.00")  # no step below the lead: others' prices decide nothing
    for name, expected in (("A", leading), ("B", behind), ("C", (None, None))):
        seen = story.sees(name)
        assert (seen["rank"], seen["light"]) == expected
        assert (seen["lead_price"], seen["prices"], seen["bidders"], seen["joint"]) == (None, None, None, None)
    assert story.refused("B", "18950.00")["next_admissible_price"] == "18905.00"
    story.before_close(minutes=1)
    story.bid("B", "17500.00")
    assert (story.sees("B")["rank"], story.sees("B")["light"]) == leading
    story.at(story.closes_at + timedelta(minutes=3))
    assert story.compared() == [("B", "17500.00"), ("A", "18000.00")]
    story.made_contract("B", "17500.00")


def test_blind_improvement_shows_the_own_price_and_the_clock_alone(stage: Stage) -> None:
    story = begin(stage, {"preset": "blind_improvement", "ceiling": CEILING})
    assert story.bid("A", "18000.00")["sequence"] is None
    story.bid("B", "19000.00")
    seen = story.sees("A")
    assert (seen["own_amount"], seen["next_admissible_price"]) == ("18000.00", "17910.00")
    assert {seen[field] for field in ("rank", "light", "lead_price", "prices", "bidders", "joint")} == {None}
    story.before_close(minutes=1)
    story.bid("B", "18905.00")  # overtakes nobody, and extends like every late bid: nothing is learned from it
    assert story.sees("A")["closes_at"] > story.closes_at.isoformat()
    story.at(story.closes_at + timedelta(minutes=3))
    assert story.compared() == [("A", "18000.00"), ("B", "18905.00")]
    story.made_contract("A", "18000.00")


def test_three_rounds_give_each_bidder_a_turn_worst_first(stage: Stage) -> None:
    story = begin(stage, {"preset": "three_rounds", "ceiling": CEILING})
    assert story.bid("A", "15000.00")["sequence"] is None
    story.bid("B", "14000.00")
    story.bid("C", "16000.00")
    assert story.sees("B")["rank"] is None  # first bids are unseen
    story.at(story.closes_at)
    seen = story.sees("B")
    announced = story.closes_at + timedelta(seconds=660 + 360 * 3)
    assert (seen["rank"], seen["closes_at"]) == (1, announced.isoformat().replace("+00:00", "Z"))
    turn = story.closes_at + timedelta(seconds=300)
    story.at(turn + timedelta(seconds=1))
    assert story.refused("A", "14000.00")["code"] == "not_your_turn"
    assert story.refused("C", "15900.00")["code"] == "step_too_small"
    assert story.bid("C", "13000.00")["version"] is None  # entered
    story.bid("C", "13500.00")  # rewritten
    assert story.sees("B")["rank"] == 1
    story.at(turn + timedelta(seconds=121))
    assert story.sees("B")["rank"] == 2
    entered = story.bid("A", "13000.00")
    assert story.take_back("A", entered["bid_id"]).status_code == 204
    story.at(turn + timedelta(seconds=241))
    story.bid("B", "13200.00")
    story.at(announced)
    assert story.compared() == [("B", "13200.00"), ("C", "13500.00"), ("A", "15000.00")]
    story.made_contract("B", "13200.00")


def test_a_rising_clock_is_won_by_the_first_that_takes_its_price(stage: Stage) -> None:
    story = begin(stage, {"preset": "rising_clock", "ceiling": CEILING})
    assert story.sees("A")["next_admissible_price"] == "10000.00"
    story.after_opening(seconds=301)
    stale = story.dry_run("A", "11800.00")["refused"]
    assert (stale["code"], stale["next_admissible_price"]) == ("price_moved", "12000.00")
    story.bid("A", "12000.00")
    assert story.refused("B", "12000.00")["code"] == "late"
    stage.settle()
    assert story.compared() == [("A", "12000.00")]
    story.made_contract("A", "12000.00")


def test_a_falling_clock_is_won_by_the_last_that_stays(stage: Stage) -> None:
    story = begin(stage, {"preset": "falling_clock", "ceiling": CEILING})
    for name in "ABC":
        story.bid(name, "20000.00")
    assert story.refused("A", "20000.00")["code"] == "not_offered"
    story.after_opening(seconds=121)
    for name in "AB":
        story.bid(name, "19800.00")
    left = stage.call(story.carriers["C"], "POST", f"{story.path('C')}/lots/T1/exit")
    assert left.status_code == 204
    assert story.refused("C", "19800.00")["code"] == "out"
    story.after_opening(seconds=241)
    story.bid("A", "19600.00")
    assert story.sees("A")["status"] == "open"
    story.after_opening(seconds=361)
    assert story.sees("B")["status"] == "closed"
    assert story.compared() == [("A", "19600.00"), ("B", "19800.00"), ("C", "20000.00")]
    story.made_contract("A", "19600.00")


def test_final_offers_of_a_short_list_are_opened_a_second_time(stage: Stage) -> None:
    story = begin(stage, {"preset": "sealed_final_offers"})
    for name, total in {"A": "15000.00", "B": "14000.00", "C": "18000.00"}.items():
        story.bid(name, total)
    story.at(story.closes_at + timedelta(minutes=5))
    assert story.compared() == [("B", "14000.00"), ("A", "15000.00"), ("C", "18000.00")]
    (lot,) = story.buyer("GET", "/comparison")["lots"]
    cut_off = story.closes_at + timedelta(hours=1)
    short = {
        "bids": [offer["bid_id"] for offer in lot["offers"][:2]],
        "closes_at": cut_off.isoformat(),
        "reason": "Both answer every wish; C does not.",
    }
    assert story.buyer("POST", "/lots/T1/final-offers", short)["status"] == "open"
    assert (story.sees("A")["status"], story.sees("C")["status"]) == ("open", "closed")
    assert story.refused("C", "100.00")["code"] == "late"
    assert story.refused("B", "14000.01")["code"] == "worse_than_before"
    assert story.bid("A", "13500.00")["sequence"] is None
    assert story.buyer_sees()["bids"] is None
    assert stage.call(stage.buyer, "GET", f"/requests/{story.request_id}/comparison").status_code == 409
    story.at(cut_off)
    assert story.compared() == [("A", "13500.00"), ("B", "14000.00"), ("C", "18000.00")]
    story.made_contract("A", "13500.00")


def test_limits_that_meet_leave_the_lower_one_a_step_below_the_other(stage: Stage) -> None:
    story = begin(stage, {"preset": "open_price_race", "ceiling": CEILING, "decrement": "100.00"})
    receipt = story.limit("A", "12000.00")
    assert (receipt["version"], receipt["amount"]) == (None, "12000.00")
    assert (story.sees("A")["own_amount"], story.sees("A")["proxy_limit"]) == ("20000.00", "12000.00")
    story.limit("B", "13000.00")
    seen = {name: story.sees(name) for name in "ABC"}
    assert [seen[name]["own_amount"] for name in "ABC"] == ["12900.00", "13000.00", None]
    assert [seen[name]["proxy_limit"] for name in "ABC"] == ["12000.00", "13000.00", None]
    assert seen["A"]["own_automatic"] is True
    story.bid("C", "12500.00")  # the limit answers in the same instant
    assert (story.sees("A")["own_amount"], story.sees("A")["rank"]) == ("12400.00", 1)
    story.at(story.closes_at)
    assert story.compared() == [("A", "12400.00"), ("C", "12500.00"), ("B", "13000.00")]
    story.made_contract("A", "12400.00")


def test_declared_qualities_decide_and_the_price_of_the_bid_is_paid(stage: Stage) -> None:
    answers = [{"code": "fast", "malus": "-500.00"}, {"code": "slow", "malus": "0.00"}]
    scoring = {"criteria": [{"code": "install_time", "answers": answers}]}
    story = begin(stage, {"preset": "sealed_round", "scoring": scoring})
    assert story.refused("A", "15000.00")["code"] == "quality_missing"
    story.bid("A", "15000.00", quality=[{"criterion": "install_time", "answer": "slow"}])
    story.bid("B", "15300.00", quality=[{"criterion": "install_time", "answer": "fast"}])
    story.at(story.closes_at)
    assert (story.sees("B")["rank"], story.sees("A")["rank"]) == (1, 2)
    assert story.compared() == [("B", "15300.00"), ("A", "15000.00")]
    story.made_contract("B", "15300.00")


def test_at_a_second_price_declared_qualities_count_in_the_payment(stage: Stage) -> None:
    answers = [{"code": "fast", "malus": "-500.00"}, {"code": "slow", "malus": "0.00"}]
    scoring = {"criteria": [{"code": "install_time", "answers": answers}]}
    story = begin(stage, {"preset": "second_price", "ceiling": CEILING, "scoring": scoring})
    story.bid("A", "15000.00", quality=[{"criterion": "install_time", "answer": "slow"}])
    story.bid("B", "15300.00", quality=[{"criterion": "install_time", "answer": "fast"}])
    story.at(story.closes_at)
    assert story.compared()[0] == ("B", "15500.00")  # at that price it would stand equal to A
    story.made_contract("B", "15500.00")
