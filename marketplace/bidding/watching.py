"""What a buyer watches while its lots run: standings without names, how prices fell, what happened and when.

Who bids is not the buyer's to know before a lot has closed: until then each bidder of a lot is a number, given in the
order of first bids, that has nothing to do with its number in another lot.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from marketplace.bidding import engine, service, store
from marketplace.bidding.errors import NotOpenedError
from marketplace.bidding.events import (
    BidExpired,
    BidPlaced,
    BidRetracted,
    BidsOpened,
    FinalOffersCalled,
    LotAwarded,
    LotClosed,
    LotExtended,
    LotFailed,
    LotOpened,
    LotPaused,
    LotResumed,
    LotReturned,
    WithdrawalRequested,
)
from marketplace.bidding.model import BuyerView, LotState, Status
from marketplace.bidding.offer import Offer
from marketplace.bidding.opened import OpenedLot, RankedOffer
from marketplace.bidding.rules import Rules
from marketplace.bidding.store import StoredLot
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel import codec
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading

TOLD = (
    LotOpened,
    LotPaused,
    LotResumed,
    LotExtended,
    LotClosed,
    BidsOpened,
    BidRetracted,
    BidExpired,
    WithdrawalRequested,
    FinalOffersCalled,
    LotAwarded,
    LotReturned,
    LotFailed,
)
"""Events of a lot that the buyer is told; bids are told with their prices, which the state has."""
_FIRST = 3
"""Bids that are read of a lot that is not looked at by itself: enough to find its best complete one nearly always."""


@dataclass(frozen=True, slots=True)
class Move:
    """A price that a bidder came to: the bidder by its number in the lot."""

    at: datetime
    number: int
    amount: Decimal
    bid_id: BidId


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a lot; ``kind`` is the event's name, ``closes_at`` comes with what moves the close."""

    at: datetime
    lot: str
    kind: str
    reason: str = ""
    closes_at: datetime | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class WatchedLot:
    """One lot as its buyer watches it.

    ``opened`` holds standing bids, best first: all of a lot that was asked for in full, the first few of any other,
    None while they are sealed. While the lot runs their providers are ``bidder-1``, ``bidder-2`` and so on.
    ``numbers`` gives each standing bid its bidder's number, ``placed`` counts the bids of each number. ``moves`` are
    all known prices in their order. ``hard_stop`` is moved already by the time that pauses took.
    """

    ref: str
    lot_id: LotId
    view: BuyerView
    rules: Rules
    extensions: int
    hard_stop: datetime | None
    suspended: bool
    opened: OpenedLot | None
    numbers: Mapping[BidId, int]
    placed: Mapping[int, int]
    moves: tuple[Move, ...]

    @property
    def running(self) -> bool:
        """Whether it takes bids, or will."""
        return self.view.status in RUNNING

    @property
    def sealed(self) -> bool:
        """Whether nobody may know its bids yet."""
        return self.running and not self.view.opened


@dataclass(frozen=True, slots=True)
class BidVersion:
    """One version of a bid in the history of its bidder on a lot; ``amount`` is None where it was never opened."""

    bid_id: BidId
    version: int
    request_version: int
    placed_at: datetime
    amount: Decimal | None
    dropped: bool
    automatic: bool
    surrogate: bool
    commitment: str


@dataclass(frozen=True, slots=True)
class FoundBid:
    """A bid on a lot that has closed: whose it is, what it says, the lot with all its standing bids, its history."""

    lot: str
    provider_id: OrganizationId
    offer: Offer
    version: BidVersion
    history: tuple[BidVersion, ...]
    opened: OpenedLot
    rules_hash: str


def watch(reading: Reading, request_id: RequestId, in_full: Collection[str] = ()) -> tuple[WatchedLot, ...]:
    """Return a request's lots for its buyer; locks nothing. ``in_full``: of which lots all standing bids are read."""
    return _watch(reading, store.lots_of(reading, request_id), in_full)


def watch_many(reading: Reading, request_ids: Collection[RequestId]) -> dict[RequestId, tuple[WatchedLot, ...]]:
    """Return the lots of several requests as ``watch`` does with no lot in full: as many statements as for one."""
    lots = store.lots_of_many(reading, request_ids) if request_ids else []
    found: dict[RequestId, list[WatchedLot]] = {request_id: [] for request_id in request_ids}
    for lot, watched in zip(lots, _watch(reading, lots), strict=True):
        found[lot.request_id].append(watched)
    return {request_id: tuple(watched) for request_id, watched in found.items()}


def _watch(reading: Reading, lots: Sequence[StoredLot], in_full: Collection[str] = ()) -> tuple[WatchedLot, ...]:
    wanted: dict[LotId, list[BidId]] = {}
    for lot in lots:
        if lot.state.opened:
            standing = [line.bid_id for line in engine.standing(lot.state)]
            wanted[lot.id] = standing if lot.ref in in_full else standing[:_FIRST]
    rows = store.bids(reading, [bid for bids in wanted.values() for bid in bids])
    offers = {bid: codec.load(Offer, row.offer) for bid, row in rows.items() if row.offer is not None}
    versions = {bid: row.request_version for bid, row in rows.items()}
    return tuple(_watched(reading, lot, wanted.get(lot.id), offers, versions) for lot in lots)


