"""Whether notices survive: ``python -m benchmarks.notices --faults [--quick] [--seed N] [--json FILE]``.

10,000 events happen while the mail server and the webhooks' receiver fail with a third of what they are sent, and the
worker's process is killed with SIGKILL at random instants and started again. Each event concerns one of 500
organizations, and one of four subjects in it: a digest, or a webhook that is said to be disabled, which is invented.

Time is shortened in the scratch database, behind the product's back: what failed is due again at once instead of after
minutes, and what a killed worker had taken is free at once instead of after its lease. Nothing else is touched.

How to read it: all counts of wrongs are 0, or the run fails.

- *lost*: planned deliveries that did not end as delivered, or that no receiver kept.
- *in-app*: notices that are missing, doubled, or out of the journal's order, in which the feed tells them.
- *out of order*: webhooks about a subject that came to an endpoint after a later one of it, doubles included.
- *doubles*: messages that a receiver kept more than once. That is at least once: it had not answered, or its answer was
  heard by a worker that was killed before it had recorded it. All doubles of a message must have the same id and say
  the same; the body of a webhook is the same to the byte.
"""

import random
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from rich.console import Console
from sqlalchemy import text

from benchmarks import notice_market
from benchmarks.notice_market import Market, until
from benchmarks.notice_receivers import MAIL, WEBHOOK, Channel, Receivers, receiving
from benchmarks.report import Figure, Report, at_least, at_most
from marketplace.kernel import ids
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.ids import OrganizationId
from notifications.events import DigestMade
from notifications.webhooks.events import WebhookDisabled
from notifications.webhooks.model import Because

_NAMES: tuple[tuple[str, Channel], ...] = (("e-mail", MAIL), ("webhook", WEBHOOK))
SHARE = 1 / 3
"""Of the messages, with which the receivers fail."""
_SUBJECTS = 3
"""Of each organization, beside itself."""
_ONE_BY_ONE = 8
"""Events that happen at a time at most, each time in one transaction."""
_SPARED_FROM = 20
"""The worker is left alone when less than this part of the events is not delivered."""
_PATIENCE_SECONDS = 1800.0
_HURRY_SECONDS = 0.1
_START_SECONDS = 120.0
_RUNS = "The worker runs"
_SETTLING_SECONDS = 0.3
"""Until the database has noticed that a process is gone, and ended what it had begun."""
_HURRY = (
    (
        "UPDATE market.mail_deliveries SET due_at = now() WHERE id IN (SELECT id FROM market.mail_deliveries"
        " WHERE status = 'waiting' AND attempts > 0 AND due_at > now() FOR UPDATE SKIP LOCKED)"
    ),
    (
        "UPDATE market.webhook_deliveries SET due_at = now() WHERE id IN (SELECT id FROM market.webhook_deliveries"
        " WHERE state = 'pending' AND taken_until IS NULL AND attempts > 0 AND due_at > now() FOR UPDATE SKIP LOCKED)"
    ),
)
_MAIL_LEASES_END = "UPDATE market.mail_deliveries SET lease_until = now() WHERE status = 'sending'"
_WEBHOOK_LEASES_END = (
    "UPDATE market.webhook_deliveries SET taken_until = now() WHERE state = 'pending' AND taken_until > now()"
)
_WAITING = (
    "SELECT (SELECT count(*) FROM market.mail_deliveries WHERE status IN ('waiting', 'sending')"
    " AND planned_for <= now()) + (SELECT count(*) FROM market.webhook_deliveries WHERE state = 'pending')"
)
_DELIVERIES = {
    MAIL: "SELECT n.id, coalesce(d.status, '') = 'sent', d.mail_id FROM market.notices n"
    " LEFT JOIN market.mail_deliveries d ON d.notice_id = n.id WHERE n.position > :first",
    WEBHOOK: "SELECT n.id, coalesce(d.state, '') = 'delivered', d.id FROM market.notices n"
    " LEFT JOIN market.webhook_deliveries d ON d.notice_id = n.id WHERE n.position > :first",
}
"""Of each notice: whether it was delivered, and under which id."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many events happen to how many organizations, in how many seconds at least, and how long a worker lives.

    ``longest_life`` is in seconds, from when the worker runs; its start takes some more.
    """

    events: int
    recipients: int
    seconds: float
    longest_life: float


FULL = Extent(10_000, 500, 120.0, 8.0)
QUICK = Extent(500, 100, 6.0, 6.0)


