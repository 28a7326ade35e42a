"""HTTP: the platform's queue of verifications, the case beside its checks, and the decision."""

from typing import Annotated

from fastapi import Depends, Query, Response

from buyers.registry import rules, verification
from buyers.registry.model import VerificationStatus
from buyers.registry.routes import buyer_output, document_output
from buyers.registry.schemas import (
    CaseOutput,
    CheckOutput,
    DecidedOutput,
    DecisionInput,
    DecisionOutput,
    QueueEntryOutput,
)
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId

router = http.router("/verifications", tags=["verification"])

Admin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]


@router.get("", summary="Cases that wait")
def list_verifications(
    reading: ReadingOnly,
    _: Admin,
    status: Annotated[VerificationStatus, Query()] = VerificationStatus.PENDING,
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[QueueEntryOutput]:
    """The longest waiting first, without names: to see who it is, open the case."""
    entries, following = verification.queue(reading, status, after, limit)
    items = [
        QueueEntryOutput(
            buyer_id=entry.buyer_id,
            status=entry.status,
            since=entry.since,
            waiting_seconds=int((reading.now - entry.since).total_seconds()),
            flagged=entry.flagged,
            numbers=entry.numbers,
            documents=entry.documents,
        )
        for entry in entries
    ]
    return pagination.Page(items=items, next=following)


@router.get("/{buyer_id}", summary="One case", responses=http.problems(NotFoundError))
def read_verification_case(buyer_id: str, work: Working, _: Admin, response: Response) -> CaseOutput:
    """Who the buyer says it is, beside what the checks found. That you read it goes on record; the buyer sees it."""
    case = verification.read_case(work, OrganizationId(buyer_id))
    response.headers["ETag"] = http.etag(case.buyer.revision)
    state = case.buyer.verification
    return CaseOutput(
        buyer=buyer_output(case.buyer),
        since=state.since,
        verified_until=state.until,
        flagged_by=state.flagged_by,
        flag_reason=state.flag_reason,
        documents=[document_output(document) for document in case.documents],
        checks=[CheckOutput(name=item.name, passed=item.passed, finding=item.finding) for item in case.checks],
        decisions=[
            DecisionOutput(decision=item.decision, reason=item.reason, admin_id=item.admin_id, at=item.at)
            for item in case.decisions
        ],
    )


@router.get(
    "/{buyer_id}/documents/{document_id}",
    summary="Download a document",
    response_class=Response,
    responses=http.problems(NotFoundError)
    | {200: {"content": {media_type: {} for media_type in rules.DOCUMENT_TYPES}, "description": "The file"}},
)
def download_document(buyer_id: str, document_id: str, work: Working, _: Admin) -> Response:
    """Always a download under a name of ours. That you read it goes on record; the buyer sees it."""
    document, content = verification.read_document(work, OrganizationId(buyer_id), document_id)
    name = document.id + rules.DOCUMENT_TYPES[document.media_type]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=document.media_type, headers=headers)


@router.post(
    "/{buyer_id}/decisions",
    summary="Decide a case",
    responses=http.problems(
        NotFoundError, StaleError, PreconditionRequiredError, rules.NotDecidableError, rules.SecondAdminNeededError
    ),
)
def decide_verification(
    buyer_id: str, body: DecisionInput, work: Working, _: Admin, response: Response, if_match: IfMatch = None
) -> DecidedOutput:
    """Verify, reject or revoke with a reason that the buyer reads, or flag for another admin.

    Send in `If-Match` the version of the case that you read: you decide on that and on nothing newer. To verify a
    verified buyer renews its verification for a year.
    """
    decided = verification.decide(work, OrganizationId(buyer_id), body.decision, body.reason, if_match)
    response.headers["ETag"] = http.etag(decided.revision)
    state = decided.verification
    return DecidedOutput(
        buyer_id=decided.id,
        status=state.status,
        flagged=state.flagged_by is not None,
        verified_until=state.until,
    )
