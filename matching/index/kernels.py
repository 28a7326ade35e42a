"""The loops of a search, compiled: place keys to filters' places, rows to survivors, survivors to hits.

All place keys are 'mixed' (``mixed``), a bijection of 64-bit words: equal keys stay equal, and any of the bits of a
mixed key are as good as a hash. A bitset of sites is ``width`` words. Arguments come in groups, one tuple for each
owner (``RECORDS``, ``PROGRAM`` and so on, in the order of the fields of the classes that make them).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from matching.index.compiled import compiled

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Signed = npt.NDArray[np.int32]
Long = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]

INCLUDE, EXCLUDE, PROVIDER, REQUIRED, BANDS, COVERAGE, BANDWIDTH, SPEND, SITES, TERM, START = range(11)
"""Columns of a record. The last five are numbers of spans, where 0 is a range open at both ends."""
COLUMNS = 11
AT_LEAST, SHARE, ALL = 0, 1, 2
"""The two highest bits of a coverage; the rest is a number of sites, or a percentage times a million."""
COVERAGE_BITS = 30
PERCENT = 100_000_000
"""A hundred per cent, in the millionths in which a share is kept."""
FAMILIES = 4
"""Industries, sizes, regions, currencies: the lists of a ``BANDS`` number, in this order."""
CHUNK = 128
"""Words of a row that are worked on together: they stay in the first-level cache."""
SPARE_ROWS = 3
"""Rows of the scratch of a scan besides one for each kind of line."""

_ZERO, _ONE, _ALL = np.uint64(0), np.uint64(1), np.uint64(0xFFFFFFFFFFFFFFFF)
_M1, _M2, _M4 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333), np.uint64(0x0F0F0F0F0F0F0F0F)
_H01 = np.uint64(0x0101010101010101)
_GOLDEN, _STAFFORD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
_S1, _S2, _S4, _S29, _S32, _S56 = (np.uint64(shift) for shift in (1, 2, 4, 29, 32, 56))
_LOW6, _S6 = np.uint64(63), np.uint64(6)

_W, _WW = types.uint64[::1], types.uint64[:, ::1]
_N, _NN = types.uint32[::1], types.uint32[:, ::1]
_I, _L, _LL = types.int32[::1], types.int64[::1], types.int64[:, ::1]
_B, _BB = types.uint8[::1], types.uint8[:, ::1]
_INT = types.int64
_tuple: Any = types.Tuple

TABLE = _tuple((_W, _N, _INT))
"""Sorted hashes, where each bucket begins, and how far a hash is shifted to give its bucket."""
ATLAS = _tuple((TABLE, _N, _N, _N, _N, _INT))
"""Frozen territories: keys, postings of each key, small territories' keys, number of large ones."""
LOOSE = _tuple((_INT, _L, _W))
"""New territories: number of the first one, where each begins, their sorted keys."""
SEGMENT = _tuple((_WW, _NN, _LL, _N, _N, _N, _N, _W))
"""Rows, records, spans, required features (starts, codes), bands (starts, codes), live bits."""
PROGRAM = _tuple((_I, _I, _B, _I))
"""Rows of all clauses, where each clause begins, whether it is negated, where each group of clauses begins."""
ASKED = _tuple((_L, _I, _BB, _I, _LL, _WW, _B, _W))
"""Figures (sites; spend down, up, known; term; start, known; whether bands share rows), codes of the bands,
features of each kind, profiles of each kind (starts, bandwidths, sites), admitted
providers (empty: all), all sites."""
KEYS = _tuple((_INT, _W, _WW, _W, _I, _N, _I))
"""Number of distinct keys, keys, their sites, table by key (keys, positions), table by atlas number (the same)."""
FOUND = _tuple((_I, _WW, _I, _W))
"""Scratch of the atlas: slot of each large territory, sites of each slot, territories that have one, candidates."""


@compiled()
def mixed(key: Any) -> Any:
    """Return a key with its bits spread; a bijection."""
    key = key * _GOLDEN
    key = key ^ (key >> _S29)
    key = key * _STAFFORD
    return key ^ (key >> _S32)


