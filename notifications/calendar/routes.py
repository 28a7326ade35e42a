"""HTTP: one's calendar as a file, and as a feed that a calendar program follows."""

from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict

from marketplace.kernel import http
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import AccountWork, ReadingOnly
from marketplace.kernel.work import Workshop
from notifications.calendar import service

router = http.router("/calendar", tags=["notices"])

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""
Anybody = Annotated[Principal, Depends(PUBLIC)]
Token = Annotated[str, Path(max_length=1000, pattern=r"^[\w-]+$")]
_TYPE = "text/calendar; charset=utf-8"
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/calendar": {"schema": {"type": "string"}}}}}


class FeedOutput(BaseModel):
    """The address of your feed. Who has it reads your calendar: it is shown this once."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": "https://market.example/calendar/AAGk3vXzq0pW7n2m.ics"}]}
    )

    url: str


@router.get("", summary="Your calendar as a file", response_class=Response, responses=_FILE)
def download_own_calendar(reading: ReadingOnly, _: Anyone) -> Response:
    """Openings and closes, answers that are due, and the days of contracts, for any calendar program."""
    content = service.own_file(reading)
    return Response(content, media_type=_TYPE, headers={"Content-Disposition": 'attachment; filename="tenderline.ics"'})


@router.post("/feed", status_code=201, summary="Open your calendar's feed")
def open_calendar_feed(work: AccountWork, _: Owner) -> FeedOutput:
    """Make a secret address that a calendar program can follow without signing in. The address before it ends."""
    return FeedOutput(url=service.open_feed(work))


@router.delete("/feed", status_code=204, summary="End your calendar's feed")
def end_calendar_feed(work: AccountWork, _: Owner) -> Response:
    """Make the address stop working. Doing it twice is harmless."""
    service.end_feed(work)
    return Response(status_code=204)


@router.get(
    "/{token}.ics",
    summary="A calendar's feed",
    response_class=Response,
    responses={**_FILE, **http.problems(NotFoundError)},
)
def read_calendar_feed(token: Token, request: Request, _: Anybody) -> Response:
    """The calendar behind a secret address, as its user may read it now. Programs ask again every half hour."""
    workshop: Workshop = request.app.state.workshop
    content = service.feed(workshop, token)
    return Response(content, media_type=_TYPE, headers={"Cache-Control": "private, no-store"})
