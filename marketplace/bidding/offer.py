"""What a bid says, line by line, and what it costs in total: one formula for auction, comparison and award."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum
from functools import lru_cache
from typing import Annotated

from marketplace.bidding.offer_conditions import (
    Capacity,
    PackageCondition,
    VolumeTier,
    capacity_problems,
    condition_problems,
    is_amount,
    is_percentage,
)
from marketplace.bidding.offer_names import LONGEST_NAME, NAME_SEPARATOR, is_name, name_problems, tidy
from marketplace.kernel.codec import IF_STATED
from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import CENT, RATE_STEP, cents

_PRECISION = 40
_HUNDRED = Decimal(100)
_NOTHING = Decimal(0)
MOST_SURCHARGES = 20


class Fit(StrEnum):
    """How an offer answers a wanted feature."""

    MEETS = "meets"
    EXCEEDS = "exceeds"
    DEVIATES = "deviates"


@dataclass(frozen=True, slots=True)
class FeatureAnswer:
    """The answer to one wanted feature; a deviation says in words what is offered instead."""

    code: str
    fit: Fit
    text: str = ""


@dataclass(frozen=True, slots=True)
class UsageRate:
    """The price of one unit of usage, such as a minute, for a service type of the prior usage. Four decimals."""

    service_type: str
    unit: str
    rate: Decimal


class Basis(StrEnum):
    """What a surcharge's figure is: an amount a month, an amount once, or a percentage of the line's ``mrc``."""

    MONTHLY = "monthly"
    ONCE = "once"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Surcharge:
    """A tax or surcharge that a bill will show beside the price, per unit of the line's quantity.

    ``figure`` is money for an amount (whole cents), percent for a percentage (up to four decimals).
    """

    name: str
    basis: Basis
    figure: Decimal


_BASIS_WORDS = {Basis.MONTHLY: " a month", Basis.ONCE: " once", Basis.PERCENT: "%"}


def surcharge_words(tax: Surcharge) -> str:
    """Return a tax or surcharge as people write it: 'USF 12.5%', 'E911 0.75 a month', 'Permit 40.00 once'."""
    return f"{tax.name} {tax.figure:f}{_BASIS_WORDS[tax.basis]}"


class Firmness(StrEnum):
    """How far a price binds. What is not firm depends on what is found at the site, up to a construction cap."""

    FIRM = "firm"
    SUBJECT_TO_SURVEY = "subject to survey"
    BUDGETARY = "budgetary"


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The price of one line per unit of its quantity: ``mrc`` a month, ``nrc`` once. ``install_days`` from order.

    ``construction_cap`` is the most that a price which is not firm may cost besides, once per unit. ``access_owner``:
    whose the access line is; ``entrance``: the building entrance or route that it takes, in words or a code. Empty:
    not stated, so that nobody can count on the line being apart from another.
    """

    line: str
    mrc: Decimal
    nrc: Decimal = Decimal(0)
    usage_rates: tuple[UsageRate, ...] = ()
    install_days: int | None = None
    answers: tuple[FeatureAnswer, ...] = ()
    taxes: tuple[Surcharge, ...] = ()
    firmness: Firmness = Firmness.FIRM
    construction_cap: Decimal | None = None
    access_owner: Annotated[str, IF_STATED] = ""
    entrance: Annotated[str, IF_STATED] = ""

    @property
    def open_ended(self) -> bool:
        """Whether nobody can say what the line will cost at most."""
        return self.firmness is not Firmness.FIRM and self.construction_cap is None


@dataclass(frozen=True, slots=True)
class QualityAnswer:
    """The answer to one criterion that the auction's rules declare and value in money, both by code."""

    criterion: str
    answer: str


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider's priced reply to one lot. ``terms_sha256`` fixes the terms document that goes with it.

    ``adjustment`` is the one-off difference (whole cents, either sign) between the sum of the lines and the price at
    which the lot is offered: the prices of a clock or a proxy are prices of lots. Conditions: see their types.
    ``quality`` answers the criteria that the auction's rules declare. Of a provider's offers for several lots with the
    same ``alternative`` code, whatever its case, at most one can be taken.
    """

    lot: str
    lines: tuple[LinePrice, ...]
    term_months: int
    valid_until: date | None
    terms_id: str
    terms_sha256: str
    note: str = ""
    adjustment: Decimal = Decimal(0)
    packages: tuple[PackageCondition, ...] = ()
    volume: tuple[VolumeTier, ...] = ()
    quality: tuple[QualityAnswer, ...] = ()
    capacity: Annotated[Capacity | None, IF_STATED] = None
    alternative: Annotated[str, IF_STATED] = ""

    @property
    def answered(self) -> tuple[tuple[str, str], ...]:
        """The answers to the criteria as pairs of codes."""
        return tuple((given.criterion, given.answer) for given in self.quality)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a line's rates are multiplied with: its share of the prior usage of its service type, per month."""

    unit: str
    monthly_quantity: Decimal


