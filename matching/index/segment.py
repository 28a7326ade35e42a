"""The filters that a rebuild arranged: sorted by territory and service, and never changed but for removals."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index import kernels, scales, tables, territories
from matching.index.territories import Atlas

WORD = 64
"""Filters a word of a row."""


@dataclass(frozen=True)
class Segment:
    """Arrays of filters. ``names`` are packed ids (two words each), ``live`` has a bit for each that is not removed.

    ``rows`` has one row of bits for each meaning that was known. They are closed: what is in an outer row
    is in the inner ones too (``Vocabulary.nested``). ``ranges`` tells where the filters of each territory and
    level of coverage begin.
    """

    rows: npt.NDArray[np.uint64]
    records: npt.NDArray[np.uint32]
    spans: npt.NDArray[np.int64]
    feature_masks: npt.NDArray[np.uint64]
    feature_starts: npt.NDArray[np.uint32]
    feature_codes: npt.NDArray[np.uint32]
    band_starts: npt.NDArray[np.uint32]
    band_codes: npt.NDArray[np.uint32]
    live: npt.NDArray[np.uint64]
    names: npt.NDArray[np.uint64]
    name_order: npt.NDArray[np.uint32]
    name_starts: npt.NDArray[np.uint32]
    name_shift: int
    ranges: npt.NDArray[np.uint32]
    atlas: Atlas

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def group(self) -> tuple[Any, ...]:
        """What the kernels take."""
        return (
            self.rows,
            self.records,
            self.spans,
            self.feature_masks,
            self.feature_starts,
            self.feature_codes,
            self.band_starts,
            self.band_codes,
            self.live,
        )

    def find(self, packed: bytes) -> int:
        """Return the row of a filter that is live, or -1."""
        row = self._row(packed)
        return row if row >= 0 and is_set(self.live, row) else -1

    def remove(self, packed: bytes) -> bool:
        """Take a filter out; tell whether it was there."""
        row = self._row(packed)
        return row >= 0 and kernels.clear_bit(self.live, row)

    def _row(self, packed: bytes) -> int:
        wanted = np.frombuffer(bytearray(packed), np.uint64)
        return kernels.find_name(self.names, self.name_order, self.name_starts, self.name_shift, wanted)

    def bytes_of_filters(self) -> int:
        """Return the size of everything but the territories, in bytes."""
        return sum(one.nbytes for one in arrays(self).values())

    def bytes_of_territories(self) -> int:
        """Return the size of the territories, in bytes."""
        return sum(one.nbytes for one in arrays(self.atlas).values())


def arrays(of: Segment | Atlas) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays of a dataclass by name."""
    named = ((field.name, getattr(of, field.name)) for field in fields(of))
    return {name: value for name, value in named if isinstance(value, np.ndarray)}


def empty(rows: int) -> Segment:
    """Return a segment without filters, with so many rows."""
    names = np.empty((0, 2), np.uint64)
    order, starts, shift = tables.by_name(names)
    return Segment(
        rows=np.zeros((rows, 0), np.uint64),
        records=np.empty((0, kernels.COLUMNS), np.uint32),
        spans=np.array([scales.OPEN], np.int64),
        feature_masks=np.zeros((1, kernels.KINDS_OF_FEATURES), np.uint64),
        feature_starts=np.zeros(kernels.KINDS_OF_FEATURES + 1, np.uint32),
        feature_codes=np.empty(0, np.uint32),
        band_starts=np.zeros(kernels.FAMILIES + 1, np.uint32),
        band_codes=np.empty(0, np.uint32),
        live=np.empty(0, np.uint64),
        names=names,
        name_order=order,
        name_starts=starts,
        name_shift=shift,
        ranges=np.zeros(kernels.LEVELS + 1, np.uint32),
        atlas=territories.empty(),
    )


def room_of(filters: int) -> int:
    """Return how many words a row has: whole cache lines."""
    return -(-filters // (WORD * kernels.LINE)) * kernels.LINE


def zero_rows(rows: int, words: int) -> npt.NDArray[np.uint64]:
    """Return rows of zeros that begin where a cache line does, so that ``kernels.LINE`` words are one fetch."""
    raw = np.zeros(rows * words + kernels.LINE, np.uint64)
    first = -raw.ctypes.data % (8 * kernels.LINE) // 8
    return raw[first : first + rows * words].reshape(rows, words)


def is_set(bits: npt.NDArray[np.uint64], at: int) -> bool:
    """Return whether bit ``at`` is set."""
    return bool(int(bits[at >> 6]) >> (at & 63) & 1)


def positions(bits: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.int64]:
    """Return the positions of the set bits among the first ``size``."""
    return np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")[:size])
