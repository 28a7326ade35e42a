"""What changed between two versions, told without the words that were taken back; and words found in an inbox."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from buyers.requests.auction_view import auction_view
from buyers.requests.model import Disclosure, Priority
from buyers.requests.presets import chosen
from buyers.requests.view import (
    BandsView,
    BillingView,
    CarrierView,
    LineView,
    PlaceView,
    ScheduleView,
    SiteView,
)
from matching.changes import Change, How, changes

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
LINE = LineView("L1", "data.broadband", "S1", 1, (), Priority.MUST, "")
VIEW = CarrierView(
    pseudonym="Buyer K7-204",
    version=1,
    catalogue_version="1",
    title="Two warehouses",
    description="Ask for Ada Berg.",
    term_months=36,
    start_date=None,
    discount_rate=Decimal(0),
    disclosure=Disclosure.CITY,
    sites=(SiteView("S1", PlaceView("US", "WA", "Seattle", "", "", None, None)),),
    lines=(LINE,),
    lots=(),
    billing=BillingView("USD", "monthly", True, 30, "pdf", False),
    prior_usage=(),
    bands=BandsView("", "", ""),
    schedule=ScheduleView(None, NOON, None),
    auction=auction_view(chosen({}), "USD"),
)


def test_the_same_version_has_no_changes() -> None:
    assert changes(VIEW, replace(VIEW, version=2)) == ()


def test_words_that_were_taken_back_are_not_told_again() -> None:
    after = replace(VIEW, description="Ask through the marketplace.", lines=(replace(LINE, note="Second floor."),))
    found = changes(replace(VIEW, lines=(replace(LINE, note="Call 206 555 0142."),)), after)
    assert found == (Change("description", How.WORDED), Change("lines", How.CHANGED, "L1"))
    assert "Ada" not in repr(found)
    assert "0142" not in repr(found)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (
            {"schedule": ScheduleView(None, NOON.replace(day=22), None)},
            Change("schedule", How.CHANGED, "closes_at", NOON, NOON.replace(day=22)),
        ),
        ({"billing": replace(VIEW.billing, payment_days=45)}, Change("billing", How.CHANGED, "payment_days", 30, 45)),
        ({"lines": (replace(LINE, quantity=3),)}, Change("lines", How.CHANGED, "L1", 1, 3)),
        ({"lines": (LINE, replace(LINE, ref="L2"))}, Change("lines", How.ADDED, "L2")),
        ({"lines": ()}, Change("lines", How.REMOVED, "L1")),
        ({"title": "Three warehouses"}, Change("title", How.WORDED)),
    ],
)
def test_each_change_is_told_with_what_it_was_and_is(changed: dict[str, Any], told: Change) -> None:
    assert changes(VIEW, replace(VIEW, **changed)) == (told,)
