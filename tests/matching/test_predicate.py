"""The plain predicate means what the design pins, explains itself truthfully and tells nothing about the request."""

from dataclasses import fields, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.geography import keys
from marketplace.geography.address import Address
from marketplace.geography.placing import Precision, site_keys
from marketplace.kernel.ids import RequestId
from matching import predicate
from matching.model import Explanation, LineFacts, RequestFacts, SiteFacts
from matching.places import FootprintPlaces, SavedPlaces, places_of
from matching.predicate import needed_sites
from sellers.model import Coverage, CoverageKind, Criteria, CriterionResult, DateRange, Net, Range, Territory

NODES = ["data", "data.sd-wan", "data.internet", "data.internet.dia", "voice", "voice.sip", "database"]
LEAVES = ["data.sd-wan", "data.internet.dia", "voice.sip", "database"]
FEATURES = ["ipv6", "bgp", "backup_path"]
FIGURES = [Decimal(n) for n in (0, 1, 2, 3, 10, 100, 1000)]
DATES = [date(2030, 1, 1), date(2030, 6, 1), date(2031, 1, 1)]
PLACES = [
    ("US", "US-CA", "US-90210"),
    ("US", "US-CA", "US-90301"),
    ("US", "US-NV", "US-89101"),
    ("CA", "CA-ON", "CA-M5V2T6"),
    ("US", "", ""),
    ("", "", ""),
]
KEYS = {
    ("US", "US-CA", "US-90210"): site_keys(Address("US", "CA", "", "90210"), Precision.POSTAL),
    ("US", "US-CA", "US-90301"): site_keys(Address("US", "CA", "", "90301"), Precision.POSTAL),
    ("US", "US-NV", "US-89101"): site_keys(Address("US", "NV", "", "89101"), Precision.POSTAL),
    ("CA", "CA-ON", "CA-M5V2T6"): site_keys(Address("CA", "ON", "", "M5V 2T6"), Precision.POSTAL),
    ("US", "", ""): site_keys(Address("US"), Precision.POSTAL),
    ("", "", ""): frozenset(),
}
PLACE_OF = {place_keys: place for place, place_keys in KEYS.items()}


def accepts(criteria: Criteria, facts: RequestFacts) -> bool:
    return predicate.accepts(criteria, facts, places_of(criteria))


def explain(criteria: Criteria, facts: RequestFacts) -> Explanation:
    return predicate.explain(criteria, facts, places_of(criteria))


def tuples(values: list[str], size: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=size, unique=True).map(tuple)


def maybe(values: st.SearchStrategy[Range] | st.SearchStrategy[DateRange]) -> st.SearchStrategy[object]:
    return st.one_of(st.none(), st.none(), st.none(), values)


figures = st.one_of(st.none(), st.sampled_from(FIGURES))
ranges = st.builds(Range, low=figures, high=figures)
date_ranges = st.builds(
    DateRange,
    low=st.one_of(st.none(), st.sampled_from(DATES)),
    high=st.one_of(st.none(), st.sampled_from(DATES)),
)
territories = st.one_of(
    st.just(Territory()),
    st.builds(
        Territory,
        countries=tuples(["US", "CA"], 1),
        states=tuples(["US-CA", "US-NV", "CA-ON"], 2),
        postal_prefixes=tuples(["US-9", "US-902", "US-89101", "CA-M5V", "US-902101"], 2),
    ),
)
coverages = st.one_of(
    st.just(Coverage()),
    st.just(Coverage(CoverageKind.ALL)),
    st.integers(1, 5).map(lambda k: Coverage(CoverageKind.AT_LEAST, sites=k)),
    st.sampled_from(["0", "25", "33.4", "50", "66.7", "100"]).map(
        lambda share: Coverage(CoverageKind.SHARE, percent=Decimal(share))
    ),
)
full_criterias = st.builds(
    Criteria,
    service_types=st.one_of(st.just(()), tuples(NODES)),
    territory=territories,
    excluded_territory=territories,
    coverage=coverages,
    bandwidth_mbps=maybe(ranges),
    sites=maybe(ranges),
    monthly_spend=maybe(ranges),
    term_months=maybe(ranges),
    start_date=maybe(date_ranges),
    required_features=st.one_of(st.just(()), tuples(FEATURES, 2)),
    excluded_features=tuples(FEATURES, 1),
    industries=st.one_of(st.just(()), tuples(["J", "K"])),
    sizes=st.one_of(st.just(()), st.just(()), tuples(["50-249", "250+"])),
    regions=st.one_of(st.just(()), st.just(()), tuples(["US-West"])),
    currencies=st.one_of(st.just(()), st.just(()), tuples(["USD", "EUR"])),
    consolidated_invoice=st.sampled_from([None, None, None, True, False]),
)


