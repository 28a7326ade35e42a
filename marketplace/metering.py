"""What Prometheus reads besides what is counted where it happens: queues, streams, lags, deliveries."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from marketplace.bidding import service as bidding
from marketplace.kernel.health import health
from marketplace.kernel.work import Workshop
from marketplace.terminals.live import Hub
from notifications import health as channels
from notifications.feed.hub import FeedHub


class ServerMeter(Collector):
    """What is going on in a server."""

    def __init__(self, desk: bidding.Desk, hub: Hub, feed: FeedHub) -> None:
        self._desk, self._hub, self._feed = desk, hub, feed

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the desk's queue and the open streams."""
        yield _gauge("desk_waiting", "Orders that wait for their decision", {(): self._desk.waiting})
        open_now = {("pages",): self._hub.open, ("feed",): self._feed.open}
        yield _gauge("streams_open", "Open streams, by kind", open_now, "kind")


class DatabaseMeter(Collector):
    """How the whole installation does, as its database tells: read by workers, so that a server is never asked."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield the journal's position and lags, overdue alarms, deliveries, and whether all that could be read."""
        try:
            yield from self._read()
        except SQLAlchemyError:
            yield _gauge("database_up", "Whether the database could be read", {(): 0})
        else:
            yield _gauge("database_up", "Whether the database could be read", {(): 1})

    def _read(self) -> list[GaugeMetricFamily]:
        followers = tuple(reaction.name for reaction in self._workshop.reactions.followers())
        with self._workshop.reading() as reading:
            found, told = health(reading, followers), channels.health(reading)
        deliveries = {(one.name, state): number for one in told for state, number in one.counts}
        return [
            _gauge("journal_position", "Last position in the journal", {(): found.journal.position}),
            _gauge("journal_unstamped", "Events that wait for their position", {(): found.journal.unstamped}),
            _gauge(
                "reaction_behind",
                "Events that a follower of the journal is behind",
                {(one.name,): one.behind for one in found.followers},
                "reaction",
            ),
            _gauge(
                "reaction_failures",
                "Failures in a row of a follower",
                {(one.name,): one.failures for one in found.followers},
                "reaction",
            ),
            _gauge(
                "alarms_overdue",
                "Alarms that should have rung",
                {(one.kind,): one.overdue for one in found.alarms},
                "kind",
            ),
            _gauge(
                "heartbeat_age_seconds",
                "Seconds since the last sign of life",
                {(one.name,): one.age_seconds for one in found.heartbeats},
                "name",
            ),
            _gauge("deliveries", "Deliveries by channel and state", deliveries, "channel", "state"),
            _gauge("database_bytes", "Size of the database", {(): found.database.size}),
            _gauge("database_connections", "Connections of all processes", {(): found.database.connections}),
        ]


def _gauge(name: str, says: str, values: Mapping[Any, float], *labels: str) -> GaugeMetricFamily:
    """Return a gauge; ``values`` by the values of its labels, in their order."""
    gauge = GaugeMetricFamily(f"tenderline_{name}", says, labels=labels)
    for given, value in values.items():
        gauge.add_metric(given, value)
    return gauge
