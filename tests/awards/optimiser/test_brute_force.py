from dataclasses import replace

import pytest

from marketplace.awards.optimiser.award import award, verify
from marketplace.awards.optimiser.engine import Limits
from marketplace.awards.optimiser.enumeration import Enumeration, covers, enumerated
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import search, starting_point
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.result import Award
from tests.awards.optimiser.made import ENGINE, OPTIONS, small

BLOCKS = 20
IN_A_BLOCK = 26


def _counted(problem: Problem) -> Enumeration:
    counted = enumerated(prepare(problem))
    assert counted is not None
    return counted


def _agrees(problem: Problem, found: Award, counted: Enumeration) -> None:
    assert found.status == ("infeasible" if counted.cost is None else "optimal"), problem.name
    assert found.cost == counted.cost, problem.name
    assert found.bound == counted.cost, problem.name
    assert found.ties == counted.cheapest, problem.name
    assert found.ties_complete or counted.cost is None, problem.name
    assert verify(problem, found).passed


@pytest.mark.parametrize("block", range(BLOCKS))
def test_cost_and_all_ties_are_those_of_counting_one_by_one(block: int) -> None:
    for seed in range(block * IN_A_BLOCK, (block + 1) * IN_A_BLOCK):
        problem = small(seed)
        _agrees(problem, award(problem, OPTIONS, ENGINE), _counted(problem))


def test_ties_are_all_found_where_prices_are_alike() -> None:
    seen = 0
    for seed in range(5_000, 5_030):
        problem = small(seed)
        alike = replace(
            problem,
            offers=tuple(replace(one, mrc=9_000 * len(one.lots), nrc=0, extra=0, malus=0) for one in problem.offers),
            lots=tuple(replace(lot, switching_cost=0) for lot in problem.lots),
            discounts=(),
        )
        counted = _counted(alike)
        found = award(alike, replace(OPTIONS, ties=2_000), ENGINE)
        _agrees(alike, found, counted)
        seen += len(counted.cheapest) > 2
    assert seen > 15


def test_the_bound_holds_from_the_worst_beginning() -> None:
    begun = 0
    for seed in range(6_000, 6_360):
        problem = small(seed)
        instance = prepare(problem)
        allowed = [(evaluate(instance, one), one) for one in covers(instance)]
        costs = {one: found.cost for found, one in allowed if not found.violations}
        if not costs:
            continue
        worst = max(costs, key=lambda one: (costs[one], sorted(one)))
        form = form_of(instance)
        found = search(instance, form, ENGINE, Limits(20), worst)
        assert found.cost == min(costs.values())
        assert found.bound is not None
        assert found.bound <= min(costs.values())
        point = starting_point(instance, form, worst)
        outcome = ENGINE.minimise(form, Limits(20), point)
        assert outcome.bound is not None
        assert outcome.bound <= min(costs.values()) + 0.25
        begun += worst != found.chosen
    assert begun >= 200


def test_every_choice_is_a_point_of_the_form_exactly_if_it_breaks_nothing() -> None:
    for seed in range(7_000, 7_010):
        instance = prepare(small(seed))
        form = form_of(instance)
        for chosen in covers(instance):
            fixed = form
            for number in range(len(instance.offers)):
                fixed = fixed.with_fixed(number, float(number in chosen))
            outcome = ENGINE.minimise(fixed, Limits(20))
            evaluation = evaluate(instance, chosen)
            assert (outcome.end == "infeasible") == bool(evaluation.violations), (seed, instance.ids(chosen))
            if outcome.objective is not None:
                assert abs(outcome.objective - evaluation.cost) < 0.25
                point = starting_point(instance, form, chosen)
                assert abs(float(point @ form.cost) - evaluation.cost) < 0.25
