"""HTTP: the buyer reads, accepts or refuses terms; both sides read what was agreed."""

import hashlib
from typing import Annotated

from fastapi import Depends, Response

from marketplace.awards.confirmation.rules import AwardNotConfirmedError
from marketplace.contracts import answers, rules, service
from marketplace.contracts.schemas import (
    AcceptanceInput,
    ContractOutput,
    ContractSummary,
    DifferencesOutput,
    Id,
    RefusalInput,
)
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from sellers.model import PDF

router = http.router(tags=["contracts"])

_BYTES = {"schema": {"type": "string", "format": "binary"}}

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
    return answers.contract(reading, service.read(reading, contract_id), principal.kind)


@router.post(
    "/contracts/{contract_id}/acceptance",
    summary="Accept the terms",
    responses=http.problems(
        NotFoundError,
        rules.TermsDecidedError,
        rules.OtherTermsError,
        rules.OtherChangesError,
        rules.OtherFiguresError,
        AwardNotConfirmedError,
    ),
)
def accept_terms(contract_id: Id, body: AcceptanceInput, work: Working, principal: Negotiator) -> ContractOutput:
    """Makes the contract: award, terms, agreed changes and prices are frozen in one signed document for both sides.

    The carrier must have confirmed the award before. A proposal that still waits for an answer lapses.
    """
    accepted = service.accept(work, contract_id, body.sha256, body.changes_version, body.shown_sha256)
    return answers.contract(work, accepted, principal.kind)


@router.post(
    "/contracts/{contract_id}/refusal",
    summary="Refuse the terms",
    responses=http.problems(NotFoundError, rules.TermsDecidedError),
)
def refuse_terms(contract_id: Id, body: RefusalInput, work: Working, principal: Negotiator) -> ContractOutput:
    """The lots are yours again, with the next bids that are still valid."""
    return answers.contract(work, service.refuse(work, contract_id, body.reason), principal.kind)


@router.get(
    "/contracts/{contract_id}/document",
    summary="The contract document",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}, **http.problems(NotFoundError)},
)
def download_contract(contract_id: Id, work: Working, _: Party) -> Response:
    """The bytes that were hashed: their SHA-256 is the `ETag`. There is one from the acceptance on.

    It names the buyer: that a carrier reads it goes on record.
    """
    made = service.made_contract(work, contract_id)
    headers = {
        "ETag": f'"{made.sha256}"',
        "Content-Disposition": f'attachment; filename="contract-{made.sha256[:12]}.json"',
    }
    return Response(made.document, media_type="application/json", headers=headers)


@router.get(
    "/contracts/{contract_id}/document.pdf",
    summary="The contract on paper",
    response_class=Response,
    responses={200: {"content": {"application/pdf": _BYTES}}, **http.problems(NotFoundError)},
)
def download_paper(contract_id: Id, work: Working, _: Party) -> Response:
    """The document set as PDF, with the signed document inside: `marketplace verify` checks it without us."""
    made, content = service.paper(work, contract_id)
    return _file(content, "application/pdf", f"contract-{made.sha256[:12]}.pdf")


@router.get(
    "/contracts/{contract_id}/calendar.ics",
    summary="Dates that matter",
    response_class=Response,
    responses={200: {"content": {"text/calendar": _BYTES}}, **http.problems(NotFoundError)},
)
def download_calendar(contract_id: Id, reading: ReadingOnly, _: Party) -> Response:
    """Start, notice window, price reviews and end for any calendar; expected dates, and on what they rest."""
    made, content = service.calendar(reading, contract_id)
    return _file(content, "text/calendar; charset=utf-8", f"contract-{made.sha256[:12]}.ics")


@router.get(
    "/contracts/{contract_id}/terms",
    summary="The terms, byte for byte",
    response_class=Response,
    responses={200: {"content": {"application/pdf": _BYTES, "text/markdown": _BYTES}}, **http.problems(NotFoundError)},
)
def download_presented_terms(contract_id: Id, reading: ReadingOnly, _: Party) -> Response:
    """Exactly the bytes whose SHA-256 the bid fixed: Markdown, or the carrier's PDF."""
    terms = service.read(reading, contract_id).presentation.terms
    ending = "pdf" if terms.media_type == PDF else "md"
    content = service.terms_bytes(reading, terms.id)
    return _file(content, terms.media_type, f"terms-{terms.sha256[:12]}.{ending}")


@router.get(
    "/contracts/{contract_id}/differences",
    summary="What changed since the terms you accepted before",
    responses=http.problems(NotFoundError),
)
def read_differences(contract_id: Id, reading: ReadingOnly, principal: Party) -> DifferencesOutput:
    """Key terms that changed, and the changed lines of the text with their words."""
    return answers.differences(reading, service.read(reading, contract_id), principal.kind)


def _file(content: bytes, media_type: str, name: str) -> Response:
    headers = {
        "ETag": f'"{hashlib.sha256(content).hexdigest()}"',
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    return Response(content, media_type=media_type, headers=headers)
