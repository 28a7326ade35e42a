"""Which reminders there are, how an alarm names one, and until when it is worth telling."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time

from marketplace.bidding.model import LotClock, Status
from notifications.reminders.model import Moment, Reminder

DAY, MINUTES = timedelta(hours=24), timedelta(minutes=15)
LEADS = (DAY, MINUTES)
"""Before bids are taken, and before they are not any more."""
ANSWER_LEAD = timedelta(hours=24)
VALIDITY_LEAD = timedelta(days=3)
_USEFUL = 0.5
"""A reminder that is late is told while more than this part of its lead is left."""
_CLOSING = frozenset({Status.SCHEDULED, Status.OPEN})


def of_lots(lots: Iterable[LotClock], *, known_before: datetime) -> tuple[Reminder, ...]:
    """Return the reminders of a request's openings and closes, one for each instant and lead, in order.

    ``known_before``: an instant that may be a close only to say that nobody knows it yet (a lot of a series that waits
    for the one before it, a paused clock) is none.
    """
    instants = {
        (moment, at)
        for lot in lots
        for moment, at, counts in (
            (Moment.OPENING, lot.opens_at, lot.status is Status.SCHEDULED),
            (Moment.CLOSING, lot.closes_at, lot.status in _CLOSING),
        )
        if counts and at < known_before
    }
    found = (Reminder(moment, at, lead) for moment, at in instants for lead in LEADS)
    return tuple(sorted(found, key=lambda one: (one.due_at, one.at, one.moment)))


def of_validity(day: date) -> Reminder:
    """Return the reminder that a bid, valid to the end of a day (UTC), lapses."""
    end = datetime.combine(day, clock_time.min, UTC) + timedelta(days=1)
    return Reminder(Moment.VALIDITY, end, VALIDITY_LEAD)


def concerned(reminder: Reminder, lots: Iterable[LotClock]) -> Iterator[str]:
    """Yield the lots that the instant of a reminder still is the opening, or the close, of."""
    for lot in lots:
        opens = reminder.moment is Moment.OPENING and lot.status is Status.SCHEDULED and lot.opens_at == reminder.at
        closes = reminder.moment is Moment.CLOSING and lot.status in _CLOSING and lot.closes_at == reminder.at
        if opens or closes:
            yield lot.ref


def is_worth_setting(reminder: Reminder, told_at: datetime) -> bool:
    """Tell whether who hears of the instant at ``told_at`` is to be reminded: not if it is that near already."""
    return reminder.due_at > told_at


def is_useful(reminder: Reminder, now: datetime) -> bool:
    """Tell whether a reminder is still worth telling."""
    return reminder.at - now > _USEFUL * reminder.lead


def key_of(subject: str, reminder: Reminder) -> str:
    """Return the key of the reminder's alarm: an instant that has moved leaves an alarm behind that finds nothing."""
    return f"{subject} {reminder.moment} {reminder.at.astimezone(UTC).isoformat()} {reminder.lead_minutes}"


def of_key(key: str) -> tuple[str, Reminder]:
    """Return what ``key_of`` was given. ``subject`` may consist of several words."""
    subject, moment, at, lead = key.rsplit(" ", 3)
    return subject, Reminder(Moment(moment), datetime.fromisoformat(at), timedelta(minutes=int(lead)))
