"""The process's index of filters: loaded from the database, kept current from the journal, rebuilt when in doubt.

``docs/decisions/0016-matching-index.md`` tells why what it says can be stale and a distribution can't.
"""

import logging
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Protocol

from buyers.requests.model import Bands, Content, Line, Place, ProviderList, Site
from marketplace.kernel import journal
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Recorded
from marketplace.kernel.work import Reading, Work, Workshop
from matching import rules, whereabouts
from matching.facts import facts_of
from matching.index.entries import ANY, Entry, Hit
from matching.index.index import Index
from matching.model import RequestFacts
from matching.predicate import accepts
from sellers import subscriptions
from sellers.subscriptions import Subscription

log = logging.getLogger(__name__)

FOLLOWED = frozenset(
    {
        "filter.saved",
        "filter.removed",
        "filters.replaced",
        "footprint.published",
        "footprint.withdrawn",
        "provider.approved",
        "provider.closed",
        "provider.suspended",
        "territory.removed",
        "territory.saved",
    }
)
"""The events that change what a filter accepts, or whether it counts. Each carries ``provider_id``."""

_ONE_FILTER = frozenset({"filter.saved", "filter.removed"})
_MOST_EVENTS = 20_000
"""Farther behind than this, loading everything anew is cheaper than following."""
_AT_ONCE = 10_000
"""Filters handed to the index at a time."""
_FOLD_AFTER = 1_000
_FOLD_SHARE = 20
"""The index is folded when more than this many changes, and one in so many filters, have come since the last time."""


class Searchable(Protocol):
    """What is asked of an index; ``matching.index`` is the one that serves."""

    def add_many(self, entries: Iterable[Entry]) -> None:
        """Add entries; one of the same filter is replaced."""

    def remove(self, filter_id: str) -> bool:
        """Remove a filter; tell whether it was there."""

    def search(self, facts: RequestFacts, providers: ProviderList = ...) -> list[Hit]:
        """Return all filters that accept, of providers that the list admits."""

    def providers(self, facts: RequestFacts, providers: ProviderList = ...) -> int:
        """Return the number of distinct providers among ``search``."""

    def rebuild(self) -> None:
        """Fold in what changed since the last time."""

    def __len__(self) -> int: ...


