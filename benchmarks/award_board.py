"""The scenario board as a buyer meets it: one child that stays, a whole board, and then a change of one rule.

The market is that of ``benchmarks/award_market.py`` at 50 x 10 with its rules, and a quality from 50 to 95 for each
offer. CPU is that of the child alone, starting it included in the whole board.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import median

from benchmarks.award_market import market
from benchmarks.cpu import used_by_waited_for
from benchmarks.report import Figure, at_most
from marketplace.awards.board.computing import FRONT, POINTS, SECONDS, seconds_each
from marketplace.awards.optimiser.problem import MaxCarriers, Problem
from marketplace.awards.optimiser.questions import Question
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.scenarios import Played, Scenario, standard
from marketplace.awards.optimiser.solve import Standing
from marketplace.kernel.clock import stopwatch

CHANGE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answered:
    """One question to the board's child: seconds by the clock, awards and prices, and how many of them are proven."""

    seconds: float
    awards: int
    proven_awards: int
    prices: int
    proven_prices: int


def figures(seeds: tuple[int, ...]) -> Iterator[Figure]:
    """Yield what the board takes at 50 x 10, medians over the seeds."""
    runs = [_measured(seed) for seed in seeds]
    for place, name in enumerate(("whole board", "front of 7 points", "change of one rule")):
        answered = [run[0][place] for run in runs]
        seconds = median(one.seconds for one in answered)
        title = f"50 x 10, board: {name}"
        goal = place == 2
        yield at_most(title, seconds, "s", CHANGE_SECONDS) if goal else Figure(title, seconds, "s")
        yield Figure(f"{title}, awards proven", _share(answered, "awards"), "%")
        if any(one.prices for one in answered):
            yield Figure(f"{title}, prices of rules proven", _share(answered, "prices"), "%")
    yield Figure("50 x 10, board: all of it, CPU of the child", median(run[1] for run in runs), "s")


def _share(answered: list[Answered], what: str) -> float:
    every, proven = 0, 0
    for one in answered:
        every += one.awards if what == "awards" else one.prices
        proven += one.proven_awards if what == "awards" else one.proven_prices
    return 100 * proven / max(1, every)


def _measured(seed: int) -> tuple[tuple[Answered, ...], float]:
    problem = _rated(market(50, 10, seed, rules=True), seed)
    changed = Scenario("changed", drop=("max-carriers",), add=(MaxCarriers("max-carriers", 4),))
    before, child = used_by_waited_for(), Standing()
    try:
        board, front = _scenarios(child, problem, standard(problem)), _front(child, problem)
        answered = (board, front, _scenarios(child, problem, (changed,)))
    finally:
        child.close()
    return answered, used_by_waited_for() - before


def _rated(problem: Problem, seed: int) -> Problem:
    chance = random.Random(seed)  # noqa: S311 - made again from its seed on purpose
    return replace(problem, offers=tuple(replace(one, quality=chance.randint(50, 95)) for one in problem.offers))


def _scenarios(child: Standing, problem: Problem, asked: tuple[Scenario, ...]) -> Answered:
    options = Options(seconds=SECONDS + seconds_each(problem) * len(asked))
    began = stopwatch()
    played: tuple[Played, ...] = child.asking(Question("scenarios", problem, options, scenarios=asked)).answer()
    prices = [price for one in played if one.prices is not None for price in one.prices.rules]
    return Answered(
        stopwatch() - began,
        len(played),
        sum(one.award.status in {"optimal", "infeasible"} for one in played),
        len(prices),
        sum(price.proven for price in prices),
    )


def _front(child: Standing, problem: Problem) -> Answered:
    began = stopwatch()
    options = Options(seconds=FRONT * seconds_each(problem))
    found = child.asking(Question("front", problem, options, points=POINTS)).answer()
    return Answered(stopwatch() - began, len(found), sum(one.award.status == "optimal" for one in found), 0, 0)
