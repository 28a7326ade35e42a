"""How soon a bid is on the pages that watch it: ``python -m benchmarks.live [--quick] [--json FILE]``.

A scratch installation serves one open auction from one process. 300 live pages are open: a third of them the buyer's
own, the others of 20 carriers that bid in it. Bids come one after the other over the API; for each the time is taken
from the bid's acceptance (its answer) until each page has received a picture that is newer than the bid.

How to read it:

- *delivered*: pages that got a newer picture after each bid, of all pages times all bids. Every one must.
- *bid to page*: the median, the 95th percentile and the slowest, in seconds. A page's picture is made once for all that
  may see the same, so 300 pages are 21 pictures a bid.
- *relative to reading*: that percentile divided by the one of reading the same picture by an ordinary request, one
  after the other, on the same server in the same run: what a page that asks again and again would pay for one look.
"""

import argparse
import asyncio
import sys
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

import httpx
from rich.console import Console

from benchmarks import scratch
from benchmarks.bids import installed
from benchmarks.report import Figure, Report, at_least
from benchmarks.server import Server, serving
from marketplace.kernel.clock import stopwatch

PAGES = 300
WATCHING_CARRIERS = 20
_BUYERS = PAGES // 3
_PATIENCE_SECONDS = 20.0
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

    async def watch(self, client: httpx.AsyncClient) -> None:
        """Follow the stream until cancelled; a pulse (a message without id) is no picture."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        async with client.stream("GET", self.path, headers=headers) as stream:
            stream.raise_for_status()
            async for line in stream.aiter_lines():
                if line.startswith("id:"):
                    self.received.append(stopwatch())
                    told, self.changed = self.changed, asyncio.Event()
                    told.set()

    async def newer_than(self, instant: float) -> float | None:
        """Return when the first picture after ``instant`` came; None if none comes in time."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
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


async def _delays(server: Server, market: scratch.Market, bids: int) -> tuple[list[float], int]:
    """Return the delays of all pages and bids, in seconds, and how many pictures never came."""
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    base = f"http://{server.host}:{server.port}"
    async with httpx.AsyncClient(base_url=base, limits=limits, timeout=httpx.Timeout(60.0, read=None)) as client:
        pages = _pages(market)
        watchers = [asyncio.create_task(page.watch(client)) for page in pages]
        first = await asyncio.gather(*(page.newer_than(-1.0) for page in pages))
        if None in first:
            raise OSError("Not every page could be opened.")
        delays, missing = [], 0
        for number in range(bids):
            bidder = market.bidders[number % len(market.bidders)]
            sent, accepted = await _bid(client, bidder, _START_PRICE - 100 * number)
            # a picture can be there before the answer is: what counts is that it is newer than the bid
            found = await asyncio.gather(*(page.newer_than(sent) for page in pages))
            delays += [max(at - accepted, 0.0) for at in found if at is not None]
            missing += found.count(None)
            await asyncio.sleep(_PAUSE_SECONDS)
        for watcher in watchers:
            watcher.cancel()
        await asyncio.gather(*watchers, return_exceptions=True)
    return delays, missing


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


def _p95(values: list[float]) -> float:
    return quantiles(values, n=20)[-1]


def measure(bids: int, readings: int, report: Report, say: Console) -> None:
    """Measure and report."""
    say.print("making the scratch market ...")
    with installed((1,)) as place, serving(place.folder) as server:
        say.print(f"opening {PAGES} pages ...")
        delays, missing = asyncio.run(_delays(server, place.market, bids))
        taken = _readings(server, place.market, readings)
    share = len(delays) / (len(delays) + missing)
    report.figures += [
        at_least("pages that got a newer picture after each bid", share, "of all", 1.0),
        Figure("bid to page, median", median(delays), "s"),
        Figure("bid to page, 95th percentile", _p95(delays), "s"),
        Figure("bid to page, slowest", max(delays), "s"),
        Figure("reading one picture by a request, 95th percentile", _p95(taken), "s"),
        Figure("bid to all pages relative to reading one, 95th percentiles", _p95(delays) / _p95(taken), "x"),
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
