"""Every SQL statement on announcements; the carriers' role finds those of its requests that all bidders are told."""

from datetime import UTC, datetime

from sqlalchemy import func, tuple_
from sqlmodel import col, select

from marketplace.bidding.announcements.model import Announcement, AnnouncementKind
from marketplace.bidding.announcements.tables import AnnouncementRow
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


def add(work: Work, announcement: Announcement) -> None:
    """Store an announcement."""
    work.session.add(
        AnnouncementRow(
            id=announcement.id,
            request_id=announcement.request_id,
            kind=announcement.kind,
            lots=list(announcement.lots),
            text=announcement.text,
            closes_at=announcement.closes_at,
            at=announcement.at,
            to_bidders=announcement.to_bidders,
        )
    )
    work.session.flush()


def announced(reading: Reading, request_id: RequestId) -> int:
    """Return how many texts were announced on a request."""
    query = select(func.count()).select_from(AnnouncementRow)
    of_it = col(AnnouncementRow.request_id) == request_id
    return reading.session.exec(query.where(of_it, col(AnnouncementRow.kind) == AnnouncementKind.ANNOUNCED)).one()


def of_request(
    reading: Reading,
    request_id: RequestId,
    behind: tuple[datetime, str] | None,
    limit: int,
    *,
    to_bidders: bool = False,
) -> list[Announcement]:
    """Return what was announced on a request (``to_bidders``: to all of them), newest first, behind instant and id."""
    at, ident = col(AnnouncementRow.at), col(AnnouncementRow.id)
    query = select(AnnouncementRow).where(AnnouncementRow.request_id == request_id)
    if to_bidders:
        query = query.where(col(AnnouncementRow.to_bidders))
    if behind is not None:
        query = query.where(tuple_(at, ident) < behind)
    return [_announcement(row) for row in reading.session.exec(query.order_by(at.desc(), ident.desc()).limit(limit))]


def _announcement(row: AnnouncementRow) -> Announcement:
    return Announcement(
        id=row.id,
        request_id=RequestId(row.request_id),
        kind=AnnouncementKind(row.kind),
        lots=tuple(row.lots),
        text=row.text,
        closes_at=None if row.closes_at is None else row.closes_at.astimezone(UTC),
        at=row.at.astimezone(UTC),
        to_bidders=row.to_bidders,
    )
