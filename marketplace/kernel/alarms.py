"""Deadlines as data: what is due when, rung by a heartbeat that may be late, doubled or dead without harm."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import text

from marketplace.kernel.work import Work, Workshop

Ring = Callable[[Work, str], None]
"""What to do when the alarm of a key is due; must be harmless when there is nothing left to do."""


def set_alarm(work: Work, kind: str, key: str, due_at: datetime) -> None:
    """Ring ``kind`` for ``key`` at ``due_at``; an earlier setting of the same alarm is replaced."""
    work.session.connection().execute(
        text(
            "INSERT INTO kernel.alarms (kind, key, due_at) VALUES (:kind, :key, :due_at)"
            " ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at"
        ),
        {"kind": kind, "key": key, "due_at": due_at},
    )


def ring_due(workshop: Workshop, rings: Mapping[str, Ring], limit: int = 1000) -> int:
    """Ring every alarm that is due, each in a transaction of its own; return how many.

    SKIP LOCKED: two heartbeats at once ring different alarms. A ring that fails stays due and is tried again.
    """
    rung = 0
    while rung < limit and _ring_one(workshop, rings):
        rung += 1
    return rung


def _ring_one(workshop: Workshop, rings: Mapping[str, Ring]) -> bool:
    with workshop.work() as work:
        row = (
            work.session.connection()
            .execute(
                text(
                    "DELETE FROM kernel.alarms WHERE (kind, key) IN (SELECT kind, key FROM kernel.alarms"
                    " WHERE due_at <= :now ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING kind, key"
                ),
                {"now": work.now},
            )
            .one_or_none()
        )
        if row is None:
            return False
        kind, key = row
        rings[kind](work, key)  # may set the same alarm again, later
        return True
