"""How soon a bid is on the pages that watch it: ``python -m benchmarks.live [--quick] [--json FILE]``.

A scratch installation serves one open auction from one process. 300 live pages are open: a third of them the buyer's
own, the others of 20 carriers that bid in it. Bids come one after the other over the API; for each the time is taken
from the bid's acceptance (its answer) until each page has received a picture that is newer than the bid.

How to read it:

- *delivered*: pages that got a newer picture after each bid, of all pages times all bids. Every one must.
- *bid to page*: the median, the 95th percentile and the slowest, in seconds. A page's picture is made once for all that
  may see the same, so 300 pages are 21 pictures a bid.
- *first bid after the start*: apart, as it comes while the worker's process still starts and templates are compiled.
- *of it*: where that time goes, one after the other. *stamped*: from the bid's answer until its event has a place in
  the journal, which wakes the pages. *drawn*: from there until the first page of those that share a picture has it.
  *sent*: from that one to each of the others.
- *relative to reading*: that percentile divided by the one of reading the same picture by an ordinary request, one
  after the other, on the same server in the same run: what a page that asks again and again would pay for one look.
"""

import argparse
import asyncio
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import asyncpg
import httpx
from rich.console import Console
from sqlalchemy.engine import URL

from benchmarks import scratch
from benchmarks.bids import installed
from benchmarks.report import Figure, Report, at_least
from benchmarks.server import Server, serving
from marketplace.kernel import journal
from marketplace.kernel.clock import stopwatch

PAGES = 300
WATCHING_CARRIERS = 20
_BUYERS = PAGES // 3
_CHUNK = 1 << 18
_NAMED = b"\nid: "
_PATIENCE_SECONDS = 20.0
_OPENING_SECONDS = 120.0
"""For 300 pages that are all opened at once."""
_PAUSE_SECONDS = 0.5
_START_PRICE = 500_000
"""Cents: the first bid; each later one is a unit lower."""


