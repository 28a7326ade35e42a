"""The only place that asks for the time: the database's clock for what decides, this machine's for what measures."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import text
from sqlmodel import Session

Clock = Callable[[Session], datetime]
"""Tells the time inside a transaction, as aware UTC."""


def database_clock(session: Session) -> datetime:
    """Return PostgreSQL's ``clock_timestamp()``: the instant of the call, not the start of the transaction."""
    now: datetime = session.connection().execute(text("SELECT clock_timestamp()")).scalar_one()
    return now.astimezone(UTC)


class StagedClock:
    """A clock that is set by hand, for the demo market's past and for tests. Never wired into a serving process."""

    def __init__(self, start: datetime) -> None:
        self.now = start

    def __call__(self, _session: Session) -> datetime:  # noqa: D102 - a Clock
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
