"""Deadlines as data: what is due when, rung by a heartbeat that may be late, doubled or dead without harm."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from marketplace.kernel.work import Work, Workshop

log = logging.getLogger(__name__)

PAUSE = timedelta(seconds=5)
"""How long an alarm waits whose ring failed: long enough for the others, short for who waits for a deadline."""

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

    Two heartbeats at once ring different alarms. A ring that fails is undone and tried again after a pause; the others
    do not wait for it. Raises the first failure when all others have rung.
    """
    rung = 0
    failures: list[Exception] = []
    while rung + len(failures) < limit:
        due = _Due()
        try:
            if not _ring_one(workshop, rings, due):
                break
        except Exception as error:
            if due.name is None:  # nothing was taken: the database itself is in trouble
                raise
            log.exception("the alarm %s failed", " ".join(due.name))
            _pause(workshop, *due.name)
            failures.append(error)
        else:
            rung += 1
    if failures:
        raise failures[0]
    return rung


@dataclass(slots=True)
class _Due:
    """Which alarm a transaction took, for when that transaction fails: even its commit may."""

    name: tuple[str, str] | None = None


def _ring_one(workshop: Workshop, rings: Mapping[str, Ring], due: _Due) -> bool:
    """Ring the alarm that is due longest; return whether there was one."""
    with workshop.work() as work:
        row = (
            work.session.connection()
            .execute(
                text(
                    # materialized: evaluated once, or a plan could take a second row for the same LIMIT 1
                    "WITH due AS MATERIALIZED (SELECT kind, key FROM kernel.alarms"
                    " WHERE due_at <= :now ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)"
                    " DELETE FROM kernel.alarms a USING due WHERE a.kind = due.kind AND a.key = due.key"
                    " RETURNING a.kind, a.key"
                ),
                {"now": work.now},
            )
            .one_or_none()
        )
        if row is None:
            return False
        due.name = kind, key = row.kind, row.key
        rings[kind](work, key)  # may set the same alarm again, later
        return True


def _pause(workshop: Workshop, kind: str, key: str) -> None:
    """Try the alarm again later, unless it was set anew or rung by another in the meantime."""
    with workshop.work() as work:
        work.session.connection().execute(
            text("UPDATE kernel.alarms SET due_at = :later WHERE kind = :kind AND key = :key AND due_at <= :now"),
            {"kind": kind, "key": key, "now": work.now, "later": work.now + PAUSE},
        )
