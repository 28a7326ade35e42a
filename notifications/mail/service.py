"""The e-mail channel's use cases beside sending: planning, links in mails, returned mail, health and repetition."""

from datetime import UTC

from marketplace.kernel.access import Kind
from marketplace.kernel.errors import ConflictError, NotFoundError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from notifications import delivering, planning, table
from notifications.channels import ChannelHealth, Trouble
from notifications.groups import ROLES, group_of, kind_of
from notifications.languages import Language
from notifications.mail import addresses, links, plan_store, returns, rules, sending, store
from notifications.mail.events import DeliveryRepeated
from notifications.mail.links import Aim
from notifications.mail.model import FAILED, KeptMail, Purpose, ReturnKind, Shown, Status
from notifications.mail.plan_store import Told
from notifications.mail.tables import MailDeliveryRow
from notifications.preferences import service as preferences
from notifications.preferences.model import Choice
from notifications.preferences.rules import due_at
from notifications.row import Row, Subject

NAME = "e-mail"
_SHOWN = 100


class NotFailedError(ConflictError):
    """Only what has failed can be sent again: anything else is on its way, or was taken."""

    kind = "delivery-not-failed"
    title = "This delivery has not failed"


def plan(work: Work, position: int) -> None:
    """Plan the mails of all notices written in this transaction, whose positions begin at ``position``."""
    if not sending.is_on(work.vault.settings):
        return
    news = plan_store.news_since(work, position)
    told = sorted({one for event in news.events for row in table.rows_of(event) for one in told_by(row)})
    if not told:
        return
    due = planning.due(
        plan_store.moments(work, news, told),
        lambda choice, timing, urgency: due_at(Choice(choice), timing, urgency, work.now),
    )
    if due:
        plan_store.plan(work, news, told, due)


def told_by(row: Row) -> list[Told]:
    """Return which readers a row of the table reaches by e-mail: roles of a kind of organization, and shared desks."""
    group, kind = group_of(row), kind_of(row)
    roles = [role.value for role in ROLES[group]] + ([plan_store.SHARED] if kind is Kind.PROVIDER else [])
    return [Told(row.event, kind, role, group) for role in sorted(roles)]


# ---- links in mails


def notice_of_link(reading: Reading, token: str, language: Language = Language.EN) -> Shown:
    """Return the facts that a mail's link shows, in a language. Raises NotFoundError, LinkExpiredError."""
    (delivery_id,) = links.read(reading.vault, Aim.NOTICE, token, reading.now)
    row = store.delivery(reading, delivery_id)
    reader = None if row is None else store.reader(reading, row.reader_id)
    if row is None or row.notice_id is None or reader is None:
        raise NotFoundError
    notice = store.notices(reading, [row.notice_id])[row.notice_id]
    at, subject = notice.updated_at.astimezone(UTC), Subject(notice.subject_kind)
    title, text = notice.words_in(language)
    return Shown(title, text, notice.count, at, reader[1], subject, notice.subject_id)


def check_unsubscribe(reading: Reading, token: str) -> None:
    """Raise NotFoundError unless a link to unsubscribe is one of ours."""
    links.read(reading.vault, Aim.UNSUBSCRIBE, token, reading.now)


def unsubscribe(work: Work, token: str) -> None:
    """End all mail to the reader that a link was made for; its notices stay on the pages. Raises NotFoundError."""
    (reader_id,) = links.read(work.vault, Aim.UNSUBSCRIBE, token, work.now)
    preferences.turn_off(work, reader_id, store.organization_of(work, reader_id))


# ---- what comes back


def take_returned(work: Work, source: bytes, recipient: str = "") -> ReturnKind:
    """Record a returned message, as the mail server pipes it in, and return what it was.

    A delivery that bounced counts as failed; hard bounces count against the address, a complaint spares it at once.
    """
    told = returns.read(source, recipient)
    mailed = store.deliveries_of_mail(work, told.letter_id) if told.letter_id else []
    if told.kind is ReturnKind.NOTHING or not mailed:
        return ReturnKind.NOTHING
    if told.kind is ReturnKind.COMPLAINT:
        addresses.note_complaint(work, told.letter_id)
        return told.kind
    fresh = [row for row in mailed if row.status != Status.BOUNCED]
    for row in fresh:
        row.status, row.last_error, row.lease_until = Status.BOUNCED, rules.plain_reason(told.reason), None
    if fresh and told.hard:  # a report that comes twice counts once
        addresses.note_bounce(work, told.letter_id, told.reason)
    return told.kind


# ---- health


def health(reading: Reading) -> ChannelHealth:
    """Return how the channel does: what waits, what failed and why, without anybody's address."""
    oldest = store.oldest_waiting(reading)
    troubles = [
        Trouble(
            id=row.id,
            organization_id=row.organization_id,
            reader=row.reader_id,
            what=title or "Confirm this address",
            status=row.status,
            attempts=row.attempts,
            reason=row.last_error,
            at=row.planned_for.astimezone(UTC),
            again=row.status in FAILED,
        )
        for row, title in store.troubled(reading, [status.value for status in FAILED], _SHOWN)
    ]
    note = "" if sending.is_on(reading.vault.settings) else "Nothing is mailed: MARKETPLACE_SMTP_HOST is not set."
    return ChannelHealth(NAME, tuple(sorted(store.counts(reading))), oldest and oldest.astimezone(UTC), troubles, note)


def resend(work: Work, delivery_id: str) -> None:
    """Send a delivery again that failed, as a mail of its own. Raises NotFoundError, NotFailedError."""
    row = delivering.locked(work, MailDeliveryRow, delivery_id)
    if row is None:
        raise NotFoundError
    if row.status not in FAILED or (row.purpose == Purpose.NOTICE and delivering.waits_already(work, row)):
        raise NotFailedError
    row.status, row.mail_id, row.edition = Status.WAITING, None, row.edition + 1
    row.due_at = row.planned_for = work.now
    row.attempts = 0
    work.append(DeliveryRepeated(row.id, OrganizationId(row.organization_id)))


def kept_mails(reading: Reading, limit: int = _SHOWN) -> list[KeptMail]:
    """Return the mails that a development installation kept instead of sending them, the newest first."""
    return store.kept_mails(reading, limit)


def kept_mail(reading: Reading, mail_id: str) -> KeptMail:
    """Return one of them. Raises NotFoundError."""
    found = store.kept_mail(reading, mail_id)
    if found is None:
        raise NotFoundError
    return found
