"""Where filters want their sites: saved territories and footprints, read in bulk for many filters at once."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from marketplace.geography.keys import PackedKeys
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading
from matching.places import FootprintPlaces, KeySet, Places, SavedPlaces, places_of
from sellers.footprints import service as footprints
from sellers.model import Criteria, Filter, Net
from sellers.territories import service as territories

Keys = npt.NDArray[np.uint64]
"""Place keys, sorted."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The saved territories, by id, and the footprints, by provider, that some filters speak of."""

    saved: Mapping[str, SavedPlaces]
    footprints: Mapping[str, FootprintPlaces]

    def of(self, provider_id: str, criteria: Criteria) -> Places:
        """Return the places of a provider's filter."""
        return places_of(criteria, self.saved, self.footprints.get(provider_id))

    def of_filter(self, saved: Filter) -> Places:
        """Return the places of a saved filter."""
        return self.of(saved.provider_id, saved.criteria)


def read(reading: Reading, filters: Iterable[tuple[str, Criteria]]) -> Whereabouts:
    """Return what these filters, each with its provider's id, speak of."""
    territories: set[str] = set()
    providers: set[str] = set()
    for provider_id, criteria in filters:
        for territory in (criteria.territory, criteria.excluded_territory):
            territories.update(territory.saved)
            if territory.net is not Net.NONE:
                providers.add(provider_id)
    return Whereabouts(_saved(reading, territories), _footprints(reading, providers))


def everything(reading: Reading) -> Whereabouts:
    """Return every saved territory and every footprint in force."""
    return Whereabouts(_saved(reading, None), _footprints(reading, None))


def packed(keys: KeySet | None) -> Keys | None:
    """Return keys as the index takes them: a sorted array."""
    if keys is None:
        return None
    if isinstance(keys, PackedKeys):
        return np.frombuffer(keys.raw, np.dtype("<u8")).astype(np.uint64, copy=False)
    return _array(frozenset(keys))


@lru_cache(maxsize=10_000)
def _array(keys: frozenset[int]) -> Keys:
    return np.fromiter(sorted(keys), np.uint64, len(keys))


def _saved(reading: Reading, territory_ids: Collection[str] | None) -> Mapping[str, SavedPlaces]:
    if territory_ids is not None and not territory_ids:
        return {}
    found = territories.places(reading, territory_ids)
    return {one: SavedPlaces(saved.name, saved.keys, saved.excluded) for one, saved in found.items()}


def _footprints(reading: Reading, provider_ids: Collection[str] | None) -> Mapping[str, FootprintPlaces]:
    """Return the footprints of some providers, or all. A version never changes, so this process reads it once."""
    if provider_ids is not None and len(provider_ids) <= 1:
        alone = [(one, footprints.places_of_provider(reading, OrganizationId(one))) for one in provider_ids]
        return {one: FootprintPlaces(found.on_net, found.near_net) for one, found in alone if found is not None}
    return reading.memory.of(_Footprints).of(reading, provider_ids)


class _Footprints:
    """The footprints in force that this process has read, by provider, each with its version's id."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, FootprintPlaces]] = {}

    def of(self, reading: Reading, provider_ids: Collection[str] | None) -> dict[str, FootprintPlaces]:
        """Return those of these providers, or all, as they stand in this transaction."""
        if provider_ids is not None and not provider_ids:
            return {}
        found = {}
        for standing in footprints.standings(reading):
            if provider_ids is None or standing.provider_id in provider_ids:
                kept = self._known.get(standing.provider_id)
                if kept is None or kept[0] != standing.version_id:
                    read_now = footprints.places_of_provider(reading, standing.provider_id)
                    if read_now is None:
                        continue
                    kept = standing.version_id, FootprintPlaces(read_now.on_net, read_now.near_net)
                    self._known[standing.provider_id] = kept
                found[str(standing.provider_id)] = kept[1]
        return found
