"""A segment and what came since, arranged anew as one segment."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index import kernels, scales, tables, territories
from matching.index.segment import WORD, Segment, positions, room_of, zero_rows
from matching.index.tail import View
from matching.index.territories import Atlas, Loose
from matching.index.vocabulary import SERVICES, Vocabulary

_SPANS = slice(kernels.BANDWIDTH, kernels.START + 1)

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Long = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a rebuild begins with, taken while nobody writes: later changes don't show in it."""

    segment: Segment
    view: View
    live: npt.NDArray[np.uint64]
    tail_live: npt.NDArray[np.uint64]
    digests: tuple[bytes, ...]
    anchors: tuple[int, ...]
    pairs: tuple[npt.NDArray[np.uint64], Long]
    vocabulary: tuple[int, list[int], list[tuple[int, int]]]
    """The number of rows, those of services, and which are nested."""


def take(segment: Segment, view: View, loose: Loose, vocabulary: Vocabulary) -> Taken:
    """Return what a rebuild begins with."""
    digests, anchors = tuple(loose.digests), tuple(loose.anchors)
    meanings = vocabulary.size, list(vocabulary.numbers[SERVICES].values()), vocabulary.nested()
    return Taken(segment, view, segment.live.copy(), view.live.copy(), digests, anchors, loose.pairs, meanings)


def fold(taken: Taken) -> Segment:
    """Return the live filters of both as one segment."""
    segment, view = taken.segment, taken.view
    old, new = positions(taken.live, len(segment)), positions(taken.tail_live, view.count)
    records = np.concatenate((segment.records[old], view.records[new]))
    names = np.concatenate((segment.names[old], view.names[new]))
    _, _, tail_spans, _, *tail_lists, _ = view.segment
    spans = _fold_spans(records, old.size, segment.spans, tail_spans)
    features = _fold_lists(
        records[:, kernels.FEATURES],
        old.size,
        (segment.feature_starts, segment.feature_codes),
        tail_lists[:2],
        kernels.KINDS_OF_FEATURES,
    )
    bands = _fold_lists(
        records[:, kernels.BANDS], old.size, (segment.band_starts, segment.band_codes), tail_lists[2:], kernels.FAMILIES
    )
    atlas = _fold_territories(records, taken)

    height, services, nested = taken.vocabulary
    first = np.concatenate(
        [
            _first_services(rows, np.array(services, np.int32), kept)
            for rows, kept in ((segment.rows, old), (view.segment[0], new))
        ]
    )
    places = records[:, kernels.INCLUDE] * np.uint32(kernels.LEVELS) + _levels(records[:, kernels.COVERAGE])
    order = np.lexsort((first, places))
    to = np.empty(order.size, np.int64)
    to[order] = np.arange(order.size)
    words = room_of(order.size)
    rows = zero_rows(height, words)
    for source, kept, begin in ((segment.rows, old, 0), (view.segment[0], new, old.size)):
        moved = np.full(source.shape[1] * WORD, -1, np.int64)
        moved[kept] = to[begin : begin + kept.size]
        kernels.move_bits(source, moved, rows)
    for outer, inner in nested:
        rows[inner] |= rows[outer]
    records, names = records[order], names[order]
    live = np.zeros(words, np.uint64)
    kernels.fill(live, 0, order.size)
    name_order, name_starts, name_shift = tables.by_name(names)
    return Segment(
        rows=rows,
        records=records,
        spans=spans,
        feature_masks=_masks(*features),
        feature_starts=features[0],
        feature_codes=features[1],
        band_starts=bands[0],
        band_codes=bands[1],
        live=live,
        names=names,
        name_order=name_order,
        name_starts=name_starts,
        name_shift=name_shift,
        ranges=np.searchsorted(places[order], np.arange(len(atlas) * kernels.LEVELS + 1)).astype(np.uint32),
        atlas=atlas,
    )


def _first_services(rows: npt.NDArray[np.uint64], services: npt.NDArray[np.int32], kept: Long) -> npt.NDArray[np.int32]:
    first = np.full(rows.shape[1] * WORD, -1, np.int32)
    kernels.first_rows(rows, services[services < len(rows)], first)
    return first[kept]


