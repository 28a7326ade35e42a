"""Running auctions: lots are scheduled, bids placed, sealed bids opened, lots awarded, returned or cancelled."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal

from buyers.requests import service as requests
from marketplace.bidding import aftermath, announcing, clockwork, engine, model, series, store
from marketplace.bidding import offer as offers
from marketplace.bidding.commands import Cancel, Invite, MarkAwarded, MarkNotAwarded, Return
from marketplace.bidding.desk.counter import Counter as Counter  # noqa: PLC0414 - the room's front door
from marketplace.bidding.desk.counter import counter as counter  # noqa: PLC0414 - same
from marketplace.bidding.desk.desk import Desk as Desk  # noqa: PLC0414 - same
from marketplace.bidding.desk.orders import Answer as Answer  # noqa: PLC0414 - same
from marketplace.bidding.desk.orders import BidCommand as BidCommand  # noqa: PLC0414 - same
from marketplace.bidding.desk.orders import ProxyCommand as ProxyCommand  # noqa: PLC0414 - same
from marketplace.bidding.errors import NotOpenedError as NotOpenedError  # noqa: PLC0414 - same
from marketplace.bidding.events import LotEvent
from marketplace.bidding.formats.table import has_sealed_bids
from marketplace.bidding.model import BidderView, BuyerView, LotClock, LotState
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.bidding.opened import OpenedLot, OpenedOffer, RankedOffer
from marketplace.bidding.rules import ScoringKind
from marketplace.bidding.store import StoredLot
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel import codec, ids, sealing
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import BidId, InvitationId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers
from sellers.model import Invitation


@dataclass(frozen=True, slots=True)
class OwnBid:
    """A version of the caller's own bid. ``offer`` and ``amount`` are missing while it is sealed.

    ``surrogate``: an agent of the platform entered it for the caller. ``receipt``: its receipt can be had again
    (``own_receipts``).
    """

    lot: str
    bid_id: BidId
    version: int
    request_version: int
    placed_at: datetime
    valid_until: date | None
    amount: Decimal | None
    offer: Offer | None
    standing: bool
    surrogate: bool
    receipt: bool


def schedule(work: Work, request_id: RequestId, bidders: tuple[OrganizationId, ...]) -> None:
    """Announce the lots of a freshly published request with its frozen rules, each at its time."""
    request = requests.get(work, request_id)
    rules_by_lot = announcing.rules_by_lot(request.content, work.now)
    for lot in request.content.lots:
        lot_id, rules = LotId(ids.new("lot")), rules_by_lot[lot.ref]
        (scheduled,) = engine.schedule(lot_id, rules, bidders, work.now, secret=ids.new("alias"))
        public_key, private_key = sealing.new_key_pair() if has_sealed_bids(rules) else (None, None)
        sealed_key = work.vault.sealer(clockwork.KEYS).seal(private_key) if private_key else None
        state = engine.replay((scheduled,))
        stored = StoredLot(
            lot_id,
            request_id,
            lot.ref,
            announcing.to_price(request.content, lot.ref),
            state,
            public_key,
            request.version,
        )
        store.add_lot(work, stored, sealed_key)
        work.append(LotEvent(request_id, lot_id, scheduled))
        clockwork.set_alarm(work, lot_id, state)


def is_scheduled(reading: Reading, request_id: RequestId) -> bool:
    """Tell whether the request's lots are announced."""
    return bool(store.lots_of(reading, request_id))


def admit(work: Work, request_id: RequestId, provider_id: OrganizationId) -> None:
    """Let a provider that was invited late bid on every lot of the request that still takes bids."""
    lots = store.lots_of(work, request_id, hold=True)
    work.tick()
    for lot in lots:
        state = clockwork.rung(work, lot)
        if state.status in RUNNING:
            clockwork.decide(work, replace(lot, state=state), Invite(provider_id))


