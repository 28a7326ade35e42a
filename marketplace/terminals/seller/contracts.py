"""A carrier's contracts: the list, one with all that it says, and the room in which clauses are negotiated."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.requests import service as requests
from marketplace.contracts import service
from marketplace.contracts.model import Contract, ContractStatus
from marketplace.contracts.negotiation.model import Side
from marketplace.contracts.schemas import Id
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import contract_view, pages

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
_ROLES = (UserRole.ADMIN, UserRole.NEGOTIATOR, UserRole.DESK)
Negotiator = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_ROLES, scope=Scope.AWARDS))]
_A_PAGE = 50


@router.get("/c/contracts", summary="A carrier's contracts")
def show_own_contracts(request: Request, reading: ReadingOnly, _: Desk, after: pagination.After = None) -> Response:
    """List the contracts and the terms that wait for a buyer, the newest first."""
    found = service.own_contracts(reading, after, _A_PAGE + 1)
    shown, following = pagination.page_of(found, _A_PAGE, lambda one: (one.presented_at.isoformat(), one.id))
    views = {one: state.view for one, state in requests.public(reading, [one.request_id for one in shown]).items()}
    context: dict[str, Any] = {"contracts": shown, "views": views, "after": after, "following": following}
    return pages.render(request, "seller/contracts.html", **context)


@router.get("/c/contracts/{contract_id}", summary="A carrier's contract")
def show_own_contract(contract_id: Id, request: Request, reading: ReadingOnly, _: Desk) -> Response:
    """Show one contract: its state, lines, dates, the negotiation and the files."""
    return pages.render(request, "seller/contract.html", **_context(reading, service.read(reading, contract_id)))


@router.post("/c/contracts/{contract_id}", summary="Negotiate a contract by form")
def send_own_proposal(contract_id: Id, request: Request, work: Working, form: pages.Sent, _: Negotiator) -> Response:
    """Propose, counter, accept or withdraw changes of clauses."""
    found = service.read(work, contract_id)
    if form.text("act") == "more" or "drop" in form:
        context = _typed(work, found, form)
        return pages.render(request, "seller/contract.html", **context, form=form, blank=form.text("act") == "more")
    with pages.again(request, "seller/contract.html", form, lambda: _typed(work, found, form)):
        contract_view.act(work, found, form)
    words = pages.words(request)
    said = {
        "accept": words("Accepted: both sides agree on this version."),
        "withdraw": words("Withdrawn. What was agreed before stands."),
    }.get(form.text("act"), words("Proposed. The buyer has been told and answers here."))
    return pages.see(f"/c/contracts/{contract_id}#negotiation", said)


def _typed(reading: Reading, found: Contract, form: pages.Form) -> dict[str, Any]:
    context = _context(reading, found)
    rows = contract_view.rows_of(form)
    return context | {"n": context["n"] | ({"rows": rows} if rows else {})}


def _context(reading: Reading, found: Contract) -> dict[str, Any]:
    return {
        **contract_view.content_of(reading, found, Kind.PROVIDER),
        "n": contract_view.negotiation_of(reading, found, Side.PROVIDER),
        "invitation_id": found.invitation_id,
        "about": requests.public_state(reading, found.request_id).view,
        "negotiable": found.status is ContractStatus.PRESENTED,
        "blank": False,
        "action": f"/c/contracts/{found.id}",
    }
