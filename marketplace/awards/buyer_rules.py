"""What a buyer may demand of an award as a whole, as frozen values in the buyer's own words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Measure = Literal["lots", "sites", "value"]
"""What a share is counted in: lots, distinct sites, or money (the total cost of the bids, before discounts)."""
Separation = Literal["providers", "access_owners", "entrances"]
"""What two lots can be kept apart by: who provides, whose access line it is, by which building entrance or route."""
_APART = {
    "providers": "from two providers",
    "access_owners": "over access lines of two owners",
    "entrances": "through two entrances",
}


@dataclass(frozen=True, slots=True)
class Providers:
    """At least, at most so many providers win anything."""

    at_least: int | None = None
    at_most: int | None = None
    type: Literal["providers"] = "providers"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"{_bounds(self.at_least, self.at_most)} providers"


@dataclass(frozen=True, slots=True)
class Share:
    """A provider (empty: each that wins anything) gets at least, at most so many percent of what is awarded."""

    provider_id: str = ""
    measure: Measure = "value"
    at_least: Decimal | None = None
    at_most: Decimal | None = None
    type: Literal["share"] = "share"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        percents = _bounds(self.at_least, self.at_most, " %")
        counted = "the money" if self.measure == "value" else f"the {self.measure}"
        return f"{self.provider_id or 'each provider that wins'} gets {percents} of {counted}"


@dataclass(frozen=True, slots=True)
class Incumbents:
    """Present providers keep at least so many of the lots that they serve; each gets at most so many lots in all."""

    keep_at_least: int | None = None
    get_at_most: int | None = None
    type: Literal["incumbents"] = "incumbents"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        said = []
        if self.keep_at_least is not None:
            said.append(f"present providers keep at least {self.keep_at_least} of their lots")
        if self.get_at_most is not None:
            said.append(f"each present provider gets at most {self.get_at_most} lots")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Excluded:
    """A provider wins nothing at these sites and none of these lots; without both nothing at all."""

    provider_id: str
    sites: tuple[str, ...] = ()
    lots: tuple[str, ...] = ()
    type: Literal["excluded"] = "excluded"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        where = f" of {', '.join(self.sites + self.lots)}" if self.sites or self.lots else ""
        return f"{self.provider_id} gets nothing{where}"


@dataclass(frozen=True, slots=True)
class Together:
    """What is awarded at a site, in a region ('US-WA'), or of these lots goes to one provider."""

    site: str = ""
    region: str = ""
    lots: tuple[str, ...] = ()
    type: Literal["together"] = "together"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"one provider for {self.site or self.region or ', '.join(self.lots)}"


@dataclass(frozen=True, slots=True)
class Apart:
    """A primary and a backup lot have nothing of ``by`` in common: provider, owner of the access line, entrance.

    What a bid does not state can't be proven diverse: it counts as the same as every other.
    """

    primary: str
    backup: str
    by: tuple[Separation, ...] = ("providers",)
    type: Literal["apart"] = "apart"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        said = [words for kind, words in _APART.items() if kind in self.by]
        unknown = "" if self.by == ("providers",) else " (what a bid does not state counts as the same)"
        return f"{self.primary} and {self.backup} {', '.join(said)}{unknown}"


@dataclass(frozen=True, slots=True)
class WithFeatures:
    """Every bid taken for these lots (none named: for all) answers that it meets or exceeds these features."""

    features: tuple[str, ...]
    lots: tuple[str, ...] = ()
    type: Literal["features"] = "features"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"{', '.join(self.features)} at {', '.join(self.lots) or 'every lot'}"


@dataclass(frozen=True, slots=True)
class InstalledBefore:
    """Every bid taken for these lots (none named: for all) is installed by this day, if ordered today."""

    day: date
    lots: tuple[str, ...] = ()
    type: Literal["installed_before"] = "installed_before"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"installed by {self.day} at {', '.join(self.lots) or 'every lot'}"


@dataclass(frozen=True, slots=True)
class Budget:
    """All together costs at most so much: over the term after discounts, or a month by list."""

    amount: Decimal
    measure: Literal["total", "monthly"] = "total"
    type: Literal["budget"] = "budget"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"at most {self.amount} {'a month' if self.measure == 'monthly' else 'in all'}"


@dataclass(frozen=True, slots=True)
class MayStayOpen:
    """A lot may stay without an award, which is then counted as if it cost ``amount``."""

    lot: str
    amount: Decimal
    type: Literal["may_stay_open"] = "may_stay_open"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"{self.lot} may stay open at {self.amount}"


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """The mean service level of what is awarded, from 0 to 100, is at least this."""

    at_least: int
    type: Literal["service_level"] = "service_level"

    @property
    def words(self) -> str:
        """The rule as a sentence without its full stop."""
        return f"a service level of at least {self.at_least}"


BuyerRule = (
    Providers
    | Share
    | Incumbents
    | Excluded
    | Together
    | Apart
    | WithFeatures
    | InstalledBefore
    | Budget
    | MayStayOpen
    | ServiceLevel
)


def _bounds(at_least: object, at_most: object, unit: str = "") -> str:
    said = [f"at least {at_least}{unit}"] if at_least is not None else []
    return " and ".join(said + ([f"at most {at_most}{unit}"] if at_most is not None else []))
