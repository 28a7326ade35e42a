"""A buyer's contracts: the list, one with its terms and prices, and the buyer's yes or no."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests import service as requests
from marketplace.awards.confirmation import service as confirmations
from marketplace.contracts import service as contracts
from marketplace.contracts.schemas import AcceptanceInput, Id, RefusalInput
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import contract_view, pages

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
_TEMPLATE = "buyer/contract.html"
_A_PAGE = 25


@router.get("/b/contracts", summary="A buyer's contracts")
def show_buyer_contracts(request: Request, reading: ReadingOnly, _: Buyer, after: pagination.After = None) -> Response:
    """List terms that wait and contracts that were made, the newest first."""
    found = contracts.of_buyer(reading, _A_PAGE + 1, after)
    shown, following = pagination.page_of(found, _A_PAGE, lambda one: (one.presented_at.isoformat(), one.id))
    titles = {one.id: one.content.title for one in requests.many(reading, [one.request_id for one in shown])}
    return pages.render(
        request, "buyer/contracts.html", contracts=shown, titles=titles, after=after, following=following
    )


@router.get("/b/contracts/{contract_id}", summary="A buyer's contract")
def show_buyer_contract(contract_id: Id, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show terms with what matters in them, the prices that they bind, and what was decided."""
    return pages.render(request, _TEMPLATE, **_context(reading, contract_id))


@router.post("/b/contracts/{contract_id}/accept", summary="Accept terms by form")
def send_terms_acceptance(
    contract_id: Id, request: Request, work: Working, form: pages.Sent, _: Negotiator
) -> Response:
    """Make the contract: award, terms, agreed changes and prices as they were on screen."""
    words = pages.words(request)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, contract_id)):
        if not form.ticked("accepted_terms"):
            message = words("tick that you have read the terms: the contract is made by this step")
            raise MalformedError(errors=(FieldError("/accepted_terms", message),))
        body = pages.checked(
            AcceptanceInput,
            {
                "sha256": form.text("sha256"),
                "changes_version": form.text("changes_version") or None,
                "shown_sha256": form.text("shown_sha256") or None,
                "accepted_terms": True,
            },
        )
        contracts.accept(work, contract_id, body.sha256, body.changes_version, body.shown_sha256)
    return pages.see(f"/b/contracts/{contract_id}", words("Accepted. The contract is made and signed; both have it."))


@router.post("/b/contracts/{contract_id}/refuse", summary="Refuse terms by form")
def send_terms_refusal(contract_id: Id, request: Request, work: Working, form: pages.Sent, _: Negotiator) -> Response:
    """Refuse the terms: the lots are the buyer's again."""
    words = pages.words(request)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, contract_id)):
        body = pages.checked(RefusalInput, {"reason": form.text("reason")})
        found = contracts.refuse(work, contract_id, body.reason)
    note = words("Refused. The lots are yours again, with the next valid bids.")
    return pages.see(f"/b/requests/{found.request_id}/award", note)


def _context(reading: Reading, contract_id: str) -> dict[str, Any]:
    found = contracts.read(reading, contract_id)
    shown = found.presentation
    return contract_view.content_of(reading, found, Kind.BUYER) | {
        "other": shown.provider_name,
        "confirmation": confirmations.confirmation_of(reading, shown.award_id, shown.provider_id),
        "request_title": desk.read(reading, found.request_id).content.title,
        "may_decide": reading.principal.role in _DECIDERS,
    }
