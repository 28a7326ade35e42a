"""Filters are refused with what would be right; providers and invitations move only along their life."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from buyers.registry import regions
from buyers.registry import rules as buyer_rules
from marketplace.geography import keys
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from sellers import bands, place_rules, rules
from sellers.model import (
    Coverage,
    CoverageKind,
    Criteria,
    DateRange,
    Invitation,
    InvitationStatus,
    Net,
    Provider,
    ProviderStatus,
    Range,
    Territory,
)

NODES = frozenset({"data", "data.sd-wan", "voice", "voice.sip"})
FEATURES = frozenset({"ipv6", "bgp"})
NOW = datetime(2030, 1, 1, tzinfo=UTC)


def errors(criteria: Criteria) -> dict[str, str]:
    return {error.pointer: error.message for error in rules.check_criteria(criteria, NODES, FEATURES)}


def test_sound_criteria_have_no_errors() -> None:
    criteria = Criteria(
        service_types=("data", "voice.sip"),
        territory=Territory(countries=("US",), states=("US-CA", "GB-ENG"), postal_prefixes=("US-902", "CA-M5V")),
        coverage=Coverage(CoverageKind.SHARE, percent=Decimal(100)),
        bandwidth_mbps=Range(Decimal(10), Decimal(10)),
        sites=Range(low=Decimal(1)),
        term_months=Range(high=Decimal(60)),
        start_date=DateRange(date(2030, 1, 1), date(2030, 1, 1)),
        required_features=("ipv6",),
        excluded_features=("bgp",),
        industries=("J",),
        currencies=("USD",),
        consolidated_invoice=False,
    )
    assert errors(criteria) == {}
    assert errors(Criteria()) == {}


def test_an_unknown_service_type_is_answered_with_the_closest_one() -> None:
    got = errors(Criteria(service_types=("voice", "data.sdwan", "???")))
    assert set(got) == {"/criteria/service_types/1", "/criteria/service_types/2"}
    assert "did you mean 'data.sd-wan'?" in got["/criteria/service_types/1"]
    assert "catalogue" in got["/criteria/service_types/2"]


def test_an_unknown_feature_is_answered_with_the_closest_one() -> None:
    assert "did you mean 'ipv6'?" in errors(Criteria(excluded_features=("ipv",)))["/criteria/excluded_features/0"]


def test_a_feature_can_not_be_required_and_excluded() -> None:
    got = errors(Criteria(required_features=("bgp", "ipv6"), excluded_features=("ipv6",)))
    assert set(got) == {"/criteria/required_features/1"}


@pytest.mark.parametrize("name", ["bandwidth_mbps", "sites", "monthly_spend", "term_months"])
def test_ranges_run_upwards_from_zero(name: str) -> None:
    pointer = f"/criteria/{name}"
    assert set(errors(Criteria(**{name: Range(Decimal(2), Decimal(1))}))) == {pointer}  # type: ignore[arg-type]
    assert set(errors(Criteria(**{name: Range(low=Decimal(-1))}))) == {f"{pointer}/low"}  # type: ignore[arg-type]
    assert set(errors(Criteria(**{name: Range(high=Decimal("NaN"))}))) == {f"{pointer}/high"}  # type: ignore[arg-type]


def test_sites_and_months_are_whole_numbers_and_dates_run_forwards() -> None:
    half = Range(low=Decimal("1.5"))
    got = errors(
        Criteria(
            sites=half, term_months=half, monthly_spend=half, start_date=DateRange(date(2031, 1, 1), date(2030, 1, 1))
        )
    )
    assert set(got) == {"/criteria/sites/low", "/criteria/term_months/low", "/criteria/start_date"}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("countries", value) for value in ("us", "USA", "U", "", "US\n")),
        *(("states", value) for value in ("CA", "US-ca", "US_CA", "US-", "US-CALI")),
        *(("countries", value) for value in ("XX", "ZZ")),
        *(("states", value) for value in ("US-XX", "CA-ZZ", "XX-A")),
        *(("postal_prefixes", value) for value in ("902", "US-", "us-902", "CA-M5V 2", "US902", "XX-1")),
        *(("cells", value) for value in ("", "89283", "89283470C27FFFF", "892830828ffffff", "8b28308280c0fff")),
        ("saved", "ter_of_another"),
    ],
)
def test_badly_written_places_are_refused_in_both_territories(name: str, wrong: str) -> None:
    territory = replace(Territory(), **{name: (wrong,)})  # type: ignore[arg-type]
    assert set(errors(Criteria(territory=territory))) == {f"/criteria/territory/{name}/0"}
    assert set(errors(Criteria(excluded_territory=territory))) == {f"/criteria/excluded_territory/{name}/0"}


@pytest.mark.parametrize(
    ("coverage", "member"),
    [
        (Coverage(CoverageKind.AT_LEAST), "sites"),
        (Coverage(CoverageKind.AT_LEAST, sites=0), "sites"),
        (Coverage(CoverageKind.SHARE), "percent"),
        (Coverage(CoverageKind.SHARE, percent=Decimal(-1)), "percent"),
        (Coverage(CoverageKind.SHARE, percent=Decimal("100.1")), "percent"),
        (Coverage(CoverageKind.SHARE, percent=Decimal("NaN")), "percent"),
        (Coverage(CoverageKind.ALL, sites=3), "sites"),
        (Coverage(CoverageKind.ANY, percent=Decimal(3)), "percent"),
    ],
)
def test_coverage_needs_its_figure_and_no_other(coverage: Coverage, member: str) -> None:
    assert set(errors(Criteria(coverage=coverage))) == {f"/criteria/coverage/{member}"}


def test_cells_of_resolution_0_to_10_and_own_saved_territories_are_taken() -> None:
    cells = tuple(f"{cell:x}" for cell in keys.cells_of_point(37.77, -122.42))
    territory = Territory(cells=cells, saved=("ter_1",), net=Net.NEAR)
    assert rules.check_criteria(Criteria(territory=territory), NODES, FEATURES, frozenset({"ter_1"})) == ()
    finer = errors(Criteria(territory=Territory(cells=("8b28308280c0fff",))))
    assert "name 8a28308280c7fff" in finer["/criteria/territory/cells/0"]
    many = errors(Criteria(territory=Territory(saved=("ter_1",) * (place_rules.MAX_SAVED + 1))))
    assert set(many) == {"/criteria/territory/saved"}


def test_lists_are_limited() -> None:
    codes = tuple(f"US-{n:05}" for n in range(place_rules.MAX_PLACES))
    assert errors(Criteria(territory=Territory(postal_prefixes=codes))) == {}
    over = errors(Criteria(territory=Territory(states=("US-CA",), postal_prefixes=codes)))
    assert set(over) == {"/criteria/territory"}
    assert "5,001" in over["/criteria/territory"]
    assert set(errors(Criteria(service_types=("x",) * 201))) == {"/criteria/service_types"}
    assert set(errors(Criteria(industries=("J",) * 201))) == {"/criteria/industries"}


def test_the_number_of_errors_is_limited() -> None:
    wrong = tuple(str(n) for n in range(1000))
    got = rules.check_criteria(Criteria(territory=Territory(states=wrong)), NODES, FEATURES)
    assert len(got) == rules.MAX_ERRORS


def test_bands_and_currencies_are_named() -> None:
    got = errors(Criteria(sizes=("",), regions=(" x",), currencies=("usd",)))
    assert set(got) == {"/criteria/sizes/0", "/criteria/regions/0", "/criteria/currencies/0"}


def provider(status: ProviderStatus) -> Provider:
    return Provider(OrganizationId("org_1"), "Carrier", status)


def test_only_an_approved_provider_may_bid() -> None:
    assert [status for status in ProviderStatus if rules.may_bid(provider(status))] == [ProviderStatus.APPROVED]


@pytest.mark.parametrize(
    ("step", "start", "outcome"),
    [
        (rules.approve, ProviderStatus.PENDING, ProviderStatus.APPROVED),
        (rules.approve, ProviderStatus.SUSPENDED, ProviderStatus.APPROVED),
        (rules.approve, ProviderStatus.APPROVED, rules.ProviderAlreadyApprovedError),
        (rules.approve, ProviderStatus.CLOSED, rules.ProviderClosedError),
        (rules.suspend, ProviderStatus.APPROVED, ProviderStatus.SUSPENDED),
        (rules.suspend, ProviderStatus.PENDING, rules.ProviderNotApprovedError),
        (rules.suspend, ProviderStatus.SUSPENDED, rules.ProviderNotApprovedError),
        (rules.suspend, ProviderStatus.CLOSED, rules.ProviderClosedError),
        (rules.close, ProviderStatus.PENDING, ProviderStatus.CLOSED),
        (rules.close, ProviderStatus.APPROVED, ProviderStatus.CLOSED),
        (rules.close, ProviderStatus.SUSPENDED, ProviderStatus.CLOSED),
        (rules.close, ProviderStatus.CLOSED, rules.ProviderClosedError),
    ],
)
def test_the_life_of_a_provider(step, start, outcome) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001 - a table
    if isinstance(outcome, ProviderStatus):
        assert step(provider(start)) == provider(outcome)
    else:
        with pytest.raises(outcome):
            step(provider(start))


RECEIVED = Invitation(
    InvitationId("inv_1"),
    OrganizationId("org_1"),
    RequestId("req_1"),
    filter_id="flt_1",
    reason="",
    status=InvitationStatus.RECEIVED,
    received_at=NOW - timedelta(days=1),
)
LATER = NOW + timedelta(hours=1)


def test_the_first_look_counts() -> None:
    seen = rules.see(RECEIVED, NOW)
    assert (seen.status, seen.seen_at) == (InvitationStatus.SEEN, NOW)
    assert rules.see(seen, LATER) == seen
    bid = rules.record_bid(seen, LATER)
    assert rules.see(bid, LATER) == bid


def test_a_decline_keeps_reason_and_words() -> None:
    declined = rules.decline(RECEIVED, "capacity", "  full until May ", NOW)
    assert declined.status is InvitationStatus.DECLINED
    assert declined.decline_reason == "capacity: full until May"
    assert (declined.seen_at, declined.declined_at) == (NOW, NOW)
    assert rules.decline(RECEIVED, "terms", "", NOW).decline_reason == "terms"
    assert rules.see(declined, LATER) == declined


@pytest.mark.parametrize(
    ("reason", "text", "pointer"),
    [("", "", "/reason"), ("mood", "x", "/reason"), ("other", " ", "/text"), ("terms", "x" * 2001, "/text")],
)
def test_a_decline_needs_a_reason_from_the_list(reason: str, text: str, pointer: str) -> None:
    with pytest.raises(MalformedError) as caught:
        rules.decline(RECEIVED, reason, text, NOW)
    assert [error.pointer for error in caught.value.errors] == [pointer]


def test_declining_after_a_bid_or_twice_is_refused() -> None:
    with pytest.raises(rules.InvitationHasBidError):
        rules.decline(rules.record_bid(RECEIVED, NOW), "capacity", "", NOW)
    with pytest.raises(rules.InvitationDeclinedError):
        rules.decline(rules.decline(RECEIVED, "capacity", "", NOW), "terms", "", NOW)


def test_a_declined_invitation_takes_no_bid_until_it_is_reopened() -> None:
    declined = rules.decline(RECEIVED, "capacity", "", NOW)
    with pytest.raises(rules.InvitationDeclinedError):
        rules.record_bid(declined, NOW)
    reopened = rules.reopen(declined, NOW, LATER)
    assert reopened == replace(RECEIVED, status=InvitationStatus.SEEN, seen_at=NOW)
    assert rules.record_bid(reopened, LATER).status is InvitationStatus.BID


def test_reopening_ends_at_the_close_and_is_for_declined_ones() -> None:
    declined = rules.decline(RECEIVED, "capacity", "", NOW)
    with pytest.raises(rules.InvitationClosedError):
        rules.reopen(declined, LATER, LATER)
    assert rules.reopen(declined, LATER, None).status is InvitationStatus.SEEN
    for other in (RECEIVED, rules.see(RECEIVED, NOW), rules.record_bid(RECEIVED, NOW)):
        with pytest.raises(rules.InvitationNotDeclinedError):
            rules.reopen(other, NOW, LATER)


def test_a_band_that_no_buyer_can_disclose_is_refused_with_those_that_it_can() -> None:
    got = errors(Criteria(industries=("education",), sizes=("100-249",), regions=("US-CA",)))
    assert set(got) == {"/criteria/industries/0", "/criteria/sizes/0", "/criteria/regions/0"}
    assert "50-249, 250-999" in got["/criteria/sizes/0"]
    every = Criteria(industries=bands.INDUSTRIES, sizes=bands.SIZES, regions=bands.REGIONS)
    assert errors(every) == {}


def test_the_bands_of_filters_are_those_of_buyers() -> None:
    assert set(bands.INDUSTRIES) == set(buyer_rules.INDUSTRIES)
    assert bands.SIZES == buyer_rules.SIZES
    assert set(bands.REGIONS) == {*regions.REGION_BY_COUNTRY.values(), *regions.REGION_BY_STATE.values()}
