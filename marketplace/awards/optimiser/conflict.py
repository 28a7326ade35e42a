"""Why there is no award: the rules that contradict each other, the cheapest ways out, or the lots nobody can cover."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.nearest import nearest_value
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Conflict, Options, Repair
from marketplace.awards.optimiser.solving import Solving, instance_without, without_rules
from marketplace.awards.optimiser.tally import tally_of

_FEW_RULES = 12
"""Up to so many rules all pairs are tried, so that a conflict of two is found where there is one."""
_MOST_DROPPED = 3
_PAIR = 2


class _OutOfTimeError(Exception):
    """The seconds are used up."""


def conflict(problem: Problem, options: Options, engine: Engine) -> Conflict | None:
    """Return why a problem has no award and what would help; None if it has one.

    Dropping any one of the conflict's rules resolves this contradiction; where others remain, a repair drops more.
    """
    solving = Solving(engine, options)
    everything = frozenset(rule.id for rule in problem.rules)
    try:
        if _feasible(problem, frozenset(), solving):
            return None
        if not _feasible(problem, everything, solving):
            return _uncovered(problem, everything, solving)
        smallest = _smallest(problem, frozenset(), solving)
    except _OutOfTimeError:
        return Conflict((), (), (), "Time ran out before it was clear what stands against an award.", complete=False)
    repairs, complete = _repairs(problem, smallest, solving)
    ways = f"; the cheapest way out is to drop {_listed(repairs[0].drop)}" if repairs else ""
    return Conflict(
        rules=tuple(sorted(smallest)),
        uncovered=(),
        repairs=repairs,
        text=f"No award obeys {_listed(sorted(smallest))}{' together' if len(smallest) > 1 else ''}{ways}.",
        complete=complete,
    )


def _feasible(problem: Problem, dropped: frozenset[str], solving: Solving) -> bool:
    answer = solving.feasible(instance_without(problem, dropped))
    if answer is None:
        raise _OutOfTimeError
    return answer


def _smallest(problem: Problem, dropped: frozenset[str], solving: Solving) -> frozenset[str]:
    """Return a conflict among the rules that aren't dropped: without any one of it, the others have an award.

    A deletion filter; where there are few rules, single ones and pairs are tried first.
    """
    left = [rule.id for rule in problem.rules if rule.id not in dropped]
    everything = frozenset(rule.id for rule in problem.rules)
    if len(left) <= _FEW_RULES:
        for size in range(1, _PAIR + 1):
            for few in combinations(left, size):
                if not _feasible(problem, everything - frozenset(few), solving):
                    return frozenset(few)
    needed = frozenset(left)
    for name in left:
        if not _feasible(problem, everything - (needed - {name}), solving):
            needed -= {name}
    return needed


def _repairs(problem: Problem, smallest: frozenset[str], solving: Solving) -> tuple[tuple[Repair, ...], bool]:
    """Return the smallest sets of rules whose dropping leaves an award, cheapest first, and whether all were tried."""
    waiting = [frozenset({name}) for name in sorted(smallest)]
    found: list[Repair] = []
    try:
        for _ in range(_MOST_DROPPED):
            further: list[frozenset[str]] = []
            for dropped in waiting:
                cost = _cost(problem, dropped, solving)
                if cost is not None:
                    advice = nearest_value(problem, next(iter(dropped)), solving) if len(dropped) == 1 else ""
                    found.append(Repair(tuple(sorted(dropped)), cost, advice))
                elif not found:
                    further += [dropped | {name} for name in sorted(_smallest(problem, dropped, solving))]
            if found:
                break
            waiting = list(dict.fromkeys(further))
    except _OutOfTimeError:
        return _cheapest_first(found), False
    return _cheapest_first(found), True


def _cost(problem: Problem, dropped: frozenset[str], solving: Solving) -> int | None:
    """Return the cost of the best award without some rules, or None if there is none."""
    best = solving.best(instance_without(problem, dropped))
    if best.end == "nothing in time":
        raise _OutOfTimeError
    return best.cost


def _cheapest_first(repairs: list[Repair]) -> tuple[Repair, ...]:
    return tuple(sorted(repairs, key=lambda repair: (repair.cost, repair.drop)))


def _uncovered(problem: Problem, everything: frozenset[str], solving: Solving) -> Conflict:
    """Return the fewest lots that stay open when as many as possible are covered: no rule is to blame for those."""
    must = frozenset(lot.id for lot in problem.lots if lot.reserve is None)
    free = replace(
        without_rules(problem, everything),
        lots=tuple(lot if lot.reserve is not None else replace(lot, reserve=0) for lot in problem.lots),
    )
    instance = prepare(free)
    form = form_of(instance)
    form = form.with_cost(
        {column: 1.0 for lot, column in form.columns.open_lot.items() if instance.lots[lot].id in must}
    )
    outcome = solving.minimise(form)
    if outcome.end != "optimal" or outcome.point is None:
        raise _OutOfTimeError
    left = tally_of(instance, form.chosen(outcome.point)).open_lots
    names = [instance.lots[lot].id for lot in left if instance.lots[lot].id in must]
    unoffered = [name for name in names if not instance.of_lot[instance.lot_at[name]]]
    because = f"; no acceptable offer was made for {_listed(unoffered)}" if unoffered else ""
    text = f"Even without any rule the offers leave {_listed(names)} uncovered{because}."
    return Conflict((), tuple(names), (), f"{text} A lot with a reserve may stay open.", complete=True)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
