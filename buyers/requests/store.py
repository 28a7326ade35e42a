"""Every SQL statement on requests and their publications."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, func, tuple_
from sqlalchemy import select as sql_select
from sqlmodel import col, select

from buyers.requests.model import Bands, Content, Request, Status, Version
from buyers.requests.tables import PublicationRow, RequestRow
from marketplace.kernel import codec
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


def add(work: Work, request: Request) -> None:
    """Store a new request."""
    row = RequestRow(id=request.id, content={}, status="", pseudonym="", catalogue_version="", created_at=work.now)
    work.session.add(_fill(row, request))
    work.session.flush()


def save(work: Work, request: Request) -> None:
    """Store a changed request, which ``locked`` returned before in the same transaction."""
    row = work.session.get_one(RequestRow, request.id)
    work.session.add(_fill(row, request))
    work.session.flush()


def get(reading: Reading, request_id: RequestId) -> Request | None:
    """Return a request."""
    row = reading.session.get(RequestRow, request_id)
    return None if row is None else _request(row)


def locked(work: Work, request_id: RequestId) -> Request | None:
    """Return a request and hold it until the transaction ends."""
    row = work.session.get(RequestRow, request_id, with_for_update=True, populate_existing=True)
    return None if row is None else _request(row)


def many(reading: Reading, request_ids: Sequence[RequestId]) -> list[Request]:
    """Return those of ``request_ids`` that exist, newest first."""
    rows = reading.session.exec(
        select(RequestRow)
        .where(col(RequestRow.id).in_(request_ids))
        .order_by(col(RequestRow.created_at).desc(), col(RequestRow.id).desc())
    )
    return [_request(row) for row in rows]


def page(
    reading: Reading, request_ids: Collection[RequestId], after: tuple[datetime, str] | None, limit: int
) -> list[Request]:
    """Return the newest ``limit`` of ``request_ids`` behind ``after`` (creation time, id)."""
    query = select(RequestRow).where(col(RequestRow.id).in_(request_ids))
    if after is not None:
        query = query.where(tuple_(col(RequestRow.created_at), col(RequestRow.id)) < after)
    query = query.order_by(col(RequestRow.created_at).desc(), col(RequestRow.id).desc()).limit(limit)
    return [_request(row) for row in reading.session.exec(query)]


def open_closes(reading: Reading, closing_after: datetime) -> dict[RequestId, datetime]:
    """Return the published, not suspended requests that end after ``closing_after``, oldest first, with their ends."""
    closes_at = func.coalesce(RequestRow.ends_at, RequestRow.closes_at)
    rows = reading.session.exec(
        select(RequestRow.id, closes_at)
        .where(
            col(RequestRow.status) == Status.OPEN,
            col(RequestRow.suspended).is_(False),
            closes_at > closing_after,
        )
        .order_by(col(RequestRow.published_at), col(RequestRow.id))
    )
    return {RequestId(request_id): closes.astimezone(UTC) for request_id, closes in rows if closes is not None}


def add_publication(work: Work, request: Request, view: dict[str, Any], bands: Bands, changed: tuple[str, ...]) -> None:
    """Store what carriers see from now on."""
    work.session.add(
        PublicationRow(
            request_id=request.id,
            version=request.version,
            view=view,
            bands=codec.dump(bands),
            changed=list(changed),
            at=work.now,
        )
    )
    work.session.flush()


def publication(reading: Reading, request_id: RequestId, version: int | None) -> tuple[int, dict[str, Any]] | None:
    """Return (version, view) of the newest or the named version. Readable by the carriers' role where invited."""
    query = select(PublicationRow.version, PublicationRow.view).where(PublicationRow.request_id == request_id)
    if version is not None:
        query = query.where(PublicationRow.version == version)
    row = reading.session.exec(query.order_by(col(PublicationRow.version).desc()).limit(1)).one_or_none()
    return None if row is None else (row[0], dict(row[1]))


def versions(reading: Reading, request_id: RequestId) -> list[Version]:
    """Return when each version was published and which parts it changed, the newest first."""
    rows = reading.session.exec(
        select(PublicationRow.version, PublicationRow.at, PublicationRow.changed)
        .where(PublicationRow.request_id == request_id)
        .order_by(col(PublicationRow.version).desc())
    )
    return [Version(version, at.astimezone(UTC), tuple(changed)) for version, at, changed in rows]


def publication_bands(reading: Reading, request_id: RequestId) -> Bands | None:
    """Return the bands as disclosed with the newest version."""
    bands = reading.session.exec(
        select(PublicationRow.bands)
        .where(PublicationRow.request_id == request_id)
        .order_by(col(PublicationRow.version).desc())
        .limit(1)
    ).one_or_none()
    return None if bands is None else codec.load(Bands, bands)


def running(reading: Reading) -> list[RequestId]:
    """Return the published requests that have not ended, suspended ones among them, as far as the caller sees them."""
    ends_at = func.coalesce(RequestRow.ends_at, RequestRow.closes_at)
    query = select(RequestRow.id).where(RequestRow.status == Status.OPEN, ends_at > reading.now)
    return [RequestId(request_id) for request_id in reading.session.exec(query)]


PublicRow = tuple[str, str, bool, int, datetime | None, datetime | None, dict[str, Any]]
"""Of one request: id, status, suspended, version, closes_at, ends_at and the view of that version."""


def public(reading: Reading, request_ids: Collection[RequestId]) -> list[PublicRow]:
    """Return what the carriers' role may read of requests: their state and the newest published view."""
    state = (RequestRow.id, RequestRow.status, RequestRow.suspended, RequestRow.version)
    rows = reading.session.connection().execute(
        sql_select(*map(col, (*state, RequestRow.closes_at, RequestRow.ends_at)), col(PublicationRow.view))
        .join(
            PublicationRow,
            and_(
                col(PublicationRow.request_id) == col(RequestRow.id),
                col(PublicationRow.version) == col(RequestRow.version),
            ),
        )
        .where(col(RequestRow.id).in_(request_ids))
    )
    return [tuple(row) for row in rows]


def _fill(row: RequestRow, request: Request) -> RequestRow:
    row.status = request.status
    row.suspended = request.suspended
    row.revision = request.revision
    row.version = request.version
    row.pseudonym = request.pseudonym
    row.catalogue_version = request.catalogue_version
    row.content = codec.dump(request.content)
    row.closes_at = request.content.schedule.closes_at
    row.created_at = request.created_at
    row.published_at = request.published_at
    row.end_reason = request.end_reason
    row.ends_at = request.ends_at
    return row


def _request(row: RequestRow) -> Request:
    return Request(
        id=RequestId(row.id),
        status=Status(row.status),
        suspended=row.suspended,
        revision=row.revision,
        version=row.version,
        pseudonym=row.pseudonym,
        catalogue_version=row.catalogue_version,
        content=codec.load(Content, row.content),
        created_at=row.created_at.astimezone(UTC),
        published_at=row.published_at.astimezone(UTC) if row.published_at else None,
        end_reason=row.end_reason,
        ends_at=row.ends_at.astimezone(UTC) if row.ends_at else None,
    )
