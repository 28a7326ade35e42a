import ast
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine
from marketplace.bidding.commands import Reschedule
from marketplace.bidding.events import BidPlaced
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import Refusal, RefusalCode, Status
from marketplace.bidding.rules import Base, Option, Rules, Ties
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import (
    CLOSES,
    ENGLISH,
    EXAMPLES,
    OPENS,
    SEALED,
    A,
    B,
    C,
    Move,
    act,
    any_move,
    any_moves,
    any_rules,
    at,
    offer,
    prices,
    refused,
)

few = settings(max_examples=60)


def played(rules: Rules, moves: list[Move]) -> Played:
    lot = Played(rules)
    for move in moves:
        act(lot, move)
    return lot


def test_every_format_is_among_the_examples() -> None:
    assert {rules.format for rules in EXAMPLES.values()} == set(FORMATS)
    for rules in EXAMPLES.values():
        engine.schedule(LotId("lot_1"), rules, BIDDERS, OPENS)


@few
@given(any_rules, any_moves)
def test_events_and_rows_each_give_back_the_whole_state(rules: Rules, moves: list[Move]) -> None:
    """K1: replay = stored standing, through JSON and through the columns of the database."""
    lot = played(rules, moves)
    nothing_is_lost(lot)
    lot.ring(CLOSES + timedelta(days=1))
    nothing_is_lost(lot)


@few
@given(any_rules, any_moves)
def test_nothing_is_accepted_before_the_opening_or_at_or_after_the_close(rules: Rules, moves: list[Move]) -> None:
    """K2: ``opens_at ≤ at < closes_at``, by the close that counted when the bid came."""
    lot = Played(rules)
    for move in moves:
        closes = lot.state.closes_at
        events = act(lot, move)
        for event in () if isinstance(events, Refusal) else events:
            assert not isinstance(event, BidPlaced) or OPENS <= event.at < closes


@pytest.mark.parametrize("name", EXAMPLES)
def test_at_the_close_it_is_late_even_if_nobody_rang(name: str) -> None:
    """K2, at the edge."""
    lot = Played(EXAMPLES[name])
    assert refused(engine.decide(lot.state, offer(A, "20", 1), OPENS - timedelta(microseconds=1))) is (
        RefusalCode.NOT_OPEN_YET
    )
    assert refused(engine.decide(lot.state, offer(A, "20", 1), CLOSES)) is RefusalCode.LATE
    assert lot.state.status is Status.SCHEDULED


@few
@given(any_rules, any_moves)
def test_a_standing_price_never_rises_unless_it_is_still_hidden(rules: Rules, moves: list[Move]) -> None:
    """K3: a bidder's own later bid is never dearer than its earlier one."""
    lot = Played(rules)
    for move in moves:
        before = lot.state.standing
        act(lot, move)
        for bidder, bid in lot.state.standing.items():
            was = before.get(bidder)
            binds = lot.state.play is not None or not FORMATS[rules.format].replaces_freely
            if was is not None and was.amount is not None and binds:
                assert bid.amount is not None
                assert bid.amount <= was.amount


@few
@given(any_rules, any_rules, st.lists(st.tuples(st.booleans(), any_move), max_size=24))
def test_interleaving_two_lots_changes_neither(first: Rules, second: Rules, turns: list[tuple[bool, Move]]) -> None:
    """K4: each gives the events that it gives alone."""
    mixed = Played(first), Played(second)
    for turn, move in turns:
        act(mixed[turn], move)
    for number, rules in enumerate((first, second)):
        assert mixed[number].events == played(rules, [move for turn, move in turns if turn == number]).events


