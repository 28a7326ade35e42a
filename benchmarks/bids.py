"""How fast bids are taken: ``python -m benchmarks.bids [--quick] [--json FILE]``.

A scratch installation (the embedded PostgreSQL, fsync and synchronous commit on) holds one English auction of 1 lot and
one of 1,000 lots, to which 64 carriers are invited. ``marketplace serve`` runs in a process of its own and gets bids
over HTTP: each with an access token, a body to validate, an idempotency key of its own; each must come back as 201 with
a signed receipt. The opponent is ``pgbench`` on the same server: the same acceptance as one prepared call of a stored
function (``benchmarks/pgbench.py``), without HTTP, token, validation or signature. Both take turns; medians count.

How to read it:

- *relative to pgbench*: accepted bids a second over HTTP divided by pgbench's. On one hot lot pgbench commits bids one
  after the other behind a row lock; the marketplace commits those that wait together.
- *p99*: both get the same offered rate, half of the slower one's throughput, at random instants. Latencies count from
  the instant at which a bid was due, so a server that stands still pays for every bid that it kept waiting.
- *CPU per accepted bid*: of everything that worked for it (the marketplace: server, worker, PostgreSQL and the sender
  of the load; pgbench: itself and PostgreSQL). pgbench's many processes get more of a busy machine than one server
  process does, so the ratio of throughputs alone flatters it; these figures don't depend on who gets which share.
- *engine*: decisions of the pure engine, in one process, and how much slower one is late in a long auction.
- *replay*: recorded events through codec and engine, and the highest memory of the replaying process.

A round in which under 95 % of the bids were accepted is invalid and misses its goal. Where a goal is missed, a profile
follows. ``--quick`` plays one short round of 64 connections each and replays a twentieth of the events.
"""

import argparse
import cProfile
import io
import os
import pstats
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

from rich.console import Console
from sqlalchemy.engine import URL

from benchmarks import cpu, engine, pgbench, profiler, replay, scratch
from benchmarks.contest import Contest, Rounds, Scenario
from benchmarks.figures import relative
from benchmarks.report import Figure, Report, at_least, at_most, below
from benchmarks.server import environment, serving
from marketplace import schema, wiring
from marketplace.kernel import postgres
from marketplace.kernel.config import Settings

HOT_GOAL = 4.0
MANY_GOAL = 0.7
P99_GOAL = 5.0
DECISIONS_GOAL = 50_000
SLOWER_GOAL = 1.2
"""'No slower' with room for the noise of timing."""
MEMORY_GOAL = 1.5
"""Times the memory of a tenth of the events: ten times the events must not need much more."""
_PROFILE_SECONDS = 5.0
_WARMING_SECONDS = 4.0
_LEAST_RATE = 20.0
"""Bids a second below which a 99th percentile of some seconds says nothing."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured."""

    scenarios: tuple[Scenario, ...]
    delays: tuple[Scenario, ...]
    rounds: int
    seconds: float
    events: tuple[int, ...]
    profiled: bool


_HOT, _MANY = Scenario(1, 64), Scenario(scratch.LOTS, 64)
FULL = Extent(
    (Scenario(1, 32), _HOT, Scenario(scratch.LOTS, 32), _MANY),
    (_HOT, _MANY),
    5,
    8.0,
    (100_000, 1_000_000),
    profiled=True,
)
QUICK = Extent((_HOT, _MANY), (_MANY,), 1, 1.2, (50_000,), profiled=False)


@dataclass(frozen=True, slots=True)
class Installation:
    """The scratch installation's folder, database (of the owner) and carriers."""

    folder: Path
    database: URL
    market: scratch.Market


