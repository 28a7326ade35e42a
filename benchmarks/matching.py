"""How fast requests find their filters: ``python -m benchmarks.matching [--quick] [--json FILE]``.

A seeded market (``benchmarks/filter_market.py`` documents it) is put into the matching index and, of the same filters,
into its peers (``benchmarks/filter_peers.py``): the plain predicate, a scan over numpy columns, DuckDB and PostgreSQL,
each with one statement a request. All take turns on the same requests, one after the other on one core.

How to read it:

- *CPU a request*: of the thread or process that answers, handing the request over aside (to a database; the facts of
  a request hold their place keys packed from when they are made, as a draft is read); with the scan, which reads all
  filters, taking its turn after each search, and once more without (*no scan in between*): the difference is what a
  processor's caches have forgotten. *Ratio to*: a peer's mean divided by the index's mean over
  the same requests. Slow peers get a sample of the requests. An answer is found when it is there as rows; spelling the
  ids of thousands of filters out is on nobody's account.
- *Exact*: every answer of the run is compared with the scan's, and on the sample with the predicate's, which decides.
- *Growth*: the exponent of the mean between the smallest and the largest number of filters.
- *Relative to reading the accepted filters' records*: how far the index is from the bytes that any index must touch,
  the records of the filters that it names.
- *Adversarial*: every filter has a territory of its own.
- *Index from the database*, *a request that reaches …*: a scratch marketplace (``benchmarks/filter_database.py``).

``--quick`` takes 10,000 filters; else 10,000, 100,000 and 1,000,000.
"""

import argparse
import gc
import importlib.util
import math
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from tempfile import mkdtemp
from typing import Any

import psycopg
from rich.console import Console
from sqlalchemy import make_url

from benchmarks import filter_database
from benchmarks.figures import percentile, relative
from benchmarks.filter_market import Market, MarketFilter, market
from benchmarks.filter_peers import DuckDb, Ids, NumpyScan, Peer, PlainPredicate, PostgreSql, Table
from benchmarks.report import Figure, Report, at_least, at_most
from marketplace.kernel import postgres
from matching.index.entries import Entry
from matching.index.index import Index
from matching.model import RequestFacts

GOALS = {PlainPredicate.name: 1000.0, PostgreSql.name: 200.0, DuckDb.name: 30.0, NumpyScan.name: 15.0}
"""Times the CPU of the index, at a million filters."""
MEDIAN_MS, P99_MS = 1.0, 10.0
GROWTH, WIDE, ADVERSARIAL = 0.65, 12.0, 6.0
FILTER_BYTES, PAIR_BYTES = 120.0, 24.0
ADD_MS, REMOVE_US, SNAPSHOT_MS = 0.25, 5.0, 50.0
LOADED, LOAD_S = 100_000, 10.0
"""Seconds that an index may take to load so many filters from the database."""
TURNED_OVER = 20_000
"""Filters that are added, and half as many more that are removed, before the answers are compared again."""
_SLOW = {PlainPredicate.name: 6.0, PostgreSql.name: 20.0, DuckDb.name: 10.0}
"""Seconds that a slow peer gets for its sample, times the patience of the run."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: numbers of filters; how many requests."""

    sizes: tuple[int, ...]
    requests: int
    patience: float
    turned_over: int


FULL = Extent((10_000, 100_000, 1_000_000), 1_000, 4.0, TURNED_OVER)
QUICK = Extent((10_000,), 40, 0.15, 2_000)


def entry(made: Market, one: MarketFilter) -> Entry:
    """Return what the index holds of a filter."""
    return Entry(one.filter_id, one.provider_id, one.criteria, made.keys(one.include), made.keys(one.exclude))


