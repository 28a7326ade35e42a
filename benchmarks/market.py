"""A busy day of the whole marketplace: ``python -m benchmarks.market [--quick] [--json FILE] [--seed N]``.

A scratch installation on the embedded PostgreSQL, ``marketplace serve`` and ``marketplace worker`` in processes of
their own. 2,000 buyers and 500 carriers with 20 filters each; 300 buyers publish a request over HTTP, so that 300 are
open at once; 1,000 live pages are opened: each buyer's own auction, the others of its carriers. Then everybody looks at
pages and at the API, and bids come ever faster until the auctions close, one after the other, in the last sixth of the
time. The same day is lived with a tenth of everything before. ``--quick`` lives one with a twentieth.

How to read it:

- *errors*: answers that nobody asked for (a 5xx, a 4xx that isn't a bid after the close), broken connections, live
  pages that ended. None may be.
- *accepted bids that the database has*: of those that were acknowledged; *live pages with the newest picture*: of all,
  after the last close, against what a page gets that is opened then.
- *morning*: creating and submitting requests, four at a time.
- *idle* and *rush*: a route's milliseconds one after the other before anybody bids, pages open; and in the rush, from
  the instant at which the call was due. *relative to idle* divides the 95th percentile of the one by the median of the
  other. ``GET /health/live`` touches nothing: what it costs in the rush is waiting for the process.
- *bid to page*: from a bid's answer until a page that watches its auction has a picture that is newer than the bid.
- *CPU*: seconds of a processor a second of the rush, and what others on the machine took. *memory*: what the processes
  hold at its end.
- *a tenth to the whole*: the cost of the whole divided by that of a tenth. A tenth has a tenth of the pages and calls,
  so ten is a cost that grows as the market does; a request reaches ten times as many carriers, though.

This program itself takes a part of the processors; by how much it was late is told, and counts in every latency.
"""

import argparse
import asyncio
import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log10
from pathlib import Path
from statistics import median

import httpx
from rich.console import Console
from sqlalchemy import text

from benchmarks import cpu, market_day, market_place
from benchmarks.figures import percentile, relative
from benchmarks.filter_database import installed
from benchmarks.market_day import HEALTH, Auction, Caller, Look, Rates, Seen
from benchmarks.market_place import Place, Size
from benchmarks.report import Figure, Report, at_least, at_most
from benchmarks.server import Server, serving, working
from marketplace.kernel import postgres
from marketplace.kernel.clock import stopwatch, wait

_PATIENCE_SECONDS = 120.0
_SETTLING_SECONDS = 20.0
_LATE_MS = 100.0
"""Where this program itself comes later than this, the machine does something else, and no latency means anything."""
_TEN = 10
_SECONDS_PER_DAY = 86_400
_RUNNING = "SELECT count(*) FROM market.lots WHERE status = 'open' AND closes_at < now()"


@dataclass(frozen=True, slots=True)
class Day:
    """One day: how many there are, how many seconds the rush takes, how busy it is, how often idle routes are read."""

    size: Size
    rush: float
    rates: Rates
    idle_rounds: int


WHOLE = Day(Size(2_000, 500, 300, 1_000), 90.0, Rates(8.0, 0.5, 4.0), 5)
TENTH = Day(Size(200, 50, 30, 100), 90.0, Rates(0.8, 0.05, 0.4), 5)
QUICK = Day(Size(100, 25, 15, 50), 6.0, Rates(10.0, 2.0, 8.0), 1)


@dataclass(slots=True)
class Lived:
    """What a day came to. CPU (seconds) and memory (MiB) by process; ``stored``: bids that the database has."""

    seen: Seen
    idle: dict[str, list[float]]
    seconds: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    stored: int = 0
    invitations: int = 0
    notices: int = 0
    pages: int = 0
    fresh: int = 0
    pictures: int = 0
    still_open: int = 0
    others: float = 0.0
    """CPU seconds that the machine spent on what is no part of this."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """The processes of a day and who is there."""

    server: Server
    place: Place
    processes: dict[str, int]

    def used(self) -> dict[str, float]:
        """Return the CPU seconds that each has used."""
        return {name: cpu.used(pid) for name, pid in self.processes.items()}

    def count(self, query: str) -> int:
        """Return the number that a query asks the database for."""
        with self.place.owner.connect() as connection:
            return int(connection.execute(text(query)).scalar_one())

    def still_open(self) -> int:
        """Wait until every auction has closed; return how many have not after a while."""
        ends = stopwatch() + _PATIENCE_SECONDS
        while (running := self.count(_RUNNING)) and stopwatch() < ends:
            wait(0.5)
        return running


def live(day: Day, seed: int, say: Console) -> Lived:
    """Live a day in an installation of its own. Raises OSError when it can't even begin."""
    say.print(f"making a market of {day.size.buyers:,} buyers and {day.size.providers:,} carriers ...")
    with installed() as market:
        place = market_place.furnish(market, day.size, random.Random(seed))  # noqa: S311 - made again by its seed
        database = postgres.status(market.settings.folder / "postgres").pid
        if database is None:
            raise OSError("The scratch PostgreSQL has ended.")
        with serving(place.folder, worker=False) as server, working(place.folder) as worker:
            processes = {"server": server.pid, "worker": worker, "database": database}
            try:
                return asyncio.run(_lived(_Stage(server, place, processes), day, seed, say))
            finally:
                place.owner.dispose()


