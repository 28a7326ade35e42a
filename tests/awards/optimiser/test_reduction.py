"""What a search leaves out because no cheaper award can have it, and how it begins where no mending obeys the rules."""

from dataclasses import replace

import numpy as np

from marketplace.awards.optimiser import exact, lagrangian
from marketplace.awards.optimiser.ascent import Ascent
from marketplace.awards.optimiser.beginning import first_choice
from marketplace.awards.optimiser.decomposition import Decomposition, Prices, covers
from marketplace.awards.optimiser.engine import Limits
from marketplace.awards.optimiser.enumeration import covers as all_covers
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.greedy import repaired
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.pricing import Best
from marketplace.awards.optimiser.problem import Budget
from marketplace.awards.optimiser.reduction import reduced
from marketplace.awards.optimiser.remainder import remainder
from tests.awards.optimiser.made import ENGINE, large, small

MINUTES = Limits(600.0)


def _awards(instance: Instance) -> dict[frozenset[int], int]:
    evaluated = ((chosen, evaluate(instance, chosen)) for chosen in all_covers(instance))
    return {chosen: one.cost for chosen, one in evaluated if not one.violations}


def test_no_award_that_is_cheaper_than_the_best_is_left_out() -> None:
    rng, smaller = np.random.default_rng(3), 0
    for seed in range(3_000, 3_120):
        instance = prepare(small(seed))
        if not covers(instance) or not (awards := _awards(instance)):
            continue
        apart = Decomposition(instance)
        worst = max(awards, key=lambda chosen: (awards[chosen], sorted(chosen)))
        ascent = _climbed(apart, rng.normal(1.0, 0.2, len(apart.usual)))
        for chosen in (worst, min(awards, key=lambda one: (awards[one], sorted(one)))):
            best = Best(chosen, awards[chosen] + 1, ascent.answer.value, ascent.prices, ascent.answer)
            left = reduced(apart, best, np.zeros(len(instance.offers), dtype=np.bool_))
            assert left is not None
            for other, cost in awards.items():
                assert cost >= best.cost or left.kept[sorted(other)].all()
            smaller += not left.kept.all()
            rest = remainder(apart, left.kept, tuple(one or (0,) for one in left.states))
            found = ENGINE.minimise(rest.form, Limits(60.0, cutoff=best.cost + rest.lumps - 0.5))
            assert found.bound is not None
            assert found.bound - rest.lumps <= min(awards.values()) + 0.5
    assert smaller > 25


def _climbed(apart: Decomposition, factors: "np.typing.NDArray[np.float64]") -> Ascent:
    prices = Prices(apart.usual * factors, np.zeros(apart.sides.rows))
    ascent = Ascent.beginning(apart, prices, apart.bound(prices))
    ascent.climb(np.inf, lambda: ascent.steps < 60)
    return ascent


def test_an_ascent_only_rises_and_never_above_the_optimum() -> None:
    rose = 0
    for seed in range(3_400, 3_500):
        instance = prepare(small(seed))
        if not covers(instance) or not (awards := _awards(instance)):
            continue
        apart = Decomposition(instance)
        prices = Prices(apart.usual, np.zeros(apart.sides.rows))
        first = apart.bound(prices)
        ascent = Ascent.beginning(apart, prices, first)
        ascent.climb(np.inf, lambda ascent=ascent: ascent.steps < 80)  # type: ignore[misc] # bound at once
        assert first.value <= ascent.answer.value <= min(awards.values()) + ascent.answer.margin
        assert ascent.answer.value == apart.bound(ascent.prices).value
        rose += ascent.answer.value > first.value
    assert rose > 25


def test_a_first_choice_breaks_nothing_and_there_is_one_wherever_an_award_is() -> None:
    begun = 0
    for seed in range(3_500, 3_660):
        instance = prepare(small(seed))
        if not covers(instance):
            continue
        awards = _awards(instance)
        first = first_choice(Decomposition(instance), ENGINE, np.zeros(len(instance.offers), dtype=np.bool_), 600.0)
        assert not (first.impossible and awards)
        assert first.chosen is None or first.chosen in awards
        totals = any(isinstance(rule, Budget) and rule.metric == "tco" for rule in instance.problem.rules)
        if not totals:
            assert (first.chosen is not None) == bool(awards)
            assert first.impossible == (not awards)
        begun += first.chosen is not None and repaired(instance) is None
    assert begun


def test_a_search_by_parts_says_that_nothing_obeys_contradictory_rules() -> None:
    problem = large(40, 6, 1)
    least = min(offer.mrc for offer in problem.offers)
    instance = prepare(replace(problem, rules=(Budget("poor", "mrc", least),)))
    found = lagrangian.search(instance, ENGINE, MINUTES)
    assert (found.end, found.chosen, found.bound) == ("infeasible", None, None)
    assert exact.search(instance, form_of(instance), ENGINE, MINUTES).end == "infeasible"
