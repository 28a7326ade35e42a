"""What a text says and how long it is, when it is tried again, and which code confirms a phone."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications import gsm, table
from notifications.preferences.model import QuietHours, TextChoice, Timing
from notifications.preferences.rules import text_due_at
from notifications.row import Audience, Row, Urgency
from notifications.texting import rules, service
from notifications.texting.model import Check, Fate

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LINK = "https://market.example/t/ntc_7xk2mq4vbe3n6rjd5w2hza"
NIGHT = Timing("UTC", QuietHours(time(11), time(13)))


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+1 212 555 0100", "+12125550100"),
        ("+49 (0151) 23456789", "+49015123456789"),
        ("0049 151-2345.6789", "+4915123456789"),
        ("212 555 0100", None),
        ("+0 212 555 0100", None),
        ("+1 212 555 0100 ext 3", None),
        ("+1", None),
        ("", None),
        ("+1234567890123456", None),
    ],
)
def test_a_number_is_written_with_its_country_or_refused(typed: str, number: str | None) -> None:
    assert rules.normal_number(typed) == number


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: f"{row.event} to {row.audience}")
def test_each_notice_fits_into_one_text(row: Row) -> None:
    said = gsm.body_of(row.title, LINK)
    assert said == f"{row.title}: {LINK}"
    assert (gsm.septets(said) or 999) <= gsm.ONE_TEXT


@given(st.text(max_size=250))
def test_whatever_the_title_the_link_is_whole_and_the_text_short(title: str) -> None:
    said = gsm.body_of(title, LINK)
    assert said.endswith(f": {LINK}")
    units = gsm.septets(said)
    if units is not None:
        assert units <= gsm.ONE_TEXT
    else:
        assert len(said.encode("utf-16-le")) // 2 <= gsm.TWO_WIDE_TEXTS


def test_signs_of_print_are_typed_plainly_and_the_extension_counts_twice() -> None:
    assert gsm.body_of("“Bids” are taken \u2013 soon…", LINK) == f'"Bids" are taken - soon...: {LINK}'
    assert gsm.septets("a€") == 3
    assert gsm.septets("Größe ändern") == 12
    assert gsm.septets("Ż") is None


@pytest.mark.parametrize(
    ("status", "fate"),
    [
        (200, Fate.SENT),
        (202, Fate.SENT),
        (301, Fate.LATER),
        (400, Fate.REFUSED),
        (401, Fate.LATER),
        (404, Fate.LATER),
        (422, Fate.REFUSED),
        (429, Fate.LATER),
        (503, Fate.LATER),
    ],
)
def test_what_a_gateway_s_answer_means(status: int, fate: Fate) -> None:
    assert rules.outcome_of(status, "", NOON).fate is fate


def test_a_gateway_can_ask_for_an_hour_at_most() -> None:
    assert rules.outcome_of(429, "90", NOON).wait == timedelta(seconds=90)
    assert rules.outcome_of(429, "999999", NOON).wait == rules.LONGEST_WAIT
    assert rules.outcome_of(200, "90", NOON).wait == timedelta()


@given(st.integers(1, 60), st.floats(0, 1), st.timedeltas(timedelta(), timedelta(hours=1)))
def test_pauses_grow_to_a_quarter_of_an_hour_and_never_end_before_the_gateway_wants(
    attempts: int, chance: float, wait: timedelta
) -> None:
    pause = rules.retry_at(attempts, wait, NOON, chance) - NOON
    assert pause >= max(wait, timedelta(seconds=7))
    assert pause <= max(wait, timedelta(minutes=15))


@pytest.mark.parametrize(
    ("typed", "attempts", "later", "found"),
    [
        ("right", 0, timedelta(), Check.RIGHT),
        ("right", rules.CODE_ATTEMPTS - 1, timedelta(), Check.RIGHT),
        ("right", rules.CODE_ATTEMPTS, timedelta(), Check.TOO_OFTEN),
        ("right", 0, rules.CODE_VALID, Check.TOO_LATE),
        ("wrong", 0, timedelta(), Check.WRONG),
    ],
)
def test_a_code_is_good_for_ten_minutes_and_five_attempts(
    typed: str, attempts: int, later: timedelta, found: Check
) -> None:
    assert rules.check_code(typed, "right", NOON + rules.CODE_VALID, attempts, NOON + later) is found


def test_by_itself_only_what_is_urgent_is_texted_and_quiet_hours_hold_unless_the_reader_says_otherwise() -> None:
    assert text_due_at(TextChoice.URGENT, Timing(), Urgency.NOW, NOON) == NOON
    assert text_due_at(TextChoice.URGENT, Timing(), Urgency.SOON, NOON) is None
    assert text_due_at(TextChoice.NEEDED, Timing(), Urgency.SOON, NOON) == NOON
    assert text_due_at(TextChoice.NEEDED, Timing(), Urgency.LATER, NOON) is None
    assert text_due_at(TextChoice.OFF, Timing(), Urgency.NOW, NOON) is None
    assert text_due_at(TextChoice.URGENT, NIGHT, Urgency.NOW, NOON) == NOON
    assert text_due_at(TextChoice.NEEDED, NIGHT, Urgency.SOON, NOON) == NOON + timedelta(hours=1)
    strict = Timing("UTC", QuietHours(time(11), time(13), urgent_anyway=False))
    assert text_due_at(TextChoice.URGENT, strict, Urgency.NOW, NOON) == NOON + timedelta(hours=1)


def test_what_went_wrong_calls_the_platform_out_and_news_calls_nobody() -> None:
    by_row = {(row.event, row.audience): service.texted_by(row) for row in table.ROWS}
    (paged,) = by_row[("webhook.disabled", Audience.PLATFORM)]
    assert (paged.kind, paged.role, paged.urgency) == ("platform", "admin", Urgency.NOW)
    assert {one.urgency for one in by_row[("webhook.disabled", Audience.BUYER)]} == {Urgency.SOON}
    assert by_row[("auction.opened", Audience.BUYER)] == []
    assert {one.urgency for one in by_row[("auction.opened", Audience.INVITED)]} == {Urgency.NOW}
