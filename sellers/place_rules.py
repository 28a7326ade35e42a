"""Pure checks of the places that a territory names: codes, postal prefixes, H3 cells, saved territories."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import h3

from marketplace.geography import codes
from marketplace.geography.keys import FINEST
from marketplace.kernel.errors import FieldError
from sellers.model import Territory

MAX_PLACES = 5_000
"""Countries, states, postal prefixes and cells of one territory inside a filter together; more go into a saved one."""
MAX_SAVED = 50
"""Saved territories that one territory of a filter names."""
_SHOWN = 60


class Shape(NamedTuple):
    """How a value looks and what makes it known, with the words for what would be right."""

    pattern: re.Pattern[str]
    right: str
    known: Callable[[str], bool] = lambda _value: True
    unknown: str = ""


COUNTRY = Shape(
    re.compile(r"[A-Z]{2}"),
    "a country is two capital letters (ISO 3166-1), such as US",
    codes.exists,
    "no country of ISO 3166-1 has this code",
)
STATE = Shape(
    re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}"),
    "a state is country and subdivision (ISO 3166-2), such as US-CA",
    codes.state_exists,
    "ISO 3166-2 has no such subdivision",
)
PREFIX = Shape(
    re.compile(r"[A-Z]{2}-[A-Z0-9]{1,10}"),
    "a postal prefix is the country and the code's first letters or digits without spaces, such as US-902",
    codes.exists,
    "no country of ISO 3166-1 has this code",
)


def territory_errors(at: str, territory: Territory, saved: frozenset[str]) -> Iterator[FieldError]:
    """Yield what is wrong with a filter's territory; ``saved`` are the ids of the provider's saved territories."""
    named = (territory.countries, territory.states, territory.postal_prefixes, territory.cells)
    places = sum(map(len, named))
    if places > MAX_PLACES:
        message = f"{places:,} places are too many: at most {MAX_PLACES:,}; name whole states or save a territory"
        yield FieldError(at, message)
        return
    yield from place_errors(at, *named)
    if len(territory.saved) > MAX_SAVED:
        message = f"{len(territory.saved):,} saved territories are too many: at most {MAX_SAVED:,}; join some"
        yield FieldError(f"{at}/saved", message)
        return
    for index, one in enumerate(territory.saved):
        if one not in saved:
            message = f"{one[:_SHOWN]!r} is none of your saved territories (GET /territories)"
            yield FieldError(f"{at}/saved/{index}", message)


def place_errors(
    at: str, countries: Iterable[str], states: Iterable[str], postal_prefixes: Iterable[str], cells: Iterable[str]
) -> Iterator[FieldError]:
    """Yield what is wrong with named places."""
    yield from _shaped(f"{at}/countries", countries, COUNTRY)
    yield from _shaped(f"{at}/states", states, STATE)
    yield from _shaped(f"{at}/postal_prefixes", postal_prefixes, PREFIX)
    for index, cell in enumerate(cells):
        wrong = _wrong_cell(cell)
        if wrong:
            yield FieldError(f"{at}/cells/{index}", f"{cell[:_SHOWN]!r} {wrong}")


def _shaped(at: str, values: Iterable[str], shape: Shape) -> Iterator[FieldError]:
    for index, value in enumerate(values):
        if not shape.pattern.fullmatch(value):
            yield FieldError(f"{at}/{index}", f"{value[:_SHOWN]!r} is not one: {shape.right}")
        elif not shape.known(value):
            yield FieldError(f"{at}/{index}", f"{value!r} is not one: {shape.unknown}")


def _wrong_cell(cell: str) -> str:
    """Return what is wrong with an H3 cell; empty when nothing is."""
    if not _CELL.fullmatch(cell) or not h3.is_valid_cell(cell):
        return "is no H3 cell: it is fifteen digits and small letters, such as 872830828ffffff"
    resolution = h3.get_resolution(cell)
    if resolution > FINEST:
        return f"is of resolution {resolution}, the finest used is {FINEST}: name {h3.cell_to_parent(cell, FINEST)}"
    return ""


_CELL = re.compile(r"8[0-9a-f]{14}")
