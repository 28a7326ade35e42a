"""What each event makes of a lot: ``evolve`` and ``replay``, pure and without a decision."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from marketplace.bidding import ranking
from marketplace.bidding.events import (
    BidderInvited,
    BidPlaced,
    BidsOpened,
    BidWithdrawn,
    Event,
    LotAwarded,
    LotCancelled,
    LotClosed,
    LotExtended,
    LotFailed,
    LotOpened,
    LotPaused,
    LotResumed,
    LotReturned,
    LotScheduled,
)
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import LotState, Receipt, StandingBid, Status
from marketplace.kernel.ids import BidId, OrganizationId


def replay(events: Iterable[Event]) -> LotState:
    """Return the state that ``events``, from the first of the lot on, lead to."""
    state: LotState | None = None
    for event in events:
        state = evolve(state, event)
    if state is None:
        raise ValueError("a lot begins with its scheduling: there are no events")
    return state


def evolve(state: LotState | None, event: Event) -> LotState:
    """Return the state after ``event``. ``state`` is None before the first one, which schedules the lot."""
    if isinstance(event, LotScheduled):
        return _scheduled(event)
    if state is None:
        raise ValueError(f"a lot begins with its scheduling, not with {event.type}")
    return _EVOLVERS[type(event)](state, event)


def _scheduled(event: LotScheduled) -> LotState:
    return LotState(
        lot_id=event.lot_id,
        status=Status.SCHEDULED,
        rules=event.rules,
        rules_hash=event.rules_hash,
        sequence=1,
        at=event.at,
        opens_at=event.rules.opens_at,
        closes_at=event.rules.closes_at,
        bidders=dict.fromkeys(event.bidders, event.at),
        standing={},
        ranking=(),
        seen_keys={},
        opened=not FORMATS[event.rules.format].sealed,
    )


def _after(state: LotState, event: Event, **changes: Any) -> LotState:
    return replace(state, sequence=state.sequence + 1, at=event.at, **changes)


def _invited(state: LotState, event: BidderInvited) -> LotState:
    return _after(state, event, bidders={**state.bidders, event.bidder: event.at})


def _opened(state: LotState, event: LotOpened) -> LotState:
    return _after(state, event, status=Status.OPEN)


def _placed(state: LotState, event: BidPlaced) -> LotState:
    bidder, sequence, version = event.bidder, state.sequence + 1, _next_version(state, event.bidder)
    bid = StandingBid(
        bidder, event.bid_id, event.amount, event.commitment, event.valid_until, event.at, sequence, version
    )
    standing = {**state.standing, bidder: bid}
    order = state.ranking
    if event.amount is not None:
        rest = ranking.without(order, state.standing, bidder) if bidder in state.standing else order
        order = ranking.including(rest, standing, bidder)
    kept = Receipt(
        event.type, event.bid_id, event.amount, event.commitment, event.valid_until, event.at, sequence, version
    )
    return _after(state, event, standing=standing, ranking=order, seen_keys=_keeping(state, bidder, event.key, kept))


def _withdrawn(state: LotState, event: BidWithdrawn) -> LotState:
    version = _next_version(state, event.bidder)
    kept = Receipt(event.type, event.bid_id, None, None, None, event.at, state.sequence + 1, version)
    remaining = _remaining(state, {event.bid_id})
    return _after(state, event, **remaining, seen_keys=_keeping(state, event.bidder, event.key, kept))


def _next_version(state: LotState, bidder: OrganizationId) -> int:
    """Versions count a bidder's accepted commands: the withdrawal of version 1 is version 2."""
    return len(state.seen_keys.get(bidder, ())) + 1


def _keeping(
    state: LotState, bidder: OrganizationId, key: str, kept: Receipt
) -> dict[OrganizationId, Mapping[str, Receipt]]:
    return {**state.seen_keys, bidder: {**state.seen_keys.get(bidder, {}), key: kept}}


def _remaining(state: LotState, gone: set[BidId]) -> dict[str, Any]:
    """Return standing and ranking without the bids in ``gone``."""
    standing = {bidder: bid for bidder, bid in state.standing.items() if bid.bid_id not in gone}
    return {"standing": standing, "ranking": tuple(bidder for bidder in state.ranking if bidder in standing)}


def _paused(state: LotState, event: LotPaused) -> LotState:
    return _after(state, event, status=Status.PAUSED, paused_at=event.at, reason=event.reason)


def _resumed(state: LotState, event: LotResumed) -> LotState:
    return _after(state, event, status=Status.OPEN, closes_at=event.closes_at, paused_at=None, reason=None)


def _extended(state: LotState, event: LotExtended) -> LotState:
    return _after(state, event, closes_at=event.closes_at)


def _closed(state: LotState, event: LotClosed) -> LotState:
    return _after(state, event, status=Status.CLOSED)


def _bids_opened(state: LotState, event: BidsOpened) -> LotState:
    prices = dict(event.amounts)
    standing = {bidder: replace(bid, amount=prices[bid.bid_id]) for bidder, bid in state.standing.items()}
    return _after(state, event, standing=standing, ranking=ranking.ranked_from(standing), opened=True)


def _awarded(state: LotState, event: LotAwarded) -> LotState:
    return _after(state, event, status=Status.AWARDED, awarded_bid=event.bid_id)


def _returned(state: LotState, event: LotReturned) -> LotState:
    remaining = _remaining(state, set(event.dropped))
    return _after(state, event, **remaining, status=Status.CLOSED, awarded_bid=None)


def _failed(state: LotState, event: LotFailed) -> LotState:
    return _after(state, event, status=Status.FAILED, reason=event.reason)


def _cancelled(state: LotState, event: LotCancelled) -> LotState:
    return _after(state, event, status=Status.CANCELLED, reason=event.reason)


_EVOLVERS: dict[type[Event], Callable[[LotState, Any], LotState]] = {
    BidderInvited: _invited,
    LotOpened: _opened,
    BidPlaced: _placed,
    BidWithdrawn: _withdrawn,
    LotPaused: _paused,
    LotResumed: _resumed,
    LotExtended: _extended,
    LotClosed: _closed,
    BidsOpened: _bids_opened,
    LotAwarded: _awarded,
    LotReturned: _returned,
    LotFailed: _failed,
    LotCancelled: _cancelled,
}
