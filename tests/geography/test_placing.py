"""A site is placed as exactly as is disclosed and no finer, and what is missing or contradicts itself is told."""

from dataclasses import replace
from itertools import pairwise

import h3
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.geography import keys
from marketplace.geography.address import Address, street_line
from marketplace.geography.keys import PackedKeys, packed
from marketplace.geography.placing import Known, Precision, distance_km, place, site_keys
from marketplace.geography.us_places import city_point, zip_place

FINER = (Precision.CITY, Precision.POSTAL, Precision.BUILDING, Precision.EXACT)
BEVERLY_HILLS = Address("US", "CA", "Beverly Hills", "90210-1234", "1 Main St", 34.0901, -118.4065)

latitudes, longitudes = st.floats(-89, 89), st.floats(-180, 180)
zips = st.sampled_from(["90210", "94103", "02108", "60601", "79936", "99501", "96813", "33109"])


def at_zip(code: str, off_north: float, off_east: float) -> Address:
    """Return an address in a ZIP code, with coordinates so many degrees from its middle."""
    known = zip_place(code)
    assert known is not None
    north, east = known.latitude + off_north, known.longitude + off_east
    return Address("US", known.state, known.city, code, "1 Main St", north, east)


addresses = st.builds(at_zip, zips, st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))


@settings(deadline=None)
@given(addresses)
def test_countries_states_and_postal_prefixes_are_never_lost_by_a_finer_disclosure(address: Address) -> None:
    state = address.state
    names = {keys.country_key("US"), keys.state_key(f"US-{state}")}
    names |= {keys.postal_key(f"US-{address.postal_code[:end]}") for end in range(1, 6)}
    for coarser, finer in pairwise(FINER):
        assert site_keys(address, coarser) & names <= site_keys(address, finer) & names
    assert names <= site_keys(address, Precision.POSTAL)
    assert len(site_keys(address, Precision.CITY) & names) == 2


@settings(deadline=None)
@given(addresses, st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.text("abc", max_size=8))
def test_keys_are_the_same_whatever_is_not_disclosed(address: Address, north: float, east: float, street: str) -> None:
    assert address.latitude is not None
    assert address.longitude is not None
    moved = replace(address, latitude=address.latitude + north, longitude=address.longitude + east, street=street)
    assert site_keys(moved, Precision.POSTAL) == site_keys(address, Precision.POSTAL)
    renumbered = replace(moved, postal_code="90211" if address.state == "CA" else address.postal_code)
    assert site_keys(renumbered, Precision.CITY) == site_keys(address, Precision.CITY)


@settings(max_examples=200, deadline=None)
@given(addresses, st.integers(0, keys.FINEST))
def test_a_cell_around_the_site_covers_it_also_by_its_postal_code_or_city_when_their_middle_is_in_the_same_large_cell(
    address: Address, resolution: int
) -> None:
    """What is guaranteed of near keys: by postal code for the same cell of resolution 5, by city for 4."""
    assert address.latitude is not None
    assert address.longitude is not None
    own = keys.cells_of_point(address.latitude, address.longitude)
    territory = frozenset(keys.of_cell(f"{own[resolution]:x}"))
    assert territory & site_keys(address, Precision.EXACT)
    for precision, large in ((Precision.POSTAL, keys.POSTAL_RESOLUTION), (Precision.CITY, keys.CITY_RESOLUTION)):
        shown = site_keys(address, precision)
        if own[large] in shown:
            assert territory & shown


@settings(max_examples=200, deadline=None)
@given(addresses)
def test_a_lit_building_covers_its_site_at_every_disclosure_of_its_postal_code(address: Address) -> None:
    territory = frozenset(keys.of_building("US", address.postal_code, "1 MAIN STREET, Suite 5", address.point))
    for precision in (Precision.EXACT, Precision.BUILDING, Precision.POSTAL):
        assert territory & site_keys(address, precision)
    other = replace(address, street="2 Main St")
    assert not territory & site_keys(other, Precision.EXACT)
    assert territory & site_keys(other, Precision.POSTAL)


@given(latitudes, longitudes)
def test_cells_nest(latitude: float, longitude: float) -> None:
    cells = [f"{cell:x}" for cell in keys.cells_of_point(latitude, longitude)]
    assert [h3.get_resolution(cell) for cell in cells] == list(range(keys.FINEST + 1))
    assert all(h3.cell_to_parent(fine) == coarse for coarse, fine in pairwise(cells))


@given(st.frozensets(st.integers(0, 2**64 - 1), max_size=50), st.frozensets(st.integers(0, 2**64 - 1), max_size=20))
def test_packed_keys_are_the_set_that_was_packed(some: frozenset[int], others: frozenset[int]) -> None:
    stored = PackedKeys(packed(some))
    assert frozenset(stored) == some
    assert len(stored) == len(some)
    for asked in (others, others | frozenset(list(some)[:1])):
        assert stored.isdisjoint(asked) == some.isdisjoint(asked)


def test_cells_are_their_own_keys_and_no_other_key_equals_one() -> None:
    cell = h3.latlng_to_cell(37.77, -122.42, 9)
    assert keys.cell_key(cell) == int(cell, 16) < 2**63
    named = [keys.country_key("US"), keys.state_key("US"), keys.postal_key("US"), keys.near_postal_key("US")]
    named += [keys.near_cell_key(int(cell, 16)), keys.near_building_key(int(cell, 16))]
    assert len(set(named)) == len(named)
    assert all(2**63 <= key < 2**64 for key in named)
    assert [keys.is_near(key) for key in named] == [False, False, False, True, True, True]
    assert not keys.is_near(keys.cell_key(cell))


