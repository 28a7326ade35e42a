"""HTTP: the feed of notices for machines, to be read on from any place, and the stream that tells as it happens."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Send

from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.errors import ProblemError, TooManyRequestsError
from marketplace.kernel.http import ReadingOnly
from notifications.feed import service
from notifications.feed.hub import FeedHub
from notifications.feed.model import Part
from notifications.feed.schemas import FeedOutput
from notifications.schemas import NoticeOutput

router = http.router("/events", tags=["notices"])

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Types = Annotated[
    list[str] | None, Query(alias="type", max_length=100, description="Only notices of these types; say it repeatedly")
]
_AN_EVENT = {
    "type": "object",
    "description": "One event of the stream, by its fields (WHATWG HTML, Server-sent events)",
    "properties": {
        "id": {"type": "string", "description": "send the newest as `Last-Event-ID` to go on behind it"},
        "event": {"type": "string", "description": "the type of the event"},
        "data": {"type": "string", "contentMediaType": "application/json", "description": "the event, as in the feed"},
        "retry": {"type": "integer", "description": "milliseconds until you come back after a break"},
    },
    "additionalProperties": False,
}
_A_STREAM = {"content": {"text/event-stream": {"schema": _AN_EVENT}}}
_RETRY_MS = 2000
_STANDS_SECONDS = 30.0
"""How long a stream goes on after its caller's token or key has ended, at most."""


@router.get("", summary="The feed of notices")
def read_events(
    reading: ReadingOnly,
    principal: Anyone,
    types: Types = None,
    limit: pagination.Limit = 100,
    after: Annotated[
        str, Query(max_length=400, description="The `next` of the part before; empty: from the first notice on")
    ] = "",
) -> FeedOutput:
    """All notices of your organization in the order in which they were told, the oldest first; nothing is skipped.

    A notice that stands for several events, such as new bids, comes again at its new place with its newest state and
    the same `id`: the feed tells states, not differences.
    """
    place = service.cursor_of(after, "query/after")
    return FeedOutput.of(service.part(reading, place, limit, service.check_types(principal, types or ())))


@router.get(
    "/stream",
    summary="The stream of notices",
    response_class=StreamingResponse,
    responses={200: _A_STREAM, **http.problems(TooManyRequestsError)},
)
async def stream_events(  # noqa: PLR0917 - a route's parameters go by name
    request: Request,
    principal: Anyone,
    types: Types = None,
    after: Annotated[
        str | None, Query(max_length=400, description="A place of the feed; empty: its beginning; left out: its end")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=400, description="Where a stream broke off")] = None,
    once: Annotated[bool, Query(description="End when all there is has been told")] = False,  # noqa: FBT002 - a query
) -> Response:
    """The feed as Server-Sent Events: `id` is its place, `event` the type, `data` the notice.

    Comes back after a break where it was, by `Last-Event-ID`. A sign of life comes every 15 seconds; after an hour, or
    when the token ends, the stream ends and your client connects again. Who reads too slowly is cut off.
    """
    said = last_event_id if last_event_id is not None else after
    pointer = "query/after" if last_event_id is None else "header/last-event-id"
    place = None if said is None else service.cursor_of(said, pointer)
    hub: FeedHub = request.app.state.feed
    parts = hub.follow(principal, place, service.check_types(principal, types or ()), once=once)
    first = await anext(parts)  # before the answer begins: too many streams are an ordinary problem
    stream = _sent(request, principal, first, parts)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return _Bounded(hub.limits.send_seconds, stream, media_type="text/event-stream", headers=headers)


class _Bounded(StreamingResponse):
    """A stream whose reader has a limited time to take each piece; after that its connection is cut off."""

    def __init__(
        self, send_seconds: float, content: AsyncIterator[bytes], *, media_type: str, headers: dict[str, str]
    ) -> None:
        super().__init__(content, media_type=media_type, headers=headers)
        self._send_seconds = send_seconds

    async def stream_response(self, send: Send) -> None:
        """Send the stream; a reader that takes nothing for too long gets no end of it, and its connection closes."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._send_seconds):
                await send(message)

        try:
            await super().stream_response(in_time)
        except TimeoutError:
            return
        finally:
            if isinstance(self.body_iterator, AsyncIterator) and hasattr(self.body_iterator, "aclose"):
                await self.body_iterator.aclose()


async def _sent(
    request: Request, principal: Principal, first: Part, parts: AsyncIterator[Part]
) -> AsyncIterator[bytes]:
    asked = stopwatch()
    async with aclosing(parts):  # type: ignore[type-var] # a generator
        # a place without data is no event to a reader, but what it says when it comes back
        yield format_sse_event(retry=_RETRY_MS, id=service.cursor_text(first.cursor))
        async for part in parts:
            yield _written(part)
            if stopwatch() - asked > _STANDS_SECONDS:
                asked = stopwatch()
                if not await run_in_threadpool(_still_allowed, request, principal):
                    return


def _written(part: Part) -> bytes:
    """Return a part as events, and behind them the place up to which all was looked at."""
    events = [
        format_sse_event(
            id=service.cursor_text(notice.ordinal),
            event=notice.event,
            data_str=json.dumps(NoticeOutput.of(notice).model_dump(mode="json"), ensure_ascii=False),
        )
        for notice in part.notices
    ]
    sign_of_life = format_sse_event(comment="", id=service.cursor_text(part.cursor))
    return b"".join([*events, sign_of_life])


def _still_allowed(request: Request, principal: Principal) -> bool:
    try:
        now: Principal = request.app.state.authenticate(request)
    except ProblemError:
        return False
    return now == principal
