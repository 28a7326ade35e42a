"""Clocks: what asks the database itself, and what has read the database's time already."""

from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import text

from marketplace.kernel.clock import StagedClock, database_clock
from marketplace.wiring import Marketplace

ELSEWHERE = datetime(2026, 11, 2, 14, 0, tzinfo=timezone(timedelta(hours=2)))


def test_the_databases_clock_runs_inside_of_a_transaction(market: Marketplace) -> None:
    with market.workshop.reading() as reading:
        began = reading.session.connection().execute(text("SELECT now()")).scalar_one()
        first, second = database_clock(reading.session), database_clock(reading.session)
    assert began < first < second
    assert first.tzinfo is UTC


def test_what_the_database_has_told_is_passed_on_in_utc() -> None:
    told = database_clock.at(ELSEWHERE)
    assert (told, told.tzinfo) == (ELSEWHERE, UTC)


def test_a_clock_set_by_hand_tells_its_own_time_whatever_the_database_says(market: Marketplace) -> None:
    staged = StagedClock(ELSEWHERE - timedelta(days=9))
    with market.workshop.reading() as reading:
        assert staged.at(ELSEWHERE) == staged(reading.session) == ELSEWHERE - timedelta(days=9)