def fingerprint(reading: Reading, request_id: RequestId) -> tuple[int, int, int]:
    """Return how many lots a request has, how many of them run, and a figure that every change of one raises."""
    return store.fingerprint(reading, request_id)


def numbers_of(state: LotState) -> dict[OrganizationId, int]:
    """Return the number of each bidder of a lot: 1 for who bid first; a number once given stays."""
    first: dict[OrganizationId, int] = {}
    for (bidder, _), receipt in state.receipts.items():
        if receipt.type == BidPlaced.type:
            first[bidder] = min(receipt.sequence, first.get(bidder, receipt.sequence))
    for bid in state.bids.values():  # a proxy's bids have no receipt of their own
        first[bid.bidder] = min(bid.sequence, first.get(bid.bidder, bid.sequence))
    return {bidder: number for number, bidder in enumerate(sorted(first, key=lambda one: first[one]), start=1)}


def happenings(reading: Reading, lots: Collection[WatchedLot], most: int) -> list[Happening]:
    """Return what was told of these lots, newest first; of sealed bids nothing, not even that there are any."""
    refs = {f"lot:{lot.lot_id}": lot.ref for lot in lots}
    sealed = {f"lot:{lot.lot_id}" for lot in lots if lot.sealed}
    found = store.told(reading, list(refs), [kind.type for kind in TOLD], most)
    return [
        Happening(
            at.astimezone(UTC),
            refs[stream],
            kind,
            str(event.get("reason") or ""),
            datetime.fromisoformat(event["closes_at"]) if event.get("closes_at") else None,
            bool(event.get("soft")),
        )
        for stream, kind, at, event in found
        if stream not in sealed or kind.startswith("auction.")
    ]


def find_bid(reading: Reading, request_id: RequestId, bid_id: str) -> FoundBid:
    """Return one bid with its history. Raises NotFoundError, and NotOpenedError while its lot takes bids."""
    row = store.bids(reading, [BidId(bid_id)]).get(BidId(bid_id))
    if row is None or row.request_id != request_id or row.sequence is None:
        raise NotFoundError
    lot = next((one for one in store.lots_of(reading, request_id) if one.id == row.lot_id), None)
    if lot is None:
        raise NotFoundError
    if lot.state.status in RUNNING or (lot.state.status is Status.CLOSED and not lot.state.opened):
        raise NotOpenedError(f"Bids on {lot.ref} are taken until {lot.state.closes_at.isoformat()}.")
    if row.offer is None:
        raise NotFoundError
    provider_id = OrganizationId(row.provider_id)
    history = tuple(
        BidVersion(
            BidId(one.id),
            one.version or 0,
            one.request_version,
            one.placed_at.astimezone(UTC),
            one.amount,
            one.dropped,
            one.automatic,
            one.surrogate,
            one.commitment,
        )
        for one in store.bids_of(reading, request_id, provider_id)
        if one.lot_id == row.lot_id and one.sequence is not None
    )
    version = next(one for one in history if one.bid_id == bid_id)
    opened = service.standing_offers(reading, lot)
    offer = codec.load(Offer, row.offer)
    return FoundBid(lot.ref, provider_id, offer, version, history, opened, lot.state.rules_hash)


def _watched(
    reading: Reading,
    lot: StoredLot,
    wanted: list[BidId] | None,
    offers: Mapping[BidId, Offer],
    versions: Mapping[BidId, int],
) -> WatchedLot:
    state = lot.state
    numbers = numbers_of(state)
    view = engine.buyer_view(state, reading.now)
    soft = state.rules.soft_close
    stop = soft.hard_stop + state.lost if soft is not None and soft.hard_stop is not None else None
    known = [bid for bid in state.bids.values() if bid.amount is not None] if state.opened else []
    placed = {numbers[bidder]: count for bidder, count in state.versions.items() if bidder in numbers}
    return WatchedLot(
        lot.ref,
        lot.id,
        view,
        state.rules,
        state.extensions,
        stop,
        lot.suspended,
        None if wanted is None else _opened(lot, wanted, offers, versions, numbers),
        {bid.bid_id: numbers[bid.bidder] for bid in state.standing.values()} if state.opened else {},
        placed if state.opened else {},
        tuple(
            Move(bid.placed_at, numbers[bid.bidder], bid.amount, bid.bid_id)
            for bid in sorted(known, key=lambda one: one.sequence)
            if bid.amount is not None
        ),
    )


def _opened(
    lot: StoredLot,
    wanted: list[BidId],
    offers: Mapping[BidId, Offer],
    versions: Mapping[BidId, int],
    numbers: Mapping[OrganizationId, int],
) -> OpenedLot:
    shown = OpenedLot(lot.state.status, lot.to_price, ())
    found: list[RankedOffer] = []
    for ranked in service.ranked_as(lot, wanted, offers, versions):
        hidden = OrganizationId(f"bidder-{numbers[ranked.provider_id]}")
        running = lot.state.status in RUNNING
        found.append(replace(ranked, provider_id=hidden) if running else ranked)
    return replace(shown, offers=tuple(found))
