"""The dates that matter follow from the contract by told rules, and their calendar names nobody."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from marketplace.contracts.calendar_file import calendar_file
from marketplace.contracts.dates import contract_dates, months_later
from sellers.key_terms import PriceReview, ReviewForm
from tests.sellers.key_terms_made import some_key_terms

ACCEPTED = date(2026, 11, 2)
REVIEWED = PriceReview(ReviewForm.PERCENT, Decimal(3))


@pytest.mark.parametrize(
    ("wanted", "install", "start", "basis"),
    [
        (None, None, ACCEPTED, "the acceptance"),
        (None, 45, date(2026, 12, 17), "slowest installation of 45 days"),
        (date(2027, 1, 15), 45, date(2027, 1, 15), "the request asks for"),
        (date(2026, 11, 20), 45, date(2026, 12, 17), "slowest installation"),
        (date(2027, 1, 15), None, date(2027, 1, 15), "the request asks for"),
        (date(2026, 1, 1), None, ACCEPTED, "no installation time"),
    ],
)
def test_the_start_and_where_it_comes_from(wanted: date | None, install: int | None, start: date, basis: str) -> None:
    found = contract_dates(ACCEPTED, 36, wanted_start=wanted, slowest_install_days=install, terms=some_key_terms())
    assert found.start == start
    assert basis in found.start_basis


def test_notice_and_price_reviews_follow_the_key_terms() -> None:
    terms = some_key_terms(notice_days=90, price_review=REVIEWED)
    found = contract_dates(ACCEPTED, 36, wanted_start=date(2027, 1, 15), slowest_install_days=None, terms=terms)
    assert found.end == date(2030, 1, 14)
    assert (found.notice_opens, found.notice_closes) == (date(2029, 9, 16), date(2029, 10, 16))
    assert found.price_reviews == (date(2028, 1, 15), date(2029, 1, 15))
    assert found.notes == ()


def test_what_was_agreed_in_words_is_not_reckoned() -> None:
    terms = some_key_terms(notice_days=90, price_review=REVIEWED)
    changed = {"notice_days", "price_review"}
    found = contract_dates(ACCEPTED, 36, wanted_start=None, slowest_install_days=None, terms=terms, changed=changed)
    assert (found.notice_closes, found.price_reviews, len(found.notes)) == (None, (), 2)
    unstated = contract_dates(ACCEPTED, 36, wanted_start=None, slowest_install_days=None, terms=None)
    assert (unstated.notice_closes, len(unstated.notes)) == (None, 1)


@given(st.dates(date(2020, 1, 1), date(2060, 1, 1)), st.integers(1, 120), st.integers(0, 730))
def test_dates_are_in_order(accepted: date, months: int, notice: int) -> None:
    terms = some_key_terms(notice_days=notice, price_review=REVIEWED)
    found = contract_dates(accepted, months, wanted_start=None, slowest_install_days=None, terms=terms)
    assert found.start <= found.end
    if found.notice_opens is not None and found.notice_closes is not None:
        assert found.start <= found.notice_opens <= found.notice_closes == found.end - timedelta(days=notice)
    assert all(found.start < day <= found.end for day in found.price_reviews)


def test_a_month_that_is_too_short_ends_earlier() -> None:
    assert months_later(date(2027, 1, 31), 1) == date(2027, 2, 28)
    assert months_later(date(2027, 12, 31), 2) == date(2028, 2, 29)


def test_the_calendar_has_whole_days_and_the_same_ids_every_time() -> None:
    terms = some_key_terms(notice_days=90, price_review=REVIEWED)
    dates = contract_dates(ACCEPTED, 36, wanted_start=None, slowest_install_days=None, terms=terms)
    at = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
    content = calendar_file("con_1", "ab" * 32, dates, at)
    assert content == calendar_file("con_1", "ab" * 32, dates, at)
    events = Calendar.from_ical(content).walk("VEVENT")
    assert len(events) == 6
    assert all(type(event["DTSTART"].dt) is date for event in events)
    assert len({str(event["UID"]) for event in events}) == 6
    assert b"con_1" not in content
    others = Calendar.from_ical(calendar_file("con_2", "ab" * 32, dates, at)).walk("VEVENT")
    assert not {str(event["UID"]) for event in events} & {str(event["UID"]) for event in others}