def amended(work: Work, request_id: RequestId) -> None:
    """Take over what an amendment changed: what there is to price, and a later close."""
    request = requests.get(work, request_id)
    lots = store.lots_of(work, request_id, hold=True)
    for lot in lots:
        store.save_request(work, lot.id, announcing.to_price(request.content, lot.ref), request.version)
    series.extend(work, request_id, lots)


def suspended(work: Work, request_id: RequestId, *, suspended: bool) -> None:
    """Take over that a request was suspended, or goes on: meanwhile its lots take no bids."""
    store.save_suspended(work, request_id, suspended=suspended)


def ring(work: Work, lot_id: str) -> None:
    """Do what the clock has caused in one lot: open it, close it, open its sealed bids."""
    lot = store.held_lot(work, LotId(lot_id))
    if lot is not None:
        work.tick()
        clockwork.set_alarm(work, lot.id, clockwork.rung(work, lot))


def lot_clocks(reading: Reading, request_id: RequestId) -> list[LotClock]:
    """Return when each of a request's lots takes bids, as stored."""
    return store.clocks(reading, request_id)


def first_lapse(reading: Reading, request_id: RequestId) -> date | None:
    """Return the first day after which a bid that stands in a closed lot is not valid any more."""
    return store.first_lapse(reading, request_id)


def own_bids(reading: Reading, invitation_id: str) -> list[OwnBid]:
    """Return every version of the caller's bids on a request, newest first. Raises NotFoundError."""
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    stored_lots = store.lots_of(reading, invitation.request_id)
    lots = {lot.id: lot for lot in aftermath.as_told(reading, stored_lots, invitation.provider_id)}
    found = []
    for row in store.bids_of(reading, invitation.request_id, invitation.provider_id):
        lot = lots[LotId(row.lot_id)]
        standing = lot.state.standing.get(invitation.provider_id)
        found.append(
            OwnBid(
                lot.ref,
                BidId(row.id),
                row.version or 0,
                row.request_version,
                row.placed_at.astimezone(UTC),
                row.valid_until,
                row.amount,
                codec.load(Offer, row.offer) if row.offer else None,
                standing is not None and standing.bid_id == row.id,
                row.surrogate,
                row.offer is not None and row.answer is not None,
            )
        )
    # lots in their order inside one instant: an order by random ids would differ from call to call of the same story
    return sorted(found, key=lambda bid: (-bid.placed_at.timestamp(), len(bid.lot), bid.lot))


def own_receipts(reading: Reading, invitation_id: str, bid_ids: Sequence[BidId]) -> dict[BidId, bytes]:
    """Return the receipts of the caller's bids that are not sealed (any more), as JSON, by bid. Raises NotFoundError.

    What a sealed bid says was told once, to who placed it; bids by proxy and by surrogates have no receipt.
    """
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    sealer = reading.vault.sealer("answers")
    return {
        bid_id: sealer.open(row.answer)
        for bid_id, row in store.bids(reading, bid_ids).items()
        if row.offer is not None and row.answer is not None and row.invitation_id == invitation.id
    }


def bidder_views(reading: Reading, invitation_id: str) -> dict[str, BidderView]:
    """Return, by lot, what the caller may know of the competition now. Raises NotFoundError.

    What the close of a lot brought is told when the last lot of the request has closed, unless announced otherwise.
    """
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    lots = aftermath.as_told(reading, store.lots_of(reading, invitation.request_id), invitation.provider_id)
    return _views(reading, invitation, lots)


def bidder_views_of(reading: Reading, invitation_ids: Sequence[str]) -> dict[InvitationId, dict[str, BidderView]]:
    """Return what ``bidder_views`` returns for many of the calling provider's invitations; an unknown one is left out.

    It takes as many statements as one invitation does. Raises ProviderInactiveError.
    """
    provider_id = sellers.own_active(reading).id
    invitations = sellers.invitations_named(reading, invitation_ids)
    lots: dict[RequestId, list[StoredLot]] = {one.request_id: [] for one in invitations}
    for lot in aftermath.as_told(reading, store.lots_of_many(reading, lots.keys()), provider_id):
        lots[lot.request_id].append(lot)
    return {one.id: _views(reading, one, lots[one.request_id]) for one in invitations}


