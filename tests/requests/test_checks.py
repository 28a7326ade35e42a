from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from buyers.requests.auction import AuctionChoice
from buyers.requests.checks import ERROR_LIMIT, LINE_LIMIT, SITE_LIMIT, check_content, check_submission
from buyers.requests.model import (
    BillingPreferences,
    Content,
    Line,
    ListMode,
    Lot,
    Place,
    PriorUsage,
    ProviderList,
    Schedule,
    Site,
    WantedFeature,
)
from marketplace.catalogue.seed import load_seed
from marketplace.kernel.ids import OrganizationId

CATALOGUE = load_seed()
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
FAST = WantedFeature("bandwidth_mbps", Decimal(500))
SITE = Site("S1", "site_1", Place("US", "CT", "Waterbury", "06702"))
LINE = Line("L1", "data.broadband", "S1", features=(FAST,))
COMPLETE = Content(
    title="Internet access",
    sites=(SITE,),
    lines=(LINE, Line("L2", "mobile.paging")),
    schedule=Schedule(NOW + timedelta(days=10)),
)
PROVIDER = OrganizationId("org_1")
USAGE = PriorUsage("data.broadband", "GB", Decimal(10))


def drafts(**changes: Any) -> list[str]:
    return [error.pointer for error in check_content(replace(COMPLETE, **changes), CATALOGUE, NOW)]


def submissions(**changes: Any) -> list[str]:
    return [error.pointer for error in check_submission(replace(COMPLETE, **changes), CATALOGUE, NOW)]


def test_an_empty_draft_can_be_saved_but_not_submitted() -> None:
    assert check_content(Content(), CATALOGUE, NOW) == ()
    pointers = [error.pointer for error in check_submission(Content(), CATALOGUE, NOW)]
    assert pointers == ["/title", "/lines", "/schedule/closes_at"]


