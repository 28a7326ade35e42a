"""What happens on a busy day, over HTTP: requests are published, pages watched, looked at, and bid on until the close.

Everything falls due at instants that are drawn beforehand, whatever is answered (an open loop); a latency counts from
the instant at which the call was due, so that a server that stands still isn't let off what it kept from being sent.
"""

import asyncio
import random
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from benchmarks.market_place import Member, Place, request_parts
from benchmarks.server import Server
from marketplace.kernel.clock import stopwatch

HEALTH = "GET /health/live"
PUBLISHING = ("POST /requests", "POST /requests/…/submit")
_START_CENTS = 9_000_000
_LARGEST_PICTURE = 1 << 22
_KEPT_ERRORS = 5
_PUBLISHED_TOGETHER = 4
_OPENED_TOGETHER = 20
_LAG_SECONDS = 0.05
_OPENING_SECONDS = 60.0


@dataclass(eq=False, slots=True)
class Auction:
    """A published request as the day knows it. ``rivals``: who may bid, with the invitation; ``cents``: the lead."""

    request_id: str
    buyer: Member
    closes_at: float
    rivals: list[tuple[Member, str]] = field(default_factory=list)
    pages: list["LivePage"] = field(default_factory=list)
    cents: int = _START_CENTS


@dataclass(frozen=True, slots=True)
class Bid:
    """An accepted bid: when it was sent and when its answer was there."""

    auction: Auction
    sent: float
    accepted: float


@dataclass(eq=False, slots=True)
class LivePage:
    """An open page: when each picture came, and the name of the last one's state. A pulse has no name."""

    path: str
    token: str
    received: list[float] = field(default_factory=list)
    state: bytes = b""
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, server: Server) -> None:
        """Follow the stream until cancelled. Raises OSError when it isn't opened or ends."""
        reader, writer = await asyncio.open_connection(server.host, server.port, limit=_LARGEST_PICTURE)
        asked = f"GET {self.path} HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {self.token}\r\n"
        writer.write(f"{asked}Accept: text/event-stream\r\n\r\n".encode())
        try:
            answer = await reader.readline()
            if b" 200 " not in answer:
                raise OSError(f"A page was not opened: {answer.decode()}")
            while True:
                await reader.readuntil(b"\nid: ")
                self.received.append(stopwatch())
                self.state = (await reader.readline()).strip()
                self.begun.set()
        except asyncio.IncompleteReadError as error:
            raise OSError("A live page ended.") from error
        finally:
            writer.close()


@dataclass(slots=True)
class Seen:
    """All that was observed: milliseconds by route, what went wrong, accepted bids, and how late this program was."""

    milliseconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: int = 0
    first_errors: list[str] = field(default_factory=list)
    bids: list[Bid] = field(default_factory=list)
    too_late: int = 0
    lag: list[float] = field(default_factory=list)

    def blame(self, what: str) -> None:
        """Count an error and keep the first ones."""
        self.errors += 1
        if len(self.first_errors) < _KEPT_ERRORS:
            self.first_errors.append(what)


@dataclass(frozen=True, slots=True)
class Look:
    """One reading: its route's name, the path, and as whom."""

    route: str
    path: str
    token: str = ""


_OF_BUYERS = ("/b", "/requests")
_OF_OWNERS = ("/b/requests/{}", "/b/requests/{}/auction", "/requests/{}", "/requests/{}/auction")
_OF_CARRIERS = ("/c", "/invitations", "/notices")
_OF_INVITED = ("/c/invitations/{}", "/c/invitations/{}/auction", "/invitations/{}", "/invitations/{}/auction")


def looks(place: Place, auctions: Sequence[Auction], chance: random.Random) -> Iterator[Look]:
    """Yield what is looked at, without an end: every route in turn, each time by somebody else."""
    while True:
        yield Look(HEALTH, "/health/live")
        yield Look("GET /", "/")
        for path in _OF_BUYERS:
            yield Look(f"GET {path}", path, chance.choice(place.buyers).token)
        for path in _OF_CARRIERS:
            yield Look(f"GET {path}", path, chance.choice(place.carriers).token)
        for path in _OF_OWNERS:
            one = chance.choice(auctions)
            yield Look(f"GET {path.format('…')}", path.format(one.request_id), one.buyer.token)
        for path in _OF_INVITED:
            carrier, invitation = chance.choice(chance.choice(auctions).rivals)
            yield Look(f"GET {path.format('…')}", path.format(invitation), carrier.token)


