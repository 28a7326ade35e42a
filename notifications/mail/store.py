"""Every SQL statement of sending mail: taking what is due, recording what came of it, and how it does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    and_,
    case,
    exists,
    func,
    or_,
    update,
)
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col

from marketplace.kernel.access import Kind
from marketplace.kernel.work import Reading, Work
from notifications import delivering
from notifications.languages import Language
from notifications.mail.model import KeptMail, Purpose, Status
from notifications.mail.plan_store import SHARED, readers_of
from notifications.mail.tables import KeptMailRow, MailAddressRow, MailDeliveryRow
from notifications.preferences import service as preferences
from notifications.preferences.tables import PreferenceRow
from notifications.tables import NoticeRow


def give_up(work: Work, planned_before: datetime) -> int:
    """Close what was due before an instant and is of no use any more; return how many.

    What was tried in vain is given up; what nobody was there to send is skipped, and says so.
    """
    row = MailDeliveryRow
    untried = col(row.attempts) == 0
    reason = func.concat_ws(": ", "not sent in time", func.nullif(col(row.last_error), ""))
    result = work.session.connection().execute(
        update(row)
        .where(delivering.free(MailDeliveryRow, work.now, at_all=True), col(row.planned_for) < planned_before)
        .values(
            status=case((untried, Status.SKIPPED.value), else_=Status.GIVEN_UP.value),
            lease_until=None,
            last_error=case((untried, "nothing was sent for days"), else_=reason),
        )
    )
    return int(result.rowcount)


def take(work: Work, most: int) -> list[list[MailDeliveryRow]]:
    """Return locked deliveries that are due, those that leave in one mail together, of ``most`` mails or fewer.

    What was put into one mail before stays together, led by its first: whoever has locked that has all of it. Else all
    that is due of one reader goes into one mail.
    """
    row = MailDeliveryRow
    free = delivering.free(MailDeliveryRow, work.now)
    leads = or_(col(row.mail_id).is_(None), col(row.mail_id) == col(row.id))
    first = work.session.execute(
        sql_select(row).where(free, leads).order_by(col(row.due_at)).limit(most).with_for_update(skip_locked=True)
    ).scalars()
    mails: dict[str, list[MailDeliveryRow]] = {}
    leaders = list(first)
    if not leaders:
        return []
    fresh = {one.reader_id for one in leaders if one.mail_id is None and one.purpose == Purpose.NOTICE}
    more = work.session.execute(
        sql_select(row)
        .where(
            free,
            col(row.purpose) == Purpose.NOTICE.value,
            or_(
                col(row.mail_id).in_([one.mail_id for one in leaders if one.mail_id is not None]),
                and_(col(row.mail_id).is_(None), col(row.reader_id).in_(fresh)),
            ),
        )
        .order_by(col(row.due_at), col(row.ordinal))
        .with_for_update(skip_locked=True)
    ).scalars()
    everything = {one.id: one for one in [*leaders, *more]}
    for one in sorted(everything.values(), key=lambda one: (one.ordinal, one.id)):
        alone = one.purpose != Purpose.NOTICE
        mails.setdefault(one.mail_id or (one.id if alone else f"fresh {one.reader_id}"), []).append(one)
    return list(mails.values())


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where a reader is mailed now, and whether that address is spared."""

    address: str
    shared: bool
    spared: bool
    timing: dict[str, Any] | None
    language: Language


_CHOSEN = col(PreferenceRow.timing), col(PreferenceRow.language)


def addressees(reading: Reading, reader_ids: Sequence[str]) -> dict[str, Addressee]:
    """Return where readers are mailed; who has no account any more, or no confirmed shared address, is left out."""
    readers = readers_of()
    spared = exists().where(
        col(MailAddressRow.address) == readers.c.email, col(MailAddressRow.suppressed_at).is_not(None)
    )
    query = (
        sql_select(readers.c.id, readers.c.email, readers.c.role, spared.label("spared"), *_CHOSEN)
        .outerjoin(PreferenceRow, col(PreferenceRow.reader_id) == readers.c.id)
        .where(readers.c.id.in_(reader_ids))
    )
    return {
        row.id: Addressee(
            row.email,
            row.role == SHARED,
            row.spared,
            row.timing,
            preferences.language_of(row.language),
        )
        for row in reading.session.execute(query)
    }


def reader(reading: Reading, reader_id: str) -> tuple[str, Kind] | None:
    """Return a reader's address and the kind of its organization; None for who is none any more."""
    readers = readers_of()
    row = reading.session.execute(
        sql_select(readers.c.email, readers.c.kind).where(readers.c.id == reader_id)
    ).one_or_none()
    return None if row is None else (row.email, Kind(row.kind))


def notices(reading: Reading, notice_ids: Sequence[str]) -> dict[str, NoticeRow]:
    """Return notices by their ids."""
    query = sql_select(NoticeRow).where(col(NoticeRow.id).in_(notice_ids))
    return {row.id: row for row in reading.session.execute(query).scalars()}


