"""HTTP: the buyer's own requests."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Body, Depends, Response

from buyers.desk import imports, service
from buyers.desk.content import document_of
from buyers.desk.schemas import (
    AmendmentInput,
    FindingOutput,
    ImportOutput,
    ReasonInput,
    RequestOutput,
    RequestParts,
    RequestSummary,
    RowProblem,
    SubmitInput,
    SubmitOutput,
    UnusualOutput,
)
from buyers.requests import rules
from buyers.requests.model import Request
from buyers.requests.view import CarrierView
from marketplace.kernel import codec, http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router("/requests", tags=["requests"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_WRITER_ROLES = (UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR)
Submitter = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_WRITER_ROLES, scope=Scope.REQUESTS))]
_EDITING = http.problems(NotFoundError, StaleError, PreconditionRequiredError, rules.NotEditableError)


@router.post("", status_code=201, summary="Begin a request")
def create_request(parts: RequestParts, work: Working, _: Writer, response: Response) -> RequestOutput:
    """A draft may be as incomplete as you like: what is given is checked, what is missing can follow."""
    request = service.create(work, parts.given())
    response.headers["Location"] = f"/requests/{request.id}"
    return _output(request, response)


@router.get("", summary="Your organization's requests")
def list_requests(
    reading: ReadingOnly, _: Reader, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[RequestSummary]:
    """Newest first."""
    items, following = service.list_own(reading, after, limit)
    return pagination.Page(items=[_summary(item) for item in items], next=following)


@router.get("/{request_id}", summary="One request", responses=http.problems(NotFoundError))
def read_request(request_id: str, reading: ReadingOnly, _: Reader, response: Response) -> RequestOutput:
    """Everything that you said in it. Its version stands in the `ETag` header."""
    return _output(service.read(reading, request_id), response)


@router.patch("/{request_id}", summary="Edit a draft", responses=_EDITING)
def edit_request(
    request_id: str, parts: RequestParts, work: Working, _: Writer, response: Response, if_match: IfMatch = None
) -> RequestOutput:
    """Send the parts that changed, and in `If-Match` the version that you edit: made for saving while you type."""
    return _output(service.edit(work, request_id, parts.given(), if_match), response)


@router.get("/{request_id}/preview", summary="What carriers get", responses=http.problems(NotFoundError))
def preview_request(request_id: str, reading: ReadingOnly, _: Reader) -> CarrierView:
    """Byte for byte what an invited carrier reads, before and after publication."""
    return codec.load(CarrierView, service.preview(reading, request_id))


@router.get("/{request_id}/findings", summary="Where your identity shows", responses=http.problems(NotFoundError))
def check_request(request_id: str, reading: ReadingOnly, _: Reader) -> list[FindingOutput]:
    """Words in texts that carriers would read and that give you away. Publishing waits until none is left."""
    return [
        FindingOutput(
            pointer=finding.where,
            start=finding.start,
            end=finding.end,
            text=finding.text,
            kind=finding.kind,
            why=finding.why,
        )
        for finding in service.findings(reading, request_id)
    ]


@router.get("/{request_id}/anonymity", summary="How unusual your request is", responses=http.problems(NotFoundError))
def read_anonymity(request_id: str, reading: ReadingOnly, _: Reader) -> UnusualOutput:
    """How many other verified buyers a carrier could take for you by what you disclose; carriers are never told."""
    return UnusualOutput(**asdict(service.unusual(reading, request_id)))


@router.post(
    "/{request_id}/submit",
    summary="Submit a draft",
    responses=http.problems(NotFoundError, service.IdentityFoundError, rules.NotSubmittableError),
)
def submit_request(
    request_id: str, body: SubmitInput, work: Working, _: Submitter, response: Response, if_match: IfMatch = None
) -> SubmitOutput:
    """Published at once if your organization is verified; otherwise it waits for the verification, unseen."""
    submitted = service.submit(work, request_id, body.accept_findings, if_match)
    return SubmitOutput(request=_output(submitted.request, response), waits_for_verification=submitted.waits)


@router.post(
    "/{request_id}/amendments",
    summary="Amend a published request",
    responses=http.problems(
        NotFoundError, StaleError, PreconditionRequiredError, rules.NotAmendableError, service.IdentityFoundError
    ),
)
def amend_request(
    request_id: str, body: AmendmentInput, work: Working, _: Submitter, response: Response, if_match: IfMatch = None
) -> RequestOutput:
    """A new version for all invited carriers. Bids made before stand on the earlier version until confirmed."""
    return _output(service.amend(work, request_id, body.given(), if_match, body.accept_findings), response)


@router.post(
    "/{request_id}/withdraw",
    summary="Withdraw a request",
    responses=http.problems(NotFoundError, rules.NotWithdrawableError),
)
def withdraw_request(
    request_id: str, body: ReasonInput, work: Working, _: Submitter, response: Response
) -> RequestOutput:
    """From any state before the award. Invited carriers learn that it was withdrawn, not why."""
    return _output(service.withdraw(work, request_id, body.reason), response)


@router.post("/{request_id}/import", summary="Import sites and lines", responses=_EDITING)
def import_into_request(  # noqa: PLR0917 - path, body and dependencies are named by FastAPI
    request_id: str,
    text: Annotated[bytes, Body(media_type="text/csv", description="CSV in UTF-8, with a header row")],
    what: imports.What,
    work: Working,
    _: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> ImportOutput:
    """`what=sites`: rows become sites of your address book and of this draft. `what=lines`: rows become lines.

    Good rows are kept; each bad cell is listed with its row, its column and what would be right.
    """
    done = imports.import_rows(work, request_id, what, text, if_match)
    return ImportOutput(
        sites=done.sites,
        lines=done.lines,
        problems=[RowProblem(**asdict(problem)) for problem in done.problems],
        request=_output(done.request, response),
    )


def _output(request: Request, response: Response) -> RequestOutput:
    response.headers["ETag"] = http.etag(request.revision)
    return RequestOutput(**(codec.dump(request) | {"content": document_of(request.content)}))


def _summary(request: Request) -> RequestSummary:
    return RequestSummary(
        id=request.id,
        title=request.content.title,
        status=request.status,
        suspended=request.suspended,
        sites=len(request.content.sites),
        lines=len(request.content.lines),
        closes_at=request.content.schedule.closes_at,
        created_at=request.created_at,
    )
