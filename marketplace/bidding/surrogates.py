"""Surrogate bids: an agent of the platform enters a bid for a provider that asked it to, under the same checks."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from marketplace.bidding import clockwork, receipts, store
from marketplace.bidding.clockwork import Done
from marketplace.bidding.commands import PlaceBid, Surrogate
from marketplace.bidding.desk.cache import KnownLot
from marketplace.bidding.desk.orders import Priced, priced
from marketplace.bidding.errors import NotTakingBidsError, RequestChangedError
from marketplace.bidding.model import StandingBid, Status
from marketplace.bidding.offer import Offer, adjusted_to
from marketplace.bidding.receipts import Accepted
from marketplace.bidding.scoring import malus_of
from marketplace.bidding.store import StoredLot
from marketplace.bidding.tables import BidRow
from marketplace.kernel import codec, ids
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.ids import BidId, InvitationId, RequestId
from marketplace.kernel.work import Work
from sellers import rules as sellers_rules
from sellers import service as sellers
from sellers.model import Invitation


@dataclass(frozen=True, slots=True)
class SurrogateBid:
    """A bid on one lot as its provider dictated it, and the ``evidence`` that it asked for it."""

    invitation_id: InvitationId
    request_version: int
    offer: Offer
    evidence: str
    confirmed: bool = False


def place(work: Work, request_id: RequestId, ref: str, bid: SurrogateBid) -> bytes:
    """Place a bid for a provider, marked with the agent and the evidence; return the receipt, which is the provider's.

    Raises:
        NotFoundError: no such lot, invitation to the request, or terms document of the provider.
        ProviderInactiveError, InvitationDeclinedError, NotTakingBidsError: the provider, or the request, takes no part.
        RequestChangedError, MalformedError: the bid doesn't fit what there is to price now.
        BidRefusedError: the auction's rules refuse it.
    """
    lot = store.held_lots(work, request_id, [ref]).get(ref)
    if lot is None:
        raise NotFoundError
    invitation = _bidding(work, request_id, bid)
    lot = replace(lot, state=clockwork.rung(work, lot))
    part = _priced(work, lot, bid)
    command = PlaceBid(
        invitation.provider_id,
        part.bid_id,
        part.amount,
        part.commitment,
        part.offer.valid_until,
        ids.new("key"),
        part.offer.answered,
        bid.confirmed,
        Surrogate(work.principal.user_id, bid.evidence),
    )
    done = clockwork.decide(work, lot, command)
    clockwork.set_alarm(work, lot.id, done.state)
    standing = next((one for one, _ in done.placed if one.bid_id == part.bid_id), None)
    store.add_bid(work, _own_row(lot, bid, part, command, standing or work.now))
    _add_automatic(work, lot, done)
    event = next(one for one in done.recorded if one.data["event"].get("bid_id") == part.bid_id)
    version = standing.version if standing else None
    accepted = Accepted(part.bid_id, version, part.amount, part.commitment, event.hash, event.seq, work.now)
    return receipts.made(work.vault.keyring, ref, done.state, accepted)


def _bidding(work: Work, request_id: RequestId, bid: SurrogateBid) -> Invitation:
    """Return the invitation of a provider that may bid, marked as one that did."""
    invitation = sellers.mark_bid(work, bid.invitation_id)
    sellers_rules.check_active(sellers.get(work, invitation.provider_id))
    if (
        invitation.request_id != request_id
        or sellers.terms(work, bid.offer.terms_id).provider_id != invitation.provider_id
    ):
        raise NotFoundError
    return invitation


def _priced(work: Work, lot: StoredLot, bid: SurrogateBid) -> Priced:
    """Return the offer with its total over what there is to price now; sealed where the lot's bids are."""
    if lot.suspended or lot.state.status is Status.CANCELLED:
        raise NotTakingBidsError(f"The request is {'suspended' if lot.suspended else 'withdrawn'}.")
    if bid.request_version != lot.request_version:
        raise RequestChangedError(
            f"The bid is for version {bid.request_version}; the current one is {lot.request_version}."
        )
    known = KnownLot(
        lot.id,
        lot.request_id,
        lot.ref,
        0,
        lot.to_price,
        lot.state,
        "",
        lot.public_key,
        lot.request_version,
        lot.suspended,
    )
    part = priced(known, bid.offer, "/offer")
    errors = part.errors
    if bid.offer.valid_until is not None and bid.offer.valid_until < work.now.astimezone(UTC).date():
        errors += (FieldError("/offer/valid_until", "is in the past"),)
    if errors:
        raise MalformedError("The bid doesn't fit the request.", errors=errors)
    return part


def _own_row(
    lot: StoredLot, bid: SurrogateBid, part: Priced, command: PlaceBid, placed: StandingBid | datetime
) -> BidRow:
    """Return the row of the bid: as ``placed``, or entered at an instant, when it does not stand yet."""
    standing = None if isinstance(placed, datetime) else placed
    return BidRow(
        id=part.bid_id,
        lot_id=lot.id,
        request_id=lot.request_id,
        provider_id=command.bidder,
        invitation_id=bid.invitation_id,
        version=standing.version if standing else None,
        request_version=bid.request_version,
        sequence=standing.sequence if standing else None,
        key=command.key,
        surrogate=True,
        commitment=part.commitment,
        valid_until=command.valid_until,
        placed_at=placed if isinstance(placed, datetime) else placed.placed_at,
        offer=None if part.sealed else codec.dump(part.offer),
        amount=None if part.sealed else part.amount,
        malus=standing.malus if standing else malus_of(lot.state.rules.scoring, part.offer.answered),
        sealed=part.sealed,
    )


def _add_automatic(work: Work, lot: StoredLot, done: Done) -> None:
    """Store the bids with which limits answered: each limit's offer, adjusted to the price that it came to."""
    for bid, key in done.placed:
        if bid.automatic and bid.amount is not None:
            limit_id = BidId(bid.bid_id.rpartition(".")[0])
            limit = store.bids(work, [limit_id])[limit_id]
            offer = adjusted_to(lot.to_price, codec.load(Offer, limit.offer), bid.amount)
            store.add_bid(
                work,
                BidRow(
                    id=bid.bid_id,
                    lot_id=lot.id,
                    request_id=lot.request_id,
                    provider_id=bid.bidder,
                    invitation_id=limit.invitation_id,
                    version=bid.version,
                    request_version=limit.request_version,
                    sequence=bid.sequence,
                    key=key,
                    automatic=True,
                    commitment=bid.commitment,
                    valid_until=bid.valid_until,
                    placed_at=bid.placed_at,
                    offer=codec.dump(offer),
                    amount=bid.amount,
                    malus=bid.malus,
                ),
            )