def _views(reading: Reading, invitation: Invitation, lots: list[StoredLot]) -> dict[str, BidderView]:
    views = {lot.ref: engine.view(lot.state, invitation.provider_id, reading.now) for lot in lots}
    return series.withheld(reading, invitation.request_id, lots, views)


def buyer_views(reading: Reading, request_id: RequestId) -> dict[str, BuyerView]:
    """Return, by lot, what the buyer may know of the competition now."""
    return {lot.ref: engine.buyer_view(lot.state, reading.now) for lot in store.lots_of(reading, request_id)}


def rules_hashes(reading: Reading, request_id: RequestId) -> dict[str, str]:
    """Return, by lot, the hash of its announced rules, in no particular order."""
    return store.rules_hashes(reading, request_id)


def ranked_offers(work: Work, request_id: RequestId, *, hold: bool = True) -> dict[str, OpenedLot]:
    """Return, by lot, what there was to price and the standing bids in their order, after the close.

    Whatever the clock has caused is done first, so that a late worker can't hold the opening back. Without ``hold``
    a lot is locked only if the clock has caused something: what has closed takes no bids any more.

    Raises:
        NotOpenedError: bids are still taken in a lot.
    """
    lots = [] if hold else store.lots_of(work, request_id)
    if hold or any(lot.state.status in RUNNING for lot in lots):
        lots = store.lots_of(work, request_id, hold=True)
        work.tick()
        lots = [replace(lot, state=clockwork.rung(work, lot)) for lot in lots]
    for lot in lots:
        if lot.state.status in RUNNING:
            raise NotOpenedError(f"Bids on {lot.ref} are taken until {lot.state.closes_at.isoformat()}.")
    return _opened(work, lots)


def visible_offers(reading: Reading, request_id: RequestId) -> dict[str, OpenedLot] | None:
    """Return, by lot, the standing bids as far as the buyer may see them now; None while any lot's are sealed.

    Locks nothing, so that no bid waits for it. Who made a bid on a lot that still runs is not the buyer's to know.
    """
    lots = store.lots_of(reading, request_id)
    if any(not lot.state.opened and lot.state.status in RUNNING for lot in lots):
        return None
    return _opened(reading, lots)


def opened_offers(reading: Reading, request_id: RequestId, bid_ids: Sequence[BidId]) -> dict[BidId, OpenedOffer]:
    """Return opened bids on a request by id; a sealed one and one on another request are left out."""
    lots = {lot.id: lot for lot in store.lots_of(reading, request_id)}
    return {
        bid_id: OpenedOffer(
            bid_id,
            row.version or 0,
            row.request_version,
            row.placed_at.astimezone(UTC),
            row.commitment,
            lots[LotId(row.lot_id)].to_price,
            _as_paid(
                lots[LotId(row.lot_id)].to_price, lots[LotId(row.lot_id)].state, bid_id, codec.load(Offer, row.offer)
            ),
        )
        for bid_id, row in store.bids(reading, bid_ids).items()
        if row.offer is not None and row.request_id == request_id
    }


def all_failed(reading: Reading, request_id: RequestId) -> bool:
    """Tell whether every lot of a request has failed."""
    lots = store.lots_of(reading, request_id)
    return bool(lots) and all(lot.state.status is model.Status.FAILED for lot in lots)


def award_lot(work: Work, request_id: RequestId, ref: str, bid_id: BidId) -> None:
    """Give a closed lot to one of its standing bids. Raises NotFoundError, BidRefusedError."""
    clockwork.decide(work, _held(work, request_id, ref), MarkAwarded(bid_id))


def fail_lot(work: Work, request_id: RequestId, ref: str) -> None:
    """End a closed lot without an award. Why is the buyer's own business and stays out of the lot's history.

    Raises NotFoundError, BidRefusedError.
    """
    clockwork.decide(work, _held(work, request_id, ref), MarkNotAwarded("none of the bids was taken"))


