from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from buyers.registry import rules
from buyers.registry.model import (
    Buyer,
    Contact,
    Decision,
    Demographics,
    Number,
    NumberKind,
    SiteDetails,
    Verification,
    VerificationStatus,
)
from buyers.registry.numbers import WrongNumberError, check_number, country_of
from buyers.registry.regions import REGION_BY_COUNTRY, REGION_BY_STATE
from marketplace.kernel.ids import OrganizationId, UserId

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
LIBRARY = Demographics("P", 120, 9, "US", "NY", Decimal(90_000))
ANN, BEN = UserId("usr_ann"), UserId("usr_ben")

demographics = st.builds(
    Demographics,
    industry=st.sampled_from(sorted(rules.INDUSTRIES)),
    employees=st.integers(1, 10**7),
    sites=st.integers(1, 10**6),
    country=st.sampled_from(sorted(REGION_BY_COUNTRY)),
    region=st.sampled_from(sorted(REGION_BY_STATE)),
    annual_telecom_spend=st.none() | st.decimals(0, 10**9, places=2),
)
verifications = st.builds(
    Verification,
    status=st.sampled_from(VerificationStatus),
    since=st.just(NOW),
    reason=st.text(max_size=5),
    until=st.sampled_from([None, NOW, NOW + timedelta(days=3)]),
    flagged_by=st.sampled_from([None, ANN, BEN]),
)


@given(demographics)
def test_valid_demographics_have_bands_and_nothing_finer_gets_through(given_demographics: Demographics) -> None:
    assert rules.check_demographics(given_demographics) == ()
    bands = rules.bands_of(given_demographics)
    assert bands.industry in rules.INDUSTRIES
    assert bands.size in rules.SIZES
    regions = {*REGION_BY_COUNTRY.values(), *REGION_BY_STATE.values()}
    assert bands.region in regions
    coarser = replace(given_demographics, sites=1, annual_telecom_spend=None)
    assert rules.bands_of(coarser) == bands


@given(st.integers(1, 10**7))
def test_a_size_band_holds_its_number_of_employees(employees: int) -> None:
    band = rules.bands_of(replace(LIBRARY, employees=employees)).size
    low, _, high = band.rstrip("+").partition("-")
    assert int(low) <= employees
    assert band == "5000+" or employees <= int(high)


def test_the_united_states_have_census_regions_and_the_rest_of_the_world_continents() -> None:
    states = {"NY": "US-Northeast", "IL": "US-Midwest", "DC": "US-South", "CA": "US-West", "PR": "US-Territories"}
    found = {state: rules.bands_of(replace(LIBRARY, region=state)).region for state in states}
    assert found == states
    assert rules.bands_of(replace(LIBRARY, country="DE", region="")).region == "Europe"
    assert rules.bands_of(replace(LIBRARY, country="MX", region="")).region == "Latin America"
    assert len([state for state, region in REGION_BY_STATE.items() if region != "US-Territories"]) == 51
    assert len(REGION_BY_COUNTRY) == 249


def test_wrong_demographics_are_named_one_by_one() -> None:
    wrong = Demographics("Z", 0, 0, "us", "", Decimal(-1))
    pointers = {error.pointer for error in rules.check_demographics(wrong)}
    assert pointers == {"/industry", "/employees", "/sites", "/annual_telecom_spend", "/country"}
    (error,) = rules.check_demographics(replace(LIBRARY, region=""))
    assert error.pointer == "/region"
    assert "CA" in error.message


@pytest.mark.parametrize(
    ("kind", "typed", "normal"),
    [
        (NumberKind.LEI, " 2138 00KUD8LAJWSQ9D15 ", "213800KUD8LAJWSQ9D15"),
        (NumberKind.LEI, "213800kud8lajwsq9d15", "213800KUD8LAJWSQ9D15"),
        (NumberKind.VAT, "de 136 695 976", "DE136695976"),
        (NumberKind.VAT, "ATU 57194903", "ATU57194903"),
        (NumberKind.VAT, "EL 094259216", "EL094259216"),
        (NumberKind.EIN, "911144442", "91-1144442"),
        (NumberKind.EIN, "91-1144442", "91-1144442"),
        (NumberKind.DUNS, "15-048-3782", "150483782"),
    ],
)
def test_a_number_has_one_spelling(kind: NumberKind, typed: str, normal: str) -> None:
    assert check_number(kind, typed) == normal
    assert check_number(kind, normal) == normal


@pytest.mark.parametrize(
    ("kind", "typed", "right"),
    [
        (NumberKind.LEI, "213800KUD8LXJWSQ9D15", "check digits"),
        (NumberKind.LEI, "213800", "20 letters and digits"),
        (NumberKind.VAT, "DE136695977", "check digits"),
        (NumberKind.VAT, "DE12", "length"),
        (NumberKind.VAT, "136695976", "prefix"),
        (NumberKind.VAT, "EU372000041", "prefix"),
        (NumberKind.EIN, "07-1144442", "nine digits"),
        (NumberKind.EIN, "91-114444", "nine digits"),
        (NumberKind.DUNS, "15-048-378", "nine digits"),
        (NumberKind.DUNS, "000000000", "nine digits"),
        (NumberKind.DUNS, "١٢٣٤٥٦٧٨٩", "plain"),
        (NumberKind.LEI, "", "plain"),
    ],
)
def test_a_wrong_number_is_told_what_would_be_right(kind: NumberKind, typed: str, right: str) -> None:
    with pytest.raises(WrongNumberError, match=right):
        check_number(kind, typed)


