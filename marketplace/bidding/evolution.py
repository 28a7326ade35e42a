"""What each event makes of a lot: ``evolve`` and ``replay``, pure and without a decision."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, TypeAlias

from immutables import Map

from marketplace.bidding.events import (
    BidderExcluded,
    BidderInvited,
    BidderLeft,
    BidExpired,
    BidPlaced,
    BidRetracted,
    BidsOpened,
    BidWithdrawn,
    Event,
    FinalOffersCalled,
    LotAwarded,
    LotCancelled,
    LotClosed,
    LotExtended,
    LotFailed,
    LotOpened,
    LotPaused,
    LotRescheduled,
    LotResumed,
    LotReturned,
    LotScheduled,
    ProxySet,
    RoundStarted,
    RoundVoided,
    TurnBidEntered,
    TurnEnded,
    WithdrawalRefused,
    WithdrawalRequested,
)
from marketplace.bidding.formats.table import FORMATS, format_of
from marketplace.bidding.model import (
    LotState,
    Proxy,
    Receipt,
    StandingBid,
    Status,
    WithdrawalRequest,
    content_of,
)
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.ranking import ranked
from marketplace.kernel.ids import BidId, OrganizationId

Bids: TypeAlias = Map[tuple[OrganizationId, int], StandingBid]


def replay(events: Iterable[Event]) -> LotState:
    """Return the state that ``events``, from the first of the lot on, lead to."""
    state: LotState | None = None
    for event in events:
        state = evolve(state, event)
    if state is None:
        raise ValueError("a lot begins with its scheduling: there are no events")
    return state


def evolve(state: LotState | None, event: Event) -> LotState:
    """Return the state after ``event``. ``state`` is None before the first one, which schedules the lot.

    What the format remembers follows last, from the state that is otherwise complete.
    """
    if isinstance(event, LotScheduled):
        return _scheduled(event)
    if state is None:
        raise ValueError(f"a lot begins with its scheduling, not with {event.type}")
    after = _EVOLVERS[type(event)](state, event)
    return format_of(after).evolve(after, event)


def _scheduled(event: LotScheduled) -> LotState:
    state = LotState(
        lot_id=event.lot_id,
        status=Status.SCHEDULED,
        rules=event.rules,
        rules_hash=event.rules_hash,
        sequence=1,
        at=event.at,
        opens_at=event.rules.opens_at,
        closes_at=event.rules.closes_at,
        opened=True,
        bidders=Map(dict.fromkeys(event.bidders, event.at)),
        secret=event.secret,
    )
    return state._replace(opened=not format_of(state).sealed)


def _after(state: LotState, event: Event, **changes: Any) -> LotState:
    return state._replace(sequence=state.sequence + 1, at=event.at, **changes)


def _plain(state: LotState, event: Event) -> LotState:
    """Nothing but the format's own memory changes."""
    return _after(state, event)


def _invited(state: LotState, event: BidderInvited) -> LotState:
    excluded = state.excluded.delete(event.bidder) if event.bidder in state.excluded else state.excluded
    return _after(state, event, bidders=state.bidders.set(event.bidder, event.at), excluded=excluded)


def _opened(state: LotState, event: LotOpened) -> LotState:
    return _after(state, event, status=Status.OPEN)


# ---- bids


def _placed(state: LotState, event: BidPlaced) -> LotState:
    bidder, sequence = event.bidder, state.sequence + 1
    version = state.versions.get(bidder, 0) + 1
    bid = StandingBid(
        bidder,
        event.bid_id,
        event.amount,
        event.malus,
        event.commitment,
        event.valid_until,
        event.at,
        sequence,
        version,
        event.automatic,
        event.surrogate is not None,
    )
    before = state.standing.get(bidder)
    ladder = state.ladder
    if event.amount is not None:
        old = before.rung if before is not None and before.amount is not None else None
        ladder = ladder.adding(bid.rung) if old is None else ladder.replacing(old, bid.rung)
    elif before is not None and before.amount is not None:
        ladder = ladder.removing(before.rung)
    key = (bidder, event.key)
    receipts = state.receipts
    if key not in receipts:
        content = content_of(event.commitment, event.amount, event.valid_until)
        receipts = receipts.set(key, Receipt(event.type, event.bid_id, content, event.at, sequence, version))
    # the one event of which there are many: in full, as it is three times as fast as to replace some fields
    after = LotState(
        state.lot_id,
        state.status,
        state.rules,
        state.rules_hash,
        sequence,
        event.at,
        state.opens_at,
        state.closes_at,
        state.opened,
        state.bidders,
        state.excluded,
        state.standing.set(bidder, bid),
        state.bids.set((bidder, version), bid),
        state.versions.set(bidder, version),
        ladder,
        receipts,
        state.proxies,
        state.withdrawals,
        state.extensions,
        _first_expiry(state, before, event.valid_until),
        state.play,
        state.paused_at,
        state.reason,
        state.awarded_bid,
        state.also_awarded,
        state.lost,
        state.secret,
        state.opening,
    )
    if before is not None and before.points is not None:  # a last round: points are relative to the bids still known
        return ranked(after, after.standing)
    return after