def test_a_complete_request_can_be_submitted() -> None:
    assert submissions() == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": "x" * 201}, "/title"),
        ({"title": "nul \x00"}, "/title"),
        ({"term_months": 0}, "/term_months"),
        ({"term_months": 121}, "/term_months"),
        ({"discount_rate": Decimal("1.01")}, "/discount_rate"),
        ({"discount_rate": Decimal("NaN")}, "/discount_rate"),
        ({"sites": (replace(SITE, ref="Acme HQ", site_id=""), SITE)}, "/sites/0/ref"),
        ({"sites": (SITE, replace(SITE, site_id="site_2"))}, "/sites/1/ref"),
        ({"sites": (SITE, replace(SITE, ref="S2"))}, "/sites/1/site_id"),
        ({"sites": (replace(SITE, place=Place("USA")),)}, "/sites/0/place/country"),
        ({"sites": (replace(SITE, place=Place("us")),)}, "/sites/0/place/country"),
        ({"sites": (replace(SITE, place=Place("US", "Connecticut")),)}, "/sites/0/place/state"),
        ({"sites": (replace(SITE, place=Place("US", latitude=Decimal(1))),)}, "/sites/0/place/longitude"),
        ({"lines": (replace(LINE, site="S9"),)}, "/lines/0/site"),
        ({"lines": (replace(LINE, quantity=0),)}, "/lines/0/quantity"),
        ({"lines": (LINE, LINE)}, "/lines/1/ref"),
        ({"lines": (replace(LINE, service_type="data.carrier-pigeon"),)}, "/lines/0/service_type"),
        ({"lines": (replace(LINE, features=(FAST, FAST)),)}, "/lines/0/features/1/code"),
        ({"lines": (replace(LINE, features=(FAST, WantedFeature("seats", Decimal(1)))),)}, "/lines/0/features/1"),
        ({"lines": (replace(LINE, features=(replace(FAST, value="fast"),)),)}, "/lines/0/features/0"),
        ({"lots": (Lot("T1", "", ("L1",)), Lot("T2", "", ("L1", "L2")))}, "/lots/1/lines/0"),
        ({"lots": (Lot("T1", "", ("L1", "L1")),)}, "/lots/0/lines/1"),
        ({"lots": (Lot("T1", "", ("L9",)),)}, "/lots/0/lines/0"),
        ({"billing": BillingPreferences(currency="Euro")}, "/billing/currency"),
        ({"billing": BillingPreferences(period="hourly")}, "/billing/period"),
        ({"billing": BillingPreferences(invoice_format="for Acme")}, "/billing/invoice_format"),
        ({"prior_usage": (replace(USAGE, service_type="data"),)}, "/prior_usage/0/service_type"),
        ({"prior_usage": (replace(USAGE, monthly_quantity=Decimal(-1)),)}, "/prior_usage/0/monthly_quantity"),
        ({"provider_list": ProviderList(ListMode.ONLY, (PROVIDER, PROVIDER))}, "/provider_list/providers/1"),
        ({"schedule": Schedule(NOW + timedelta(days=3650))}, "/schedule/closes_at"),
        ({"schedule": Schedule(datetime(2027, 1, 1))}, "/schedule/closes_at"),  # noqa: DTZ001 - it is the mistake
        ({"auction": AuctionChoice("auctioneer")}, "/auction/format"),
        ({"auction": AuctionChoice(ceiling=Decimal(0))}, "/auction/ceiling"),
    ],
)
def test_a_draft_of_a_wrong_shape_is_refused_at_the_place(changes: dict[str, Any], pointer: str) -> None:
    assert drafts(**changes) == [pointer]
    assert pointer in submissions(**changes)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"title": "  "}, "/title"),
        ({"lines": ()}, "/lines"),
        ({"lines": (replace(LINE, features=()),)}, "/lines/0/features"),
        ({"lots": (Lot("T1", "", ()),)}, "/lots/0/lines"),
        ({"schedule": Schedule(NOW)}, "/schedule/closes_at"),
        ({"schedule": Schedule(NOW + timedelta(1), opens_at=NOW + timedelta(1))}, "/schedule/opens_at"),
        ({"schedule": Schedule(NOW + timedelta(1), None, date(2026, 12, 1))}, "/schedule/award_planned_on"),
        ({"provider_list": ProviderList(ListMode.ONLY)}, "/provider_list/providers"),
        ({"provider_list": ProviderList(ListMode.ONLY, (PROVIDER,), grant=False)}, "/provider_list/grant"),
        ({"provider_list": ProviderList(ListMode.OPEN, (PROVIDER,))}, "/provider_list/providers"),
        ({"auction": AuctionChoice("english")}, "/auction/decrement"),
        ({"auction": AuctionChoice("english", None, Decimal(1), Decimal(1))}, "/auction/decrement"),
        ({"auction": AuctionChoice("sealed", None, Decimal(1))}, "/auction/decrement"),
        ({"auction": AuctionChoice("sealed", None, None, Decimal(1))}, "/auction/decrement_percent"),
        ({"auction": AuctionChoice("sealed", base="lead")}, "/auction/base"),
    ],
)
def test_what_is_incomplete_stays_a_draft(changes: dict[str, Any], pointer: str) -> None:
    assert drafts(**changes) == []
    assert submissions(**changes) == [pointer]


@pytest.mark.parametrize(
    "auction", [AuctionChoice("english", None, Decimal(1)), AuctionChoice("english", decrement_percent=Decimal("0.5"))]
)
def test_an_english_auction_needs_one_kind_of_step(auction: AuctionChoice) -> None:
    assert submissions(auction=auction) == []


def test_lists_over_their_limit_are_refused_as_a_whole() -> None:
    many = tuple(replace(LINE, ref=f"L{number}") for number in range(1, LINE_LIMIT + 2))
    assert drafts(lines=many[:-1]) == []
    assert drafts(lines=many) == ["/lines"]
    sites = tuple(replace(SITE, ref=f"S{number}", site_id=str(number)) for number in range(1, SITE_LIMIT + 2))
    assert drafts(sites=sites[:-1]) == []
    assert drafts(sites=sites) == ["/sites"]


def test_a_thousand_errors_are_cut_to_a_readable_number() -> None:
    bad = tuple(replace(LINE, ref=f"L{number}", quantity=0) for number in range(1, 1001))
    assert len(drafts(lines=bad)) == ERROR_LIMIT
