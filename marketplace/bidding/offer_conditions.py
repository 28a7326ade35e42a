"""What an offer says of the award as a whole: packages, volume tiers, capacity. Kept and shown with the bid."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import CENT, LIMIT, cents

MOST_PACKAGES = 50
MOST_TIERS = 5
MOST_LOTS = 5_000
MOST_MBPS = 10**9
_HUNDRED = 100


@dataclass(frozen=True, slots=True)
class PackageCondition:
    """A discount on a set of lots, given only if all of them are awarded to this provider.

    Either ``percent`` of the lots' total cost, or ``amount`` once. Kept with the bid and shown to the buyer; the
    auction's total leaves it out, since a bid on one lot is compared before it is known who gets the others.
    """

    lots: tuple[str, ...]
    percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class VolumeTier:
    """``percent`` off this provider's lots from so many awarded lots on, or from so much recurring charge a month.

    Kept and shown like a package, and likewise no part of the auction's total.
    """

    percent: Decimal
    from_lots: int | None = None
    from_monthly: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Capacity:
    """The most that this provider takes on of the request, over all its lots of it; None: any number.

    ``sites`` counts different ones, ``mbps`` the bandwidth that the must lines ask for. Where a provider's bids state
    different figures, the smallest of each kind holds.
    """

    lots: int | None = None
    sites: int | None = None
    mbps: int | None = None


def capacity_words(capacity: Capacity) -> str:
    """Return a capacity as people write it: 'at most 3 lots, 10000 Mbps'."""
    stated = ((capacity.lots, "lots"), (capacity.sites, "sites"), (capacity.mbps, "Mbps"))
    return f"at most {', '.join(f'{most} {what}' for most, what in stated if most is not None)}"


def capacity_problems(capacity: Capacity, pointer: str) -> Iterator[FieldError]:
    """Yield what stands against a stated capacity."""
    here = f"{pointer}/capacity"
    stated = (
        ("lots", capacity.lots, MOST_LOTS),
        ("sites", capacity.sites, MOST_LOTS),
        ("mbps", capacity.mbps, MOST_MBPS),
    )
    if all(figure is None for _, figure, _ in stated):
        yield FieldError(here, "a capacity says how many lots, sites or Mbps at most: name one, or leave it out")
    for name, figure, most in stated:
        if figure is not None and not 1 <= figure <= most:
            yield FieldError(f"{here}/{name}", f"write a whole number from 1 to {most:,}, or leave it out")


def condition_problems(
    lot: str, packages: tuple[PackageCondition, ...], volume: tuple[VolumeTier, ...], pointer: str
) -> Iterator[FieldError]:
    """Yield what stands against the conditions of an offer on ``lot``."""
    yield from _package_problems(lot, packages, pointer)
    yield from _volume_problems(volume, pointer)


def unknown_package_lots(
    packages: tuple[PackageCondition, ...], known: Collection[str], pointer: str
) -> tuple[FieldError, ...]:
    """Return the lots that packages name and the request doesn't have."""
    return tuple(
        FieldError(f"{pointer}/packages/{index}/lots", f"{ref} is no lot of this request")
        for index, package in enumerate(packages)
        for ref in package.lots
        if ref not in known
    )


def is_amount(amount: Decimal) -> bool:
    """Tell whether ``amount`` can be a price: 0 or more, below the limit, in whole cents."""
    return amount.is_finite() and 0 <= amount < LIMIT and amount == cents(amount)


def is_percentage(figure: Decimal, step: Decimal) -> bool:
    """Tell whether ``figure`` is above 0, at most 100, and a multiple of ``step``."""
    return figure.is_finite() and 0 < figure <= _HUNDRED and figure == figure.quantize(step)


def _package_problems(lot: str, packages: tuple[PackageCondition, ...], pointer: str) -> Iterator[FieldError]:
    if len(packages) > MOST_PACKAGES:
        yield FieldError(f"{pointer}/packages", f"an offer takes at most {MOST_PACKAGES} packages")
    sets: set[frozenset[str]] = set()
    for index, package in enumerate(packages):
        here, lots = f"{pointer}/packages/{index}", frozenset(package.lots)
        if len(lots) < 2 or len(lots) != len(package.lots) or lot not in lots:  # noqa: PLR2004 - 'at least two'
            yield FieldError(f"{here}/lots", f"a package names two lots or more, each once, among them {lot}")
        elif lots in sets:
            yield FieldError(f"{here}/lots", "a package of the same lots stands above")
        sets.add(lots)
        if (package.percent is None) == (package.amount is None):
            yield FieldError(here, "a package gives either a percent or an amount off")
        if package.percent is not None and not is_percentage(package.percent, CENT):
            yield FieldError(f"{here}/percent", "a discount is above 0 and at most 100 percent, with two decimals")
        if package.amount is not None and not (package.amount and is_amount(package.amount)):
            yield FieldError(f"{here}/amount", "an amount off is above 0, below 10^12, in whole cents")


def _volume_problems(volume: tuple[VolumeTier, ...], pointer: str) -> Iterator[FieldError]:
    if len(volume) > MOST_TIERS:
        yield FieldError(f"{pointer}/volume", f"an offer takes at most {MOST_TIERS} volume tiers")
    for index, tier in enumerate(volume):
        here = f"{pointer}/volume/{index}"
        if (tier.from_lots is None) == (tier.from_monthly is None):
            yield FieldError(here, "a tier begins either at a number of lots or at an amount a month")
        if tier.from_lots is not None and tier.from_lots < 2:  # noqa: PLR2004 - from one lot on is no volume
            yield FieldError(f"{here}/from_lots", "a tier begins at two lots or more: below that it is the price")
        if tier.from_monthly is not None and not (tier.from_monthly and is_amount(tier.from_monthly)):
            yield FieldError(f"{here}/from_monthly", "an amount a month is above 0, below 10^12, in whole cents")
        if not is_percentage(tier.percent, CENT):
            yield FieldError(f"{here}/percent", "a discount is above 0 and at most 100 percent, with two decimals")
        elif any(_contradicts(tier, other) for other in volume[:index]):
            yield FieldError(f"{here}/percent", "a higher tier gives more than a lower one, and each begins elsewhere")


def _contradicts(tier: VolumeTier, other: VolumeTier) -> bool:
    """Tell whether the tier that begins higher gives no more; tiers in lots and in money don't compare."""
    for one, two in ((tier.from_lots, other.from_lots), (tier.from_monthly, other.from_monthly)):
        if one is not None and two is not None:
            return one == two or (one > two) != (tier.percent > other.percent) or tier.percent == other.percent
    return False
