"""How good awards are and what finding them takes: ``python -m benchmarks.award [--quick] [--json FILE]``.

Seeded markets (``benchmarks/award_market.py`` documents them) are awarded by Tenderline and by its peers, each in a
process of its own with the same limit and one thread, one after the other (``benchmarks/award_peers.py``): the cheapest
offer for each lot, the textbook big-M form in HiGHS, and Tenderline's own form in HiGHS, in CP-SAT and in SCIP.

How to read it:

- Figures are medians over the seeds, of ratios taken seed by seed. *CPU* is that of the process that solves, making
  forms included, starting it and making the market aside. A peer that ran into its limit took at least that long.
- *Gap*: the part by which the award may be dearer than the cheapest, by the contender's own bound. *Cost relative to*:
  Tenderline's cost divided by the peer's; every cost is recounted, and a choice that breaks a rule is no award.
- *The least that any award could cost*, relative to the best peer: where it is above a goal, the best peer is so near
  to the cheapest award that nobody can reach the goal on these markets.
- *In solves*: CPU relative to finding one award of the same market.

- *Prices of rules*, the *front* and the *board* are given as many seconds as the board may take; what is not proven by
  then says so.

``--quick`` takes 100 x 10 with one seed, and with rules Tenderline alone, as its peers need minutes; else also 30 x 6,
1,000 x 20 (120 s each) and 5,000 x 30 (300 s), three seeds each: about two and a half hours; ``--seeds 1`` takes
the first alone. Limits are of the clock on the wall: on a busy machine everybody finds less.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from rich.console import Console

from benchmarks import award_board
from benchmarks.award_peers import (
    BIG_M,
    BOARD,
    CP_SAT,
    FRONT,
    GREEDY,
    HIGHS,
    PEERS,
    PRODUCT,
    RULES,
    SCIP,
    Answer,
    Job,
)
from benchmarks.figures import relative
from benchmarks.report import Figure, Report, at_least, at_most

BIG_M_CPU, CP_SAT_CPU, RULES_GAP = 0.35, 0.5, 1e-4
LARGE_GAP, LARGE_COST = 0.001, 0.95
HUGE_GAP, HUGE_COST, HUGE_MIB = 0.01, 0.96, 1.2e9 / 2**20
CHEAPER, LARGE_CHEAPER = 2.0, 5.0
RULE_SOLVES, FRONT_SOLVES, BOARD_SECONDS = 20.0, 80.0, 5.0
_GRACE = 600.0
"""Seconds beyond its limit after which a contender counts as without an answer."""
_PER_CENT, _PER_MILLION = 100, 1_000_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: seeds, seconds for small markets, and whether the smallest and the large ones are in it."""

    seeds: tuple[int, ...]
    seconds: float
    ruled_seconds: float
    whole: bool


FULL, QUICK = Extent((1, 2, 3), 60.0, 120.0, whole=True), Extent((1,), 3.0, 10.0, whole=False)
_TINY_SECONDS = 20.0


