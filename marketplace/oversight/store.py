"""Every SQL statement on taken jobs and reveals."""

from datetime import UTC, datetime

from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from marketplace.kernel.ids import OrganizationId, RequestId, UserId
from marketplace.kernel.work import Reading, Work
from marketplace.oversight.model import Reveal, RevealQuestion, Right, Taking
from marketplace.oversight.tables import JobTakingRow, RevealRow


def takings(reading: Reading) -> dict[str, Taking]:
    """Return who has which job now, by job."""
    rows = reading.session.exec(select(JobTakingRow).where(col(JobTakingRow.until) > reading.now))
    return {row.job: _taking(row) for row in rows}


def take(work: Work, job: str, until: datetime) -> Taking | None:
    """Let the caller have a job that nobody else has now; return who has it instead, None if the caller does."""
    statement = insert(JobTakingRow).values(job=job, taken_by=work.principal.user_id, taken_at=work.now, until=until)
    free = or_(col(JobTakingRow.until) <= work.now, col(JobTakingRow.taken_by) == work.principal.user_id)
    values = {name: statement.excluded[name] for name in ("taken_by", "taken_at", "until")}
    taken = work.session.connection().execute(
        statement.on_conflict_do_update(index_elements=[col(JobTakingRow.job)], set_=values, where=free).returning(
            col(JobTakingRow.job)
        )
    )
    if taken.one_or_none() is not None:
        return None
    return _taking(work.session.get_one(JobTakingRow, job, populate_existing=True))


def release(work: Work, job: str) -> bool:
    """Let nobody have a job that the caller has; tell whether it had it."""
    statement = delete(JobTakingRow).where(
        col(JobTakingRow.job) == job,
        col(JobTakingRow.taken_by) == work.principal.user_id,
        col(JobTakingRow.until) > work.now,
    )
    return work.session.connection().execute(statement).rowcount == 1


def add_reveal(work: Work, reveal: Reveal) -> None:
    """Store a reveal; one of the same event is there already when it is told again."""
    values = {
        "position": reveal.position,
        "at": reveal.at,
        "basis": reveal.right,
        "buyer_id": reveal.buyer_id,
        "organization_id": reveal.organization_id,
        "user_id": reveal.user_id,
        "provider_id": reveal.provider_id,
        "request_id": reveal.request_id,
        "award_id": reveal.award_id,
        "document_id": reveal.document_id,
    }
    work.session.connection().execute(insert(RevealRow).values(values).on_conflict_do_nothing())


def reveals(reading: Reading, asked: RevealQuestion, before: int | None, limit: int) -> list[Reveal]:
    """Return reveals before a position, newest first."""
    query = select(RevealRow).order_by(col(RevealRow.position).desc()).limit(limit)
    if asked.buyer_id:
        query = query.where(RevealRow.buyer_id == asked.buyer_id)
    if asked.provider_id:
        query = query.where(RevealRow.provider_id == asked.provider_id)
    if asked.right is not None:
        query = query.where(RevealRow.basis == asked.right)
    if asked.since is not None:
        query = query.where(col(RevealRow.at) >= asked.since)
    if asked.until is not None:
        query = query.where(col(RevealRow.at) < asked.until)
    if before is not None:
        query = query.where(col(RevealRow.position) < before)
    return [_reveal(row) for row in reading.session.exec(query)]


def _taking(row: JobTakingRow) -> Taking:
    return Taking(row.job, UserId(row.taken_by), row.until.astimezone(UTC))


def _reveal(row: RevealRow) -> Reveal:
    return Reveal(
        row.position,
        row.at.astimezone(UTC),
        Right(row.basis),
        None if row.buyer_id is None else OrganizationId(row.buyer_id),
        OrganizationId(row.organization_id),
        UserId(row.user_id),
        None if row.provider_id is None else OrganizationId(row.provider_id),
        None if row.request_id is None else RequestId(row.request_id),
        row.award_id,
        row.document_id,
    )
