"""Entries as an iCalendar file (RFC 5545)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from icalendar import Alarm, Calendar, Event

from notifications.calendar.model import Entry

_PRODUCT = "-//Tenderline//calendar//EN"
_DAY = timedelta(days=1)
_ASK_AGAIN = timedelta(minutes=30)
_WARNING = timedelta(minutes=-15)


def calendar_file(entries: Iterable[Entry], now: datetime, address: str) -> bytes:
    """Return a calendar with all entries. ``address``: of the marketplace, before each entry's place."""
    file = Calendar()
    file.add("prodid", _PRODUCT)
    file.add("version", "2.0")
    file.add("x-wr-calname", "Tenderline")
    file.add("refresh-interval", _ASK_AGAIN, parameters={"value": "DURATION"})
    for entry in entries:
        file.add_component(_event(entry, now, address))
    content: bytes = file.to_ical()
    return content


def _event(entry: Entry, now: datetime, address: str) -> Event:
    event = Event()
    event.add("uid", f"{_uid(entry)}@calendar.invalid")  # a name that no host can have (RFC 2606)
    event.add("dtstamp", now)
    event.add("dtstart", entry.at)
    event.add("summary", entry.title)
    event.add("description", entry.text)
    event.add("url", address + entry.place)
    event.add("transp", "TRANSPARENT")
    if isinstance(entry.at, datetime):
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", entry.title)
        alarm.add("trigger", _WARNING)
        event.add_component(alarm)
    else:
        event.add("dtend", entry.at + _DAY)
    return event


def _uid(entry: Entry) -> str:
    return f"{entry.what}.{entry.subject}".replace(" ", "-")