def return_lot(work: Work, request_id: RequestId, ref: str, reason: str, bid_id: BidId | None = None) -> None:
    """Give an awarded lot back to the buyer with its remaining valid bids. Raises NotFoundError, BidRefusedError.

    ``bid_id``: the award that fell through; None for all of the lot's.
    """
    clockwork.decide(work, _held(work, request_id, ref), Return(reason, bid_id))


def cancel(work: Work, request_id: RequestId) -> None:
    """End every lot of a withdrawn request."""
    for lot in store.lots_of(work, request_id, hold=True):
        if lot.state.status not in {model.Status.AWARDED, model.Status.FAILED, model.Status.CANCELLED}:
            clockwork.decide(work, lot, Cancel("the request was withdrawn"))


def _held(work: Work, request_id: RequestId, ref: str) -> StoredLot:
    lot = store.held_lots(work, request_id, [ref]).get(ref)
    if lot is None:
        raise NotFoundError
    work.tick()
    return lot


def _as_paid(to_price: LotToPrice, state: LotState, bid_id: BidId, offer: Offer) -> Offer:
    """Return ``offer`` at the price that its bidder would be paid, which some formats set apart from the bid's."""
    payment = engine.payments(state).get(bid_id)
    if payment is None or payment == offers.total_cost(to_price, offer).total:
        return offer
    return offers.adjusted_to(to_price, offer, payment)


def standing_offers(reading: Reading, lot: StoredLot) -> OpenedLot:
    """Return one lot's standing bids, best first; for this room, which knows whether its caller may see them."""
    return _opened(reading, [lot])[lot.ref]


def ranked_as(
    lot: StoredLot, wanted: Sequence[BidId], offers: Mapping[BidId, Offer], versions: Mapping[BidId, int]
) -> tuple[RankedOffer, ...]:
    """Return those of a lot's standing bids that are ``wanted``, best first, with their offers as read before."""
    return tuple(_in_order(lot.to_price, lot.state, frozenset(wanted), offers, versions, {}))


def _opened(reading: Reading, lots: Sequence[StoredLot]) -> dict[str, OpenedLot]:
    """Return, by lot, its standing bids, best first: one statement for all lots."""
    rows = store.offers(reading, [bid.bid_id for lot in lots for bid in engine.standing(lot.state)])
    found = {}
    for lot in lots:
        mine = {bid.bid_id: rows[bid.bid_id] for bid in engine.standing(lot.state) if bid.bid_id in rows}
        ranked = _in_order(
            lot.to_price,
            lot.state,
            mine,
            {bid_id: codec.load(Offer, row.offer) for bid_id, row in mine.items()},
            {bid_id: row.request_version for bid_id, row in mine.items()},
            {bid_id: row.surrogate for bid_id, row in mine.items()},
        )
        found[lot.ref] = OpenedLot(lot.state.status, lot.to_price, tuple(ranked))
    return found


def _in_order(  # noqa: PLR0917 - what is known of the bids, by bid
    to_price: LotToPrice,
    state: LotState,
    wanted: Collection[BidId],
    offers: Mapping[BidId, Offer],
    versions: Mapping[BidId, int],
    agents: Mapping[BidId, bool],
) -> Iterator[RankedOffer]:
    scoring = state.rules.scoring
    in_money = scoring is None or scoring.kind is ScoringKind.MONEY
    for bid in engine.standing(state):
        if bid.bid_id in wanted:
            yield RankedOffer(
                bid.rank,
                bid.joint,
                bid.bidder,
                bid.bid_id,
                bid.amount,
                _as_paid(to_price, state, bid.bid_id, offers[bid.bid_id]),
                versions[bid.bid_id],
                bid.placed_at,
                bid.valid_until,
                agents.get(bid.bid_id, False),
                bid.malus if in_money else None,
            )