def only(criteria: Criteria, kept: set[str]) -> Criteria:
    """Return the criteria with all but ``kept`` left out: filters that state little accept often enough to test it."""
    stated = {name: getattr(criteria, name) for name in kept}
    return Criteria(**stated)


criterias = st.one_of(
    full_criterias,
    st.builds(only, full_criterias, st.sets(st.sampled_from([field.name for field in fields(Criteria)]), max_size=4)),
)
line_facts = st.builds(
    LineFacts,
    ref=st.just("L1"),
    service_type=st.sampled_from(LEAVES),
    bandwidth_mbps=figures,
    features=st.frozensets(st.sampled_from(FEATURES)),
)
site_facts = st.builds(
    lambda place, lines: SiteFacts("S1", KEYS[place], tuple(lines)),
    st.sampled_from(PLACES),
    st.lists(line_facts, max_size=3),
)
request_facts = st.builds(
    RequestFacts,
    request_id=st.just(RequestId("req_1")),
    sites=st.lists(site_facts, min_size=1, max_size=4).map(tuple),
    currency=st.sampled_from(["USD", "EUR"]),
    consolidated_invoice=st.booleans(),
    term_months=st.sampled_from([1, 10, 100]),
    start_date=st.one_of(st.none(), st.sampled_from(DATES)),
    monthly_spend=figures,
    industry=st.sampled_from(["", "J", "K"]),
    size=st.sampled_from(["", "50-249"]),
    region=st.sampled_from(["", "US-West"]),
)


def restated(criteria: Criteria, facts: RequestFacts) -> bool:
    """State the semantics a second time, on sets of (site, line) pairs, sharing nothing with the predicate."""
    pairs = {(s, n) for s, site in enumerate(facts.sites) for n in range(len(site.lines))}

    def tags(site: SiteFacts) -> set[str]:
        country, state, code = PLACE_OF[site.keys]
        return {f"country {country}", f"state {state}"} | {f"prefix {code[:end]}" for end in range(1, len(code) + 1)}

    def names(territory: Territory) -> set[str]:
        return (
            {f"country {c}" for c in territory.countries}
            | {f"state {c}" for c in territory.states}
            | {f"prefix {c}" for c in territory.postal_prefixes}
        )

    def ancestors(service_type: str) -> set[str]:
        parts = service_type.split(".")
        return {".".join(parts[:depth]) for depth in range(1, len(parts) + 1)}

    def outside(span: object, value: object) -> bool:
        if span is None or value is None:
            return False
        low, high = span.low, span.high  # type: ignore[attr-defined]
        return (low is not None and value < low) or (high is not None and value > high)

    lost = set()
    for s, n in pairs:
        site, line = facts.sites[s], facts.sites[s].lines[n]
        wrong = [
            bool(names(criteria.territory)) and not names(criteria.territory) & tags(site),
            bool(names(criteria.excluded_territory) & tags(site)),
            bool(criteria.service_types) and not set(criteria.service_types) & ancestors(line.service_type),
            outside(criteria.bandwidth_mbps, line.bandwidth_mbps),
            bool(set(criteria.required_features) - line.features),
            bool(set(criteria.excluded_features) & line.features),
        ]
        if any(wrong):
            lost.add((s, n))
    passing, total = len({s for s, _ in pairs - lost}), len(facts.sites)
    kind = criteria.coverage.kind
    enough = {
        CoverageKind.ANY: True,
        CoverageKind.ALL: passing == total,
        CoverageKind.AT_LEAST: passing >= (criteria.coverage.sites or 0),
        CoverageKind.SHARE: passing * 100 >= total * (criteria.coverage.percent or 0),
    }[kind]
    refused = [
        outside(criteria.sites, Decimal(total)),
        outside(criteria.monthly_spend, facts.monthly_spend),
        outside(criteria.term_months, Decimal(facts.term_months)),
        outside(criteria.start_date, facts.start_date),
        bool(criteria.industries) and facts.industry not in criteria.industries,
        bool(criteria.sizes) and facts.size not in criteria.sizes,
        bool(criteria.regions) and facts.region not in criteria.regions,
        bool(criteria.currencies) and facts.currency not in criteria.currencies,
        criteria.consolidated_invoice is False and facts.consolidated_invoice,
    ]
    return passing >= 1 and enough and not any(refused)