ROUTES = 2 + len(_OF_BUYERS) + len(_OF_CARRIERS) + len(_OF_OWNERS) + len(_OF_INVITED)
"""After so many looks each route had its turn."""


class Caller:
    """Calls the server and notes what it saw."""

    def __init__(self, client: httpx.AsyncClient, seen: Seen) -> None:
        """Call by ``client``, note in ``seen``."""
        self._client = client
        self.seen = seen

    async def look(self, one: Look, due: float) -> None:
        """Read something that was due at an instant."""
        answer = await self._ask("GET", one.path, one.token)
        if answer is not None:
            self._note(one.route, due, answer)

    async def publish(self, buyer: Member, parts: dict[str, Any]) -> str:
        """Create and submit a request; return its id. Raises OSError, as nothing can go on without it."""
        began = stopwatch()
        drafted = await self._ask("POST", "/requests", buyer.token, parts)
        if drafted is None or not self._note(PUBLISHING[0], began, drafted):
            raise OSError(f"A request was not made: {self.seen.first_errors}")
        request_id = str(drafted.json()["id"])
        began = stopwatch()
        submitted = await self._ask("POST", f"/requests/{request_id}/submit", buyer.token, {})
        if submitted is None or not self._note(PUBLISHING[1], began, submitted):
            raise OSError(f"A request was not published: {self.seen.first_errors}")
        return request_id

    async def bid(self, auction: Auction, due: float, chance: random.Random) -> None:
        """Take the lead in an auction."""
        carrier, invitation = chance.choice(auction.rivals)
        auction.cents -= chance.randint(2, 20)
        price = f"{auction.cents / 100:.2f}"
        lines = [
            {"line": f"L{number}", "mrc": price, "nrc": "0", "install_days": 30}
            for number in range(1, len(auction.buyer.things) + 1)
        ]
        lots = [{"lot": "T1", "lines": lines}]
        body = {"request_version": 1, "terms_id": carrier.things[0], "term_months": 36, "lots": lots}
        sent = stopwatch()
        answer = await self._ask("POST", f"/invitations/{invitation}/bids", carrier.token, body)
        if answer is None:
            return
        if answer.status_code != httpx.codes.CREATED and stopwatch() >= auction.closes_at:
            self.seen.too_late += 1  # as it must be
        elif self._note("POST /invitations/…/bids", due, answer):
            self.seen.bids.append(Bid(auction, sent, stopwatch()))

    async def _ask(self, method: str, path: str, token: str, body: object = None) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            return await self._client.request(method, path, headers=headers, json=body)
        except httpx.HTTPError as error:
            self.seen.blame(f"{method} {path}: {error!r}")
            return None

    def _note(self, route: str, since: float, answer: httpx.Response) -> bool:
        if not answer.is_success:
            self.seen.blame(f"{route}: {answer.status_code} {answer.text[:200]}")
            return False
        self.seen.milliseconds[route].append(1000 * (stopwatch() - since))
        return True


async def publish_all(
    caller: Caller, place: Place, requests: int, ends: tuple[float, float], seed: int
) -> list[Auction]:
    """Publish that many requests, each of another buyer; they close one after the other between the two ``ends``."""
    gate = asyncio.Semaphore(_PUBLISHED_TOGETHER)
    first, last = ends

    async def publish(number: int) -> Auction:
        buyer = place.buyers[number]
        closes = first + (last - first) * (number + 1) / requests
        closes_at = datetime.now(UTC) + timedelta(seconds=closes - stopwatch())
        async with gate:
            parts = request_parts(buyer, random.Random(seed + number), closes_at)  # noqa: S311 - made again by its seed
            return Auction(await caller.publish(buyer, parts), buyer, closes)

    return list(await asyncio.gather(*(publish(number) for number in range(requests))))


