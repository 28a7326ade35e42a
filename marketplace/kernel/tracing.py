"""Traces, off unless they are switched on: what a process does and how long it takes, and nothing of what it is about.

A span has a name, such as a route's template, and figures. It never holds a body, an address, a query, an id or the
text of an error: collectors are other people's machines.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any, Protocol, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketplace.kernel.config import Settings

Figure: TypeAlias = str | int | bool
Figures: TypeAlias = Mapping[str, Figure]
_SERVER_ERROR = 500


class Span(Protocol):
    """One thing that is done, from its beginning to its end. One that is never ended is never told."""

    def set_attribute(self, key: str, value: Figure, /) -> None:
        """Note a figure."""

    def end(self) -> None:
        """End now."""


class Tracer(Protocol):
    """What begins spans and sends them away; the spans that it is given are its own."""

    def begin(self, name: str, figures: Figures, *, alone: bool) -> Span:
        """Begin a span, inside of the one that the context is inside of unless ``alone``."""

    def inside(self, span: Any) -> AbstractContextManager[object]:
        """Be inside of a span while the block runs."""

    def fail(self, span: Any) -> None:
        """Mark what a span tells of as failed."""


class TracingMissingError(Exception):
    """Traces are switched on in an installation without OpenTelemetry."""


class _Switch:
    tracer: Tracer | None = None


class _Nothing:
    """The span of a process that doesn't trace."""

    def set_attribute(self, key: str, value: Figure, /) -> None:
        pass

    def end(self) -> None:
        pass


_NOTHING = _Nothing()


def switch_on(settings: Settings) -> None:
    """Send this process's spans to the collector of ``settings``, if there is one. Raises TracingMissingError."""
    if not settings.traces_url:
        return
    try:
        otlp = import_module("marketplace.kernel.otlp")
    except ModuleNotFoundError as error:
        raise TracingMissingError(
            f"MARKETPLACE_TRACES_URL is set and {error.name} is not installed: pip install 'tenderline[tracing]',"
            " or leave the address empty."
        ) from error
    use(otlp.tracer(settings.traces_url))


def use(tracer: Tracer | None) -> None:
    """Let ``tracer`` begin the spans of this process from now on; None: nobody."""
    _Switch.tracer = tracer


def begin(name: str, **figures: Figure) -> Span:
    """Begin a span inside of the request's, where there is one; for what doesn't end where it begins."""
    return _NOTHING if _Switch.tracer is None else _Switch.tracer.begin(name, figures, alone=False)


@contextmanager
def alone(name: str, **figures: Figure) -> Iterator[Span]:
    """Let a span of its own last as long as the block; what the block raises marks it as failed."""
    tracer = _Switch.tracer
    if tracer is None:
        yield _NOTHING
        return
    span = tracer.begin(name, figures, alone=True)
    try:
        yield span
    except BaseException:
        tracer.fail(span)
        raise
    finally:
        span.end()


class RequestTraces:
    """Begins a span for every request and ends it when its answer has left: method, route's template and status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request inside of its span."""
        tracer = _Switch.tracer
        if scope["type"] != "http" or tracer is None:
            await self._app(scope, receive, send)
            return
        span, status = tracer.begin("request", {}, alone=True), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with tracer.inside(span):
                await self._app(scope, receive, noting)
        finally:
            span.set_attribute("http.request.method", scope["method"])
            span.set_attribute("http.route", getattr(scope.get("route"), "path", ""))
            span.set_attribute("http.response.status_code", status)
            if not status or status >= _SERVER_ERROR:
                tracer.fail(span)
            span.end()