@settings(max_examples=400, deadline=None)
@given(criterias, request_facts)
def test_the_predicate_agrees_with_an_independent_restatement(criteria: Criteria, facts: RequestFacts) -> None:
    assert accepts(criteria, facts) == restated(criteria, facts)


@settings(max_examples=400, deadline=None)
@given(criterias, request_facts)
def test_the_explanation_agrees_with_the_predicate(criteria: Criteria, facts: RequestFacts) -> None:
    explanation = explain(criteria, facts)
    assert explanation.accepted == accepts(criteria, facts)
    assert explanation.accepted == all(result.passed for result in explanation.criteria)


@settings(max_examples=200, deadline=None)
@given(criterias, request_facts)
def test_the_explanation_has_each_stated_criterion_once_in_an_order_that_the_request_does_not_change(
    criteria: Criteria, facts: RequestFacts
) -> None:
    names = [result.criterion for result in explain(criteria, facts).criteria]
    stated = {field.name for field in fields(Criteria) if getattr(criteria, field.name) != field.default}
    assert len(names) == len(set(names))
    assert set(names) == stated | {"coverage"}
    assert names == [result.criterion for result in explain(criteria, REQUEST).criteria]


@settings(max_examples=300, deadline=None)
@given(criterias, request_facts, st.sampled_from(NODES))
def test_another_service_type_never_loses_a_request(criteria: Criteria, facts: RequestFacts, node: str) -> None:
    if criteria.service_types and accepts(criteria, facts):
        assert accepts(replace(criteria, service_types=(*criteria.service_types, node)), facts)


@settings(max_examples=300, deadline=None)
@given(criterias, request_facts)
def test_removing_a_criterion_never_loses_a_request(criteria: Criteria, facts: RequestFacts) -> None:
    if not accepts(criteria, facts):
        return
    for field in fields(Criteria):
        wider: Criteria = replace(criteria, **{field.name: field.default})  # type: ignore[arg-type]
        assert accepts(wider, facts), field.name


LINE = LineFacts("L1", "data.sd-wan", Decimal(100), frozenset({"ipv6"}))
BEVERLY_HILLS = SiteFacts("S1", KEYS["US", "US-CA", "US-90210"], (LINE,))
INGLEWOOD = SiteFacts("S2", KEYS["US", "US-CA", "US-90301"], (LINE,))
BOSTON = SiteFacts("S3", site_keys(Address("US", "MA", "", "02108"), Precision.POSTAL), (LINE,))
REQUEST = RequestFacts(
    request_id=RequestId("req_1"),
    sites=(BEVERLY_HILLS, INGLEWOOD, BOSTON),
    currency="USD",
    consolidated_invoice=True,
    term_months=36,
    start_date=None,
    monthly_spend=None,
    industry="J",
)
CALIFORNIA = Territory(states=("US-CA",))


def result(criteria: Criteria, name: str, facts: RequestFacts = REQUEST) -> CriterionResult:
    return next(each for each in explain(criteria, facts).criteria if each.criterion == name)