@compiled()
def ones(word: Any) -> Any:
    """Return the number of set bits."""
    word = word - ((word >> _S1) & _M1)
    word = (word & _M2) + ((word >> _S2) & _M2)
    word = (word + (word >> _S4)) & _M4
    return np.int64((word * _H01) >> _S56)


@compiled(types.void(_W, _W))
def mix(keys: Words, out: Words) -> None:
    """Write each of ``keys`` mixed to ``out``."""
    for at in range(keys.size):
        out[at] = mixed(keys[at])


@compiled()
def _find(table: Any, wanted: Any) -> Any:
    """Return the position of a hash in a table, or -1."""
    hashes, starts, shift = table
    bucket = np.int64(wanted >> np.uint64(shift))
    for at in range(starts[bucket], starts[bucket + 1]):
        if hashes[at] == wanted:
            return np.int64(at)
    return np.int64(-1)


@compiled(types.int64(_WW, _N, _N, _INT, _W))
def find_name(names: Words, order: Numbers, starts: Numbers, shift: int, wanted: Words) -> int:
    """Return the row of sixteen bytes among ``names``, or -1; ``order`` and ``starts`` are of ``by_name``."""
    bucket = np.int64(mixed(wanted[0] ^ mixed(wanted[1])) >> np.uint64(shift))
    for at in range(starts[bucket], starts[bucket + 1]):
        row = order[at]
        if names[row, 0] == wanted[0] and names[row, 1] == wanted[1]:
            return int(np.int64(row))
    return -1


@compiled(types.void(_WW, _W))
def hash_names(names: Words, out: Words) -> None:
    """Write the hash of each packed id to ``out``."""
    for row in range(names.shape[0]):
        out[row] = mixed(names[row, 0] ^ mixed(names[row, 1]))


@compiled(types.void(_WW, _I, _INT))
def set_bits(rows: Words, which: Signed, position: int) -> None:
    """Set the bit of one filter in each of the rows ``which``."""
    word = position >> 6
    bit = _ONE << np.uint64(position & 63)
    for at in range(which.size):
        rows[which[at], word] |= bit


@compiled(types.void(_WW, _L, _WW))
def move_bits(source: Words, moved: Long, target: Words) -> None:
    """Set, for each bit ``i`` of a row of ``source``, bit ``moved[i]`` in the same row of ``target``; not where -1."""
    for row in range(min(source.shape[0], target.shape[0])):
        for word in range(source.shape[1]):
            bits = source[row, word]
            while bits:
                position = word * 64 + ones((bits & (~bits + _ONE)) - _ONE)
                bits = bits & (bits - _ONE)
                to = moved[position] if position < moved.size else -1
                if to >= 0:
                    target[row, to >> 6] |= _ONE << np.uint64(to & 63)


@compiled(types.void(_WW, _I, _I))
def first_rows(rows: Words, which: Signed, out: Signed) -> None:
    """Write to ``out`` for each filter the first of the rows ``which`` that has its bit; without one it stays."""
    for at in range(which.size - 1, -1, -1):
        for word in range(rows.shape[1]):
            bits = rows[which[at], word]
            while bits:
                position = word * 64 + ones((bits & (~bits + _ONE)) - _ONE)
                bits = bits & (bits - _ONE)
                if position < out.size:
                    out[position] = which[at]


@compiled(types.int64(_W, _I, _W, _WW, _W, _I))
def gather(keys: Words, sites: Signed, distinct: Words, key_sites: Words, table: Words, places: Signed) -> int:  # noqa: PLR0917 - arrays
    """Collect the sites of each distinct key; return how many there are.

    Args:
        keys: of all sites, as they came.
        sites: the site of each key.
        distinct: receives each key once, mixed.
        key_sites: receives its sites.
        table: open addressing, a power of two, at most half full: receives the keys.
        places: receives their position in ``distinct``; -1 is empty.
    """
    mask = np.uint64(table.size - 1)
    places[:] = -1
    count = 0
    for at in range(keys.size):
        key = mixed(keys[at])
        slot = key & mask
        while places[slot] >= 0 and table[slot] != key:
            slot = (slot + _ONE) & mask
        if places[slot] < 0:
            places[slot] = count
            table[slot] = key
            distinct[count] = key
            key_sites[count, :] = _ZERO
            count += 1
        site = np.uint64(sites[at])
        key_sites[places[slot], site >> _S6] |= _ONE << (site & _LOW6)
    return count


