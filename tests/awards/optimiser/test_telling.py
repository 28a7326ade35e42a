"""How far a search is, told on the way, and what is left of one that is broken off."""

import os
import signal
from dataclasses import replace

import pytest

from benchmarks.award_market import market
from marketplace.awards.optimiser import exact, lagrangian, words
from marketplace.awards.optimiser.award import award, interrupted, verify
from marketplace.awards.optimiser.engine import Limits, Progress
from marketplace.awards.optimiser.engine_highs import Highs
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.pricing import Effort
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.questions import Question
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.solve import Asking, solved
from marketplace.awards.optimiser.solving import choice_of
from marketplace.awards.optimiser.telling import Telling
from tests.awards.optimiser.made import ENGINE, large, small

HARD = market(200, 10, 1, rules=True)
"""So large that its search is broken off long before it ends."""
MINUTES = Limits(600.0)


class _Told:
    """Everything that was told, with a stopwatch on which every look takes a second."""

    def __init__(self, instance: Instance) -> None:
        self.all: list[Progress] = []
        self.now = 0.0
        self.telling = Telling(instance, self.all.append, self._look, "a name")

    def _look(self) -> float:
        self.now += 1
        return self.now


def _checked(instance: Instance, told: list[Progress]) -> None:
    """Check that what was told only gets better, and that every award costs what was said and breaks nothing."""
    costs = [one.cost for one in told if one.cost is not None]
    bounds = [one.bound for one in told if one.bound is not None]
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    assert all(one.bound is None or one.cost is None or one.bound <= one.cost for one in told)
    for one in told:
        if one.offers:
            chosen = choice_of(instance, one.offers)
            assert chosen is not None
            recount = evaluate(instance, chosen)
            assert (recount.cost, recount.violations) == (one.cost, ())


def test_a_search_by_parts_tells_awards_and_bounds_on_the_way() -> None:
    instance = prepare(large(40, 6, 3, rules=True))
    told = _Told(instance)
    effort = Effort(relaxations=2, remainders=3, moves=10, rounds=1, steps=40)
    found = lagrangian.search(instance, ENGINE, MINUTES, None, effort, telling=told.telling)
    _checked(instance, told.all)
    assert len(told.all) > 3
    assert {one.name for one in told.all} == {"a name"}
    assert found.cost is not None
    assert found.bound is not None
    assert all(one.cost is None or one.cost >= found.cost for one in told.all)
    assert all(one.bound is None or one.bound <= found.bound for one in told.all)


def test_an_exact_search_tells_awards_and_bounds_on_the_way() -> None:
    for branching in (True, False):
        instance = prepare(large(40, 6, 4, rules=True))
        told = _Told(instance)
        found = exact.search(
            instance,
            form_of(instance),
            Highs(branching=branching),
            replace(MINUTES, relative=0.002),
            None,
            told.telling,
        )
        _checked(instance, told.all)
        assert found.cost is not None


def test_a_gap_asked_for_as_a_part_of_the_cost_ends_a_search_with_an_honest_bound() -> None:
    ended = 0
    for seed in range(120):
        instance = prepare(small(seed))
        best = exact.search(instance, form_of(instance), ENGINE, MINUTES)
        if best.cost is None:
            continue
        found = exact.search(instance, form_of(instance), ENGINE, replace(MINUTES, relative=0.1))
        assert found.cost is not None
        assert found.bound is not None
        assert found.bound <= best.cost <= found.cost
        assert found.cost - found.bound <= 0.1 * abs(found.cost) + 1
        ended += found.end == "feasible"
    assert ended


def test_a_cancelled_search_leaves_the_best_award_it_had_told() -> None:
    told: list[Progress] = []

    def until_an_award(progress: Progress) -> None:
        told.append(progress)
        if progress.cost is not None:
            asking.cancel()

    options = Options(seconds=600)
    asking = Asking(Question("award", HARD, options), watcher=until_an_award)
    found = solved(asking, HARD, options)
    _same(HARD, found.offers, told)
    assert (found.status, found.broken_off) == ("feasible", "cancelled")
    assert verify(HARD, found).passed
    assert words.status(found).endswith("; the search was cancelled")


def test_a_child_that_is_killed_leaves_the_best_award_it_had_told() -> None:
    told: list[Progress] = []

    def until_an_award(progress: Progress) -> None:
        told.append(progress)
        if progress.bound is not None and progress.cost is not None:
            os.kill(asking.pid, signal.SIGKILL)

    options = Options(seconds=600)
    asking = Asking(Question("award", HARD, options), watcher=until_an_award)
    found = solved(asking, HARD, options)
    assert (found.status, found.broken_off) == ("feasible", "failure")
    assert found.bound is not None
    assert found.cost is not None
    assert found.bound <= found.cost
    assert verify(HARD, found).passed


def _same(problem: Problem, offers: tuple[str, ...], told: list[Progress]) -> None:
    assert sorted(next(one.offers for one in reversed(told) if one.offers)) == sorted(offers)
    assert set(offers) <= {offer.id for offer in problem.offers}


def test_what_was_told_is_recounted_before_it_is_believed() -> None:
    problem = small(1)
    best = award(problem, Options(), ENGINE)
    assert best.cost is not None
    true = Progress(best.cost + 7, best.cost - 10, 1.0, best.offers)
    found = interrupted(problem, Options(), true, "memory")
    assert (found.cost, found.bound, found.status) == (best.cost, best.cost - 10, "feasible")
    assert verify(problem, found).passed
    proven = interrupted(problem, Options(), replace(true, bound=best.cost), "memory")
    assert proven.status == "optimal"
    nothing = interrupted(problem, Options(), replace(true, offers=best.offers[1:]), "memory")
    assert (nothing.status, nothing.cost) == ("no award in time", None)


@pytest.mark.parametrize("why", ["time", "memory", "cancelled", "failure"])
def test_the_words_say_why_a_search_ended_early(why: str) -> None:
    problem = small(1)
    best = award(problem, Options(), ENGINE)
    assert ";" not in words.status(best)
    assert "; the search" in words.status(replace(best, broken_off=why))  # type: ignore[arg-type] # the four there are
