"""A user's calendar: the file, and a feed whose address is a secret of the user."""

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from marketplace.identity import sessions
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import UserId
from marketplace.kernel.work import Reading, Work, Workshop
from notifications.calendar import entries, file
from notifications.calendar.model import Entry
from notifications.calendar.tables import CalendarFeedRow
from notifications.mail import links
from notifications.mail.links import Aim


def upcoming(reading: Reading) -> tuple[Entry, ...]:
    """Return the caller's entries, by time."""
    return entries.entries(reading)


def own_file(reading: Reading) -> bytes:
    """Return the caller's calendar as iCalendar file."""
    return file.calendar_file(entries.entries(reading), reading.now, reading.vault.settings.address)


def has_feed(reading: Reading) -> bool:
    """Tell whether an address of the caller's feed is valid."""
    row = reading.session.get(CalendarFeedRow, reading.principal.user_id)
    return row is not None and row.open


def open_feed(work: Work) -> str:
    """Return a new address of the caller's feed, shown this once; the one before ends."""
    edition = _change(work, is_open=True)
    token = links.make(work.vault, Aim.CALENDAR, work.principal.user_id, str(edition))
    return f"{work.vault.settings.address}/calendar/{token}.ics"


def end_feed(work: Work) -> None:
    """End the address of the caller's feed; harmless where there is none."""
    _change(work, is_open=False)


def _change(work: Work, *, is_open: bool) -> int:
    values = {"user_id": work.principal.user_id, "edition": 1, "open": is_open, "changed_at": work.now}
    statement = upsert(CalendarFeedRow).values(values)
    changed = {"edition": col(CalendarFeedRow.edition) + 1, "open": is_open, "changed_at": work.now}
    statement = statement.on_conflict_do_update(index_elements=["user_id"], set_=changed)
    edition: int = work.session.execute(statement.returning(col(CalendarFeedRow.edition))).scalar_one()
    return edition


def feed(workshop: Workshop, token: str) -> bytes:
    """Return the calendar of the user whose feed has this address, read as that user, with no more than it may see.

    Raises NotFoundError for an address that is not, or not any more, one of ours.
    """
    with workshop.reading() as reading:
        user_id, edition = links.read(reading.vault, Aim.CALENDAR, token, reading.now)
        row = reading.session.get(CalendarFeedRow, user_id)
        if row is None or not row.open or row.edition != int(edition):
            raise NotFoundError
        principal = sessions.standing_user(reading, UserId(user_id))
    if principal is None:
        raise NotFoundError
    with workshop.reading(principal) as reading:
        return own_file(reading)