def _first_expiry(state: LotState, replaced: StandingBid | None, valid_until: date | None) -> date | None:
    """Return the first day on which a standing bid expires, once ``replaced`` has given way to one so valid."""
    first = state.first_expiry
    if first is None or (valid_until is not None and valid_until <= first):
        return valid_until
    if replaced is None or replaced.valid_until != first:
        return first
    others = (bid.valid_until for bid in state.standing.values() if bid is not replaced)
    return min((day for day in (valid_until, *others) if day is not None), default=None)


def _entered(state: LotState, event: TurnBidEntered) -> LotState:
    content = content_of(event.commitment, event.amount, event.valid_until)
    return _after(state, event, receipts=_keeping(state, event, event.key, event.bid_id, content))


def _proxy_set(state: LotState, event: ProxySet) -> LotState:
    proxy = Proxy(
        event.bidder,
        event.bid_id,
        event.limit,
        event.step,
        event.malus,
        event.commitment,
        event.valid_until,
        event.at,
        state.sequence + 1,
    )
    content = content_of(event.commitment, event.limit, event.valid_until)
    receipts = _keeping(state, event, event.key, event.bid_id, content)
    return _after(state, event, proxies=state.proxies.set(event.bidder, proxy), receipts=receipts)


def _left(state: LotState, event: BidderLeft) -> LotState:
    receipts = _keeping(state, event, event.key, BidId(""), "") if event.key else state.receipts
    return _after(state, event, receipts=receipts)


def _keeping(state: LotState, event: Any, key: str, bid_id: BidId, content: str) -> Map[Any, Receipt]:
    version = state.versions.get(event.bidder, 0)
    kept = Receipt(event.type, bid_id, content, event.at, state.sequence + 1, version)
    return state.receipts.set((event.bidder, key), kept)


# ---- bids that no longer stand


def _withdrawn(state: LotState, event: BidWithdrawn) -> LotState:
    receipts = _keeping(state, event, event.key, event.bid_id, content_of("", None, None))
    after, own = _after(state, event, receipts=receipts), state.standing.get(event.bidder)
    # what was only entered in a turn does not stand yet: the format forgets it
    return _dropping(after, (event.bidder,)) if own is not None and own.bid_id == event.bid_id else after


def _withdrawal_requested(state: LotState, event: WithdrawalRequested) -> LotState:
    request = WithdrawalRequest(event.bidder, event.bid_id, event.reason, event.at)
    receipts = _keeping(state, event, event.key, event.bid_id, content_of("", None, None))
    return _after(state, event, withdrawals=state.withdrawals.set(event.bid_id, request), receipts=receipts)


def _withdrawal_refused(state: LotState, event: WithdrawalRefused) -> LotState:
    return _after(state, event, withdrawals=state.withdrawals.delete(event.bid_id))


def _retracted(state: LotState, event: BidRetracted) -> LotState:
    """Take out one bid; of its bidder's others the one with the latest version counts again."""
    bidder, version = next(key for key, bid in state.bids.items() if bid.bid_id == event.bid_id)
    bids = state.bids.delete((bidder, version))
    withdrawals = state.withdrawals
    if event.bid_id in withdrawals:
        withdrawals = withdrawals.delete(event.bid_id)
    standing = state.standing
    if bidder in standing and standing[bidder].bid_id == event.bid_id:
        earlier = [bids[bidder, other] for other in range(1, version) if (bidder, other) in bids]
        standing = standing.set(bidder, earlier[-1]) if earlier else standing.delete(bidder)
    proxies = state.proxies.delete(bidder) if bidder in state.proxies else state.proxies
    return ranked(_after(state, event, bids=bids, withdrawals=withdrawals, proxies=proxies), standing)


def _expired(state: LotState, event: BidExpired) -> LotState:
    return _dropping(_after(state, event), _bidders_of(state, {event.bid_id}))


def _excluded(state: LotState, event: BidderExcluded) -> LotState:
    after = _after(state, event, excluded=state.excluded.set(event.bidder, event.reason))
    return _dropping(after, (event.bidder,))


def _returned(state: LotState, event: LotReturned) -> LotState:
    kept = tuple(bid_id for bid_id in state.awards if bid_id not in event.dropped)
    status, first = (Status.AWARDED, kept[0]) if kept else (Status.CLOSED, None)
    after = _after(state, event, status=status, awarded_bid=first, also_awarded=kept[1:])
    return _dropping(after, _bidders_of(state, set(event.dropped)))


