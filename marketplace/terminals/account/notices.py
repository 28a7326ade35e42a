"""What happened, for whom it concerns: the notices of one's organization, each with the way to its place."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import browser, pages
from notifications import service
from notifications.languages import Language
from notifications.row import Subject
from notifications.schemas import Id

router = pages.router()

Anyone = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
_A_PAGE = 50
_PLACES = {
    (Kind.BUYER, "request"): "/b/requests/{}",
    (Kind.BUYER, "contract"): "/b/contracts/{}",
    (Kind.BUYER, "buyer"): "/b/verification",
    (Kind.PROVIDER, "invitation"): "/c/invitations/{}",
    (Kind.PROVIDER, "contract"): "/c/contracts/{}",
    (Kind.PROVIDER, "provider"): "/c",
    (Kind.PLATFORM, "buyer"): "/o/verifications/{}",
    (Kind.PLATFORM, "provider"): "/o/providers/{}",
    (Kind.PLATFORM, "request"): "/o/auctions/{}",
    (Kind.BUYER, "webhook"): "/account/webhooks/{}",
    (Kind.PROVIDER, "webhook"): "/account/webhooks/{}",
    (Kind.PLATFORM, "webhook"): "/account/webhooks/{}",
}
"""Where a notice leads, by who reads it and what it is of."""


@router.get("/account/notices", summary="One's notices")
def show_notices(request: Request, reading: ReadingOnly, _: Anyone, after: pagination.After = None) -> Response:
    """List what happened, the newest first."""
    return pages.render(request, "account/notices.html", **_context(reading, after, language_of(request)))


@router.post("/account/notices/read", summary="Mark notices as read by form")
def send_notices_read(request: Request, work: Working, form: pages.Sent, _: Anyone) -> Response:
    """Mark one notice as read and go to its place, or mark all."""
    if form.text("notice"):
        service.mark_read(work, form.text("notice"))
    else:
        service.mark_all_read(work)
    return pages.see("/account/notices", pages.said(request, "Marked as read."))


@router.get("/t/{notice_id}", summary="Where a text message leads")
def show_texted_notice(notice_id: Id, reading: ReadingOnly, _: Anyone) -> Response:
    """Go to the place of one's notice: whoever else has the link has to sign in, and finds nothing."""
    notice = service.notice(reading, notice_id)
    return pages.see(place(reading.principal.kind, notice.subject, notice.subject_id) or "/account/notices")


def language_of(request: Request) -> Language:
    """Return the language in which a page tells notices."""
    return Language(browser.preferences_of(request).locale)


def _context(reading: Reading, after: str | None, language: Language) -> dict[str, Any]:
    behind = None if after is None else int(pagination.decode(after, 1)[0])
    found = service.inbox(reading, behind, _A_PAGE + 1, unread=False)
    shown, following = pagination.page_of(found, _A_PAGE, lambda notice: (notice.ordinal,))
    return {
        "notices": [
            (one.told_in(language), place(reading.principal.kind, one.subject, one.subject_id)) for one in shown
        ],
        "after": after,
        "following": following,
        "unread": service.unread_count(reading),
    }


def place(kind: Kind, subject: Subject, subject_id: str) -> str:
    """Return the page that a notice leads to; empty: none."""
    return _PLACES.get((kind, subject), "").format(subject_id)