@dataclass(slots=True)
class Killer:
    """Keeps one worker running, and kills it at random instants until it is told to spare it."""

    place: Market
    draw: random.Random
    longest_life: float
    kills: int = 0
    in_hand: int = 0
    """Deliveries that killed workers had taken."""
    failure: BaseException | None = None
    _spared: threading.Event = field(default_factory=threading.Event)
    _ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Kill one worker after the other; the one that is spared is killed only when all is over."""
        try:
            while not self._ended.is_set():
                self._one()
        except Exception as error:  # noqa: BLE001 - told by whoever waits
            self.failure = error

    def _one(self) -> None:
        log = self.place.folder / "worker.log"
        before = log.read_text().count(_RUNS) if log.exists() else 0
        process = notice_market.start(self.place, "worker", PYTHONUNBUFFERED="1")
        try:
            until(
                lambda: log.read_text().count(_RUNS) > before or process.poll() is not None,
                "the worker runs",
                _START_SECONDS,
            )
            if self._spared.wait(self.draw.uniform(0.0, self.longest_life)):
                self._ended.wait()
            if process.poll() is not None:
                raise OSError(f"The worker has ended by itself: {log.read_text()[-600:]}")
        finally:
            process.kill()  # SIGKILL: nothing of it runs any more
            process.wait()
        if not self._ended.is_set():
            self.kills += 1
            wait(_SETTLING_SECONDS)
            with self.place.owner.begin() as connection:
                for statement in (_MAIL_LEASES_END, _WEBHOOK_LEASES_END):
                    self.in_hand += connection.execute(text(statement)).rowcount

    def spare(self) -> None:
        """Kill no more."""
        self._spared.set()

    def end(self) -> None:
        """End the last worker, too."""
        self._spared.set()
        self._ended.set()


def measure(extent: Extent, report: Report, say: Console, seed: int) -> None:
    """Let it all happen and count what came of it."""
    say.print(f"seed {seed}; making the scratch market ...")
    draw = random.Random(seed)  # noqa: S311 - the same instants and faults for the same seed
    with receiving(SHARE, seed) as receivers, notice_market.opened(extent.recipients, receivers) as place:
        first = place.count("SELECT coalesce(max(position), 0) FROM market.notices")
        killer = Killer(place, random.Random(draw.random()), extent.longest_life)  # noqa: S311 - same
        say.print(f"{extent.events:,} events, receivers that fail, and workers that are killed ...")
        began = stopwatch()
        with _hurrying(place), _killing(killer):
            _happen(place, extent, draw, killer)
            say.print(f"{killer.kills} kills so far; waiting until all is delivered ...")
            _wait_for_all(place, receivers, extent, first, killer)
        seconds = stopwatch() - began
        if killer.failure is not None:
            raise killer.failure
        receivers.look()
        _report(place, receivers, extent, first, report)
        report.figures[:0] = [
            Figure("events", extent.events, "events"),
            at_least("workers killed", killer.kills, "workers", 1),
            Figure("deliveries in the hands of killed workers", killer.in_hand, "deliveries"),
            Figure("time until all was delivered", seconds, "s"),
        ]
    report.remarks.append(f"Seed {seed}; {extent.recipients} organizations with a user and a webhook each.")


def _happen(place: Market, extent: Extent, draw: random.Random, killer: Killer) -> None:
    """Let events happen, evenly over the time but for chance."""
    webhooks = {one.organization_id: [ids.new("whk") for _ in range(_SUBJECTS)] for one in place.recipients}
    began, done = stopwatch(), 0
    while done < extent.events:
        if killer.failure is not None:
            raise killer.failure
        together = min(draw.randint(1, _ONE_BY_ONE), extent.events - done)
        with place.market.workshop.work() as work:
            for _ in range(together):
                told = OrganizationId(draw.choice(place.recipients).organization_id)
                subject = draw.randint(0, _SUBJECTS)
                work.append(
                    DigestMade(told, draw.randint(1, 9))
                    if subject == _SUBJECTS
                    else WebhookDisabled(webhooks[told][subject], None, told, Because.FAILING)
                )
        done += together
        wait(max(0.0, began + extent.seconds * done / extent.events - stopwatch()))


def _wait_for_all(place: Market, receivers: Receivers, extent: Extent, first: int, killer: Killer) -> None:
    """Wait until all notices are written and nothing waits to be sent; workers are killed until little is left."""
    told = f"SELECT count(*) FROM market.notices WHERE position > {first}"  # noqa: S608 - a number

    def done() -> bool:
        if killer.failure is not None:
            raise killer.failure
        receivers.look()
        # what waits is counted after what is written: it was planned together
        left = extent.events - place.count(told) + place.count(_WAITING)
        if left * _SPARED_FROM < extent.events:
            killer.spare()
        return left <= 0

    until(done, "all was delivered", _PATIENCE_SECONDS, 0.5)


@contextmanager
def _killing(killer: Killer) -> Iterator[None]:
    thread = threading.Thread(target=killer.run, name="killer", daemon=True)
    thread.start()
    try:
        yield
    finally:
        killer.end()
        thread.join()


@contextmanager
def _hurrying(place: Market) -> Iterator[None]:
    """Let what has failed be due again at once while the block runs."""
    ended = threading.Event()

    def hurry() -> None:
        while not ended.wait(_HURRY_SECONDS):
            place.change(*_HURRY)

    thread = threading.Thread(target=hurry, name="hurry", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


# ---- what came of it


def _rows(place: Market, query: str, **values: Any) -> list[Any]:
    with place.owner.connect() as connection:
        return list(connection.execute(text(query), values))


def _report(place: Market, receivers: Receivers, extent: Extent, first: int, report: Report) -> None:
    """Compare what happened with what was written, and what was written with what arrived."""
    wrong = {
        "in-app: notices missing, doubled or out of order": _wrong_in_app(place, extent, first),
        "webhook: out of order in their subject": _out_of_order(place, receivers),
    }
    for name, channel in _NAMES:
        wrong[f"{name}: lost"], wrong[f"{name}: doubles under another id"] = _wrong_deliveries(
            place, receivers, channel, first
        )
        wrong[f"{name}: doubles that say something else"] = _differing(receivers, channel)
    report.figures += [at_most(name, count, "", 0) for name, count in wrong.items()]
    for name, channel in _NAMES:
        kept = _ids(receivers, channel)
        answered = Counter(one.id for one in receivers.arrivals if one.channel == channel and one.answered)
        report.figures += [
            Figure(f"{name}: messages", len(kept), "messages"),
            Figure(f"{name}: kept by the receiver", kept.total(), "times"),
            Figure(f"{name}: - of it doubles", kept.total() - len(kept), "times"),
            Figure(f"{name}: - of these of what had been answered", answered.total() - len(answered), "times"),
        ]
    report.figures.append(Figure("turned away by the receivers", receivers.refused, "times"))


def _wrong_in_app(place: Market, extent: Extent, first: int) -> int:
    """Return how many notices are not exactly one for each event, in the order of the journal without gaps."""
    happened = _rows(
        place,
        "SELECT position, data ->> 'provider_id' FROM kernel.journal WHERE position > :first"
        " AND type IN ('digest.made', 'webhook.disabled') ORDER BY position",
        first=first,
    )
    written = _rows(
        place,
        "SELECT position, organization_id, ordinal, count FROM market.notices WHERE position > :first"
        " ORDER BY position, ordinal",
        first=first,
    )
    missing = Counter(tuple(row) for row in happened)
    missing.subtract(Counter((row[0], row[1]) for row in written))
    ordinals: dict[str, list[int]] = defaultdict(list)
    for _, organization_id, ordinal, _ in written:
        ordinals[organization_id].append(ordinal)
    gaps = sum(later != sooner + 1 for own in ordinals.values() for sooner, later in pairwise(own))
    counted = sum(row[3] != 1 for row in written)
    unequal = sum(abs(number) for number in missing.values())
    return int(abs(len(happened) - extent.events) + unequal + gaps + counted)


def _ids(receivers: Receivers, channel: Channel) -> Counter[str]:
    """Return how often receivers kept each message, by the id that its delivery has."""
    return Counter(
        _letter_id(one.id) if channel == MAIL else one.id for one in receivers.arrivals if one.channel == channel
    )


def _letter_id(message_id: str) -> str:
    """Return what a Message-ID is made of: ``<dlv_….1@domain>`` is the first repetition of ``dlv_…``."""
    return message_id.strip("<>").partition("@")[0].partition(".")[0]


def _wrong_deliveries(place: Market, receivers: Receivers, channel: Channel, first: int) -> tuple[int, int]:
    """Return how many notices are lost, and how many went under more than one id.

    Lost is what is not recorded as delivered, or was kept by no receiver.
    """
    rows = _rows(place, _DELIVERIES[channel], first=first)
    kept = set(_ids(receivers, channel))
    lost = sum(not delivered or message_id not in kept for _, delivered, message_id in rows)
    twice = len(rows) - len({row[0] for row in rows})
    unknown = kept - {row[2] for row in rows}
    return lost, twice + len(unknown)


def _out_of_order(place: Market, receivers: Receivers) -> int:
    """Return how many webhooks came to their endpoint after a later one about the same subject."""
    known = {
        row[0]: (row[1], row[2], row[3])
        for row in _rows(place, "SELECT id, endpoint_id, subject, ordinal FROM market.webhook_deliveries")
    }
    newest: dict[tuple[str, str], int] = defaultdict(int)
    wrong = 0
    for one in receivers.arrivals:
        if one.channel != WEBHOOK:
            continue
        endpoint_id, subject, ordinal = known[one.id]
        wrong += ordinal < newest[endpoint_id, subject]
        newest[endpoint_id, subject] = max(newest[endpoint_id, subject], ordinal)
    return wrong


def _differing(receivers: Receivers, channel: Channel) -> int:
    """Return how many ids came with more than one content."""
    digests: dict[str, set[str]] = defaultdict(set)
    for one in receivers.arrivals:
        if one.channel == channel:
            digests[one.id].add(one.digest)
    return sum(len(found) > 1 for found in digests.values())
