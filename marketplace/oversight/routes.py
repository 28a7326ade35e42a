"""HTTP: what waits for the platform, organizations, lots that run, and the catalogue's preview."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Body, Depends, Query

from marketplace.bidding.model import Status
from marketplace.catalogue.seed import from_document
from marketplace.identity import control as identity
from marketplace.identity.errors import LastAdminError
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId
from marketplace.oversight import service
from marketplace.oversight.model import AuctionLine, JobKind
from marketplace.oversight.schemas import (
    AccountReasonInput,
    EndedOutput,
    Id,
    ImpactOutput,
    JobOutput,
    MetOutput,
    OpenedOrganizationOutput,
    OrganizationOutput,
    RunningLotOutput,
    SuspensionInput,
)

router = http.router("/platform", tags=["back office"])

Platform = Annotated[Principal, Depends(allow(Kind.PLATFORM))]
Taker = Annotated[Principal, Depends(allow(Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
PlatformAdmin = Annotated[Principal, Depends(allow(Kind.PLATFORM, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_ACCOUNTS = http.problems(NotFoundError)


@router.get("/queue", summary="What waits for the platform")
def list_jobs(
    reading: ReadingOnly,
    _: Platform,
    kind: Annotated[list[JobKind], Query(max_length=5)] = [],  # noqa: B006 - FastAPI makes a fresh one each time
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[JobOutput]:
    """The longest waiting first: verifications, providers to approve, withdrawals asked for, paused auctions, reviews.

    Agents see withdrawals and pauses, which they may decide. Buyers stand by their ids: opening a case is told to them.
    """
    jobs, following = service.queue(reading, kind, after, limit)
    return pagination.Page(items=[JobOutput.of(job, reading.now) for job in jobs], next=following)


@router.post(
    "/queue/{kind}/{subject}/take",
    summary="Take a job",
    responses=http.problems(NotFoundError, service.JobTakenError),
)
def take_job(kind: JobKind, subject: Id, work: Working, _: Taker) -> JobOutput:
    """Yours for 30 minutes, so that no colleague begins it, too; take it again for 30 more. It binds nobody else."""
    return JobOutput.of(service.take(work, kind, subject), work.now)


@router.post(
    "/queue/{kind}/{subject}/release",
    status_code=204,
    summary="Give a job back",
    responses=http.problems(service.JobNotTakenError),
)
def release_job(kind: JobKind, subject: Id, work: Working, _: Taker) -> None:
    """For a colleague to take at once."""
    service.release(work, kind, subject)


@router.get("/organizations", summary="Who has accounts")
def list_organizations(
    reading: ReadingOnly,
    _: PlatformAdmin,
    *,
    kind: Kind | None = None,
    state: Annotated[str, Query(max_length=20, description="of a verification or an approval; needs the kind")] = "",
    search: Annotated[str, Query(max_length=100, description="an id, or part of a provider's name")] = "",
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[OrganizationOutput]:
    """Newest first. A buyer stands by its id and state alone: who it is shows when you open it, and it sees that."""
    asked = service.OrganizationSearch(kind, state, search)
    lines, following = service.organizations(reading, asked, after, limit)
    return pagination.Page(items=[OrganizationOutput.of(line) for line in lines], next=following)


@router.get("/organizations/{organization_id}", summary="One organization", responses=_ACCOUNTS)
def open_organization(organization_id: Id, work: Working, _: PlatformAdmin) -> OpenedOrganizationOutput:
    """Its name, users and open sessions. Of a buyer, that you read it goes on record; the buyer sees it."""
    return OpenedOrganizationOutput.of(service.open_organization(work, OrganizationId(organization_id)))


@router.post(
    "/organizations/{organization_id}/suspend",
    summary="Suspend users",
    responses=http.problems(NotFoundError, LastAdminError),
)
def suspend_users(organization_id: Id, body: SuspensionInput, work: Working, _: PlatformAdmin) -> MetOutput:
    """They can't sign in, their sessions end and their API keys rest until you reinstate them. Trade goes on.

    To take a provider out of the trade suspend the provider; a buyer's requests end with its verification.
    """
    met = identity.suspend(work, OrganizationId(organization_id), body.reason, body.user_ids)
    return MetOutput(user_ids=list(met))


@router.post("/organizations/{organization_id}/reinstate", summary="Reinstate users", responses=_ACCOUNTS)
def reinstate_users(organization_id: Id, body: SuspensionInput, work: Working, _: PlatformAdmin) -> MetOutput:
    """They may sign in again, and their API keys work. Who was deactivated by its own organization stays out."""
    met = identity.reinstate(work, OrganizationId(organization_id), body.reason, body.user_ids)
    return MetOutput(user_ids=list(met))


@router.post("/organizations/{organization_id}/end-sessions", summary="End all sessions", responses=_ACCOUNTS)
def end_sessions(organization_id: Id, body: AccountReasonInput, work: Working, _: PlatformAdmin) -> EndedOutput:
    """Everybody of the organization has to sign in again. API keys go on."""
    return EndedOutput(sessions=identity.end_sessions(work, OrganizationId(organization_id), body.reason))


@router.get("/auctions", summary="Lots that run")
def list_running_lots(
    reading: ReadingOnly,
    _: Platform,
    status: Annotated[list[Status], Query(max_length=7, description="default: scheduled, open and paused")] = [],  # noqa: B006 - FastAPI makes a fresh one each time
    limit: pagination.Limit = 50,
    after: pagination.After = None,
) -> pagination.Page[RunningLotOutput]:
    """What closes first comes first, with counts and what is odd about the bids. Nobody here reads a sealed amount."""
    found = service.auctions(reading, status, _close_of(after), limit + 1)
    items, following = pagination.page_of(found, limit, _close_key)
    return pagination.Page(items=[RunningLotOutput.of(line, reading.now) for line in items], next=following)


@router.post("/catalogue/impact", summary="Who uses what a catalogue would remove")
def preview_catalogue(
    document: Annotated[dict[str, Any], Body(description="A whole catalogue, as `GET /catalogue` gives it")],
    reading: ReadingOnly,
    _: PlatformAdmin,
) -> ImpactOutput:
    """Before you save it: what the one in force has and this one has not, and whose filters and requests name that."""
    return ImpactOutput.of(service.impact(reading, from_document(document)))


def _close_key(line: AuctionLine) -> Sequence[str]:
    return line.lot.closes_at.isoformat(), line.lot.lot_id


def _close_of(after: str | None) -> tuple[datetime, str] | None:
    return None if after is None else instant_and_id(after)


def instant_and_id(after: str) -> tuple[datetime, str]:
    """Return the parts of a cursor of an instant and an id. Raises MalformedError for a cursor of others."""
    at, last = pagination.decode(after, 2)
    try:
        return datetime.fromisoformat(str(at)), str(last)
    except ValueError as error:
        wrong = FieldError("query/after", "use the 'next' of the page before")
        raise MalformedError("The cursor is not one of ours.", errors=(wrong,)) from error
