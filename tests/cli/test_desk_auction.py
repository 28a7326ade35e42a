import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from marketplace.cli import auction_view
from tests.cli.conftest import Shell, signed_in_again, sit_down
from tests.security.made import Stage

RACE = {"preset": "open_price_race", "ceiling": "20000", "decrement": "100"}
FALLING = {"start": "15000", "step": "1000", "seconds": 600, "stop_at": 1}
CLOCK = {"format": "japanese", "ceiling": "20000", "japanese": FALLING}
DUTCH = {"format": "dutch", "ceiling": "20000", "dutch": {"start": "9000", "step": "500", "seconds": 600}}


def a_desk(stage: Stage, shell: Shell, auction: dict[str, Any]) -> str:
    """Publish an auction, sit down at the desk of a carrier that is invited, and return its invitation."""
    carrier = stage.a_carrier()
    stage.publish(auction=auction)
    sit_down(shell, "desk", carrier)
    invitation_id = stage.invitation(carrier)
    shell.file("bid.json", stage.bid_body(carrier, "400.00"))
    return invitation_id


def _bid(shell: Shell, invitation_id: str, more: str = "") -> str:
    (receipt,) = shell.json(f"desk bid {invitation_id} {shell.folder / 'bid.json'} {more}")["receipts"]
    return str(receipt["bid_id"])