async def _lived(stage: _Stage, day: Day, seed: int, say: Console) -> Lived:
    chance = random.Random(seed)  # noqa: S311 - made again by its seed
    limits = httpx.Limits(max_connections=100)
    address = f"http://{stage.server.host}:{stage.server.port}"
    async with httpx.AsyncClient(base_url=address, timeout=60.0, limits=limits, trust_env=False) as client:
        seen = Seen()
        caller = Caller(client, seen)
        noon = stopwatch() + await _morning(caller, stage.place, day)
        evening = noon + day.rush
        say.print(f"publishing {day.size.requests} requests ...")
        ends = (evening - day.rush / 6, evening)
        auctions = await market_day.publish_all(caller, stage.place, day.size.requests, ends, seed)
        invited = stage.place.invitations()
        for one in auctions:
            one.rivals = invited.get(one.request_id, [])
        auctions = [one for one in auctions if one.rivals]  # nobody can bid in the others
        patience = max(1.0, min(_PATIENCE_SECONDS, noon - stopwatch()))
        await asyncio.to_thread(cpu.wait_until_quiet, (stage.processes["worker"],), patience)
        say.print(f"opening {day.size.pages:,} live pages ...")
        tasks = await market_day.open_pages(stage.server, auctions, day.size.pages)
        idle = await _idle(client, stage.place, auctions, day.idle_rounds)
        if stopwatch() > ends[0]:
            raise OSError("Auctions close before all pages are open: this machine has become too slow.")
        await asyncio.sleep(max(0.0, noon - stopwatch()))
        say.print(f"a rush of {evening - stopwatch():.0f} s ...")
        lived = Lived(seen, idle.milliseconds, invitations=sum(map(len, invited.values())), pages=len(tasks))
        seen.errors += idle.errors
        seen.first_errors += idle.first_errors
        began, before, all_before = stopwatch(), stage.used(), cpu.used_by_all() - cpu.used_alone(os.getpid())
        await market_day.rush(caller, stage.place, auctions, day.rates, chance)
        lived.seconds = stopwatch() - began
        lived.cpu = {name: seconds - before[name] for name, seconds in stage.used().items()}
        all_used = cpu.used_by_all() - cpu.used_alone(os.getpid()) - all_before
        lived.others = max(0.0, all_used - sum(lived.cpu.values()))
        lived.memory = {name: cpu.memory(pid) for name, pid in stage.processes.items()}
        await _evening(stage, auctions, tasks, lived)
    return lived


async def _morning(caller: Caller, place: Place, day: Day) -> float:
    """Return how many seconds may pass until the rush: by what a request and a page take here, and some more.

    When the auctions close has to be said before the first of them is published.
    """
    tomorrow = stopwatch() + _SECONDS_PER_DAY
    taken = []
    for _ in range(2):  # the first warms up
        began = stopwatch()
        (probe,) = await market_day.publish_all(caller, place, 1, (tomorrow, tomorrow), 0)
        published = stopwatch()
        page = Look("warming up", f"/b/requests/{probe.request_id}/auction", probe.buyer.token)
        await caller.look(page, published)
        taken = [published - began, stopwatch() - published]
    looks = day.size.pages + (day.idle_rounds + 1) * market_day.ROUTES
    seconds = day.size.requests * taken[0] + looks * taken[1]
    caller.seen.milliseconds.clear()
    return 1.2 * seconds + 3.0


async def _idle(client: httpx.AsyncClient, place: Place, auctions: list[Auction], rounds: int) -> Seen:
    """Return how long every route takes when nobody else asks; the first round warms up."""
    seen = Seen()
    caller = Caller(client, seen)
    reading = market_day.looks(place, auctions, random.Random(rounds))  # noqa: S311 - made again by its seed
    for _ in range(rounds + 1):
        for _ in range(market_day.ROUTES):
            await caller.look(next(reading), stopwatch())
    for values in seen.milliseconds.values():
        del values[0]
    return seen


async def _evening(stage: _Stage, auctions: list[Auction], tasks: list["asyncio.Task[None]"], lived: Lived) -> None:
    """Wait until all auctions are closed and told, and hold what pages show against what is so."""
    pages = [page for one in auctions for page in one.pages]
    lived.still_open = await asyncio.to_thread(stage.still_open)
    await asyncio.to_thread(cpu.wait_until_quiet, tuple(stage.processes.values()), _SETTLING_SECONDS)
    lived.seen.errors += sum(task.done() for task in tasks)
    lived.pictures = sum(len(page.received) for page in pages)
    for start in range(0, len(pages), 50):
        some = pages[start : start + 50]
        again = [market_day.LivePage(page.path, page.token) for page in some]
        watching = await market_day.watched(stage.server, again)
        lived.fresh += sum(one.state == other.state for one, other in zip(some, again, strict=True))
        await _end(watching)
    await _end(tasks)
    lived.stored = stage.count("SELECT count(*) FROM market.bids")
    lived.notices = stage.count("SELECT count(*) FROM market.notices")


