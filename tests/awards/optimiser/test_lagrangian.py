import random
from dataclasses import replace

import numpy as np
import pytest

from marketplace.awards.optimiser import lagrangian, solving
from marketplace.awards.optimiser.award import award, verify
from marketplace.awards.optimiser.decomposition import Decomposition, Prices, covers
from marketplace.awards.optimiser.engine import Limits
from marketplace.awards.optimiser.enumeration import covers as all_covers
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.greedy import repaired
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.pricing import Effort
from marketplace.awards.optimiser.problem import Problem, Require
from tests.awards.optimiser.made import ENGINE, OPTIONS, large, small

LITTLE = Effort(relaxations=3, remainders=3, moves=10, rounds=1, steps=20)
"""So little that the clock decides nothing."""
MINUTES = Limits(600.0)
INSTANCES = 200


def _feasible(instance: Instance) -> dict[frozenset[int], int]:
    """Return every choice that breaks nothing, with its cost."""
    evaluated = ((chosen, evaluate(instance, chosen)) for chosen in all_covers(instance))
    return {chosen: one.cost for chosen, one in evaluated if not one.violations}


def _known() -> list[tuple[Instance, dict[frozenset[int], int]]]:
    """Return small instances that can be taken apart and have an award, each with all its awards."""
    found = []
    for seed in range(2_000, 2_800):
        instance = prepare(small(seed))
        if covers(instance) and (choices := _feasible(instance)):
            found.append((instance, choices))
        if len(found) == INSTANCES:
            break
    return found


KNOWN = _known()


def _search(problem: Problem, effort: Effort = LITTLE) -> tuple[Instance, Found]:
    instance = prepare(problem)
    return instance, lagrangian.search(instance, ENGINE, MINUTES, repaired(instance), effort)


def test_there_are_enough_instances() -> None:
    assert len(KNOWN) == INSTANCES


def test_at_no_prices_is_the_bound_above_the_optimum() -> None:
    rng = np.random.default_rng(7)
    for instance, choices in KNOWN:
        apart, optimum = Decomposition(instance), min(choices.values())
        for size in (0.0, 0.3, 1.0, 3.0):
            lots = apart.usual * rng.normal(1.0, 0.5, len(apart.usual)) * size
            rows = rng.normal(0.0, 1e5, apart.sides.rows) * size
            rows = np.where(np.isfinite(apart.sides.upper), rows, np.minimum(rows, 0))
            rows = np.where(np.isfinite(apart.sides.lower), rows, np.maximum(rows, 0))
            for thorough in (False, True):
                answer = apart.bound(Prices(lots, rows), thorough=thorough)
                assert answer.value - answer.margin <= optimum
                assert answer.margin < 0.01


def test_a_search_from_the_worst_award_ends_with_a_bound_below_the_optimum() -> None:
    proven = 0
    some = KNOWN[::2]
    for instance, choices in some:
        optimum = min(choices.values())
        worst = max(choices, key=lambda chosen: (choices[chosen], sorted(chosen)))
        found = lagrangian.search(instance, ENGINE, MINUTES, worst, LITTLE)
        assert found.bound is None or found.bound <= optimum
        assert found.chosen is not None
        assert found.cost == choices[found.chosen]
        assert found.end != "optimal" or found.cost == optimum
        proven += found.cost == optimum
    assert proven >= 0.9 * len(some)


def test_a_search_without_an_award_to_begin_with_claims_nothing_false() -> None:
    for instance, choices in KNOWN[:60]:
        found = lagrangian.search(instance, ENGINE, MINUTES, None, LITTLE)
        assert found.end in {"optimal", "feasible", "nothing in time"}
        assert found.bound is None or found.bound <= min(choices.values())
        assert found.cost is None or found.cost >= min(choices.values())


@pytest.mark.parametrize("seed", range(3))
def test_the_search_is_never_worse_than_the_greedy_award_and_its_gap_is_honest(seed: int) -> None:
    problem = large(24, 6, seed, rules=seed % 2 == 1)
    instance, found = _search(problem)
    begin = repaired(instance)
    exact = award(problem, OPTIONS, ENGINE)
    assert exact.status == "optimal"
    assert exact.cost is not None
    assert found.cost is not None
    assert found.bound is not None
    assert begin is None or found.cost <= evaluate(instance, begin).cost
    assert found.bound <= exact.cost <= found.cost
    assert found.cost - found.bound <= 0.1 * exact.cost


def test_the_order_of_the_input_changes_nothing() -> None:
    problem = large(40, 6, 3)
    rng = random.Random(1)  # noqa: S311 - an order, no secret
    turned = replace(
        problem,
        lots=tuple(rng.sample(problem.lots, len(problem.lots))),
        carriers=tuple(rng.sample(problem.carriers, len(problem.carriers))),
        offers=tuple(rng.sample(problem.offers, len(problem.offers))),
        discounts=tuple(rng.sample(problem.discounts, len(problem.discounts))),
    )
    (instance, one), (other_instance, other) = _search(problem), _search(turned)
    assert (one.cost, one.bound) == (other.cost, other.bound)
    assert one.chosen is not None
    assert other.chosen is not None
    assert instance.ids(one.chosen) == other_instance.ids(other.chosen)


def test_a_large_award_is_taken_apart_and_passes_its_recount(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = large(30, 5, 5)
    exact = award(problem, OPTIONS, ENGINE)
    monkeypatch.setattr(solving, "LARGE", 50)
    given = award(problem, replace(OPTIONS, seconds=20), ENGINE)  # it goes on until then, if it can't prove more
    assert verify(problem, given).passed
    assert exact.cost is not None
    assert given.cost is not None
    assert given.bound is not None
    assert given.bound <= exact.cost <= given.cost


def test_offers_that_a_rule_asks_for_are_never_left_out() -> None:
    instance = prepare(large(30, 5, 2))
    dear = max(
        (number for number, offer in enumerate(instance.offers) if len(offer.lots) == 1),
        key=lambda number: instance.offers[number].cost / instance.offers[number].value,
    )
    offer = instance.offers[dear].offer
    instance, found = _search(replace(instance.problem, rules=(Require("must", None, (), (offer.id,)),)))
    assert found.chosen is not None
    assert offer.id in instance.ids(found.chosen)
