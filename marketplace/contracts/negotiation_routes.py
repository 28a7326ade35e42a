"""HTTP: the two sides of an award propose, accept and withdraw changes to the terms."""

from typing import Annotated

from fastapi import Depends, Path, Response

from marketplace.contracts import service as contracts
from marketplace.contracts.negotiation import rules, service
from marketplace.contracts.negotiation.model import Negotiation
from marketplace.contracts.negotiation.schemas import NegotiationOutput, ProposalInput
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router("/contracts/{contract_id}/negotiation", tags=["contracts"])

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]
Version = Annotated[int, Path(ge=1, le=rules.MAX_VERSIONS)]
Party = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER))]
_ROLES = (UserRole.ADMIN, UserRole.NEGOTIATOR, UserRole.DESK)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, roles=_ROLES, scope=Scope.AWARDS))]
_STEP = (NotFoundError, StaleError, PreconditionRequiredError, rules.NegotiationClosedError, rules.NotYourTurnError)


@router.get("", summary="The negotiation", responses=http.problems(NotFoundError))
def read_negotiation(contract_id: Id, reading: ReadingOnly, _: Party, response: Response) -> NegotiationOutput:
    """Every version that either side proposed, from the award on. Nobody but the two parties reads it."""
    contracts.read(reading, contract_id)
    return _answer(service.get(reading, contract_id), response)


@router.post(
    "/proposals",
    status_code=201,
    summary="Propose changes",
    responses=http.problems(*_STEP, rules.TooManyProposalsError),
)
def propose_changes(
    contract_id: Id, body: ProposalInput, work: Working, _: Negotiator, response: Response, if_match: IfMatch = None
) -> NegotiationOutput:
    """Clause by clause. While the other side's proposal waits, yours counters it."""
    contract = contracts.read(work, contract_id)
    changes = tuple(change.value() for change in body.changes)
    text = contracts.terms_text(work, contract)
    done = service.propose(work, contract_id, changes, text, if_match)
    response.headers["Location"] = f"/contracts/{contract_id}/negotiation"
    return _answer(done, response)


@router.post(
    "/proposals/{version}/acceptance",
    summary="Accept a proposal",
    responses=http.problems(*_STEP, rules.ProposalNotOpenError),
)
def accept_proposal(
    contract_id: Id, version: Version, work: Working, _: Negotiator, response: Response, if_match: IfMatch = None
) -> NegotiationOutput:
    """Both sides accepted this version from then on: if the buyer accepts the terms, it is in the contract."""
    contracts.read(work, contract_id)
    return _answer(service.accept(work, contract_id, version, if_match), response)


@router.post(
    "/proposals/{version}/withdrawal",
    summary="Withdraw a proposal",
    responses=http.problems(*_STEP, rules.ProposalNotOpenError),
)
def withdraw_proposal(
    contract_id: Id, version: Version, work: Working, _: Negotiator, response: Response, if_match: IfMatch = None
) -> NegotiationOutput:
    """Takes back what you proposed and the other side has not answered; an earlier agreement stands."""
    contracts.read(work, contract_id)
    return _answer(service.withdraw(work, contract_id, version, if_match), response)


def _answer(found: Negotiation, response: Response) -> NegotiationOutput:
    response.headers["ETag"] = http.etag(found.revision)
    return NegotiationOutput.of(found)