@pytest.mark.parametrize(
    ("coverage", "expected"),
    [
        (Coverage(), True),
        (Coverage(CoverageKind.ALL), False),
        (Coverage(CoverageKind.AT_LEAST, sites=2), True),
        (Coverage(CoverageKind.AT_LEAST, sites=3), False),
        (Coverage(CoverageKind.AT_LEAST, sites=4), False),
        (Coverage(CoverageKind.SHARE, percent=Decimal("66.6")), True),
        (Coverage(CoverageKind.SHARE, percent=Decimal(67)), False),
        (Coverage(CoverageKind.SHARE, percent=Decimal(100)), False),
    ],
)
def test_two_of_three_sites_in_the_territory(coverage: Coverage, expected: bool) -> None:  # noqa: FBT001 - a table
    assert accepts(Criteria(territory=CALIFORNIA, coverage=coverage), REQUEST) is expected


def test_all_sites_inside_pass_all() -> None:
    west = replace(REQUEST, sites=(BEVERLY_HILLS, INGLEWOOD))
    assert accepts(Criteria(territory=CALIFORNIA, coverage=Coverage(CoverageKind.ALL)), west)


def test_more_sites_wanted_than_there_are_never_match_even_without_other_criteria() -> None:
    assert not accepts(Criteria(coverage=Coverage(CoverageKind.AT_LEAST, sites=4)), REQUEST)
    assert accepts(Criteria(coverage=Coverage(CoverageKind.AT_LEAST, sites=3)), REQUEST)


@pytest.mark.parametrize(
    ("percent", "sites", "needed"), [("0", 5, 1), ("33.3", 1000, 333), ("50", 3, 2), ("100", 7, 7), ("0.1", 500, 1)]
)
def test_a_share_is_rounded_up_and_never_nothing(percent: str, sites: int, needed: int) -> None:
    assert needed_sites(Coverage(CoverageKind.SHARE, percent=Decimal(percent)), sites) == needed


def test_pieces_of_different_lines_do_not_make_one_that_fits() -> None:
    slow = LineFacts("L1", "data.sd-wan", Decimal(10), frozenset())
    voice = LineFacts("L2", "voice.sip", Decimal(500), frozenset())
    facts = replace(REQUEST, sites=(replace(BOSTON, lines=(slow, voice)),))
    criteria = Criteria(service_types=("data",), bandwidth_mbps=Range(low=Decimal(100)))
    assert not accepts(criteria, facts)
    assert result(criteria, "service_types", facts).passed
    assert result(criteria, "bandwidth_mbps", facts).passed
    together = result(criteria, "coverage", facts)
    assert not together.passed
    assert "each is met, but not by one line at one site" in together.reason


def test_a_fitting_line_at_a_site_outside_the_territory_does_not_help() -> None:
    elsewhere = replace(BEVERLY_HILLS, lines=(replace(LINE, service_type="voice.sip"),))
    facts = replace(REQUEST, sites=(elsewhere, BOSTON))
    assert not accepts(Criteria(service_types=("data",), territory=CALIFORNIA), facts)


@pytest.mark.parametrize(
    ("node", "expected"), [("data", True), ("data.sd-wan", True), ("dat", False), ("data.s", False)]
)
def test_a_node_accepts_all_below_it_and_splits_at_the_dot(node: str, expected: bool) -> None:  # noqa: FBT001 - a table
    assert accepts(Criteria(service_types=(node,)), REQUEST) is expected


def test_postal_prefixes_match_by_prefix_and_exclusions_win() -> None:
    prefix = Territory(postal_prefixes=("US-902",))
    assert accepts(Criteria(territory=prefix), REQUEST)
    assert not accepts(Criteria(territory=prefix), replace(REQUEST, sites=(INGLEWOOD, BOSTON)))
    assert not accepts(Criteria(territory=prefix, excluded_territory=CALIFORNIA), REQUEST)
    assert accepts(Criteria(excluded_territory=CALIFORNIA), REQUEST)


def test_a_request_without_a_place_is_for_filters_without_a_territory() -> None:
    facts = replace(REQUEST, sites=(SiteFacts("", frozenset(), (LINE,)),))
    assert accepts(Criteria(excluded_territory=Territory(countries=("US",))), facts)
    assert not accepts(Criteria(territory=Territory(countries=("US",))), facts)


