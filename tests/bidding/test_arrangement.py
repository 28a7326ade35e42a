"""Lots of one request share its time: in parallel, in a series, or closing one after the other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.auction import ARRANGEMENTS, ArrangementChoice
from marketplace.bidding import arrangement
from marketplace.bidding.arrangement import Span, Standing, held_back, shifted, spans
from marketplace.bidding.model import BidderView, Light, OwnBid, Status
from marketplace.kernel.ids import BidId, LotId

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
choices = st.builds(ArrangementChoice, st.sampled_from(ARRANGEMENTS), st.integers(0, 600))
wholes = st.builds(
    lambda start, hours: Span(start, start + hours),
    st.just(NOON),
    st.timedeltas(min_value=timedelta(minutes=1), max_value=timedelta(days=30)),
)
delays = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=5))


@given(choices, st.integers(1, 50), wholes)
def test_every_lot_has_time_within_the_requests_and_the_last_closes_with_it(
    choice: ArrangementChoice, lots: int, whole: Span
) -> None:
    times = spans(choice, lots, whole)
    assert len(times) == lots
    assert times[-1].closes_at == whole.closes_at
    assert all(whole.opens_at <= span.opens_at < span.closes_at <= whole.closes_at for span in times)
    assert [span.closes_at for span in times] == sorted(span.closes_at for span in times)


@given(st.integers(0, 60), st.integers(1, 30), wholes)
def test_serial_lots_never_overlap(minutes: int, lots: int, whole: Span) -> None:
    times = spans(ArrangementChoice("serial", minutes), lots, whole)
    assert all(before.closes_at <= after.opens_at for before, after in pairwise(times))


def test_times_are_as_a_person_would_reckon_them() -> None:
    whole = Span(NOON, NOON + timedelta(hours=3, minutes=20))
    serial = spans(ArrangementChoice("serial", 10), 3, whole)
    assert [span.opens_at for span in serial] == [NOON + timedelta(minutes=at) for at in (0, 70, 140)]
    assert {span.length for span in serial} == {timedelta(hours=1)}
    staggered = spans(ArrangementChoice("staggered", 10), 3, whole)
    assert [span.closes_at for span in staggered] == [whole.closes_at - timedelta(minutes=at) for at in (20, 10, 0)]


@given(
    st.integers(0, 30),
    wholes,
    st.lists(st.tuples(st.integers(0, 5), delays, st.booleans()), min_size=1, max_size=12),
    st.integers(1, 6),
)
def test_whatever_is_extended_a_series_keeps_its_order_and_never_overlaps_or_opens_early(
    minutes: int, whole: Span, moves: list[tuple[int, timedelta, bool]], lots: int
) -> None:
    choice = ArrangementChoice("serial", minutes)
    announced = spans(choice, lots, whole)
    series = [Standing(span, span, Status.SCHEDULED) for span in announced]
    for at, delay, paused in moves:
        running = at % lots
        for index in range(lots):
            status = Status.CLOSED if index < running else Status.SCHEDULED
            series[index] = replace(series[index], status=series[index].status if index > running else status)
        now = series[running].now
        later = Span(now.opens_at, now.closes_at + delay)
        series[running] = Standing(announced[running], later, Status.PAUSED if paused else Status.OPEN)
        moved = shifted(choice, series, later.opens_at)
        for index, (lot, span) in enumerate(zip(series, moved, strict=True)):
            assert span.opens_at >= lot.announced.opens_at
            assert span.length == lot.now.length
            if lot.status is not Status.SCHEDULED:
                assert span == lot.now
            elif index > running:
                assert span.opens_at >= moved[index - 1].closes_at
        series = [replace(lot, now=span) for lot, span in zip(series, moved, strict=True)]
        assert shifted(choice, series, later.opens_at) == moved


def test_behind_a_pause_the_next_lot_waits_and_comes_back_with_the_resumption() -> None:
    choice = ArrangementChoice("serial", 5)
    first, second = spans(choice, 2, Span(NOON, NOON + timedelta(hours=2)))
    paused = [Standing(first, first, Status.PAUSED), Standing(second, second, Status.SCHEDULED)]
    waiting = shifted(choice, paused, NOON)[1]
    assert waiting.opens_at >= first.closes_at + arrangement.PAUSE
    lost = timedelta(minutes=7)
    resumed = [
        Standing(first, replace(first, closes_at=first.closes_at + lost), Status.OPEN),
        Standing(second, waiting, Status.SCHEDULED),
    ]
    assert shifted(choice, resumed, NOON)[1].opens_at == second.opens_at + lost


@given(choices, st.integers(1, 5))
def test_other_arrangements_move_nothing(choice: ArrangementChoice, lots: int) -> None:
    series = [
        Standing(span, span, Status.SCHEDULED) for span in spans(choice, lots, Span(NOON, NOON + timedelta(hours=9)))
    ]
    assert shifted(choice, series, NOON) == tuple(lot.now for lot in series)


OWN = OwnBid(BidId("bid_1"), Decimal(90), None, NOON, 1)
CLOSED = BidderView(
    LotId("lot_1"),
    Status.CLOSED,
    "hash",
    NOON,
    NOON + timedelta(hours=1),
    None,
    invited=True,
    excluded=None,
    opened=True,
    own=OWN,
    malus=Decimal(0),
    own_cost=Decimal(90),
    rank=2,
    joint=False,
    light=Light.YELLOW,
    lead_price=Decimal(80),
)


def test_of_a_sealed_lot_nothing_of_the_opening_is_told_before_the_last_close() -> None:
    seen = held_back(CLOSED, sealed=True)
    assert seen.own == OWN._replace(amount=None)
    assert not seen.opened
    assert (seen.own_cost, seen.rank, seen.joint, seen.light, seen.lead_price, seen.prices, seen.bidders) == (None,) * 7


def test_of_an_open_lot_what_was_seen_stays_and_the_result_is_not_told() -> None:
    assert held_back(CLOSED, sealed=False) == CLOSED
    failed = CLOSED._replace(status=Status.FAILED, reason="no_bids")
    assert held_back(failed, sealed=False) == CLOSED
    assert held_back(CLOSED._replace(status=Status.AWARDED, won=True), sealed=False) == CLOSED
