"""When a reader is told: never in its quiet hours, never late, and never when it does not want to be."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from notifications.preferences import rules
from notifications.preferences.model import Choice, QuietHours, Timing
from notifications.row import Urgency

ZONES = (
    "UTC",
    "America/Chicago",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
)
times = st.times().map(lambda at: at.replace(microsecond=0))
quiet_hours = st.builds(QuietHours, times, times, st.frozensets(st.integers(1, 7), min_size=1), st.booleans()).filter(
    lambda quiet: not rules.always_quiet(quiet)
)
timings = st.builds(Timing, st.sampled_from(ZONES), st.none() | quiet_hours, times)
instants = st.integers(1_770_000_000, 1_860_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
choices, urgencies = st.sampled_from(Choice), st.sampled_from(Urgency)


def is_quiet(quiet: QuietHours, at: datetime, zone: str) -> bool:
    """Tell by the clock on the wall whether a reader is not to be disturbed."""
    own = at.astimezone(ZoneInfo(zone))
    wall, today = own.time(), own.isoweekday()
    yesterday = (own.date() - timedelta(days=1)).isoweekday()
    if quiet.since < quiet.until:
        return today in quiet.days and quiet.since <= wall < quiet.until
    return (today in quiet.days and wall >= quiet.since) or (yesterday in quiet.days and wall < quiet.until)


@given(choices, timings, urgencies, instants)
def test_only_who_turned_it_off_is_never_told(choice: Choice, timing: Timing, urgency: Urgency, now: datetime) -> None:
    assert (rules.due_at(choice, timing, urgency, now) is None) == (choice is Choice.OFF)


@given(choices, timings, urgencies, instants)
def test_nobody_is_told_before_it_happens_or_weeks_later(
    choice: Choice, timing: Timing, urgency: Urgency, now: datetime
) -> None:
    due = rules.due_at(choice, timing, urgency, now)
    assume(due is not None)
    assert due is not None
    assert now <= due <= now + timedelta(days=9)


@given(choices, timings, urgencies, instants)
def test_quiet_hours_are_broken_by_urgent_things_alone_and_only_where_the_reader_lets_them(
    choice: Choice, timing: Timing, urgency: Urgency, now: datetime
) -> None:
    due = rules.due_at(choice, timing, urgency, now)
    if due is None or timing.quiet is None:
        return
    if urgency is Urgency.NOW and timing.quiet.urgent_anyway:
        assert due == now
    else:
        assert not is_quiet(timing.quiet, due, timing.zone)


@given(timings, urgencies, instants)
def test_at_once_means_at_once_outside_of_quiet_hours(timing: Timing, urgency: Urgency, now: datetime) -> None:
    due = rules.due_at(Choice.AT_ONCE, timing, urgency, now)
    assert due is not None
    if due != now:
        assert timing.quiet is not None
        # the quarter hours up to an hour and a half away: clocks may change in between
        around = (now + timedelta(minutes=15 * quarters) for quarters in range(-6, 7))
        short = timedelta(hours=timing.quiet.until.hour - timing.quiet.since.hour)
        assert any(is_quiet(timing.quiet, at, timing.zone) for at in around) or abs(short) <= timedelta(hours=1)


@given(timings, instants, st.timedeltas(timedelta(0), timedelta(days=10)), choices, urgencies)
def test_what_happens_later_is_not_told_earlier(
    timing: Timing, now: datetime, later: timedelta, choice: Choice, urgency: Urgency
) -> None:
    first = rules.due_at(choice, timing, urgency, now)
    second = rules.due_at(choice, timing, urgency, now + later)
    assert (first is None) == (second is None)
    assert first is None or second is None or first <= second


@given(timings.filter(lambda timing: timing.quiet is None), instants)
def test_a_digest_comes_at_its_time_within_the_day(timing: Timing, now: datetime) -> None:
    due = rules.due_at(Choice.DAILY, timing, Urgency.SOON, now)
    assert due is not None
    assert timedelta(0) < due - now <= timedelta(hours=25)
    wall = due.astimezone(ZoneInfo(timing.zone)).time()
    skipped = (
        datetime.combine(due.date(), timing.digest_at, ZoneInfo(timing.zone)).utcoffset()
        != datetime.combine(due.date(), timing.digest_at.replace(fold=1), ZoneInfo(timing.zone)).utcoffset()
    )
    assert wall == timing.digest_at or skipped or due.date() != due.astimezone(ZoneInfo(timing.zone)).date()


@pytest.mark.parametrize(
    ("choice", "urgency", "at_once"),
    [
        (Choice.BY_WEIGHT, Urgency.LATER, False),
        (Choice.BY_WEIGHT, Urgency.SOON, True),
        (Choice.BY_WEIGHT, Urgency.NOW, True),
        (Choice.AT_ONCE, Urgency.LATER, True),
        (Choice.DAILY, Urgency.SOON, False),
        (Choice.DAILY, Urgency.NOW, True),
    ],
)
def test_what_waits_for_the_digest(choice: Choice, urgency: Urgency, *, at_once: bool) -> None:
    now = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    due = now if at_once else datetime(2026, 11, 3, 7, 0, tzinfo=UTC)
    assert rules.due_at(choice, Timing(), urgency, now) == due


NIGHT = QuietHours(time(22, 0), time(2, 30))


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        # clocks go forward at 2:00 in Chicago: there is no 2:30, the quiet end an hour later by the sun
        (datetime(2027, 3, 14, 5, 0, tzinfo=UTC), datetime(2027, 3, 14, 8, 30, tzinfo=UTC)),
        # clocks go back at 2:00: the night is an hour longer
        (datetime(2026, 11, 1, 4, 0, tzinfo=UTC), datetime(2026, 11, 1, 8, 30, tzinfo=UTC)),
        (datetime(2026, 11, 2, 4, 0, tzinfo=UTC), datetime(2026, 11, 2, 8, 30, tzinfo=UTC)),
    ],
)
def test_quiet_hours_over_a_change_of_clocks(now: datetime, ends: datetime) -> None:
    timing = Timing("America/Chicago", NIGHT)
    assert rules.due_at(Choice.AT_ONCE, timing, Urgency.SOON, now) == ends


def test_an_hour_that_comes_twice_is_quiet_both_times() -> None:
    timing = Timing("America/Chicago", QuietHours(time(1, 0), time(1, 30)))
    first = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)  # 1:10 summer time
    assert rules.due_at(Choice.AT_ONCE, timing, Urgency.SOON, first) == datetime(2026, 11, 1, 7, 30, tzinfo=UTC)


def test_a_quiet_weekend_ends_on_monday() -> None:
    timing = Timing("Europe/Berlin", QuietHours(time(0, 0), time(0, 0), frozenset({6, 7}), urgent_anyway=False))
    saturday = datetime(2026, 11, 7, 9, 0, tzinfo=UTC)
    assert rules.due_at(Choice.AT_ONCE, timing, Urgency.NOW, saturday) == datetime(2026, 11, 8, 23, 0, tzinfo=UTC)