@dataclass(slots=True)
class Page:
    """One open page: the id of the picture that it has, when each picture came, and how it tells a waiting bid."""

    path: str
    token: str
    received: list[float] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, server: Server) -> None:
        """Follow the stream until cancelled; a pulse (a message without id) is no picture.

        The bytes are looked through and not parsed: a browser parses on a machine of its own, 300 pages here would
        take the server's time.
        """
        reader, writer = await asyncio.open_connection(server.host, server.port)
        asked = f"GET {self.path} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {self.token}\r\n"
        writer.write(f"{asked}Accept: text/event-stream\r\n\r\n".encode())
        try:
            answer = await reader.readline()
            if b" 200 " not in answer:
                raise OSError(f"A page was not opened: {answer.decode()}")
            rest = b""
            while chunk := await reader.read(_CHUNK):
                seen = rest + chunk
                if _NAMED in seen:
                    self.received.append(stopwatch())
                    told, self.changed = self.changed, asyncio.Event()
                    told.set()
                rest = seen[1 - len(_NAMED) :]
        finally:
            writer.close()

    async def newer_than(self, instant: float, patience: float = _PATIENCE_SECONDS) -> float | None:
        """Return when the first picture after ``instant`` came; None if none comes in time."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    changed = self.changed
                    found = next((at for at in self.received if at > instant), None)
                    if found is not None:
                        return found
                    await changed.wait()
        except TimeoutError:
            return None


def _pages(market: scratch.Market) -> list[Page]:
    request_id = market.requests[1]
    own = [Page(f"/live/buyer-auction/{request_id}", market.buyer_token) for _ in range(_BUYERS)]
    watching = market.bidders[:WATCHING_CARRIERS]
    theirs = [
        Page(f"/live/bidding/{watching[turn % len(watching)].invitations[1]}", watching[turn % len(watching)].token)
        for turn in range(PAGES - _BUYERS)
    ]
    return own + theirs


async def _bid(client: httpx.AsyncClient, bidder: scratch.Bidder, cents: int) -> tuple[float, float]:
    """Place a bid; return when it was sent and when it was accepted."""
    lines = [{"line": "L1", "mrc": f"{cents / 100:.2f}", "nrc": "0", "install_days": 30}]
    lots = [{"lot": "T1", "lines": lines}]
    body = {"request_version": 1, "terms_id": bidder.terms_id, "term_months": 36, "lots": lots}
    sent = stopwatch()
    answer = await client.post(
        f"/invitations/{bidder.invitations[1]}/bids", json=body, headers={"Authorization": f"Bearer {bidder.token}"}
    )
    if answer.status_code != httpx.codes.CREATED:
        raise OSError(f"A bid was refused: {answer.status_code} {answer.text[:300]}")
    return sent, stopwatch()


@dataclass(slots=True)
class Delays:
    """What was measured, in seconds: bid to page, its parts in their order, and how many pictures never came.

    ``first``: until the last page had the first bid, which comes while the server is still starting its worker.
    """

    whole: list[float] = field(default_factory=list)
    stamped: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    sent: list[float] = field(default_factory=list)
    missing: int = 0
    first: float = 0.0

    def note(self, accepted: float, woken: float | None, pages: list[Page], found: list[float | None]) -> None:
        """Take one bid over: when its event was stamped, and when each page had its picture."""
        first: dict[str, float] = defaultdict(lambda: float("inf"))
        for page, at in zip(pages, found, strict=True):
            if at is not None:
                first[page.path] = min(first[page.path], at)
        self.missing += found.count(None)
        self.whole += [max(at - accepted, 0.0) for at in found if at is not None]
        woken = accepted if woken is None else woken
        self.stamped.append(max(woken - accepted, 0.0))
        self.drawn += [max(at - max(woken, accepted), 0.0) for at in first.values()]
        self.sent += [at - first[page.path] for page, at in zip(pages, found, strict=True) if at is not None]


@asynccontextmanager
async def _woken(database: URL) -> AsyncIterator[list[float]]:
    """Yield the instants at which the journal's wake-ups are heard, which live pages wait for, too."""
    found: list[float] = []
    connection = await asyncpg.connect(database.set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        await connection.add_listener(journal.CHANNEL, lambda *_: found.append(stopwatch()))
        yield found
    finally:
        connection.terminate()


async def _delays(server: Server, market: scratch.Market, database: URL, bids: int) -> Delays:
    base = f"http://{server.host}:{server.port}"
    async with httpx.AsyncClient(base_url=base, timeout=60.0) as client, _woken(database) as woken:
        pages = _pages(market)
        watchers = [asyncio.create_task(page.watch(server)) for page in pages]
        first = await asyncio.gather(*(page.newer_than(-1.0, _OPENING_SECONDS) for page in pages))
        if None in first:
            raise OSError("Not every page could be opened.")
        beginning, delays = Delays(), Delays()
        for number in range(bids + 1):
            bidder = market.bidders[number % len(market.bidders)]
            sent, accepted = await _bid(client, bidder, _START_PRICE - 100 * number)
            # a picture can be there before the answer is: what counts is that it is newer than the bid
            found = await asyncio.gather(*(page.newer_than(sent) for page in pages))
            woke = next((at for at in woken if at > sent), None)
            (delays if number else beginning).note(accepted, woke, pages, list(found))
            await asyncio.sleep(_PAUSE_SECONDS)
        delays.first = max(beginning.whole)
        delays.missing += beginning.missing
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    return delays


def _readings(server: Server, market: scratch.Market, count: int) -> list[float]:
    """Return how long ordinary requests for the same pictures take, one after the other."""
    taken = []
    pages = _pages(market)
    with httpx.Client(base_url=f"http://{server.host}:{server.port}", timeout=60.0) as client:
        for page in pages[:: max(len(pages) // count, 1)]:
            began = stopwatch()
            answer = client.get(page.path, params={"once": "true"}, headers={"Authorization": f"Bearer {page.token}"})
            answer.raise_for_status()
            taken.append(stopwatch() - began)
    return taken


def _parts(delays: Delays) -> list[Figure]:
    """Return where the time goes, part by part."""
    parts = (("stamped", delays.stamped), ("drawn", delays.drawn), ("sent", delays.sent))
    return [
        Figure(f"of it, until it is {name}, {what}", figure(values), "s")
        for name, values in parts
        for what, figure in (("median", median), ("95th percentile", _p95))
    ]


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def measure(bids: int, readings: int, report: Report, say: Console) -> None:
    """Measure and report."""
    say.print("making the scratch market ...")
    with installed((1,)) as place, serving(place.folder) as server:
        say.print(f"opening {PAGES} pages ...")
        delays = asyncio.run(_delays(server, place.market, place.database, bids))
        taken = _readings(server, place.market, readings)
    whole = delays.whole
    share = len(whole) / (len(whole) + delays.missing)
    report.figures += [
        at_least("pages that got a newer picture after each bid", share, "of all", 1.0),
        Figure("bid to page, median", median(whole), "s"),
        Figure("bid to page, 95th percentile", _p95(whole), "s"),
        Figure("bid to page, slowest", max(whole), "s"),
        Figure("first bid after the start to the last page", delays.first, "s"),
        *_parts(delays),
        Figure("reading one picture by a request, 95th percentile", _p95(taken), "s"),
        Figure("bid to all pages relative to reading one, 95th percentiles", _p95(whole) / _p95(taken), "x"),
    ]
    report.remarks.append(f"{PAGES} pages, {bids} bids, {WATCHING_CARRIERS} carriers and one buyer watching.")


def main() -> int:
    """Run the benchmark; the exit code tells whether all goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few bids: ends within 45 seconds on a quiet machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    report, say = Report("Live pages"), Console(stderr=True)
    measure(*((8, 20) if options.quick else (40, 100)), report, say)
    report.show(Console())
    if options.json is not None:
        report.write(options.json)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
