"""A request made ready: its clauses over rows, its kinds of line, its profiles and the bitsets of their sites."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from matching.index import scales
from matching.index.vocabulary import (
    BANDS,
    EXCLUDED,
    FIRST,
    REFUSES_CONSOLIDATED,
    REQUIRED,
    SERVICES,
    START,
    Vocabulary,
    shared_row,
)
from matching.model import RequestFacts

_WORD = 64
_UNKNOWN = -1
"""The code of a band that no filter names, or that the buyer keeps to itself."""

Clause = tuple[list[int], bool]
"""Rows joined by OR, and whether the filters in them are those that do not accept."""
Kind = tuple[str, frozenset[str], int]
"""Service type, features, and the step of the bandwidth (-1: not named): lines of one kind have the same clauses."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the kernels take of a request. ``width`` is the number of words of a bitset of its sites."""

    clause_rows: npt.NDArray[np.int32]
    clause_starts: npt.NDArray[np.int32]
    negated: npt.NDArray[np.uint8]
    groups: npt.NDArray[np.int32]
    asked: tuple[Any, ...]
    keys: npt.NDArray[np.uint64]
    key_sites: npt.NDArray[np.int32]
    width: int

    def program(self, height: int) -> tuple[Any, ...]:
        """Return the clauses for rows of a segment of which the last, always zero, is ``height - 1``."""
        return np.minimum(self.clause_rows, np.int32(height - 1)), self.clause_starts, self.negated, self.groups

    @property
    def kinds(self) -> int:
        """The number of kinds of line."""
        return len(self.groups) - 2


def prepare(facts: RequestFacts, vocabulary: Vocabulary, admitted: npt.NDArray[np.uint8]) -> Prepared:
    """Return a request made ready.

    Args:
        facts: of the request.
        vocabulary: of the index; what it does not know, no filter names.
        admitted: a flag for each provider; empty when all are.
    """
    width = (len(facts.sites) + _WORD - 1) // _WORD
    kinds = _kinds(facts)
    groups = [_request_clauses(facts, vocabulary), *(_line_clauses(kind, vocabulary) for kind in kinds)]
    clauses = [clause for group in groups for clause in group]
    keys = [site.keys for site in facts.sites]
    sizes = np.array([len(one) for one in keys], np.int64)
    total = int(sizes.sum())
    return Prepared(
        clause_rows=np.array([row for rows, _ in clauses for row in rows], np.int32),
        clause_starts=_starts([len(rows) for rows, _ in clauses]),
        negated=np.array([negated for _, negated in clauses], np.uint8),
        groups=_starts([len(group) for group in groups]),
        asked=(
            _figures(facts, shared=vocabulary.shared),
            _bands(facts, vocabulary),
            _asks(kinds, vocabulary),
            *_profiles(kinds, width),
            admitted,
            _bitsets([(1 << len(facts.sites)) - 1], width)[0],
        ),
        keys=np.fromiter(chain.from_iterable(keys), np.uint64, total),
        key_sites=np.repeat(np.arange(len(keys), dtype=np.int32), sizes),
        width=width,
    )


def _kinds(facts: RequestFacts) -> dict[Kind, list[tuple[Decimal | None, int]]]:
    """Return the kinds of line, each with its bandwidths and the bitset of the sites that have such a line."""
    profiles: dict[tuple[str, frozenset[str], Decimal | None], int] = {}
    for at, site in enumerate(facts.sites):
        bit = 1 << at
        for line in site.lines:
            profile = (line.service_type, line.features, line.bandwidth_mbps)
            profiles[profile] = profiles.get(profile, 0) | bit
    kinds: dict[Kind, list[tuple[Decimal | None, int]]] = {}
    for (service, features, bandwidth), sites in profiles.items():
        step = -1 if bandwidth is None else scales.step_of("bandwidth_mbps", scales.scaled(bandwidth)[0])
        kinds.setdefault((service, features, step), []).append((bandwidth, sites))
    return kinds


