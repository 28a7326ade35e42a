"""Streams of the feed: one look at the notices for all connections of a process, woken by the database.

Nothing is kept here that could be lost: a connection has a place in the feed and reads on from it, a part at a time and
only when the part before has been sent. Who is slow is cut off and comes back with the place where it was.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from starlette.concurrency import run_in_threadpool

from marketplace.kernel.access import SYSTEM, Principal
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.errors import TooManyRequestsError, UnavailableError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.listening import listen
from marketplace.kernel.work import Workshop
from notifications.feed import service
from notifications.feed.model import Part
from notifications.service import inbox_of

_LOG = logging.getLogger(__name__)
_MOST_AT_ONCE = 4
"""Connections that read from the database at the same time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stream may take: its age, the time between signs of life, and how long sending one part may take."""

    age_seconds: float = 3600.0
    heartbeat_seconds: float = 15.0
    send_seconds: float = 30.0
    poll_seconds: float = 1.0
    part: int = 100
    connections: int = 1000
    of_one_organization: int = 20


@dataclass(eq=False, slots=True)
class _Place:
    """What all connections of one organization wait for."""

    newest: int = -1
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class FeedHub:
    """The feed's streams of one process. All methods but the constructor belong to the event loop."""

    def __init__(self, workshop: Workshop, dsn: Mapping[str, Any], limits: Limits | None = None) -> None:
        """``dsn``: how a connection is made that hears wake-ups, and reads nothing."""
        self.limits = limits or Limits()
        self._workshop = workshop
        self._dsn = dsn
        self._places: dict[OrganizationId, _Place] = {}
        self._connections: Counter[OrganizationId] = Counter()
        self._watching: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()
        self._gate = asyncio.Semaphore(_MOST_AT_ONCE)
        self._closed = False

    async def follow(
        self, principal: Principal, after: int | None, types: tuple[str, ...], *, once: bool = False
    ) -> AsyncIterator[Part]:
        """Yield the feed behind ``after`` (None: the newest notice) as it grows, and empty parts as signs of life.

        The first part comes at once. Ends when the stream is old enough, or with ``once`` when all is told.
        Raises UnavailableError or TooManyRequestsError when there are too many.
        """
        organization_id = inbox_of(principal)
        self._admit(organization_id)
        self._connections[organization_id] += 1
        place = self._places.setdefault(organization_id, _Place())
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        ends = stopwatch() + self.limits.age_seconds
        try:
            if after is None:
                after = await self._newest(principal)
            yield Part((), after, more=True)
            while not self._closed and stopwatch() < ends:
                changed = place.changed  # taken before the feed is read: what comes in between is not missed
                part = await self._read(principal, after, types)
                if part.notices or part.cursor != after:
                    after = part.cursor
                    yield part
                if part.more:
                    continue
                if once:
                    return
                try:
                    left = max(0.0, ends - stopwatch())
                    async with asyncio.timeout(min(self.limits.heartbeat_seconds, left)):
                        await changed.wait()
                except TimeoutError:
                    yield Part((), after, more=False)
        finally:
            self._leave(organization_id)

    @property
    def open(self) -> int:
        """How many streams are open."""
        return self._connections.total()

    async def close(self) -> None:
        """End all streams."""
        self._closed = True
        for place in self._places.values():
            place.changed.set()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    def _admit(self, organization_id: OrganizationId) -> None:
        if self._closed or self._connections.total() >= self.limits.connections:
            raise UnavailableError("Too many streams are open here.", headers={"Retry-After": "10"})
        if self._connections[organization_id] >= self.limits.of_one_organization:
            raise TooManyRequestsError(
                f"Your organization has {self.limits.of_one_organization} streams open already.",
                headers={"Retry-After": "60"},
            )

    def _leave(self, organization_id: OrganizationId) -> None:
        self._connections[organization_id] -= 1
        if self._connections[organization_id]:
            return
        del self._connections[organization_id], self._places[organization_id]
        if not self._places and self._watching is not None:
            self._watching.cancel()
            self._watching = None

    async def _read(self, principal: Principal, after: int, types: tuple[str, ...]) -> Part:
        def read() -> Part:
            with self._workshop.reading(principal) as reading:
                return service.part(reading, after, self.limits.part, types)

        async with self._gate:
            return await run_in_threadpool(read)

    async def _newest(self, principal: Principal) -> int:
        def read() -> int:
            with self._workshop.reading(principal) as reading:
                return service.newest(reading)

        async with self._gate:
            return await run_in_threadpool(read)

    async def _watch(self) -> None:
        """Find out whose feed has grown, at every wake-up and from time to time."""
        listening: asyncpg.Connection | None = None
        try:
            # asked each time: a cancellation that was lost to a wake-up must not leave it running
            while self._watching is asyncio.current_task() and not self._closed:
                if listening is None or listening.is_closed():
                    listening = await listen(self._dsn, service.CHANNEL, self._woken.set)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.limits.poll_seconds):
                        await self._woken.wait()
                self._woken.clear()
                try:
                    self._spread(await run_in_threadpool(self._look, tuple(self._places)))
                except Exception:  # noqa: BLE001 - streams outlive a database that is away
                    _LOG.warning("the notices can't be read for streams", exc_info=True)
        finally:
            if listening is not None:
                listening.terminate()

    def _look(self, organization_ids: tuple[OrganizationId, ...]) -> dict[str, int]:
        with self._workshop.reading(SYSTEM) as reading:
            return service.newest_of(reading, organization_ids)

    def _spread(self, newest: Mapping[str, int]) -> None:
        for organization_id, place in self._places.items():
            at = newest.get(organization_id, place.newest)
            if at != place.newest:
                place.newest = at
                told, place.changed = place.changed, asyncio.Event()
                told.set()
