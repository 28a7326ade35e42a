"""Every SQL statement on notices and their readings."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, delete, exists, func, literal, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from marketplace.kernel import ids
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reading, Work
from notifications.model import NewNotice, Notice
from notifications.row import Severity, Subject
from notifications.tables import DigestItemRow, NoticeReadRow, NoticeRow

# the columns that the carriers' role may read: never the whole row
_SHOWN = (
    col(NoticeRow.id),
    col(NoticeRow.ordinal),
    col(NoticeRow.event),
    col(NoticeRow.severity),
    col(NoticeRow.subject_kind),
    col(NoticeRow.subject_id),
    col(NoticeRow.title),
    col(NoticeRow.text),
    col(NoticeRow.translations),
    col(NoticeRow.count),
    col(NoticeRow.created_at),
    col(NoticeRow.updated_at),
)


def told(reading: Reading, dedupe_key: str) -> bool:
    """Return whether anybody was told under this key."""
    query = select(NoticeRow.id).where(NoticeRow.dedupe_key == dedupe_key).limit(1)
    return reading.session.exec(query).first() is not None


def renew(work: Work, dedupe_key: str, *, position: int, at: datetime) -> bool:
    """Make the notices under this key new again and count one more; tell whether there are any.

    One statement: what happens many times a second is told at the price of an update.
    """
    older = aliased(NoticeRow)
    newest = (
        sql_select(func.max(older.ordinal))
        .where(col(older.organization_id) == col(NoticeRow.organization_id))
        .scalar_subquery()
    )
    result = work.session.connection().execute(
        update(NoticeRow)
        .where(col(NoticeRow.dedupe_key) == dedupe_key, col(NoticeRow.position) < position)
        .values(position=position, ordinal=newest + 1, updated_at=at, count=col(NoticeRow.count) + 1)
    )
    return bool(result.rowcount)


def add(
    work: Work, notices: Sequence[NewNotice], *, dedupe_key: str, position: int, at: datetime, renews: bool
) -> None:
    """Write the notices of one event, one for each organization, in one statement.

    An organization that was told under this key before is not told again; with ``renews`` its notice becomes new and
    counts one more, unless it stands for this event already.
    """
    if not notices:
        return
    last = last_ordinals(work, [notice.organization_id for notice in notices])
    rows = [
        _values(notice, dedupe_key, position=position, ordinal=last[notice.organization_id] + 1, at=at)
        for notice in notices
    ]
    statement = upsert(NoticeRow)
    key = ["dedupe_key", "organization_id"]
    if not renews:
        work.session.execute(statement.on_conflict_do_nothing(index_elements=key), rows)
        return
    newer = statement.excluded
    told = ("position", "ordinal", "severity", "urgency", "title", "text", "translations", "updated_at")
    renewed = {name: newer[name] for name in told}
    work.session.execute(
        statement.on_conflict_do_update(
            index_elements=key,
            set_=renewed | {"count": col(NoticeRow.count) + 1},
            where=col(NoticeRow.position) < newer.position,
        ),
        rows,
    )


def add_many(work: Work, new: Sequence[tuple[NewNotice, str, Recorded]]) -> None:
    """Write the notices of many events, each with its key and the event that it is of, which nothing renews."""
    last = last_ordinals(work, sorted({notice.organization_id for notice, _, _ in new})) if new else {}
    rows = []
    for notice, dedupe_key, recorded in new:
        last[notice.organization_id] += 1
        ordinal = last[notice.organization_id]
        position = recorded.position or 0
        rows.append(_values(notice, dedupe_key, position=position, ordinal=ordinal, at=recorded.at))
    if rows:
        key = ["dedupe_key", "organization_id"]
        work.session.execute(upsert(NoticeRow).on_conflict_do_nothing(index_elements=key), rows)


def _values(notice: NewNotice, dedupe_key: str, *, position: int, ordinal: int, at: datetime) -> dict[str, Any]:
    return {
        "id": ids.new("ntc"),
        "organization_id": notice.organization_id,
        "dedupe_key": dedupe_key,
        "position": position,
        "ordinal": ordinal,
        "event": notice.event,
        "severity": notice.severity,
        "urgency": notice.urgency,
        "subject_kind": notice.subject,
        "subject_id": notice.subject_id,
        "title": notice.title,
        "text": notice.text,
        "translations": notice.translations,
        "count": 1,
        "created_at": at,
        "updated_at": at,
    }


def last_ordinals(reading: Reading, organization_ids: Sequence[OrganizationId]) -> dict[str, int]:
    """Return the ordinal of each organization's newest notice, 0 where there is none.

    Safe without a lock: notices are written by one follower, which holds its cursor.
    """
    told_ones = func.unnest(literal(list(organization_ids), ARRAY(Text))).table_valued("id").render_derived()
    newest = (
        sql_select(func.max(NoticeRow.ordinal))
        .where(col(NoticeRow.organization_id) == told_ones.c.id)
        .scalar_subquery()
    )
    rows = reading.session.execute(sql_select(told_ones.c.id, func.coalesce(newest, 0)))
    return {row[0]: row[1] for row in rows}


def notices(
    reading: Reading, organization_id: OrganizationId, before: int | None, limit: int, *, unread: bool
) -> list[Notice]:
    """Return an organization's notices below the ordinal ``before``, newest first, as the caller has read them."""
    seen = _seen(reading.principal.user_id)
    query = sql_select(*_SHOWN, seen.label("seen")).where(col(NoticeRow.organization_id) == organization_id)
    if before is not None:
        query = query.where(col(NoticeRow.ordinal) < before)
    if unread:
        query = query.where(~seen)
    rows = reading.session.execute(query.order_by(col(NoticeRow.ordinal).desc()).limit(limit))
    return [_notice(row) for row in rows]


