from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import Exclude, Pause, Resume, WithdrawBid
from marketplace.bidding.events import BidPlaced, Event, LotExtended, RoundStarted, TurnBidEntered, TurnEnded
from marketplace.bidding.model import BidderView, Refusal, RefusalCode, Status
from marketplace.bidding.rules import (
    Base,
    Decrement,
    DecrementKind,
    ExtensionBase,
    Option,
    Rules,
    SoftClose,
    Ties,
    Turns,
)
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, T0, Played, a_bid, nothing_is_lost

A, B, C, D = BIDDERS
OPENS, STARTS = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
TEN = Decrement(DecrementKind.ABSOLUTE, Decimal(10))
RULES = Rules(
    "three_rounds",
    "open",
    "EUR",
    OPENS,
    STARTS,
    ceiling=Decimal(2000),
    decrement=TEN,
    turns=Turns(STARTS),
    disclosed=(Option.ALL_PRICES,),
)


def after(seconds: float) -> datetime:
    return STARTS + timedelta(seconds=seconds)


def started(first: dict[OrganizationId, str], rules: Rules = RULES) -> Played:
    lot = Played(rules)
    for minute, (bidder, price) in enumerate(first.items()):
        assert not isinstance(lot.bid(bidder, price, OPENS + timedelta(minutes=minute)), Refusal)
    lot.ring(STARTS)
    return lot


def code(decided: object) -> RefusalCode:
    assert isinstance(decided, Refusal), decided
    return decided.code


def orders(lot: Played) -> list[tuple[OrganizationId, ...]]:
    return [event.order for event in lot.happened(RoundStarted) if isinstance(event, RoundStarted)]


def seen(lot: Played, bidder: OrganizationId, now: datetime) -> BidderView:
    return engine.view(lot.state, bidder, now)


# ---- worked examples


def test_three_bidders_close_1740_seconds_after_the_start_and_take_turns_worst_first() -> None:
    # N = 3: 660 + 360 · 3 = 1740 s. A 1000, B 900, C 950: the order is A, C, B
    lot = started({A: "1000", B: "900", C: "950"})
    assert lot.state.closes_at == after(1740)
    assert orders(lot) == [(A, C, B)]
    # A's turn is [300, 420): it goes to 880, one second before its end, which counts from 420 on
    assert not isinstance(lot.bid(A, "880", after(419)), Refusal)
    lot.ring(after(420))
    (placed,) = lot.happened(BidPlaced)[3:]
    assert (placed.at, lot.prices()[0]) == (after(420), (A, Decimal(880)))
    # round 2 is ordered at 660 (300 + 3 · 120): C 950, B 900, A 880; its first turn is at 660 + 120
    lot.ring(after(660))
    assert orders(lot)[1] == (C, B, A)
    assert seen(lot, C, after(700)).stage.turn_at == after(780)  # type: ignore[union-attr]
    # round 3: from 780 + 3 · 120 = 1140, first turn at 1260, last turn ends at 1620, the close is 120 s later
    lot.ring(after(1739))
    assert len(orders(lot)) == 3
    assert lot.happened(TurnEnded)[-1].at == after(1620)
    assert engine.view(lot.state, A, after(1739)).status is Status.OPEN
    lot.ring(after(1740))
    assert lot.state.status is Status.CLOSED
    assert lot.prices() == [(A, Decimal(880)), (B, Decimal(900)), (C, Decimal(950))]
    nothing_is_lost(lot)


def test_a_turn_may_be_rewritten_and_taken_back_and_needs_the_decrement_from_the_own_price() -> None:
    # A stands at 1000, d = 10: 990.01 is refused, 990 is taken
    lot = started({A: "1000", B: "900"})
    refusal = lot.bid(A, "990.01", after(301))
    assert code(refusal) is RefusalCode.STEP_TOO_SMALL
    assert isinstance(refusal, Refusal)
    assert (refusal.own_amount, refusal.next_admissible_price) == (Decimal(1000), Decimal(990))
    for price in ("950", "990", "970"):  # each from the standing 1000, also upwards
        assert not isinstance(lot.bid(A, price, after(310)), Refusal)
    assert len(lot.happened(TurnBidEntered)) == 3
    nothing_is_lost(lot)
    stage = seen(lot, A, after(311)).stage
    assert stage is not None
    assert stage.entered is not None
    assert (stage.answered, stage.entered.amount) == (True, Decimal(970))
    take_back = WithdrawBid(A, stage.entered.bid_id, "back")
    assert not isinstance(lot.do(take_back, after(312)), Refusal)
    assert lot.do(take_back, after(313)) == ()
    lot.ring(after(420))
    assert lot.prices() == [(B, Decimal(900)), (A, Decimal(1000))]
    nothing_is_lost(lot)


