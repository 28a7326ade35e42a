"""What the optimiser decides about: lots, offers, discounts and the buyer's rules, in integer cents."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

Metric: TypeAlias = Literal["lots", "sites", "mrc"]
ShareMetric: TypeAlias = Literal["lots", "sites", "value"]
BudgetMetric: TypeAlias = Literal["tco", "mrc", "nrc"]


@dataclass(frozen=True, slots=True)
class Lot:
    """One need, covered exactly once; with a ``reserve`` (cents) it may stay open at that cost.

    ``switching_cost`` (cents) is paid if a carrier other than ``incumbent`` wins it. ``weight`` counts in the mean
    quality, ``mbps`` against capacities in Mbps.
    """

    id: str
    site: str
    weight: int = 1
    incumbent: str | None = None
    switching_cost: int = 0
    required_features: tuple[str, ...] = ()
    max_install_days: int | None = None
    reserve: int | None = None
    region: str | None = None
    mbps: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """An offer stands only if its carrier wins at least ``min_lots`` lots of ``scope`` (None: of all lots)."""

    min_lots: int
    scope: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A carrier's price for one lot, or for several of which it wants all or none.

    ``mrc`` and ``nrc`` in cents; ``extra`` (cents over the horizon: usage, taxes as quoted) is paid and never
    discounted; ``malus`` (cents, negative: a bonus) is compared and not paid. Of offers with the same ``xor_group``
    of one carrier at most one is taken. ``path`` holds tags of the physical way in, such as ``owner:X``.
    """

    id: str
    carrier: str
    lots: tuple[str, ...]
    mrc: int
    nrc: int
    term_months: int
    quality: int = 0
    install_days: int | None = None
    features: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    requires: Condition | None = None
    discountable: bool = True
    xor_group: str | None = None
    extra: int = 0
    malus: int = 0


@dataclass(frozen=True, slots=True)
class Carrier:
    """Who offers, and what it can take on: nothing at all, or at least ``min_award_lots``."""

    id: str
    capacity_lots: int | None = None
    capacity_sites: int | None = None
    capacity_mbps: int | None = None
    min_award_lots: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """From ``min`` of the discount's metric on: basis points off PV(MRC) and off NRC, and a lump in cents."""

    min: int
    mrc_bp: int = 0
    nrc_bp: int = 0
    lump: int = 0


@dataclass(frozen=True, slots=True)
class Discount:
    """All-units tiers of one carrier; at most one of them counts. ``scope`` None: all lots."""

    id: str
    carrier: str
    metric: Metric
    tiers: tuple[Tier, ...]
    scope: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Exclude:
    """The carrier wins none of these lots (None: no lot at all). Filters offers."""

    id: str
    carrier: str
    lots: tuple[str, ...] | None
    type: Literal["exclude"] = "exclude"


@dataclass(frozen=True, slots=True)
class Features:
    """Every offer for these lots (None: all) has these features. Filters offers."""

    id: str
    features: tuple[str, ...]
    lots: tuple[str, ...] | None
    type: Literal["features"] = "features"


@dataclass(frozen=True, slots=True)
class InstallWithin:
    """Every offer for these lots (None: all) is installed within so many days. Filters offers."""

    id: str
    days: int
    lots: tuple[str, ...] | None
    type: Literal["install_within"] = "install_within"


@dataclass(frozen=True, slots=True)
class Require:
    """These offers are taken, and the carrier wins each of these lots."""

    id: str
    carrier: str | None
    lots: tuple[str, ...]
    offers: tuple[str, ...] = ()
    type: Literal["require"] = "require"


@dataclass(frozen=True, slots=True)
class MaxCarriers:
    """At most ``n`` carriers win anything."""

    id: str
    n: int
    type: Literal["max_carriers"] = "max_carriers"


@dataclass(frozen=True, slots=True)
class MinCarriers:
    """At least ``n`` carriers win something."""

    id: str
    n: int
    type: Literal["min_carriers"] = "min_carriers"


@dataclass(frozen=True, slots=True)
class MaxShare:
    """The carrier (None: each) gets at most ``share_bp`` basis points of what is awarded.

    ``value`` is PV(MRC) + NRC by list, without discounts and switching cost.
    """

    id: str
    carrier: str | None
    metric: ShareMetric
    share_bp: int
    type: Literal["max_share"] = "max_share"


