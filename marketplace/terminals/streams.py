"""The address of all live pages: one stream a tab."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Path, Request, Response
from fastapi.responses import HTMLResponse, StreamingResponse
from fastapi.sse import format_sse_event
from starlette.concurrency import run_in_threadpool

from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.errors import ForbiddenError, NotFoundError, ProblemError
from marketplace.terminals import browser, pages
from marketplace.terminals.backoffice import auction, auctions
from marketplace.terminals.buyer import live_auction
from marketplace.terminals.live import Hub, LiveView, Message
from marketplace.terminals.seller import bidding
from marketplace.terminals.seller import inbox as desk_inbox
from marketplace.terminals.seller import request as desk_request

router = pages.router()

VIEWS: dict[str, LiveView] = {
    view.name: view
    for view in (
        auctions.VIEW,
        auction.VIEW,
        live_auction.VIEW,
        bidding.VIEW,
        desk_inbox.VIEW,
        desk_request.VIEW,
    )
}
"""Every live page by its name: ``{view.name: view}`` of the pages' own modules."""
_RETRY_MS = 2000
_STANDS_SECONDS = 30.0
"""How long a stream goes on after its viewer has signed out, at most."""
_ANYBODY = allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM)

Signed = Annotated[Principal, Depends(_ANYBODY)]
Key = Annotated[str, Path(max_length=80, pattern=r"^[A-Za-z0-9_-]+$")]


@router.get("/live/{name}/{key}", summary="Stream of a live page")
async def read_live_page(  # noqa: PLR0917 - a route's parameters go by name
    name: str,
    key: Key,
    request: Request,
    principal: Signed,
    last_event_id: Annotated[str, Header(max_length=64)] = "",
    once: bool = False,  # noqa: FBT001, FBT002 - a query parameter
) -> Response:
    """Send the whole state of the page's live regions, again at each change; with ``once`` a single time."""
    view = VIEWS.get(name)
    if view is None:
        raise NotFoundError
    if principal.kind not in view.kinds:
        raise ForbiddenError
    hub: Hub = request.app.state.hub
    preferences = browser.preferences_of(request)
    if once:
        return HTMLResponse(await run_in_threadpool(hub.snapshot, view, key, principal, preferences))
    followed = hub.follow(view, key, principal, preferences, last_event_id)
    first = await anext(followed, None)  # before the answer begins: who may not see it gets an ordinary 404
    if first is None:
        raise NotFoundError
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    stream = _sent(request, principal, first, followed)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def _sent(
    request: Request, principal: Principal, first: Message, followed: AsyncIterator[Message]
) -> AsyncIterator[bytes]:
    asked = stopwatch()
    yield format_sse_event(retry=_RETRY_MS) + _event(first)
    async for message in followed:
        yield _event(message)
        if stopwatch() - asked > _STANDS_SECONDS:
            asked = stopwatch()
            if not await run_in_threadpool(_still_signed_in, request, principal):
                return


def _event(message: Message) -> bytes:
    return message.picture + format_sse_event(data_str=message.pulse, id=message.id or None)


def _still_signed_in(request: Request, principal: Principal) -> bool:
    try:
        now: Principal = request.app.state.authenticate(request)
    except ProblemError:
        return False
    return now == principal
