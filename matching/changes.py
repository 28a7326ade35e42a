"""What changed between two versions of a request, as an invited provider reads them: pure.

Words that a buyer took back are not told again: of texts it says only that they are worded anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from buyers.requests.view import BillingView, CarrierView, LineView, ScheduleView

Figure: TypeAlias = datetime | date | Decimal | int | bool | str | None


class How(StrEnum):
    """What happened to a part."""

    WORDED = "worded anew"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Change:
    """One change. ``part`` is a field of the view, ``what`` a field or a ref inside it; figures come with CHANGED."""

    part: str
    how: How
    what: str = ""
    before: Figure = None
    after: Figure = None


def changes(before: CarrierView, after: CarrierView) -> tuple[Change, ...]:
    """Return what a provider that knew ``before`` finds anew in ``after``, in the order of the page."""
    return tuple(_changes(before, after))


def _changes(before: CarrierView, after: CarrierView) -> Iterator[Change]:
    for name in ("title", "description"):
        if getattr(before, name) != getattr(after, name):
            yield Change(name, How.WORDED)
    yield from _figures("schedule", before.schedule, after.schedule)
    for name in ("term_months", "start_date", "discount_rate"):
        if getattr(before, name) != getattr(after, name):
            yield Change(name, How.CHANGED, "", getattr(before, name), getattr(after, name))
    yield from _refs("sites", [one.ref for one in before.sites], [one.ref for one in after.sites])
    yield from _lines({one.ref: one for one in before.lines}, {one.ref: one for one in after.lines})
    yield from _refs("lots", [one.ref for one in before.lots], [one.ref for one in after.lots])
    yield from _figures("billing", before.billing, after.billing)
    if before.auction != after.auction:
        yield Change("auction", How.CHANGED)


def _figures(part: str, before: BillingView | ScheduleView, after: BillingView | ScheduleView) -> Iterator[Change]:
    for field in fields(before):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            yield Change(part, How.CHANGED, field.name, old, new)


def _refs(part: str, before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    yield from (Change(part, How.ADDED, ref) for ref in after if ref not in before)
    yield from (Change(part, How.REMOVED, ref) for ref in before if ref not in after)


def _lines(before: Mapping[str, LineView], after: Mapping[str, LineView]) -> Iterator[Change]:
    yield from _refs("lines", list(before), list(after))
    for ref, old in before.items():
        new = after.get(ref, old)
        if old.quantity != new.quantity:
            yield Change("lines", How.CHANGED, ref, old.quantity, new.quantity)
        elif old != new:
            yield Change("lines", How.CHANGED, ref)
