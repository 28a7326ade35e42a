from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine
from marketplace.bidding.by_others import OUTAGE
from marketplace.bidding.commands import Pause, ReportOutage, Resume
from marketplace.bidding.model import RefusalCode, Status
from marketplace.bidding.rules import Rules
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import CLOSES, ENGLISH, EXAMPLES, A, B, Move, act, any_moves, any_rules, at, refused

WATCHED = replace(ENGLISH, longest_outage_seconds=120)


def test_a_pause_takes_no_bids_tells_all_why_and_gives_its_time_back() -> None:
    lot = Played(ENGLISH)
    lot.bid(A, "100", at(1))
    lot.do(Pause("power cut"), at(50))
    assert refused(lot.bid(A, "80", at(51))) is RefusalCode.PAUSED
    assert engine.due(lot.state) == ()
    seen = [engine.view(lot.state, bidder, CLOSES + timedelta(hours=5)) for bidder in BIDDERS]
    assert {(view.status, view.reason) for view in seen} == {(Status.PAUSED, "power cut")}
    lot.do(Resume(), at(90))
    assert lot.state.closes_at == CLOSES + timedelta(minutes=40)
    assert refused(lot.bid(A, "80", at(99.9))) is None
    assert refused(lot.bid(A, "60", at(100))) is RefusalCode.LATE
    nothing_is_lost(lot)


@settings(max_examples=40)
@given(any_rules, any_moves, st.floats(1, 55), st.floats(0, 300), any_moves)
def test_resuming_adds_at_least_the_time_lost(
    rules: Rules, before: list[Move], begins: float, lasts: float, after: list[Move]
) -> None:
    """Whatever the format; and a pause loses nothing (K1)."""
    lot = Played(rules)
    for move in before:
        if move[2] < begins:
            act(lot, move)
    if refused(lot.do(Pause("maintenance"), at(begins))) is not None:
        return
    closes, since = lot.state.closes_at, lot.state.paused_at
    assert since is not None
    nothing_is_lost(lot)
    for move in after:
        assert refused(act(lot, move)) in {RefusalCode.PAUSED, RefusalCode.NOT_A_PRICE}
    assert refused(lot.do(Resume(), at(begins + lasts))) is None
    assert lot.state.closes_at - closes >= at(begins + lasts) - at(begins)
    nothing_is_lost(lot)


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_an_open_lot_is_paused_and_only_a_paused_one_goes_on(name: str) -> None:
    lot = Played(EXAMPLES[name])
    assert refused(lot.do(Pause("early"), at(-1))) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(Resume(), at(1))) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(Pause("now"), at(1))) is None
    assert refused(lot.do(Pause("twice"), at(2))) is RefusalCode.WRONG_STATUS
    assert refused(lot.do(Resume(), at(3))) is None
    assert refused(lot.do(Pause("late"), at(400))) is RefusalCode.WRONG_STATUS


@pytest.mark.parametrize(("seconds", "pauses"), [(120, False), (121, True)])
def test_an_outage_longer_than_the_bound_pauses_from_its_beginning(seconds: int, pauses: bool) -> None:  # noqa: FBT001 - figure
    lot = Played(WATCHED)
    lot.bid(A, "100", at(1))
    ended = at(30) + timedelta(seconds=seconds)
    lot.do(ReportOutage(at(30), ended), ended)
    assert (lot.state.status is Status.PAUSED) is pauses
    if pauses:
        assert (lot.state.paused_at, lot.state.reason) == (at(30), OUTAGE)
        lot.do(Resume(), ended)
        assert lot.state.closes_at == CLOSES + (ended - at(30))
    nothing_is_lost(lot)


def test_an_outage_over_the_announced_close_keeps_the_lot_from_closing() -> None:
    lot = Played(WATCHED)
    lot.bid(A, "100", at(1))
    lot.do(ReportOutage(at(58), at(65)), at(65))
    lot.do(Resume(), at(70))
    assert lot.state.closes_at == at(72)
    assert refused(lot.bid(B, "90", at(71))) is None
    assert lot.prices() == [(B, Decimal(90)), (A, Decimal(100))]


def test_an_event_since_the_outage_began_shows_that_it_was_none() -> None:
    lot = Played(WATCHED)
    lot.bid(A, "100", at(31))
    assert lot.do(ReportOutage(at(30), at(35)), at(35)) == ()
    assert Played(ENGLISH).do(ReportOutage(at(1), at(50)), at(50)) == ()
