"""The packaged table of ZIP codes of the United States: what place a code names, and where a city is."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any

import zipcodes

from marketplace.geography.address import ZIP_DIGITS


@dataclass(frozen=True, slots=True)
class ZipPlace:
    """What a ZIP code names: its main city, its state ('CA') and where its middle is, in degrees."""

    code: str
    city: str
    state: str
    latitude: float
    longitude: float


def _rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]
    return rows


@cache
def _places() -> dict[str, ZipPlace]:
    """Return all ZIP codes that lie somewhere; read once, when first asked (about a third of a second)."""
    places = (_place(row) for row in _rows())
    return {place.code: place for place in places if (place.latitude, place.longitude) != (0, 0)}


def _place(row: dict[str, Any]) -> ZipPlace:
    return ZipPlace(row["zip_code"], row["city"], row["state"], float(row["lat"] or 0), float(row["long"] or 0))


@cache
def _cities() -> dict[tuple[str, str], tuple[float, float]]:
    """Return the middle of each city: the mean of its ZIP codes', also under the other names that its mail may bear."""
    main: defaultdict[tuple[str, str], list[ZipPlace]] = defaultdict(list)
    other: defaultdict[tuple[str, str], list[ZipPlace]] = defaultdict(list)
    known = _places()
    for row in _rows():
        place = known.get(row["zip_code"])
        if place is None:
            continue
        main[_city_name(place.city), place.state].append(place)
        for name in row["acceptable_cities"]:
            other[_city_name(name), place.state].append(place)
    return {name: _middle(places) for name, places in (other | main).items()}


def _middle(places: list[ZipPlace]) -> tuple[float, float]:
    # a ZIP code's place is never across the antimeridian from another of its city: the plain mean is right
    count = len(places)
    return sum(place.latitude for place in places) / count, sum(place.longitude for place in places) / count


def _city_name(name: str) -> str:
    words = " ".join(name.casefold().replace(".", " ").replace("-", " ").split())
    for long, short in (("saint ", "st "), ("fort ", "ft "), ("mount ", "mt ")):
        if words.startswith(long):
            return short + words[len(long) :]
    return words


def zip_place(code: str) -> ZipPlace | None:
    """Return the place of a ZIP code or ZIP+4 ('90210', '90210-1234', '902101234'); None for one that is not known."""
    digits = "".join(character for character in code if character.isalnum())
    return _places().get(digits[:ZIP_DIGITS])


def city_point(city: str, state: str) -> tuple[float, float] | None:
    """Return the latitude and longitude (degrees) of the middle of a city of a state ('CA'); None if not known."""
    return _cities().get((_city_name(city), state.strip().upper()))
