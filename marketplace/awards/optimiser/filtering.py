"""Offers that can't be taken whatever else is chosen, each with the reason why."""

from collections.abc import Iterator
from dataclasses import dataclass

from marketplace.awards.optimiser.problem import Exclude, Features, InstallWithin, Lot, Offer, Problem


@dataclass(frozen=True, slots=True)
class Rejected:
    """An offer that was filtered, why, and by which of the buyer's rules, if it was one."""

    offer: str
    reason: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Filtered:
    """What is left of the offers, and what is not."""

    offers: tuple[Offer, ...]
    rejected: tuple[Rejected, ...]


def filtered(problem: Problem) -> Filtered:
    """Return the offers that meet every lot's features and dates and no exclusion, and the others with reasons."""
    lots = {lot.id: lot for lot in problem.lots}
    kept, rejected = [], []
    rules = tuple(rule for rule in problem.rules if isinstance(rule, Exclude | Features | InstallWithin))
    for offer in problem.offers:
        reasons = list(_of_lots(offer, lots))
        broken = [(rule.id, reason) for rule in rules if (reason := _of_rule(offer, rule))]
        if reasons or broken:
            said = "; ".join([*reasons, *(reason for _, reason in broken)])
            rejected.append(Rejected(offer.id, said, tuple(name for name, _ in broken)))
        else:
            kept.append(offer)
    return Filtered(tuple(kept), tuple(rejected))


def _of_lots(offer: Offer, lots: dict[str, Lot]) -> Iterator[str]:
    for name in offer.lots:
        lot = lots[name]
        missing = [feature for feature in lot.required_features if feature not in offer.features]
        if missing:
            yield f"{name}: misses {', '.join(missing)}"
        if lot.max_install_days is not None:
            late = _late(offer, lot.max_install_days)
            if late:
                yield f"{name}: {late}"


def _of_rule(offer: Offer, rule: Exclude | Features | InstallWithin) -> str:
    touched = offer.lots if rule.lots is None else tuple(lot for lot in offer.lots if lot in rule.lots)
    if not touched:
        return ""
    where = ", ".join(touched)
    match rule:
        case Exclude(id=name, carrier=carrier):
            return f"{where}: carrier {carrier} is excluded by rule {name}" if carrier == offer.carrier else ""
        case Features(id=name, features=features):
            missing = [feature for feature in features if feature not in offer.features]
            return f"{where}: misses {', '.join(missing)}, wanted by rule {name}" if missing else ""
        case InstallWithin(id=name, days=days):
            late = _late(offer, days)
            return f"{where}: {late}, says rule {name}" if late else ""


def _late(offer: Offer, days: int) -> str:
    if offer.install_days is None:
        return f"states no install date; within {days} days is wanted"
    return f"installed in {offer.install_days} days; within {days} is wanted" if offer.install_days > days else ""
