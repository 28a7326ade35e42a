"""All footprints in force in this process's memory: read when first asked, brought up to date before every answer."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel.work import Reading
from matching.availability import rules
from matching.availability.model import InForce, Shown
from sellers.footprints import service as footprints
from sellers.footprints.model import Keys, Numbers, Offer, Offered, Standing


@dataclass(frozen=True, slots=True, eq=False)
class Directory:
    """The footprints in force at one moment.

    ``keys`` are ascending; ``offer_of`` lies beside them and counts through the offers of all ``versions``. ``firsts``
    says for each service type which one stands for it in ``shown``.
    """

    standings: tuple[Standing, ...]
    catalogue: Catalogue
    versions: tuple[str, ...]
    offers: tuple[tuple[Offer, ...], ...]
    keys: Keys
    offer_of: Numbers
    shown: tuple[Shown, ...]
    firsts: Mapping[str, str]

    def find(self, places: Sequence[Iterable[int]]) -> list[tuple[int, ...]]:
        """Return for each place, given by its keys, the offers that hold there, ascending."""
        flat = [(key, number) for number, place in enumerate(places) for key in place]
        asked = np.fromiter((key for key, _ in flat), np.uint64, len(flat))
        owner = np.fromiter((number for _, number in flat), np.uint64, len(flat))
        first = np.searchsorted(self.keys, asked, "left")
        counts = np.searchsorted(self.keys, asked, "right") - first
        begins = np.repeat(first - (np.cumsum(counts) - counts), counts)
        found = self.offer_of[begins + np.arange(counts.sum())].astype(np.uint64)
        pairs = np.unique((np.repeat(owner, counts) << np.uint64(32)) | found)
        ends = np.searchsorted(pairs, np.arange(1, len(places) + 1, dtype=np.uint64) << np.uint64(32))
        offers = (pairs & np.uint64(0xFFFFFFFF)).tolist()
        starts = [0, *ends.tolist()]
        return [tuple(offers[start:end]) for start, end in pairwise(starts)]


class Keeper:
    """Keeps the directory of one marketplace. Any number of threads ask; one at a time brings it up to date."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._current: Directory | None = None

    def directory(self, reading: Reading) -> Directory:
        """Return the directory as it is in the reading's snapshot of the database."""
        standings = tuple(footprints.standings(reading))
        catalogue = catalogues.current(reading)
        with self._lock:
            current = self._current
            if current is None or (current.standings, current.catalogue) != (standings, catalogue):
                current = self._current = _renewed(reading, current, standings, catalogue)
            return current


def _renewed(
    reading: Reading, before: Directory | None, standings: tuple[Standing, ...], catalogue: Catalogue
) -> Directory:
    """Return a directory of these footprints: what was in memory stays there, what is new is read."""
    wanted = [standing.version_id for standing in standings]
    held = dict(zip(before.versions, before.offers, strict=True)) if before else {}
    fresh = dict(footprints.offered(reading, [version for version in wanted if version not in held]))
    known = held | {version: offered.offers for version, offered in fresh.items()}
    kept = [standing for standing in standings if standing.version_id in known]
    versions = tuple(standing.version_id for standing in kept)
    offers = tuple(known[version] for version in versions)
    first = dict(zip(versions, _firsts(offers), strict=True))
    keys, offer_of = _merged(before, fresh, first)
    footprints_in_force = [InForce(standing, known[standing.version_id]) for standing in kept]
    every = [item for items in rules.shown(footprints_in_force, catalogue) for item in items]
    firsts = rules.together(every, catalogue.codes())
    shown = tuple(rules.condensed(item, firsts) for item in every)
    return Directory(standings, catalogue, versions, offers, keys, offer_of, shown, firsts)


def _firsts(offers: Iterable[tuple[Offer, ...]]) -> list[int]:
    firsts, count = [], 0
    for items in offers:
        firsts.append(count)
        count += len(items)
    return firsts


def _merged(before: Directory | None, fresh: dict[str, Offered], first: dict[str, int]) -> tuple[Keys, Numbers]:
    """Return the keys of old and new versions in one order, their offers numbered from each version's ``first``."""
    keys: list[Keys] = [np.empty(0, np.uint64)]
    offer_of: list[Numbers] = [np.empty(0, np.uint32)]
    if before is not None:
        gone = 2**32 - 1
        renumbered = [
            first[version] + index if version in first else gone
            for version, offers in zip(before.versions, before.offers, strict=True)
            for index in range(len(offers))
        ]
        moved = np.array(renumbered, np.uint32)[before.offer_of]
        stays = moved != gone
        keys.append(before.keys[stays])
        offer_of.append(moved[stays])
    for version, offered in fresh.items():
        keys.append(offered.keys)
        offer_of.append(offered.offer_of + np.uint32(first[version]))
    every, numbers = np.concatenate(keys), np.concatenate(offer_of)
    order = np.argsort(every, kind="stable")  # the parts are in order already: this sort uses that
    return every[order], numbers[order]
