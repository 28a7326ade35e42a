"""Every SQL statement of sending texts and of phone numbers: what is due, what came of it, and how the channel does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import and_, case, delete, exists, func, or_, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col

from marketplace.identity import service as identity
from marketplace.kernel.work import Reading, Work
from notifications import delivering
from notifications.languages import Language
from notifications.preferences import service as preferences
from notifications.preferences.tables import PreferenceRow
from notifications.tables import NoticeRow
from notifications.texting.model import FAILED, OPEN, Purpose, Status
from notifications.texting.tables import PhoneNumberRow, TextDeliveryRow


def give_up(work: Work, planned_before: datetime, codes_before: datetime) -> None:
    """Close what was due before an instant and is of no use any more: what was never tried is skipped, and says so."""
    row = TextDeliveryRow
    untried = col(row.attempts) == 0
    reason = func.concat_ws(": ", "not sent in time", func.nullif(col(row.last_error), ""))
    late = or_(
        col(row.planned_for) < planned_before,
        and_(col(row.purpose) == Purpose.CODE.value, col(row.planned_for) < codes_before),
    )
    work.session.connection().execute(
        update(row)
        .where(delivering.free(TextDeliveryRow, work.now, at_all=True), late)
        .values(
            status=case((untried, Status.SKIPPED.value), else_=Status.GIVEN_UP.value),
            lease_until=None,
            sealed_code=None,
            last_error=case((untried, "nothing was sent for hours"), else_=reason),
        )
    )


def take(work: Work, most: int) -> list[TextDeliveryRow]:
    """Return locked deliveries that are due, the oldest first; what others hold is left to them."""
    row = TextDeliveryRow
    query = (
        sql_select(row).where(delivering.free(row, work.now)).order_by(col(row.due_at), col(row.ordinal)).limit(most)
    )
    return list(work.session.execute(query.with_for_update(skip_locked=True)).scalars())


@dataclass(frozen=True, slots=True)
class Texted:
    """Where a reader is texted, and how many texts it has had since an instant."""

    number: str
    confirmed: bool
    lately: int
    language: Language


def readers(reading: Reading, reader_ids: Sequence[str], since: datetime) -> dict[str, Texted]:
    """Return where active users are texted; who has no number, or no account any more, is left out."""
    people = identity.people()
    row = TextDeliveryRow
    lately = (
        sql_select(func.count())
        .where(
            col(row.reader_id) == people.c.id,
            col(row.status) == Status.SENT.value,
            col(row.purpose) == Purpose.NOTICE.value,
            col(row.created_at) >= since,
            col(row.sent_at) >= since,
        )
        .scalar_subquery()
    )
    query = (
        sql_select(
            people.c.id,
            col(PhoneNumberRow.number),
            col(PhoneNumberRow.confirmed_at),
            lately.label("lately"),
            col(PreferenceRow.language),
        )
        .join(PhoneNumberRow, col(PhoneNumberRow.user_id) == people.c.id)
        .outerjoin(PreferenceRow, col(PreferenceRow.reader_id) == people.c.id)
        .where(people.c.id.in_(reader_ids))
    )
    return {
        found.id: Texted(
            found.number, found.confirmed_at is not None, found.lately, preferences.language_of(found.language)
        )
        for found in reading.session.execute(query)
    }


def notices(reading: Reading, notice_ids: Sequence[str]) -> Mapping[str, NoticeRow]:
    """Return notices by id."""
    query = sql_select(NoticeRow).where(col(NoticeRow.id).in_(notice_ids))
    return {row.id: row for row in reading.session.execute(query).scalars()}


def record(work: Work, text_id: str, status: Status, reason: str) -> None:
    """Note what came of a text that this process had in hand."""
    values: dict[str, Any] = {"status": status.value, "lease_until": None, "last_error": reason, "sealed_code": None}
    if status is Status.SENT:
        values["sent_at"] = work.now
    work.session.connection().execute(_in_hand(text_id).values(**values))


def record_later(work: Work, text_id: str, due_at: datetime, reason: str) -> None:
    """Note that a text is to be tried again; a notice that was planned anew meanwhile is not texted twice."""
    newer = aliased(TextDeliveryRow)
    again = exists().where(
        col(newer.notice_id) == col(TextDeliveryRow.notice_id),
        col(newer.reader_id) == col(TextDeliveryRow.reader_id),
        col(newer.id) != col(TextDeliveryRow.id),
        col(newer.status) == Status.WAITING.value,
    )
    connection = work.session.connection()
    superseded = {"status": Status.SUPERSEDED.value, "lease_until": None, "last_error": reason}
    connection.execute(_in_hand(text_id).where(again).values(**superseded))
    waits = {"status": Status.WAITING.value, "due_at": due_at, "lease_until": None, "last_error": reason}
    connection.execute(_in_hand(text_id).values(**waits))


def pause(work: Work, until: datetime) -> None:
    """Let nothing leave before an instant: the gateway wants to be left alone."""
    row = TextDeliveryRow
    work.session.connection().execute(
        update(row).where(col(row.status) == Status.WAITING.value, col(row.due_at) < until).values(due_at=until)
    )


def _in_hand(text_id: str) -> Any:
    row = TextDeliveryRow
    return update(row).where(col(row.id) == text_id, col(row.status) == Status.SENDING.value)


def add(work: Work, row: TextDeliveryRow) -> None:
    """Write a delivery."""
    work.session.add(row)
    work.session.flush()


# ---- phone numbers


def number_of(reading: Reading, user_id: str) -> PhoneNumberRow | None:
    """Return a user's phone number."""
    return reading.session.get(PhoneNumberRow, user_id)


