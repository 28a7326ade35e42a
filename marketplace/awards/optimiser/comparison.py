"""A report as the documented JSON of results, and how it compares with the results that a file expects."""

from dataclasses import dataclass
from typing import Any

from marketplace.awards.optimiser.report import Report
from marketplace.kernel import codec

COUNTS = frozenset({"enumerated", "feasible"})
"""Parts that say how an author counted: a difference is told, and is no error."""


@dataclass(frozen=True, slots=True)
class Part:
    """One expected part and what was found for it."""

    name: str
    expected: Any
    found: Any
    agrees: bool


def document(report: Report) -> dict[str, Any]:
    """Return a report as JSON: the parts of the documented results under their names, and what else is known."""
    award, counted = report.award, report.counted
    found: dict[str, Any] = {
        "status": award.status,
        "total_cost": award.cost,
        "bound": award.bound,
        "gap": award.gap,
        "award": list(award.offers),
        "lots": {one.lot: one.offer for one in award.lots},
        "claimed_tiers": {one.discount: {"min": one.min, "saving": one.saving} for one in award.claims},
        "optimal_awards": [list(tie) for tie in award.ties] if award.status == "optimal" else [],
        "all_ties_found": award.ties_complete,
        "rejected_offers": {one.offer: one.reason for one in award.rejected},
        "binding_rules": list(award.binding),
        "price_of_rules": {
            one.rule: {"cost_without": one.cost_without, "price": one.price} for one in report.prices.rules
        },
        "price_of_all_rules": {
            "cost_without": report.prices.together.cost_without,
            "price": report.prices.together.price,
        },
        "cost_increase_if_offer_forced": {one.offer: one.increase for one in report.distances},
        "vcg": {
            one.carrier: {
                "paid_as_bid": one.paid_as_bid,
                "best_without": one.best_without,
                "vcg_payment": one.figure,
            }
            for one in report.criticality
        },
        "greedy_cheapest_per_lot": {"total_cost": report.greedy.cost, "violates": list(report.greedy.violates)},
        "conflict": codec.dump(report.conflict) if report.conflict is not None else None,
        "not_proven": _not_proven(report),
        "proof": codec.dump(award.proof),
    }
    if counted is not None:
        found |= {"enumerated": counted.choices, "feasible": counted.feasible}
    return found


def _not_proven(report: Report) -> list[str]:
    """Return which figures are only the best found in time."""
    return [
        *(f"price_of_rules/{one.rule}" for one in report.prices.rules if not one.proven),
        *(f"cost_increase_if_offer_forced/{one.offer}" for one in report.distances if not one.proven),
        *(f"vcg/{one.carrier}" for one in report.criticality if not one.proven),
    ]


def compared(found: dict[str, Any], expected: dict[str, Any], rules: frozenset[str]) -> tuple[Part, ...]:
    """Return how each expected part compares. Parts that a report doesn't hold are not compared.

    Of rejected offers the reasons are free; ties and violations have no order; of what is violated beside the
    buyer's ``rules`` only that there is something counts, as it has no agreed name.
    """
    return tuple(
        Part(name, wanted, found[name], _plain(name, wanted, rules) == _plain(name, found[name], rules))
        for name, wanted in expected.items()
        if name in found
    )


def _plain(name: str, value: Any, rules: frozenset[str]) -> Any:
    match name, value:
        case "rejected_offers", dict():
            return sorted(value)
        case "optimal_awards", list():
            return sorted(sorted(award) for award in value)
        case "greedy_cheapest_per_lot", {"total_cost": cost, "violates": list(violates)}:
            return cost, sorted(rules.intersection(violates)), not rules.issuperset(violates)
        case _:
            return value