def notice_in(reading: Reading, organization_id: OrganizationId, notice_id: str) -> Notice | None:
    """Return one notice of an organization, as the caller has read it; None for anybody else's."""
    query = sql_select(*_SHOWN, _seen(reading.principal.user_id).label("seen")).where(
        col(NoticeRow.id) == notice_id, col(NoticeRow.organization_id) == organization_id
    )
    row = reading.session.execute(query).one_or_none()
    return None if row is None else _notice(row)


def notices_by_id(reading: Reading, notice_ids: Sequence[str]) -> dict[str, Notice]:
    """Return notices as nobody has read them, by id."""
    query = sql_select(*_SHOWN, literal(value=False).label("seen")).where(col(NoticeRow.id).in_(notice_ids))
    return {row.id: _notice(row) for row in reading.session.execute(query)}


def notices_after(
    reading: Reading, organization_id: OrganizationId, after: int, limit: int, events: Sequence[str]
) -> list[Notice]:
    """Return an organization's notices above the ordinal ``after``, of some events or (none named) all, in order."""
    seen = _seen(reading.principal.user_id).label("seen")
    query = sql_select(*_SHOWN, seen).where(
        col(NoticeRow.organization_id) == organization_id, col(NoticeRow.ordinal) > after
    )
    if events:
        query = query.where(col(NoticeRow.event).in_(events))
    return [_notice(row) for row in reading.session.execute(query.order_by(col(NoticeRow.ordinal)).limit(limit))]


def last_ordinal(reading: Reading, organization_id: OrganizationId) -> int:
    """Return the ordinal of an organization's newest notice, 0 where there is none."""
    query = sql_select(func.coalesce(func.max(NoticeRow.ordinal), 0))
    return int(reading.session.execute(query.where(col(NoticeRow.organization_id) == organization_id)).scalar_one())


def notify(work: Work, channel: str) -> None:
    """Wake who listens to a channel, once this transaction is committed."""
    work.session.connection().execute(sql_select(func.pg_notify(channel, "")))


def unread_count(reading: Reading, organization_id: OrganizationId) -> int:
    """Return how many of an organization's notices the caller has not read."""
    query = (
        sql_select(func.count())
        .select_from(NoticeRow)
        .where(col(NoticeRow.organization_id) == organization_id, ~_seen(reading.principal.user_id))
    )
    return int(reading.session.execute(query).scalar_one())


def mark_read(work: Work, organization_id: OrganizationId, notice_id: str | None) -> int:
    """Record that the caller has read one notice of its organization, or with None all; return how many were new."""
    unread = sql_select(
        literal(work.principal.user_id).label("user_id"),
        col(NoticeRow.id),
        col(NoticeRow.ordinal),
        col(NoticeRow.organization_id),
        literal(work.now).label("read_at"),
    ).where(col(NoticeRow.organization_id) == organization_id, ~_seen(work.principal.user_id))
    if notice_id is not None:
        unread = unread.where(col(NoticeRow.id) == notice_id)
    columns = ["user_id", "notice_id", "ordinal", "organization_id", "read_at"]
    statement = upsert(NoticeReadRow).from_select(columns, unread).on_conflict_do_nothing()
    return len(work.session.execute(statement.returning(col(NoticeReadRow.notice_id))).all())


def exists_in(reading: Reading, organization_id: OrganizationId, notice_id: str) -> bool:
    """Return whether a notice is one of the organization's."""
    query = select(NoticeRow.id).where(NoticeRow.id == notice_id, NoticeRow.organization_id == organization_id)
    return reading.session.exec(query).first() is not None


def _seen(user_id: UserId) -> ColumnElement[bool]:
    """Return the condition that the user has read the notice as it stands."""
    return exists().where(
        col(NoticeReadRow.user_id) == user_id,
        col(NoticeReadRow.notice_id) == col(NoticeRow.id),
        col(NoticeReadRow.ordinal) == col(NoticeRow.ordinal),
    )


def _notice(row: Any) -> Notice:
    return Notice(
        row.id,
        row.ordinal,
        row.event,
        Severity(row.severity),
        Subject(row.subject_kind),
        row.subject_id,
        row.title,
        row.text,
        row.count,
        row.created_at.astimezone(UTC),
        row.updated_at.astimezone(UTC),
        row.seen,
        row.translations,
    )


def keep_for_digest(work: Work, invitations: Sequence[tuple[str, str]]) -> None:
    """Keep invitations, each with its provider's id, until ``take_for_digest``."""
    rows = [{"organization_id": told, "invitation_id": invitation_id} for told, invitation_id in invitations]
    work.session.execute(upsert(DigestItemRow).on_conflict_do_nothing(), rows)


def take_for_digest(work: Work) -> list[str]:
    """Return the invitations that were kept and keep none of them any longer."""
    return list(work.session.execute(delete(DigestItemRow).returning(col(DigestItemRow.invitation_id))).scalars())
