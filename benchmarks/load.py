"""The HTTP load: bids over keep-alive connections, one outstanding on each, as lean as it can be, in an own process.

Closed loop: every connection sends its next bid when its last is answered; that is the throughput. Open loop: bids fall
due at a given rate whatever is answered, and the latency counts from the instant at which a bid was due, so that a
server that stands still isn't let off the bids that it kept from being sent.

``python -m benchmarks.load`` reads a plan (JSON) from its input and writes what happened (JSON).
"""

import gc
import json
import random
import select
import selectors
import socket
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import count
from time import perf_counter as stopwatch  # the marketplace's own takes a second to import
from typing import Any

from benchmarks.figures import percentile

_HIGHEST_CENTS = 9_000_000_000
"""Where prices begin, in cents a month. Each bid of a round is one cent lower than the bid before."""
_BIDS_A_ROUND = 1_000_000
"""By so much a round begins below the round before, so that prices fall from round to round, too."""
_CREATED = 201
_RECEIPT = b'"signed":"'
_DRAIN_SECONDS = 10.0
_KEPT_REFUSALS = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """A carrier as one connection plays it."""

    token: str
    terms_id: str
    invitation_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """One round of load. ``rate``: bids a second in an open loop; None for a closed one. ``callers``: by connection.

    ``lots``: how many the auction has; every bid is on one of them, taken at random. ``round`` must grow.
    """

    host: str
    port: int
    seconds: float
    rate: float | None
    lots: int
    round: int
    callers: tuple[tuple[Caller, ...], ...]


@dataclass(slots=True)
class Outcome:
    """What a round led to. Latencies are in milliseconds, of accepted bids."""

    seconds: float = 0.0
    accepted: int = 0
    refused: int = 0
    unanswered: int = 0
    p50: float = 0.0
    p99: float = 0.0
    refusals: list[str] = field(default_factory=list)

    @property
    def throughput(self) -> float:
        """Accepted bids a second."""
        return self.accepted / self.seconds if self.seconds else 0.0

    @property
    def valid(self) -> bool:
        """Whether so many bids were accepted that this is a measurement of accepting."""
        return self.accepted >= 0.95 * (self.accepted + self.refused + self.unanswered) > 0


def requests(
    host: str, callers: Sequence[Caller], lots: int, first_cents: int, chance: random.Random
) -> Iterator[bytes]:
    """Yield the bids of one connection as bytes of HTTP/1.1: each with its own key and a price below the last."""
    heads = [_head(host, caller) for caller in callers]
    bodies = [_body(caller) for caller in callers]
    name = chance.getrandbits(64)
    for number in count():
        turn = number % len(callers)
        lot = chance.randint(1, lots)
        body = bodies[turn] % (lot, lot, *divmod(first_cents - number, 100))
        yield heads[turn] % (b"%016x-%d" % (name, number), len(body)) + body


