"""The only place that asks for the time: the database's clock for what decides, this machine's for what measures."""

import time
from datetime import UTC, datetime
from typing import Protocol

from sqlalchemy import text
from sqlmodel import Session


class Clock(Protocol):
    """Tells the time inside a transaction, as aware UTC."""

    def __call__(self, session: Session, /) -> datetime:
        """Return the instant of the call, asked of the session's database where the clock is the database's."""

    def at(self, database_now: datetime) -> datetime:
        """Return the time for a statement that has read PostgreSQL's ``clock_timestamp()`` itself."""


class DatabaseClock:
    """PostgreSQL's ``clock_timestamp()``: the instant of the call, not the start of the transaction."""

    def __call__(self, session: Session, /) -> datetime:  # noqa: D102 - a Clock
        now: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
        return self.at(now)

    def at(self, database_now: datetime) -> datetime:  # noqa: D102 - a Clock
        return database_now.astimezone(UTC)


database_clock = DatabaseClock()
"""The clock of every serving process."""


class StagedClock:
    """A clock that is set by hand, for the demo market's past and for tests. Never wired into a serving process."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self, _session: Session, /) -> datetime:  # noqa: D102 - a Clock
        return self.now

    def at(self, database_now: datetime) -> datetime:  # noqa: ARG002, D102 - a Clock; its own time counts
        return self.now


def machine_now() -> datetime:
    """Return this machine's time in UTC: for token expiry and log lines, never for trade."""
    return datetime.now(UTC)


def stopwatch() -> float:
    """Return seconds of a clock that only runs forward, for measuring durations."""
    return time.perf_counter()


def wait(seconds: float) -> None:
    """Sleep."""
    time.sleep(seconds)
