"""The loops of a search, compiled: place keys to filters' places, rows to survivors, survivors to hits.

All place keys are 'mixed' (``mixed``), a bijection of 64-bit words: equal keys stay equal, and any of the bits of a
mixed key are as good as a hash. A bitset of sites is ``width`` words. Arguments come in groups, one tuple for each
owner (``SEGMENT``, ``PROGRAM`` and so on, in the order of the fields of the classes that make them).

They are in one file, as what is kept on disk of a function is made anew only when its own file changes.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import types

from matching.index.compiled import compiled
from matching.index.prefetch import prefetch

Words = npt.NDArray[np.uint64]
Numbers = npt.NDArray[np.uint32]
Signed = npt.NDArray[np.int32]
Long = npt.NDArray[np.int64]

INCLUDE, EXCLUDE, PROVIDER, FEATURES, BANDS, COVERAGE, BANDWIDTH, SPEND, SITES, TERM, START = range(11)
"""Columns of a record. The last five are numbers of spans, where 0 is a range open at both ends."""
COLUMNS = 11
BANDS_SHARE, FEATURES_SHARE = 6, 7
"""Places among the figures of a request."""
EVERYWHERE = 0
"""The number of the territory that all sites lie in."""
LEVELS = 5
"""What a coverage needs at the least, which is how the filters of a territory are ordered: one site, two, one of ten
(``LOW``), one of four (``HIGH``), all."""
LOW, HIGH = 10, 4
AT_LEAST, SHARE, ALL = 0, 1, 2
"""The two highest bits of a coverage; the rest is a number of sites, or a percentage times a million."""
COVERAGE_BITS = 30
PERCENT = 100_000_000
"""A hundred per cent, in the millionths in which a share is kept."""
KINDS_OF_FEATURES = 2
"""Required ones, excluded ones: the lists of a ``FEATURES`` number, in this order."""
FEATURE_BITS = 64
"""Features beyond these share a bit of a mask with another one."""
FAMILIES = 4
"""Industries, sizes, regions, currencies: the lists of a ``BANDS`` number, in this order."""
LINE = 8
"""Words of a row in a cache line: what has no candidate is left out in such pieces."""
AHEAD = 16
"""So many territories ahead it is told what will be read of one."""
GAP = 16
"""So many words without a candidate are worked on along with their neighbours: to begin anew costs more."""
CHUNK = 256
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
SEGMENT = _tuple((_WW, _NN, _LL, _WW, _N, _N, _N, _N, _W))
"""Rows, records, spans, features (masks, starts, codes), bands (starts, codes), live bits."""
PROGRAM = _tuple((_I, _I, _I, _I))
"""Rows of all clauses, where each clause begins, whether it is negated, where each group of clauses begins."""
ASKED = _tuple((_L, _L, _W, _BB, _L, _L, _W, _B, _W))
"""Figures (sites, term; ends of spend and start; whether bands share rows, whether features share bits), codes of the
bands, features of each kind (mask; flags, where they share bits), profiles (kinds, ends of bandwidths, sites), admitted
providers (empty: all), all sites. What is not known lies in every range: its low end is beyond its high one."""
KEYS = _tuple((_L, _W, _WW, _W, _I, _N, _I))
"""Scratch of a request's keys: how many distinct ones, they themselves, their sites; tables by key (keys, positions)
and by atlas number (the same), of a power of two, at most half full, where -1 is empty."""
FOUND = _tuple((_I, _WW, _I, _W))
"""Scratch of the atlas: how many of the sites each large territory has, which ones, the territories that have some,
candidates. ``EVERYWHERE`` is one of the large ones."""


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


@compiled(types.int64(_WW, _N, _N, _INT, _W))
def find_name(names: Words, order: Numbers, starts: Numbers, shift: int, wanted: Words) -> int:
    """Return the row of sixteen bytes among ``names``, or -1; ``order`` and ``starts`` are of ``by_name``."""
    bucket = np.int64(mixed(wanted[0] ^ mixed(wanted[1])) >> np.uint64(shift))
    for at in range(starts[bucket], starts[bucket + 1]):
        row = order[at]
        if names[row, 0] == wanted[0] and names[row, 1] == wanted[1]:
            return int(np.int64(row))
    return -1


@compiled(types.boolean(_W, _INT))
def clear_bit(bits: Words, position: int) -> bool:
    """Clear a bit; tell whether it was set."""
    bit = _ONE << np.uint64(position & 63)
    was = bits[position >> 6] & bit
    bits[position >> 6] &= ~bit
    return bool(was != _ZERO)


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


@compiled()
def _gather(named: Any, sizes: Any, keys: Any) -> Any:
    """Collect the sites of each distinct key in ``keys``; return how many there are.

    ``named`` are the keys of all sites as they came, ``sizes`` how many of them each site has.
    """
    counts, distinct, key_sites, table, places, _, _ = keys
    mask = np.uint64(table.size - 1)
    places[:] = -1
    count = 0
    at = 0
    for site in range(sizes.size):
        word, bit = site >> 6, _ONE << np.uint64(site & 63)
        for _ in range(sizes[site]):
            key = mixed(named[at])
            at += 1
            slot = key & mask
            while places[slot] >= 0 and table[slot] != key:
                slot = (slot + _ONE) & mask
            if places[slot] < 0:
                places[slot] = count
                table[slot] = key
                distinct[count] = key
                key_sites[count, :] = _ZERO
                count += 1
            key_sites[places[slot], word] |= bit
    counts[0] = count
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


@compiled()
def _look_up(table: Any, posting_starts: Any, postings: Any, wanted: Any, numbers: Any) -> None:
    """Write the position of each wanted hash in a table, or -1, to ``numbers``.

    Step by step for all of them, each step telling the processor what the next one will read: so the waits for memory
    run side by side.
    """
    hashes, starts, shift = table
    for at in range(wanted.size):
        prefetch(starts, np.int64(wanted[at] >> np.uint64(shift)))
    for at in range(wanted.size):
        prefetch(hashes, np.int64(starts[wanted[at] >> np.uint64(shift)]))
    for at in range(wanted.size):
        bucket = wanted[at] >> np.uint64(shift)
        numbers[at] = -1
        for place in range(starts[bucket], starts[bucket + _ONE]):
            if hashes[place] == wanted[at]:
                numbers[at] = place
                prefetch(posting_starts, np.int64(place))
                break
    for at in range(wanted.size):
        if numbers[at] >= 0:
            prefetch(postings, np.int64(posting_starts[numbers[at]]))


@compiled()
def _size(sets: Any, which: Any) -> Any:
    """Return how many members a bitset has."""
    count = np.int64(0)
    for word in range(sets.shape[1]):
        count += ones(sets[which, word])
    return count


@compiled()
def _mark(found: Any, used: Any, ranges: Any) -> None:
    """Mark the filters of the ``used`` territories as candidates, those alone whose coverage can be reached there."""
    insides, its_sites, touched, candidates = found
    for at in range(used):
        ahead = np.int64(touched[min(at + AHEAD, used - 1)])
        prefetch(ranges, ahead * LEVELS)
        prefetch(ranges, ahead * LEVELS + LEVELS)
        territory = np.int64(touched[at])
        inside = _size(its_sites, territory)
        insides[territory] = np.int32(inside)
        sites = np.int64(insides[EVERYWHERE])
        level = 0
        if inside > 1:
            level = 1
        if inside * LOW >= sites:
            level = 2
        if inside * HIGH >= sites:
            level = 3
        if inside == sites:
            level = 4
        first = territory * LEVELS
        fill(candidates, np.int64(ranges[first]), np.int64(ranges[first + level + 1]))


@compiled(types.int64(ATLAS, _W, _L, KEYS, FOUND, _W, _N, _I))
def touch(  # noqa: PLR0917 - groups
    atlas: Any, named: Words, sizes: Long, keys: Any, found: Any, all_sites: Words, ranges: Numbers, numbers: Signed
) -> int:
    """Mark as candidates the filters of every territory that has one of the keys; return how many are ``touched``.

    ``named`` are the keys of all sites as they came, ``sizes`` how many of them each site has; they go into ``keys``.
    The sites of a large territory are collected here, as all its filters will ask for them; those of a small one only
    when a survivor asks (``_collect``). Everywhere has ``all_sites``. ``ranges`` tells where the filters of each
    territory and level begin, ``numbers`` is scratch, one for each key.
    """
    table, posting_starts, postings, _, _, large = atlas
    _, distinct, key_sites, _, _, number_table, number_places = keys
    count = _gather(named, sizes, keys)
    insides, its_sites, touched, candidates = found
    width = all_sites.size
    mask = np.uint64(number_table.size - 1)
    number_places[:] = -1
    _look_up(table, posting_starts, postings, distinct[:count], numbers)
    for word in range(width):
        its_sites[EVERYWHERE, word] = all_sites[word]
    touched[0] = EVERYWHERE
    used = 1
    for at in range(count):
        number = np.int64(numbers[at])
        if number < 0:
            continue
        slot = mixed(np.uint64(number)) & mask
        while number_places[slot] >= 0:
            slot = (slot + _ONE) & mask
        number_places[slot] = at
        number_table[slot] = np.uint32(number)
        for posting in range(posting_starts[number], posting_starts[number + 1]):
            territory = np.int64(postings[posting])
            if territory > large:
                fill(candidates, np.int64(ranges[territory * LEVELS]), np.int64(ranges[(territory + 1) * LEVELS]))
                continue
            for word in range(width):
                its_sites[territory, word] |= key_sites[at, word]
            touched[used] = np.int32(territory)
            used += insides[territory] == 0
            insides[territory] = 1
    _mark(found, used, ranges)
    return used


@compiled(types.void(FOUND, _INT))
def forget(found: Any, used: int) -> None:
    """Make the sites of the ``used`` territories that were touched empty again, for the next request."""
    insides, its_sites, touched, _ = found
    for at in range(used):
        insides[touched[at]] = 0
        for word in range(its_sites.shape[1]):
            its_sites[touched[at], word] = _ZERO


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
    counts, distinct, key_sites, key_table, key_places, _, _ = keys
    count = counts[0]
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
    territory: Any, atlas: Any, loose: Any, keys: Any, its_sites: Any, out: Any
) -> None:
    """Write to ``out`` the sites that have a key of a territory (which is not 'everywhere')."""
    _, _, _, small_starts, small_keys, large = atlas
    first_loose, loose_starts, loose_keys = loose
    for word in range(out.size):
        out[word] = _ZERO
    if territory <= large:
        for word in range(out.size):
            out[word] = its_sites[territory, word]
    elif territory < first_loose:
        _, _, key_sites, _, _, table, places = keys
        own = territory - large - 1
        for at in range(small_starts[own], small_starts[own + 1]):
            _take(mixed(np.uint64(small_keys[at])), small_keys[at], table, places, key_sites, out)
    else:
        own = territory - first_loose
        _collect_loose(loose_starts[own], loose_starts[own + 1], loose_keys, keys, out)


@compiled()
def _next_run(candidates: Any, base: Any) -> Any:
    """Return where the next words with candidates begin and how many they are; none at the end."""
    words = candidates.size
    begin, end, at = words, words, base
    while at < words:
        some, last = _ZERO, min(at + LINE, words)
        for word in range(at, last):
            some |= candidates[word]
        if some:
            begin, end = min(begin, at), last
        at = last
        if begin < words and (at - end > GAP or at - begin >= CHUNK):
            break
    return begin, end - begin


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
        flip = _ALL if negated[clause] else _ZERO
        one = rows[clause_rows[begin], base : base + size]
        other = rows[clause_rows[end - 1], base : base + size]
        left = _ZERO
        if begin + 1 >= end - 1:
            for at in range(size):
                word = bits[at] & ((one[at] | other[at]) ^ flip)
                bits[at] = word
                left |= word
        else:
            for at in range(size):
                united[at] = one[at] | other[at]
            for middle in range(begin + 1, end - 1):
                source = rows[clause_rows[middle], base : base + size]
                for at in range(size):
                    united[at] |= source[at]
            for at in range(size):
                word = bits[at] & (united[at] ^ flip)
                bits[at] = word
                left |= word
        if left == _ZERO:
            return False
    return True


@compiled()
def _within(spans: Any, span: Any, low: Any, high: Any) -> Any:
    return (spans[span, 0] <= low) & (high <= spans[span, 1])


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
    kind = coverage >> np.uint32(COVERAGE_BITS)
    value = np.int64(coverage & np.uint32((1 << COVERAGE_BITS) - 1))
    share = np.int64((np.uint64(value) * np.uint64(sites) + np.uint64(PERCENT - 1)) // np.uint64(PERCENT))
    if kind == SHARE:
        value = share
    if kind == ALL:
        value = sites
    return max(np.int64(1), value)


@compiled()
def _wants(number: Any, starts: Any, codes: Any, asks: Any, kind: Any) -> Any:
    """Tell whether a kind of line asks for every feature that a filter requires, and for none that it excludes."""
    middle = starts[2 * number + 1]
    for at in range(starts[2 * number], middle):
        if not asks[kind, codes[at]]:
            return False
    unwanted = False
    for at in range(middle, starts[2 * number + 2]):
        unwanted |= asks[kind, codes[at]] != 0
    return not unwanted


@compiled()
def _extract(surviving: Any, base: Any, records: Any, survivors: Any) -> Any:
    """Write the rows of the set bits to ``survivors``; return how many there are."""
    count = 0
    for word in range(surviving.size):
        bits = surviving[word]
        while bits:
            lowest = bits & (~bits + _ONE)
            bits ^= lowest
            row = np.int64((base + word) * 64 + ones(lowest - _ONE))
            prefetch(records, row * COLUMNS)
            prefetch(records, row * COLUMNS + COLUMNS - 1)
            survivors[count] = row
            count += 1
    return count


@compiled()
def _shortlist(  # noqa: PLR0917 - arrays
    records: Any,
    spans: Any,
    feature_masks: Any,
    band_starts: Any,
    figures: Any,
    admitted: Any,
    insides: Any,
    large: Any,
    survivors: Any,
    count: Any,
) -> Any:
    """Keep the survivors that the figures of the request as a whole suit; return how many.

    So do those whose large territory has as many of the sites as they need; of a small one it is not known yet.

    Without a branch on what a record says: the processor can't foresee it, and so fetches many records at once. What
    the decision will read next of each is asked for here.
    """
    sites, term = figures[0], figures[1]
    spend, most_spend, start, last_start = figures[2], figures[3], figures[4], figures[5]
    kept = 0
    for at in range(count):
        row = np.uint64(survivors[at])
        include = np.int64(records[row, INCLUDE])
        suits = _needed(records[row, COVERAGE], sites) <= insides[include if include <= large else 0]
        suits &= _within(spans, records[row, SITES], sites, sites)
        suits &= _within(spans, records[row, SPEND], spend, most_spend)
        suits &= _within(spans, records[row, TERM], term, term)
        suits &= _within(spans, records[row, START], start, last_start)
        if admitted.size:
            suits &= admitted[records[row, PROVIDER]] != 0
        prefetch(feature_masks, np.int64(records[row, FEATURES]) * KINDS_OF_FEATURES)
        if figures[BANDS_SHARE]:
            prefetch(band_starts, np.int64(records[row, BANDS]) * FAMILIES)
        survivors[kept] = survivors[at]
        kept += suits
    return kept


@compiled(inline=True)
def _decide(  # noqa: C901, PLR0912, PLR0917 - groups are unpacked once: each time costs as much as a filter
    segment: Any,
    asked: Any,
    atlas: Any,
    loose: Any,
    keys: Any,
    its_sites: Any,
    own: Any,
    base: Any,
    sets: Any,
    chosen: Any,
    survivors: Any,
    waiting: Any,
    out: Any,
    hits: Any,
    width: Any,
) -> Any:
    """Add the survivors of which enough sites pass to ``out``, behind the first ``hits``; return how many there are.

    ``own`` has for each kind of line a row of the filters that it suits, from the word ``base`` on. ``width`` is that
    of a bitset of sites: called with a plain 1, as most often, the loops over sites are compiled to one step each.
    Here, too, what a record says is reckoned with rather than branched on.
    """
    _, records, spans, feature_masks, feature_starts, feature_codes, band_starts, band_codes, _ = segment
    figures, bands, masks, asks, profile_kinds, bandwidths, profile_sites, _, _ = asked
    sites, profiles, large = figures[0], profile_kinds.size, np.uint64(atlas[5])
    covered, left_out = sets[0], sets[1]
    for at_survivor in range(waiting):
        row = np.uint64(survivors[at_survivor])
        include, exclude = np.uint64(records[row, INCLUDE]), np.uint64(records[row, EXCLUDE])
        if include <= large and exclude <= large:
            # as an exclusion, number 0 is not everywhere but none
            leaves_out = _ZERO - np.uint64(exclude != _ZERO)
            for at in range(width):
                covered[at] = its_sites[include, at] & ~(its_sites[exclude, at] & leaves_out)
        else:
            _collect(np.int64(include), atlas, loose, keys, its_sites, covered)
            if exclude:
                _collect(np.int64(exclude), atlas, loose, keys, its_sites, left_out)
                for at in range(width):
                    covered[at] &= ~left_out[at]
        if figures[BANDS_SHARE] and not _named(np.int64(records[row, BANDS]), band_starts, band_codes, bands):
            continue
        features, wanted = np.uint64(records[row, FEATURES]), np.uint64(records[row, BANDWIDTH])
        required, unwanted = feature_masks[features, 0], feature_masks[features, 1]
        picked, passing = 0, _ZERO
        word, bit = (row >> _S6) - np.uint64(base), row & _LOW6
        for profile in range(profiles):
            kind = profile_kinds[profile]
            fits = ((own[kind, word] >> bit) & _ONE) != _ZERO
            fits &= (required & ~masks[kind]) == _ZERO
            if figures[FEATURES_SHARE]:
                fits &= _wants(np.int64(features), feature_starts, feature_codes, asks, kind)
            else:
                fits &= (unwanted & masks[kind]) == _ZERO
            fits &= _within(spans, wanted, bandwidths[2 * profile], bandwidths[2 * profile + 1])
            if width == 1:
                passing |= profile_sites[profile] & (_ZERO - np.uint64(fits))
            else:
                chosen[picked] = profile
                picked += fits
        if width == 1:
            total = ones(passing & covered[0])
        else:
            total = np.int64(0)
            for at in range(width):
                passing = _ZERO
                for one in range(picked):
                    passing |= profile_sites[chosen[one] * width + at]
                total += ones(passing & covered[at])
        out[hits] = survivors[at_survivor]
        hits += total >= _needed(records[row, COVERAGE], sites)
    return hits


@compiled(types.int64(SEGMENT, PROGRAM, ASKED, ATLAS, LOOSE, KEYS, FOUND, _WW, _WW, _I, _I, _I))
def scan(  # noqa: C901, PLR0917 - groups are unpacked once: each time costs as much as a filter
    segment: Any,
    program: Any,
    asked: Any,
    atlas: Any,
    loose: Any,
    keys: Any,
    found: Any,
    chunk: Words,
    sets: Words,
    chosen: Signed,
    survivors: Signed,
    out: Signed,
) -> int:
    """Write the rows of all filters that accept to ``out``; return how many. Candidates are cleared on the way.

    Rows narrow the candidates, a run of words at a time: first by the clauses of the whole request (group 0), then by
    those of each kind of line. What survives is decided by its record. Nearly all of the time is waiting for memory, so
    the rows of the next run are asked for before this one is worked on, and so are the records of all survivors.

    Scratch: ``chunk``, ``SPARE_ROWS`` rows and one for each kind; ``sets``, two sets of sites; ``chosen``, a number for
    each profile; ``survivors``, a number for each bit of a chunk.
    """
    rows, records, spans, feature_masks, _, _, band_starts, _, live = segment
    clause_rows, clause_starts, negated, groups = program
    figures, _, masks, _, _, _, _, admitted, all_sites = asked
    insides, its_sites, _, candidates = found
    width, kinds = all_sites.size, masks.size
    united = chunk[kinds + 2]
    hits = 0
    words = rows.shape[1]
    next_base, next_size = _next_run(candidates, 0)
    while next_size:
        base, size = next_base, next_size
        next_base, next_size = _next_run(candidates, base + size)
        for at in range(clause_rows.size):
            for word in range(next_base, next_base + next_size, LINE):
                prefetch(rows, np.int64(clause_rows[at]) * words + word)
        requested, surviving = chunk[kinds, :size], chunk[kinds + 1, :size]
        for at in range(size):
            requested[at] = candidates[base + at] & live[base + at]
            candidates[base + at] = _ZERO
        if not _narrow(rows, clause_rows, clause_starts, negated, 0, groups[1], base, united, requested):
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
        waiting = _extract(surviving, base, records, survivors)
        waiting = _shortlist(
            records, spans, feature_masks, band_starts, figures, admitted, insides, atlas[5], survivors, waiting
        )
        if width == 1:
            hits = _decide(
                segment,
                asked,
                atlas,
                loose,
                keys,
                its_sites,
                chunk,
                base,
                sets,
                chosen,
                survivors,
                waiting,
                out,
                hits,
                1,
            )
        else:
            hits = _decide(
                segment,
                asked,
                atlas,
                loose,
                keys,
                its_sites,
                chunk,
                base,
                sets,
                chosen,
                survivors,
                waiting,
                out,
                hits,
                width,
            )
    return hits
