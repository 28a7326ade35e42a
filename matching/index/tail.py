"""The filters that came since the last rebuild, in the order in which they came."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index import kernels, scales
from matching.index.encoding import Encoded
from matching.index.scales import Span
from matching.index.segment import WORD
from matching.index.territories import Atlas, Keys, Loose, grown
from matching.index.vocabulary import Vocabulary, feature_mask

_ROOM = 16
"""Words of a row, and spare rows, at first."""


@dataclass(frozen=True, slots=True)
class View:
    """What a reader sees of a tail: its arrays as they were, and how many filters they held."""

    count: int
    segment: tuple[Any, ...]
    loose: tuple[Any, ...]
    names: npt.NDArray[np.uint64]

    @property
    def records(self) -> npt.NDArray[np.uint32]:
        """The records, with room behind them."""
        records: npt.NDArray[np.uint32] = self.segment[1]
        return records

    @property
    def live(self) -> npt.NDArray[np.uint64]:
        """The live bits, with room behind them."""
        live: npt.NDArray[np.uint64] = self.segment[-1]
        return live


class Lists:
    """Lists of codes, each kept once, ``parts`` of them under one number; 0 is nothing."""

    def __init__(self, parts: int) -> None:
        self.parts = parts
        self._numbers: dict[tuple[tuple[int, ...], ...], int] = {((),) * parts: 0}
        self.starts = np.zeros(parts + 1, np.uint32)
        self.codes = np.empty(_ROOM, np.uint32)

    def number(self, lists: tuple[tuple[int, ...], ...]) -> int:
        """Return the number of these lists."""
        number = self._numbers.get(lists)
        if number is None:
            number = len(self._numbers)
            first = number * self.parts
            self.starts = grown(self.starts, first + self.parts + 1)
            at = int(self.starts[first])
            self.codes = grown(self.codes, at + sum(map(len, lists)))
            for part, codes in enumerate(lists, start=first + 1):
                self.codes[at : at + len(codes)] = codes
                at += len(codes)
                self.starts[part] = at
            self._numbers[lists] = number
        return number


class Tail:
    """Grows by one filter at a time. One writer; a reader takes the ``view`` and sees no half-written filter."""

    def __init__(self, vocabulary: Vocabulary, atlas: Atlas) -> None:
        self.territories = Loose(atlas)
        self.rows_of: dict[bytes, int] = {}
        """The row of each live filter here, by packed id."""
        self._vocabulary = vocabulary
        self._rows = np.zeros((vocabulary.size + _ROOM, _ROOM), np.uint64)
        self._records = np.zeros((_ROOM * WORD, kernels.COLUMNS), np.uint32)
        self._names = np.zeros((_ROOM * WORD, 2), np.uint64)
        self._live = np.zeros(_ROOM, np.uint64)
        self._spans = np.array([scales.OPEN], np.int64)
        self._span_numbers: dict[Span, int] = {scales.OPEN: 0}
        self._features = Lists(kernels.KINDS_OF_FEATURES)
        self._feature_masks = np.zeros((_ROOM, kernels.KINDS_OF_FEATURES), np.uint64)
        self._bands = Lists(kernels.FAMILIES)
        self._count = 0
        self.view = self._seen()

    def add(self, packed: bytes, provider: int, filter_: Encoded, include: Keys | None, exclude: Keys | None) -> None:
        """Append a filter; the next search sees it."""
        row = self._count
        self._make_room()
        number = self.territories.number
        self._records[row] = (
            0 if include is None else number(include),
            0 if exclude is None or not exclude.size else number(exclude),
            provider,
            self._feature_lists(filter_.required, filter_.excluded),
            self._bands.number(filter_.bands),
            filter_.coverage,
            *map(self._span, filter_.spans),
        )
        self._names[row] = np.frombuffer(packed, np.uint64)
        kernels.set_bits(self._rows, np.array(filter_.rows, np.int32), row)
        self._live[row >> 6] |= np.uint64(1 << (row & 63))
        self._count += 1
        self.rows_of[packed] = row
        self.view = self._seen()

    def clear(self, row: int) -> None:
        """Take a filter out; its id is the caller's to forget."""
        kernels.clear_bit(self._live, row)

    def _feature_lists(self, required: tuple[int, ...], excluded: tuple[int, ...]) -> int:
        number = self._features.number((required, excluded))
        self._feature_masks = grown(self._feature_masks, number + 1)
        self._feature_masks[number] = feature_mask(required), feature_mask(excluded)
        return number

    def _span(self, span: Span) -> int:
        number = self._span_numbers.get(span)
        if number is None:
            number = len(self._span_numbers)
            self._spans = grown(self._spans, number + 1)
            self._spans[number] = span
            self._span_numbers[span] = number
        return number

    def _make_room(self) -> None:
        height, width = self._rows.shape
        if self._vocabulary.size > height:
            self._rows = np.concatenate(
                (self._rows, np.zeros_like(self._rows[:_ROOM], shape=(self._vocabulary.size, width)))
            )
        if self._count >= width * WORD:
            self._rows = np.concatenate((self._rows, np.zeros_like(self._rows)), axis=1)
            self._live = grown(self._live, width + 1)
            self._records = grown(self._records, self._count + 1)
            self._names = grown(self._names, self._count + 1)

    def _seen(self) -> View:
        features = (self._feature_masks, self._features.starts, self._features.codes)
        bands = (self._bands.starts, self._bands.codes)
        segment = (self._rows, self._records, self._spans, *features, *bands, self._live)
        return View(self._count, segment, self.territories.group, self._names)