@given(st.sampled_from(NumberKind), st.text(max_size=45) | st.from_regex(r"[A-Z]{2}[0-9A-Z .-]{2,14}", fullmatch=True))
def test_any_text_is_a_number_in_normal_form_or_refused(kind: NumberKind, typed: str) -> None:
    try:
        normal = check_number(kind, typed)
    except WrongNumberError:
        return
    assert check_number(kind, normal) == normal
    assert normal.isascii()
    assert len(country_of(kind, normal)) in {0, 2}


@given(st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=18, max_size=18), st.integers(0, 17), st.data())
def test_an_lei_with_one_mistyped_character_is_refused(body: str, at: int, data: st.DataObject) -> None:
    valid = body + mod_97_10.calc_check_digits(body)
    assert check_number(NumberKind.LEI, valid) == valid
    # mod 97-10 sees every substitution of a character by one of the same class
    others = "0123456789" if body[at].isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    other = data.draw(st.sampled_from(others.replace(body[at], "")))
    with pytest.raises(WrongNumberError):
        check_number(NumberKind.LEI, valid[:at] + other + valid[at + 1 :])


@given(verifications, st.sampled_from(Decision), st.sampled_from([ANN, BEN]))
def test_who_flags_a_case_never_ends_it(before: Verification, decision: Decision, admin: UserId) -> None:
    try:
        after = rules.decided(before, decision, admin, "because", NOW)
    except (rules.NotDecidableError, rules.SecondAdminNeededError):
        return
    if decision is Decision.FLAG:
        assert (after.status, after.until, after.flagged_by) == (before.status, before.until, admin)
    else:
        assert before.flagged_by != admin
        assert after.flagged_by is None
        assert after.reason == "because"


@given(verifications, st.sampled_from(Decision))
def test_nobody_is_verified_but_by_a_decision_on_a_case_that_was_asked_for(
    before: Verification, decision: Decision
) -> None:
    before = replace(before, flagged_by=None)
    try:
        after = rules.decided(before, decision, ANN, "because", NOW)
    except rules.NotDecidableError:
        return
    newly = rules.is_verified(after, NOW) and not rules.is_verified(before, NOW)
    assert not newly or decision is Decision.VERIFY
    if decision is Decision.VERIFY:
        assert before.status in {VerificationStatus.PENDING, VerificationStatus.VERIFIED}
        assert after.until == NOW + timedelta(days=365)


@given(verifications, st.integers(0, 3))
def test_asking_again_keeps_the_flag(before: Verification, evidence: int) -> None:
    try:
        after = rules.submitted(before, NOW, evidence=evidence)
    except rules.NotSubmittableError:
        assert not evidence or before.status is VerificationStatus.PENDING or rules.is_verified(before, NOW)
        return
    assert after.status is VerificationStatus.PENDING
    assert after.flagged_by == before.flagged_by
    assert evidence


@given(verifications)
def test_a_verification_ends_by_the_clock_whether_or_not_the_alarm_rang(before: Verification) -> None:
    if before.until is None or before.status is not VerificationStatus.VERIFIED:
        return
    assert not rules.is_verified(before, before.until)
    ended = rules.expired(before, before.until)
    assert ended is not None
    assert ended.status is VerificationStatus.EXPIRED
    assert rules.expired(before, before.until - timedelta(microseconds=1)) is None


@given(verifications)
def test_only_a_verified_identity_that_changes_is_reopened(before: Verification) -> None:
    after = rules.reopened(before, NOW)
    assert not rules.is_verified(after, NOW)
    assert after.flagged_by == before.flagged_by
    if before.status is not VerificationStatus.VERIFIED:
        assert after == before


def test_checks_compare_the_evidence_with_what_the_buyer_says() -> None:
    contact = Contact("Dana Whitfield", "dana@gmail.com", "+1 212 555 0100")
    numbers = (Number(NumberKind.EIN, "91-1144442"), Number(NumberKind.VAT, "DE136695976"))
    buyer = Buyer(OrganizationId("org_1"), "Riverbend", contact, LIBRARY, numbers, rules.unverified(NOW), 1, NOW)
    found = {check.name: check.passed for check in rules.checks_of(buyer, (), {NumberKind.EIN})}
    assert found == {
        "evidence": True,
        "ein: format": True,
        "ein: country": True,
        "ein: claimed once": False,
        "vat: format": True,
        "vat: country": False,
        "vat: claimed once": True,
        "contact: own mail domain": False,
    }


def test_a_site_has_a_label_and_a_whole_position() -> None:
    assert rules.check_site(SiteDetails("HQ", "US", latitude=Decimal("40.7"), longitude=Decimal(-74))) == ()
    wrong = SiteDetails("", "US", latitude=Decimal(91))
    assert {error.pointer for error in rules.check_site(wrong)} == {"/label", "/latitude", "/longitude"}
