"""How many providers a request would reach, told while it is edited: rounded, with what narrows it most below three."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.model import Band, Bands, BillingPreferences, Content, Line, ListMode, ProviderList, WantedFeature
from marketplace.kernel.ids import OrganizationId, RequestId
from matching import reach
from matching.facts import facts_of
from matching.model import RequestFacts
from tests.conftest import NOON
from tests.matching.made import INTERNET, RENO, SAN_FRANCISCO, content

SD_WAN = "data.sd-wan"
BANDS = Bands("P", "small", "US-CA")


def asked(wanted: Content, fits: Any, among: int = 40) -> reach.Reach:
    """Return the reach where ``fits`` says whether a request is for all ``among`` providers, or else for one."""

    def count(facts: RequestFacts, providers: ProviderList) -> int:
        return among if fits(facts, providers) else 1

    return reach.reach(wanted, BANDS, facts_of(RequestId("req_1"), wanted, BANDS), count)


@pytest.mark.parametrize(
    ("count", "told"),
    [(3, 4), (4, 4), (13, 14), (14, 14), (20, 20), (22, 20), (23, 25), (231, 240), (1_234, 1_200), (45_678, 46_000)],
)
def test_counts_are_rounded(count: int, told: int) -> None:
    assert reach.about(count) == told


@given(st.integers(3, 1_000_000))
def test_a_rounded_count_is_near_and_two_neighbours_mostly_look_alike(count: int) -> None:
    assert abs(reach.about(count) - count) <= max(1, count * 0.15)
    assert reach.about(count) <= reach.about(count + 1)


def test_three_and_more_are_told_as_about_so_many() -> None:
    found = asked(content(), lambda *_: True, among=13)
    assert (found.words, found.providers, found.narrowest) == ("about 14 providers", 14, None)


def test_below_three_no_number_is_told_and_nothing_narrows_when_nothing_helps() -> None:
    found = asked(content(), lambda *_: False)
    assert (found.words, found.providers, found.narrowest) == ("fewer than 3 providers", None, None)


def speeds(facts: RequestFacts) -> set[Decimal | None]:
    return {line.bandwidth_mbps for site in facts.sites for line in site.lines}


def services(facts: RequestFacts) -> set[str]:
    return {line.service_type for site in facts.sites for line in site.lines}


def features(facts: RequestFacts) -> set[str]:
    return {code for site in facts.sites for line in site.lines for code in line.features}


TWO_SERVICES = content(
    lines=(Line("L1", INTERNET, "S1"), Line("L2", SD_WAN, "S1", features=(WantedFeature("static_ip_addresses", True),)))
)
LISTED = replace(content(), provider_list=ProviderList(ListMode.EXCEPT, (OrganizationId("org_1"),)))


@pytest.mark.parametrize(
    ("wanted", "fits", "requirement"),
    [
        (content(), lambda facts, _: speeds(facts) == {None}, "bandwidth_mbps"),
        (TWO_SERVICES, lambda facts, _: services(facts) == {INTERNET}, f"service_types/{SD_WAN}"),
        (
            TWO_SERVICES,
            lambda facts, _: len(services(facts)) > 1 and not features(facts),
            "features/static_ip_addresses",
        ),
        (content(SAN_FRANCISCO, RENO), lambda facts, _: len(facts.sites) == 1, "sites/US-CA"),
        (content(term_months=7), lambda facts, _: facts.term_months == 36, "term_months"),
        (content(start_date=NOON.date()), lambda facts, _: facts.start_date is None, "start_date"),
        (content(billing=BillingPreferences("CHF")), lambda facts, _: facts.currency == "USD", "currency"),
        (content(), lambda facts, _: not facts.consolidated_invoice, "consolidated_invoice"),
        (content(), lambda facts, _: facts.industry == "P", "disclosed_bands/industry"),
        (LISTED, lambda _, providers: providers == ProviderList(), "provider_list"),
    ],
)
def test_the_requirement_that_narrows_most_is_named_with_what_dropping_it_would_bring(
    wanted: Content, fits: Any, requirement: str
) -> None:
    found = asked(wanted, fits)
    assert found.narrowest is not None
    assert (found.narrowest.requirement, found.narrowest.providers) == (requirement, 40)
    assert found.words.startswith("fewer than 3 providers; without ")
    assert found.words.endswith(" about 40")


def test_what_is_disclosed_already_is_no_requirement_to_drop() -> None:
    wanted = content(disclosed_bands=tuple(Band))
    facts = facts_of(RequestId("req_1"), wanted, BANDS)
    assert not [
        one for one in reach.relaxations(wanted, BANDS, facts) if "band" in one.requirement.split("/")[0].split("_")
    ]
