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

    ``rows`` has one row of bits more than there are meanings, which stays zero: it stands for meanings that came later.
    ``ranges`` tells where the filters of each territory begin.
    """

    rows: npt.NDArray[np.uint64]
    records: npt.NDArray[np.uint32]
    spans: npt.NDArray[np.int64]
    required_starts: npt.NDArray[np.uint32]
    required_codes: npt.NDArray[np.uint32]
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
            self.required_starts,
            self.required_codes,
            self.band_starts,
            self.band_codes,
            self.live,
        )

    def find(self, packed: bytes) -> int:
        """Return the row of a filter that is live, or -1."""
        wanted = np.frombuffer(bytearray(packed), np.uint64)
        row = kernels.find_name(self.names, self.name_order, self.name_starts, self.name_shift, wanted)
        return row if row >= 0 and is_set(self.live, row) else -1

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
        rows=np.zeros((rows + 1, 0), np.uint64),
        records=np.empty((0, kernels.COLUMNS), np.uint32),
        spans=np.array([scales.OPEN], np.int64),
        required_starts=np.zeros(2, np.uint32),
        required_codes=np.empty(0, np.uint32),
        band_starts=np.zeros(kernels.FAMILIES + 1, np.uint32),
        band_codes=np.empty(0, np.uint32),
        live=np.empty(0, np.uint64),
        names=names,
        name_order=order,
        name_starts=starts,
        name_shift=shift,
        ranges=np.zeros(2, np.uint32),
        atlas=territories.empty(),
    )


def is_set(bits: npt.NDArray[np.uint64], at: int) -> bool:
    """Return whether bit ``at`` is set."""
    return bool(int(bits[at >> 6]) >> (at & 63) & 1)


def clear(bits: npt.NDArray[np.uint64], at: int) -> None:
    """Clear bit ``at``."""
    bits[at >> 6] &= np.uint64(~(1 << (at & 63)) & 0xFFFFFFFFFFFFFFFF)


def positions(bits: npt.NDArray[np.uint64], size: int) -> npt.NDArray[np.int64]:
    """Return the positions of the set bits among the first ``size``."""
    return np.flatnonzero(np.unpackbits(bits.view(np.uint8), bitorder="little")[:size])
