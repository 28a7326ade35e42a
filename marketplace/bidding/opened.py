"""Bids after the opening, as comparison and award take them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from marketplace.bidding.model import Status
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.kernel.ids import BidId, OrganizationId


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """An opened, standing bid with its place in the lot's one order.

    ``malus`` is what its declared qualities add to its price in money; None where points decide.
    """

    rank: int
    joint: bool
    provider_id: OrganizationId
    bid_id: BidId
    amount: Decimal
    offer: Offer
    request_version: int
    placed_at: datetime
    valid_until: date | None
    surrogate: bool = False
    malus: Decimal | None = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenedLot:
    """A lot of which the buyer may see the bids: what there was to price, and its standing bids, best first."""

    status: Status
    to_price: LotToPrice
    offers: tuple[RankedOffer, ...]


@dataclass(frozen=True, slots=True)
class OpenedOffer:
    """An opened bid with what it was priced for. ``commitment`` is the hash that its receipt names."""

    bid_id: BidId
    version: int
    request_version: int
    placed_at: datetime
    commitment: str
    to_price: LotToPrice
    offer: Offer
