"""Placing a site without a network: which place keys it has, how exactly it is known, and what to add or correct.

A site gets keys at the precision that is disclosed, never finer: who compares thousands of narrow territories with it
learns no more than what is disclosed anyway.

- ``EXACT``, ``BUILDING``: country, state, postal code and its beginnings, the building, cells down to resolution 10 of
  the coordinates. Without coordinates the middle of the postal code or city stands for the site, as below. At
  ``BUILDING`` coordinates are not disclosed themselves: they count only beside a house number in a place.
- ``POSTAL``: country, state, postal code and its beginnings, cells down to resolution 5 of the postal code's middle.
- ``CITY``: country, state, cells down to resolution 4 of the city's middle; no postal code.

What is missing of the disclosed place makes the site coarser: a postal code that isn't given leaves the city. Where no
table knows a disclosed postal code or city, the cells of the coordinates down to resolution 4 (about 1,800 km², no
smaller than a city) stand for it. A site known by the middle of something also has the **near** keys of that cell.
"""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from marketplace.geography import codes, keys
from marketplace.geography.address import (
    ZIP_COUNTRIES,
    Address,
    country_code,
    postal_area,
    postal_code,
    state_code,
    street_line,
)
from marketplace.geography.us_places import ZipPlace, city_point, zip_place

FAR_KM = 150
"""Coordinates further than this from their ZIP code's or city's middle contradict it: the widest are in Alaska."""

_MILITARY = frozenset({"AA", "AE", "AP"})
"""What stands for a state in addresses of the armed forces; no ZIP code of theirs is a place."""
_EARTH_KM = 6371.0088
_FULL_TURN, _QUARTER_TURN = 180, 90

Point = tuple[float, float]


class Precision(StrEnum):
    """How exactly a place may be known."""

    EXACT = "exact"
    BUILDING = "building"
    POSTAL = "postal code"
    CITY = "city"


class Known(StrEnum):
    """By what a site was placed, the most exact first."""

    COORDINATES = "coordinates"
    POSTAL_CODE = "postal code"
    CITY = "city"
    STATE = "state"
    COUNTRY = "country"
    NOTHING = "not placed"


@dataclass(frozen=True, slots=True)
class Placing:
    """Where a site counts as being.

    ``by`` says how it was placed, ``add`` in words what to add so that more territories find it (empty when nothing),
    ``findings`` what contradicts itself. The site keeps the keys of everything that it says, contradictory or not.
    """

    keys: frozenset[int]
    by: Known
    add: str
    findings: tuple[str, ...]


def place(address: Address, precision: Precision) -> Placing:
    """Return the keys of a site and how it was placed, as exactly as ``precision`` allows."""
    sound = _sound(address)
    country = country_code(sound.country)
    if not country:
        return Placing(frozenset(), Known.NOTHING, "the country, so that any territory can cover it", ())
    known_zip = _zip(sound)
    by, cells, near = _cells(sound, precision, known_zip)
    # the state of a postal code that isn't disclosed would be finer than what is
    told = known_zip if precision is not Precision.CITY and country == "US" else None
    state = state_code(country, sound.state or (told.state if told else ""))
    found = {keys.country_key(country), *cells, *near}
    if state:
        found.add(keys.state_key(state))
        by = Known.STATE if by is Known.COUNTRY else by
    if precision is not Precision.CITY:
        found |= _postal_keys(sound)
    if precision in {Precision.EXACT, Precision.BUILDING}:
        found |= _building_keys(sound, cells)
    elif precision is Precision.POSTAL and sound.postal_code:
        found.add(keys.near_postal_key(postal_area(country, sound.postal_code)))
    return Placing(frozenset(found), by, _missing(sound, precision, by, state), _findings(address, known_zip))


def site_keys(address: Address, precision: Precision) -> frozenset[int]:
    """Return the place keys of a site as exactly as ``precision`` allows; none where not even a country is given."""
    return place(address, precision).keys


def distance_km(one: Point, other: Point) -> float:
    """Return the great-circle distance of two points in kilometres."""
    (lat_1, lon_1), (lat_2, lon_2) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(min(1.0, math.sqrt(half)))


def middle_of(address: Address) -> tuple[Known, Point] | None:
    """Return the most exact point that is known of an address, by coordinates, ZIP code or city; None without one."""
    sound = _sound(address)
    if sound.point:
        return Known.COORDINATES, sound.point
    known_zip = _zip(sound)
    if known_zip:
        return Known.POSTAL_CODE, (known_zip.latitude, known_zip.longitude)
    city = _city(sound, None)
    return (Known.CITY, city) if city else None


def _sound(address: Address) -> Address:
    """Return the address without coordinates that are none."""
    point = address.point
    if point and all(map(math.isfinite, point)) and abs(point[0]) <= _QUARTER_TURN and abs(point[1]) <= _FULL_TURN:
        return address
    return replace(address, latitude=None, longitude=None)


def _zip(address: Address) -> ZipPlace | None:
    return zip_place(address.postal_code) if country_code(address.country) in ZIP_COUNTRIES else None


def _names_building(address: Address) -> bool:
    """Return whether the address alone leads to the building, so that its coordinates tell nothing more."""
    has_number = any(map(str.isdecimal, street_line(address.street)))
    return has_number and bool(address.postal_code.strip() or address.city.strip())