@dataclass(frozen=True, slots=True)
class LineToPrice:
    """What the total of a lot is computed over: a line's quantity and usage, and whether it must be priced."""

    ref: str
    service_type: str
    quantity: int
    must: bool
    usage: tuple[Usage, ...] = ()


@dataclass(frozen=True, slots=True)
class LotToPrice:
    """A lot with all that the total cost of an offer for it depends on. ``discount_rate`` is per year."""

    ref: str
    lines: tuple[LineToPrice, ...]
    term_months: int
    discount_rate: Decimal


@dataclass(frozen=True, slots=True)
class LineCost:
    """The parts of one line's cost over the term, and the formula with its figures in words.

    ``construction`` is the cap, as if all of it were needed. ``open_ended``: there is no cap, the total is no limit.
    """

    line: str
    nrc: Decimal
    recurring: Decimal
    usage: Decimal
    taxes: Decimal
    construction: Decimal
    total: Decimal
    formula: str
    firmness: Firmness
    open_ended: bool


@dataclass(frozen=True, slots=True)
class TotalCost:
    """The cost of an offer over the term: its must lines and its adjustment. Optional lines are priced beside it.

    ``open_ended`` names the lines in the total without a known limit: a bid with any is never called the best.
    """

    total: Decimal
    lines: tuple[LineCost, ...]
    optional: tuple[LineCost, ...]
    adjustment: Decimal = Decimal(0)
    open_ended: tuple[str, ...] = ()


@lru_cache(maxsize=1024)
def months_in_advance(term_months: int, discount_rate: Decimal) -> Decimal:
    """Return what one unit a month, paid in advance over the term, is worth today: Σ (1+r)^(-t/12), t = 0 … n-1."""
    if not discount_rate:
        return Decimal(term_months)
    with localcontext() as context:
        context.prec = _PRECISION
        monthly = (1 + discount_rate) ** (Decimal(-1) / 12)
        return sum((monthly**month for month in range(term_months)), Decimal(0))


def total_cost(lot: LotToPrice, offer: Offer) -> TotalCost:
    """Return what an offer costs over the term at worst, with the parts of every line.

    NRC + MRC over the term (discounted when the request says so) + usage rates x prior usage + taxes and surcharges +
    construction caps, per line, and the lot's adjustment. Rounded half-even to cents once per line. The offer must be
    free of ``problems``.
    """
    prices = {price.line: price for price in offer.lines}
    months = months_in_advance(lot.term_months, lot.discount_rate)
    compared = {line.ref for line in lot.lines if line.must} or {line.ref for line in lot.lines}
    chosen: list[LineCost] = []
    optional: list[LineCost] = []
    for line in lot.lines:
        if line.ref in prices:
            cost = _line_cost(line, prices[line.ref], months, lot.term_months)
            (chosen if line.ref in compared else optional).append(cost)
    return TotalCost(
        sum((cost.total for cost in chosen), offer.adjustment),
        tuple(chosen),
        tuple(optional),
        offer.adjustment,
        tuple(cost.line for cost in chosen if cost.open_ended),
    )


def total(lot: LotToPrice, offer: Offer) -> Decimal:
    """Return the total of ``total_cost`` alone, for whom no formula in words is made."""
    prices = {price.line: price for price in offer.lines}
    months = months_in_advance(lot.term_months, lot.discount_rate)
    compared = [line for line in lot.lines if line.must] or lot.lines
    parts = [_parts(line, prices[line.ref], months) for line in compared if line.ref in prices]
    return sum([cents(sum(part, _NOTHING)) for part in parts], offer.adjustment)


def adjusted_to(lot: LotToPrice, offer: Offer, price: Decimal) -> Offer:
    """Return the same lines with the adjustment that makes the total exactly ``price``.

    Raises:
        ValueError: the price is not in whole cents.
    """
    if price != cents(price):
        raise ValueError(f"{price} is not in whole cents")
    lines = total(lot, offer) - offer.adjustment
    return replace(offer, adjustment=price - lines)