def record_sent(work: Work, mail_id: str) -> None:
    """Note that a mail has left."""
    work.session.connection().execute(
        _of_mail(mail_id).values(status=Status.SENT.value, sent_at=work.now, lease_until=None, last_error="")
    )


def record_failed(work: Work, mail_id: str, reason: str) -> None:
    """Note that a mail will never be taken."""
    work.session.connection().execute(
        _of_mail(mail_id).values(status=Status.BOUNCED.value, lease_until=None, last_error=reason)
    )


def record_later(work: Work, mail_id: str, due_at: datetime, reason: str) -> None:
    """Note that a mail is to be tried again; a notice that was planned anew meanwhile is not mailed twice."""
    newer = aliased(MailDeliveryRow)
    again = exists().where(
        col(newer.notice_id) == col(MailDeliveryRow.notice_id),
        col(newer.reader_id) == col(MailDeliveryRow.reader_id),
        col(newer.id) != col(MailDeliveryRow.id),
        col(newer.status) == Status.WAITING.value,
    )
    connection = work.session.connection()
    superseded = connection.execute(
        _of_mail(mail_id).where(again).values(status=Status.SUPERSEDED.value, lease_until=None, last_error=reason)
    )
    values: dict[str, Any] = {"status": Status.WAITING.value, "due_at": due_at, "lease_until": None}
    if superseded.rowcount:  # what is left of the mail is another mail
        values["mail_id"] = None
    connection.execute(_of_mail(mail_id).values(last_error=reason, **values))


def _of_mail(mail_id: str) -> Any:
    return update(MailDeliveryRow).where(
        col(MailDeliveryRow.mail_id) == mail_id, col(MailDeliveryRow.status) == Status.SENDING.value
    )


def deliveries_of_mail(work: Work, mail_id: str) -> list[MailDeliveryRow]:
    """Return the locked deliveries that left in one mail."""
    row = MailDeliveryRow
    query = sql_select(row).where(col(row.mail_id) == mail_id).order_by(col(row.id)).with_for_update()
    return list(work.session.execute(query).scalars())


def delivery(reading: Reading, delivery_id: str) -> MailDeliveryRow | None:
    """Return a delivery."""
    return reading.session.get(MailDeliveryRow, delivery_id)


def organization_of(reading: Reading, reader_id: str) -> str:
    """Return the organization of whom was mailed; empty for who never was."""
    query = sql_select(func.max(col(MailDeliveryRow.organization_id))).where(
        col(MailDeliveryRow.reader_id) == reader_id
    )
    return reading.session.execute(query).scalar_one() or ""


def keep_mail(work: Work, kept_id: str, address: str, subject: str, source: str) -> None:
    """Keep a mail, or what is read like one, that is not sent; one that is kept already is kept as it is now."""
    values = {"address": address, "subject": subject, "source": source, "at": work.now}
    statement = upsert(KeptMailRow).values(id=kept_id, **values)
    work.session.connection().execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


def kept_mails(reading: Reading, limit: int) -> list[KeptMail]:
    """Return the mails that were kept, the newest first."""
    query = sql_select(KeptMailRow).order_by(col(KeptMailRow.at).desc(), col(KeptMailRow.id)).limit(limit)
    return [_kept(row) for row in reading.session.execute(query).scalars()]


def kept_mail(reading: Reading, mail_id: str) -> KeptMail | None:
    """Return one mail that was kept."""
    row = reading.session.get(KeptMailRow, mail_id)
    return None if row is None else _kept(row)


def _kept(row: KeptMailRow) -> KeptMail:
    return KeptMail(row.id, row.address, row.subject, row.source, row.at.astimezone(UTC))


# ---- health


def counts(reading: Reading) -> list[tuple[str, int]]:
    """Return how many deliveries there are by status."""
    query = sql_select(col(MailDeliveryRow.status), func.count()).group_by(col(MailDeliveryRow.status))
    return [(row[0], row[1]) for row in reading.session.execute(query)]


def oldest_waiting(reading: Reading) -> datetime | None:
    """Return since when the delivery has been due that is due longest; None when nothing is."""
    query = sql_select(func.min(col(MailDeliveryRow.planned_for))).where(delivering.free(MailDeliveryRow, reading.now))
    found: datetime | None = reading.session.execute(query).scalar_one()
    return found


def troubled(reading: Reading, failed: Sequence[str], limit: int) -> list[tuple[MailDeliveryRow, str]]:
    """Return deliveries that failed or fail, the latest first, each with its notice's title."""
    row = MailDeliveryRow
    query = (
        sql_select(row, func.coalesce(col(NoticeRow.title), ""))
        .outerjoin(NoticeRow, col(NoticeRow.id) == col(row.notice_id))
        .where(
            or_(col(row.status).in_(failed), and_(col(row.status) == Status.WAITING.value, col(row.last_error) != ""))
        )
        .order_by(col(row.planned_for).desc(), col(row.id))
        .limit(limit)
    )
    return [(found[0], found[1]) for found in reading.session.execute(query)]
