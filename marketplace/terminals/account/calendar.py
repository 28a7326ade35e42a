"""One's calendar: what is to come, the file, and the address that a calendar program follows."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import AccountReading, AccountWork, ReadingOnly
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from notifications.calendar import service

router = pages.router()

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]


@router.get("/account/calendar", summary="One's calendar")
def show_calendar(request: Request, reading: ReadingOnly, account: AccountReading, _: Anyone) -> Response:
    """List what is to come, with the ways to have it in one's own calendar."""
    return pages.render(request, "account/calendar.html", **_context(reading, account))


@router.post("/account/calendar", summary="Open or end a calendar's feed by form")
def send_calendar_feed(
    request: Request, reading: ReadingOnly, work: AccountWork, form: pages.Sent, _: Anyone
) -> Response:
    """Make a new address and show it this once, or end the one there is."""
    if form.text("act") == "end":
        service.end_feed(work)
        return pages.see("/account/calendar", pages.said(request, "The address has stopped working."))
    url = service.open_feed(work)
    return pages.render(request, "account/calendar.html", **_context(reading, work, url))


def _context(reading: Reading, account: Reading, url: str = "") -> dict[str, Any]:
    return {"entries": service.upcoming(reading), "has_feed": service.has_feed(account), "url": url}