@compiled(types.void(_W, _INT, _INT))
def fill(bits: Words, begin: Any, end: Any) -> None:
    """Set the bits from ``begin`` to before ``end``."""
    if begin >= end:
        return
    first, last = begin >> 6, (end - 1) >> 6
    head = _ALL << np.uint64(begin & 63)
    tail = _ALL >> np.uint64(63 - ((end - 1) & 63))
    if first == last:
        bits[first] |= head & tail
        return
    bits[first] |= head
    for word in range(first + 1, last):
        bits[word] = _ALL
    bits[last] |= tail


@compiled(types.int64(ATLAS, KEYS, FOUND, _N, _INT))
def touch(atlas: Any, keys: Any, found: Any, ranges: Numbers, width: int) -> int:
    """Mark as candidates the filters of every territory that has one of the keys; return how many large ones do.

    The sites of a large territory are collected here, as all its filters will ask for them; those of a small one only
    when a survivor asks (``_collect``). ``ranges`` tells where the filters of each territory begin.
    """
    table, posting_starts, postings, _, _, large = atlas
    count, distinct, key_sites, _, _, number_table, number_places = keys
    slots, slot_sites, touched, candidates = found
    mask = np.uint64(number_table.size - 1)
    number_places[:] = -1
    used = 0
    for at in range(count):
        number = _find(table, distinct[at])
        if number < 0:
            continue
        slot = mixed(np.uint64(number)) & mask
        while number_places[slot] >= 0:
            slot = (slot + _ONE) & mask
        number_places[slot] = at
        number_table[slot] = np.uint32(number)
        for posting in range(posting_starts[number], posting_starts[number + 1]):
            territory = np.int64(postings[posting])
            if territory <= large:
                own = slots[territory]
                if own >= 0:
                    for word in range(width):
                        slot_sites[own, word] |= key_sites[at, word]
                    continue
                slots[territory] = used
                touched[used] = territory
                for word in range(width):
                    slot_sites[used, word] = key_sites[at, word]
                used += 1
            fill(candidates, ranges[territory], ranges[territory + 1])
    return used


@compiled()
def _take(hashed: Any, key: Any, table: Any, places: Any, key_sites: Any, out: Any) -> None:  # noqa: PLR0917 - arrays
    """Add the sites of a key to ``out``, if the request has it."""
    mask = np.uint64(table.size - 1)
    place = hashed & mask
    while places[place] >= 0:
        if table[place] == key:
            for word in range(out.size):
                out[word] |= key_sites[places[place], word]
            return
        place = (place + _ONE) & mask


@compiled()
def _collect_loose(begin: Any, end: Any, ordered: Any, keys: Any, out: Any) -> None:
    """Add the sites of the sorted keys from ``begin`` to before ``end``; whichever side has fewer is looked up."""
    count, distinct, key_sites, key_table, key_places, _, _ = keys
    if end - begin <= count:
        for at in range(begin, end):
            _take(ordered[at], ordered[at], key_table, key_places, key_sites, out)
        return
    for at in range(count):
        low, high = begin, end
        while low < high:
            middle = (low + high) >> 1
            if ordered[middle] < distinct[at]:
                low = middle + 1
            else:
                high = middle
        if low < end and ordered[low] == distinct[at]:
            for word in range(out.size):
                out[word] |= key_sites[at, word]


@compiled()
def _collect(  # noqa: PLR0917 - arrays
    territory: Any, atlas: Any, loose: Any, keys: Any, slots: Any, slot_sites: Any, out: Any
) -> None:
    """Write to ``out`` the sites that have a key of a territory (which is not 'everywhere')."""
    _, _, _, small_starts, small_keys, large = atlas
    first_loose, loose_starts, loose_keys = loose
    for word in range(out.size):
        out[word] = _ZERO
    if territory <= large:
        slot = slots[territory]
        if slot >= 0:
            for word in range(out.size):
                out[word] = slot_sites[slot, word]
    elif territory < first_loose:
        _, _, key_sites, _, _, table, places = keys
        own = territory - large - 1
        for at in range(small_starts[own], small_starts[own + 1]):
            _take(mixed(np.uint64(small_keys[at])), small_keys[at], table, places, key_sites, out)
    else:
        own = territory - first_loose
        _collect_loose(loose_starts[own], loose_starts[own + 1], loose_keys, keys, out)