@contextmanager
def installed(sizes: tuple[int, ...] = (1, scratch.LOTS)) -> Iterator[Installation]:
    """Make the scratch installation and remove it in the end."""
    folder = Path(mkdtemp(prefix="tenderline-benchmark-"))
    folder.chmod(0o711)  # where root may not make a user namespace, PostgreSQL runs as nobody and has to pass through
    try:
        # the environment is the one that the server gets; nothing of the caller's own installation counts
        given = {
            name.removeprefix("MARKETPLACE_").lower(): value
            for name, value in environment(folder).items()
            if name.startswith("MARKETPLACE_")
        }
        with wiring.opened(Settings(_env_file=None, **given)) as market:  # type: ignore[arg-type]
            schema.migrate(market.database.owner)
            made = scratch.build(market, sizes)
            database = market.database.owner
        pgbench.prepare(database, scratch.LOTS, scratch.CARRIERS)
        if not pgbench.is_durable(database):
            raise OSError("The scratch PostgreSQL does not write durably: nothing that it does would be a measurement.")
        yield Installation(folder, database, made)
    finally:
        postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _contest(place: Installation, profile: Path | None = None) -> Iterator[Contest]:
    """Serve the installation."""
    process = postgres.status(place.folder / "postgres").pid
    if process is None:
        raise OSError("The scratch PostgreSQL has ended.")
    with serving(place.folder, profile) as server:
        yield Contest(server, place.database, process, place.market.bidders)


def measure_bids(extent: Extent, report: Report, say: Console) -> None:
    """Measure throughput, latency and CPU against pgbench, and profile the server where it misses a goal."""
    say.print("making the scratch market ...")
    with installed() as place:
        with _contest(place) as contest:
            contest.bid(_MANY, 1.0)
            contest.settle()  # the warming-up, and what a server does after its start
            throughput: dict[Scenario, Rounds] = {}
            for scenario in extent.scenarios:
                say.print(f"{scenario.name}: {extent.rounds} round(s) of {extent.seconds:g} s each side ...")
                played = contest.play(scenario, extent.rounds, extent.seconds)
                throughput[scenario] = played
                report.figures += _throughput(scenario, played)
                report.remarks += _refusals(scenario, played)
            for scenario in extent.delays:
                slower = min(throughput[scenario].own_throughput, throughput[scenario].other_throughput)
                rate = max(_LEAST_RATE, slower / 2)
                say.print(f"{scenario.name}: latency at {rate:.0f} bids/s ...")
                played = contest.play(scenario, extent.rounds, extent.seconds, rate)
                report.figures += _delay(scenario, played, rate)
                report.remarks += _refusals(scenario, played)
        for scenario in (_HOT, _MANY):
            if extent.profiled and any(figure.name.startswith(scenario.name) for figure in report.missed):
                say.print(f"{scenario.name}: profiling ...")
                report.remarks.append(_profile(place, scenario))


def _throughput(scenario: Scenario, played: Rounds) -> Iterator[Figure]:
    own, other = played.own_throughput, played.other_throughput
    yield Figure(f"{scenario.name}: marketplace", own, "bids/s")
    yield Figure(f"{scenario.name}: pgbench", other, "bids/s")
    goal = HOT_GOAL if scenario.lots == 1 else MANY_GOAL
    yield at_least(f"{scenario.name}: relative to pgbench", relative(own, other), "times", goal, valid=played.valid)
    if cpu.measurable():
        yield Figure(f"{scenario.name}: CPU per accepted bid, marketplace", median(played.own_cpu), "µs")
        yield Figure(f"{scenario.name}: - of it in the server process", median(played.server_cpu), "µs")
        yield Figure(f"{scenario.name}: CPU per accepted bid, pgbench", median(played.other_cpu), "µs")


def _delay(scenario: Scenario, played: Rounds, rate: float) -> Iterator[Figure]:
    own, other = played.own_p99, played.other_p99
    yield Figure(f"{scenario.name}: p99 of the marketplace at {rate:.0f} bids/s", own, "ms")
    yield Figure(f"{scenario.name}: p99 of pgbench at {rate:.0f} bids/s", other, "ms")
    times = relative(own, other)
    yield below(f"{scenario.name}: p99 relative to pgbench", times, "times", P99_GOAL, valid=played.valid and own > 0)


