"""A request as an invited carrier reads it: what is asked, why it came, what changed, what was said, and declining."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.requests import service as requests
from buyers.requests.model import Status, Version
from buyers.requests.view import CarrierView
from marketplace.awards import service as awards
from marketplace.bidding.announcements import service as announcements
from marketplace.catalogue import service as catalogues
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.live import LiveView
from marketplace.terminals.seller import questions as talk
from matching import changes, service
from matching.schemas import DeclineInput, Id
from matching.service import Received
from sellers.model import Invitation, InvitationReason, InvitationStatus
from sellers.rules import DECLINE_REASONS, InvitationClosedError, InvitationNotDeclinedError

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
_LATE = timedelta(minutes=5)
"""A request that came this much after its publication came late."""
_ANNOUNCED = 20
_DECIDED = frozenset({Status.AWARDED, Status.NOT_AWARDED})


@router.get("/c/invitations/{invitation_id}", summary="A received request")
def show_received_request(
    invitation_id: Id, request: Request, work: Working, _: Desk, since: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> Response:
    """Show one received request; that it was opened, and when, is recorded the first time."""
    received = service.open_invitation(work, invitation_id)
    context = _context(work, received, since)
    return pages.render(request, "seller/request.html", stream=_stream(invitation_id, context), **context)


@router.get("/c/invitations/{invitation_id}/decline", summary="Decline a request: the form")
def show_decline(invitation_id: Id, request: Request, reading: ReadingOnly, _: Bidder) -> Response:
    """Show the reasons for which a request is declined: as a page, or alone for a dialog."""
    alone = request.headers.get("hx-request") == "true"
    template = "seller/_decline.html" if alone else "seller/decline.html"
    return pages.render(request, template, **_declining(reading, invitation_id))


@router.post("/c/invitations/{invitation_id}/decline", summary="Decline a request by form")
def send_decline(invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Bidder) -> Response:
    """Tell that the desk won't bid, and why."""
    with pages.again(request, "seller/decline.html", form, lambda: _declining(work, invitation_id)):
        body = pages.checked(DeclineInput, {"reason": form.text("reason"), "text": form.text("text")})
        service.decline(work, invitation_id, body.reason, body.text)
    words = pages.words(request)
    return pages.see("/c", words("Declined. You can reopen it under Declined until it closes."))


@router.post("/c/invitations/{invitation_id}/reopen", summary="Take a decline back by form")
def send_reopening(invitation_id: Id, request: Request, work: Working, _sent: pages.Sent, _: Bidder) -> Response:
    """Let the desk bid again."""
    here = f"/c/invitations/{invitation_id}"
    try:
        service.reopen(work, invitation_id)
    except (InvitationNotDeclinedError, InvitationClosedError) as problem:
        # nothing is changed; the request is shown by its own page, which records that it was opened
        raise pages.ShownAgain(
            pages.see(here, pages.words(request)(problem.detail or problem.title), "bad")
        ) from problem
    return pages.see(here, pages.said(request, "Reopened: you can bid again."))


def _declining(reading: Reading, invitation_id: str) -> dict[str, Any]:
    return {"received": service.read(reading, invitation_id), "reasons": DECLINE_REASONS}


def _stream(invitation_id: str, context: dict[str, Any]) -> str:
    """Return the address of the page's stream, which knows the version that the page shows."""
    return f"/live/{VIEW.name}/{invitation_id}-{context['shown_version']}"


def _live(reading: Reading, key: str) -> dict[str, Any]:
    invitation_id, _, version = key.rpartition("-")
    received = service.read(reading, invitation_id)
    return _moving(reading, received) | {
        "shown_version": int(version) if version.isdecimal() else received.document["version"],
        "streams": [f"request:{received.invitation.request_id}", f"invitation:{invitation_id}"],
    }


VIEW = LiveView("received-request", frozenset({Kind.PROVIDER}), _live, "seller", ("request_state", "request_talk"))


def _context(reading: Reading, received: Received, since: int) -> dict[str, Any]:
    view = codec.load(CarrierView, received.document)
    invitation = received.invitation
    catalogue = catalogues.version(reading, view.catalogue_version)
    versions = requests.versions(reading, RequestId(invitation.request_id))
    known = _first_known(invitation, versions)
    before = since if known <= since < view.version else known
    return _moving(reading, received) | {
        "view": view,
        "shown_version": view.version,
        "catalogue": catalogue,
        "services": catalogue.names(),
        "versions": versions,
        "known": known,
        "since": before,
        "changes": _changes(reading, invitation.request_id, before, view),
        "late": _late(invitation, versions),
        "why": invitation.explanation,
    }


def _moving(reading: Reading, received: Received) -> dict[str, Any]:
    """Return what may change while the page is open."""
    invitation = received.invitation
    return {
        "received": received,
        "invitation": invitation,
        "version_now": received.document["version"],
        "runs": received.request_status is Status.OPEN and not received.suspended,
        "may_decline": received.request_status is Status.OPEN
        and invitation.status in {InvitationStatus.RECEIVED, InvitationStatus.SEEN},
        "may_reopen": received.request_status is Status.OPEN and invitation.status is InvitationStatus.DECLINED,
        "decided": received.request_status in _DECIDED and invitation.status is InvitationStatus.BID,
        "won": received.request_status is Status.AWARDED
        and awards.has_won(reading, invitation.request_id, invitation.provider_id),
        "announced": announcements.of_invitation(reading, invitation.id, None, _ANNOUNCED),
    } | talk.exchanged(reading, invitation.id)


def _first_known(invitation: Invitation, versions: Sequence[Version]) -> int:
    """Return the version that this carrier opened first: nobody reads what was taken back before."""
    opened = invitation.seen_at or invitation.received_at
    return max((one.number for one in versions if one.at <= opened), default=1)


def _changes(reading: Reading, request_id: RequestId, before: int, view: CarrierView) -> tuple[changes.Change, ...]:
    if before >= view.version:
        return ()
    try:
        earlier = codec.load(CarrierView, requests.publication(reading, request_id, before))
    except NotFoundError:
        return ()
    return changes.changes(earlier, view)


def _late(invitation: Invitation, versions: Sequence[Version]) -> bool:
    first = min((one.at for one in versions), default=invitation.received_at)
    return invitation.reason == InvitationReason.GRANTED or invitation.received_at > first + _LATE
