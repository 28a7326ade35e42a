"""What operators count: every metric of the marketplace, and the internal port on which Prometheus reads them.

No label tells of a person, an organization, a request or a bid: a route's template, a kind of refusal, a channel.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.pool import QueuePool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketplace.kernel.clock import stopwatch
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, DatabaseRole
from marketplace.kernel.errors import ProblemError

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Histogram(
    "tenderline_request_seconds",
    "Seconds until an answer begins, by route, method and class of status",
    ("route", "method", "status"),
    buckets=_SECONDS,
)
BATCHES = Histogram("tenderline_desk_batch_seconds", "Seconds of a transaction of the desk", buckets=_SECONDS)
BATCH_ORDERS = Histogram(
    "tenderline_desk_batch_orders", "Orders in a transaction of the desk", buckets=[2.0**power for power in range(9)]
)
REFUSALS = Counter("tenderline_desk_refusals", "Orders that the desk did not do, by kind and code", ("kind", "code"))


@contextmanager
def batch(orders: int) -> Iterator[None]:
    """Count a transaction of the desk, and how long the block takes."""
    BATCH_ORDERS.observe(orders)
    with BATCHES.time():
        yield


def refused(error: BaseException) -> None:
    """Count an order that the desk answers with ``error``; of an auction's refusal also which rule it was."""
    if isinstance(error, ProblemError):
        REFUSALS.labels(error.kind, str(error.extra.get("refusal", {}).get("code", ""))).inc()
    else:
        REFUSALS.labels(ProblemError.kind, "").inc()


class RequestMetrics:
    """Counts every request and how long its answer took to begin: a stream's length is no latency."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request and count it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, counted = stopwatch(), False

        def count(status: str) -> None:
            nonlocal counted
            counted = True
            # a caller chooses the method and the address: neither may make up labels
            method = scope["method"] if scope["method"] in _METHODS else "other"
            REQUESTS.labels(getattr(scope.get("route"), "path", ""), method, status).observe(stopwatch() - began)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                count(f"{message['status'] // 100}xx")
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except BaseException:
            if not counted:
                count("5xx")  # the server answers so, outside of everything that is ours
            raise


class Pools(Collector):
    """The connections of a process by database role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Yield how many connections are in use, and how many there may be."""
        used = GaugeMetricFamily("tenderline_pool_used", "Connections in use", labels=["role"])
        size = GaugeMetricFamily("tenderline_pool_size", "Connections that there may be", labels=["role"])
        for role in DatabaseRole:
            pool = self._database.engine(role).pool
            if isinstance(pool, QueuePool):
                used.add_metric([role], pool.checkedout())
                size.add_metric([role], pool.size())
        yield from (used, size)


@contextmanager
def served(settings: Settings, *collectors: Collector) -> Iterator[None]:
    """Let Prometheus read this process's metrics, and ``collectors``, while the block runs; if there is a port for it.

    Raises OSError when the port is taken.
    """
    if not settings.metrics_port:
        yield
        return
    for collector in collectors:
        REGISTRY.register(collector)
    server, thread = start_http_server(settings.metrics_port, settings.metrics_host)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for collector in collectors:
            REGISTRY.unregister(collector)