def _city(address: Address, known_zip: ZipPlace | None) -> Point | None:
    """Return the middle of the city; of the ZIP code's city where the city's own name is not in the table."""
    country = country_code(address.country)
    if country not in ZIP_COUNTRIES or not address.city.strip():
        return None
    state = address.state or (country if country != "US" else known_zip.state if known_zip else "")
    named = city_point(address.city, state)
    if named is None and known_zip is not None:
        return city_point(known_zip.city, known_zip.state)
    return named


def _cells(
    address: Address, precision: Precision, known_zip: ZipPlace | None
) -> tuple[Known, tuple[int, ...], tuple[int, ...]]:
    """Return by what the site is placed, its cells, and the near keys of the finest cell if that is not its own."""
    exact = precision is Precision.EXACT or (precision is Precision.BUILDING and _names_building(address))
    if exact and address.point:
        return Known.COORDINATES, _cells_of(address.point, keys.FINEST), ()
    if precision is not Precision.CITY and known_zip:
        cells = _cells_of((known_zip.latitude, known_zip.longitude), keys.POSTAL_RESOLUTION)
        return Known.POSTAL_CODE, cells, _near(cells, exact=exact and _names_building(address))
    disclosed = address.city.strip() or (precision is not Precision.CITY and address.postal_code.strip())
    stands_for_it = _city(address, known_zip) or (address.point if disclosed else None)
    if stands_for_it is None:
        return Known.COUNTRY, (), ()
    cells = _cells_of(stands_for_it, keys.CITY_RESOLUTION)
    by = Known.POSTAL_CODE if precision is not Precision.CITY and not address.city.strip() else Known.CITY
    return by, cells, _near(cells, exact=False)


@lru_cache(maxsize=50_000)
def _cells_of(point: Point, finest: int) -> tuple[int, ...]:
    return keys.cells_of_point(*point, finest)


def _near(cells: tuple[int, ...], *, exact: bool) -> tuple[int, ...]:
    """Return the near keys of the finest cell; a site whose address is known is in no building but its own."""
    area = keys.near_cell_key(cells[-1])
    return (area,) if exact else (area, keys.near_building_key(cells[-1]))


def _postal_keys(address: Address) -> set[int]:
    code = postal_code(address.country, address.postal_code)
    return {keys.postal_key(code[:end]) for end in range(len("US-") + 1, len(code) + 1)}


def _building_keys(address: Address, cells: tuple[int, ...]) -> set[int]:
    """Return the building's key; without a street, what buildings share with a site that may be any of them."""
    own = keys.building_key(address.country, address.postal_code, address.street)
    if own is not None and _names_building(address):
        return {own}
    found = set() if own is None else {own}
    if address.postal_code:
        found.add(keys.near_postal_key(postal_area(address.country, address.postal_code)))
    if len(cells) > keys.POSTAL_RESOLUTION:
        found.add(keys.near_building_key(cells[keys.POSTAL_RESOLUTION]))
    return found


def _missing(address: Address, precision: Precision, by: Known, state: str) -> str:
    """Return in words what to add, so that territories of every kind that the precision allows can find the site."""
    wanted = []
    if not state and country_code(address.country) not in ZIP_COUNTRIES - {"US"}:
        wanted.append("the state or province")
    if precision is not Precision.CITY and not address.postal_code.strip():
        wanted.append("the postal code")
    if precision is Precision.CITY and not address.city.strip():
        wanted.append("the city")
    fine = precision in {Precision.EXACT, Precision.BUILDING}
    if fine and not _names_building(address):
        wanted.append("street and house number")
    if address.point is None and (fine or by in {Known.STATE, Known.COUNTRY}):
        wanted.append("latitude and longitude")
    return ", ".join(wanted)


def _findings(address: Address, known_zip: ZipPlace | None) -> tuple[str, ...]:
    """Return what the buyer should correct: coordinates that are none, an unknown ZIP code, and contradictions."""
    found = []
    sound = _sound(address)
    country, state = country_code(address.country), address.state.strip().upper()
    if country and not codes.exists(country):
        found.append(f"no country has the code {country} (ISO 3166-1)")
    elif state and state not in _MILITARY and not codes.state_exists(f"{country}-{state}"):
        found.append(f"{country} has no subdivision {state} (ISO 3166-2)")
    if address.point and not sound.point:
        found.append(f"{address.latitude}, {address.longitude} is no point on the earth")
    if country == "US" and address.postal_code.strip() and known_zip is None:
        found.append(f"{address.postal_code.strip()} is no ZIP code in use that we know")
    if known_zip and country == "US" and state and state != known_zip.state:
        found.append(f"ZIP code {known_zip.code} is {known_zip.city}, {known_zip.state}; the state given is {state}")
    if sound.point:
        middle = (known_zip.latitude, known_zip.longitude) if known_zip else _city(sound, None)
        far = distance_km(sound.point, middle) if middle else 0
        if far > FAR_KM:
            what = f"ZIP code {known_zip.code}" if known_zip else address.city.strip()
            found.append(f"the coordinates are {far:,.0f} km from {what}")
    return tuple(found)
