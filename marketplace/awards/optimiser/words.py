"""Awards in words: how sure they are, what rules cost, why there is none. Amounts in the problem's currency."""

from decimal import Decimal

from marketplace.awards.optimiser.result import Award, Broken, Conflict, Distance, RulePrice

_BROKEN: dict[Broken, str] = {
    "time": "the search ran out of time",
    "memory": "the search ran out of memory",
    "cancelled": "the search was cancelled",
    "failure": "the search broke off",
}
_THOUSANDTH = Decimal("0.001")
_TENTH = Decimal("0.1")


def status(award: Award) -> str:
    """Return how sure an award is, in words, and why the search for a better one was broken off, if it was."""
    ended = "" if award.broken_off is None else f"; {_BROKEN[award.broken_off]}"
    return f"{_sure(award)}{ended}"


def _sure(award: Award) -> str:
    match award.status:
        case "optimal":
            return "proven cheapest"
        case "feasible":
            return f"within {gap(award)} of the cheapest" if award.bound is not None else "found; how good is not known"
        case "infeasible":
            return "no award obeys all rules"
        case "no award in time":
            return "no award found in time"


def gap(award: Award) -> str:
    """Return the largest part by which an award may be dearer than the cheapest, in per cent, rounded up."""
    if award.gap is None or award.bound is None or award.cost is None:
        return "an unknown part"
    if award.bound <= 0:
        return money(award.gap)
    share = Decimal(award.gap) * 100 / award.bound
    step = _TENTH if share >= _TENTH else _THOUSANDTH
    rounded = share.quantize(step)
    return f"{rounded if rounded >= share else rounded + step} %"


def money(cents: int | None, currency: str = "") -> str:
    """Return an amount of cents with its thousands apart, or a dash."""
    if cents is None:
        return "-"
    return f"{Decimal(cents) / 100:,.2f}{' ' + currency if currency else ''}"


def rule_price(price: RulePrice, currency: str) -> str:
    """Return what a rule costs, in words."""
    name = f"rule {price.rule}" if price.rule else "all rules together"
    unproven = "" if price.proven else " at least, as far as was found in time"
    if price.price is not None:
        return f"{name}: {money(price.price, currency)}{unproven} (without: {money(price.cost_without)})"
    if price.cost_without is not None:
        return f"{name}: no price, as there is no award with it (without: {money(price.cost_without)})"
    return f"{name}: no price, as there is no award without it either" if price.proven else f"{name}: not known in time"


def distance(one: Distance, currency: str) -> str:
    """Return what an offer is short of winning, in words."""
    if one.increase is None:
        return f"{one.offer}: cannot win under the rules" if one.proven else f"{one.offer}: not known in time"
    if one.increase == 0:
        return f"{one.offer}: wins, alone or tied"
    return f"{one.offer}: +{money(one.increase, currency)} if it must win{'' if one.proven else ', at most'}"


def ways_out(conflict: Conflict, currency: str) -> tuple[str, ...]:
    """Return why there is no award, and each way out with its cost."""
    ways = tuple(
        f"without {' and '.join(repair.drop)}: {money(repair.cost, currency)}"
        + (f" ({repair.advice})" if repair.advice else "")
        for repair in conflict.repairs
    )
    return (conflict.text, *ways)
