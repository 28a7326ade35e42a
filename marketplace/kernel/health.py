"""How the machinery does: the journal and its followers, alarms, signs of life, the database. Read only, and cheap."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from marketplace.kernel.work import Reading

_JOURNAL = text(
    "SELECT (SELECT max(position) FROM kernel.journal) AS position,"
    " count(*) AS waiting, min(at) AS since FROM kernel.journal WHERE position IS NULL"
)
_CURSORS = text("SELECT name, position, failures, last_error, retry_at FROM kernel.cursors ORDER BY name")
_ALARMS = text(
    "SELECT kind, count(*) AS waiting, count(*) FILTER (WHERE due_at <= :now) AS overdue, min(due_at) AS next_at"
    " FROM kernel.alarms GROUP BY kind ORDER BY kind"
)
_BEATS = text("SELECT name, at FROM kernel.heartbeats ORDER BY name")
_DATABASE = text(
    "SELECT pg_database_size(current_database()) AS size, current_setting('server_version') AS version,"
    " (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()) AS connections,"
    " CAST(current_setting('max_connections') AS integer) AS most_connections"
)


@dataclass(frozen=True, slots=True)
class JournalHealth:
    """The last stamped position, and how many committed events wait for theirs, the oldest since when."""

    position: int
    unstamped: int
    unstamped_since: datetime | None


@dataclass(frozen=True, slots=True)
class FollowerHealth:
    """One subscriber: how many positions it is behind, and its last trouble while it pauses."""

    name: str
    position: int
    behind: int
    failures: int
    last_error: str
    retry_at: datetime | None


@dataclass(frozen=True, slots=True)
class AlarmsHealth:
    """The alarms of one kind: how many wait, how many of these are due and have not rung, when the next one is due."""

    kind: str
    waiting: int
    overdue: int
    next_at: datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life, and how many seconds ago it was."""

    name: str
    at: datetime
    age_seconds: float


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """Size in bytes, the server's version, and its connections."""

    size: int
    version: str
    connections: int
    most_connections: int


@dataclass(frozen=True, slots=True)
class Health:
    """The whole machinery at ``now``, the database's clock."""

    now: datetime
    journal: JournalHealth
    followers: tuple[FollowerHealth, ...]
    alarms: tuple[AlarmsHealth, ...]
    heartbeats: tuple[Heartbeat, ...]
    database: DatabaseHealth


def health(reading: Reading, followers: tuple[str, ...]) -> Health:
    """Return how the machinery does.

    ``followers`` are the subscribers that should be there: one without a cursor has not begun, and is behind by the
    whole journal.
    """
    connection = reading.session.connection()
    journal = connection.execute(_JOURNAL).one()
    position = journal.position or 0
    cursors = {row.name: row for row in connection.execute(_CURSORS)}
    database = connection.execute(_DATABASE).one()
    return Health(
        reading.now.astimezone(UTC),
        JournalHealth(position, journal.waiting, _utc(journal.since)),
        tuple(_follower(name, cursors.get(name), position) for name in sorted(followers)),
        tuple(
            AlarmsHealth(row.kind, row.waiting, row.overdue, row.next_at.astimezone(UTC))
            for row in connection.execute(_ALARMS, {"now": reading.now})
        ),
        tuple(
            Heartbeat(row.name, row.at.astimezone(UTC), (reading.now - row.at).total_seconds())
            for row in connection.execute(_BEATS)
        ),
        DatabaseHealth(database.size, database.version, database.connections, database.most_connections),
    )


def _follower(name: str, cursor: Any, position: int) -> FollowerHealth:
    if cursor is None:
        return FollowerHealth(name, 0, position, 0, "", None)
    behind = max(position - cursor.position, 0)
    return FollowerHealth(name, cursor.position, behind, cursor.failures, cursor.last_error, _utc(cursor.retry_at))


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
