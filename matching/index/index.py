"""The front of the index: add, remove, search, rebuild, save and load."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from buyers.requests.model import ListMode, ProviderList
from marketplace.kernel.ids import RequestId
from matching.index import folding, kernels, segment, snapshot
from matching.index.encoding import encode
from matching.index.entries import ANY, Entry, Hit
from matching.index.kernels import PROVIDER
from matching.index.names import Names
from matching.index.request import prepare
from matching.index.searching import Found, Scratch, search
from matching.index.segment import Segment
from matching.index.tail import Tail, View
from matching.index.vocabulary import Vocabulary
from matching.model import LineFacts, RequestFacts, SiteFacts
from sellers.model import Criteria

_PATIENCE = 3
"""So often is a search done again when a filter was replaced meanwhile; then it holds the writers up."""
_NOBODY = np.empty(0, np.int64)
_EVERYBODY = np.empty(0, np.uint8)
"""No flag at all: every provider is admitted."""
_Part = tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32], npt.NDArray[np.int32]]
"""Packed ids and records of filters, and the rows of those that accept."""


def warm_up() -> None:
    """Do everything once, at the start of a server, so that no request waits for machine code to be loaded."""
    index = Index()
    for number in range(2):
        index.add(Entry(f"f{number}", "p", Criteria(), np.ones(1, np.uint64)))
        index.rebuild()
    line = LineFacts("L1", "any", None, frozenset())
    site = SiteFacts("S1", frozenset({1}), (line,))
    facts = RequestFacts(RequestId("r"), (site,), "USD", False, 1, None, None)
    index.search(facts)
    index.remove("f1")


@dataclass(frozen=True, slots=True)
class _State:
    segment: Segment
    tail: Tail


class Index:
    """All active filters. Any number of threads may search while others write; a search sees each filter as it was
    before or after a change, never half of it.
    """  # noqa: D205 - one thought

    def __init__(self) -> None:
        self._vocabulary = Vocabulary()
        self._names = Names()
        self._providers: dict[str, int] = {}
        self._provider_ids: list[str] = []
        self._write = threading.RLock()
        self._folding = threading.RLock()
        """Taken before ``_write`` where both are."""
        self._threads = threading.local()
        self._since: list[Entry | str] | None = None
        """What was added (entries) and removed (ids) since a rebuild began; None when none is going on."""
        self._turn = 0
        """Odd while a filter is being replaced."""
        self._size = 0
        self.position = 0
        """Up to which position of the journal the loaded snapshot goes."""
        self._state = self._fresh(segment.empty(self._vocabulary.size))

    def __len__(self) -> int:
        return self._size

    def add(self, entry: Entry) -> None:
        """Add a filter, in place of one of the same id. The next search sees it."""
        with self._write:
            self._add(self._state, entry)
            if self._since is not None:
                self._since.append(entry)

    def add_many(self, entries: Iterable[Entry]) -> None:
        """Add filters. ``rebuild`` after many."""
        for entry in entries:
            self.add(entry)

    def remove(self, filter_id: str) -> bool:
        """Remove a filter; tell whether it was there. The next search does not see it."""
        with self._write:
            removed = self._remove(self._state, self._names.pack(filter_id))
            if removed and self._since is not None:
                self._since.append(filter_id)
            return removed

    def search(self, facts: RequestFacts, providers: ProviderList = ANY) -> list[Hit]:
        """Return every filter that accepts the request, of providers that the buyer admits, in the order of ids."""
        # plain tuples sort several times faster than named ones
        return list(map(Hit._make, sorted(self.find(facts, providers).pairs())))

    def providers(self, facts: RequestFacts, providers: ProviderList = ANY) -> int:
        """Return how many distinct providers ``search`` would name."""
        return self.find(facts, providers).providers

    def find(self, facts: RequestFacts, providers: ProviderList = ANY) -> "Hits":
        """Return what ``search`` returns in no order and without spelling the ids out."""
        for _ in range(_PATIENCE):
            turn = self._turn
            if turn % 2 == 0:
                hits = self._find(facts, providers)
                if self._turn == turn:
                    return hits
        with self._write:
            return self._find(facts, providers)

    def rebuild(self) -> None:
        """Fold what came since the last time in, and what was removed out. Searches and writers go on meanwhile."""
        with self._folding:
            with self._write:
                before = self._state
                loose = before.tail.territories
                taken = folding.take(before.segment, before.tail.view, loose, self._vocabulary)
                self._since = []
            try:
                folded = folding.fold(taken)
            except BaseException:
                with self._write:
                    self._since = None
                raise
            with self._write:
                after = self._fresh(folded)
                size = self._size
                for change in self._since or ():
                    if isinstance(change, Entry):
                        self._add(after, change)
                    else:
                        self._remove(after, self._names.pack(change))
                self._since = None
                self._size = size
                self._state = after

    def save(self, path: str | Path, position: int = 0) -> None:
        """Write a snapshot. ``position`` is how far the journal was followed before the last change.

        Raises:
            OSError: the file can't be written; one that was there is as it was.
        """
        with self._folding, self._write:
            state = self._state
            if state.tail.view.count or self._size != len(state.segment):
                self.rebuild()
            about = {
                "position": position,
                "vocabulary": self._vocabulary.dump(),
                "providers": self._provider_ids,
                "prefixes": self._names.prefixes,
                "spelled": self._names.spelled,
            }
            snapshot.write(Path(path), self._state.segment, about)

    @classmethod
    def load(cls, path: str | Path) -> "Index":
        """Return the index of a snapshot, at its ``position`` of the journal.

        Raises:
            snapshot.NoSnapshotError: the file is of another version, or damaged.
            OSError: the file can't be read.
        """
        loaded, about = snapshot.read(Path(path))
        index = cls()
        index._vocabulary = Vocabulary(about["vocabulary"])
        index._names = Names(about["prefixes"], about["spelled"])
        index._provider_ids = about["providers"]
        index._providers = {one: number for number, one in enumerate(about["providers"])}
        index._size = len(loaded)
        index._state = index._fresh(loaded)
        index.position = about["position"]
        return index

    @property
    def unfolded(self) -> int:
        """How many filters came since the last rebuild, those that are gone again included."""
        return self._state.tail.view.count

    def bytes_per_filter(self) -> float:
        """Return the bytes in arrays for each filter, territories aside, after a rebuild."""
        state = self._state
        return state.segment.bytes_of_filters() / max(1, len(state.segment))

    def bytes_per_pair(self) -> float:
        """Return the bytes in arrays for each (territory, key), after a rebuild."""
        state = self._state
        return state.segment.bytes_of_territories() / max(1, state.segment.atlas.postings.size)

    def _fresh(self, own: Segment) -> _State:
        return _State(own, Tail(self._vocabulary, own.atlas))

    def _add(self, state: _State, entry: Entry) -> None:
        packed = self._names.pack(entry.filter_id)
        self._names.learn(packed, entry.filter_id)
        encoded = encode(entry.criteria, self._vocabulary)
        number = self._providers.get(entry.provider_id)
        if number is None:
            number = len(self._provider_ids)
            self._provider_ids.append(entry.provider_id)
            self._providers[entry.provider_id] = number
        in_tail, row = state.tail.rows_of.get(packed), state.segment.find(packed)
        replaces = in_tail is not None or row >= 0
        if replaces:
            self._turn += 1
        try:
            state.tail.add(packed, number, encoded, entry.include, entry.exclude)
            if in_tail is not None:
                state.tail.clear(in_tail)
            elif row >= 0:
                kernels.clear_bit(state.segment.live, row)
            else:
                self._size += 1
        finally:
            if replaces:
                self._turn += 1

    def _remove(self, state: _State, packed: bytes) -> bool:
        row = state.tail.rows_of.pop(packed, None)
        if row is not None:
            state.tail.clear(row)
        elif not state.segment.remove(packed):
            return False
        self._size -= 1
        return True

    def _find(self, facts: RequestFacts, providers: ProviderList) -> "Hits":
        state = self._state
        view = state.tail.view
        admitted = self._admitted(providers)
        if not facts.sites or (admitted.size and not admitted.any()):
            return Hits(self._names, self._provider_ids, [])
        scratch = getattr(self._threads, "scratch", None)
        if scratch is None:
            scratch = self._threads.scratch = Scratch()
        found = search(state.segment, view, prepare(facts, self._vocabulary, admitted), scratch)
        return Hits.of(self._names, self._provider_ids, state.segment, view, found)

    def _admitted(self, providers: ProviderList) -> npt.NDArray[np.uint8]:
        """Return a flag for each provider, as ``rules.admits`` decides; none at all when all are admitted."""
        only = providers.mode is ListMode.ONLY
        if providers.mode is ListMode.OPEN or not (only or providers.providers):
            return _EVERYBODY
        flags = np.full(len(self._provider_ids) + 1, not only, np.uint8)
        if not only or providers.grant or providers.distribute:
            numbers = (self._providers.get(one) for one in providers.providers)
            flags[[number for number in numbers if number is not None]] = only
        return flags


class Hits:
    """Filters that accept a request, spelled out when asked."""

    def __init__(self, names: Names, provider_ids: list[str], parts: list[_Part]) -> None:
        self._names = names
        self._provider_ids = provider_ids
        self._parts = parts

    @classmethod
    def of(cls, names: Names, provider_ids: list[str], own: Segment, view: View, found: Found) -> "Hits":
        """Return the hits of a search."""
        parts = [(own.names, own.records, found.segment.copy())]
        if found.tail.size:
            parts.append((view.names, view.records, found.tail.copy()))
        return cls(names, provider_ids, parts)

    def __len__(self) -> int:
        return sum(len(rows) for _, _, rows in self._parts)

    @property
    def providers(self) -> int:
        """How many distinct providers they are of."""
        numbers = [records[rows, PROVIDER] for _, records, rows in self._parts]
        return int(np.unique(np.concatenate([_NOBODY, *numbers])).size)

    def pairs(self) -> list[tuple[str, str]]:
        """Return (provider id, filter id) of each, in no order."""
        return [
            (self._provider_ids[provider], name)
            for names, records, rows in self._parts
            for provider, name in zip(records[rows, PROVIDER].tolist(), self._names.unpack(names[rows]), strict=True)
        ]