def test_ranges_include_their_ends() -> None:
    hundred = Range(Decimal(100), Decimal(100))
    assert accepts(Criteria(bandwidth_mbps=hundred, term_months=Range(Decimal(36), Decimal(36))), REQUEST)
    assert accepts(Criteria(sites=Range(Decimal(3), Decimal(3))), REQUEST)
    assert not accepts(Criteria(sites=Range(low=Decimal(4))), REQUEST)
    day = date(2030, 6, 1)
    assert accepts(Criteria(start_date=DateRange(day, day)), replace(REQUEST, start_date=day))
    assert not accepts(Criteria(start_date=DateRange(day, day)), replace(REQUEST, start_date=date(2030, 6, 2)))


def test_what_the_request_does_not_say_passes_a_range_but_not_a_band() -> None:
    silent = replace(REQUEST, sites=(replace(BOSTON, lines=(replace(LINE, bandwidth_mbps=None),)),), industry="")
    far = Range(Decimal(900), Decimal(901))
    criteria = Criteria(bandwidth_mbps=far, monthly_spend=far, start_date=DateRange(date(2040, 1, 1)))
    assert accepts(criteria, silent)
    assert not accepts(Criteria(industries=("J",)), silent)
    assert not accepts(Criteria(industries=("",)), silent)


def test_a_provider_without_consolidated_invoices_gets_only_requests_that_want_none() -> None:
    assert not accepts(Criteria(consolidated_invoice=False), REQUEST)
    assert accepts(Criteria(consolidated_invoice=False), replace(REQUEST, consolidated_invoice=False))
    assert accepts(Criteria(consolidated_invoice=True), REQUEST)


def test_reasons_carry_figures() -> None:
    criteria = Criteria(
        territory=Territory(states=("US-CA", "US-NV")), coverage=Coverage(CoverageKind.AT_LEAST, sites=3)
    )
    assert result(criteria, "territory").reason == "2 of 3 sites are in US-CA, US-NV; at least 3 needed"
    assert (
        result(Criteria(sites=Range(low=Decimal(5))), "sites").reason == "sites of the request: 3; wanted: at least 5"
    )
    many = Territory(postal_prefixes=tuple(f"US-{n}" for n in range(10000, 11000)))
    one = result(Criteria(territory=Territory(postal_prefixes=("US-902",)), service_types=("data",)), "territory")
    assert one.reason == "1 of 3 sites is in US-902; at least 1 needed"
    assert result(Criteria(currencies=("EUR", "GBP")), "currencies").reason == (
        "the billing currency is not one of EUR, GBP"
    )
    assert "US-10004 and 995 more;" in result(Criteria(territory=many), "territory").reason


SECRET = RequestFacts(
    request_id=RequestId("req_secret"),
    sites=(
        SiteFacts(
            "S71",
            site_keys(Address("ZZ", "QX", "", "77123"), Precision.POSTAL),
            (LineFacts("L71", "data.zzwan", Decimal(7717), frozenset({"zzf"})),),
        ),
        SiteFacts("S72", site_keys(Address("YY", "QW", "", "77456"), Precision.POSTAL), ()),
    ),
    currency="ZZD",
    consolidated_invoice=True,
    term_months=77,
    start_date=date(2077, 7, 7),
    monthly_spend=Decimal("77777.77"),
    industry="zz-industry",
    size="zz-size",
    region="zz-region",
)
SECRET_TEXTS = (
    *("req_secret", "S71", "S72", "L71", "ZZ", "YY", "QX", "QW", "77", "zz"),
    *("7,717", "2077", "77,777", "zz-industry", "zz-size", "zz-region"),
)


@settings(max_examples=300, deadline=None)
@given(criterias)
def test_no_reason_tells_a_value_of_the_request_that_the_filter_does_not_name(criteria: Criteria) -> None:
    for each in explain(criteria, SECRET).criteria:
        assert not [text for text in SECRET_TEXTS if text in each.reason], each.reason