@few
@given(any_rules, any_moves)
def test_a_repeated_key_gives_no_event_and_the_same_receipt(rules: Rules, moves: list[Move]) -> None:
    """K5: at any later time, also after the close; other content under the same key is refused."""
    lot = Played(rules)
    hint = engine.view(lot.state, A, at(1)).next_admissible_price
    again = offer(A, "290" if hint is None else hint, "x")
    assert refused(lot.do(again, at(1))) is None
    kept = engine.receipt(lot.state, A, again.key)
    assert kept is not None
    for move in moves:
        act(lot, move)
    for later in (at(2), CLOSES + timedelta(days=1)):
        assert lot.do(replace(again, bid_id=BidId("bid_new")), later) == ()
        assert engine.receipt(lot.state, A, again.key) == kept
        assert refused(lot.do(replace(again, commitment="other"), later)) is RefusalCode.KEY_REUSED


@few
@given(st.sampled_from([Ties.BANNED, Ties.BANNED_AT_LEAD]), st.sampled_from(Base), prices, st.permutations(BIDDERS))
def test_of_equal_bids_where_ties_are_banned_exactly_one_is_accepted(
    ties: Ties, base: Base, price: Decimal, order: list[OrganizationId]
) -> None:
    """K6: all at the same instant, in whatever order they are serialised."""
    lot = Played(replace(ENGLISH, ties=ties, base=base, disclosed=(Option.ALL_PRICES,)))
    decisions = [lot.bid(bidder, price, at(1)) for bidder in order]
    assert [isinstance(decision, Refusal) for decision in decisions] == [False, True, True, True]
    assert lot.prices() == [(order[0], price)]


@few
@given(any_rules, any_moves)
def test_the_leader_on_screen_is_the_first_candidate_for_the_award(rules: Rules, moves: list[Move]) -> None:
    """K7: view, buyer's view, export and payments follow one order: cost, time of the price, sequence."""
    lot = played(rules, moves)
    lines = engine.standing(lot.state)
    known = [bid for bid in lot.state.standing.values() if bid.amount is not None]
    assert [line.bidder for line in lines] == [
        bid.bidder for bid in sorted(known, key=lambda bid: (bid.cost, bid.placed_at, bid.sequence))
    ]
    if not lines or not lot.state.opened:
        return
    now = lot.state.at
    shown = engine.buyer_view(lot.state, now).bids
    assert shown is not None
    assert [line.bid_id for line in shown] == [line.bid_id for line in lines]
    assert next(iter(engine.payments(lot.state))) == lines[0].bid_id
    ranks = {line.bidder: engine.view(lot.state, line.bidder, now).rank for line in lines}
    assert set(ranks.values()) <= {None} or ranks == {line.bidder: line.rank for line in lines}


def test_a_step_of_10_2_below_100_1_is_exactly_89_9() -> None:
    """K8: what binary fractions get wrong."""
    lot = Played(ENGLISH)
    lot.bid(A, "100.1", at(1))
    refusal = lot.bid(A, "89.91", at(2))
    assert isinstance(refusal, Refusal)
    assert (refusal.own_amount, refusal.next_admissible_price) == (Decimal("100.1"), Decimal("89.9"))
    assert refused(lot.bid(A, "89.9", at(2))) is None


@few
@given(any_rules, any_moves)
def test_no_float_is_in_any_state_event_or_view(rules: Rules, moves: list[Move]) -> None:
    """K8: nor is there one among the values inside them."""
    lot = played(rules, moves)
    views = [engine.view(lot.state, bidder, at(30)) for bidder in BIDDERS]
    assert not list(
        _floats([lot.state, tuple(lot.state.standing.values()), tuple(lot.state.ladder), lot.events, views])
    )


def _floats(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, list | tuple):
        return [found for item in value for found in _floats(item)]
    slots = getattr(type(value), "__dataclass_fields__", {})
    return [found for name in slots for found in _floats(getattr(value, name))]


def test_no_source_of_the_engine_writes_a_float() -> None:
    """K8: neither as a number nor as a name."""
    folder = Path(engine.__file__).parent
    names = "engine evolution by_bidders by_others outcome lot_clock proxy soft_close scoring ladder ranking visibility"
    sources = [folder / f"{name}.py" for name in names.split()] + list((folder / "formats").glob("*.py"))
    for source in sources:
        for node in ast.walk(ast.parse(source.read_text())):
            assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), source
            assert not (isinstance(node, ast.Name) and node.id == "float"), source


