"""The comparison of opened bids, the buyer's selection and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from marketplace.bidding.offer import LineCost
from marketplace.bidding.offer_conditions import PackageCondition, VolumeTier
from marketplace.kernel.ids import BidId, OrganizationId, RequestId


class Outcome(StrEnum):
    """What became of a lot in an award."""

    AWARDED = "awarded"
    NOT_AWARDED = "not awarded"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class ComparedOffer:
    """One opened bid beside the others of its lot. ``stale``: made for an earlier version of the request.

    ``unpriced`` are the optional lines that it leaves out; ``above_best`` is the distance to the lot's cheapest bid
    that is current, valid and not open. ``open_ended``: nobody can say what it will cost at most, because of
    ``open_because``; such a bid has no rank. ``packages`` and ``volume`` are no part of ``total``.
    """

    rank: int | None
    joint: bool
    provider_id: OrganizationId
    provider_name: str
    bid_id: BidId
    total: Decimal
    above_best: Decimal | None
    lines: tuple[LineCost, ...]
    optional: tuple[LineCost, ...]
    unpriced: tuple[str, ...]
    deviations: tuple[str, ...]
    slowest_install_days: int | None
    valid_until: date | None
    expired: bool
    stale: bool
    terms_sha256: str
    open_ended: bool = False
    open_because: tuple[str, ...] = ()
    taxes: tuple[str, ...] = ()
    adjustment: Decimal = Decimal(0)
    packages: tuple[PackageCondition, ...] = ()
    volume: tuple[VolumeTier, ...] = ()
    surrogate: bool = False

    @property
    def selectable(self) -> bool:
        """Whether it can be awarded."""
        return not (self.stale or self.expired)


@dataclass(frozen=True, slots=True)
class ComparedLot:
    """A lot and its bids, best first, open ones last. ``status`` is the lot's status in the auction."""

    lot: str
    status: str
    offers: tuple[ComparedOffer, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All lots of a request. ``cheapest_total`` sums the best selectable offers of the lots that have one.

    ``prior_cost`` is today's spend over the same term, where the buyer stated it. Currency: the request's.
    """

    currency: str
    term_months: int
    lots: tuple[ComparedLot, ...]
    cheapest_total: Decimal
    prior_cost: Decimal | None


@dataclass(frozen=True, slots=True)
class LotSelection:
    """The buyer's choice for one lot. ``reason`` is needed when it is not the cheapest selectable bid, or open."""

    lot: str
    bid_id: BidId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LotRefusal:
    """The buyer awards none of a lot's bids, and says why."""

    lot: str
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """A decision on every lot that is still to be decided."""

    awarded: tuple[LotSelection, ...]
    not_awarded: tuple[LotRefusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Winner:
    """A provider that learns who the buyer is, and for which lots."""

    provider_id: OrganizationId
    provider_name: str
    lots: tuple[str, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class AwardPreview:
    """What confirming a selection does: who learns what, and how many learn only that they lost."""

    winners: tuple[Winner, ...]
    reveals: tuple[str, ...]
    losers: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class AwardedLot:
    """A lot's part of an award."""

    lot: str
    outcome: Outcome
    provider_id: OrganizationId | None
    bid_id: BidId | None
    total: Decimal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Award:
    """A recorded decision of a buyer."""

    id: str
    request_id: RequestId
    at: datetime
    lots: tuple[AwardedLot, ...]