async def _end(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def figures(lived: Lived) -> Iterator[Figure]:
    """Yield what a day came to."""
    seen = lived.seen
    yield at_most("errors", seen.errors, "", 0)
    yield at_least(
        "accepted bids that the database has", relative(lived.stored, len(seen.bids)), "of all", 1.0,
        valid=lived.stored == len(seen.bids),
    )  # fmt: skip
    yield at_least("live pages with the newest picture", relative(lived.fresh, lived.pages), "of all", 1.0)
    yield at_most("auctions that did not close", lived.still_open, "", 0)
    arrived, missing = market_day.arrivals(seen.bids)
    told = len(arrived) + missing
    yield at_least("pages that got a newer picture after each bid", relative(len(arrived), told), "of all", 1.0)
    yield Figure("invitations", lived.invitations, "")
    yield Figure("notices written", lived.notices, "")
    yield Figure("bids accepted", len(seen.bids), "")
    yield Figure("bids after the close, refused", seen.too_late, "")
    yield Figure("pictures delivered to live pages", lived.pictures, "")
    for percent in (50, 95, 99):
        yield Figure(f"bid to page, p{percent}", percentile(arrived, percent), "ms")
    for route, values in sorted(seen.milliseconds.items()):
        ordered, idle = sorted(values), lived.idle.get(route)
        if idle:
            yield Figure(f"idle: {route}, median", median(idle), "ms")
        when = "morning" if route in market_day.PUBLISHING else "rush"
        for percent in (50, 95, 99):
            yield Figure(f"{when}: {route}, p{percent}", percentile(ordered, percent), "ms")
        if idle:
            yield Figure(f"rush: {route}, relative to idle", relative(percentile(ordered, 95), median(idle)), "times")
    for name, seconds in lived.cpu.items():
        yield Figure(f"CPU of the {name}", seconds / lived.seconds, "processors")
    for name, held in lived.memory.items():
        yield Figure(f"memory of the {name}", held, "MiB")
    yield Figure("CPU that others on this machine took", lived.others / lived.seconds, "processors")
    yield at_most("this program was late by, p99", percentile(sorted(seen.lag), 99), "ms", _LATE_MS)


def growth(tenth: Lived, whole: Lived) -> Iterator[Figure]:
    """Yield how costs grow from a tenth of the market to the whole."""
    name = "a tenth to the whole: "
    used, other = sum(whole.cpu.values()), sum(tenth.cpu.values())
    yield at_most(f"{name}CPU, all processes", relative(used, other), "times", 1.2 * _TEN)
    yield Figure(f"{name}exponent of CPU", log10(relative(used, other)), "")
    for process in whole.cpu:
        yield Figure(f"{name}CPU of the {process}", relative(whole.cpu[process], tenth.cpu[process]), "times")
        yield Figure(f"{name}memory of the {process}", relative(whole.memory[process], tenth.memory[process]), "times")
    for route, values in sorted(whole.idle.items()):
        if route != HEALTH:
            yield Figure(f"{name}idle {route}", relative(median(values), median(tenth.idle[route])), "times")
    for route in market_day.PUBLISHING:
        own, less = (median(lived.seen.milliseconds[route]) for lived in (whole, tenth))
        yield Figure(f"{name}{route}", relative(own, less), "times")


def measure(*, quick: bool, seed: int, report: Report, say: Console) -> None:
    """Measure and report."""
    days = [live(day, seed, say) for day in ((QUICK,) if quick else (TENTH, WHOLE))]
    for lived, day in zip(days, (QUICK,) if quick else (TENTH, WHOLE), strict=True):
        report.remarks += [f"{day.size.buyers:,} buyers: {error}" for error in lived.seen.first_errors]
    report.figures += figures(days[-1])
    if not quick:
        report.figures.append(at_most("errors of the day with a tenth", days[0].seen.errors, "", 0))
        report.figures += growth(*days)
    size = (QUICK if quick else WHOLE).size
    report.remarks.append(
        f"{size.buyers:,} buyers, {size.providers:,} carriers with {size.filters} filters each, {size.requests:,} "
        f"requests, {days[-1].pages:,} live pages, a rush of {days[-1].seconds:.0f} s; seed {seed}."
    )


def main() -> int:
    """Run the benchmark; the exit code tells whether all goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.market", description="A busy day of the marketplace.")
    parser.add_argument("--quick", action="store_true", help="a twentieth: ends within 45 seconds on a quiet machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--seed", type=int, default=1, help="of the market and of what happens in it")
    options = parser.parse_args()
    report = Report("A busy day, measured")
    measure(quick=options.quick, seed=options.seed, report=report, say=Console(stderr=True))
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if options.json is not None:
        report.write(options.json)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
