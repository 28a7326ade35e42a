"""HTTP: what one user may award alone, selections that wait for a second user, and switching costs."""

from typing import Annotated

from fastapi import Depends, Response

from buyers.desk import service as desk
from marketplace.awards import answers, approvals, switching
from marketplace.awards.approvals import ApprovalDecidedError, OwnSelectionError
from marketplace.awards.model import ApprovalLimit, SwitchingCosts
from marketplace.awards.routes import DECIDING, Buyer, Negotiator
from marketplace.awards.schemas import (
    ApprovalLimitInput,
    ApprovalLimitOutput,
    ApprovalOutput,
    AwardOutput,
    RejectionInput,
    SwitchingCostsInput,
    SwitchingCostsOutput,
)
from marketplace.awards.switching import Stated
from marketplace.kernel import codec, http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router(tags=["awards"])

Admin = Annotated[Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_EDITORS = (UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR)
Editor = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_EDITORS, scope=Scope.REQUESTS))]
_SAVING = http.problems(StaleError, PreconditionRequiredError)
_APPROVING = http.problems(NotFoundError, ApprovalDecidedError, OwnSelectionError)


@router.get("/buyer/approval-limit", summary="What one user may award alone")
def read_approval_limit(reading: ReadingOnly, _: Buyer, response: Response) -> ApprovalLimitOutput:
    """Awards of a request that together cost more need the yes of a second user of your organization."""
    return _limit(*approvals.limit(reading), response)


@router.put("/buyer/approval-limit", summary="Set what one user may award alone", responses=_SAVING)
def set_approval_limit(
    body: ApprovalLimitInput, work: Working, _: Admin, response: Response, if_match: IfMatch = None
) -> ApprovalLimitOutput:
    """Counted before discounts and without switching costs. A request in another currency always needs two users."""
    return _limit(*approvals.set_limit(work, body.amount, body.currency, if_match), response)


@router.get(
    "/requests/{request_id}/approvals",
    summary="Selections that wait, or waited, for a second user",
    responses=http.problems(NotFoundError),
)
def list_approvals(request_id: str, reading: ReadingOnly, _: Buyer) -> list[ApprovalOutput]:
    """Newest first, with who selected, who decided and why."""
    found = approvals.of_request(reading, desk.owned(reading, request_id))
    return [answers.approval(item) for item in found]


@router.post(
    "/requests/{request_id}/approvals/{approval_id}/approve",
    status_code=201,
    summary="Approve another user's selection",
    responses=http.problems(*DECIDING, ApprovalDecidedError, OwnSelectionError),
)
def approve_award(request_id: str, approval_id: str, work: Working, _: Negotiator) -> AwardOutput:
    """In this step: the award, your identity to each winner, and to each loser that it lost. Bids are checked again."""
    return answers.award(approvals.approve(work, desk.owned(work, request_id), approval_id))


@router.post(
    "/requests/{request_id}/approvals/{approval_id}/reject",
    summary="Reject another user's selection",
    responses=_APPROVING,
)
def reject_award(
    request_id: str, approval_id: str, body: RejectionInput, work: Working, _: Negotiator
) -> ApprovalOutput:
    """Its lots wait for a decision again; nobody outside learns of it."""
    return answers.approval(approvals.reject(work, desk.owned(work, request_id), approval_id, body.reason))


@router.post(
    "/requests/{request_id}/approvals/{approval_id}/cancel",
    summary="Take your selection back",
    responses=_APPROVING,
)
def cancel_award(request_id: str, approval_id: str, work: Working, _: Negotiator) -> ApprovalOutput:
    """For who made it, as long as it waits."""
    return answers.approval(approvals.cancel(work, desk.owned(work, request_id), approval_id))


@router.get(
    "/requests/{request_id}/switching-costs",
    summary="What leaving present providers costs",
    responses=http.problems(NotFoundError),
)
def read_switching_costs(request_id: str, reading: ReadingOnly, _: Buyer, response: Response) -> SwitchingCostsOutput:
    """Yours alone: no carrier is ever shown them, or who serves you."""
    return _switching(switching.read(reading, desk.owned(reading, request_id)), response)


@router.put(
    "/requests/{request_id}/switching-costs",
    summary="State what leaving present providers costs",
    responses=http.problems(NotFoundError, StaleError, PreconditionRequiredError),
)
def state_switching_costs(
    request_id: str,
    body: SwitchingCostsInput,
    work: Working,
    _: Editor,
    response: Response,
    if_match: IfMatch = None,
) -> SwitchingCostsOutput:
    """Counted in the comparison and in scenarios for every bid but the present provider's.

    State them before bids can be seen; later a `reason` is needed, which the comparison shows.
    """
    stated = [Stated(item.lot, item.site, item.incumbent, item.amount, item.note) for item in body.costs]
    owned = desk.owned(work, request_id)
    return _switching(switching.state(work, owned, stated, body.reason, if_match), response)


def _limit(found: ApprovalLimit | None, revision: int, response: Response) -> ApprovalLimitOutput:
    response.headers["ETag"] = http.etag(revision)
    if found is None:
        return ApprovalLimitOutput(amount=None, currency=None)
    return ApprovalLimitOutput(amount=found.amount, currency=found.currency)


def _switching(found: SwitchingCosts, response: Response) -> SwitchingCostsOutput:
    response.headers["ETag"] = http.etag(found.revision)
    return SwitchingCostsOutput(**codec.dump(found))
