"""Live pages: one stream a tab, each message the whole state of the page's live regions, made once an audience.

A message is a full picture and never a difference, so that nothing is lost by a break: who comes back gets the newest.
Everything here can be lost at any instant; bidding goes by forms and does not depend on it.
"""

import asyncio
import hashlib
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from fastapi.sse import format_sse_event
from markupsafe import escape
from starlette.concurrency import run_in_threadpool

from marketplace.kernel import journal
from marketplace.kernel.access import SYSTEM, Kind, Principal
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import ProblemError, UnavailableError
from marketplace.kernel.listening import listen
from marketplace.kernel.reactions import stamp_all
from marketplace.kernel.wake import Wake
from marketplace.kernel.work import Reading, Workshop
from marketplace.terminals.browser import Preferences
from marketplace.terminals.rendering import render

_LOG = logging.getLogger(__name__)

PULSE_SECONDS = 5.0
"""Each connection hears at least this often what time it is here."""
_POLL_SECONDS = 1.0
"""A wake-up can get lost: the journal is looked at this often anyway."""
_LOOK_PAUSE_SECONDS = 0.05
"""Between two looks at the journal."""
_LEAST_PAUSE_SECONDS = 0.2
"""Between two pictures of the same: states, so that what lies between may be left out."""
_MOST_PAUSE_SECONDS = 5.0
_MOST_AT_ONCE = 4
_MOST_CONNECTIONS = 2_000

Context = Mapping[str, Any]
_MOVING = re.compile(r' data-now="[^"]*"|(<span class="clock-figures"[^>]*>)[^<]*')
"""What a clock shows at the moment of drawing: it goes on by itself, so that it makes no picture another one."""