class Indexed:
    """The index with the numbers of its filters, as peers answer."""

    name = "the index"

    def __init__(self, made: Market, filters: Iterable[MarketFilter]) -> None:
        self.index = Index()
        self.index.add_many(entry(made, one) for one in filters)
        self.index.rebuild()
        self.floor = 0.0
        """Seconds that reading the records of all accepted filters took, which no index can save itself."""
        self._numbers = {one.filter_id: number for number, one in enumerate(made.filters)}

    def search(self, facts: RequestFacts) -> tuple[Ids, float]:
        """Return the accepting filters and the CPU seconds."""
        began = time.thread_time()
        found = self.index.find(facts)
        took = time.thread_time() - began
        began = time.thread_time()
        for _, records, rows in found._parts:  # noqa: SLF001 - a measurement of what lies in there
            records[rows].sum()
        self.floor += time.thread_time() - began
        return {self._numbers[filter_id] for _, filter_id in found.pairs()}, took


@contextmanager
def _peers(made: Market, table: Table, report: Report) -> Iterator[list[Peer]]:
    """Load the slow peers; one that is not installed is left out, and the report says so."""
    peers: list[Peer] = [PlainPredicate(made)]
    if importlib.util.find_spec("duckdb"):
        peers.append(DuckDb(table))
    else:
        report.remarks.append("DuckDB is not installed (uv sync --group peers): it was not measured.")
    folder = Path(mkdtemp(prefix="tenderline-benchmark-"))
    folder.chmod(0o711)  # where root may not make a user namespace, PostgreSQL runs as nobody and has to pass through
    try:
        urls = postgres.start(folder / "postgres", durable=False)
        address = make_url(urls.owner).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address) as connection:
            yield [*peers, PostgreSql(table, connection)]
    finally:
        postgres.stop(folder / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _milliseconds(seconds: Iterable[float]) -> list[float]:
    return [1000 * one for one in seconds]


def _checked(own: Indexed, scan: NumpyScan, requests: Sequence[RequestFacts], alive: Ids) -> tuple[int, list[float]]:
    """Return how many answers differ from the scan's, and the index's CPU milliseconds."""
    wrong, took = 0, []
    for facts in requests:
        found, seconds = own.search(facts)
        expected, _ = scan.search(facts)
        wrong += found != expected & alive
        took.append(seconds)
    return wrong, _milliseconds(took)


def _against(own: Indexed, peer: Peer, requests: Sequence[RequestFacts], patience: float) -> tuple[int, float, int]:
    """Return how many answers differ, how many times the index's CPU the peer took, and over how many requests."""
    wrong, ours, theirs, done = 0, 0.0, 0.0, 0
    ends = time.monotonic() + patience
    for facts in requests:
        if time.monotonic() > ends and done:
            break
        found, seconds = own.search(facts)
        expected, peer_seconds = peer.search(facts)
        wrong += found != expected
        ours, theirs, done = ours + seconds, theirs + peer_seconds, done + 1
    return wrong, relative(theirs, ours), done


def measure_size(extent: Extent, filters: int, report: Report, say: Console) -> float:
    """Measure the index with so many filters, against its peers; return the mean milliseconds."""
    at_goal = filters == 1_000_000
    say.print(f"{filters:,} filters: making the market ...")
    made = market(filters, extent.requests)
    table = Table.of(made)
    began = time.process_time()
    own, scan = Indexed(made, made.filters), NumpyScan(table)
    loaded = time.process_time() - began
    say.print(f"{filters:,} filters: {extent.requests} requests ...")
    _checked(own, scan, made.requests[:20], set(range(filters)))  # the warming-up
    own.floor = 0.0
    wrong, took = _checked(own, scan, made.requests, set(range(filters)))
    touching = 1000 * own.floor / len(took)
    took.sort()
    name = f"{filters:,} filters"
    mean = fmean(took)
    hits = fmean(len(own.search(facts)[0]) for facts in made.requests[:50])
    alone = median(_milliseconds(own.search(facts)[1] for facts in made.requests))
    report.figures += [
        at_most(f"{name}: median CPU a request", median(took), "ms", MEDIAN_MS)
        if at_goal
        else Figure(f"{name}: median CPU a request", median(took), "ms"),
        at_most(f"{name}: median CPU a request, no scan in between", alone, "ms", MEDIAN_MS)
        if at_goal
        else Figure(f"{name}: median CPU a request, no scan in between", alone, "ms"),
        Figure(f"{name}: mean CPU a request", mean, "ms"),
        at_most(f"{name}: 99th percentile", percentile(took, 99), "ms", P99_MS)
        if at_goal
        else Figure(f"{name}: 99th percentile", percentile(took, 99), "ms"),
        Figure(f"{name}: filters that accept a request, mean", hits, ""),
        Figure(f"{name}: mean relative to reading the accepted filters' records", relative(mean, touching), "times"),
        at_most(f"{name}: answers of {len(took)} unlike the scan's", wrong, "", 0),
        Figure(f"{name}: putting all into the index, CPU", loaded, "s"),
    ]
    report.figures += list(_sizes(own, name, at_goal=at_goal))
    wrong, ratio, done = _against(own, scan, made.requests, math.inf)
    report.figures.append(_ratio(name, scan.name, ratio, done, at_goal=at_goal))
    say.print(f"{filters:,} filters: loading the peers ...")
    with _peers(made, table, report) as peers:
        for peer in peers:
            say.print(f"{filters:,} filters: {peer.name} ...")
            wrong, ratio, done = _against(own, peer, made.requests, extent.patience * _SLOW[peer.name])
            report.figures.append(_ratio(name, peer.name, ratio, done, at_goal=at_goal))
            report.figures.append(at_most(f"{name}: answers of {done} unlike those of {peer.name}", wrong, "", 0))
    report.figures += list(_turned_over(own, made, extent, name))
    report.figures += list(_snapshot(own, made, name))
    return mean


def _ratio(name: str, peer: str, ratio: float, done: int, *, at_goal: bool) -> Figure:
    words = f"{name}: CPU of {peer} relative to the index, {done} requests"
    return at_least(words, ratio, "times", GOALS[peer]) if at_goal else Figure(words, ratio, "times")


def _sizes(own: Indexed, name: str, *, at_goal: bool) -> Iterator[Figure]:
    a_filter, a_pair = own.index.bytes_per_filter(), own.index.bytes_per_pair()
    if at_goal:
        yield at_most(f"{name}: memory of a filter", a_filter, "bytes", FILTER_BYTES)
        yield at_most(f"{name}: memory of a pair of key and territory", a_pair, "bytes", PAIR_BYTES)
    else:
        yield Figure(f"{name}: memory of a filter", a_filter, "bytes")
        yield Figure(f"{name}: memory of a pair of key and territory", a_pair, "bytes")


def _turned_over(own: Indexed, made: Market, extent: Extent, name: str) -> Iterator[Figure]:
    """Remove filters and add others, each alone, and compare all answers again."""
    chance = random.Random(2)  # noqa: S311 - made again from its seed on purpose
    count = min(extent.turned_over, len(made.filters) // 4)
    leaving = chance.sample(range(len(made.filters)), count + count // 2)
    coming = chance.sample(leaving, count)
    entries = [entry(made, made.filters[number]) for number in coming]
    remove = _each(own.index.remove, [made.filters[number].filter_id for number in leaving])
    add = _each(own.index.add, entries)
    alive = set(range(len(made.filters))) - set(leaving) | set(coming)
    wrong, _ = _checked(own, NumpyScan(Table.of(made)), made.requests, alive)
    yield at_most(f"{name}: removing one, mean of {len(leaving)}", 1_000_000 * remove, "µs", REMOVE_US)
    yield at_most(f"{name}: adding one, mean of {len(coming)}", 1000 * add, "ms", ADD_MS)
    yield at_most(f"{name}: answers unlike the scan's after that", wrong, "", 0)
    began = time.perf_counter()
    own.index.rebuild()
    yield Figure(f"{name}: folding the changes in", time.perf_counter() - began, "s")
    wrong, _ = _checked(own, NumpyScan(Table.of(made)), made.requests, alive)
    yield at_most(f"{name}: answers unlike the scan's after folding", wrong, "", 0)


def _each(act: Callable[[Any], object], things: Sequence[object]) -> float:
    """Return the mean CPU seconds of doing something with each thing, the collector of garbage aside."""
    gc.collect()
    gc.disable()
    try:
        began = time.thread_time()
        for thing in things:
            act(thing)
        return (time.thread_time() - began) / max(1, len(things))
    finally:
        gc.enable()


def _snapshot(own: Indexed, made: Market, name: str) -> Iterator[Figure]:
    folder = Path(mkdtemp(prefix="tenderline-benchmark-"))
    try:
        own.index.save(folder / "index")
        size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
        began = time.perf_counter()
        loaded = Index.load(folder / "index")
        took = time.perf_counter() - began
        same = all(loaded.search(facts) == own.index.search(facts) for facts in made.requests[:20])
        yield Figure(f"{name}: snapshot on disk", size / 2**20, "MiB")
        yield at_most(f"{name}: restart from the snapshot", 1000 * took, "ms", SNAPSHOT_MS, valid=same)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure_shapes(filters: int, requests: int, report: Report, say: Console) -> None:
    """Measure what many sites cost, and filters that each have a territory of their own."""
    say.print(f"{filters:,} filters: one site, 500 sites, territories of their own ...")
    made = market(filters, 0)
    own = Indexed(made, made.filters)
    one, many = (_mean(own, market(100, requests, seed=3, sites=sites).requests) for sites in (1, 500))
    name = f"{filters:,} filters"
    report.figures.append(at_most(f"{name}: 500 sites relative to one", relative(many, one), "times", WIDE))
    asked = market(100, requests, seed=4).requests
    normal = _mean(own, asked)
    hostile = market(filters, 0, adversarial=True)
    every = _mean(Indexed(hostile, hostile.filters), asked)
    words = f"{name}, each with a territory of its own: mean relative to normal"
    report.figures.append(at_most(words, relative(every, normal), "times", ADVERSARIAL))


def measure_database(filters: int, providers: int, report: Report, say: Console) -> None:
    """Measure what matching costs in a real marketplace."""
    # what earlier measurements left is on nobody's account, nor is looking through it for garbage
    gc.collect()
    gc.freeze()
    say.print(f"{filters:,} filters in a database ...")
    with filter_database.installed() as scratch:
        loaded = filter_database.load(scratch, market(filters, 0))
    words = f"{loaded.filters:,} filters with {loaded.pairs:,} keys of territories"
    per_goal = loaded.wall * LOADED / loaded.filters
    report.figures += [
        Figure(f"{words}: index from the database", loaded.wall, "s"),
        Figure(f"{words}: - of it CPU of the process", loaded.cpu, "s"),
        at_most(f"{words}: for each {LOADED:,} filters", per_goal, "s", LOAD_S),
    ]
    say.print(f"publishing to {providers:,} providers ...")
    with filter_database.installed() as scratch:
        reached = filter_database.publish(scratch, providers)
    words = f"a request that reaches {reached.invited:,} providers"
    report.figures += [
        Figure(f"{words}: published (matching, invitations, lots)", reached.submission, "s"),
        Figure(f"{words}: notices written after that", reached.notices, "s"),
    ]


def _mean(own: Indexed, requests: Sequence[RequestFacts]) -> float:
    for facts in requests[:5]:
        own.search(facts)
    return fmean(_milliseconds(own.search(facts)[1] for facts in requests))


def main() -> None:
    """Measure, print, and exit with 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.matching", description="How fast filters are found.")
    parser.add_argument("--quick", action="store_true", help="under 45 seconds: few filters and requests")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    arguments = parser.parse_args()
    extent = QUICK if arguments.quick else FULL
    report, say = Report("Tenderline's matching, measured"), Console(stderr=True)
    means = [measure_size(extent, filters, report, say) for filters in extent.sizes]
    if not arguments.quick:
        growth = math.log(means[-1] / means[0]) / math.log(extent.sizes[-1] / extent.sizes[0])
        words = f"growth exponent of the mean, {extent.sizes[0]:,} to {extent.sizes[-1]:,} filters"
        report.figures.append(at_most(words, growth, "", GROWTH))
    measure_shapes(10_000 if arguments.quick else 100_000, min(100, extent.requests), report, say)
    if arguments.quick:
        measure_database(2_000, 200, report, say)
    else:
        measure_database(LOADED, 5_000, report, say)
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if arguments.json is not None:
        report.write(arguments.json)
    raise SystemExit(1 if report.missed else 0)


if __name__ == "__main__":
    main()
