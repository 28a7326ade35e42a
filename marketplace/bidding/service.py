"""Running auctions: lots are scheduled, bids placed, sealed bids opened, lots awarded, returned or cancelled."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from buyers.requests import service as requests
from buyers.requests.model import Status as RequestStatus
from marketplace.bidding import announcing, clockwork, engine, model, store
from marketplace.bidding import offer as offers
from marketplace.bidding.events import LotEvent
from marketplace.bidding.model import BidderView, BuyerView, LotState, Refusal
from marketplace.bidding.offer import Offer
from marketplace.bidding.opened import OpenedLot, OpenedOffer, RankedOffer
from marketplace.bidding.store import StoredLot
from marketplace.bidding.tables import BidRow
from marketplace.kernel import codec, ids, sealing
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import BidId, InvitationId, LotId, OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers
from sellers.model import Invitation, InvitationStatus

_RECEIPT = "bid-receipt"


class RequestChangedError(ConflictError):
    """The bid was made for an earlier version of the request."""

    kind = "request-changed"
    title = "The request was amended: read it again"


class NotTakingBidsError(ConflictError):
    """The request is suspended, withdrawn or decided, or the invitation was declined."""

    kind = "no-bids-taken"
    title = "No bids are taken here"


class NotOpenedError(ConflictError):
    """Bids are still being taken, or sealed."""

    kind = "bids-not-opened"
    title = "The bids are not open yet"


@dataclass(frozen=True, slots=True)
class BidCommand:
    """What a desk sends: offers for one or more lots of the version that it read. All are accepted or none."""

    request_version: int
    offers: tuple[Offer, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The proof of an accepted bid on one lot; ``signed`` is the same under the platform's signature (JWS).

    ``leaf`` is the hash of the bid's event in the lot's chain. ``sequence`` is missing while bids are sealed: it would
    tell how many there are.
    """

    lot: str
    bid_id: BidId
    version: int
    amount: Decimal
    currency: str
    received_at: datetime
    leaf: str
    sequence: int | None
    rules_hash: str
    commitment: str
    signed: str


@dataclass(frozen=True, slots=True)
class OwnBid:
    """A version of the caller's own bid. ``offer`` and ``amount`` are missing while it is sealed."""

    lot: str
    bid_id: BidId
    version: int
    request_version: int
    placed_at: datetime
    valid_until: date | None
    amount: Decimal | None
    offer: Offer | None
    standing: bool


def schedule(work: Work, request_id: RequestId, bidders: tuple[OrganizationId, ...]) -> None:
    """Announce the lots of a freshly published request with its frozen rules."""
    request = requests.get(work, request_id)
    rules = announcing.rules_of(request.content, work.now)
    for lot in request.content.lots:
        lot_id = LotId(ids.new("lot"))
        (scheduled,) = engine.schedule(lot_id, rules, bidders, work.now)
        public_key, private_key = sealing.new_key_pair() if rules.visibility == "sealed" else (None, None)
        sealed_key = work.vault.sealer(clockwork.KEYS).seal(private_key) if private_key else None
        state = engine.replay((scheduled,))
        stored = StoredLot(
            lot_id, request_id, lot.ref, announcing.to_price(request.content, lot.ref), state, public_key
        )
        store.add_lot(work, stored, sealed_key)
        work.append(LotEvent(request_id, lot_id, scheduled))
        clockwork.set_alarm(work, lot_id, state)


def is_scheduled(reading: Reading, request_id: RequestId) -> bool:
    """Tell whether the request's lots are announced."""
    return bool(store.lots_of(reading, request_id))


def admit(work: Work, request_id: RequestId, provider_id: OrganizationId) -> None:
    """Let a provider that was invited late bid on every lot of the request."""
    for lot in store.lots_of(work, request_id, hold=True):
        clockwork.decide(work, lot, model.Invite(provider_id))


def amended(work: Work, request_id: RequestId) -> None:
    """Take over what an amendment changed: what there is to price, and a later close."""
    request = requests.get(work, request_id)
    closes_at = request.content.schedule.closes_at
    for lot in store.lots_of(work, request_id, hold=True):
        store.save_to_price(work, lot.id, announcing.to_price(request.content, lot.ref))
        if closes_at is not None and closes_at > lot.state.closes_at:
            state = clockwork.decide(work, lot, model.Extend(closes_at))
            store.save_close(work, lot.id, state)
            clockwork.set_alarm(work, lot.id, state)


def ring(work: Work, lot_id: str) -> None:
    """Do what the clock has caused in one lot: open it, close it, open its sealed bids."""
    lot = store.held_lot(work, LotId(lot_id))
    if lot is not None:
        work.tick()
        clockwork.set_alarm(work, lot.id, clockwork.rung(work, lot))