@few
@given(any_rules, any_moves, st.lists(st.floats(0, 100), max_size=6))
def test_how_often_the_clock_is_looked_at_changes_nothing(rules: Rules, moves: list[Move], looks: list[float]) -> None:
    moves = sorted(moves, key=lambda move: move[2])
    calm, busy = played(rules, moves), Played(rules)
    for move in moves:
        for look in (minute for minute in sorted(looks) if minute <= move[2]):
            busy.ring(at(look))
        act(busy, move)
    for lot in (calm, busy):
        lot.ring(CLOSES + timedelta(days=1))
    assert calm.events == busy.events


def test_a_clock_set_back_does_not_let_a_later_price_stand_before_an_equal_earlier_one() -> None:
    lot = Played(ENGLISH)
    lot.bid(B, "100", at(5))
    lot.bid(A, "100", at(4))
    assert [bidder for bidder, _ in lot.prices()] == [B, A]


def test_who_is_not_invited_bids_nothing_and_sees_nothing() -> None:
    lot, stranger = Played(ENGLISH), OrganizationId("org_z")
    lot.bid(A, "100", at(1))
    assert refused(lot.bid(stranger, "90", at(2))) is RefusalCode.NOT_INVITED
    assert engine.view(lot.state, stranger, at(2)).lead_price is None


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "NaN", "Infinity", "1e12"])
@pytest.mark.parametrize("rules", [SEALED, ENGLISH])
def test_what_is_no_price_is_refused(rules: Rules, amount: str) -> None:
    assert refused(Played(rules).bid(A, amount, at(1))) is RefusalCode.NOT_A_PRICE


def test_the_ceiling_holds_for_sealed_bids_too() -> None:
    lot = Played(replace(SEALED, ceiling=Decimal(100)))
    assert refused(lot.bid(A, "100.01", at(1))) is RefusalCode.OVER_CEILING
    assert refused(lot.bid(A, "100", at(1))) is None


def test_no_bids_fail_at_the_close() -> None:
    for rules in EXAMPLES.values():
        lot = Played(rules)
        lot.ring(CLOSES + timedelta(days=1))
        assert (lot.state.status, lot.state.reason) == (Status.FAILED, engine.NO_BIDS)


def test_the_buyer_learns_who_bids_at_the_close_and_whether_they_are_enough() -> None:
    lot = Played(replace(ENGLISH, min_bidders=2))
    lot.bid(A, "100", at(1))
    during, after = (engine.buyer_view(lot.state, now) for now in (at(2), CLOSES))
    assert during.bids is not None
    assert after.bids is not None
    assert (during.bids[0].bidder, after.bids[0].bidder) == (None, A)
    assert (during.too_few_bidders, after.too_few_bidders) == (None, True)


def test_a_lot_is_not_moved_to_a_time_that_has_passed() -> None:
    lot = Played(ENGLISH)
    past = Reschedule(OPENS - timedelta(minutes=50), OPENS - timedelta(minutes=40))
    assert refused(lot.do(past, OPENS - timedelta(minutes=30))) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(past, OPENS - timedelta(minutes=45))) is None


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(ENGLISH, format="tombola"), "/format"),
        (replace(ENGLISH, visibility="sealed"), "/visibility"),
        (replace(SEALED, closes_at=OPENS), "/closes_at"),
        (replace(SEALED, ceiling=Decimal("0.001")), "/ceiling"),
        (replace(SEALED, min_bidders=0), "/min_bidders"),
    ],
)
def test_rules_that_can_not_work_are_not_scheduled(rules: Rules, pointer: str) -> None:
    with pytest.raises(MalformedError) as caught:
        engine.schedule(LotId("lot_1"), rules, (A, B, C), OPENS - timedelta(hours=1))
    assert pointer in {error.pointer for error in caught.value.errors}