@compiled()
def _narrow(  # noqa: PLR0917 - arrays
    rows: Any,
    clause_rows: Any,
    clause_starts: Any,
    negated: Any,
    first: Any,
    last: Any,
    base: Any,
    united: Any,
    bits: Any,
) -> Any:
    """AND the clauses ``first`` to before ``last`` into ``bits``; tell whether any bit is left.

    ``base`` is the word at which the chunk begins, ``united`` scratch. Slices of equal length and indices that begin at
    0: only so does the compiler use vector instructions, which are most of the speed.
    """
    size = bits.size
    for clause in range(first, last):
        begin, end = clause_starts[clause], clause_starts[clause + 1]
        source = rows[clause_rows[begin], base : base + size]
        for at in range(size):
            united[at] = source[at]
        for one in range(begin + 1, end):
            source = rows[clause_rows[one], base : base + size]
            for at in range(size):
                united[at] |= source[at]
        flip = _ALL if negated[clause] else _ZERO
        left = _ZERO
        for at in range(size):
            word = bits[at] & (united[at] ^ flip)
            bits[at] = word
            left |= word
        if left == _ZERO:
            return False
    return True


@compiled()
def _within(spans: Any, span: Any, low: Any, high: Any) -> Any:
    return span == 0 or (spans[span, 0] <= low and high <= spans[span, 1])


@compiled()
def _fits(records: Any, row: Any, spans: Any, figures: Any) -> Any:
    """Tell whether the figures of the request as a whole are in the filter's ranges."""
    if not _within(spans, records[row, SITES], figures[0], figures[0]):
        return False
    if figures[3] and not _within(spans, records[row, SPEND], figures[1], figures[2]):
        return False
    if not _within(spans, records[row, TERM], figures[4], figures[4]):
        return False
    return not figures[6] or _within(spans, records[row, START], figures[5], figures[5])


@compiled()
def _named(number: Any, starts: Any, codes: Any, bands: Any) -> Any:
    """Tell whether each list of bands that is not empty names the request's band."""
    for family in range(FAMILIES):
        begin, end = starts[number * FAMILIES + family], starts[number * FAMILIES + family + 1]
        named = begin == end
        for at in range(begin, end):
            if np.int64(codes[at]) == bands[family]:
                named = True
        if not named:
            return False
    return True


@compiled()
def _needed(coverage: Any, sites: Any) -> Any:
    """Return how many sites must pass (``predicate.needed_sites``)."""
    kind = np.int64(coverage) >> COVERAGE_BITS
    value = np.int64(coverage) & ((1 << COVERAGE_BITS) - 1)
    if kind == ALL:
        value = sites
    elif kind == SHARE:
        value = (value * sites + PERCENT - 1) // PERCENT
    return max(np.int64(1), value)


@compiled()
def _required(number: Any, starts: Any, codes: Any, asks: Any, kind: Any) -> Any:
    """Tell whether a kind of line asks for every feature that a filter requires."""
    if number:
        for at in range(starts[number], starts[number + 1]):
            if not asks[kind, codes[at]]:
                return False
    return True