class Runner:
    """Runs contenders, each in a process of its own, and tells what it does."""

    def __init__(self, say: Console) -> None:
        self.say = say
        self.peers = tuple(name for name, module in PEERS.items() if importlib.util.find_spec(module))

    def __call__(self, job: Job) -> Answer | None:
        """Return the answer; None if there is none."""
        command = [sys.executable, "-m", "benchmarks.award_peers", json.dumps(asdict(job))]
        self.say.print(
            f"{job.lots:,} x {job.carriers}{' with rules' if job.rules else ''}, seed {job.seed}: {job.contender} ..."
        )
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                command, capture_output=True, text=True, check=True, timeout=job.seconds + _GRACE
            )
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            self.say.print(f"{job.contender} gave no answer: {str(error.stderr or error)[-400:]}", markup=False)
            return None
        return Answer(**json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Market:
    """A size, with or without rules, and how long each contender may take."""

    lots: int
    carriers: int
    rules: bool
    seconds: float

    @property
    def name(self) -> str:
        """The market as figures call it."""
        return f"{self.lots:,} x {self.carriers}{', rules' if self.rules else ''}"

    def job(self, contender: str, seed: int) -> Job:
        """Return the job of a contender."""
        return Job(contender, self.lots, self.carriers, seed, self.rules, self.seconds)


def _all(run: Runner, market: Market, seeds: Sequence[int], contenders: Sequence[str]) -> dict[str, list[Answer]]:
    """Return the answers of each contender by seed; a contender without an answer on any seed is left out."""
    found: dict[str, list[Answer]] = {}
    for contender in contenders:
        answers = [run(market.job(contender, seed)) for seed in seeds]
        there = [answer for answer in answers if answer is not None]
        if len(there) == len(seeds):
            found[contender] = there
    return found


def _compared(market: Market, found: dict[str, list[Answer]]) -> Iterator[Figure]:
    """Yield what has no goal: gaps and CPU of all, and Tenderline's cost relative to each."""
    for contender, answers in found.items():
        if contender != GREEDY:
            yield Figure(f"{market.name}: {contender}, CPU", median(one.cpu for one in answers), "s")
            yield _small(f"{market.name}: {contender}, gap", _gap(answers))
    for contender, answers in found.items():
        if contender != PRODUCT:
            yield _small(f"{market.name}: cost relative to {contender}", _cost(found[PRODUCT], answers))


def _small(name: str, value: float) -> Figure:
    return Figure(name, _PER_CENT * value, "%")


def _gap(answers: Sequence[Answer]) -> float:
    return median(one.gap for one in answers)


def _cost(own: Sequence[Answer], others: Sequence[Answer]) -> float:
    """Return the median of own cost relative to another's; 0 where only the other has no award, 2 where only we do."""
    return median(
        2.0 if mine.cost is None else 0.0 if other.cost is None else relative(mine.cost, other.cost)
        for mine, other in zip(own, others, strict=True)
    )


def _least(own: Sequence[Answer], others: Sequence[Answer]) -> float:
    """Return the median of the least that any award can cost, by either side's bound, relative to another's cost."""
    return median(
        0.0
        if other.cost is None
        else relative(max(bound for bound in (mine.bound, other.bound, 0) if bound is not None), other.cost)
        for mine, other in zip(own, others, strict=True)
    )


def _cpu(own: Sequence[Answer], others: Sequence[Answer]) -> float:
    return median(relative(mine.cpu, other.cpu) for mine, other in zip(own, others, strict=True))


def _cheaper(market: Market, found: dict[str, list[Answer]], least: float) -> Figure:
    share = _PER_CENT * (1 - _cost(found[PRODUCT], found[GREEDY]))
    return at_least(f"{market.name}: cheaper than cheapest per lot", share, "%", least)


def measure_small(run: Runner, extent: Extent, report: Report) -> None:
    """Measure 30 x 6 and 100 x 10, where every contender has a chance."""
    every = (GREEDY, PRODUCT, BIG_M, *run.peers)
    tiny, plain = Market(30, 6, False, _TINY_SECONDS), Market(100, 10, False, extent.seconds)
    ruled = Market(100, 10, True, extent.ruled_seconds)
    if extent.whole:
        report.figures += list(_compared(tiny, _all(run, tiny, extent.seeds[:1], every)))
    found = _all(run, plain, extent.seeds, every)
    report.figures.append(
        at_most(f"{plain.name}: CPU relative to {BIG_M}", _cpu(found[PRODUCT], found[BIG_M]), "times", BIG_M_CPU)
    )
    report.figures.append(_cheaper(plain, found, CHEAPER))
    report.figures += list(_compared(plain, found))
    found = _all(run, ruled, extent.seeds, (PRODUCT, *(run.peers if extent.whole else ())))
    report.figures.append(
        at_most(f"{ruled.name}: gap", _PER_MILLION * _gap(found[PRODUCT]), "millionths", _PER_MILLION * RULES_GAP)
    )
    if CP_SAT in found:
        report.figures.append(
            at_most(f"{ruled.name}: CPU relative to {CP_SAT}", _cpu(found[PRODUCT], found[CP_SAT]), "times", CP_SAT_CPU)
        )
    report.figures += list(_compared(ruled, found))


def measure_questions(run: Runner, extent: Extent, report: Report) -> None:
    """Measure what else is asked of the optimiser at 50 x 10: prices of rules, the front, the board."""
    market = Market(50, 10, True, BOARD_SECONDS)
    found = _all(run, market, extent.seeds, (PRODUCT, RULES, FRONT, BOARD))
    for contender, most in ((RULES, RULE_SOLVES), (FRONT, FRONT_SOLVES)):
        if contender in found:
            solves = _cpu(found[contender], found[PRODUCT])
            report.figures.append(at_most(f"{market.name}: {contender}, in solves", solves, "times", most))
    if BOARD in found:
        seconds = median(one.cpu for one in found[BOARD])
        report.figures.append(at_most(f"{market.name}: {BOARD}, CPU", seconds, "s", BOARD_SECONDS))


def measure_large(run: Runner, extent: Extent, report: Report) -> None:
    """Measure 1,000 x 20 and 5,000 x 30 against the same form in every solver."""
    for market, gap, cost in (
        (Market(1_000, 20, False, 120.0), LARGE_GAP, LARGE_COST),
        (Market(1_000, 20, True, 120.0), None, None),
        (Market(5_000, 30, False, 300.0), HUGE_GAP, HUGE_COST),
    ):
        found = _all(run, market, extent.seeds, (GREEDY, PRODUCT, HIGHS, *run.peers))
        own, peers = found[PRODUCT], [found[name] for name in (HIGHS, CP_SAT, SCIP) if name in found]
        if gap is not None and cost is not None:
            ratio = max(_cost(own, peer) for peer in peers)
            report.figures.append(
                at_most(f"{market.name}: gap", _PER_MILLION * _gap(own), "millionths", _PER_MILLION * gap)
            )
            report.figures.append(at_most(f"{market.name}: cost relative to the best peer", ratio, "times", cost))
            least = max(_least(own, peer) for peer in peers)
            report.figures.append(Figure(f"{market.name}: - the least that any award could cost", least, "times"))
            memory = max(one.memory for one in own)
            if gap == HUGE_GAP:
                report.figures.append(at_most(f"{market.name}: memory", memory, "MiB", HUGE_MIB))
            else:
                report.figures.append(_cheaper(market, found, LARGE_CHEAPER))
        report.figures += list(_compared(market, found))


def main() -> None:
    """Measure, print, and exit with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.award", description="How good awards are.")
    parser.add_argument("--quick", action="store_true", help="under 45 seconds: small markets, one seed")
    parser.add_argument("--seeds", type=int, default=0, metavar="N", help="so many of the seeds (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    extent = QUICK if arguments.quick else FULL
    if arguments.seeds > 0:
        extent = replace(extent, seeds=extent.seeds[: arguments.seeds])
    report, run = Report("Tenderline's awards, measured"), Runner(Console(stderr=True))
    report.remarks += [
        f"{name} is not installed (uv sync --group peers): it was not measured."
        for name in PEERS
        if name not in run.peers
    ]
    measure_small(run, extent, report)
    measure_questions(run, extent, report)
    report.figures += list(award_board.figures(extent.seeds))
    if extent.whole:
        measure_large(run, extent, report)
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        report.write(arguments.json)
    raise SystemExit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