def _request_clauses(facts: RequestFacts, vocabulary: Vocabulary) -> list[Clause]:
    clauses: list[Clause] = [
        ([FIRST["sites"] + scales.step_of("sites", len(facts.sites))], False),
        ([FIRST["term_months"] + scales.step_of("term_months", facts.term_months)], False),
    ]
    if facts.monthly_spend is not None:
        step = scales.step_of("monthly_spend", scales.scaled(facts.monthly_spend)[0])
        clauses.append(([FIRST["monthly_spend"] + step], False))
    if facts.start_date is not None:
        clauses.append(([FIRST[START] + scales.quarter_of(facts.start_date)], False))
    for family, code in zip(BANDS, _bands(facts, vocabulary).tolist(), strict=True):
        named = [] if code == _UNKNOWN else [shared_row(family, code)]
        clauses.append(([FIRST[f"no {family}"], *named], False))
    if facts.consolidated_invoice:
        clauses.append(([FIRST[REFUSES_CONSOLIDATED]], True))
    return clauses


def _line_clauses(kind: Kind, vocabulary: Vocabulary) -> list[Clause]:
    service, features, step = kind
    # 'data.sd-wan' is accepted by filters of itself and of 'data': of whatever stands before a dot
    nodes = [service[:at] for at, character in enumerate(service) if character == "."] + [service]
    clauses: list[Clause] = [
        ([FIRST[f"no {SERVICES}"], *_known(vocabulary, SERVICES, nodes)], False),
        ([FIRST[f"no {REQUIRED}"], *_known(vocabulary, REQUIRED, features)], False),
    ]
    excluded = _known(vocabulary, EXCLUDED, features)
    if excluded:
        clauses.append((excluded, True))
    if step >= 0:
        clauses.append(([FIRST["bandwidth_mbps"] + step], False))
    return clauses


def _known(vocabulary: Vocabulary, family: str, values: Any) -> list[int]:
    rows = (vocabulary.row(family, value) for value in values)
    return [row for row in rows if row is not None]


def _figures(facts: RequestFacts, *, shared: bool) -> npt.NDArray[np.int64]:
    spend = (0, 0) if facts.monthly_spend is None else scales.scaled(facts.monthly_spend)
    start = 0 if facts.start_date is None else facts.start_date.toordinal()
    known = (facts.monthly_spend is not None, facts.start_date is not None)
    return np.array((len(facts.sites), *spend, known[0], facts.term_months, start, known[1], shared), np.int64)


def _bands(facts: RequestFacts, vocabulary: Vocabulary) -> npt.NDArray[np.int32]:
    """Return the code of each band that the request tells. A currency is told even if it is empty."""
    told = (facts.industry or None, facts.size or None, facts.region or None, facts.currency)
    codes = (None if one is None else vocabulary.code(family, one) for family, one in zip(BANDS, told, strict=True))
    return np.array([_UNKNOWN if code is None else code for code in codes], np.int32)


def _asks(kinds: dict[Kind, Any], vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
    asks = np.zeros((len(kinds), vocabulary.size), np.uint8)
    for at, (_, features, _) in enumerate(kinds):
        asks[at, _known(vocabulary, REQUIRED, features)] = 1
    return asks


def _profiles(kinds: dict[Kind, list[tuple[Decimal | None, int]]], width: int) -> tuple[Any, Any, Any]:
    """Return where the profiles of each kind begin, their bandwidths (down, up, known) and their sites."""
    profiles = list(chain.from_iterable(kinds.values()))
    bandwidths = np.zeros((len(profiles), 3), np.int64)
    for at, (bandwidth, _) in enumerate(profiles):
        if bandwidth is not None:
            bandwidths[at] = (*scales.scaled(bandwidth), 1)
    return _starts([len(one) for one in kinds.values()]), bandwidths, _bitsets([sites for _, sites in profiles], width)


def _bitsets(sets: list[int], width: int) -> npt.NDArray[np.uint64]:
    raw = bytearray().join(one.to_bytes(width * 8, "little") for one in sets)
    return np.frombuffer(raw, np.uint64).reshape(len(sets), width)


def _starts(sizes: list[int]) -> npt.NDArray[np.int32]:
    starts = np.zeros(len(sizes) + 1, np.int32)
    np.cumsum(sizes, out=starts[1:])
    return starts