@compiled(types.int64(SEGMENT, PROGRAM, ASKED, ATLAS, LOOSE, KEYS, FOUND, _WW, _WW, _I, _I))
def scan(  # noqa: C901, PLR0912, PLR0915, PLR0917 - groups are unpacked once: each time costs as much as a filter
    segment: Any,
    program: Any,
    asked: Any,
    atlas: Any,
    loose: Any,
    keys: Any,
    found: Any,
    chunk: Words,
    sets: Words,
    survivors: Signed,
    out: Signed,
) -> int:
    """Write the rows of all filters that accept to ``out``; return how many. Candidates are cleared on the way.

    Rows narrow the candidates, a chunk at a time: first by the clauses of the whole request (group 0), then by those
    of each kind of line. What survives is decided by its record. ``chunk`` is scratch, a row for
    each kind and three, and so are ``sets``,
    four sets of sites, and ``survivors``, a number for each bit of a chunk.
    """
    rows, records, spans, required_starts, required_codes, band_starts, band_codes, live = segment
    clause_rows, clause_starts, negated, groups = program
    figures, bands, asks, profile_starts, bandwidths, profile_sites, admitted, all_sites = asked
    slots, slot_sites, _, candidates = found
    sites, width, kinds = figures[0], all_sites.size, asks.shape[0]
    united = chunk[kinds + 2]
    included, left_out, covered, passing = sets[0], sets[1], sets[2], sets[3]
    last_include, last_exclude, inside = np.int64(-1), np.int64(0), np.int64(0)
    hits = 0
    for base in range(0, candidates.size, CHUNK):
        size = min(CHUNK, candidates.size - base)
        requested, surviving = chunk[kinds, :size], chunk[kinds + 1, :size]
        left = _ZERO
        for at in range(size):
            requested[at] = candidates[base + at] & live[base + at]
            candidates[base + at] = _ZERO
            left |= requested[at]
        if left == _ZERO or not _narrow(
            rows, clause_rows, clause_starts, negated, 0, groups[1], base, united, requested
        ):
            continue
        for at in range(size):
            surviving[at] = _ZERO
        for kind in range(kinds):
            own, first, last = chunk[kind, :size], groups[kind + 1], groups[kind + 2]
            for at in range(size):
                own[at] = requested[at]
            if _narrow(rows, clause_rows, clause_starts, negated, first, last, base, united, own):
                for at in range(size):
                    surviving[at] |= own[at]
        # first all that survive, without a branch on what a record says: so the processor fetches many records at once
        waiting = 0
        for word in range(size):
            bits = surviving[word]
            while bits:
                lowest = bits & (~bits + _ONE)
                bits ^= lowest
                row = (base + word) * 64 + ones(lowest - _ONE)
                survivors[waiting] = row
                waiting += _needed(records[row, COVERAGE], sites) <= sites
        for at_survivor in range(waiting):
            row = np.int64(survivors[at_survivor])
            if admitted.size and not admitted[records[row, PROVIDER]]:
                continue
            if not _fits(records, row, spans, figures):
                continue
            if figures[7] and not _named(np.int64(records[row, BANDS]), band_starts, band_codes, bands):
                continue
            include, exclude = np.int64(records[row, INCLUDE]), np.int64(records[row, EXCLUDE])
            if include != last_include or exclude != last_exclude:
                # filters of one territory stand together: most ask for what the one before asked for
                if include == 0:
                    for at in range(width):
                        included[at] = all_sites[at]
                elif include != last_include:
                    _collect(include, atlas, loose, keys, slots, slot_sites, included)
                if exclude == 0:
                    for at in range(width):
                        left_out[at] = _ZERO
                elif exclude != last_exclude:
                    _collect(exclude, atlas, loose, keys, slots, slot_sites, left_out)
                last_include, last_exclude, inside = include, exclude, np.int64(0)
                for at in range(width):
                    covered[at] = included[at] & ~left_out[at]
                    inside += ones(covered[at])
            needed = _needed(records[row, COVERAGE], sites)
            if inside < needed:
                continue
            for at in range(width):
                passing[at] = _ZERO
            for kind in range(kinds):
                if not (chunk[kind, (row >> 6) - base] >> np.uint64(row & 63)) & _ONE:
                    continue
                if not _required(records[row, REQUIRED], required_starts, required_codes, asks, kind):
                    continue
                for profile in range(profile_starts[kind], profile_starts[kind + 1]):
                    low, high = bandwidths[profile, 0], bandwidths[profile, 1]
                    if not bandwidths[profile, 2] or _within(spans, records[row, BANDWIDTH], low, high):
                        for at in range(width):
                            passing[at] |= profile_sites[profile, at]
            total = np.int64(0)
            for at in range(width):
                total += ones(passing[at] & covered[at])
            if total >= needed:
                out[hits] = row
                hits += 1
    return hits