async def open_pages(server: Server, auctions: Sequence[Auction], pages: int) -> list["asyncio.Task[None]"]:
    """Open so many live pages: the buyer's of each auction, and those of its carriers in turn."""
    wanted = [(one, LivePage(f"/live/buyer-auction/{one.request_id}", one.buyer.token)) for one in auctions]
    turn = 0
    while len(wanted) < pages and turn < max(len(one.rivals) for one in auctions):
        wanted += [
            (one, LivePage(f"/live/bidding/{one.rivals[turn][1]}", one.rivals[turn][0].token))
            for one in auctions
            if turn < len(one.rivals)
        ]
        turn += 1
    tasks = []
    for start in range(0, min(pages, len(wanted)), _OPENED_TOGETHER):
        opened = wanted[start : min(start + _OPENED_TOGETHER, pages)]
        tasks += await watched(server, [page for _, page in opened])
        for auction, page in opened:
            auction.pages.append(page)
    return tasks


async def watched(server: Server, pages: Sequence[LivePage]) -> list["asyncio.Task[None]"]:
    """Open pages and wait until each shows something. Raises OSError when one can't be opened."""
    tasks = [asyncio.create_task(page.watch(server)) for page in pages]
    begun = asyncio.gather(*(page.begun.wait() for page in pages))
    awaited: list[asyncio.Future[Any]] = [begun, *tasks]
    await asyncio.wait(awaited, timeout=_OPENING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
    if not begun.done():
        raise OSError("Live pages were not opened in time.")
    return tasks


async def rush(
    caller: Caller, place: Place, auctions: Sequence[Auction], rates: "Rates", chance: random.Random
) -> None:
    """Look and bid until the last auction has closed."""
    reading = looks(place, auctions, chance)
    order = sorted(auctions, key=lambda one: one.closes_at)
    closes = [one.closes_at for one in order]
    began, ends = stopwatch(), closes[-1]

    async def bid(due: float) -> None:
        running = order[bisect_right(closes, stopwatch()) :]
        if running:
            await caller.bid(chance.choice(running), due, chance)

    lag = asyncio.create_task(_watch_lag(caller.seen.lag))
    await asyncio.gather(
        _due(instants(lambda _: rates.looks, began, ends, chance), lambda due: caller.look(next(reading), due)),
        _due(instants(rates.bids, began, ends, chance), bid),
    )
    lag.cancel()


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a second something is looked at, and bids at the beginning and at the close."""

    looks: float
    first_bids: float
    last_bids: float

    def bids(self, share: float) -> float:
        """Return how often it is bid when that share of the time has passed."""
        return self.first_bids + share * (self.last_bids - self.first_bids)


def instants(rate: Callable[[float], float], began: float, ends: float, chance: random.Random) -> Iterator[float]:
    """Yield random instants at a rate that changes with the share of the time that has passed."""
    due = began
    while True:
        due += chance.expovariate(rate((due - began) / (ends - began)))
        if due >= ends:
            return
        yield due


async def _due(instants: Iterator[float], act: Callable[[float], Coroutine[Any, Any, None]]) -> None:
    """Act at each instant without waiting for what was done before."""
    async with asyncio.TaskGroup() as group:
        for due in instants:
            await asyncio.sleep(max(0.0, due - stopwatch()))
            group.create_task(act(due))


async def _watch_lag(found: list[float]) -> None:
    """Note by how much this program itself is late, whose time counts in every latency."""
    while True:
        began = stopwatch()
        await asyncio.sleep(_LAG_SECONDS)
        found.append(1000 * (stopwatch() - began - _LAG_SECONDS))


def arrivals(bids: Sequence[Bid]) -> tuple[list[float], int]:
    """Return the milliseconds from each bid to each page that watches its auction, rising, and how many never came."""
    found, missing = [], 0
    for bid in bids:
        for page in bid.auction.pages:
            at = bisect_right(page.received, bid.sent)
            if at == len(page.received):
                missing += 1
            else:
                found.append(1000 * max(0.0, page.received[at] - bid.accepted))
    return sorted(found), missing