def test_equal_costs_stand_by_time_and_the_later_one_has_the_earlier_turn() -> None:
    # A has stood at 900 since before the rounds, B from 420 s on: A leads, so B has the earlier turn again
    lot = started({A: "900", B: "1000"})
    lot.bid(B, "900", after(301))
    lot.ring(after(540))
    assert lot.prices() == [(A, Decimal(900)), (B, Decimal(900))]
    assert orders(lot) == [(B, A), (B, A)]


def test_a_pause_gives_an_interrupted_turn_back_in_full_and_moves_all_that_comes_later() -> None:
    # N = 2: the close is 660 + 720 = 1380. A's turn [300, 420) is interrupted at 360 for 1000 s: it is [1360, 1480),
    # so everything moves by 1000 + 60, the close to 2440. What A had entered stays, and may be rewritten
    lot = started({A: "1000", B: "900"})
    lot.bid(A, "980", after(350))
    lot.do(Pause("power cut"), after(360))
    assert code(lot.bid(A, "950", after(370))) is RefusalCode.PAUSED
    lot.do(Resume(), after(1360))
    assert lot.state.closes_at == after(2440)
    stage = seen(lot, A, after(1361)).stage
    assert stage is not None
    assert (stage.ends_at, stage.may_bid, stage.answered) == (after(1480), True, True)
    assert not isinstance(lot.bid(A, "970", after(1479)), Refusal)
    lot.ring(after(2440))
    assert lot.prices() == [(B, Decimal(900)), (A, Decimal(970))]
    assert lot.happened(TurnEnded)[-1].at == after(2440 - 120)
    nothing_is_lost(lot)


def test_a_pause_between_turns_moves_the_first_turn_by_its_length() -> None:
    lot = started({A: "1000", B: "900"})
    lot.do(Pause("power cut"), after(100))
    lot.do(Resume(), after(150))
    assert (seen(lot, A, after(151)).stage.ends_at, lot.state.closes_at) == (after(350), after(1430))  # type: ignore[union-attr]


# ---- before, beside and after the rounds


def test_first_bids_are_replaced_freely_and_seen_by_nobody_else() -> None:
    lot = Played(RULES)
    for price in ("1000", "900", "1100"):
        assert not isinstance(lot.bid(A, price, OPENS), Refusal)
    mine, theirs = seen(lot, A, OPENS), seen(lot, B, OPENS)
    assert (mine.own.amount, mine.rank, mine.lead_price) == (Decimal(1100), None, None)  # type: ignore[union-attr]
    assert (theirs.lead_price, theirs.prices, theirs.bidders) == (None, None, None)
    assert engine.buyer_view(lot.state, OPENS).bids is None
    lot.bid(B, "1000", OPENS)
    lot.ring(STARTS)
    assert seen(lot, A, STARTS).lead_price == Decimal(1000)
    assert [line.amount for line in seen(lot, A, STARTS).prices or ()] == [Decimal(1000), Decimal(1100)]


def test_without_first_bids_it_fails_and_one_bidder_goes_straight_to_the_award() -> None:
    empty, lone = started({}), started({A: "1000"})
    assert (empty.state.status, empty.state.reason) == (Status.FAILED, engine.NO_BIDS)
    assert (lone.state.status, lone.state.closes_at, lone.state.opened) == (Status.CLOSED, STARTS, True)
    for lot in (empty, lone):
        nothing_is_lost(lot)


def test_outside_its_turn_a_bidder_is_told_when_it_is() -> None:
    lot = started({A: "1000", B: "900"})
    for bidder, seconds in ((A, 299), (A, 420), (B, 301), (C, 301)):
        refusal = lot.bid(bidder, "500", after(seconds))
        assert code(refusal) is RefusalCode.NOT_YOUR_TURN
        if bidder == B:
            assert isinstance(refusal, Refusal)
            assert after(420).isoformat() in refusal.detail


def test_a_bid_is_hidden_until_the_turn_ends() -> None:
    lot = started({A: "1000", B: "900"})
    before = seen(lot, B, after(410))
    buyer = engine.buyer_view(lot.state, after(410))
    lot.bid(A, "500", after(400))
    assert seen(lot, B, after(410)) == before
    assert engine.buyer_view(lot.state, after(410)) == buyer
    assert seen(lot, B, after(420)).lead_price == Decimal(500)


