"""Everything about one problem in one answer, as the command line prints it."""

from dataclasses import dataclass, replace

from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.conflict import conflict
from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.enumeration import Enumeration, enumerated
from marketplace.awards.optimiser.greedy import greedy
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.prices import criticality, distances, rule_prices
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Award, Conflict, Critical, Distance, Options, RulePrices


@dataclass(frozen=True, slots=True)
class Cheapest:
    """The cheapest offer of every lot by itself: its cost, or what it breaks."""

    cost: int | None
    violates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The award, what it is worth, why there is none, and what happens without an optimiser.

    ``counted``: all choices there are, where they are few enough to be counted one by one.
    """

    award: Award
    prices: RulePrices
    distances: tuple[Distance, ...]
    criticality: tuple[Critical, ...]
    conflict: Conflict | None
    greedy: Cheapest
    counted: Enumeration | None


def report(problem: Problem, options: Options, engine: Engine) -> Report:
    """Return everything about a problem: a third of the seconds for the award, as many for what explains it."""
    each = replace(options, seconds=options.seconds / 3)
    given = award(problem, replace(options, seconds=each.seconds), engine)
    cheapest = greedy(prepare(problem))
    violates = tuple(dict.fromkeys(violation.id for violation in cheapest.evaluation.violations))
    return Report(
        award=given,
        prices=rule_prices(problem, given, each, engine),
        distances=distances(problem, given, replace(options, seconds=options.seconds / 4), engine),
        criticality=criticality(problem, given, replace(options, seconds=options.seconds / 12), engine),
        conflict=conflict(problem, each, engine) if given.status == "infeasible" else None,
        greedy=Cheapest(None if violates else cheapest.evaluation.cost, violates),
        counted=enumerated(prepare(problem)),
    )