def test_a_reason_for_a_state_does_not_tell_the_postal_code_nor_the_other_states() -> None:
    explanation = explain(Criteria(territory=CALIFORNIA, excluded_territory=Territory(countries=("CA",))), REQUEST)
    reasons = " ".join(each.reason for each in explanation.criteria)
    assert "US-CA" in reasons
    for text in ("90210", "90301", "02108", "MA", "902"):
        assert text not in reasons


@settings(max_examples=300, deadline=None)
@given(criterias, request_facts, st.sampled_from(FIGURES[3:]))
def test_reasons_differ_only_by_outcomes_and_counts_not_by_whether_a_spend_is_stated(
    criteria: Criteria, facts: RequestFacts, spend: Decimal
) -> None:
    stated, silent = replace(facts, monthly_spend=spend), replace(facts, monthly_spend=None)
    if accepts(replace(Criteria(), monthly_spend=criteria.monthly_spend), stated):
        assert explain(criteria, stated).criteria == explain(criteria, silent).criteria


def test_a_territory_finer_than_what_is_disclosed_covers_what_may_lie_in_it_and_says_so() -> None:
    facts = replace(REQUEST, sites=(BEVERLY_HILLS, BOSTON))
    middle = keys.cells_of_point(34.0901, -118.4065)
    fine, coarse = f"{middle[8]:x}", f"{middle[5]:x}"
    reasons = [
        result(Criteria(territory=Territory(cells=(cell,))), "territory", facts).reason for cell in (fine, coarse)
    ]
    assert reasons == [
        f"1 of 2 sites is or may lie in {fine}; at least 1 needed",
        f"1 of 2 sites is in {coarse}; at least 1 needed",
    ]
    # what may lie outside is not left out
    assert accepts(Criteria(excluded_territory=Territory(cells=(fine,))), replace(REQUEST, sites=(BEVERLY_HILLS,)))


def test_saved_territories_are_called_by_the_providers_own_names_and_leave_out_what_they_exclude() -> None:
    saved = {
        "ter_1": SavedPlaces("West", frozenset({keys.state_key("US-CA")}), frozenset({keys.postal_key("US-902")})),
    }
    criteria = Criteria(territory=Territory(saved=("ter_1",)), coverage=Coverage(CoverageKind.AT_LEAST, sites=1))
    places = places_of(criteria, saved)
    assert predicate.accepts(criteria, REQUEST, places)
    assert not predicate.accepts(criteria, replace(REQUEST, sites=(BEVERLY_HILLS,)), places)
    explained = predicate.explain(criteria, REQUEST, places).criteria
    assert [each.reason for each in explained[:2]] == [
        "2 of 3 sites are in 'West'; at least 1 needed",
        "2 of 3 sites are outside what the saved territories leave out; at least 1 needed",
    ]


def test_a_saved_territory_that_is_gone_and_a_footprint_that_is_not_there_name_nothing() -> None:
    for territory in (Territory(saved=("ter_gone",)), Territory(net=Net.ON)):
        assert not accepts(Criteria(territory=territory), REQUEST)
        assert accepts(Criteria(excluded_territory=territory), REQUEST)
        both = replace(territory, states=("US-CA",))
        assert accepts(Criteria(territory=both), REQUEST)


def test_near_net_takes_in_what_is_on_net() -> None:
    ca, nv, ma = (frozenset({keys.state_key(code)}) for code in ("US-CA", "US-NV", "US-MA"))
    footprint = FootprintPlaces(on_net=ca, near_net=ma)
    on, near = (Criteria(territory=Territory(net=net)) for net in (Net.ON, Net.NEAR))
    boston = replace(REQUEST, sites=(BOSTON,))
    assert not predicate.accepts(on, boston, places_of(on, {}, footprint))
    assert predicate.accepts(near, boston, places_of(near, {}, footprint))
    assert predicate.accepts(near, replace(REQUEST, sites=(BEVERLY_HILLS,)), places_of(near, {}, footprint))
    elsewhere = replace(footprint, on_net=nv, near_net=nv)
    assert not predicate.accepts(near, boston, places_of(near, {}, elsewhere))
    reason = predicate.explain(near, boston, places_of(near, {}, footprint)).criteria[0].reason
    assert reason == "1 of 1 site is in your on-net and near-net places; at least 1 needed"
