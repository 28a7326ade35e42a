"""What the desk is asked for: bids, limits, taking back, leaving; and what of it can be made before any lock."""

import asyncio
import hashlib
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from marketplace.bidding import offer as offers
from marketplace.bidding.commands import Command, Leave, PlaceBid, SetProxy, WithdrawBid
from marketplace.bidding.desk.cache import Guest, KnownLot
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.kernel import codec, ids, metrics, sealing
from marketplace.kernel.access import Principal
from marketplace.kernel.errors import FieldError
from marketplace.kernel.ids import BidId, LotId


@dataclass(frozen=True, slots=True)
class BidCommand:
    """What a carrier sends: offers for one or more lots of the version that it read. All are accepted or none.

    ``confirmed`` says that a step beyond the slip guard is meant.
    """

    request_version: int
    offers: tuple[Offer, ...]
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class ProxyCommand:
    """Limits down to which the desk bids for a carrier, one per offer; ``steps`` beside them (None: the least)."""

    request_version: int
    offers: tuple[Offer, ...]
    limits: tuple[Decimal, ...]
    steps: tuple[Decimal | None, ...]


class Priced(NamedTuple):
    """An offer as it will lie in the database, computed over ``to_price``.

    ``limit`` is None for a bid; otherwise the engine bids by ``step`` down to it. ``pointer``: the offer's place in
    the body.
    """

    lot_id: LotId
    bid_id: BidId
    pointer: str
    offer: Offer
    to_price: LotToPrice
    errors: tuple[FieldError, ...]
    amount: Decimal
    document: str
    sealed: bytes | None
    commitment: str
    limit: Decimal | None = None
    step: Decimal | None = None
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class TakingBack:
    """A bid that its bidder takes back, or asks to."""

    lot_id: LotId
    bid_id: BidId
    reason: str


@dataclass(frozen=True, slots=True)
class Leaving:
    """A bidder leaves a falling clock."""

    lot_id: LotId


Part: TypeAlias = Priced | TakingBack | Leaving


class Answer(NamedTuple):
    """What an order led to: a receipt as JSON for every offer; ``replayed``: it was done before, under the same key."""

    receipts: tuple[bytes, ...] = ()
    replayed: bool = False


@dataclass(slots=True, eq=False)
class Order:
    """One command of one caller, waiting for its answer. ``request_version`` is None where it doesn't matter.

    ``lot_ids``: the lots that it is about.
    """

    principal: Principal
    guest: Guest
    parts: tuple[Part, ...]
    key: str
    fingerprint: str
    request_version: int | None
    done: "asyncio.Future[Answer]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    lot_ids: tuple[LotId, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.lot_ids = tuple([part.lot_id for part in self.parts])

    def answer(self, answer: Answer) -> None:
        """Give the answer, unless the caller has hung up."""
        if not self.done.done():
            self.done.set_result(answer)

    def fail(self, error: BaseException) -> None:
        """Give the caller the error, unless it has hung up."""
        if not self.done.done():
            metrics.refused(error)
            self.done.set_exception(error)


def priced(
    lot: KnownLot,
    offer: Offer,
    pointer: str,
    bid_id: BidId | None = None,
    *,
    limit: Decimal | None = None,
    step: Decimal | None = None,
    confirmed: bool = False,
) -> Priced:
    """Return an offer with its total, its stored form and what binds it; sealed where the lot's bids are sealed."""
    errors = offers.problems(lot.to_price, offer, pointer)
    if limit is not None and not errors:
        offer = offers.adjusted_to(lot.to_price, offer, limit)
    # what has errors is never stored: it may lack a price for everything
    amount = Decimal(0) if errors else offers.total(lot.to_price, offer)
    plain = codec.packed(offer)
    # a lot with a last round has a key from the start, and needs it only then
    sealed = sealing.seal_to(lot.public_key, plain) if lot.public_key and lot.is_sealed else None
    return Priced(
        lot.id,
        bid_id or BidId(ids.new("bid")),
        pointer,
        offer,
        lot.to_price,
        errors,
        amount,
        plain.decode(),
        sealed,
        hashlib.sha256(sealed or plain).hexdigest(),
        limit,
        step,
        confirmed,
    )


def repriced(lot: KnownLot, part: Priced) -> Priced:
    """Return ``part`` computed over what there is to price now: an amendment came between."""
    return priced(
        lot, part.offer, part.pointer, part.bid_id, limit=part.limit, step=part.step, confirmed=part.confirmed
    )


def command_of(order: Order, part: Part) -> Command:
    """Return what the engine is asked."""
    bidder = order.guest.provider_id
    match part:
        case TakingBack():
            return WithdrawBid(bidder, part.bid_id, order.key, part.reason)
        case Leaving():
            return Leave(bidder, order.key)
        case Priced(limit=Decimal() as limit):
            return SetProxy(
                bidder,
                part.bid_id,
                limit,
                part.commitment,
                part.offer.valid_until,
                order.key,
                part.step,
                part.offer.answered,
            )
        case Priced():
            return PlaceBid(
                bidder,
                part.bid_id,
                part.amount,
                part.commitment,
                part.offer.valid_until,
                order.key,
                part.offer.answered,
                part.confirmed,
            )


def lot_problems(refs: Iterable[str], known: Container[str]) -> tuple[FieldError, ...]:
    """Return what stands against the lots that offers name: unknown ones, and one that is named twice."""
    seen: set[str] = set()
    errors: list[FieldError] = []
    for index, ref in enumerate(refs):
        if ref not in known or ref in seen:
            problem = "is given twice" if ref in seen else "is no lot of this request"
            errors.append(FieldError(f"/lots/{index}/lot", f"{ref} {problem}"))
        seen.add(ref)
    return tuple(errors)