def place_bid(work: Work, invitation_id: str, command: BidCommand) -> tuple[Receipt, ...]:
    """Place the caller's bid on one or more lots: all are accepted, or none.

    Raises:
        NotFoundError: the invitation is not the caller's.
        NotTakingBidsError, RequestChangedError: the request doesn't take this bid.
        MalformedError: an offer doesn't fit its lot; every wrong field is listed.
        BidRefusedError: a rule of the auction refuses it.
    """
    invitation = sellers.invitation(work, InvitationId(invitation_id))
    lots = store.held_lots(work, invitation.request_id, {offer.lot for offer in command.offers})
    work.tick()  # the instant that counts is the one at which the lots are ours
    _check_request(work, invitation, command.request_version)
    _check_offers(work, lots, command.offers)
    receipts = tuple(_place(work, lots[offer.lot], invitation, command, offer) for offer in command.offers)
    sellers.mark_bid(work, invitation.id)
    return receipts


def withdraw_bid(work: Work, invitation_id: str, bid_id: str, key: str) -> None:
    """Take a sealed bid back before the close. Raises NotFoundError, BidRefusedError."""
    invitation = sellers.invitation(work, InvitationId(invitation_id))
    row = store.bids(work, [BidId(bid_id)]).get(BidId(bid_id))
    if row is None or row.invitation_id != invitation.id:
        raise NotFoundError
    lot = store.held_lot(work, LotId(row.lot_id))
    if lot is None:
        raise NotFoundError
    work.tick()
    clockwork.decide(work, lot, model.WithdrawBid(invitation.provider_id, BidId(bid_id), key))


def own_bids(reading: Reading, invitation_id: str) -> list[OwnBid]:
    """Return every version of the caller's bids on a request, newest first. Raises NotFoundError."""
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    lots = {lot.id: lot for lot in store.lots_of(reading, invitation.request_id)}
    found = []
    for row in store.bids_of(reading, invitation.request_id, invitation.provider_id):
        lot = lots[LotId(row.lot_id)]
        standing = lot.state.standing.get(invitation.provider_id)
        found.append(
            OwnBid(
                lot.ref,
                BidId(row.id),
                row.version,
                row.request_version,
                row.placed_at.astimezone(UTC),
                row.valid_until,
                row.amount,
                codec.load(Offer, row.offer) if row.offer else None,
                standing is not None and standing.bid_id == row.id,
            )
        )
    # lots in their order inside one instant: an order by random ids would differ from call to call of the same story
    return sorted(found, key=lambda bid: (-bid.placed_at.timestamp(), len(bid.lot), bid.lot))


def bidder_views(reading: Reading, invitation_id: str) -> dict[str, BidderView]:
    """Return, by lot, what the caller may know of the competition now. Raises NotFoundError."""
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    return {
        lot.ref: engine.view(lot.state, invitation.provider_id, reading.now)
        for lot in store.lots_of(reading, invitation.request_id)
    }


def buyer_views(reading: Reading, request_id: RequestId) -> dict[str, BuyerView]:
    """Return, by lot, what the buyer may know of the competition now."""
    return {lot.ref: engine.buyer_view(lot.state, reading.now) for lot in store.lots_of(reading, request_id)}


def ranked_offers(work: Work, request_id: RequestId) -> dict[str, OpenedLot]:
    """Return, by lot, what there was to price and the standing bids in their order, after the close.

    Whatever the clock has caused is done first, so that a late worker can't hold the opening back.

    Raises:
        NotOpenedError: bids are still taken in a lot.
    """
    lots = store.lots_of(work, request_id, hold=True)
    work.tick()
    found = {}
    for lot in lots:
        state = clockwork.rung(work, lot)
        if state.status in {model.Status.SCHEDULED, model.Status.OPEN, model.Status.PAUSED}:
            raise NotOpenedError(f"Bids on {lot.ref} are taken until {state.closes_at.isoformat()}.")
        found[lot.ref] = OpenedLot(state.status, lot.to_price, _ranked(work, state))
    return found