def share(monthly_quantity: Decimal, quantity: int, all_quantities: int) -> Decimal:
    """Return the part of a request's prior usage that falls to a line: by its quantity, to four decimals, half-even.

    Without this every line of a service type would be charged the whole usage of the company.
    """
    return (monthly_quantity * quantity / all_quantities).quantize(RATE_STEP)


def _line_cost(line: LineToPrice, price: LinePrice, months: Decimal, term_months: int) -> LineCost:
    quantity = line.quantity
    once, recurring, used, taxes, construction = parts = _parts(line, price, months)
    monthly_usage = _monthly_usage(line, price)
    monthly_tax, tax_once = _surcharges(price)
    total = cents(sum(parts, _NOTHING))
    factor = _factor(months, term_months)
    formula = f"{price.nrc} x {quantity} once + {price.mrc} x {quantity} x {factor} months"
    if monthly_usage:
        formula += f" + usage {_plain(monthly_usage)} x {factor} months"
    if monthly_tax:
        formula += f" + taxes and surcharges {_plain(monthly_tax)} x {quantity} x {factor} months"
    if tax_once:
        formula += f" + taxes and surcharges {tax_once} x {quantity} once"
    if construction:
        formula += f" + construction at most {price.construction_cap} x {quantity} once"
    open_ended = price.open_ended
    if open_ended:
        formula += f" + open: {price.firmness}, construction without a cap"
    return LineCost(
        line.ref,
        cents(once),
        cents(recurring),
        cents(used) if used else CENT * 0,
        cents(taxes) if taxes else CENT * 0,
        cents(construction) if construction else CENT * 0,
        total,
        f"{formula} = {total}",
        price.firmness,
        open_ended,
    )


def _parts(line: LineToPrice, price: LinePrice, months: Decimal) -> tuple[Decimal, Decimal, Decimal, Decimal, Decimal]:
    """Return what a line costs over the term, unrounded: once, recurring, usage, taxes, construction."""
    quantity = line.quantity
    used = taxes = construction = _NOTHING
    if line.usage:
        used = _monthly_usage(line, price) * months
    if price.taxes:
        monthly_tax, tax_once = _surcharges(price)
        taxes = (monthly_tax * months + tax_once) * quantity
    if price.construction_cap is not None:
        construction = price.construction_cap * quantity
    return price.nrc * quantity, price.mrc * quantity * months, used, taxes, construction


def _monthly_usage(line: LineToPrice, price: LinePrice) -> Decimal:
    rates = {rate.unit: rate.rate for rate in price.usage_rates if rate.service_type == line.service_type}
    return sum((rates.get(use.unit, _NOTHING) * use.monthly_quantity for use in line.usage), _NOTHING)


def _surcharges(price: LinePrice) -> tuple[Decimal, Decimal]:
    """Return the taxes and surcharges of one unit: a month, and once."""
    monthly = once = _NOTHING
    for tax in price.taxes:
        if tax.basis is Basis.ONCE:
            once += tax.figure
        else:
            monthly += price.mrc * tax.figure / _HUNDRED if tax.basis is Basis.PERCENT else tax.figure
    return monthly, once


@lru_cache(maxsize=1024)
def _factor(months: Decimal, term_months: int) -> str:
    return _plain(months) if months == term_months else f"{months:.4f}"


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def problems(lot: LotToPrice, offer: Offer, pointer: str) -> tuple[FieldError, ...]:
    """Return what stands against an offer: every must line has one price, no line of another lot, money in range."""
    lines = {line.ref: line for line in lot.lines}
    first: dict[str, int] = {}
    for index, price in enumerate(offer.lines):
        first.setdefault(price.line, index)
    found = [
        FieldError(f"{pointer}/lines", f"{line.ref} has no price: a bid prices every must line of its lot")
        for line in lot.lines
        if line.must and line.ref not in first
    ]
    for index, price in enumerate(offer.lines):
        at = f"{pointer}/lines/{index}"
        if price.line not in lines:
            known = ", ".join(sorted(lines))
            found.append(FieldError(f"{at}/line", f"{price.line} is no line of {lot.ref}: its lines are {known}"))
        elif first[price.line] != index:
            found.append(FieldError(f"{at}/line", f"{price.line} is priced twice"))
        found += _price_problems(price, lines.get(price.line), at)
    if not offer.lines:
        found.append(FieldError(f"{pointer}/lines", "price at least one line"))
    if offer.term_months != lot.term_months:
        found.append(FieldError(f"{pointer}/term_months", f"the buyer asks for {lot.term_months} months"))
    if offer.packages or offer.volume:
        found.extend(condition_problems(offer.lot, offer.packages, offer.volume, pointer))
    if offer.capacity is not None or offer.alternative:
        found += _limit_problems(offer, pointer)
    if offer.adjustment:
        found.extend(_adjustment_problems(lot, offer, pointer, priced=not found))
    return tuple(found)


