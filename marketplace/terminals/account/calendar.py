"""One's calendar: what is to come, the file, and the address that a calendar program follows."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.http import AccountReading, AccountWork
from marketplace.kernel.work import Reading, Workshop
from marketplace.terminals import pages
from notifications.calendar import service

router = pages.router()

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Owner = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
"""Who may change it: a key that only reads can't."""


@router.get("/account/calendar", summary="One's calendar")
def show_calendar(request: Request, account: AccountReading, _: Anyone) -> Response:
    """List what is to come, with the ways to have it in one's own calendar."""
    return pages.render(request, "account/calendar.html", **_context(request, account))


@router.post("/account/calendar", summary="Open or end a calendar's feed by form")
def send_calendar_feed(request: Request, work: AccountWork, form: pages.Sent, _: Owner) -> Response:
    """Make a new address and show it this once, or end the one there is."""
    if form.text("act") == "end":
        service.end_feed(work)
        return pages.see("/account/calendar", pages.said(request, "The address has stopped working."))
    url = service.open_feed(work)
    return pages.render(request, "account/calendar.html", **_context(request, work, url))


def _context(request: Request, account: Reading, url: str = "") -> dict[str, Any]:
    """Return what the page shows: accounts know of the feed, and what is to come is read as the caller may read it.

    A request has one transaction of its own, that on accounts; the other one is opened and ended here.
    """
    workshop: Workshop = request.app.state.workshop
    with workshop.reading(account.principal) as reading:
        entries = service.upcoming(reading)
    return {"entries": entries, "has_feed": service.has_feed(account), "url": url}