def _refusals(scenario: Scenario, played: Rounds) -> Iterator[str]:
    """Tell what was not accepted, with the first answers that say why."""
    refused = sum(outcome.refused for outcome in played.own)
    unanswered = sum(outcome.unanswered for outcome in played.own)
    if not played.valid:
        yield f"INVALID {scenario.name}: under 95 % of the bids were accepted in a round."
    if refused or unanswered:
        yield f"{scenario.name}: {refused} bids refused, {unanswered} not answered."
        yield from [f"  {refusal}" for outcome in played.own for refusal in outcome.refusals][:3]


def _profile(place: Installation, scenario: Scenario) -> str:
    """Return where the server's time goes while it takes bids."""
    file = place.folder / f"profile-{scenario.lots}.json"
    with _contest(place, file) as contest:
        contest.bid(scenario, _WARMING_SECONDS)  # lots with many bids are read back once after a start, not per bid
        os.kill(contest.server.pid, profiler.BEGIN)
        contest.bid(scenario, _PROFILE_SECONDS)
    return f"\nPROFILE of the server, {scenario.name}. {profiler.summary(file)}"


def measure_engine(report: Report, say: Console) -> None:
    """Measure the engine alone."""
    say.print("engine ...")
    measured = engine.measure()
    figures = (
        at_least("engine: decisions on one core", measured.decisions, "a second", DECISIONS_GOAL),
        at_most(
            f"engine: time of a bid after {engine.MANY:,} bids to after {engine.FEW}, {engine.FEW} bidders",
            measured.slower_same_bidders,
            "times",
            SLOWER_GOAL,
        ),
        at_most(
            f"engine: time of a bid after {engine.MANY:,} bids to after {engine.FEW}, each by another bidder",
            measured.slower_new_bidders,
            "times",
            SLOWER_GOAL,
        ),
    )
    report.figures += figures
    if not all(figure.met for figure in figures):
        report.remarks.append("\nPROFILE of the engine:\n" + _engine_profile())


def _engine_profile() -> str:
    commands = list(islice(engine.bids(engine.BIDDERS), engine.MANY // 2))
    _, state = engine.opened(engine.BIDDERS)
    profile = cProfile.Profile()
    profile.enable()
    for command, at in commands:
        _, state = engine.take(state, command, at)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).strip_dirs().sort_stats("tottime").print_stats(16)
    return "\n".join(line for line in text.getvalue().splitlines() if line.strip())


def measure_replay(extent: Extent, report: Report, say: Console) -> None:
    """Measure the replay of recorded events."""
    folder = Path(mkdtemp(prefix="tenderline-benchmark-"))
    measured = []
    try:
        for events in extent.events:
            say.print(f"replay of {events:,} events ...")
            file = folder / "events.jsonl"
            replay.write(file, events)
            measured.append(replay.measure(file))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for done in measured:
        report.figures.append(Figure(f"replay of {done.events:,} events in {done.lots} lots", done.rate, "events/s"))
        report.figures.append(Figure(f"replay of {done.events:,} events: highest memory", done.memory, "MiB"))
    if len(measured) > 1:
        growth = relative(measured[-1].memory, measured[0].memory)
        report.figures.append(at_most("replay: memory for ten times the events", growth, "times", MEMORY_GOAL))


def main() -> None:
    """Measure, print, and exit with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bids", description="How fast bids are taken.")
    parser.add_argument("--quick", action="store_true", help="under 45 seconds: one short round each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--only", choices=("bids", "engine", "replay"), help="one part alone")
    arguments = parser.parse_args()
    extent = QUICK if arguments.quick else FULL
    report, say = Report("Tenderline's bids, measured"), Console(stderr=True)
    if arguments.only in {None, "engine"}:
        measure_engine(report, say)
    if arguments.only in {None, "replay"}:
        measure_replay(extent, report, say)
    if arguments.only in {None, "bids"}:
        measure_bids(extent, report, say)
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        report.write(arguments.json)
    raise SystemExit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
