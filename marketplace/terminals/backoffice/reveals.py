"""Who learned which buyer's identity, when, by what right, and the event that proves it."""

from datetime import datetime, time, timedelta
from typing import Annotated
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.http import ReadingOnly
from marketplace.oversight import service
from marketplace.oversight.model import RevealQuestion, Right
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import PlatformAdmin, colleagues
from sellers import service as sellers

router = pages.router()

_A_PAGE = 50


@router.get("/o/reveals", summary="The reveal log")
def show_reveals(
    request: Request,
    reading: ReadingOnly,
    _: PlatformAdmin,
    *,
    buyer_id: Annotated[str, Query(max_length=100)] = "",
    provider_id: Annotated[str, Query(max_length=100)] = "",
    right: str = "",
    since: Annotated[str, Query(max_length=10)] = "",
    until: Annotated[str, Query(max_length=10)] = "",
    after: pagination.After = None,
) -> Response:
    """List each moment in which somebody learned, or was allowed to learn, who a buyer is; the newest first."""
    zone = pages.zone_of(request)
    chosen = Right(right) if right in list(Right) else None
    end = _midnight(until, zone)
    asked = RevealQuestion(
        buyer_id.strip(),
        provider_id.strip(),
        chosen,
        _midnight(since, zone),
        None if end is None else end + timedelta(days=1),
    )
    before = None if after is None else int(pagination.decode(after, 1)[0])
    found, _names = service.reveals(reading, asked, before, _A_PAGE + 1)
    shown, following = pagination.page_of(found, _A_PAGE, lambda one: (one.position,))
    who = {one.provider_id or one.organization_id for one in shown} | {one.organization_id for one in shown}
    typed = {
        "buyer_id": asked.buyer_id,
        "provider_id": asked.provider_id,
        "right": right,
        "since": since,
        "until": until,
    }
    return pages.render(
        request,
        "backoffice/reveals.html",
        reveals=shown,
        following=following,
        after=after,
        asked=typed,
        filtered=any(typed.values()),
        link=urlencode({name: value for name, value in typed.items() if value}),
        file=_file(asked),
        providers=sellers.names(reading, tuple(who)),
        names=colleagues(reading),
    )


def _midnight(day: str, zone: ZoneInfo) -> datetime | None:
    """Return when a day begins for the reader; None for what is no day."""
    try:
        return datetime.combine(datetime.fromisoformat(day).date(), time(), zone)
    except ValueError:
        return None


def _file(asked: RevealQuestion) -> str:
    """Return the address of the same list as a file."""
    given = {
        "buyer_id": asked.buyer_id,
        "provider_id": asked.provider_id,
        "right": asked.right or "",
        "since": asked.since.isoformat() if asked.since else "",
        "until": asked.until.isoformat() if asked.until else "",
    }
    query = urlencode({name: value for name, value in given.items() if value})
    return "/platform/reveals.csv" + (f"?{query}" if query else "")
