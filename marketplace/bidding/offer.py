"""What a bid says, line by line, and what it costs in total: one formula for auction, comparison and award."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from enum import StrEnum

from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import LIMIT, RATE_STEP, cents

_PRECISION = 40


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


@dataclass(frozen=True, slots=True)
class LinePrice:
    """The price of one line per unit of its quantity: ``mrc`` a month, ``nrc`` once. ``install_days`` from order."""

    line: str
    mrc: Decimal
    nrc: Decimal = Decimal(0)
    usage_rates: tuple[UsageRate, ...] = ()
    install_days: int | None = None
    answers: tuple[FeatureAnswer, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """One provider's priced reply to one lot. ``terms_sha256`` fixes the terms document that goes with it."""

    lot: str
    lines: tuple[LinePrice, ...]
    term_months: int
    valid_until: date | None
    terms_id: str
    terms_sha256: str
    note: str = ""


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
    """The parts of one line's cost over the term, and the formula with its figures in words."""

    line: str
    nrc: Decimal
    recurring: Decimal
    usage: Decimal
    total: Decimal
    formula: str


@dataclass(frozen=True, slots=True)
class TotalCost:
    """The cost of an offer over the term: the sum over its must lines. Optional lines are priced beside it."""

    total: Decimal
    lines: tuple[LineCost, ...]
    optional: tuple[LineCost, ...]


def months_in_advance(term_months: int, discount_rate: Decimal) -> Decimal:
    """Return what one unit a month, paid in advance over the term, is worth today: Σ (1+r)^(-t/12), t = 0 … n-1."""
    if not discount_rate:
        return Decimal(term_months)
    with localcontext() as context:
        context.prec = _PRECISION
        monthly = (1 + discount_rate) ** (Decimal(-1) / 12)
        return sum((monthly**month for month in range(term_months)), Decimal(0))


def total_cost(lot: LotToPrice, offer: Offer) -> TotalCost:
    """Return NRC + MRC over the term (discounted when the request says so) + usage rates x prior usage, per line.

    Rounded half-even to cents once per line. The offer must be free of ``problems``.
    """
    prices = {price.line: price for price in offer.lines}
    months = months_in_advance(lot.term_months, lot.discount_rate)
    compared = {line.ref for line in lot.lines if line.must} or {line.ref for line in lot.lines}
    costs = {
        line.ref: _line_cost(line, prices[line.ref], months, lot.term_months)
        for line in lot.lines
        if line.ref in prices
    }
    chosen = tuple(cost for ref, cost in costs.items() if ref in compared)
    optional = tuple(cost for ref, cost in costs.items() if ref not in compared)
    return TotalCost(sum((cost.total for cost in chosen), Decimal(0)), chosen, optional)


def share(monthly_quantity: Decimal, quantity: int, all_quantities: int) -> Decimal:
    """Return the part of a request's prior usage that falls to a line: by its quantity, to four decimals, half-even.

    Without this every line of a service type would be charged the whole usage of the company.
    """
    return (monthly_quantity * quantity / all_quantities).quantize(RATE_STEP)


def _line_cost(line: LineToPrice, price: LinePrice, months: Decimal, term_months: int) -> LineCost:
    recurring = price.mrc * line.quantity * months
    once = price.nrc * line.quantity
    rates = {rate.unit: rate.rate for rate in price.usage_rates if rate.service_type == line.service_type}
    monthly_usage = sum((rates.get(use.unit, Decimal(0)) * use.monthly_quantity for use in line.usage), Decimal(0))
    used = monthly_usage * months
    total = cents(once + recurring + used)
    factor = f"{months.normalize():f}" if months == term_months else f"{months:.4f}"
    formula = f"{price.nrc} x {line.quantity} once + {price.mrc} x {line.quantity} x {factor} months"
    if monthly_usage:
        formula += f" + usage {monthly_usage.normalize():f} x {factor} months"
    return LineCost(line.ref, cents(once), cents(recurring), cents(used), total, f"{formula} = {total}")


def problems(lot: LotToPrice, offer: Offer, pointer: str) -> tuple[FieldError, ...]:
    """Return what stands against an offer: every must line has one price, no line of another lot, money in range."""
    lines = {line.ref: line for line in lot.lines}
    given = [price.line for price in offer.lines]
    missing = [line.ref for line in lot.lines if line.must and line.ref not in given]
    found = [
        FieldError(f"{pointer}/lines", f"{ref} has no price: a bid prices every must line of its lot")
        for ref in missing
    ]
    for index, price in enumerate(offer.lines):
        at = f"{pointer}/lines/{index}"
        if price.line not in lines:
            found.append(
                FieldError(
                    f"{at}/line", f"{price.line} is no line of {lot.ref}: its lines are {', '.join(sorted(lines))}"
                )
            )
        elif given.index(price.line) != index:
            found.append(FieldError(f"{at}/line", f"{price.line} is priced twice"))
        found.extend(_money_problems(price, at))
        found.extend(_rate_problems(price, lines.get(price.line), at))
    if not offer.lines:
        found.append(FieldError(f"{pointer}/lines", "price at least one line"))
    if offer.term_months != lot.term_months:
        found.append(FieldError(f"{pointer}/term_months", f"the buyer asks for {lot.term_months} months"))
    return tuple(found)


def _money_problems(price: LinePrice, at: str) -> list[FieldError]:
    found = []
    for name, amount in (("mrc", price.mrc), ("nrc", price.nrc)):
        if not (amount.is_finite() and 0 <= amount < LIMIT and amount == cents(amount)):
            found.append(FieldError(f"{at}/{name}", "an amount is 0 or more, below 10^12, in whole cents"))
    for index, answer in enumerate(price.answers):
        if answer.fit is Fit.DEVIATES and not answer.text.strip():
            found.append(FieldError(f"{at}/answers/{index}/text", "say in words what is offered instead"))
    return found


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
