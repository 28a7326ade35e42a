"""Territories interned by content: those that a rebuild arranged (``Atlas``) and those that came since (``Loose``)."""

import weakref
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index import kernels, tables

Keys = npt.NDArray[np.uint64]
SMALL, SHARED = 12, 8
"""A territory of at most so many keys that fewer filters share is looked through when a survivor asks; the sites of any
other are collected up front."""
_REMEMBERED = 4_096
"""The digest of an array of more keys than this is remembered as long as the array lives."""


@dataclass(frozen=True)
class Atlas:
    """All territories of a segment. Number 0 is everywhere; then the ``large`` large ones; then the small ones.

    ``digests`` (two words each) and ``anchors`` (the smallest key) have one row a territory; ``hashes`` are the
    distinct mixed keys, sorted; ``postings`` the territories of each; ``small_keys`` the positions in ``hashes`` of
    each small territory's keys.
    """

    digests: npt.NDArray[np.uint64]
    anchors: npt.NDArray[np.uint64]
    digest_order: npt.NDArray[np.uint32]
    digest_starts: npt.NDArray[np.uint32]
    hashes: npt.NDArray[np.uint64]
    starts: npt.NDArray[np.uint32]
    posting_starts: npt.NDArray[np.uint32]
    postings: npt.NDArray[np.uint32]
    small_starts: npt.NDArray[np.uint32]
    small_keys: npt.NDArray[np.uint32]
    shift: int
    digest_shift: int
    large: int

    def __len__(self) -> int:
        return len(self.digests)

    @cached_property
    def group(self) -> tuple[Any, ...]:
        """What the kernels take."""
        table = (self.hashes, self.starts, self.shift)
        return table, self.posting_starts, self.postings, self.small_starts, self.small_keys, self.large

    def find(self, digest: bytes) -> int:
        """Return the number of the territory of this content, or -1."""
        wanted = np.frombuffer(bytearray(digest), np.uint64)
        return kernels.find_name(self.digests, self.digest_order, self.digest_starts, self.digest_shift, wanted)

    def pairs(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Return every (mixed key, territory)."""
        keys = np.repeat(self.hashes, np.diff(self.posting_starts))
        return keys, self.postings.astype(np.int64)


def arrange(
    digests: npt.NDArray[np.uint64],
    anchors: npt.NDArray[np.uint64],
    keys: npt.NDArray[np.uint64],
    owners: npt.NDArray[np.int64],
    uses: npt.NDArray[np.int64],
) -> tuple[Atlas, npt.NDArray[np.int64]]:
    """Return an atlas of territories, and the number in it of each.

    Args:
        digests: of the territories.
        anchors: of the territories.
        keys: of all territories, mixed.
        owners: whose each of ``keys`` is: positions in ``digests``.
        uses: how many filters have each of the territories.
    """
    sizes = np.bincount(owners, minlength=len(digests))
    big = (sizes > SMALL) | (uses >= SHARED)
    # large ones first; neighbours on the map are neighbours here, so that a request touches few cache lines
    order = np.lexsort((anchors, ~big))
    numbers = np.empty(len(digests), np.int64)
    numbers[order] = np.arange(1, len(digests) + 1)
    large = int(big.sum())

    owners = numbers[owners]
    by_owner = np.argsort(owners, kind="stable")
    keys, owners = keys[by_owner], owners[by_owner]
    by_key = np.argsort(keys, kind="stable")
    keys, postings = keys[by_key], owners[by_key]
    first = np.ones(keys.size, np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    hashes = keys[first]
    positions = np.cumsum(first) - 1
    posting_starts = np.append(np.flatnonzero(first), keys.size).astype(np.uint32)

    few = postings > large
    small_owners = postings[few]
    by_small = np.argsort(small_owners, kind="stable")
    small_keys = positions[few][by_small].astype(np.uint32)
    edges = np.arange(large + 1, len(digests) + 2)
    small_starts = np.searchsorted(small_owners[by_small], edges).astype(np.uint32)

    every = np.zeros((1, 2), np.uint64)
    arranged = np.concatenate((every, digests[order]))
    starts, shift = tables.buckets(hashes)
    digest_order, digest_starts, digest_shift = tables.by_name(arranged)
    atlas = Atlas(
        digests=arranged,
        anchors=np.append(np.zeros(1, np.uint64), anchors[order]),
        digest_order=digest_order,
        digest_starts=digest_starts,
        hashes=hashes,
        starts=starts,
        posting_starts=posting_starts,
        postings=postings.astype(np.uint32),
        small_starts=small_starts,
        small_keys=small_keys,
        shift=shift,
        digest_shift=digest_shift,
        large=large,
    )
    return atlas, numbers


class Loose:
    """Territories that came since the atlas was arranged. One writer; readers hold on to the ``group`` they took."""

    def __init__(self, atlas: Atlas) -> None:
        self.atlas = atlas
        self.digests: list[bytes] = []
        self.anchors: list[int] = []
        self._numbers: dict[bytes, int] = {}
        self._starts = np.zeros(16, np.int64)
        self._keys = np.empty(64, np.uint64)
        self._remembered: dict[int, tuple[weakref.ref[Keys], bytes]] = {}

    @property
    def group(self) -> tuple[int, npt.NDArray[np.int64], npt.NDArray[np.uint64]]:
        """What the kernels take."""
        return len(self.atlas), self._starts, self._keys

    @property
    def pairs(self) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
        """Every (mixed key, territory), where the first one here is 0."""
        count = len(self.digests)
        sizes = np.diff(self._starts[: count + 1])
        return self._keys[: self._starts[count]], np.repeat(np.arange(count), sizes)

    def number(self, keys: Keys) -> int:
        """Return the number of the territory with these keys: in the atlas, here, or new here."""
        digest = self._digest(keys)
        number = self._numbers.get(digest)
        if number is None:
            number = self.atlas.find(digest)
            if number < 0:
                number = self._append(keys, digest)
            self._numbers[digest] = number
        return number

    def _digest(self, keys: Keys) -> bytes:
        if keys.size <= _REMEMBERED:
            return blake2b(keys.tobytes(), digest_size=16).digest()
        # filters of one saved territory share one array: 100,000 keys are read once
        known = self._remembered.get(id(keys))
        if known is not None and known[0]() is keys:
            return known[1]
        digest = blake2b(keys.tobytes(), digest_size=16).digest()
        self._remembered = {at: one for at, one in self._remembered.items() if one[0]() is not None}
        self._remembered[id(keys)] = (weakref.ref(keys), digest)
        return digest

    def _append(self, keys: Keys, digest: bytes) -> int:
        count = len(self.digests)
        begin = int(self._starts[count])
        ordered = np.unique(tables.mixed(keys))
        self._keys = grown(self._keys, begin + ordered.size)
        self._starts = grown(self._starts, count + 2)
        self._keys[begin : begin + ordered.size] = ordered
        self._starts[count + 1] = begin + ordered.size
        self.digests.append(digest)
        self.anchors.append(int(keys.min()) if keys.size else 0)
        return len(self.atlas) + count


def grown(array: npt.NDArray[Any], size: int) -> npt.NDArray[Any]:
    """Return ``array`` with room for ``size`` rows: itself, or a copy of twice the room. The new part is zero."""
    if size <= len(array):
        return array
    larger = np.zeros((max(size, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def empty() -> Atlas:
    """Return an atlas of everywhere alone."""
    none = np.empty(0, np.uint64)
    nobody = np.empty(0, np.int64)
    return arrange(np.empty((0, 2), np.uint64), none, none, nobody, nobody)[0]
