"""When a reader is told by e-mail or text: pure functions of its choice, quiet hours, the urgency and the instant."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifications.preferences.model import Choice, QuietHours, TextChoice, Timing
from notifications.row import Urgency

_DAY = timedelta(days=1)
_WEEK = 7


def due_at(choice: Choice, timing: Timing, urgency: Urgency, now: datetime) -> datetime | None:
    """Return when to send what became known at ``now`` (aware UTC); None: never.

    Urgent things wait for no digest, and for no quiet hours unless the reader wants those kept. What falls into quiet
    hours is sent when they end. Where quiet hours never end, after a week.
    """
    if choice is Choice.OFF:
        return None
    urgent = urgency is Urgency.NOW
    if urgent and (timing.quiet is None or timing.quiet.urgent_anyway):
        return now
    daily = not urgent and (choice is Choice.DAILY or (choice is Choice.BY_WEIGHT and urgency is Urgency.LATER))
    return end_of_quiet(timing, next_digest(timing, now) if daily else now)


def text_due_at(choice: TextChoice, timing: Timing, urgency: Urgency, now: datetime) -> datetime | None:
    """Return when to send as a text what became known at ``now`` (aware UTC); None: never.

    What is only to know is never texted. Quiet hours hold as for e-mail.
    """
    urgent = urgency is Urgency.NOW
    if choice is TextChoice.OFF or not (urgent or (choice is TextChoice.NEEDED and urgency is Urgency.SOON)):
        return None
    if urgent and (timing.quiet is None or timing.quiet.urgent_anyway):
        return now
    return end_of_quiet(timing, now)


def next_digest(timing: Timing, now: datetime) -> datetime:
    """Return the first instant after ``now`` at which the reader's digest is made."""
    zone = ZoneInfo(timing.zone)
    today = now.astimezone(zone).date()
    digests = (_instants(today + days * _DAY, timing.digest_at, zone)[0] for days in range(-1, 3))
    return next(one for one in digests if one > now)


def end_of_quiet(timing: Timing, at: datetime) -> datetime:
    """Return ``at`` if the reader may be disturbed then, else the end of its quiet hours."""
    quiet = timing.quiet
    if quiet is None:
        return at
    for _ in range(_WEEK):
        ends = [end for begin, end in _nights(quiet, ZoneInfo(timing.zone), at) if begin <= at < end]
        if not ends:
            break
        at = max(ends)
    return at


def always_quiet(quiet: QuietHours) -> bool:
    """Tell whether quiet hours leave no time at all: whole days on each day of the week."""
    return quiet.since == quiet.until and len(quiet.days) == _WEEK


def _nights(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield beginning and end of the quiet hours around an instant."""
    today = at.astimezone(zone).date()
    for begins_on in (today + days * _DAY for days in (-1, 0, 1)):
        if begins_on.isoweekday() in quiet.days:
            ends_on = begins_on if quiet.until > quiet.since else begins_on + _DAY
            yield _instants(begins_on, quiet.since, zone)[0], _instants(ends_on, quiet.until, zone)[1]


def _instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first and the last instant that a wall clock may mean by a time: two when clocks are changed.

    An hour that clocks skip is taken from both sides of the gap, one that they repeat at both of its times.
    """
    both = [datetime.combine(day, at.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1)]
    return min(both), max(both)