def locked_number(work: Work, user_id: str) -> PhoneNumberRow | None:
    """Return a user's phone number, locked."""
    return work.session.get(PhoneNumberRow, user_id, with_for_update=True, populate_existing=True)


def set_number(work: Work, user_id: str, organization_id: str, wanted: Mapping[str, Any]) -> None:
    """Set a user's phone number with the mark of its code, in place of another; nobody has confirmed it yet."""
    values = {"set_at": work.now, "confirmed_at": None, "code_attempts": 0, **wanted}
    statement = upsert(PhoneNumberRow).values(user_id=user_id, organization_id=organization_id, **values)
    work.session.connection().execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    work.session.expire_all()


def remove_number(work: Work, user_id: str) -> bool:
    """Remove a user's phone number; tell whether there was one."""
    statement = delete(PhoneNumberRow).where(col(PhoneNumberRow.user_id) == user_id)
    found = bool(work.session.connection().execute(statement).rowcount)
    work.session.expire_all()
    return found


def codes_since(reading: Reading, user_id: str, since: datetime) -> list[datetime]:
    """Return when codes were made for a user since an instant, the latest first."""
    row = TextDeliveryRow
    query = sql_select(col(row.created_at)).where(
        col(row.reader_id) == user_id, col(row.purpose) == Purpose.CODE.value, col(row.created_at) > since
    )
    return [at.astimezone(UTC) for at in reading.session.execute(query.order_by(col(row.created_at).desc())).scalars()]


def drop_codes(work: Work, user_id: str) -> None:
    """Send no code that still waits for a user: another number, or another code, counts."""
    row = TextDeliveryRow
    work.session.connection().execute(
        update(row)
        .where(col(row.reader_id) == user_id, col(row.purpose) == Purpose.CODE.value, col(row.status).in_(OPEN))
        .values(status=Status.DROPPED.value, lease_until=None, sealed_code=None, last_error="another code counts")
    )


# ---- health


def counts(reading: Reading) -> list[tuple[str, int]]:
    """Return how many deliveries there are by status."""
    query = sql_select(col(TextDeliveryRow.status), func.count()).group_by(col(TextDeliveryRow.status))
    return [(row[0], row[1]) for row in reading.session.execute(query)]


def oldest_waiting(reading: Reading) -> datetime | None:
    """Return since when the delivery has been due that is due longest; None when nothing is."""
    query = sql_select(func.min(col(TextDeliveryRow.planned_for))).where(delivering.free(TextDeliveryRow, reading.now))
    found: datetime | None = reading.session.execute(query).scalar_one()
    return found and found.astimezone(UTC)


def troubled(reading: Reading, limit: int) -> list[tuple[TextDeliveryRow, str]]:
    """Return deliveries that failed or fail, the latest first, each with its notice's title."""
    row = TextDeliveryRow
    fails = and_(col(row.status) == Status.WAITING.value, col(row.last_error) != "")
    query = (
        sql_select(row, func.coalesce(col(NoticeRow.title), ""))
        .outerjoin(NoticeRow, col(NoticeRow.id) == col(row.notice_id))
        .where(or_(col(row.status).in_([status.value for status in FAILED]), fails))
        .order_by(col(row.planned_for).desc(), col(row.id))
        .limit(limit)
    )
    return [(found[0], found[1]) for found in reading.session.execute(query)]
