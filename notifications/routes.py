"""HTTP: the notices of the caller's organization, and what the caller has read of them."""

from typing import Annotated

from fastapi import Depends, Header, Query, Response

from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from notifications import languages, service
from notifications.schemas import Id, MarkedRead, NoticeOutput, UnreadCount

router = http.router("/notices", tags=["notices"])

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]


@router.get("", summary="Your notices")
def list_notices(
    reading: ReadingOnly,
    response: Response,
    _: Anyone,
    *,
    unread: Annotated[bool, Query(description="Only those that you have not read")] = False,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
    accept_language: Annotated[str, Header(max_length=500, description="en or de; English if neither is wanted")] = "",
) -> pagination.Page[NoticeOutput]:
    """What happened to your organization's deals, newest first. Each leads to a request, an invitation and so on."""
    language = languages.wanted(accept_language)
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language"})
    found = service.inbox(reading, _ordinal(after), limit + 1, unread=unread)
    items, following = pagination.page_of(found, limit, lambda notice: (notice.ordinal,))
    return pagination.Page(items=[NoticeOutput.of(item.told_in(language)) for item in items], next=following)


@router.get("/unread-count", summary="How many you have not read")
def count_unread_notices(reading: ReadingOnly, _: Anyone) -> UnreadCount:
    """For the badge beside the bell."""
    return UnreadCount(unread=service.unread_count(reading))


@router.post("/{notice_id}/read", status_code=204, summary="Mark as read", responses=http.problems(NotFoundError))
def read_notice(notice_id: Id, work: Working, _: Anyone) -> Response:
    """For you alone: your colleagues' notices stay as they are. Doing it twice is harmless."""
    service.mark_read(work, notice_id)
    return Response(status_code=204)


@router.post("/read-all", summary="Mark all as read")
def read_all_notices(work: Working, _: Anyone) -> MarkedRead:
    """Everything that there is now; what comes later is new."""
    return MarkedRead(marked=service.mark_all_read(work))


def _ordinal(after: str | None) -> int | None:
    """Return where a page starts. Raises MalformedError for a cursor that is not ours."""
    if after is None:
        return None
    (ordinal,) = pagination.decode(after, 1)
    if not isinstance(ordinal, int) or not 0 <= ordinal < 2**63:
        raise MalformedError(
            "The cursor is not one of ours.", errors=(FieldError("query/after", "use the 'next' of the page before"),)
        )
    return ordinal
