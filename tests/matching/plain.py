"""A plain scan behind the interface of the index: what distributions are tested with beside the real one."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from buyers.requests.model import ProviderList
from matching import rules
from matching.index.entries import ANY, Entry, Hit
from matching.model import RequestFacts
from matching.places import Places
from matching.predicate import accepts


class PlainIndex:
    """Every filter is compared with every request."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def add(self, entry: Entry) -> None:
        self.entries[entry.filter_id] = entry

    def add_many(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.add(entry)

    def remove(self, filter_id: str) -> bool:
        return self.entries.pop(filter_id, None) is not None

    def search(self, facts: RequestFacts, providers: ProviderList = ANY) -> list[Hit]:
        found = [
            Hit(entry.provider_id, entry.filter_id)
            for entry in self.entries.values()
            if rules.admits(providers, entry.provider_id) and accepts(entry.criteria, facts, places(entry))
        ]
        return sorted(found, key=lambda hit: (hit.provider_id, hit.filter_id))

    def providers(self, facts: RequestFacts, providers: ProviderList = ANY) -> int:
        return len({hit.provider_id for hit in self.search(facts, providers)})

    def rebuild(self) -> None:
        """Nothing to fold in."""

    def __len__(self) -> int:
        return len(self.entries)


def places(entry: Entry) -> Places:
    return Places(_keys(entry.include), _keys(entry.exclude))


def _keys(packed: npt.NDArray[np.uint64] | None) -> frozenset[int] | None:
    return None if packed is None else frozenset(packed.tolist())