@pytest.mark.parametrize(
    ("address", "precision", "by", "missing"),
    [
        (BEVERLY_HILLS, Precision.EXACT, Known.COORDINATES, ""),
        (BEVERLY_HILLS, Precision.POSTAL, Known.POSTAL_CODE, ""),
        (BEVERLY_HILLS, Precision.CITY, Known.CITY, ""),
        (Address("US", "CA", "Los Angeles"), Precision.POSTAL, Known.CITY, "the postal code"),
        (Address("US", "", "", "90210"), Precision.POSTAL, Known.POSTAL_CODE, ""),
        (Address("US", "CA"), Precision.CITY, Known.STATE, "the city, latitude and longitude"),
        (Address("DE", "BE", "Berlin", "10115", "", 52.5, 13.4), Precision.CITY, Known.CITY, ""),
        (Address("FR"), Precision.CITY, Known.COUNTRY, "the state or province, the city, latitude and longitude"),
        (Address(""), Precision.EXACT, Known.NOTHING, "the country, so that any territory can cover it"),
    ],
)
def test_how_a_site_was_placed_and_what_to_add(address: Address, precision: Precision, by: Known, missing: str) -> None:
    placing = place(address, precision)
    assert (placing.by, placing.add) == (by, missing)


def test_contradictions_are_told_and_the_site_keeps_all_that_it_says() -> None:
    wrong_state = place(replace(BEVERLY_HILLS, state="NV"), Precision.POSTAL)
    assert wrong_state.findings == ("ZIP code 90210 is Beverly Hills, CA; the state given is NV",)
    assert {keys.state_key("US-NV"), keys.postal_key("US-90210")} <= wrong_state.keys
    elsewhere = place(replace(BEVERLY_HILLS, latitude=40.7, longitude=-74.0), Precision.EXACT)
    assert elsewhere.findings == ("the coordinates are 3,948 km from ZIP code 90210",)
    assert place(replace(BEVERLY_HILLS, postal_code="00000"), Precision.POSTAL).findings == (
        "00000 is no ZIP code in use that we know",
    )
    nowhere = place(replace(BEVERLY_HILLS, latitude=float("nan")), Precision.EXACT)
    assert (nowhere.by, nowhere.findings) == (Known.POSTAL_CODE, ("nan, -118.4065 is no point on the earth",))


def test_the_state_of_a_postal_code_that_is_not_disclosed_is_not_told() -> None:
    hidden = Address("US", "", "", "90210")
    assert site_keys(hidden, Precision.CITY) == {keys.country_key("US")}
    assert keys.state_key("US-CA") in site_keys(hidden, Precision.POSTAL)


@given(latitudes, longitudes, latitudes, longitudes)
def test_distances_are_symmetric_and_not_beyond_half_the_earth(
    north: float, east: float, other_north: float, other_east: float
) -> None:
    one, other = (north, east), (other_north, other_east)
    assume(one != other)
    assert distance_km(one, other) == pytest.approx(distance_km(other, one))
    assert distance_km(one, other) <= 20_016
    assert distance_km(one, other) == pytest.approx(h3.great_circle_distance(one, other, unit="km"), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 Market Street, Suite 300", "1 MARKET ST"),
        ("200 North Ave. East", "200 n avenue e"),
        ("5 Rue de l'Église", "5 rue de l eglise"),
    ],
)
def test_ways_of_writing_a_street_are_one(one: str, other: str) -> None:
    assert street_line(one) == street_line(other) != ""


def test_cities_are_found_under_their_usual_names() -> None:
    assert city_point("St. Louis", "mo") == city_point("Saint Louis", "MO") is not None
    assert city_point("Nowhere at all", "CA") is None
    assert zip_place("902101234") == zip_place("90210-1234") == zip_place("90210") is not None


@pytest.mark.parametrize("street", ["PO Box 12", "P.O. Box 12", "Post Office Box 12", "Postfach 12", "Broadway", ""])
def test_coordinates_that_the_disclosed_address_does_not_lead_to_stay_hidden(street: str) -> None:
    there = Address("US", "NV", "Reno", "89501", street, 39.52, -119.81)
    elsewhere = replace(there, latitude=39.57, longitude=-119.75)
    assert site_keys(there, Precision.EXACT) != site_keys(elsewhere, Precision.EXACT)
    assert site_keys(there, Precision.BUILDING) == site_keys(elsewhere, Precision.BUILDING)
    nowhere = replace(there, street="1 Main Street", postal_code="", city="")
    moved = replace(nowhere, latitude=39.57, longitude=-119.75)
    assert site_keys(nowhere, Precision.BUILDING) == site_keys(moved, Precision.BUILDING)


@pytest.mark.parametrize("street", ["PO Box 12", "Broadway"])
@pytest.mark.parametrize("precision", [Precision.EXACT, Precision.BUILDING])
def test_a_site_without_a_house_number_may_be_any_lit_building_of_its_postal_code(
    street: str, precision: Precision
) -> None:
    placed = place(Address("US", "NV", "Reno", "89501", street), precision)
    assert frozenset(keys.of_building("US", "89501", "9 Virginia Street", (39.52, -119.81))) & placed.keys
    assert "street and house number" in placed.add
