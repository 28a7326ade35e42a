"""The comparison of opened bids, the buyer's selection and what came of it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from marketplace.bidding.offer import LineCost
from marketplace.bidding.offer_conditions import Capacity, PackageCondition, VolumeTier
from marketplace.kernel.ids import BidId, OrganizationId, RequestId
from marketplace.kernel.money import CENT


class Outcome(StrEnum):
    """What became of a lot in an award."""

    AWARDED = "awarded"
    NOT_AWARDED = "not awarded"
    RETURNED = "returned"


WonLot = tuple[str, Outcome, BidId, Decimal]
"""A lot that a provider won: its reference, what became of it, the bid and its total."""


@dataclass(frozen=True, slots=True)
class LineAccess:
    """How a line gets in, as the bid states it: whose access line, by which entrance or route. Empty: not stated."""

    line: str
    access_owner: str = ""
    entrance: str = ""


@dataclass(frozen=True, slots=True)
class ComparedOffer:
    """One opened bid beside the others of its lot. ``stale``: made for an earlier version of the request.

    ``unpriced`` are the optional lines that it leaves out; ``above_best`` is the distance to the lot's cheapest bid
    that is current, valid and not open. ``open_ended``: nobody can say what it will cost at most, because of
    ``open_because``; such a bid has no rank. ``packages`` and ``volume`` are no part of ``total``.

    ``incomplete`` says what it leaves out or does not meet; beside a complete bid it has no rank. ``switching`` is what
    leaving the present provider costs if this bid wins, ``malus`` what its declared qualities add in money (None where
    points decide). ``monthly`` is the recurring charge a month of the lines in ``total``, by list. ``features`` tells
    of how many of the wanted features that the bid answers it meets or exceeds; ``met`` names them, ``exceeded`` counts
    the better ones. ``formula`` leads from the lines to the figure that the bids are ordered by. ``access`` is of the
    lines in ``total``; ``capacity`` and ``alternative`` limit what can be awarded to this provider together.
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
    incomplete: tuple[str, ...] = ()
    switching: Decimal = Decimal(0)
    malus: Decimal | None = Decimal(0)
    monthly: Decimal = Decimal(0)
    features: tuple[int, int] = (0, 0)
    exceeded: int = 0
    met: tuple[str, ...] = ()
    formula: str = ""
    access: tuple[LineAccess, ...] = ()
    capacity: Capacity | None = None
    alternative: str = ""

    @property
    def selectable(self) -> bool:
        """Whether it can be awarded."""
        return not (self.stale or self.expired)

    @property
    def evaluated(self) -> Decimal:
        """What the bids of a lot are compared by: total, switching cost and declared qualities."""
        return self.total + self.switching + (self.malus or 0)


@dataclass(frozen=True, slots=True)
class ComparedLot:
    """A lot and its bids, best first, open ones last. ``status`` is the lot's status in the auction."""

    lot: str
    status: str
    offers: tuple[ComparedOffer, ...]


@dataclass(frozen=True, slots=True)
class GrandTotal:
    """What one provider's selectable, complete bids cost together, and which lots it has none for.

    ``total`` includes the switching cost; discounts on condition stand beside it, not in it.
    """

    provider_id: OrganizationId
    provider_name: str
    lots: tuple[str, ...]
    missing: tuple[str, ...]
    total: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """All lots of a request. ``cheapest_total`` sums the best selectable offers of the lots that have one.

    It includes switching costs. ``prior_cost`` is today's spend over the same term, where the buyer stated it.
    Currency: the request's, in which every bid is made, so that no exchange rate stands between bids.
    ``switching_note`` says when switching costs were stated, if they count.
    """

    currency: str
    term_months: int
    lots: tuple[ComparedLot, ...]
    cheapest_total: Decimal
    prior_cost: Decimal | None
    grand_totals: tuple[GrandTotal, ...] = ()
    switching_note: str = ""


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
class Discount:
    """A discount that a selection earns by a bid's condition: how much in all, on which lots, and why in words."""

    provider_id: OrganizationId
    lots: tuple[str, ...]
    amount: Decimal
    words: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a selection rests on, for the record: a scenario, its status in words, and the hash of what it solved."""

    scenario: str = ""
    reason: str = ""
    status: str = ""
    problem_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Winner:
    """A provider that learns who the buyer is, for which lots, and which sites' exact addresses with it."""

    provider_id: OrganizationId
    provider_name: str
    lots: tuple[str, ...]
    total: Decimal
    sites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AwardPreview:
    """What confirming a selection does: who learns what, and how many learn only that they lost.

    ``discounts`` are those that the selection earns; ``total`` is before them. ``approval`` says why a second user has
    to approve, if one has to; ``warnings`` what the buyer should know before.
    """

    winners: tuple[Winner, ...]
    reveals: tuple[str, ...]
    losers: int
    total: Decimal
    discounts: tuple[Discount, ...] = ()
    approval: str = ""
    warnings: tuple[str, ...] = ()


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
    """A recorded decision of a buyer.

    ``discounts`` are what the providers' conditions take off the totals of the lots that stand: when a lot returns,
    they are reckoned anew.
    ``approved_by`` is the second user, where one had to approve.
    """

    id: str
    request_id: RequestId
    at: datetime
    lots: tuple[AwardedLot, ...]
    discounts: tuple[Discount, ...] = ()
    basis: Basis = Basis()
    decided_by: str = ""
    approved_by: str | None = None


class ApprovalStatus(StrEnum):
    """How far the second user's look at a selection is."""

    PENDING = "waits for approval"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class ApprovalLimit:
    """What one user of a buyer's organization may award alone: up to ``amount`` a request, in ``currency``."""

    amount: Decimal
    currency: str
    revision: int


@dataclass(frozen=True, slots=True)
class Approval:
    """A selection that waits, or waited, for a second user. Nothing of it is told to anybody outside.

    ``total`` is what counted against the limit: this selection and what was awarded on the request before.
    """

    id: str
    request_id: RequestId
    status: ApprovalStatus
    selection: Selection
    basis: Basis
    total: Decimal
    limit: Decimal
    currency: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    reason: str = ""
    award_id: str | None = None


@dataclass(frozen=True, slots=True)
class SwitchingCost:
    """What leaving the present provider of a lot costs once. ``incumbent``: its id here, empty if it is not here."""

    lot: str
    amount: Decimal
    incumbent: OrganizationId | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class SwitchingCosts:
    """The switching costs of a request. ``reason``: why they were stated after bids could be seen, if they were."""

    costs: tuple[SwitchingCost, ...] = ()
    revision: int = 0
    stated_by: str = ""
    stated_at: datetime | None = None
    late: bool = False
    reason: str = ""

    def of(self, lot: str, provider_id: str) -> Decimal:
        """Return what it costs to give ``lot`` to this provider."""
        paid = (cost.amount for cost in self.costs if cost.lot == lot and cost.incumbent != provider_id)
        return sum(paid, CENT * 0)