def test_an_excluded_bidder_loses_what_it_entered_and_the_announced_close_stays() -> None:
    lot = started({A: "1000", B: "900", C: "800"})
    lot.bid(A, "500", after(301))
    lot.do(Exclude(A, "suspended"), after(302))
    assert code(lot.bid(A, "400", after(303))) is RefusalCode.EXCLUDED
    lot.ring(after(1740))
    assert orders(lot) == [(A, B, C), (B, C), (B, C)]
    assert (lot.prices()[0], lot.state.closes_at) == ((C, Decimal(800)), after(1740))
    nothing_is_lost(lot)


# ---- properties

first_bids = st.dictionaries(st.sampled_from(BIDDERS), st.integers(100, 2000).map(str), min_size=2)
tries = st.lists(st.tuples(st.sampled_from(BIDDERS), st.integers(1, 2000), st.floats(0, 2100)), max_size=30)


def play(first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]]) -> Played:
    lot = started(first)
    for bidder, price, seconds in sorted(moves, key=lambda move: move[2]):
        lot.bid(bidder, str(price), after(seconds))
    return lot


@given(first_bids, tries)
def test_the_close_is_announced_at_the_start_and_kept(
    first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = play(first, moves)
    lot.ring(after(9999))
    (extended,) = lot.happened(LotExtended)
    assert extended.at == STARTS
    assert lot.state.closes_at == after(660 + 360 * len(first))
    assert len(lot.happened(TurnEnded)) == 3 * len(first)
    nothing_is_lost(lot)


@given(first_bids, tries)
def test_every_round_goes_from_the_worst_to_the_leader(
    first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = play(first, moves)
    lot.ring(after(9999))
    done: list[Event] = []
    for event in lot.events:
        if isinstance(event, RoundStarted):
            standing = engine.standing(engine.replay(done))
            assert event.order == tuple(line.bidder for line in reversed(standing))
        done.append(event)
    assert len(orders(lot)) == 3


@given(first_bids, tries)
def test_a_standing_price_falls_by_the_decrement_at_the_end_of_the_own_turn_alone(
    first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = play(first, moves)
    lot.ring(after(9999))
    price = {bidder: Decimal(amount) for bidder, amount in first.items()}
    for before, event in zip(lot.events, lot.events[1:], strict=False):
        if isinstance(event, BidPlaced) and event.at >= STARTS:
            assert isinstance(before, TurnEnded)
            assert (before.bidder, before.at) == (event.bidder, event.at)
            assert event.amount is not None
            assert event.amount <= price[event.bidder] - 10
            price[event.bidder] = event.amount
    assert dict(lot.prices()) == price


@given(first_bids, tries, st.floats(300, 1900))
def test_what_others_see_in_a_turn_does_not_depend_on_what_is_entered_in_it(
    first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]], when: float
) -> None:
    lot = play(first, [move for move in moves if move[2] < when])
    lot.ring(after(when))
    for bidder in first:
        entered = engine.outcome(lot.state, a_bid(bidder, "1", "x"), after(when))
        if isinstance(entered, Refusal) or not any(isinstance(event, TurnBidEntered) for event in entered.events):
            continue
        for other in set(BIDDERS) - {bidder}:
            assert engine.view(entered.state, other, after(when)) == seen(lot, other, after(when))


# ---- rules that can't work


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(RULES, turns=None), "/turns"),
        (replace(RULES, turns=Turns(STARTS + timedelta(1))), "/turns/starts_at"),
        (replace(RULES, turns=Turns(STARTS, pause_seconds=0)), "/turns/pause_seconds"),
        (replace(RULES, turns=Turns(STARTS, rounds=0)), "/turns/rounds"),
        (replace(RULES, decrement=None), "/decrement"),
        (replace(RULES, base=Base.LEAD), "/base"),
        (replace(RULES, ties=Ties.BANNED), "/ties"),
        (replace(RULES, soft_close=SoftClose(60, 60, base=ExtensionBase.CLOSE)), "/soft_close"),
        (replace(RULES, proxy=True), "/proxy"),
        (replace(RULES, lead_buffer=Decimal(5)), "/lead_buffer"),
        (replace(RULES, largest_change=TEN), "/largest_change"),
        (replace(RULES, visibility="rank_only", disclosed=()), "/visibility"),
    ],
)
def test_rules_without_a_place_in_turns_are_named(rules: Rules, pointer: str) -> None:
    assert pointer in {finding.pointer for finding in linter.errors(rules)}


def test_a_foreign_bid_cannot_be_taken_back() -> None:
    lot = started({A: "1000", B: "900"})
    lot.bid(A, "800", after(301))
    assert code(lot.do(WithdrawBid(B, BidId("bid_3"), "w"), after(302))) is RefusalCode.NO_SUCH_BID
