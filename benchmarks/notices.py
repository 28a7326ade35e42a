"""How soon notices arrive: ``python -m benchmarks.notices [--quick] [--faults] [--json FILE]``.

A scratch installation (the embedded PostgreSQL, fsync and synchronous commit on) holds one request that 5,000 carriers
have. Each has a user who is mailed and a webhook for everything; the mail server and the webhooks' receiver are one
process on loopback. ``marketplace worker`` and ``marketplace serve`` run in processes of their own.

How to read it:

- *written*: events that each concern all recipients become notices, planned mails and planned webhooks, nothing being
  sent meanwhile. *relative to plain inserts*: the time of one event divided by that of inserting the very same rows
  into bare tables with the same indexes, in one transaction.
- *one event to all*: from its commit until each recipient has it. *in-app* is the instant at which the notices are
  committed, for all at once. *relative to plain sending*: messages a second divided by those of a program that does
  nothing but send the same message to the same receiver, over as many connections at the same time.
- *one event to one*: events one after the other at random instants, each to another organization, on an idle machine:
  what is waited for is polling. *stream*: until it is read from ``GET /events/stream``. *relative to a round trip*:
  divided by connecting to the same receiver and handing the same message over.
- ``--faults`` does something else: see ``benchmarks/notice_faults.py``.

``--quick`` has 200 recipients.
"""

import argparse
import asyncio
import random
import smtplib
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import psycopg
from rich.console import Console

from benchmarks import notice_faults, notice_market
from benchmarks.figures import percentile, relative
from benchmarks.notice_market import Market, Recipient, until
from benchmarks.notice_receivers import MAIL, WEBHOOK, Arrival, Channel, Receivers, Sample, receiving
from benchmarks.report import Figure, Report, at_least
from marketplace.kernel import reactions
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.ids import OrganizationId
from notifications.events import DigestMade
from notifications.feed.service import CHANNEL
from notifications.mail.sending import CONNECTIONS
from notifications.reminders.events import LastMinutesReached

_MAIL_CONNECTIONS = 2 * CONNECTIONS
"""Of the product's two threads that send mail."""
_WEBHOOKS_TOGETHER = 2 * 32
"""Of the product's two threads that send to endpoints that do well."""
_STREAMS = 5
_PATIENCE_SECONDS = 60.0
_BURST_SECONDS = 900.0
_LONGEST_PAUSE_SECONDS = 0.5
_LAST = "n.position = (SELECT max(position) FROM market.notices)"
_FLOOR = {
    "notices": f"SELECT n.* FROM market.notices n WHERE {_LAST}",  # noqa: S608 - our own words
    **{
        table: f"SELECT d.* FROM market.{table} d JOIN market.notices n ON n.id = d.notice_id WHERE {_LAST}"  # noqa: S608 - same
        for table in ("mail_deliveries", "webhook_deliveries")
    },
}
"""What one event writes, by table."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: recipients, events that are written, events to one, and plain messages for comparison."""

    recipients: int
    written: int
    single: int
    plain: int


FULL = Extent(5_000, 10, 100, 2_000)
QUICK = Extent(200, 20, 12, 200)


# ---- writing


def _broadcast(place: Market, number: int) -> float:
    """Let an event happen that concerns all; return when it was committed."""
    at = datetime.now(UTC) + timedelta(minutes=15, microseconds=number)
    with place.market.workshop.work() as work:
        work.append(LastMinutesReached(place.request_id, ("T1",), at, 15))
    return stopwatch()


def _clear(place: Market) -> None:
    """Forget what waits to be sent."""
    place.change("DELETE FROM market.mail_deliveries", "DELETE FROM market.webhook_deliveries")