def _levels(coverage: Numbers) -> Numbers:
    """Return the level of each coverage (``kernels.LEVELS``)."""
    kind, value = coverage >> kernels.COVERAGE_BITS, coverage & ((1 << kernels.COVERAGE_BITS) - 1)
    some = (kind == kernels.AT_LEAST) & (value > 1)
    low, high = (
        (kind == kernels.SHARE) & (value >= kernels.PERCENT // one_of) for one_of in (kernels.LOW, kernels.HIGH)
    )
    levels: Numbers = (some + 2 * low + high + 4 * (kind == kernels.ALL)).astype(np.uint32)
    return levels


def _fold_spans(records: Numbers, old: int, spans: Long, tail_spans: Long) -> Long:
    """Number the spans anew; the open one stays 0."""
    numbers = records[:, _SPANS].astype(np.int64)
    numbers[old:] += len(spans)
    used, inverse = np.unique(numbers, return_inverse=True)
    values = np.concatenate((spans, tail_spans))[used]
    stated = (values != scales.OPEN).any(axis=1)
    distinct, places = np.unique(values[stated], axis=0, return_inverse=True)
    renumbered = np.zeros(used.size, np.uint32)
    renumbered[stated] = places.reshape(-1) + 1
    records[:, _SPANS] = renumbered[inverse].reshape(numbers.shape)
    return np.concatenate((np.array([scales.OPEN], np.int64), distinct))


def _fold_lists(column: Numbers, old: int, own: Any, tail: Any, parts: int) -> tuple[Numbers, Numbers]:
    """Number lists of codes anew, in place in ``column``; return where each begins, and the codes."""
    known: dict[tuple[bytes, ...], int] = {(b"",) * parts: 0}
    for half, (starts, codes) in ((column[:old], own), (column[old:], tail)):
        used, inverse = np.unique(half, return_inverse=True)
        renumbered = np.empty(used.size, np.uint32)
        raw, edges = codes.tobytes(), (starts * codes.itemsize).tolist()
        for at, number in enumerate(used.tolist()):
            cut = edges[number * parts : number * parts + parts + 1]
            lists = tuple(raw[begin:end] for begin, end in pairwise(cut))
            renumbered[at] = known.setdefault(lists, len(known))
        half[:] = renumbered[inverse]
    flat = [one for lists in known for one in lists]
    starts = np.zeros(len(flat) + 1, np.uint32)
    starts[1:] = np.cumsum([len(one) // 4 for one in flat])
    return starts, np.frombuffer(bytearray().join(flat), np.uint32)


def _masks(starts: Numbers, codes: Numbers) -> Words:
    """Return the ``feature_mask`` of each list."""
    bits = np.append(np.uint64(1) << (codes % kernels.FEATURE_BITS).astype(np.uint64), np.uint64(0))
    masks = np.bitwise_or.reduceat(bits, starts[:-1])
    masks[starts[:-1] == starts[1:]] = 0
    return masks.reshape(-1, kernels.KINDS_OF_FEATURES)


def _fold_territories(records: Numbers, taken: Taken) -> Atlas:
    """Return the territories that filters refer to, and write their new numbers to ``records``."""
    atlas = taken.segment.atlas
    columns = slice(kernels.INCLUDE, kernels.EXCLUDE + 1)
    used, uses = np.unique(np.append(records[:, columns], 0), return_counts=True)
    if not taken.digests and used.size == len(atlas):
        return atlas
    digests = np.concatenate((atlas.digests, np.frombuffer(b"".join(taken.digests), np.uint64).reshape(-1, 2)))
    anchors = np.append(atlas.anchors, np.array(taken.anchors, np.uint64))
    keys, owners = atlas.pairs()
    keys, owners = np.append(keys, taken.pairs[0]), np.append(owners, taken.pairs[1] + len(atlas))
    # numbers of what stays, without everywhere: it is always there
    place = np.full(len(digests), -1, np.int64)
    place[used[1:]] = np.arange(used.size - 1)
    owners = place[owners]
    stay = owners >= 0
    arranged, numbers = territories.arrange(digests[used[1:]], anchors[used[1:]], keys[stay], owners[stay], uses[1:])
    renumbered = np.zeros(len(digests), np.uint32)
    renumbered[used[1:]] = numbers
    records[:, columns] = renumbered[records[:, columns]]
    return arranged
