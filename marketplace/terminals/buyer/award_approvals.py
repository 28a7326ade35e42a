"""The second pair of eyes: approving or rejecting a colleague's selection, and what one user may award alone."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from marketplace.awards import approvals
from marketplace.awards.schemas import ApprovalLimitInput, RejectionInput
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import StaleError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer import award

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Negotiator = Annotated[
    Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.NEGOTIATOR), scope=Scope.AWARDS))
]
Admin = Annotated[Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_LIMIT = "buyer/award_limit.html"
_CURRENCIES = ("USD", "EUR", "GBP", "CAD", "MXN", "CHF", "AUD")


@router.post("/b/requests/{request_id}/award/approvals/{approval_id}", summary="Decide on a selection by form")
def send_award_approval(
    request_id: str, approval_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator
) -> Response:
    """Approve or reject a colleague's selection, or cancel one's own."""
    with pages.again(request, award.TEMPLATE, form, lambda: award.context(request, work, request_id)):
        note = _decide(work, request_id, approval_id, form)
    return pages.see(f"/b/requests/{request_id}/award", pages.words(request)(note))


def _decide(work: Work, request_id: str, approval_id: str, form: pages.Form) -> str:
    owned = desk.owned(work, request_id)
    match form.text("act"):
        case "approve":
            if award.seen_of(work, request_id, approval_id) != form.text("seen"):
                raise StaleError("What this award does has changed since you looked. Look at it again below.")
            approvals.approve(work, owned, approval_id)
            return marked("Approved and awarded. The winners know who you are from now on and are asked to confirm.")
        case "reject":
            body = pages.checked(RejectionInput, {"reason": form.text("reason")})
            approvals.reject(work, owned, approval_id, body.reason)
            return marked("Rejected. The lots wait for a decision again; nobody outside learns of it.")
        case _:
            approvals.cancel(work, owned, approval_id)
            return marked("Taken back. The lots wait for a decision again; nobody outside learns of it.")


@router.get("/b/approval-limit", summary="What one user may award alone")
def show_approval_limit(request: Request, reading: ReadingOnly, principal: Buyer) -> Response:
    """Show from which amount on a second user has to approve."""
    return pages.render(request, _LIMIT, **_limit(reading, principal))


@router.post("/b/approval-limit", summary="Set by form what one user may award alone")
def send_approval_limit(request: Request, work: Working, form: pages.Sent, principal: Admin) -> Response:
    """Set or lift the limit; selections that wait keep the one that they met."""
    with pages.again(request, _LIMIT, form, lambda: _limit(work, principal)):
        amount = form.text("amount").replace(",", "") if form.text("kind") == "limit" else None
        body = pages.checked(ApprovalLimitInput, {"amount": amount, "currency": form.text("currency") or "USD"})
        approvals.set_limit(work, body.amount, body.currency, http.etag(int(form.text("revision") or 0)))
    words = pages.words(request)
    done = (
        marked("Saved. Above it a second user approves.")
        if body.amount is not None
        else marked("Saved. One user decides alone.")
    )
    return pages.see("/b/approval-limit", words(done))


def _limit(reading: Reading, principal: Principal) -> dict[str, Any]:
    limit, revision = approvals.limit(reading)
    return {
        "limit": limit,
        "revision": revision,
        "may_set": principal.role is UserRole.ADMIN,
        "currencies": [(code, code) for code in _CURRENCIES],
    }
