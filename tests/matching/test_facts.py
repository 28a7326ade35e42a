"""The facts that filters see say what the buyer asks for, place by place."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.model import (
    Band,
    Bands,
    BillingPreferences,
    Content,
    Disclosure,
    Line,
    Place,
    Priority,
    PriorUsage,
    Site,
    WantedFeature,
)
from marketplace.geography import keys
from marketplace.kernel.ids import RequestId
from matching.facts import facts_of
from matching.model import RequestFacts
from matching.places import places_of
from matching.predicate import accepts
from sellers.model import Criteria, Territory

BEVERLY_HILLS = Site("S1", "site_1", Place("US", "CA", "Beverly Hills", "90210", "1 Main St"))
TORONTO = Site("S2", "site_2", Place("ca", "ON", "Toronto", "m5v 2t6"))


def facts(content: Content, bands: Bands = Bands()) -> RequestFacts:  # noqa: B008 - a frozen value
    return facts_of(RequestId("req_1"), content, bands)


def covered(territory: Territory, got: RequestFacts) -> bool:
    criteria = Criteria(territory=territory)
    return accepts(criteria, got, places_of(criteria))


def test_company_wide_lines_are_at_every_site() -> None:
    lines = (Line("L1", "data.sd-wan", "S1"), Line("L2", "mobile.plan"), Line("L3", "voice.sip", "S2"))
    got = facts(Content(sites=(BEVERLY_HILLS, TORONTO), lines=lines))
    assert [[line.ref for line in site.lines] for site in got.sites] == [["L1", "L2"], ["L2", "L3"]]


def test_a_request_without_sites_has_one_site_without_a_place_with_all_lines() -> None:
    got = facts(Content(lines=(Line("L1", "mobile.plan"), Line("L2", "voice.sip"))))
    (site,) = got.sites
    assert site.keys == frozenset()
    assert [line.ref for line in site.lines] == ["L1", "L2"]


def test_places_are_written_as_territories_write_them() -> None:
    got = facts(Content(sites=(BEVERLY_HILLS, TORONTO), lines=(Line("L1", "voice.sip"),)))
    first, second = got.sites
    assert first.keys >= {keys.country_key("US"), keys.state_key("US-CA"), keys.postal_key("US-90210")}
    assert second.keys >= {keys.country_key("CA"), keys.state_key("CA-ON"), keys.postal_key("CA-M5V2T6")}
    assert covered(Territory(postal_prefixes=("CA-M5V2",)), got)


def test_a_place_known_only_by_country_has_no_state_and_no_postal_code() -> None:
    (site,) = facts(Content(sites=(Site("S1", "site_1", Place("US")),))).sites
    assert site.keys == {keys.country_key("US")}


def test_required_are_must_features_except_flags_answered_with_no() -> None:
    features = (
        WantedFeature("ipv6", value=True),
        WantedFeature("bgp", value=False),
        WantedFeature("backup_path", value=True, priority=Priority.NICE),
        WantedFeature("jitter_ms", Decimal(0)),
        WantedFeature("bandwidth_mbps", Decimal(500)),
    )
    (site,) = facts(Content(lines=(Line("L1", "data.sd-wan", features=features),))).sites
    assert site.lines[0].features == {"ipv6", "jitter_ms", "bandwidth_mbps"}
    assert site.lines[0].bandwidth_mbps == Decimal(500)


def test_a_line_that_names_no_bandwidth_has_none() -> None:
    (site,) = facts(Content(lines=(Line("L1", "voice.sip"),))).sites
    assert site.lines[0].bandwidth_mbps is None


def test_the_spend_is_about_the_sum_of_what_is_stated_and_unknown_when_nothing_is() -> None:
    rows = (
        PriorUsage("data.sd-wan", "Mbps", Decimal(10), Decimal("100.50")),
        PriorUsage("voice.sip", "minutes", Decimal(10)),
        PriorUsage("voice.sip", "minutes", Decimal(10), Decimal(20)),
    )
    assert facts(Content(prior_usage=rows)).monthly_spend == Decimal(100)
    assert facts(Content(prior_usage=rows[1:2])).monthly_spend is None
    assert facts(Content()).monthly_spend is None


def test_terms_billing_and_disclosed_bands_are_carried_over() -> None:
    content = Content(
        term_months=24,
        start_date=date(2030, 1, 1),
        billing=BillingPreferences(currency="EUR", consolidated=False),
        disclosed_bands=(Band.INDUSTRY,),
    )
    got = facts(content, Bands(industry="J", size="50-249", region="West"))
    assert (got.term_months, got.start_date, got.currency, got.consolidated_invoice) == (
        24,
        date(2030, 1, 1),
        "EUR",
        False,
    )
    assert (got.industry, got.size, got.region) == ("J", "", "")


def test_facts_hold_nothing_of_street_city_title_or_prior_provider() -> None:
    content = Content(
        title="Acme network",
        sites=(BEVERLY_HILLS,),
        prior_usage=(PriorUsage("voice.sip", "minutes", Decimal(1), provider="OldTel"),),
    )
    text = repr(facts(content))
    for secret in ("Acme", "Beverly", "Main St", "OldTel", "site_1"):
        assert secret not in text


def test_where_only_the_city_is_disclosed_no_postal_prefix_can_feel_for_the_site() -> None:
    content = Content(sites=(BEVERLY_HILLS,), lines=(Line("L1", "voice.sip"),), disclosure=Disclosure.CITY)
    got = facts(content)
    assert not covered(Territory(postal_prefixes=("US-9",)), got)
    assert covered(Territory(states=("US-CA",)), got)


@pytest.mark.parametrize(
    ("stated", "seen"),
    [
        ("0", "0"),
        ("0.99", "0"),
        ("1", "1"),
        ("1.5", "1"),
        ("3.6", "5"),
        ("7.4", "5"),
        ("8", "10"),
        ("48211.17", "50000"),
    ],
)
def test_the_spend_is_known_in_rough_steps_only(stated: str, seen: str) -> None:
    row = PriorUsage("voice.sip", "minutes", Decimal(1), Decimal(stated))
    assert facts(Content(prior_usage=(row,))).monthly_spend == Decimal(seen)


@given(st.decimals(min_value=1, max_value=10**12, places=2, allow_nan=False))
def test_the_rough_spend_is_never_off_by_more_than_half(spend: Decimal) -> None:
    seen = facts(Content(prior_usage=(PriorUsage("voice.sip", "minutes", Decimal(1), spend),))).monthly_spend
    assert seen is not None
    assert abs(seen - spend) <= spend / 2