def _bidders_of(state: LotState, bid_ids: set[BidId]) -> tuple[OrganizationId, ...]:
    return tuple(bidder for bidder, bid in state.standing.items() if bid.bid_id in bid_ids)


def _dropping(state: LotState, bidders: tuple[OrganizationId, ...]) -> LotState:
    """Return ``state`` without any bid, proxy and request to withdraw of ``bidders``."""
    gone = set(bidders)
    withdrawals = Map({bid_id: asked for bid_id, asked in state.withdrawals.items() if asked.bidder not in gone})
    kept: Bids = Map({key: bid for key, bid in state.bids.items() if key[0] not in gone})
    proxies = Map({bidder: proxy for bidder, proxy in state.proxies.items() if bidder not in gone})
    standing = Map({bidder: bid for bidder, bid in state.standing.items() if bidder not in gone})
    return ranked(state._replace(bids=kept, proxies=proxies, withdrawals=withdrawals), standing)


def _bids_opened(state: LotState, event: BidsOpened) -> LotState:
    prices = {opened.bid_id: opened for opened in event.prices}

    def revealed(bid: StandingBid) -> StandingBid:
        opened = prices.get(bid.bid_id)
        return bid if opened is None else bid._replace(amount=opened.amount, malus=opened.malus)

    standing = Map({bidder: revealed(bid) for bidder, bid in state.standing.items()})
    bids: Bids = Map({key: revealed(bid) for key, bid in state.bids.items()})
    after = ranked(_after(state, event, bids=bids, opened=True), standing)
    if not FORMATS[state.rules.format].pays_by_rivals:
        return after
    return after._replace(opening=tuple((rung[3], rung[0]) for rung in after.ladder))


# ---- the lot's clock and end


def _rescheduled(state: LotState, event: LotRescheduled) -> LotState:
    return _after(state, event, opens_at=event.opens_at, closes_at=event.closes_at)


def _paused(state: LotState, event: LotPaused) -> LotState:
    return _after(state, event, status=Status.PAUSED, paused_at=event.at, reason=event.reason)


def _resumed(state: LotState, event: LotResumed) -> LotState:
    lost = state.lost if state.paused_at is None else state.lost + (event.at - state.paused_at)
    return _after(state, event, status=Status.OPEN, closes_at=event.closes_at, paused_at=None, reason=None, lost=lost)


def _extended(state: LotState, event: LotExtended) -> LotState:
    return _after(state, event, closes_at=event.closes_at, extensions=state.extensions + event.soft)


def _closed(state: LotState, event: LotClosed) -> LotState:
    return _after(state, event, status=Status.CLOSED, closes_at=min(state.closes_at, event.at))


def _final_offers_called(state: LotState, event: FinalOffersCalled) -> LotState:
    called = ((bidder, state.standing[bidder]) for bidder in event.bidders)
    before = tuple(
        (who, bid.amount + bid.malus) for who, bid in called if bid.amount is not None and bid.malus is not None
    )
    after = _after(
        state,
        event,
        status=Status.OPEN,
        closes_at=event.closes_at,
        proxies=Map(),
        play=FinalPlay(event.bidders, before, state.sequence + 1, state.closes_at),
    )
    return after._replace(opened=not format_of(after).sealed)


def _awarded(state: LotState, event: LotAwarded) -> LotState:
    if state.awarded_bid is not None:
        return _after(state, event, also_awarded=(*state.also_awarded, event.bid_id))
    return _after(state, event, status=Status.AWARDED, awarded_bid=event.bid_id)


def _failed(state: LotState, event: LotFailed) -> LotState:
    return _after(state, event, status=Status.FAILED, reason=event.reason)


def _cancelled(state: LotState, event: LotCancelled) -> LotState:
    return _after(state, event, status=Status.CANCELLED, reason=event.reason)


_EVOLVERS: dict[type[Event], Callable[[LotState, Any], LotState]] = {
    BidderInvited: _invited,
    LotOpened: _opened,
    BidPlaced: _placed,
    TurnBidEntered: _entered,
    ProxySet: _proxy_set,
    BidderLeft: _left,
    RoundStarted: _plain,
    TurnEnded: _plain,
    RoundVoided: _plain,
    BidWithdrawn: _withdrawn,
    WithdrawalRequested: _withdrawal_requested,
    WithdrawalRefused: _withdrawal_refused,
    BidRetracted: _retracted,
    BidExpired: _expired,
    BidderExcluded: _excluded,
    LotRescheduled: _rescheduled,
    LotPaused: _paused,
    LotResumed: _resumed,
    LotExtended: _extended,
    LotClosed: _closed,
    FinalOffersCalled: _final_offers_called,
    BidsOpened: _bids_opened,
    LotAwarded: _awarded,
    LotReturned: _returned,
    LotFailed: _failed,
    LotCancelled: _cancelled,
}
