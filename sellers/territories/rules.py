"""Pure: whether a territory can be saved, and the place keys that it comes to."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from marketplace.geography import areas, keys
from marketplace.geography.address import Address
from marketplace.geography.placing import middle_of
from marketplace.kernel.errors import ConflictError, FieldError, MalformedError
from sellers.place_rules import place_errors
from sellers.territories.model import Building, Compiled, Content, Figures, Part

MAX_NAMED = 100_000
"""Countries, states, postal prefixes, cells and buildings of one territory together."""
MAX_TERRITORIES = 1_000
"""Saved territories of one provider."""
MAX_ERRORS = 100
_NAMED_FILTERS = 3


class TerritoryInUseError(ConflictError):
    """A filter is made of this territory."""

    kind = "territory-in-use"
    title = "A filter uses this territory"


class TooManyTerritoriesError(ConflictError):
    """The provider has as many saved territories as one may have."""

    kind = "too-many-territories"
    title = "You have as many saved territories as one provider may have"


def check_room(territories: int) -> None:
    """Raise TooManyTerritoriesError when a provider with so many can't have one more."""
    if territories >= MAX_TERRITORIES:
        raise TooManyTerritoriesError(f"{MAX_TERRITORIES:,} is the limit: remove or join some.")


def check_unused(filters: list[str]) -> None:
    """Raise TerritoryInUseError when filters (by name) are made of the territory."""
    if filters:
        more = len(filters) - _NAMED_FILTERS
        named = ", ".join(f"'{name}'" for name in filters[:_NAMED_FILTERS]) + (
            f" and {more:,} more" if more > 0 else ""
        )
        raise TerritoryInUseError(f"Take it out of these filters first: {named}.")


def compiled(content: Content) -> Compiled:
    """Return the keys of a territory. What is excluded is so only where that is certain: no near keys.

    Raises MalformedError, whose pointers begin at the content ('/cells/3', '/excluded/area/…').
    """
    named = content.places.named + content.excluded.named
    if named > MAX_NAMED:
        message = f"{named:,} places are too many: at most {MAX_NAMED:,}; name whole states or make two territories"
        raise _wrong((FieldError("", message),))
    if content.places.empty:
        raise _wrong(
            (FieldError("", "nothing is named: give countries, states, postal_prefixes, cells, buildings or area"),)
        )
    errors = tuple(islice(_errors(content), MAX_ERRORS))
    if errors:
        raise _wrong(errors)
    inside, covering, notes = _keys(content.places, "", near=True)
    outside, _, more = _keys(content.excluded, "/excluded", near=False)
    packed, excluded = keys.packed(inside), keys.packed(outside)
    figures = Figures(
        named=named,
        keys=len(packed) // keys.BYTES,
        excluded_keys=len(excluded) // keys.BYTES,
        cells=len(covering.cells) if covering else 0,
        resolution=covering.resolution if covering else None,
        notes=(*notes, *more),
    )
    digest = hashlib.sha256(len(packed).to_bytes(8, "little") + packed + excluded).hexdigest()
    return Compiled(packed, excluded, digest, figures)


def kept(content: Content) -> Content:
    """Return what is kept of a content that ``compiled`` takes: of GeoJSON the outlines alone."""
    return replace(content, places=_bare(content.places), excluded=_bare(content.excluded))


def _bare(part: Part) -> Part:
    return part if part.area is None else replace(part, area=areas.bare(part.area))


def _errors(content: Content) -> Iterator[FieldError]:
    for at, part in (("", content.places), ("/excluded", content.excluded)):
        yield from place_errors(at, part.countries, part.states, part.postal_prefixes, part.cells)


def _keys(part: Part, at: str, *, near: bool) -> tuple[set[int], areas.Covering | None, tuple[str, ...]]:
    """Return the keys of a part, with near keys or without, how its area was covered, and notes on that."""
    found = {keys.country_key(code) for code in part.countries}
    found.update(map(keys.state_key, part.states))
    found.update(map(keys.postal_key, part.postal_prefixes))
    found.update(_cell_keys(part.cells, near=near))
    for building in part.buildings:
        found.update(_building_keys(building, near=near))
    if part.area is None:
        return found, None, ()
    area = areas.read(part.area, f"{at}/area")
    covering = areas.covering(area, inside=not near, pointer=f"{at}/area")
    notes = area.notes
    if not covering.cells:
        notes = (*notes, f"{at}/area is too small to leave anything out for certain")
    found.update(_cell_keys(covering.cells, near=near))
    return found, covering, notes


def _cell_keys(cells: Iterable[str], *, near: bool) -> Iterator[int]:
    if not near:
        yield from map(keys.cell_key, cells)
        return
    for cell in cells:
        yield from keys.of_cell(cell)


def _building_keys(building: Building, *, near: bool) -> tuple[int, ...]:
    address = Address(
        building.country,
        building.state,
        building.city,
        building.postal_code,
        building.street,
        building.latitude,
        building.longitude,
    )
    if not near and keys.building_key(address.country, address.postal_code, address.street) is not None:
        return keys.of_building(address.country, address.postal_code, address.street, None)[:1]
    point = address.point
    if point is None:
        middle = middle_of(address)
        point = middle[1] if middle else None
    found = keys.of_building(address.country, address.postal_code, address.street, point)
    return found if near else found[:1]


def _wrong(errors: tuple[FieldError, ...]) -> MalformedError:
    return MalformedError("The territory can't be saved like this.", errors=errors)
