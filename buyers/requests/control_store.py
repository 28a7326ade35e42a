"""The SQL statements of what the platform looks after in requests."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import or_, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from buyers.requests.model import AcceptedFinding, Status, Use
from buyers.requests.tables import AcceptedFindingRow, RequestRow
from marketplace.kernel.ids import RequestId, UserId
from marketplace.kernel.work import Reading, Work

_ONCE = ("request_id", "source", "subject", "place", "words")
_NOT_ENDED = (Status.DRAFT.value, Status.AWAITING_VERIFICATION.value, Status.OPEN.value)


def version_of(reading: Reading, request_id: RequestId) -> int:
    """Return the version of a request that carriers see, 0 before it is published."""
    return reading.session.exec(select(RequestRow.version).where(RequestRow.id == request_id)).one_or_none() or 0


def keep(work: Work, rows: Sequence[AcceptedFindingRow]) -> None:
    """Store findings; those that are there stay as they are."""
    if rows:
        statement = insert(AcceptedFindingRow).values([row.model_dump() for row in rows])
        work.session.connection().execute(statement.on_conflict_do_nothing(index_elements=list(_ONCE)))


def findings(reading: Reading, *, seen: bool, after: tuple[datetime, str] | None, limit: int) -> list[AcceptedFinding]:
    """Return the findings of published requests behind ``after`` (acceptance, id), oldest first."""
    looked = col(AcceptedFindingRow.seen_at)
    order = (col(AcceptedFindingRow.accepted_at), col(AcceptedFindingRow.id))
    query = (
        select(AcceptedFindingRow)
        .join(RequestRow, col(RequestRow.id) == col(AcceptedFindingRow.request_id))
        .where(looked.is_not(None) if seen else looked.is_(None), RequestRow.version > 0)
    )
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return [_finding(row) for row in reading.session.exec(query.order_by(*order).limit(limit))]


def held(work: Work, finding_id: str) -> AcceptedFinding | None:
    """Return a finding, held until the transaction ends."""
    row = work.session.get(AcceptedFindingRow, finding_id, with_for_update=True, populate_existing=True)
    return None if row is None else _finding(row)


def mark_seen(work: Work, finding_id: str, note: str) -> None:
    """Store who of the platform looked at a finding, and its note."""
    seen = (
        update(AcceptedFindingRow)
        .where(col(AcceptedFindingRow.id) == finding_id)
        .values(seen_by=work.principal.user_id, seen_at=work.now, note=note)
    )
    work.session.connection().execute(seen)


def using(reading: Reading, service_type: str, feature: str) -> list[Use]:
    """Return the requests that have not ended whose lines ask for a service type, with this feature unless empty."""
    line: dict[str, Any] = {"service_type": service_type}
    if feature:
        line["features"] = [{"code": feature}]
    query = (
        select(RequestRow.id, RequestRow.status)
        .where(
            col(RequestRow.status).in_(_NOT_ENDED),
            or_(col(RequestRow.ends_at).is_(None), col(RequestRow.ends_at) > reading.now),
            col(RequestRow.content).contains({"lines": [line]}),
        )
        .order_by(col(RequestRow.id))
    )
    return [
        Use(RequestId(request_id), Status(status), service_type, feature)
        for request_id, status in reading.session.exec(query)
    ]


def _finding(row: AcceptedFindingRow) -> AcceptedFinding:
    return AcceptedFinding(
        row.id,
        RequestId(row.request_id),
        row.version,
        row.source,
        row.subject,
        row.place,
        row.words,
        row.kind,
        row.why,
        row.context,
        UserId(row.accepted_by),
        row.accepted_at.astimezone(UTC),
        None if row.seen_by is None else UserId(row.seen_by),
        None if row.seen_at is None else row.seen_at.astimezone(UTC),
        row.note,
    )
