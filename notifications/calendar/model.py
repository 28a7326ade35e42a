"""One entry of a user's calendar as a frozen value."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """An instant (aware UTC), or a whole day, that matters.

    ``subject`` and ``what`` name it once and for all: an entry whose time moves stays the same one in calendars that
    follow the feed. ``place`` is the page that it leads to.
    """

    subject: str
    what: str
    at: datetime | date
    title: str
    text: str
    place: str