@dataclass(frozen=True, slots=True)
class MinShare:
    """The carrier (None: each that wins anything) gets at least ``share_bp``; ``if_awarded``: or nothing."""

    id: str
    carrier: str | None
    metric: ShareMetric
    share_bp: int
    if_awarded: bool = False
    type: Literal["min_share"] = "min_share"


@dataclass(frozen=True, slots=True)
class MaxAwards:
    """The carrier (None: each) gets at most ``n`` lots, sites, or cents of list value."""

    id: str
    carrier: str | None
    metric: ShareMetric
    n: int
    type: Literal["max_awards"] = "max_awards"


@dataclass(frozen=True, slots=True)
class MinAwards:
    """The carrier (None: each that wins anything) gets at least ``n``; ``if_awarded``: or nothing."""

    id: str
    carrier: str | None
    metric: ShareMetric
    n: int
    if_awarded: bool = False
    type: Literal["min_awards"] = "min_awards"


@dataclass(frozen=True, slots=True)
class Diverse:
    """Two lots of a pair have nothing of ``by`` in common.

    ``carrier``: not the same carrier; ``path``: no common path tag; any other word: no common path tag that begins
    with it and a colon, such as ``owner`` and ``entrance``.
    """

    id: str
    pairs: tuple[tuple[str, str], ...]
    by: tuple[str, ...] = ("carrier", "path")
    type: Literal["diverse"] = "diverse"


@dataclass(frozen=True, slots=True)
class Budget:
    """At most ``max`` cents: total cost, or the sum of MRC a month or of NRC by list."""

    id: str
    metric: BudgetMetric
    max: int
    type: Literal["budget"] = "budget"


@dataclass(frozen=True, slots=True)
class MinQuality:
    """A hundred times the weighted mean quality over the awarded lots is at least ``q100``."""

    id: str
    q100: int
    type: Literal["min_quality"] = "min_quality"


@dataclass(frozen=True, slots=True)
class MaxSwitched:
    """At most ``n`` lots leave their incumbent."""

    id: str
    n: int
    type: Literal["max_switched"] = "max_switched"


@dataclass(frozen=True, slots=True)
class SameCarrier:
    """What is awarded of a group of lots goes to one carrier: both lines of a site, everything in a region."""

    id: str
    groups: tuple[tuple[str, ...], ...]
    type: Literal["same_carrier"] = "same_carrier"


@dataclass(frozen=True, slots=True)
class Xor:
    """At most one of these offers is taken."""

    id: str
    offers: tuple[str, ...]
    type: Literal["xor"] = "xor"


Filter: TypeAlias = Exclude | Features | InstallWithin
"""Rules that take offers out before anything is chosen."""

Rule: TypeAlias = (
    Filter
    | Require
    | MaxCarriers
    | MinCarriers
    | MaxShare
    | MinShare
    | MaxAwards
    | MinAwards
    | Diverse
    | Budget
    | MinQuality
    | MaxSwitched
    | SameCarrier
    | Xor
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that an award depends on. ``seed`` decides ties that nothing else decides."""

    horizon_months: int
    lots: tuple[Lot, ...]
    carriers: tuple[Carrier, ...]
    offers: tuple[Offer, ...]
    discounts: tuple[Discount, ...] = ()
    rules: tuple[Rule, ...] = ()
    discount_rate_bp: int = 0
    renewal_uplift_bp: int = 0
    currency: str = "USD"
    name: str = ""
    seed: str = ""


def in_order(problem: Problem) -> Problem:
    """Return the same problem with everything sorted, so that the order of input changes nothing."""
    return replace(
        problem,
        lots=tuple(sorted(problem.lots, key=lambda lot: lot.id)),
        carriers=tuple(sorted(problem.carriers, key=lambda carrier: carrier.id)),
        offers=tuple(sorted(problem.offers, key=lambda offer: offer.id)),
        discounts=tuple(sorted(problem.discounts, key=lambda discount: discount.id)),
        rules=tuple(sorted(problem.rules, key=lambda rule: rule.id)),
    )
