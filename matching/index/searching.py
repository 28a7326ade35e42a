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
_KEPT = 8_000_000
"""Bytes; scratch of a larger request is given back after it."""


class Found(NamedTuple):
    """Rows that accept, of the segment and of the tail. They belong to the thread until its next search."""

    segment: npt.NDArray[np.int32]
    tail: npt.NDArray[np.int32]


class Scratch:
    """Arrays that a search writes to, by use; larger ones replace smaller ones."""

    def __init__(self) -> None:
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def flat(self, use: str, size: int, dtype: type[np.generic], *, zero: bool = False) -> npt.NDArray[Any]:
        """Return ``size`` items. ``zero``: they are when first made, and whoever writes to them makes them so again."""
        array = self._arrays.get(use)
        if array is None or array.size < size:
            room = size + size // 4
            array = np.zeros(room, dtype) if zero else np.empty(room, dtype)
            if array.nbytes <= _KEPT or zero or use == "out":
                self._arrays[use] = array
        return array[:size]

    def table(self, use: str, rows: int, width: int) -> npt.NDArray[np.uint64]:
        """Return ``rows`` rows of ``width`` words."""
        return self.flat(use, rows * width, np.uint64).reshape(rows, width)


def search(segment: Segment, view: View, request: Prepared, scratch: Scratch) -> Found:
    """Return the rows of all filters that accept a request."""
    size = request.keys.size
    keys = _keys(size, request.width, scratch)
    atlas, large = segment.atlas.group, segment.atlas.large
    insides = scratch.flat("insides", large + 1, np.int32, zero=True)
    its_sites = scratch.flat("its sites", (large + 1) * request.width, np.uint64, zero=True).reshape(-1, request.width)
    numbers = scratch.flat("numbers of keys", size, np.int32)
    touched = scratch.flat("touched", large + 2, np.int32)
    words = segment.live.size
    candidates = scratch.flat("candidates", words, np.uint64, zero=True)
    found = (insides, its_sites, touched, candidates)
    used = _touch(atlas, request.keys, request.key_counts, keys, found, request.asked[-1], segment.ranges, numbers)
    chunk = scratch.table("chunk", request.kinds + kernels.SPARE_ROWS, kernels.CHUNK)
    sets = scratch.table("sets", 2, request.width)
    survivors = scratch.flat("survivors", kernels.CHUNK * WORD, np.int32)
    chosen = scratch.flat("chosen", request.profiles, np.int32)
    out = scratch.flat("out", len(segment) + view.count, np.int32)

    hits = _scan(
        segment.group,
        request.program(len(segment.rows), closed=True),
        request.asked,
        atlas,
        view.loose,
        keys,
        found,
        chunk,
        sets,
        chosen,
        survivors,
        out,
    )
    more = 0
    if view.count:
        recent = scratch.flat("recent", (view.count + WORD - 1) // WORD, np.uint64, zero=True)
        kernels.fill(recent, 0, view.count)
        found = (insides, its_sites, touched, recent)
        program = request.program(len(view.segment[0]), closed=False)
        more = _scan(
            view.segment,
            program,
            request.asked,
            atlas,
            view.loose,
            keys,
            found,
            chunk,
            sets,
            chosen,
            survivors,
            out[hits:],
        )
    _forget(found, used)
    return Found(out[:hits], out[hits : hits + more])


def _keys(size: int, width: int, scratch: Scratch) -> tuple[Any, ...]:
    """Return the group ``KEYS`` for so many keys, with bitsets of ``width`` words."""
    room = 2 << size.bit_length()
    return (
        scratch.flat("counts", 1, np.int64),
        scratch.flat("distinct", size, np.uint64),
        scratch.table("key sites", size, width),
        scratch.flat("keys", room, np.uint64),
        scratch.flat("places", room, np.int32),
        scratch.flat("numbers", room, np.uint32),
        scratch.flat("number places", room, np.int32),
    )
