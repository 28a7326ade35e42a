"""Signs of life of the installation, by which an outage is noticed when it is over."""

from datetime import datetime, timedelta

from sqlalchemy import text

from marketplace.kernel.work import Work

_LAST = text("SELECT at FROM kernel.heartbeats WHERE name = 'market' FOR UPDATE")
_BEAT = text(
    "INSERT INTO kernel.heartbeats (name, at) VALUES ('market', :now)"
    " ON CONFLICT (name) DO UPDATE SET at = greatest(excluded.at, heartbeats.at)"
)

SILENCE = timedelta(seconds=10)
"""A shorter gap between two beats is a busy machine, not an outage."""


def beat(work: Work) -> datetime | None:
    """Record a sign of life; return when the last one was if it was long ago: the beginning of an outage."""
    connection = work.session.connection()
    before: datetime | None = connection.execute(_LAST).scalar_one_or_none()
    connection.execute(_BEAT, {"now": work.now})
    return before if before is not None and work.now - before > SILENCE else None
