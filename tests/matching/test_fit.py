"""How a desk's own coverage fits a request: each site once, as the best that it surely is."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace.geography import keys
from matching.fit import Fit, fit, shown_sites
from matching.places import FootprintPlaces, Places

HERE, NEAR, ELSEWHERE = 11, 12, 13
MAYBE = keys.NEAR + 11
NET = FootprintPlaces(frozenset({HERE, MAYBE}), frozenset({NEAR}))
FILTER = Places(include=frozenset({ELSEWHERE}))


def test_each_site_counts_once_as_the_best_that_it_surely_is() -> None:
    sites = [
        frozenset({HERE, NEAR, ELSEWHERE}),
        frozenset({NEAR, MAYBE}),
        frozenset({MAYBE, ELSEWHERE}),
        frozenset({ELSEWHERE}),
        frozenset({99}),
        frozenset[int](),
    ]
    found = fit(sites, NET, FILTER)
    assert found == Fit(6, 1, 1, 1, 1)
    assert (found.served, found.share) == (4, Decimal(4) / 6)


def test_who_says_nowhere_what_it_covers_and_a_request_without_sites_have_no_figure() -> None:
    assert fit([frozenset({HERE})], None, Places.everywhere) is None
    assert fit([], NET, FILTER) is None
    left_out = Places(include=frozenset({HERE}), exclude=frozenset({HERE}))
    assert fit([frozenset({HERE})], None, left_out) == Fit(1, 0, 0, 0, 0)


SITES = st.lists(st.frozensets(st.sampled_from([HERE, NEAR, ELSEWHERE, MAYBE, 99])), min_size=1)


@given(SITES, st.booleans())
def test_the_parts_are_disjoint_and_more_coverage_serves_no_less(sites: list[frozenset[int]], filtered: bool) -> None:  # noqa: FBT001 - drawn
    territory = FILTER if filtered else Places.everywhere
    alone, more = fit(sites, None, territory), fit(sites, NET, territory)
    assert more is not None
    assert 0 <= more.share <= 1
    assert alone is None or alone.served <= more.served
    assert more.sites == len(sites)


def test_sites_are_placed_by_what_carriers_read() -> None:
    place: dict[str, str | None] = {"country": "US", "state": "NY", "city": "Albany", "postal_code": "", "street": ""}
    place |= {"latitude": None, "longitude": None}
    (site,) = shown_sites({"disclosure": "city", "sites": [{"ref": "S1", "place": place}]})
    assert keys.state_key("US-NY") in site
    assert keys.postal_key("12207") not in site
