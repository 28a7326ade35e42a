"""The dates that matter as an iCalendar file (RFC 5545): all-day events without a word on who the parties are."""

import hashlib
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from icalendar import Calendar, Event

from marketplace.contracts.dates import ContractDates

_PRODUCT = "-//Tenderline//contract dates//EN"
_DAY = timedelta(days=1)


def calendar_file(contract_id: str, sha256: str, dates: ContractDates, made_at: datetime) -> bytes:
    """Return the calendar of a contract; the same contract gives the same bytes and the same UIDs."""
    file = Calendar()
    file.add("prodid", _PRODUCT)
    file.add("version", "2.0")
    file.add("x-wr-calname", f"Contract {sha256[:12]}")
    remark = "\n".join((f"Start: {dates.start_basis}. The real start may be later.", *dates.notes))
    for name, day, summary, text in _entries(dates):
        event = Event()
        event.add("uid", f"{_uid(contract_id, name)}@contracts.invalid")  # a name that no host can have (RFC 2606)
        event.add("dtstamp", made_at)
        event.add("dtstart", day)
        event.add("dtend", day + _DAY)
        event.add("summary", f"{summary} (contract {sha256[:12]})")
        event.add("description", f"{text}\n{remark}")
        event.add("transp", "TRANSPARENT")
        file.add_component(event)
    content: bytes = file.to_ical()
    return content


def _entries(dates: ContractDates) -> Iterator[tuple[str, date, str, str]]:
    yield "start", dates.start, "Contract starts", "The expected first day of the term."
    if dates.notice_opens is not None and dates.notice_closes is not None:
        last = f"Notice must reach the carrier by {dates.notice_closes.isoformat()}."
        yield "notice-opens", dates.notice_opens, "Decide on notice", last
        yield "notice-closes", dates.notice_closes, "Last day for notice", last
    for number, day in enumerate(dates.price_reviews, start=1):
        yield f"price-review-{number}", day, "Prices may change", "The terms allow a price review."
    yield "end", dates.end, "Contract term ends", "The last day of the term."


def _uid(contract_id: str, name: str) -> str:
    return hashlib.sha256(f"{contract_id} {name}".encode()).hexdigest()[:32]
