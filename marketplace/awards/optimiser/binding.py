"""Which rules are at their limit in a choice: those that a buyer would look at first."""

from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.obedience import PERCENT, amount
from marketplace.awards.optimiser.problem import (
    Budget,
    MaxAwards,
    MaxCarriers,
    MaxShare,
    MaxSwitched,
    MinAwards,
    MinCarriers,
    MinQuality,
    MinShare,
    Require,
    Rule,
)
from marketplace.awards.optimiser.tally import Tally


def binding_rules(instance: Instance, tally: Tally, cost: int) -> tuple[str, ...]:
    """Return the rules that one step more would break, and the filters that took offers out."""
    filters = {rule for rejected in instance.rejected for rule in rejected.rules}
    return tuple(
        rule.id for rule in instance.problem.rules if rule.id in filters or _at_its_limit(instance, tally, cost, rule)
    )


def _at_its_limit(instance: Instance, tally: Tally, cost: int, rule: Rule) -> bool:
    match rule:
        case MaxCarriers(n=n) | MinCarriers(n=n):
            hit = len(tally.won) == n
        case MaxSwitched(n=n):
            hit = tally.moves == n
        case MinQuality(q100=q100):
            hit = PERCENT * tally.quality == q100 * tally.weight
        case Budget(metric=metric, max=most):
            hit = {"tco": cost, "mrc": tally.mrc, "nrc": tally.nrc}[metric] == most
        case MaxShare() | MinShare() | MaxAwards() | MinAwards():
            hit = _share_at_its_limit(instance, tally, rule)
        case _:
            hit = isinstance(rule, Require)
    return hit


def _share_at_its_limit(instance: Instance, tally: Tally, rule: MaxShare | MinShare | MaxAwards | MinAwards) -> bool:
    """Tell whether a carrier's count is at the limit: for lots and sites one more or less breaks it."""
    whole = {"lots": tally.lots, "sites": len(tally.sites), "value": tally.value}[rule.metric]
    for number, won in tally.won.items():
        if rule.carrier not in {None, instance.carriers[number]}:
            continue
        has = amount(won, rule.metric)
        match rule:
            case MaxShare(share_bp=share):
                hit = (has + 1) * WHOLE_BP > share * whole
            case MinShare(share_bp=share):
                hit = (has - 1) * WHOLE_BP < share * whole
            case MaxAwards(n=n) | MinAwards(n=n):
                hit = has == n
        if hit:
            return True
    return False
