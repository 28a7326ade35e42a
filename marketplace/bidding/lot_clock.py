"""What the clock causes in a lot: its opening, the steps of its format, its close, the end of a bid's validity."""

from datetime import UTC, datetime, time, timedelta

from marketplace.bidding.events import NO_BIDS, BidExpired, Event, LotClosed, LotFailed, LotOpened
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import LotState, StandingBid, Status
from marketplace.bidding.outcome import Outcome, settled


def due(state: LotState) -> tuple[tuple[datetime, str], ...]:
    """Return what the clock will cause, earliest first: ``(instant, what)``. Nothing while paused.

    What falls on one instant happens in the order format, close, expiry.
    """
    found: list[tuple[datetime, str]] = []
    if state.status is Status.SCHEDULED:
        found.append((state.opens_at, "open"))
    if state.status is Status.OPEN and (stage := format_of(state).due(state)) is not None:
        found.append((stage, "stage"))
    if state.status in {Status.SCHEDULED, Status.OPEN}:
        found.append((state.closes_at, "close"))
    if state.first_expiry is not None and state.status in {Status.OPEN, Status.CLOSED} and state.opened:
        found.append((_end_of(state), "expiry"))
    return tuple(sorted(found, key=lambda item: item[0]))


def next_due(state: LotState) -> datetime | None:
    """Return the instant of the first of ``due``, quickly: every bid asks whether the alarm has to move."""
    if state.status is Status.OPEN and state.first_expiry is None:
        stage = format_of(state).due(state)
        return state.closes_at if stage is None else min(stage, state.closes_at)
    pending = due(state)
    return pending[0][0] if pending else None


def is_quiet(state: LotState, now: datetime) -> bool:
    """Tell whether the clock causes nothing up to ``now``: the usual case, and quickly told."""
    if state.status is Status.OPEN:
        stage = format_of(state).due(state)
        quiet = now < state.closes_at and (stage is None or now < stage)
        return quiet and (state.first_expiry is None or state.first_expiry >= now.date())
    return state.status is not Status.SCHEDULED and not any(instant <= now for instant, _ in due(state))


def ring(state: LotState, now: datetime) -> Outcome:
    """Return what the clock has caused up to ``now``, and the state after it.

    The events carry the instants that they were due at, so that a late ring gives what a punctual one would have.
    """
    events: list[Event] = []
    while True:
        pending = due(state)
        if not pending or pending[0][0] > now:
            return Outcome(tuple(events), state)
        outcome = settled(state, _caused(state, *pending[0]))
        events += outcome.events
        state = outcome.state


def _caused(state: LotState, instant: datetime, what: str) -> tuple[Event, ...]:
    at = max(instant, state.at)
    if what == "open":
        return (LotOpened(at),)
    if what == "stage":
        return format_of(state).ring(state)
    if what == "close":
        closed = LotClosed(state.closes_at)
        return (closed,) if state.standing else (closed, LotFailed(NO_BIDS, state.closes_at))
    expired = sorted(bid.bid_id for bid in state.standing.values() if is_expired(bid, instant))
    gone: tuple[Event, ...] = tuple(BidExpired(bid_id, at) for bid_id in expired)
    if state.status is Status.CLOSED and len(gone) == len(state.standing):
        gone += (LotFailed(NO_BIDS, at),)
    return gone


def is_expired(bid: StandingBid, at: datetime) -> bool:
    """Tell whether the last day of ``bid`` (UTC) has passed."""
    return bid.valid_until is not None and bid.valid_until < at.astimezone(UTC).date()


def _end_of(state: LotState) -> datetime:
    if state.first_expiry is None:
        raise ValueError("no standing bid expires")
    return datetime.combine(state.first_expiry + timedelta(days=1), time(), tzinfo=UTC)
