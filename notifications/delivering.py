"""What mail and texts ask alike of their deliveries, whose rows have the same columns for it.

Webhooks keep an order by subject and ask otherwise.
"""

from datetime import datetime
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlalchemy import select as sql_select
from sqlmodel import col

from marketplace.kernel.work import Reading, Work

WAITING, SENDING = "waiting", "sending"
"""The states of a delivery that is not over, as the channels' own states and the indexes of what is open spell them."""


class Delivery(Protocol):
    """The columns: whom to tell of which notice, how that stands, when to try, until when it is in hand."""

    notice_id: str | None
    reader_id: str
    status: str
    due_at: datetime
    lease_until: datetime | None


Row = TypeVar("Row", bound=Delivery)


def free(row: type[Delivery], now: datetime, *, at_all: bool = False) -> ColumnElement[bool]:
    """Return the condition that nobody has a delivery in hand that is due; with ``at_all`` also one that is not yet."""
    waits = col(row.status) == WAITING
    return and_(
        col(row.status).in_((WAITING, SENDING)),  # as the indexes of what is open say it
        or_(
            waits if at_all else and_(waits, col(row.due_at) <= now),
            and_(col(row.status) == SENDING, col(row.lease_until) <= now),
        ),
    )


def locked(work: Work, row: type[Row], delivery_id: str) -> Row | None:
    """Return a delivery as it is after waiting for who has it in hand."""
    return work.session.get(row, delivery_id, with_for_update=True, populate_existing=True)


def waits_already(reading: Reading, row: Delivery) -> bool:
    """Tell whether the notice of a delivery waits for its reader in another one."""
    other = type(row)
    same = exists().where(
        col(other.notice_id) == row.notice_id, col(other.reader_id) == row.reader_id, col(other.status) == WAITING
    )
    return bool(reading.session.execute(sql_select(same)).scalar_one())