class LiveIndex:
    """The index of one marketplace in this process. Many threads may ask it; one at a time brings it up to date."""

    def __init__(self, make: Callable[[], Searchable] = Index) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._index: Searchable = make()
        self._loaded = False
        self._position, self._hash = 0, ""
        self._filters: dict[str, set[str]] = {}
        self._again: set[str] = set()
        self._changes = 0

    def __len__(self) -> int:
        return len(self._index)

    def search(self, reading: Reading, facts: RequestFacts, providers: ProviderList) -> list[Hit]:
        """Return the filters that accept a request, as of now; a candidate has to be decided on its row."""
        hits = self.caught_up(reading).search(facts, providers)
        return hits + _own_hits(reading, facts, providers)

    def count(self, reading: Reading, facts: RequestFacts, providers: ProviderList) -> int:
        """Return how many providers have a filter that accepts a request, as of now."""
        return self.caught_up(reading).providers(facts, providers)

    def caught_up(self, reading: Reading) -> Searchable:
        """Take in what has been committed since the last time, and return the index.

        Whoever holds the lock sees at least what the one before saw, so an older row never replaces a newer one. What
        does not fit (a position that is not ours any more, an event that can't be applied) makes it load anew.
        """
        with self._lock:
            if not self._loaded or self._is_foreign(reading):
                self._load(reading)
            else:
                try:
                    self._follow(reading)
                except Exception:  # whatever it was: the rows are right, so loading anew mends it and nobody waits
                    log.exception("the index of filters can't follow the journal: it is loaded anew")
                    self._load(reading)
            return self._index

    def _is_foreign(self, reading: Reading) -> bool:
        """Tell whether the journal is not the one that this index has followed, as after a backup was put back."""
        if not self._position:
            return False
        stands = journal.hash_at(reading.session, self._position)
        if stands is None:
            # a reading may be of a moment before the last one; a work always sees what was committed
            return isinstance(reading, Work)
        return stands != self._hash

    def _load(self, reading: Reading) -> None:
        """Read everything. What is committed meanwhile is behind the position that is remembered, and comes again."""
        self._loaded = False
        self._mark(reading, journal.last_position(reading.session))
        self._index, self._filters, self._changes = self._make(), {}, 0
        own = _own(reading)
        known = whereabouts.everything(reading)
        counting = (one for one in subscriptions.every(reading) if one.provider_id not in own)
        for some in _batches(counting):
            self._index.add_many(list(self._entries(some, known)))
        self._index.rebuild()
        self._again = set(own)
        self._loaded = True

    def _follow(self, reading: Reading) -> None:
        last = journal.last_position(reading.session)
        if last < self._position:  # a snapshot of a moment before the last follower's: its rows would be older
            return
        stamped = journal.between(reading.session, self._position, last, FOLLOWED, _MOST_EVENTS + 1)
        fresh = journal.unstamped(reading.session, FOLLOWED, _MOST_EVENTS + 1)
        if len(stamped) > _MOST_EVENTS or len(fresh) > _MOST_EVENTS:
            self._load(reading)
            return
        self._apply(reading, [*stamped, *fresh])
        if last > self._position:
            self._mark(reading, last)

    def _apply(self, reading: Reading, events: Collection[Recorded]) -> None:
        """Read the rows anew that events speak of; an event that comes twice does no harm."""
        providers = {str(one.data["provider_id"]) for one in events if one.name not in _ONE_FILTER} | self._again
        filters = {
            str(one.data["filter_id"]): str(one.data["provider_id"]) for one in events if one.name in _ONE_FILTER
        }
        # what this very transaction has changed may be undone: it is read when it is committed
        own = _own(reading)
        self._again = own & (providers | set(filters.values()))
        providers -= own
        filters = {one: owner for one, owner in filters.items() if owner not in own and owner not in providers}
        if not providers and not filters:
            return
        found = subscriptions.of(reading, providers, filters)
        present = {one.filter_id for one in found}
        for provider_id in providers:
            for gone in self._filters.pop(provider_id, set()) - present:
                self._index.remove(gone)
        for filter_id, owner in filters.items():
            if filter_id not in present and self._index.remove(filter_id):
                self._filters.get(owner, set()).discard(filter_id)
        known = whereabouts.read(reading, ((one.provider_id, one.criteria) for one in found))
        for some in _batches(found):
            self._index.add_many(list(self._entries(some, known)))
        self._fold(len(found))

    def _entries(self, some: Iterable[Subscription], known: whereabouts.Whereabouts) -> Iterator[Entry]:
        for one in some:
            self._filters.setdefault(one.provider_id, set()).add(one.filter_id)
            places = known.of(one.provider_id, one.criteria)
            include, exclude = whereabouts.packed(places.include), whereabouts.packed(places.exclude)
            yield Entry(one.filter_id, one.provider_id, one.criteria, include, exclude)

    def _mark(self, reading: Reading, position: int) -> None:
        self._position = position
        self._hash = journal.hash_at(reading.session, position) or ""

    def _fold(self, changes: int) -> None:
        self._changes += changes
        if self._changes > max(_FOLD_AFTER, len(self._index) // _FOLD_SHARE):
            self._changes = 0
            threading.Thread(target=self._index.rebuild, name="index-fold", daemon=True).start()


def _batches(found: Iterable[Subscription]) -> Iterator[list[Subscription]]:
    left = iter(found)
    while some := list(islice(left, _AT_ONCE)):
        yield some


def _own_hits(reading: Reading, facts: RequestFacts, providers: ProviderList) -> list[Hit]:
    """Return what this transaction's own changes add, which the index doesn't see before they are committed."""
    own = [provider_id for provider_id in _own(reading) if rules.admits(providers, OrganizationId(provider_id))]
    changed = subscriptions.of(reading, own) if own else []
    known = whereabouts.read(reading, ((one.provider_id, one.criteria) for one in changed))
    return [
        Hit(one.provider_id, one.filter_id)
        for one in changed
        if accepts(one.criteria, facts, known.of(one.provider_id, one.criteria))
    ]


def _own(reading: Reading) -> set[str]:
    """Return the providers on whose streams this transaction has told something that is not committed."""
    return {stream.removeprefix("provider:") for stream in reading.told if stream.startswith("provider:")}


def of(reading: Reading) -> LiveIndex:
    """Return the index of the marketplace that ``reading`` belongs to."""
    return reading.memory.of(LiveIndex)


def warm_up(workshop: Workshop) -> None:
    """Load the index in the background, so that the first publication need not."""

    def load() -> None:
        try:
            with workshop.reading() as reading:
                of(reading).search(
                    reading, _trial(), ANY
                )  # the first search compiles, and the first place reads a file
        except Exception:  # a thread that only prepares: who needs the index meets the same error and tells it
            log.exception("the index of filters could not be loaded ahead: its first use will")

    threading.Thread(target=load, name="index-warm-up", daemon=True).start()


def _trial() -> RequestFacts:
    site = Site("S1", "", Place("US", postal_code="94103"))
    return facts_of(RequestId("trial"), Content(sites=(site,), lines=(Line("L1", "data", "S1"),)), Bands())
