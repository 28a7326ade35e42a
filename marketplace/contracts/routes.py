"""HTTP: the buyer reads, accepts or refuses terms; both sides read what was agreed."""

from typing import Annotated

from fastapi import Depends, Response

from marketplace.contracts import rules, service
from marketplace.contracts.model import Contract
from marketplace.contracts.schemas import AcceptanceInput, ContractOutput, ContractSummary, Id, RefusalInput
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading

router = http.router(tags=["contracts"])

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
Provider = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Party = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER))]


@router.get("/requests/{request_id}/contracts", summary="Terms and contracts", responses=http.problems(NotFoundError))
def list_request_contracts(request_id: Id, reading: ReadingOnly, principal: Buyer) -> list[ContractSummary]:
    """One for each winner and each terms document of its bids, newest first. `presented` ones wait for you."""
    return [ContractSummary.of(item, principal.kind) for item in service.of_request(reading, request_id)]


@router.get("/contracts", summary="Your contracts")
def list_contracts(
    reading: ReadingOnly, principal: Provider, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[ContractSummary]:
    """From the award on, newest first: `presented` waits for the buyer."""
    found = service.own_contracts(reading, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda item: (item.presented_at.isoformat(), item.id))
    return pagination.Page(items=[ContractSummary.of(item, principal.kind) for item in items], next=following)


@router.get("/contracts/{contract_id}", summary="One contract", responses=http.problems(NotFoundError))
def read_contract(contract_id: Id, reading: ReadingOnly, principal: Party) -> ContractOutput:
    """The text of the terms, the lots with every price, the key figures, and what was decided."""
    return _output(reading, service.read(reading, contract_id), principal)


@router.post(
    "/contracts/{contract_id}/acceptance",
    summary="Accept the terms",
    responses=http.problems(NotFoundError, rules.TermsDecidedError, rules.OtherTermsError),
)
def accept_terms(contract_id: Id, body: AcceptanceInput, work: Working, principal: Negotiator) -> ContractOutput:
    """Makes the contract: award, terms and prices are frozen in one signed document for both sides."""
    return _output(work, service.accept(work, contract_id, body.sha256), principal)


@router.post(
    "/contracts/{contract_id}/refusal",
    summary="Refuse the terms",
    responses=http.problems(NotFoundError, rules.TermsDecidedError),
)
def refuse_terms(contract_id: Id, body: RefusalInput, work: Working, principal: Negotiator) -> ContractOutput:
    """The lots are yours again, with the next bids that are still valid."""
    return _output(work, service.refuse(work, contract_id, body.reason), principal)


@router.get(
    "/contracts/{contract_id}/document",
    summary="The contract document",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **http.problems(NotFoundError)},
)
def download_contract(contract_id: Id, reading: ReadingOnly, _: Party) -> Response:
    """The bytes that were hashed: their SHA-256 is the `ETag`. There is one from the acceptance on."""
    made = service.made_contract(reading, contract_id)
    headers = {
        "ETag": f'"{made.sha256}"',
        "Content-Disposition": f'attachment; filename="contract-{made.sha256[:12]}.json"',
    }
    return Response(made.document, media_type="application/json", headers=headers)


def _output(reading: Reading, contract: Contract, principal: Principal) -> ContractOutput:
    return ContractOutput.of(contract, service.terms_text(reading, contract), principal.kind)
