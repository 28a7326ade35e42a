"""A request made ready: its clauses over rows, its kinds of line, its profiles and the bitsets of their sites."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from matching.index import scales
from matching.index.scales import Span
from matching.index.vocabulary import (
    BANDS,
    FEATURES,
    FIRST,
    REFUSES_CONSOLIDATED,
    REQUIRED,
    SERVICES,
    START,
    Vocabulary,
    feature_mask,
    shared_row,
)
from matching.model import LineFacts, RequestFacts

T = TypeVar("T", np.int32, np.int64, np.uint64)

_WORD, _KEY_BYTES = 64, 8
_FULL = (1 << _WORD) - 1
_NO_FLAGS = np.zeros((0, 0), np.uint8)
_SITES, _TERM, _SPEND, _START, _BANDWIDTH = (
    FIRST[name] for name in ("sites", "term_months", "monthly_spend", START, "bandwidth_mbps")
)
# the rows of the filters that state nothing of a family
_NONE = {family: FIRST[f"no {family}"] for family in (SERVICES, REQUIRED, *BANDS)}
_REFUSES = FIRST[REFUSES_CONSOLIDATED]
_ANYTHING = (scales.OPEN_HIGH, scales.OPEN_LOW)
_UNKNOWN = -1
"""The code of a band that no filter names, or that the buyer keeps to itself."""

Kind = tuple[str, frozenset[str], int]
"""Service type, features, and the step of the bandwidth (-1: not named): lines of one kind have the same clauses."""
Clause = tuple[list[int], int, bool]
"""Rows joined by OR; how many of the first ones contain less than any row after them, where rows are closed; and
whether it is negated: the filters in the rows are then those that do not accept."""


class Prepared(NamedTuple):
    """What the kernels take of a request.

    ``rows`` is how many rows the vocabulary had, ``width`` the number of words of a bitset of the request's sites,
    ``key_counts`` how many of ``keys`` each site has, ``profiles`` how many bandwidths its kinds of line have.
    """

    groups: list[list[Clause]]
    rows: int
    asked: tuple[Any, ...]
    keys: npt.NDArray[np.uint64]
    key_counts: npt.NDArray[np.int64]
    width: int
    profiles: int

    def program(self, height: int, *, closed: bool) -> tuple[npt.NDArray[np.int32], ...]:
        """Return the clauses of a segment that has ``height`` rows, closed ones or not."""
        rows: list[int] = []
        negated: list[int] = []
        starts, groups = [0], [0]
        for group in self.groups:
            for own, outer, is_negated in group:
                known = own if height >= self.rows else [row for row in own if row < height]
                rows += known[min(outer, len(known) - 1) :] if closed else known
                starts.append(len(rows))
                negated.append(is_negated)
            groups.append(len(negated))
        return _arrays(np.int32, rows, starts, negated, groups)

    @property
    def kinds(self) -> int:
        """The number of kinds of line."""
        return len(self.groups) - 1


def prepare(facts: RequestFacts, vocabulary: Vocabulary, admitted: npt.NDArray[np.uint8]) -> Prepared:
    """Return a request made ready.

    What it needs is put together in lists that become two arrays: of a request that comes once, nearly all of the time
    is for the processor to find what it does not have in its caches, the code of each function of numpy included.

    Args:
        facts: of the request.
        vocabulary: of the index; what it does not know, no filter names.
        admitted: a flag for each provider; empty when all are.
    """
    packed = [site.packed for site in facts.sites]
    kinds = _kinds(facts)
    profiles = [profile for own in kinds.values() for profile in own.items()]
    numbers = vocabulary.numbers
    codes = _bands(facts, numbers)
    figures, bands, profile_kinds, bandwidths, key_counts = _arrays(
        np.int64,
        _figures(facts, vocabulary),
        codes,
        [kind for kind, own in enumerate(kinds.values()) for _ in own],
        [end for bandwidth, _ in profiles for end in _ends(bandwidth)],
        [len(one) // _KEY_BYTES for one in packed],
    )
    asks = [_known(numbers[FEATURES], features) for _, features, _ in kinds]
    width = (len(facts.sites) + _WORD - 1) // _WORD
    masks, profile_sites, all_sites = _arrays(
        np.uint64,
        [feature_mask(own) for own in asks],
        [word for _, sites in profiles for word in _words(sites, width)],
        _words((1 << len(facts.sites)) - 1, width),
    )
    flags = _flags(asks, len(numbers[FEATURES])) if vocabulary.features_share else _NO_FLAGS
    return Prepared(
        groups=[_request_clauses(facts, codes), *(_line_clauses(kind, vocabulary) for kind in kinds)],
        rows=vocabulary.size,
        asked=(figures, bands, masks, flags, profile_kinds, bandwidths, profile_sites, admitted, all_sites),
        keys=np.frombuffer(bytearray().join(packed), np.uint64),
        key_counts=key_counts,
        width=width,
        profiles=len(profiles),
    )


def _arrays(dtype: type[T], *lists: list[int]) -> tuple[npt.NDArray[T], ...]:
    """Return an array for each list, all parts of one."""
    whole = np.array([value for one in lists for value in one], dtype)
    parts, begin = [], 0
    for one in lists:
        end = begin + len(one)
        parts.append(whole[begin:end])
        begin = end
    return tuple(parts)


def _kinds(facts: RequestFacts) -> dict[Kind, dict[Decimal | None, int]]:
    """Return the kinds of line, and for each of its bandwidths the bitset of the sites that ask for it.

    Sites that share one tuple of lines are looked at once.
    """
    sharing: dict[int, int] = {}
    lines: dict[int, tuple[LineFacts, ...]] = {}
    for at, site in enumerate(facts.sites):
        own = id(site.lines)
        lines[own] = site.lines
        sharing[own] = sharing.get(own, 0) | 1 << at
    kinds: dict[Kind, dict[Decimal | None, int]] = {}
    for own, sites in sharing.items():
        for line in lines[own]:
            bandwidth = line.bandwidth_mbps
            step = -1 if bandwidth is None else scales.step_of("bandwidth_mbps", scales.scaled(bandwidth)[0])
            profiles = kinds.setdefault((line.service_type, line.features, step), {})
            profiles[bandwidth] = profiles.get(bandwidth, 0) | sites
    return kinds


def _request_clauses(facts: RequestFacts, codes: list[int]) -> list[Clause]:
    rows = [
        _SITES + scales.step_of("sites", len(facts.sites)),
        _TERM + scales.step_of("term_months", facts.term_months),
    ]
    if facts.monthly_spend is not None:
        rows.append(_SPEND + scales.step_of("monthly_spend", scales.scaled(facts.monthly_spend)[0]))
    if facts.start_date is not None:
        rows.append(_START + scales.quarter_of(facts.start_date))
    clauses: list[Clause] = [([row], 0, False) for row in rows]
    for family, code in zip(BANDS, codes, strict=True):
        named = [] if code == _UNKNOWN else [shared_row(family, code)]
        clauses.append(([_NONE[family], *named], 1, False))
    if facts.consolidated_invoice:
        clauses.append(([_REFUSES], 0, True))
    return clauses


def _line_clauses(kind: Kind, vocabulary: Vocabulary) -> list[Clause]:
    service, features, step = kind
    nodes = vocabulary.nodes(service)
    clauses: list[Clause] = [
        ([_NONE[SERVICES], *nodes], len(nodes), False),
        ([_NONE[REQUIRED], *_known(vocabulary.numbers[REQUIRED], features)], 1, False),
    ]
    if step >= 0:
        clauses.append(([_BANDWIDTH + step], 0, False))
    return clauses


def _known(numbers: Mapping[str, int], values: Iterable[str]) -> list[int]:
    """Return the numbers of those values that have one."""
    return [numbers[value] for value in values if value in numbers]


def _figures(facts: RequestFacts, vocabulary: Vocabulary) -> list[int]:
    start = _ANYTHING if facts.start_date is None else (facts.start_date.toordinal(),) * 2
    share = vocabulary.bands_share, vocabulary.features_share
    return [len(facts.sites), facts.term_months, *_ends(facts.monthly_spend), *start, *share]


def _bands(facts: RequestFacts, numbers: Mapping[str, Mapping[str, int]]) -> list[int]:
    """Return the code of each band that the request tells. A currency is told even if it is empty."""
    told = facts.industry or None, facts.size or None, facts.region or None, facts.currency
    return [
        _UNKNOWN if value is None else numbers[family].get(value, _UNKNOWN)
        for family, value in zip(BANDS, told, strict=True)
    ]


def _flags(asks: list[list[int]], size: int) -> npt.NDArray[np.uint8]:
    """Return for each kind a flag for each feature that it asks for."""
    flags = np.zeros((len(asks), size), np.uint8)
    for at, codes in enumerate(asks):
        flags[at, codes] = 1
    return flags


def _ends(figure: Decimal | None) -> Span:
    """Return a figure rounded down and up; one that is not known lies in every range."""
    return _ANYTHING if figure is None else scales.scaled(figure)


def _words(bits: int, width: int) -> list[int]:
    """Return a bitset as ``width`` words."""
    return [bits >> _WORD * at & _FULL for at in range(width)]
