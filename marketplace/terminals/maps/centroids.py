"""Where an area stands on a map: the middle of its ZIP codes. A carrier's map shows this, never where a site is."""

from collections import defaultdict
from functools import cache

from marketplace.geography.us_places import ZipPlace, zip_place

_ZIP_CODES = 100_000
_AREA_DIGITS = 3

LonLat = tuple[float, float]


def state_centroid(code: str) -> LonLat | None:
    """Return longitude and latitude (degrees) of the middle of a state's ZIP codes ("CA"); None if not known."""
    return _middles()[0].get(code.strip().upper())


def zip3_centroid(prefix: str) -> LonLat | None:
    """Return longitude and latitude (degrees) of the middle of the ZIP codes that begin so ("902"); None if not known.

    Anything finer than three digits is refused, so that no caller shows more by mistake.

    Raises:
        ValueError: ``prefix`` is not three digits.
    """
    if len(prefix) != _AREA_DIGITS or not prefix.isdecimal():
        raise ValueError(f"an area is the first three digits of a ZIP code, not {prefix!r}")
    return _middles()[1].get(prefix)


@cache
def _middles() -> tuple[dict[str, LonLat], dict[str, LonLat]]:
    """Return the middles of states and of areas; counted once, when first asked."""
    states: defaultdict[str, list[ZipPlace]] = defaultdict(list)
    areas: defaultdict[str, list[ZipPlace]] = defaultdict(list)
    for number in range(_ZIP_CODES):
        place = zip_place(f"{number:05}")
        if place is not None:
            states[place.state].append(place)
            areas[place.code[:_AREA_DIGITS]].append(place)
    return {key: _middle(places) for key, places in states.items()}, {
        key: _middle(places) for key, places in areas.items()
    }


def _middle(places: list[ZipPlace]) -> LonLat:
    count = len(places)
    return sum(place.longitude for place in places) / count, sum(place.latitude for place in places) / count
