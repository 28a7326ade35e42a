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
from marketplace.awards.optimiser.solving import Solving, choice_of, watched, with_rules
from marketplace.awards.optimiser.tally import tally_of

_STEPS = 2
"""The search for quality gets half of a scenario's time; the cheapest award of that quality gets the rest."""
_MOST_STEPS = 8

_PROVEN = frozenset({"optimal", "infeasible"})

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
    """Return every scenario's award; with ``prices``, what each of its rules costs. The seconds are for all of them.

    All awards come first, then the searches for quality and the prices: they get the time that is left.
    """
    solving = watched(engine, replace(options, ties=1))
    known: dict[frozenset[Rule], Award] = {}
    problems = [changed(problem, scenario) for scenario in diffs]
    order = sorted(range(len(diffs)), key=lambda at: len(problems[at].rules))
    for place, at in enumerate(order):
        other = problems[at]
        if frozenset(other.rules) not in known:
            among = len(diffs) - place + (1 if prices else 0)
            with solving.share(among, solving.watcher, diffs[at].name) as part:
                known[frozenset(other.rules)] = _lifted(award_of(prepare(other), part), frozenset(other.rules), known)
    proven = {
        rules: None if award.status == "infeasible" else award.offers
        for rules, award in known.items()
        if award.status in _PROVEN
    }
    played = []
    for place, (scenario, other) in enumerate(zip(diffs, problems, strict=True)):
        award = known[frozenset(other.rules)]
        with solving.share(len(diffs) - place) as part:
            if scenario.within_bp is not None:
                played.append(Played(scenario, _best_service(other, award, scenario.within_bp, part), None))
            else:
                priced = rule_prices_of(other, award, part, proven) if prices and other.rules else None
                played.append(Played(scenario, award, priced))
    return tuple(played)


def _lifted(award: Award, rules: frozenset[Rule], known: dict[frozenset[Rule], Award]) -> Award:
    """Return the award with the best bound of those under fewer rules: more rules never make it cheaper."""
    bounds = [one.bound for fewer, one in known.items() if fewer <= rules and one.bound is not None]
    if award.bound is None or award.cost is None or not bounds or max(bounds) <= award.bound:
        return award
    bound = min(award.cost, max(bounds))
    return replace(award, bound=bound, status="optimal" if bound == award.cost else award.status)


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
