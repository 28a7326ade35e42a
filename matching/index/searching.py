"""One search over a segment and a tail, with scratch memory that each thread keeps for the next one."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.index import kernels
from matching.index.compiled import direct
from matching.index.request import Prepared
from matching.index.segment import WORD, Segment
from matching.index.tail import View

_touch, _scan, _forget = direct(kernels.touch), direct(kernels.scan), direct(kernels.forget)
_KEPT = 16_000_000
"""Bytes; what would grow beyond is given back first."""
_KINDS, _PROFILES = 8, 16
"""In steps of so many kinds of line and profiles scratch is made, so that requests alike share it."""


class Found(NamedTuple):
    """Rows that accept, of the segment and of the tail. They belong to the thread until its next search."""

    segment: npt.NDArray[np.int32]
    tail: npt.NDArray[np.int32]


class Scratch:
    """Arrays that a search writes to, kept by their sizes: a look-up a group, where each array would cost one."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Any, ...], Any] = {}
        self._bytes = 0
        self._rows = np.empty(0, np.int32)

    def keys(self, size: int, width: int) -> tuple[Any, ...]:
        """Return the group ``KEYS`` with room for ``size`` keys and bitsets of ``width`` words; and a number a key."""
        room = 1 << size.bit_length()
        found = self._kept.get(("keys", room, width))
        if found is None:
            tables = [self._new(2 * room, dtype) for dtype in (np.uint64, np.int32, np.uint32, np.int32)]
            distinct, sites = self._new(room, np.uint64), self._new(room * width, np.uint64).reshape(room, width)
            group = (self._new(1, np.int64), distinct, sites, *tables)
            found = self._kept["keys", room, width] = group, self._new(room, np.int32)
        return found

    def found(self, large: int, words: int, width: int) -> tuple[Any, ...]:
        """Return the group ``FOUND`` for ``large`` territories and ``words`` of filters. The kernels leave it empty."""
        found = self._kept.get(("found", large, words, width))
        if found is None:
            sites = self._new((large + 1) * width, np.uint64).reshape(large + 1, width)
            group = (self._new(large + 1, np.int32), sites, self._new(large + 2, np.int32), self._new(words, np.uint64))
            found = self._kept["found", large, words, width] = group
        return found

    def chunk(self, kinds: int, profiles: int, width: int) -> tuple[Any, ...]:
        """Return what ``scan`` works in: a chunk, two sets of sites, the chosen profiles, the survivors."""
        kinds, profiles = kinds // _KINDS, profiles // _PROFILES
        found = self._kept.get(("chunk", kinds, profiles, width))
        if found is None:
            rows = (kinds + 1) * _KINDS + kernels.SPARE_ROWS
            found = self._kept["chunk", kinds, profiles, width] = (
                self._new(rows * kernels.CHUNK, np.uint64).reshape(rows, kernels.CHUNK),
                self._new(2 * width, np.uint64).reshape(2, width),
                self._new((profiles + 1) * _PROFILES, np.int32),
                self._new(kernels.CHUNK * WORD, np.int32),
            )
        return found

    def rows(self, filters: int) -> npt.NDArray[np.int32]:
        """Return room for the rows of so many filters."""
        if self._rows.size < filters:
            self._rows = np.empty(filters + filters // 4, np.int32)
        return self._rows

    def _new(self, size: int, dtype: type[np.generic]) -> npt.NDArray[Any]:
        made = np.zeros(size, dtype)
        if self._bytes + made.nbytes > _KEPT:
            self._kept.clear()
            self._bytes = 0
        self._bytes += made.nbytes
        return made


def search(segment: Segment, view: View, request: Prepared, scratch: Scratch) -> Found:
    """Return the rows of all filters that accept a request."""
    asked, width = request.asked, request.width
    atlas, large = segment.atlas.group, segment.atlas.large
    keys, numbers = scratch.keys(request.keys.size, width)
    found = scratch.found(large, segment.live.size, width)
    used = _touch(atlas, request.keys, request.key_counts, keys, found, asked[-1], segment.ranges, numbers)
    room = scratch.chunk(request.kinds, request.profiles, width)
    out = scratch.rows(len(segment) + view.count)
    program = request.program(len(segment.rows), closed=True)
    hits = _scan(segment.group, program, asked, atlas, view.loose, keys, found, *room, out)
    more = 0
    if view.count:
        recent = np.zeros((view.count + WORD - 1) // WORD, np.uint64)
        kernels.fill(recent, 0, view.count)
        program = request.program(len(view.segment[0]), closed=False)
        found_there = (*found[:3], recent)
        more = _scan(view.segment, program, asked, atlas, view.loose, keys, found_there, *room, out[hits:])
    _forget(found, used)
    return Found(out[:hits], out[hits : hits + more])
