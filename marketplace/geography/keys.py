"""Place keys: one number for each place that a territory can name and a site can lie in.

A key is an unsigned integer of 64 bits. An H3 cell is its own number, whose top bit is clear. Every other place is 62
bits of a hash of its name below a set top bit, so it never equals a cell. The second bit tells apart the keys of what
is **near**: they are shared by a territory too fine for a site's disclosed precision and by a site that may lie in it.
"""

import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from hashlib import blake2b

import h3

from marketplace.geography.address import country_code, postal_area, street_line

FINEST = 10
"""The finest resolution of a cell: about 130 m across."""
POSTAL_RESOLUTION = 5
"""Cells of about 17 km across: how exactly a site is known by its postal code."""
CITY_RESOLUTION = 4
"""Cells of about 45 km across: how exactly a site is known by its city."""
NEAR_RESOLUTIONS = (POSTAL_RESOLUTION, CITY_RESOLUTION)

_TOP = 1 << 63
_NEAR = 1 << 62
NEAR = _TOP | _NEAR
"""The smallest key of what is near: all of them, and no others, are from here up."""
BYTES = 8
"""Of a packed key."""


@lru_cache(maxsize=100_000)
def _named(tag: str, name: str) -> int:
    digest = int.from_bytes(blake2b(f"{tag}\x1f{name}".encode(), digest_size=BYTES).digest(), "little")
    return (digest | _TOP) & ~_NEAR


def country_key(country: str) -> int:
    """Return the key of a country ('US')."""
    return _named("country", country)


def state_key(state: str) -> int:
    """Return the key of a country's subdivision ('US-CA')."""
    return _named("state", state)


def postal_key(code: str) -> int:
    """Return the key of a postal code or of the places whose codes begin like this ('US-902')."""
    return _named("postal", code)


def cell_key(cell: str) -> int:
    """Return the key of an H3 cell ('8928308280fffff'), which is its number."""
    return int(h3.str_to_int(cell))


def building_key(country: str, postal_code: str, street: str) -> int | None:
    """Return the key of a building by its address; None where the street or the postal code is missing."""
    line, area = street_line(street), postal_area(country, postal_code)
    return _named("building", f"{area}\x1f{line}") if line and area else None


def near_postal_key(code: str) -> int:
    """Return the key that the buildings of a postal code share with a site known by this code only ('US-90210')."""
    return _named("near postal", code) | _NEAR


def near_cell_key(cell: int) -> int:
    """Return the key that the areas inside a cell share with a site known to lie in this cell only."""
    return _named("near cell", f"{cell:x}") | _NEAR


def near_building_key(cell: int) -> int:
    """Return the key that the buildings inside a cell share with a site of unknown address known to lie in it."""
    return _named("near building", f"{cell:x}") | _NEAR


def is_near(key: int) -> bool:
    """Return whether a key speaks of 'may lie in' and not of 'lies in'."""
    return key >= NEAR


@lru_cache(maxsize=50_000)
@lru_cache(maxsize=10_000)
def cells_of_point(latitude: float, longitude: float, finest: int = FINEST) -> tuple[int, ...]:
    """Return the cells that a point (degrees) lies in, from resolution 0 to ``finest``.

    The coarser ones are the parents of the one of resolution ``FINEST``, not the cells of the point itself: hexagons
    nest only roughly, and areas are compacted by parents.
    """
    cell = h3.latlng_to_cell(latitude, longitude, FINEST)
    return tuple(cell_key(h3.cell_to_parent(cell, resolution)) for resolution in range(finest + 1))


def of_cell(cell: str) -> tuple[int, ...]:
    """Return the include keys of a cell in a territory: its own, and what it shares with sites known less exactly."""
    resolution = h3.get_resolution(cell)
    near = (h3.cell_to_parent(cell, coarse) for coarse in NEAR_RESOLUTIONS if resolution > coarse)
    return cell_key(cell), *(near_cell_key(cell_key(parent)) for parent in near)


def of_building(country: str, postal_code: str, street: str, point: tuple[float, float] | None) -> tuple[int, ...]:
    """Return the include keys of a building in a territory.

    ``point`` (degrees) is the building's own or its postal code's; without one, sites known by their city only don't
    find it. A building without a street and postal code is the cell of resolution ``FINEST`` that it stands in.
    """
    own = building_key(country, postal_code, street)
    if own is None:
        if point is None:
            return ()
        cells = cells_of_point(*point)
        return cells[FINEST], *_near_building(cells), *(near_cell_key(cells[coarse]) for coarse in NEAR_RESOLUTIONS)
    near_code = near_postal_key(postal_area(country_code(country), postal_code))
    return own, near_code, *(_near_building(cells_of_point(*point)) if point else ())


def _near_building(cells: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(near_building_key(cells[coarse]) for coarse in NEAR_RESOLUTIONS)


def packed(keys: Iterable[int]) -> bytes:
    """Return keys sorted, each once, as little-endian 64-bit numbers: how they are stored."""
    numbers = array("Q", sorted(set(keys)))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


class PackedKeys(AbstractSet[int]):
    """A set of keys that stays packed: looked up by bisection, without making an object of every key.

    Args:
        raw: what ``packed`` returned. Raises ValueError for bytes that it can't have returned.
    """

    __slots__ = ("_numbers", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._numbers = array("Q")
        self._numbers.frombytes(raw)
        if sys.byteorder == "big":
            self._numbers.byteswap()

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, int):
            return False
        place = bisect_left(self._numbers, key)
        return place < len(self._numbers) and self._numbers[place] == key

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def isdisjoint(self, other: Iterable[int]) -> bool:
        """Return whether none of ``other``, which is the smaller one, is in here."""
        return not any(key in self for key in other)
