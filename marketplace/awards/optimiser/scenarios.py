"""Other rules on the same bids: scenarios side by side, and the front of cost against quality."""

from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from marketplace.awards.optimiser.award import award_of
from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.money import WHOLE_BP
from marketplace.awards.optimiser.obedience import PERCENT
from marketplace.awards.optimiser.prices import rule_prices_of
from marketplace.awards.optimiser.problem import (
    Budget,
    Exclude,
    Features,
    InstallWithin,
    MaxCarriers,
    MaxSwitched,
    MinQuality,
    Problem,
    Rule,
)
from marketplace.awards.optimiser.result import Award, Options, RulePrices
from marketplace.awards.optimiser.solving import Solving, choice_of, with_rules
from marketplace.awards.optimiser.tally import tally_of

_STEPS = 2
"""A scenario's award gets half of its time; its rules' prices, or the search for quality, get the rest."""
_MOST_STEPS = 8

Keep: TypeAlias = Literal["all", "filters", "none"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What to change about a problem's rules: which of its own stay, which are dropped, which come in addition.

    ``within_bp``: not the cheapest, but the best quality for at most so many basis points above the cheapest.
    """

    name: str
    keep: Keep = "all"
    drop: tuple[str, ...] = ()
    add: tuple[Rule, ...] = ()
    within_bp: int | None = None


@dataclass(frozen=True, slots=True)
class Played:
    """A scenario with its award and, where asked for, the price of each of its rules."""

    scenario: Scenario
    award: Award
    prices: RulePrices | None


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """The cheapest award of at least some quality. ``quality100``: hundredths of a point, as reached."""

    quality100: int
    award: Award


def standard(problem: Problem, within_bp: int = 300) -> tuple[Scenario, ...]:
    """Return the scenarios that every board begins with."""
    bidding = {(offer.carrier, lot) for offer in problem.offers for lot in offer.lots}
    must_move = sum(1 for lot in problem.lots if lot.incumbent is not None and (lot.incumbent, lot.id) not in bidding)
    return (
        Scenario("cheapest", keep="none"),
        Scenario("one provider", keep="filters", add=(MaxCarriers("one-provider", 1),)),
        Scenario("best two", keep="filters", add=(MaxCarriers("two-providers", 2),)),
        Scenario("incumbent stays", keep="filters", add=(MaxSwitched("incumbent-stays", must_move),)),
        Scenario("best service", keep="filters", within_bp=within_bp),
        Scenario("own rules"),
    )


def changed(problem: Problem, scenario: Scenario) -> Problem:
    """Return the problem under a scenario's rules."""
    match scenario.keep:
        case "all":
            kept = problem.rules
        case "filters":
            kept = tuple(rule for rule in problem.rules if isinstance(rule, Exclude | Features | InstallWithin))
        case "none":
            kept = ()
    rules = tuple(rule for rule in kept if rule.id not in scenario.drop)
    return with_rules(problem, (*rules, *scenario.add))


def scenarios(
    problem: Problem, diffs: tuple[Scenario, ...], options: Options, engine: Engine, *, prices: bool = True
) -> tuple[Played, ...]:
    """Return every scenario's award; with ``prices``, what each of its rules costs. The seconds are for all of them."""
    solving = Solving(engine, replace(options, ties=1))
    played = []
    for place, scenario in enumerate(diffs):
        with solving.share(len(diffs) - place) as part:
            played.append(_played(problem, scenario, part, prices=prices))
    return tuple(played)


def _played(problem: Problem, scenario: Scenario, solving: Solving, *, prices: bool) -> Played:
    other = changed(problem, scenario)
    instance = prepare(other)
    with solving.share(_STEPS) as part:
        award = award_of(instance, part)
    if scenario.within_bp is not None:
        return Played(scenario, _best_service(other, award, scenario.within_bp, solving), None)
    return Played(scenario, award, rule_prices_of(other, award, solving) if prices and other.rules else None)


def _best_service(problem: Problem, cheapest: Award, within_bp: int, solving: Solving) -> Award:
    """Return the award of the best quality that costs at most so much more, and of those the cheapest."""
    if cheapest.cost is None:
        return cheapest
    most = cheapest.cost + abs(cheapest.cost) * within_bp // WHOLE_BP
    budget = Budget("within", "tco", most)
    instance = prepare(with_rules(problem, (*problem.rules, budget)))
    with solving.share(_STEPS) as part:
        best, chosen = _highest_quality(instance, choice_of(instance, cheapest.offers), part)
    least = MinQuality("best-service", best)
    return award_of(prepare(with_rules(problem, (*problem.rules, budget, least))), solving, chosen)


def _highest_quality(
    instance: Instance, chosen: frozenset[int] | None, solving: Solving
) -> tuple[int, frozenset[int] | None]:
    """Return the highest mean quality found under the rules, in hundredths rounded down, and a choice that has it.

    A ratio is improved from ``chosen`` until nothing is better (Dinkelbach): in each step the weighted excess over the
    present mean is a sum, which the engine maximises.
    """
    form = form_of(instance)
    best = 0 if chosen is None else _quality(instance, chosen)
    for _ in range(_MOST_STEPS if solving.left > 0 else 0):
        excess = {
            number: -float(PERCENT * offer.quality - best * offer.weight)
            for number, offer in enumerate(instance.offers)
        }
        outcome = solving.minimise(form.with_cost(excess))
        found = form.chosen(outcome.point) if outcome.point is not None else frozenset()
        if _quality(instance, found) <= best or evaluate(instance, found).violations:
            break
        best, chosen = _quality(instance, found), found
        if solving.left <= 0:
            break
    return best, chosen


def _quality(instance: Instance, chosen: frozenset[int]) -> int:
    tally = tally_of(instance, chosen)
    return PERCENT * tally.quality // tally.weight if tally.weight else 0


def front(problem: Problem, points: int, options: Options, engine: Engine) -> tuple[FrontPoint, ...]:
    """Return at most ``points`` awards, each the cheapest of at least its quality, from cheapest to best.

    Found by sweeping a rule of minimum quality between that of the cheapest award and the best there is.
    """
    solving = Solving(engine, replace(options, ties=1))
    with solving.share(points) as part:
        first = award_of(prepare(problem), part)
    if first.cost is None or first.quality100 is None:
        return ()
    instance = prepare(problem)
    with solving.share(_STEPS) as part:
        highest, _ = _highest_quality(instance, choice_of(instance, first.offers), part)
    found = [first]
    for step in range(1, points):
        least = first.quality100 + (highest - first.quality100) * step // max(1, points - 1)
        if least <= (found[-1].quality100 or 0):
            continue
        swept = prepare(with_rules(problem, (*problem.rules, MinQuality("front", least))))
        with solving.share(points - step) as part:
            award = award_of(swept, part)
        if award.cost is not None:
            found.append(award)
    return tuple(FrontPoint(award.quality100 or 0, award) for award in found)