def _head(host: str, caller: Caller) -> bytes:
    lines = (
        f"POST /invitations/{caller.invitation_id}/bids HTTP/1.1",
        f"Host: {host}",
        f"Authorization: Bearer {caller.token}",
        "Content-Type: application/json",
        "Idempotency-Key: %b",
        "Content-Length: %d",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _body(caller: Caller) -> bytes:
    """Return a body with places for the lot's number and the price's units and cents."""
    return (
        '{"request_version":1,"terms_id":"' + caller.terms_id + '","term_months":36,"lots":[{"lot":"T%d",'
        '"lines":[{"line":"L%d","mrc":"%d.%02d","nrc":"250.00","install_days":30}]}]}'
    ).encode()


@dataclass(slots=True, eq=False)
class _Connection:
    """A connection and, while a bid is on its way, the instant from which its latency counts."""

    socket: socket.socket
    bids: Iterator[bytes]
    since: float = 0.0
    busy: bool = False
    received: bytes = b""

    def send(self, since: float) -> None:
        self.since, self.busy = since, True
        bid = next(self.bids)
        if self.socket.send(bid) != len(bid):
            raise OSError("a bid doesn't fit into the socket's buffer")

    def answer(self) -> tuple[int, bytes] | None:
        """Return the status and body of the answer once it is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise ConnectionError("the server hung up")
        self.received += chunk
        head, blank, body = self.received.partition(b"\r\n\r\n")
        if not blank:
            return None
        lowered = head.lower()
        at = lowered.find(b"content-length:")
        if at < 0:
            raise OSError("an answer without a length")
        if len(body) < int(lowered[at + 15 :].partition(b"\r\n")[0]):
            return None
        self.received = b""
        return int(head[9:12]), body


class _Round:
    """One round: its connections, and what has been answered so far."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.outcome = Outcome()
        self.latencies: list[float] = []
        self.selector = selectors.DefaultSelector()
        self.connections = [self._connect(number) for number in range(len(plan.callers))]

    def _connect(self, number: int) -> _Connection:
        plan = self.plan
        first = _HIGHEST_CENTS - plan.round * _BIDS_A_ROUND
        bids = requests(plan.host, plan.callers[number], plan.lots, first, random.Random())  # noqa: S311 - load
        connection = _Connection(self._dialled(), bids)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def _dialled(self) -> socket.socket:
        opened = socket.create_connection((self.plan.host, self.plan.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _redial(self, connection: _Connection) -> None:
        """Replace a connection that the server closed, as any client does."""
        self.selector.unregister(connection.socket)
        connection.socket.close()
        connection.socket, connection.received = self._dialled(), b""
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def close(self) -> None:
        for connection in self.connections:
            connection.socket.close()
        self.selector.close()

    def closed_loop(self) -> None:
        begins = stopwatch()
        ends = begins + self.plan.seconds
        for connection in self.connections:
            connection.send(stopwatch())
        while (now := stopwatch()) < ends:
            for connection in self._answered(ends - now):
                connection.send(stopwatch())
        self.outcome.seconds = stopwatch() - begins

    def open_loop(self, rate: float) -> None:
        chance = random.Random(self.plan.round)  # noqa: S311 - load
        idle, late = deque(self.connections), deque[float]()
        begins = stopwatch()
        ends, due = begins + self.plan.seconds, begins + chance.expovariate(rate)
        while (now := stopwatch()) < ends or late or len(idle) < len(self.connections):
            if now > ends + _DRAIN_SECONDS:
                break
            while due <= now and due < ends:
                late.append(due)
                due += chance.expovariate(rate)  # like pgbench's: random arrivals
            while late and idle:
                idle.popleft().send(late.popleft())
            idle.extend(self._answered((due if due < ends else ends + _DRAIN_SECONDS) - now))
        self.outcome.seconds = self.plan.seconds
        self.outcome.unanswered = len(late) + len(self.connections) - len(idle)

    def _answered(self, patience: float) -> list[_Connection]:
        """Wait that many seconds for answers, count them and return the connections that are free again."""
        # a selector's own patience counts in milliseconds, this one in microseconds
        if not select.select([self.selector], [], [], max(0.0, patience))[0]:
            return []
        free = []
        for key, _ in self.selector.select(0):
            connection: _Connection = key.data
            try:
                answer = connection.answer()
            except ConnectionError:
                answer = (0, b"the server hung up") if connection.busy else None
                self._redial(connection)
            if answer is not None:
                connection.busy = False
                self._count(connection, *answer)
                free.append(connection)
        return free

    def _count(self, connection: _Connection, status: int, body: bytes) -> None:
        if status == _CREATED and _RECEIPT in body:
            self.outcome.accepted += 1
            self.latencies.append(stopwatch() - connection.since)
            return
        self.outcome.refused += 1
        if len(self.outcome.refusals) < _KEPT_REFUSALS:
            self.outcome.refusals.append(f"{status} {body[:300].decode(errors='replace')}")


def run(plan: Plan) -> Outcome:
    """Play one round. Raises OSError when the server can't be reached or hangs up."""
    gc.disable()  # nothing here makes cycles; a collection would count as the server's latency
    played = _Round(plan)
    try:
        if plan.rate is None:
            played.closed_loop()
        else:
            played.open_loop(plan.rate)
    finally:
        played.close()
        gc.enable()
    outcome = played.outcome
    if played.latencies:
        milliseconds = sorted(1000 * latency for latency in played.latencies)
        outcome.p50, outcome.p99 = percentile(milliseconds, 50), percentile(milliseconds, 99)
    return outcome


def main() -> None:
    """Play the plan that standard input holds."""
    raw: dict[str, Any] = json.load(sys.stdin)
    callers = tuple(tuple(Caller(**caller) for caller in connection) for connection in raw.pop("callers"))
    json.dump(asdict(run(Plan(callers=callers, **raw))), sys.stdout)


if __name__ == "__main__":
    main()