def opened_offers(reading: Reading, request_id: RequestId, bid_ids: Sequence[BidId]) -> dict[BidId, OpenedOffer]:
    """Return opened bids on a request by id; a sealed one and one on another request are left out."""
    to_price = {lot.id: lot.to_price for lot in store.lots_of(reading, request_id)}
    return {
        bid_id: OpenedOffer(
            bid_id,
            row.version,
            row.request_version,
            row.placed_at.astimezone(UTC),
            row.commitment,
            to_price[LotId(row.lot_id)],
            codec.load(Offer, row.offer),
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
    clockwork.decide(work, _held(work, request_id, ref), model.MarkAwarded(bid_id))


def fail_lot(work: Work, request_id: RequestId, ref: str) -> None:
    """End a closed lot without an award. Why is the buyer's own business and stays out of the lot's history.

    Raises NotFoundError, BidRefusedError.
    """
    clockwork.decide(work, _held(work, request_id, ref), model.MarkNotAwarded("none of the bids was taken"))


def return_lot(work: Work, request_id: RequestId, ref: str, reason: str) -> None:
    """Give an awarded lot back to the buyer with its remaining valid bids. Raises NotFoundError, BidRefusedError."""
    clockwork.decide(work, _held(work, request_id, ref), model.Return(reason))


def cancel(work: Work, request_id: RequestId) -> None:
    """End every lot of a withdrawn request."""
    for lot in store.lots_of(work, request_id, hold=True):
        if lot.state.status not in {model.Status.AWARDED, model.Status.FAILED, model.Status.CANCELLED}:
            clockwork.decide(work, lot, model.Cancel("the request was withdrawn"))


def _held(work: Work, request_id: RequestId, ref: str) -> StoredLot:
    lot = store.held_lots(work, request_id, [ref]).get(ref)
    if lot is None:
        raise NotFoundError
    work.tick()
    return lot


def _ranked(reading: Reading, state: LotState) -> tuple[RankedOffer, ...]:
    standing = engine.standing(state)
    rows = store.bids(reading, [bid.bid_id for bid in standing])
    found = []
    for bid in standing:
        row = rows[bid.bid_id]
        offer = codec.load(Offer, row.offer)
        found.append(
            RankedOffer(
                bid.rank,
                bid.joint,
                bid.bidder,
                bid.bid_id,
                bid.amount,
                offer,
                row.request_version,
                bid.placed_at,
                bid.valid_until,
            )
        )
    return tuple(found)


def _check_request(work: Work, invitation: Invitation, request_version: int) -> None:
    state = requests.public_state(work, invitation.request_id)
    if invitation.status is InvitationStatus.DECLINED:
        raise NotTakingBidsError("You declined this request; reopen it first.")
    if state.suspended or state.status is RequestStatus.WITHDRAWN:
        raise NotTakingBidsError("The request is suspended." if state.suspended else "The request was withdrawn.")
    if state.version != request_version:
        raise RequestChangedError(f"Your bid is for version {request_version}; the current one is {state.version}.")


def _check_offers(work: Work, lots: Mapping[str, StoredLot], given: tuple[Offer, ...]) -> None:
    """Raise MalformedError with everything that is wrong with the offers."""
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, offer in enumerate(given):
        pointer = f"/lots/{index}"
        if offer.lot not in lots or offer.lot in seen:
            problem = "is given twice" if offer.lot in seen else "is no lot of this request"
            errors.append(FieldError(f"{pointer}/lot", f"{offer.lot} {problem}"))
            continue
        seen.add(offer.lot)
        errors.extend(offers.problems(lots[offer.lot].to_price, offer, pointer))
        if offer.valid_until is not None and offer.valid_until < work.now.date():
            errors.append(FieldError(f"{pointer}/valid_until", "is in the past"))
    if errors:
        raise MalformedError("The bid doesn't fit the request.", errors=tuple(errors))


def _place(work: Work, lot: StoredLot, invitation: Invitation, command: BidCommand, offer: Offer) -> Receipt:
    amount = offers.total_cost(lot.to_price, offer).total
    document = codec.dump(offer)
    sealed = sealing.seal_to(lot.public_key, codec.canonical(document)) if lot.public_key else None
    commitment = hashlib.sha256(sealed or codec.canonical(document)).hexdigest()
    bid_id = BidId(ids.new("bid"))
    placing = model.PlaceBid(invitation.provider_id, bid_id, amount, commitment, offer.valid_until, command.key)
    decision = engine.decide(lot.state, placing, work.now)
    if isinstance(decision, Refusal):
        raise clockwork.refused(lot.ref, decision)
    if not decision:  # a colleague's key, or one whose answer is no longer kept
        code = model.RefusalCode.KEY_REUSED
        raise clockwork.refused(
            lot.ref, Refusal(code, "idempotency", "this key placed your bid before: take a new one")
        )
    state, recorded = clockwork.record(work, lot, decision)
    standing = state.standing[invitation.provider_id]
    store.add_bid(
        work,
        BidRow(
            id=bid_id,
            lot_id=lot.id,
            request_id=lot.request_id,
            provider_id=invitation.provider_id,
            invitation_id=invitation.id,
            version=standing.version,
            request_version=command.request_version,
            sequence=standing.sequence,
            commitment=commitment,
            valid_until=offer.valid_until,
            placed_at=work.now,
            offer=None if sealed else document,
            amount=None if sealed else amount,
            sealed=sealed,
        ),
    )
    return _receipt(work, lot, standing, recorded[-1], amount)


def _receipt(work: Work, lot: StoredLot, standing: model.StandingBid, recorded: Recorded, amount: Decimal) -> Receipt:
    sealed = lot.public_key is not None
    plain: dict[str, Any] = {
        "lot": lot.ref,
        "bid_id": standing.bid_id,
        "version": standing.version,
        "amount": str(amount),
        "currency": lot.state.rules.currency,
        "received_at": recorded.at.isoformat(),
        "leaf": recorded.hash,
        "sequence": None if sealed else recorded.seq,
        "rules_hash": lot.state.rules_hash,
        "commitment": standing.commitment,
    }
    signed = work.vault.keyring.sign(_RECEIPT, codec.canonical(plain))
    return codec.load(Receipt, plain | {"signed": signed})
