"""The nearest value of one rule with which there is an award: advice in place of 'drop it'."""

from dataclasses import replace

from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.problem import Budget, MaxCarriers, MaxSwitched, MinCarriers, Problem, Rule
from marketplace.awards.optimiser.solving import Solving, with_rules
from marketplace.awards.optimiser.tally import tally_of


def nearest_value(problem: Problem, name: str, solving: Solving) -> str:
    """Return, for rules with one number, the nearest that allows an award beside all other rules; else nothing."""
    rule = next(rule for rule in problem.rules if rule.id == name)
    free = _freed(rule)
    if free is None:
        return ""
    others = tuple(other for other in problem.rules if other.id != name)
    instance = prepare(with_rules(problem, (*others, free)))
    form = form_of(instance)
    offers = enumerate(instance.offers)
    match rule:
        case MaxCarriers():
            weights = dict.fromkeys(form.columns.used.values(), 1.0)
        case MinCarriers():
            weights = dict.fromkeys(form.columns.used.values(), -1.0)
        case MaxSwitched():
            weights = {number: float(offer.moves) for number, offer in offers}
        case Budget(metric="tco"):
            weights = {column: float(cost) for column, cost in enumerate(form.cost)}
        case Budget(metric=metric):
            weights = {
                number: float(offer.offer.mrc if metric == "mrc" else offer.offer.nrc) for number, offer in offers
            }
        case _:
            return ""
    outcome = solving.minimise(form.with_cost(weights))
    if outcome.end != "optimal" or outcome.point is None or outcome.objective is None:
        return ""
    tally = tally_of(instance, form.chosen(outcome.point))
    match rule:
        case MaxCarriers() | MinCarriers():
            return f"{rule.type} {len(tally.won)} instead of {rule.n} is possible"
        case MaxSwitched():
            return f"{rule.type} {tally.moves} instead of {rule.n} is possible"
        case _:
            return f"a {rule.metric} budget of {round(outcome.objective)} instead of {rule.max} cents is possible"


def _freed(rule: Rule) -> Rule | None:
    """Return the rule so wide that it forbids nothing; its columns are still in the form."""
    match rule:
        case MaxCarriers():
            return replace(rule, n=10**6)
        case MinCarriers():
            return replace(rule, n=0)
        case MaxSwitched():
            return replace(rule, n=10**6)
        case Budget():
            return replace(rule, max=10**15)
        case _:
            return None
