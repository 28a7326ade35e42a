"""The negotiation of presented terms, as the buyer leads it: clause by clause, version by version."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.contracts import service as contracts
from marketplace.contracts.negotiation.model import Side
from marketplace.contracts.schemas import Id
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import contract_view, pages

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
_TEMPLATE = "buyer/negotiation.html"
_DONE = {
    "accept": marked("Accepted by both. It is part of the contract once you accept the terms."),
    "withdraw": marked("Withdrawn. What both had accepted before stands."),
}


@router.get("/b/contracts/{contract_id}/negotiation", summary="A buyer's negotiation")
def show_buyer_negotiation(contract_id: Id, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show every clause that was talked about, what waits for whom, and a form for the next version."""
    return pages.render(request, _TEMPLATE, **_context(reading, contract_id))


@router.post("/b/contracts/{contract_id}/negotiation", summary="Take a step in a negotiation by form")
def send_negotiation_step(
    contract_id: Id, request: Request, work: Working, form: pages.Sent, _: Negotiator
) -> Response:
    """Propose, counter, accept or withdraw; one more or one less clause only shows the form again."""
    words = pages.words(request)
    act = form.text("act")
    if act == "more" or "drop" in form:
        return pages.render(request, _TEMPLATE, **_context(work, contract_id, form))
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, contract_id, form)):
        contract_view.act(work, contracts.read(work, contract_id), form)
    done = _DONE.get(act, marked("Sent. Until it is answered its clauses are locked."))
    return pages.see(f"/b/contracts/{contract_id}/negotiation", words(done))


def _context(reading: Reading, contract_id: str, form: pages.Form | None = None) -> dict[str, Any]:
    found = contracts.read(reading, contract_id)
    talk = contract_view.negotiation_of(reading, found, Side.BUYER)
    if form is not None and (typed := contract_view.rows_of(form)):
        talk["rows"] = typed
    return {
        "contract_id": found.id,
        "n": talk,
        "other": found.presentation.provider_name,
        "blank": form is not None and form.text("act") == "more",
        "terms_title": found.presentation.terms.title,
        "may_decide": reading.principal.role in _DECIDERS,
    }