def _limit_problems(offer: Offer, pointer: str) -> Iterator[FieldError]:
    if offer.capacity is not None:
        yield from capacity_problems(offer.capacity, pointer)
    yield from name_problems(offer.alternative, f"{pointer}/alternative", "north or south")


def _price_problems(price: LinePrice, line: LineToPrice | None, at: str) -> list[FieldError]:
    found = [*_money_problems(price, at), *_rate_problems(price, line, at)]
    if price.taxes:
        found += surcharge_problems(price.taxes, f"{at}/taxes")
    if price.construction_cap is not None:
        found += _firmness_problems(price, price.construction_cap, at)
    if price.access_owner:
        found += name_problems(price.access_owner, f"{at}/access_owner", "Cascade Fiber")
    if price.entrance:
        found += name_problems(price.entrance, f"{at}/entrance", "north, Pine St")
    return found


def _money_problems(price: LinePrice, at: str) -> Iterator[FieldError]:
    for name, amount in (("mrc", price.mrc), ("nrc", price.nrc)):
        if not is_amount(amount):
            yield FieldError(f"{at}/{name}", "an amount is 0 or more, below 10^12, in whole cents")
    for index, answer in enumerate(price.answers):
        if answer.fit is Fit.DEVIATES and not answer.text.strip():
            yield FieldError(f"{at}/answers/{index}/text", "say in words what is offered instead")


def _rate_problems(price: LinePrice, line: LineToPrice | None, at: str) -> list[FieldError]:
    """A second rate for the same use would leave open which one is agreed; a missing one would count as free."""
    named = [(rate.service_type, rate.unit) for rate in price.usage_rates]
    found = [
        FieldError(f"{at}/usage_rates/{index}", f"{unit} of {service_type} has a rate above")
        for index, (service_type, unit) in enumerate(named)
        if named.index((service_type, unit)) != index
    ]
    for use in line.usage if line is not None else ():
        if line is not None and (line.service_type, use.unit) not in named:
            message = f"give a rate for {use.unit} of {line.service_type}: 0 if it is included"
            found.append(FieldError(f"{at}/usage_rates", message))
    return found


def surcharge_problems(taxes: tuple[Surcharge, ...], at: str) -> Iterator[FieldError]:
    """Yield what stands against the taxes and surcharges of one line."""
    if len(taxes) > MOST_SURCHARGES:
        yield FieldError(at, f"a line takes at most {MOST_SURCHARGES} taxes and surcharges")
    seen: set[tuple[str, Basis]] = set()
    for index, tax in enumerate(taxes):
        here = f"{at}/{index}"
        if not is_name(tax.name):
            message = f"a name has 1 to {LONGEST_NAME} printable characters without '{NAME_SEPARATOR}', such as 'USF'"
            yield FieldError(f"{here}/name", message)
        elif tax.name != tidy(tax.name):
            yield FieldError(f"{here}/name", "a name is words with single spaces between them")
        elif (tax.name, tax.basis) in seen:
            yield FieldError(f"{here}/name", f"{tax.name} ({tax.basis}) stands there twice: give their sum")
        seen.add((tax.name, tax.basis))
        if tax.basis is Basis.PERCENT:
            if not is_percentage(tax.figure, RATE_STEP):
                yield FieldError(f"{here}/figure", "a percentage is above 0, at most 100, with up to four decimals")
        elif not is_amount(tax.figure):
            yield FieldError(f"{here}/figure", "an amount is 0 or more, below 10^12, in whole cents")


def _firmness_problems(price: LinePrice, cap: Decimal, at: str) -> Iterator[FieldError]:
    if price.firmness is Firmness.FIRM:
        message = "a firm price has no construction cap: leave the cap out, or say 'subject to survey'"
        yield FieldError(f"{at}/construction_cap", message)
    elif not is_amount(cap):
        yield FieldError(f"{at}/construction_cap", "an amount is 0 or more, below 10^12, in whole cents")


def _adjustment_problems(lot: LotToPrice, offer: Offer, pointer: str, *, priced: bool) -> Iterator[FieldError]:
    if not is_amount(abs(offer.adjustment)):
        yield FieldError(f"{pointer}/adjustment", "an adjustment is between -10^12 and 10^12, in whole cents")
    elif priced and total(lot, offer) < 0:
        yield FieldError(f"{pointer}/adjustment", "with this adjustment the lot would cost less than nothing")
