import random
from dataclasses import replace

import pytest

from marketplace.awards.optimiser import exact
from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.engine import Limits
from marketplace.awards.optimiser.engine_highs import Highs
from marketplace.awards.optimiser.enumeration import covers
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import starting_point
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.prices import rule_prices
from marketplace.awards.optimiser.problem import Diverse
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.scenarios import Scenario, scenarios, standard
from marketplace.awards.optimiser.solving import with_rules
from tests.awards.optimiser.made import ENGINE, OPTIONS, large, small

ALONE = Highs(branching=False)


@pytest.mark.parametrize("seed", range(4))
def test_branching_proves_what_the_solver_s_own_search_proves(seed: int) -> None:
    problem = large(18, 5, seed, rules=bool(seed % 2))
    instance = prepare(problem)
    form = form_of(instance)
    one = exact.search(instance, form, ENGINE, Limits(30))
    other = exact.search(instance, form, ALONE, Limits(30))
    assert (one.end, one.cost, one.bound) == (other.end, other.cost, other.bound)


def test_the_bound_holds_when_time_ends_and_when_any_gap_will_do() -> None:
    problem = large(25, 6, 3, rules=True)
    instance = prepare(problem)
    form = form_of(instance)
    best = exact.search(instance, form, ENGINE, Limits(30))
    assert best.end == "optimal"
    assert best.cost is not None
    assert best.chosen is not None
    start = starting_point(instance, form, best.chosen)
    for limits in (Limits(0.03), Limits(30, 0.05 * best.cost), Limits(30, 0.005 * best.cost)):
        found = ENGINE.minimise(form, limits, start)
        assert found.bound is None or found.bound <= best.cost + 0.25
        assert found.objective is not None
        assert found.objective >= best.cost - 0.25
        if found.end == "optimal" and found.bound is not None:
            assert found.objective - found.bound <= limits.gap + 0.5


def test_nothing_at_or_under_a_cutoff_is_missed() -> None:
    for seed in range(40):
        instance = prepare(small(seed))
        form = form_of(instance)
        costs = sorted(one.cost for chosen in covers(instance) if not (one := evaluate(instance, chosen)).violations)
        if costs:
            assert ENGINE.minimise(form, Limits(20, cutoff=costs[0] + 0.5)).end == "optimal"
            assert ENGINE.minimise(form, Limits(20, cutoff=costs[0] - 0.5)).end == "infeasible"


def test_pairs_of_all_tags_are_as_counted_one_by_one() -> None:
    rng = random.Random(7)  # noqa: S311 - invented pairs
    for seed in range(60):
        problem = small(seed)
        pairs = tuple(tuple(sorted(rng.sample([lot.id for lot in problem.lots], 2))) for _ in range(2))
        by = rng.choice((("carrier", "path"), ("owner", "entrance"), ("path",)))
        diverse = with_rules(problem, (Diverse("d", tuple((one[0], one[1]) for one in pairs), by),))
        instance = prepare(diverse)
        costs = [one.cost for chosen in covers(instance) if not (one := evaluate(instance, chosen)).violations]
        assert award(diverse, replace(OPTIONS, ties=1), ENGINE).cost == min(costs, default=None)


def test_prices_that_follow_from_what_is_known_are_those_of_solving_again() -> None:
    problem = large(12, 4, 5, rules=True)
    played = scenarios(problem, standard(problem), Options(seconds=60), ENGINE)
    assert {one.award.status for one in played} <= {"optimal", "infeasible"}
    own = next(one for one in played if one.scenario.name == "own rules")
    assert own.prices == rule_prices(problem, own.award, OPTIONS, ENGINE)
    assert own.prices is not None
    assert all(price.proven for price in own.prices.rules)
    for price in own.prices.rules:
        without = scenarios(problem, (Scenario("x", drop=(price.rule,)),), Options(seconds=60), ENGINE, prices=False)
        assert price.cost_without == without[0].award.cost


def test_a_rule_for_which_no_time_is_left_has_no_price() -> None:
    problem = large(12, 4, 5, rules=True)
    given = award(problem, replace(OPTIONS, ties=1), ENGINE)
    prices = rule_prices(problem, given, Options(seconds=0.0), ENGINE)
    assert [(one.price, one.cost_without, one.proven) for one in prices.rules] == [(None, None, False)] * 5