@dataclass(frozen=True, slots=True)
class LiveView:
    """A kind of page with live regions.

    ``context`` reads what the page shows (with the viewer's rights: what the viewer may not see raises) and names
    under ``streams`` the journal's streams that change it. ``folder`` holds a template ``_<region>.html`` for each of
    ``regions``, whose outermost element has that id; the page includes the same templates.
    """

    name: str
    kinds: frozenset[Kind]
    context: Callable[[Reading, str], Context]
    folder: str
    regions: tuple[str, ...]
    role: DatabaseRole | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message: ``id`` names the state that it shows (empty: none, just the pulse).

    ``picture`` is the html of all regions as lines of an event (empty: none), written once for all that get it;
    ``pulse`` the html that tells the time to this one.
    """

    id: str
    picture: bytes
    pulse: str


@dataclass(eq=False, slots=True)
class _Channel:
    """One picture for all that may see the same: a view of one thing for one organization in one language and zone."""

    view: LiveView
    key: str
    principal: Principal
    preferences: Preferences
    streams: frozenset[str] = frozenset()
    state: str = ""
    picture: bytes = b""
    viewers: int = 0
    stale: bool = True
    over: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Hub:
    """The live pages of one process. All methods but the constructor belong to the event loop."""

    def __init__(self, workshop: Workshop, dsn: Mapping[str, Any], wake: Wake) -> None:
        """``dsn``: how a connection is made that hears the journal's wake-ups, and reads nothing.

        ``wake``: that of this process, whose own commits need not wait for a worker to be noticed.
        """
        self._workshop = workshop
        self._dsn = dsn
        self._wake = wake
        self._committed = False
        self._channels: dict[tuple[Any, ...], _Channel] = {}
        self._watching: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._gate = asyncio.Semaphore(_MOST_AT_ONCE)
        self._connections = 0
        self._position = -1
        self._offset: tuple[datetime, float] | None = None
        self._closed = False

    async def follow(
        self, view: LiveView, key: str, principal: Principal, preferences: Preferences, last_id: str = ""
    ) -> AsyncIterator[Message]:
        """Yield the picture now (unless ``last_id`` names it) and whenever it changes, and a pulse in between.

        Ends when the viewer may not see it any more. Raises UnavailableError when the process has too many.
        """
        if self._connections >= _MOST_CONNECTIONS or self._closed:
            raise UnavailableError("Too many live pages are open here.", headers={"Retry-After": "10"})
        self._connections += 1
        channel = self._join(view, key, principal, preferences)
        try:
            while not channel.over and not self._closed:
                changed = channel.changed  # taken before the state is read: a change in between is not lost
                if channel.state not in {"", last_id}:
                    last_id = channel.state
                    yield Message(channel.state, channel.picture, self._pulse(preferences))
                elif channel.state:
                    yield Message("", b"", self._pulse(preferences))
                with suppress(TimeoutError):
                    async with asyncio.timeout(PULSE_SECONDS):
                        await changed.wait()
        finally:
            self._connections -= 1
            self._leave(channel)

    def snapshot(self, view: LiveView, key: str, principal: Principal, preferences: Preferences) -> str:
        """Return the picture as it is now, outside the loop: for who reads without a stream. Raises ProblemError."""
        return _picture(self._workshop, view, key, principal, preferences)[0]

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._connections

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        for channel in self._channels.values():
            channel.changed.set()
        tasks = [task for task in (self._watching, *(one.task for one in self._channels.values())) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _join(self, view: LiveView, key: str, principal: Principal, preferences: Preferences) -> _Channel:
        audience = (view.name, key, principal.organization_id, principal.role, preferences)
        channel = self._channels.get(audience)
        if channel is None or channel.over:
            channel = self._channels[audience] = _Channel(view, key, principal, preferences)
            self._draw(channel)
        channel.viewers += 1
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        return channel

    def _leave(self, channel: _Channel) -> None:
        channel.viewers -= 1
        if channel.viewers:
            return
        self._channels = {audience: one for audience, one in self._channels.items() if one is not channel}
        if channel.task is not None:
            channel.task.cancel()
        if not self._channels and self._watching is not None:
            self._watching.cancel()
            self._watching, self._position = None, -1

    async def _watch(self) -> None:
        """Find out which channels the journal has made stale, at every wake-up and at least once a second."""
        listening: asyncpg.Connection | None = None
        loop = asyncio.get_running_loop()

        def heard() -> None:
            if not self._committed:  # told once until it is looked at: bids come by hundreds a second
                self._committed = True
                with suppress(RuntimeError):  # the loop is over: a commit must not fail for that
                    loop.call_soon_threadsafe(self._woken.set)

        try:
            with self._wake.telling(heard):
                # asked each time: a cancellation that was lost to a wake-up must not leave it running
                while self._watching is asyncio.current_task() and not self._closed:
                    if listening is None or listening.is_closed():
                        listening = await listen(self._dsn, journal.CHANNEL, self._woken.set)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_POLL_SECONDS):
                            await self._woken.wait()
                    self._woken.clear()
                    try:
                        self._spread(await run_in_threadpool(self._look))
                    except Exception:  # noqa: BLE001 - live pages outlive a database that is away
                        _LOG.warning("the journal can't be read for live pages", exc_info=True)
                    await asyncio.sleep(_LOOK_PAUSE_SECONDS)
        finally:
            self._committed = False
            if listening is not None:
                listening.terminate()

    def _look(self) -> frozenset[str] | None:
        """Return the streams that have grown; None at the first look, when everything may have.

        What this process has committed is stamped here: the worker may be just starting, at rest, or busy.
        """
        if self._committed:
            self._committed = False  # before: what is committed meanwhile is looked at once more
            stamp_all(self._workshop)
        with self._workshop.reading(SYSTEM) as reading:
            first = self._position < 0
            self._position, streams = (
                (journal.last_position(reading.session), frozenset[str]())
                if first
                else journal.streams_behind(reading.session, self._position)
            )
            self._offset = reading.now, stopwatch()
        return None if first else streams

    def _spread(self, streams: frozenset[str] | None) -> None:
        for channel in self._channels.values():
            if streams is None or channel.streams & streams:
                channel.stale = True
                self._draw(channel)

    def _draw(self, channel: _Channel) -> None:
        if channel.task is None or channel.task.done():
            channel.task = asyncio.create_task(self._keep_fresh(channel))

    async def _keep_fresh(self, channel: _Channel) -> None:
        """Draw a channel's picture until nothing has changed while it was drawn."""
        while channel.stale and not channel.over:
            channel.stale = False
            try:
                async with self._gate:
                    began = stopwatch()
                    html, streams, now = await run_in_threadpool(
                        _picture, self._workshop, channel.view, channel.key, channel.principal, channel.preferences
                    )
            except ProblemError:
                channel.over = True
                self._tell(channel)
                return
            except Exception:  # noqa: BLE001 - the last good picture stays until the next change
                _LOG.exception("the live page %s failed", channel.view.name)
                return
            ended = stopwatch()
            self._offset = now, ended
            channel.streams = streams
            state = hashlib.sha256(_MOVING.sub(r"\1", html).encode()).hexdigest()[:16]
            if state != channel.state:
                channel.state, channel.picture = state, _lines(html)
                self._tell(channel)
            await asyncio.sleep(pause_after(ended - began))

    @staticmethod
    def _tell(channel: _Channel) -> None:
        told, channel.changed = channel.changed, asyncio.Event()
        told.set()

    def _pulse(self, preferences: Preferences) -> str:
        """Return what every message carries: the time here, by the database's clock and ours since then."""
        if self._offset is None:
            return ""
        at, then = self._offset
        now = at + timedelta(seconds=stopwatch() - then)
        shown = now.astimezone(preferences.zone_info).strftime("%H:%M:%S")
        instant = now.astimezone(UTC).isoformat(timespec="milliseconds")
        return partial("pulse", f'<time id="pulse" hidden datetime="{instant}" data-shown="{shown}"></time>')


def pause_after(seconds: float) -> float:
    """Return how many seconds a channel rests after a picture that took so long to draw: as long again.

    So the auction of five hundred lots, whose picture takes a second, leaves the processor to bids half of the time.
    """
    return min(max(_LEAST_PAUSE_SECONDS, seconds), _MOST_PAUSE_SECONDS)


def _lines(html: str) -> bytes:
    """Return what an event's data are written as, without the event's end: more lines may follow."""
    return format_sse_event(data_str=html).removesuffix(b"\n")


def partial(region: str, html: str) -> str:
    """Return what htmx puts in the place of the element with the id ``region``, keeping nodes, focus and scroll."""
    return f'<hx-partial hx-target="#{escape(region)}" hx-swap="outerMorph">{html}</hx-partial>'


def _picture(
    workshop: Workshop, view: LiveView, key: str, principal: Principal, preferences: Preferences
) -> tuple[str, frozenset[str], datetime]:
    """Return all regions of a view as one message, the streams that change it, and the instant that it shows."""
    with workshop.reading(principal, view.role) as reading:
        context = view.context(reading, key)
        now = reading.now
    html = "".join(
        partial(region, render(f"{view.folder}/_{region}.html", preferences, now, **context)) for region in view.regions
    )
    return html, frozenset(_streams(context)), now


def _streams(context: Context) -> Iterable[str]:
    streams: Iterable[str] = context["streams"]
    return streams
