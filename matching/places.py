"""Where a filter wants its sites to be: the place keys that its territories and footprint come to."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from marketplace.geography import keys
from marketplace.geography.keys import PackedKeys
from sellers.model import Criteria, Net, Territory

KeySet = AbstractSet[int]
"""Place keys: a ``frozenset``, or packed as they are stored (``PackedKeys``)."""

_KEY = np.dtype("<u8")
_NOWHERE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class SavedPlaces:
    """A provider's saved territory: its name, what it includes, and what it leaves out (plain keys only)."""

    name: str
    keys: KeySet
    excluded: KeySet = _NOWHERE


@dataclass(frozen=True, slots=True)
class FootprintPlaces:
    """A provider's footprint in force: where it is on-net, and where near-net."""

    on_net: KeySet
    near_net: KeySet = _NOWHERE


@dataclass(frozen=True, slots=True)
class Places:
    """What one filter includes and excludes; ``include`` None is everywhere, ``exclude`` None is nothing.

    A site is covered when some include key and no exclude key is among its keys. ``names`` are what the provider calls
    its saved territories, by id.
    """

    include: KeySet | None = None
    exclude: KeySet | None = None
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    everywhere: ClassVar["Places"]

    def covers(self, site: frozenset[int]) -> bool:
        """Return whether a site with these keys lies, or may lie, inside."""
        return self.included(site) and self.not_excluded(site)

    def included(self, site: frozenset[int]) -> bool:
        """Return whether the territory names the site, whatever is excluded."""
        return self.include is None or not self.include.isdisjoint(site)

    def surely_included(self, site: frozenset[int]) -> bool:
        """Return whether it is more than a 'may lie in': some key that is no near one speaks for it."""
        if self.include is None:
            return True
        return any(key in self.include for key in site if not keys.is_near(key))

    def not_excluded(self, site: frozenset[int]) -> bool:
        """Return whether nothing excludes the site."""
        return self.exclude is None or self.exclude.isdisjoint(site)


Places.everywhere = Places()


def places_of(
    criteria: Criteria,
    saved: Mapping[str, SavedPlaces] = MappingProxyType({}),
    footprint: FootprintPlaces | None = None,
) -> Places:
    """Return the places of a filter.

    What a saved territory leaves out is left out of the whole filter. A saved territory that isn't there, and 'where
    we are on-net' without a footprint, name nothing: such a filter accepts no site by them, and none if nothing else
    is named.

    Args:
        criteria: of the filter.
        saved: the provider's saved territories, by id; at least those that ``criteria`` name.
        footprint: of the provider, where one is in force.
    """
    wanted, unwanted = criteria.territory, criteria.excluded_territory
    include = None if wanted.empty else _union(_sets(wanted, saved, footprint))
    named = [saved[one] for one in wanted.saved if one in saved]
    left_out = [one.excluded for one in named if one.excluded]
    if not unwanted.empty:
        left_out += _sets(unwanted, saved, footprint)
    names = {one: saved[one].name for one in (*wanted.saved, *unwanted.saved) if one in saved}
    # 'may lie in' is no reason to leave a site out: near keys that came along with a territory are not taken
    return Places(include, _plain(_union(left_out)) if left_out else None, names)


def _sets(territory: Territory, saved: Mapping[str, SavedPlaces], footprint: FootprintPlaces | None) -> list[KeySet]:
    sets: list[KeySet] = [_named(territory.countries, territory.states, territory.postal_prefixes, territory.cells)]
    sets += [saved[one].keys for one in territory.saved if one in saved]
    if territory.net and footprint is not None:
        sets.append(footprint.on_net)
        if territory.net == Net.NEAR:
            sets.append(footprint.near_net)
    return [one for one in sets if one]


@lru_cache(maxsize=10_000)
def _named(
    countries: tuple[str, ...], states: tuple[str, ...], postal_prefixes: tuple[str, ...], cells: tuple[str, ...]
) -> frozenset[int]:
    named = {keys.country_key(code) for code in countries}
    named.update(keys.state_key(code) for code in states)
    named.update(keys.postal_key(code) for code in postal_prefixes)
    for cell in cells:
        named.update(keys.of_cell(cell))
    return frozenset(named)


def _union(sets: list[KeySet]) -> KeySet:
    if len(sets) == 1:
        return sets[0]
    if any(isinstance(one, PackedKeys) for one in sets):  # large: an object a key would take ten times the room
        return PackedKeys(np.unique(np.concatenate([_numbers(one) for one in sets])).astype(_KEY).tobytes())
    return frozenset().union(*sets)


def _plain(found: KeySet) -> KeySet:
    if isinstance(found, PackedKeys):
        numbers = _numbers(found)
        near = numbers >= keys.NEAR
        return PackedKeys(numbers[~near].tobytes()) if near.any() else found
    return frozenset(key for key in found if not keys.is_near(key))


def _numbers(found: KeySet) -> npt.NDArray[np.uint64]:
    if isinstance(found, PackedKeys):
        return np.frombuffer(found.raw, _KEY)
    return np.fromiter(found, _KEY, len(found))
