"""How the lots of one request share its time for bids: when each opens and closes, and what moves with what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from buyers.requests import rules as request_rules
from buyers.requests.auction import ArrangementChoice
from marketplace.bidding.model import BidderView, LotClock, Status

PAUSE = timedelta(days=7)
"""How far behind a paused lot the next one of its series waits; the resumption moves it back to where it belongs."""
SHORTEST = timedelta(minutes=1)
"""Less time than this is no time for bids on a lot."""


@dataclass(frozen=True, slots=True)
class Span:
    """When bids on a lot are taken: from ``opens_at`` until just before ``closes_at``."""

    opens_at: datetime
    closes_at: datetime

    @property
    def length(self) -> timedelta:
        """How long."""
        return self.closes_at - self.opens_at


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a lot of a series is now: as announced, as it stands, and whether it has opened or ended."""

    announced: Span
    now: Span
    status: Status


def end_of(lots: Iterable[LotClock], now: datetime) -> datetime:
    """Return when the last of a request's lots stops taking bids: at most now if all have.

    Nobody knows the end of a paused lot: ``rules.NOT_KNOWN_YET``.
    """
    lots = tuple(lots)
    if any(lot.status is Status.PAUSED for lot in lots):
        return request_rules.NOT_KNOWN_YET
    running = [lot.closes_at for lot in lots if lot.status in {Status.SCHEDULED, Status.OPEN}]
    return max(running) if running else min(now, max(lot.closes_at for lot in lots))


def spans(choice: ArrangementChoice, lots: int, whole: Span) -> tuple[Span, ...]:
    """Return when each of ``lots`` lots is open, in their order, within the request's ``whole`` time for bids.

    The last closes with the request. In a series all are open for equally long. Time between lots that would leave
    them too little for bids shrinks to half of what there is.
    """
    if lots < 1:
        return ()
    gap = _gap(choice, lots, whole)
    if choice.kind == "serial":
        length = (whole.length - gap * (lots - 1)) / lots
        starts = [whole.opens_at + (length + gap) * index for index in range(lots)]
        ends = [*(start + length for start in starts[:-1]), whole.closes_at]
        return tuple(Span(start, end) for start, end in zip(starts, ends, strict=True))
    if choice.kind == "staggered":
        return tuple(Span(whole.opens_at, whole.closes_at - gap * (lots - 1 - index)) for index in range(lots))
    return (whole,) * lots


def shortest(choice: ArrangementChoice, lots: int, whole: Span) -> timedelta:
    """Return how long the lot with the least time would be open, with the full time between lots."""
    gap = timedelta(minutes=choice.minutes)
    if choice.kind == "serial":
        return (whole.length - gap * (lots - 1)) / max(1, lots)
    return whole.length - gap * (lots - 1) if choice.kind == "staggered" else whole.length


def shifted(choice: ArrangementChoice, series: Sequence[Standing], now: datetime) -> tuple[Span, ...]:
    """Return when each lot of ``series``, in its order, is to be open: only lots that have not opened move.

    The next opens when the one before has closed and the time between them has passed, never before it was announced.
    Its length stays. Behind a lot whose clock stands still the next waits until that goes on.
    """
    if choice.kind != "serial":
        return tuple(lot.now for lot in series)
    gap = _gap(choice, len(series), Span(series[0].announced.opens_at, series[-1].announced.closes_at))
    moved: list[Span] = []
    free_at: datetime | None = None
    for lot in series:
        span = lot.now
        if lot.status is Status.SCHEDULED:
            opens_at = max(lot.announced.opens_at, free_at or lot.announced.opens_at)
            span = Span(opens_at, opens_at + lot.now.length)
        moved.append(span)
        if lot.status is not Status.CANCELLED:
            ends = max(span.closes_at, now) + PAUSE if lot.status is Status.PAUSED else span.closes_at
            free_at = max(free_at or ends, ends + gap)
    return tuple(moved)


def held_back(view: BidderView, *, sealed: bool) -> BidderView:
    """Return what a bidder sees of a lot that has closed while others of its request still run.

    Nothing that the close brought: whose lot it is, that nobody bid, and where bids were sealed their opening.
    """
    ended = view.status in {Status.FAILED, Status.AWARDED}
    quiet = view._replace(status=Status.CLOSED if ended else view.status, reason=None, won=None)
    if not sealed:
        return quiet
    return quiet._replace(
        opened=False,
        own=quiet.own._replace(amount=None) if quiet.own is not None else None,
        own_cost=None,
        rank=None,
        joint=None,
        light=None,
        lead_price=None,
        next_price=None,
        tied=None,
        prices=None,
        bidders=None,
    )


def _gap(choice: ArrangementChoice, lots: int, whole: Span) -> timedelta:
    """Return the time between lots: what the buyer chose, or half of all time where that would leave too little."""
    if shortest(choice, lots, whole) >= SHORTEST:
        return timedelta(minutes=choice.minutes)
    return whole.length / (2 * max(1, lots))
