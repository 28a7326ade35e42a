"""The search for the cheapest award by one exact engine: whatever it claims is recounted in cents before it counts."""

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from marketplace.awards.optimiser.engine import Engine, Limits, Sight
from marketplace.awards.optimiser.evaluate import Evaluation, evaluate
from marketplace.awards.optimiser.floor import floor_of
from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.telling import Telling

SearchEnd: TypeAlias = Literal["optimal", "feasible", "infeasible", "nothing in time"]

_SLACK = 0.25
"""Cents by which a solver's sums of doubles may be off. A bound counts only beyond it."""
_MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Found:
    """The best choice found, its cost, and the least that any choice can cost, in cents."""

    end: SearchEnd
    chosen: frozenset[int] | None
    cost: int | None
    bound: int | None
    seconds: float


def search(  # noqa: PLR0917 - who is told comes last and is optional
    instance: Instance,
    form: Form,
    engine: Engine,
    limits: Limits,
    start: frozenset[int] | None = None,
    telling: Telling | None = None,
) -> Found:
    """Return the cheapest choice that breaks nothing, within the limits.

    An engine works with tolerances: a choice that it takes for allowed but that breaks a rule by a cent, or costs
    more than it believes, is forbidden by a row of its own and the search goes on.
    """
    best, cost = _recounted(instance, start)
    forbidden: set[frozenset[int]] = set()
    used, bound = 0.0, float(floor_of(instance))
    if telling is not None and best is not None and cost is not None:
        telling.choice(best, cost)
    limits = replace(limits, seen=_sight(form, telling))
    for _ in range(_MOST_ROUNDS):
        left = replace(limits, seconds=limits.seconds - used)
        if left.seconds <= 0:
            break
        begin = starting_point(instance, form, best) if best is not None and best not in forbidden else None
        outcome = engine.minimise(form, left, begin)
        used += outcome.seconds
        if outcome.end == "infeasible":
            if best is None:
                return Found("infeasible", None, None, None, used)
            # what was recounted and forbidden on the way is all there is; if nothing was, the engine is wrong
            bound = math.inf if best in forbidden else bound
            break
        bound = max(bound, bound if outcome.bound is None else outcome.bound)
        if outcome.point is None:
            break
        chosen = form.chosen(outcome.point)
        recount = evaluate(instance, chosen)
        if not recount.violations and (cost is None or recount.cost < cost):
            best, cost = chosen, recount.cost
        if outcome.end == "limit" or (not recount.violations and _as_believed(recount, outcome.objective)):
            break
        form = form.without(instance, chosen)
        forbidden.add(chosen)
    return _found(best, cost, bound, used)


def _sight(form: Form, telling: Telling | None) -> Sight | None:
    """Return what tells points and bounds of a form, if somebody is told."""
    if telling is None or not telling.watched:
        return None

    def seen(point: Floats | None, bound: float | None) -> None:
        if point is not None:
            telling.claimed(form.chosen(point))
        if bound is not None:
            telling.low(bound)

    return seen


def _recounted(instance: Instance, start: frozenset[int] | None) -> tuple[frozenset[int] | None, int | None]:
    """Return a start and its cost if it breaks nothing."""
    if start is None or (evaluation := evaluate(instance, start)).violations:
        return None, None
    return start, evaluation.cost


def _found(best: frozenset[int] | None, cost: int | None, bound: float, used: float) -> Found:
    """Return what was found. Costs are whole cents: so is the bound, rounded up."""
    if cost is None:
        return Found("nothing in time", None, None, math.ceil(bound - _SLACK), used)
    low = cost if bound >= cost else min(cost, math.ceil(bound - _SLACK))
    return Found("optimal" if low == cost else "feasible", best, cost, low, used)


def starting_point(instance: Instance, form: Form, chosen: frozenset[int]) -> Floats:
    """Return the point of a choice with its best tiers."""
    claims = {claim.discount: claim.tier for claim in evaluate(instance, chosen).claims}
    tiers = {number: claims[discount.id] for number, discount in enumerate(instance.discounts) if discount.id in claims}
    return form.point(instance, chosen, tiers)


def _as_believed(recount: Evaluation, objective: float | None) -> bool:
    return objective is not None and recount.cost <= objective + 2 * _SLACK
