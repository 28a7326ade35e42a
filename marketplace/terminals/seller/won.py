"""A won request: the desk meets the buyer, stands by its bid or steps back, and sees what comes next."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.awards import service as awards
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.confirmation.model import ConfirmationStatus
from marketplace.awards.confirmation.schemas import ConfirmInput, DeclineAwardInput
from marketplace.contracts import service as contracts
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.seller.bid_sheet import head_of
from matching import service as matching
from matching.schemas import Id

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Answering = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
_MOST_CONTRACTS = 200


@router.get("/c/invitations/{invitation_id}/won", summary="A request that was won")
def show_win(invitation_id: Id, request: Request, work: Working, _: Desk) -> Response:
    """Show who the buyer is and what to do next; that it was read is recorded and told to the buyer."""
    context = _context(work, invitation_id) | {"met": awards.meet_buyer(work, invitation_id)}
    return pages.render(request, "seller/won.html", **context)


@router.post("/c/invitations/{invitation_id}/won/confirm", summary="Confirm an award by form")
def send_confirmation(invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Answering) -> Response:
    """Stand by the bids that an award took."""
    body = pages.checked(ConfirmInput, {"award_id": form.text("award_id")})
    confirmations.confirm(work, invitation_id, body.award_id)
    words = pages.words(request)
    return pages.see(
        f"/c/invitations/{invitation_id}/won",
        words("Confirmed. The buyer reads your terms next; you hear when it accepts."),
    )


@router.get("/c/invitations/{invitation_id}/won/decline", summary="Step back from an award: the form")
def show_stepping_back(invitation_id: Id, request: Request, reading: ReadingOnly, _: Answering) -> Response:
    """Say what stepping back causes, and ask for the reason."""
    return pages.render(request, "seller/won_decline.html", **_waiting(reading, invitation_id))


@router.post("/c/invitations/{invitation_id}/won/decline", summary="Step back from an award by form")
def send_stepping_back(invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Answering) -> Response:
    """Give the lots back to the buyer, who reads the reason."""
    with pages.again(request, "seller/won_decline.html", form, lambda: _waiting(work, invitation_id)):
        body = pages.checked(DeclineAwardInput, {"award_id": form.text("award_id"), "reason": form.text("reason")})
        confirmations.decline(work, invitation_id, body.award_id, body.reason)
    return pages.see(
        "/c/bids", pages.said(request, "You stepped back. The buyer has been told and gets its lots back.")
    )


def _waiting(reading: Reading, invitation_id: str) -> dict[str, Any]:
    context = _context(reading, invitation_id)
    if not context["asked"]:
        raise NotFoundError
    return context


def _context(reading: Reading, invitation_id: str) -> dict[str, Any]:
    head = head_of(matching.read(reading, invitation_id))
    answers = confirmations.of_invitation(reading, invitation_id)
    own = contracts.own_contracts(reading, None, _MOST_CONTRACTS)
    return head | {
        "wins": awards.own_wins(reading, invitation_id),
        "answers": answers,
        "waiting": next((one for one in answers if one.status is ConfirmationStatus.AWAITED), None),
        "asked": answers[0] if answers else None,
        "contracts": [one for one in own if one.invitation_id == invitation_id],
    }