def measure_writing(place: Market, extent: Extent, report: Report) -> None:
    """Measure how fast events become notices and planned deliveries."""
    _broadcast(place, 0)
    reactions.catch_up(place.market.workshop)  # the first compiles statements
    before = place.count("SELECT count(*) FROM market.notices")
    for number in range(1, extent.written + 1):
        _broadcast(place, number)
    began = stopwatch()
    reactions.catch_up(place.market.workshop)
    taken = (stopwatch() - began) / extent.written
    told = place.count("SELECT count(*) FROM market.notices") - before
    floor = _floor(place)
    _clear(place)
    report.figures += [
        at_least("written: notices of those expected", told / (extent.written * extent.recipients), "of all", 1.0),
        Figure(f"written: events to {extent.recipients:,} recipients", 1 / taken, "a second"),
        Figure("written: notices, with mail and webhook planned", told / extent.written / taken, "a second"),
        Figure("written: time of an event", 1000 * taken, "ms"),
        Figure("written: plain inserts of the same rows", 1000 * floor, "ms"),
        Figure("written: time relative to plain inserts", relative(taken, floor), "times"),
    ]


def _floor(place: Market) -> float:
    """Return the seconds that inserting the rows of one event into bare tables takes."""
    place.change(
        "CREATE SCHEMA floor",
        *(f"CREATE TABLE floor.{table} (LIKE market.{table} INCLUDING ALL)" for table in _FLOOR),
    )
    taken = []
    for _ in range(3):
        place.change(*(f"TRUNCATE floor.{table}" for table in _FLOOR))
        began = stopwatch()
        place.change(*(f"INSERT INTO floor.{table} {written}" for table, written in _FLOOR.items()))
        taken.append(stopwatch() - began)
    place.change("DROP SCHEMA floor CASCADE")
    return min(taken)


# ---- one event to all


def measure_burst(place: Market, receivers: Receivers, extent: Extent, report: Report, heard: list[float]) -> None:
    """Measure how one event arrives at all recipients, and what sending alone would take."""
    began = stopwatch()
    committed = _broadcast(place, -1)
    delivered: dict[Channel, list[float]] = {}

    def arrived() -> bool:
        receivers.look()
        for channel in (MAIL, WEBHOOK):
            delivered[channel] = _firsts(receivers.arrivals, channel, began)
        return all(len(times) >= extent.recipients for times in delivered.values())

    until(arrived, "all recipients had the event", _BURST_SECONDS, 0.1)
    written = next(at for at in heard if at > began)
    plain = {
        MAIL: _plain_mails(receivers, extent.plain),
        WEBHOOK: asyncio.run(_plain_webhooks(receivers, extent.plain)),
    }
    receivers.look()
    report.figures.append(Figure("one event to all: in-app, for all at once", written - committed, "s"))
    for channel, times in delivered.items():
        delays = sorted(at - committed for at in times)
        rate = len(times) / (max(times) - min(times))
        name = "e-mail" if channel == MAIL else channel
        report.figures += [
            Figure(f"one event to all: {name}, median", percentile(delays, 50), "s"),
            Figure(f"one event to all: {name}, 99th percentile", percentile(delays, 99), "s"),
            Figure(f"one event to all: {name}", rate, "messages/s"),
            Figure(f"plain sending: {name}", plain[channel], "messages/s"),
            Figure(f"{name} relative to plain sending", relative(rate, plain[channel]), "times"),
        ]


def _firsts(arrivals: Sequence[Arrival], channel: Channel, since: float) -> list[float]:
    """Return when each message of a channel first came, of those since an instant."""
    found: dict[str, float] = {}
    for one in arrivals:
        if one.channel == channel and one.at > since:
            found.setdefault(one.id, one.at)
    return list(found.values())