def test_opening_a_request_says_the_rules_in_words(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    said = shell.good(f"desk open {invitation_id}").out
    assert "A bid has to be at least 100.00 USD below the best price." in said
    assert "marketplace desk sheet get" in said


@pytest.mark.parametrize(
    ("preset", "shown", "hidden"),
    [
        ("open_price_race", ("Rank", "Best", "At most next", "14,328.00", "72.00"), ("Light",)),
        ("rank_only", ("Rank", "At most next"), ("Best", "Light")),
        ("traffic_light", ("Light", "green"), ("Rank", "Best")),
        ("blind_improvement", ("At most next",), ("Rank", "Best", "Light")),
        ("sealed_round", ("sealed",), ("Rank", "Best", "Light", "At most next", "14,400.00")),
    ],
)
def test_the_table_has_the_columns_that_the_visibility_shows(
    shell: Shell, stage: Stage, preset: str, shown: tuple[str, ...], hidden: tuple[str, ...]
) -> None:
    ceiling = {} if preset == "sealed_round" else {"ceiling": "20000"}
    invitation_id = a_desk(stage, shell, {"preset": preset, **ceiling})
    _bid(shell, invitation_id)
    table = shell.good(f"desk auction {invitation_id}").out.split("Amounts in USD.")[0]
    assert all(word in table for word in shown), table
    assert not any(word in table for word in hidden), table


def test_a_dry_run_says_whether_a_bid_would_be_taken(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    file = shell.folder / "bid.json"
    assert "Nothing was changed." in shell.good(f"desk bid {invitation_id} {file} --dry-run").out
    assert shell.json(f"desk bids {invitation_id}") == []
    _bid(shell, invitation_id)
    refused = shell(f"desk bid {invitation_id} {file} --dry-run --total T1=14350")
    assert refused.code == 1
    assert "14,350.00" in refused.out
    assert "14,300.00" in refused.out
    tried = shell(f"desk bid {invitation_id} {file} --total T1=14350")
    assert "At most 14,300.00 would be taken." in tried.err
    assert _bid(shell, invitation_id, "--total T1=14,300.00")
    assert shell.json(f"desk auction {invitation_id}")[0]["own_amount"] == "14300.00"


@pytest.mark.parametrize(
    ("total", "message"),
    [("T1", "names no lot and amount"), ("T1=much", "is no amount"), ("T7=1", "prices no lot T7"), ("=3", "names no")],
)
def test_a_total_that_can_not_be_read_is_told(shell: Shell, stage: Stage, total: str, message: str) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    said = shell(f"desk bid {invitation_id} {shell.folder / 'bid.json'} --total {total}")
    assert (said.code, said.out) == (1, "")
    assert message in said.err


def test_a_file_that_holds_no_bid_is_told(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    said = shell(f"desk bid {invitation_id} {shell.file('list.json', [1])} --total T1=5")
    assert "The file holds no bid" in said.err


def test_a_step_beyond_the_largest_is_confirmed(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE | {"largest_change_percent": "10"})
    _bid(shell, invitation_id, "--confirmed")
    said = shell(f"desk bid {invitation_id} {shell.folder / 'bid.json'} --total T1=9000")
    assert said.code == 1
    assert "--confirmed" in said.err
    assert _bid(shell, invitation_id, "--total T1=9000 --confirmed")


def test_a_limit_is_set_seen_by_its_owner_and_removed(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    assert "You have no open bid on lot T1" in shell(f"desk limit set {invitation_id} --limit T1=9000").err
    assert "You have no limit here" in shell(f"desk limit remove {invitation_id}").err
    _bid(shell, invitation_id)
    shell.good(f"desk limit set {invitation_id} --limit T1=9000")
    rival = stage.a_carrier()
    stage.settle()
    assert "9,000.00" in shell.good(f"desk auction {invitation_id}").out
    assert stage.call(rival, "GET", f"/invitations/{invitation_id}/auction").status_code == 404
    shell.good(f"desk limit remove {invitation_id}")
    (seen,) = shell.json(f"desk auction {invitation_id}")
    assert seen["proxy_limit"] == seen["own_amount"] == "14400.00"
    assert "is reached" in shell(f"desk limit remove {invitation_id}").err


def test_a_limit_without_a_bid_takes_its_offer_from_a_file(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    said = shell.good(f"desk limit set {invitation_id} {shell.folder / 'bid.json'} --limit T1=9000 --step 50")
    assert "9,000.00" in said.out
    assert shell.json(f"desk auction {invitation_id}")[0]["proxy_limit"] == "9000.00"


def test_a_sealed_bid_is_taken_back_at_once(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, {"format": "sealed"})
    bid_id = _bid(shell, invitation_id)
    assert "sealed" in shell.good(f"desk bids {invitation_id}").out
    assert f"Taken back: {bid_id}." in shell.good(f"desk withdraw {invitation_id} {bid_id}").out
    assert shell(f"desk withdraw {invitation_id} {bid_id}").code == 1


def test_a_bid_that_binds_needs_a_reason_and_stands_until_the_buyer_decides(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    bid_id = _bid(shell, invitation_id)
    assert "--reason" in shell(f"desk withdraw {invitation_id} {bid_id}").err
    asked = shell.json(f"desk withdraw {invitation_id} {bid_id} --reason 'the wrong lot'")
    assert asked == {"bid_id": bid_id, "withdrawn": False, "asked": True}


def test_a_falling_clock_is_left_for_good(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, CLOCK)
    assert "bid this price to stay in" in shell.good(f"desk auction {invitation_id}").out
    _bid(shell, invitation_id, "--total T1=15000")
    assert "you stay in" in shell.good(f"desk auction {invitation_id}").out
    unsure = shell(f"desk exit {invitation_id}", "no\n")
    assert (unsure.code, "You did not leave." in unsure.err) == (1, True)
    assert "You left lot T1." in shell.good(f"desk exit {invitation_id}", "EXIT\n").out
    assert "Not accepted" in shell(f"desk exit {invitation_id} --yes").err
    assert "It has no lot T9; its lots: T1." in shell(f"desk exit {invitation_id} --lot T9 --yes").err


def test_a_rising_clock_is_taken_at_its_price(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, DUTCH)
    said = shell(f"desk bid {invitation_id} {shell.folder / 'bid.json'}")
    assert "At most 9,000.00 would be taken." in said.err
    assert "--total" in said.err
    assert "take it or wait" in shell.good(f"desk auction {invitation_id}").out
    assert _bid(shell, invitation_id, "--total T1=9000")


def test_a_late_bid_is_told_the_close_as_a_person_reads_it(shell: Shell, stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish(auction=RACE)
    body = shell.file("bid.json", stage.bid_body(carrier))
    stage.clock.now += timedelta(days=3)
    sit_down(shell, "desk", signed_in_again(stage, carrier))
    said = shell(f"desk bid {stage.invitation(signed_in_again(stage, carrier))} {body}")
    assert said.code == 1
    assert "bids were taken until before 2" in said.err
    assert "+00:00" not in said.err


@pytest.mark.parametrize(
    ("format_", "stage", "words"),
    [
        ("three_rounds", {"number": 0}, "first bids"),
        ("three_rounds", {"may_bid": True}, "round 2: your turn"),
        ("three_rounds", {"answered": True, "may_bid": True}, "your bid is entered"),
        ("three_rounds", {}, "round 2: not your turn"),
        ("best_and_final", {"may_bid": True, "price": "5"}, "you are called"),
        ("best_and_final", {"price": "5"}, "you are not called"),
        ("best_and_final", {"answered": True}, "you gave yours"),
        ("japanese", {"out": True, "price": "5"}, "round 2 at 5.00: you are out"),
        ("dutch", {"price": "5"}, "5.00: no bids now"),
    ],
)
def test_a_stage_is_told_in_words(format_: str, stage: dict[str, Any], words: str) -> None:
    empty = ("own_version", "own_automatic", "own_amount", "rank", "excluded", "reason", "next_admissible_price")
    lot: dict[str, Any] = dict.fromkeys(empty) | {"lot": "T1", "status": "open"}
    whole = {"number": 2, "price": None, "ends_at": None, "may_bid": False, "answered": False, "out": False} | stage
    assert words in str(auction_view.row(lot | {"stage": whole}, format_)["now"])


def test_the_transcript_is_saved_after_the_close_and_holds_the_receipt(shell: Shell, stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish(auction=RACE)
    invitation_id = stage.invitation(carrier)
    sit_down(shell, "desk", carrier)
    shell.file("bid.json", stage.bid_body(carrier, "400.00"))
    receipts, out, keys = (shell.folder / name for name in ("receipts.json", "transcript.json", "keys.json"))
    _bid(shell, invitation_id, f"--receipts {receipts}")
    early = shell(f"desk transcript {invitation_id} --out {out} --keys {keys}")
    assert (early.code, out.exists(), keys.exists()) == (1, False, False)
    stage.clock.now += timedelta(days=3)
    stage.settle()
    sit_down(shell, "desk", signed_in_again(stage, carrier))
    shell.good(f"desk transcript {invitation_id} --out {out} --keys {keys}")
    assert "transcript" in json.loads(Path(out).read_text(encoding="utf-8"))
    checked = shell.good(f"verify {out} --key {keys} --receipt {receipts}")
    assert "of the chain" in checked.out
    assert "is there already" in shell(f"desk transcript {invitation_id} --out {out}").err


def test_a_scored_auction_asks_for_its_answers(shell: Shell, stage: Stage) -> None:
    answers = [{"code": "fast", "malus": "0"}, {"code": "slow", "malus": "500"}]
    scoring = {"criteria": [{"code": "delivery", "answers": answers}]}
    invitation_id = a_desk(stage, shell, {"preset": "rank_only", "ceiling": "20000", "scoring": scoring})
    template = shell.json(f"desk bid {invitation_id} --template")
    assert template["lots"][0]["quality"] == [{"criterion": "delivery", "answer": None}]
    file = shell.folder / "bid.json"
    assert "delivery: fast, slow" in shell(f"desk bid {invitation_id} {file}").err
    assert "is no answer" in shell(f"desk bid {invitation_id} {file} --quality fast").err
    assert _bid(shell, invitation_id, "--quality delivery=slow")


def test_a_bid_says_what_the_desk_takes_on_and_a_limit_keeps_what_the_bid_states(shell: Shell, stage: Stage) -> None:
    invitation_id = a_desk(stage, shell, RACE)
    template = shell.json(f"desk bid {invitation_id} --template")["lots"][0]
    assert (template["capacity"], template["alternative"]) == (None, "")
    assert (template["lines"][0]["access_owner"], template["lines"][0]["entrance"]) == ("", "")
    file = shell.folder / "bid.json"
    body = json.loads(file.read_text(encoding="utf-8"))
    body["lots"][0]["lines"][0] |= {"access_owner": "Cascade Fiber", "entrance": "north door"}
    shell.file("bid.json", body)
    for mistake in ("few", "seats=3", "lots=-1", "lots=²"):
        assert "is no capacity" in shell(f"desk bid {invitation_id} {file} --capacity {mistake}").err
    _bid(shell, invitation_id, "--capacity lots=2 --capacity gbps=10")
    shell.good(f"desk limit set {invitation_id} --limit T1=9000.00")
    for own in shell.json(f"desk bids {invitation_id}"):
        assert own["offer"]["capacity"] == {"lots": 2, "sites": None, "mbps": 10_000}
        assert own["offer"]["lines"][0]["access_owner"] == "Cascade Fiber"
    stage.clock.now += timedelta(days=3)
    stage.settle()
    sit_down(shell, "buyer", signed_in_again(stage, stage.buyer))
    (request,) = shell.json("buyer list --as buyer")
    said = shell.good(f"buyer compare {request['id']} --as buyer").out
    assert all(words in said for words in ("Access", "Cascade", "Takes on", "10000"))