def _plain_mails(receivers: Receivers, count: int) -> float:
    """Return how many mails a second a program hands over that does nothing else."""
    content = receivers.samples[MAIL].content

    def send(_: int) -> None:
        with smtplib.SMTP("127.0.0.1", receivers.smtp_port) as connection:
            for _number in range(count // _MAIL_CONNECTIONS):
                connection.sendmail("bounces@market.example", ["plain@carrier.example"], content)

    began = stopwatch()
    with ThreadPoolExecutor(_MAIL_CONNECTIONS) as pool:
        list(pool.map(send, range(_MAIL_CONNECTIONS)))
    return count // _MAIL_CONNECTIONS * _MAIL_CONNECTIONS / (stopwatch() - began)


async def _plain_webhooks(receivers: Receivers, count: int) -> float:
    """Return how many webhooks a second a program posts that does nothing else."""
    sample, gate = receivers.samples[WEBHOOK], asyncio.Semaphore(_WEBHOOKS_TOGETHER)
    async with httpx.AsyncClient(trust_env=False, timeout=30.0) as client:

        async def post() -> None:
            async with gate:
                answer = await client.post(f"{receivers.url}plain", content=sample.content, headers=_headers(sample))
                answer.raise_for_status()

        began = stopwatch()
        await asyncio.gather(*(post() for _ in range(count)))
        return count / (stopwatch() - began)


def _headers(sample: Sample) -> dict[str, str]:
    return {name: value for name, value in sample.headers.items() if name not in {"", "host", "content-length"}}


# ---- one event to one


@dataclass(slots=True)
class Delays:
    """From the commit of an event, by channel, in seconds."""

    found: dict[str, list[float]] = field(default_factory=dict)

    def note(self, channel: str, seconds: float) -> None:
        """Take one over; what was seen before the commit had returned took no time."""
        self.found.setdefault(channel, []).append(max(seconds, 0.0))

    def figures(self, plain: dict[str, list[float]]) -> Iterator[Figure]:
        """Yield median and 99th percentile of each channel, and how they compare to plain round trips."""
        for channel, values in self.found.items():
            for what, percent in (("median", 50.0), ("99th percentile", 99.0)):
                own = percentile(sorted(values), percent)
                yield Figure(f"one event to one: {channel}, {what}", 1000 * own, "ms")
                if channel in plain:
                    other = percentile(sorted(plain[channel]), percent)
                    yield Figure(f"plain round trip: {channel}, {what}", 1000 * other, "ms")
                    yield Figure(f"{channel}, {what} relative to a round trip", relative(own, other), "times")


def measure_single(place: Market, receivers: Receivers, extent: Extent, heard: list[float], seed: int) -> list[Figure]:
    """Return how events that each concern one organization arrive on every channel."""
    draw = random.Random(seed)  # noqa: S311 - instants, the same for the same seed
    delays = Delays()
    with ExitStack() as stack:
        address = stack.enter_context(notice_market.serving(place))
        watched = [(one, stack.enter_context(_stream(place, address, one))) for one in place.recipients[:_STREAMS]]
        for number in range(extent.single + 1):
            found = _single(place, receivers, *watched[number % len(watched)], heard)
            for channel, seconds in found.items() if number else ():  # the first warms up
                delays.note(channel, seconds)
            wait(draw.uniform(0, _LONGEST_PAUSE_SECONDS))
    return list(delays.figures(_round_trips(receivers, max(extent.single, 50))))


def _single(
    place: Market, receivers: Receivers, recipient: Recipient, read: list[float], heard: list[float]
) -> dict[str, float]:
    """Let something happen for one organization; return after how many seconds it was on each channel."""
    began = stopwatch()
    with place.market.workshop.work() as work:
        work.append(DigestMade(OrganizationId(recipient.organization_id), 1))
    committed = stopwatch()
    found: dict[str, float] = {}

    def arrived() -> bool:
        receivers.look()
        mine = [one for one in receivers.arrivals if one.at > began and one.to in {recipient.address, recipient.path}]
        instants = {
            "in-app": heard,
            "e-mail": [one.at for one in mine if one.channel == MAIL],
            "webhook": [one.at for one in mine if one.channel == WEBHOOK],
            "stream": read,
        }
        for name, seen in instants.items():
            for at in seen:
                if at > began:  # what was seen before the commit had returned counts, too
                    found.setdefault(name, at)
        return len(found) == len(instants)

    until(arrived, "an event was on every channel", _PATIENCE_SECONDS, 0.02)
    return {name: at - committed for name, at in found.items()}


@contextmanager
def _stream(place: Market, address: str, recipient: Recipient) -> Iterator[list[float]]:
    """Follow a recipient's stream; yield the instants at which events are read."""
    found: list[float] = []
    opened = threading.Event()
    headers = {"Authorization": f"Bearer {place.token(recipient)}"}

    def follow() -> None:
        try:
            with httpx.stream("GET", f"{address}/events/stream", headers=headers, timeout=60.0) as answer:
                for line in answer.raise_for_status().iter_lines():
                    opened.set()
                    if line.startswith("event:"):
                        found.append(stopwatch())
        except httpx.HTTPError:
            return  # the server has ended

    threading.Thread(target=follow, name="stream", daemon=True).start()
    if not opened.wait(_PATIENCE_SECONDS):
        raise OSError("A stream was not opened.")
    yield found


@contextmanager
def listening(place: Market) -> Iterator[list[float]]:
    """Yield the instants at which it is heard that notices were committed."""
    found: list[float] = []
    ended, ready = threading.Event(), threading.Event()
    dsn = place.market.database.owner.set(drivername="postgresql").render_as_string(hide_password=False)

    def listen() -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            ready.set()
            while not ended.is_set():
                found.extend(stopwatch() for _ in connection.notifies(timeout=0.5, stop_after=1))

    thread = threading.Thread(target=listen, name="listening", daemon=True)
    thread.start()
    if not ready.wait(_PATIENCE_SECONDS):
        raise OSError("Nothing can be listened to.")
    try:
        yield found
    finally:
        ended.set()
        thread.join()


def _round_trips(receivers: Receivers, count: int) -> dict[str, list[float]]:
    """Return how long it takes to connect and hand over the same message, one after the other."""
    mail, sample = receivers.samples[MAIL].content, receivers.samples[WEBHOOK]

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", receivers.smtp_port) as connection:
            connection.sendmail("bounces@market.example", ["plain@carrier.example"], mail)

    with httpx.Client(trust_env=False) as client:

        def post() -> None:
            client.post(f"{receivers.url}plain", content=sample.content, headers=_headers(sample)).raise_for_status()

        return {"e-mail": _timed(send, count), "webhook": _timed(post, count)}


def _timed(act: Callable[[], None], count: int) -> list[float]:
    taken = []
    for _ in range(count):
        began = stopwatch()
        act()
        taken.append(stopwatch() - began)
    return taken


def measure(extent: Extent, report: Report, say: Console, seed: int) -> None:
    """Measure and report."""
    say.print(f"making the scratch market of {extent.recipients:,} recipients ...")
    with receiving() as receivers, notice_market.opened(extent.recipients, receivers) as place:
        say.print(f"writing {extent.written} events ...")
        measure_writing(place, extent, report)
        with notice_market.running(place, "worker"), listening(place) as heard:
            say.print("events to one ...")
            report.figures += measure_single(place, receivers, extent, heard, seed)
            say.print("an event to all ...")
            measure_burst(place, receivers, extent, report, heard)
    report.remarks.append(f"{extent.recipients:,} recipients; seed {seed}.")


def main() -> int:
    """Run the benchmark; the exit code tells whether all goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notices", description="How soon notices arrive.")
    parser.add_argument("--quick", action="store_true", help="few recipients: ends within 45 s on a quiet machine")
    parser.add_argument(
        "--faults", action="store_true", help="receivers fail and the worker is killed; nothing is lost"
    )
    parser.add_argument("--seed", type=int, default=None, help="of random instants and faults")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1_000_000)
    say = Console(stderr=True)
    if options.faults:
        report = Report("Notices while receivers fail and the worker is killed")
        extent = notice_faults.QUICK if options.quick else notice_faults.FULL
        notice_faults.measure(extent, report, say, seed)
    else:
        report = Report("Tenderline's notices, measured")
        measure(QUICK if options.quick else FULL, report, say, seed)
    report.show(Console(width=None if sys.stdout.isatty() else 140))
    if options.json is not None:
        report.write(options.json)
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
