"""A request made ready: its clauses over rows, its kinds of line, its profiles and the bitsets of their sites."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matching.index import scales
from matching.index.vocabulary import (
    BANDS,
    FIRST,
    REFUSES_CONSOLIDATED,
    REQUIRED,
    SERVICES,
    START,
    Vocabulary,
    nodes_above,
    shared_row,
)
from matching.model import RequestFacts

_WORD = 64
_UNKNOWN = -1
"""The code of a band that no filter names, or that the buyer keeps to itself."""

Kind = tuple[str, frozenset[str], int]
"""Service type, features, and the step of the bandwidth (-1: not named): lines of one kind have the same clauses."""


class Clause(NamedTuple):
    """Rows joined by OR. ``negated``: the filters in them are those that do not accept.

    Each of the first ``outer`` rows contains less than any row after it, where the rows are closed.
    """

    rows: list[int]
    outer: int = 0
    negated: bool = False

    def known(self, height: int, *, closed: bool) -> list[int]:
        """Return the rows to look at in a segment that has ``height`` of them: at least one."""
        known = [row for row in self.rows if row < height]
        return known[min(self.outer, len(known) - 1) :] if closed else known


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the kernels take of a request. ``width`` is the number of words of a bitset of its sites."""

    groups: list[list[Clause]]
    asked: tuple[Any, ...]
    keys: npt.NDArray[np.uint64]
    key_sites: npt.NDArray[np.int32]
    width: int

    def program(self, height: int, *, closed: bool) -> tuple[Any, ...]:
        """Return the clauses of a segment that has ``height`` rows, closed ones or not."""
        clauses = [clause for group in self.groups for clause in group]
        rows = [clause.known(height, closed=closed) for clause in clauses]
        negated = np.array([clause.negated for clause in clauses], np.uint8)
        flat = np.array(list(chain.from_iterable(rows)), np.int32)
        return flat, _starts(list(map(len, rows))), negated, _starts(list(map(len, self.groups)))

    @property
    def kinds(self) -> int:
        """The number of kinds of line."""
        return len(self.groups) - 1


def prepare(facts: RequestFacts, vocabulary: Vocabulary, admitted: npt.NDArray[np.uint8]) -> Prepared:
    """Return a request made ready.

    Args:
        facts: of the request.
        vocabulary: of the index; what it does not know, no filter names.
        admitted: a flag for each provider; empty when all are.
    """
    width = (len(facts.sites) + _WORD - 1) // _WORD
    kinds, profile_sites = _profiles(facts, width)
    groups = [_request_clauses(facts, vocabulary), *(_line_clauses(kind, vocabulary) for kind in kinds)]
    keys = [site.keys for site in facts.sites]
    sizes = list(map(len, keys))
    return Prepared(
        groups=groups,
        asked=(
            _figures(facts, shared=vocabulary.shared),
            _bands(facts, vocabulary),
            _asks(kinds, len(kinds), vocabulary),
            _starts([len(one) for one in kinds.values()]),
            _bandwidths(list(chain.from_iterable(kinds.values()))),
            profile_sites,
            admitted,
            _all(len(facts.sites), width),
        ),
        keys=np.fromiter(chain.from_iterable(keys), np.uint64, sum(sizes)),
        key_sites=np.repeat(np.arange(len(keys), dtype=np.int32), sizes),
        width=width,
    )


def _profiles(facts: RequestFacts, width: int) -> tuple[dict[Kind, list[Decimal | None]], npt.NDArray[np.uint64]]:
    """Return the kinds of line, each with its bandwidths, and for each of all these bandwidths the bitset of its sites.

    Sites that share one tuple of lines are looked at once.
    """
    own = [id(site.lines) for site in facts.sites]
    groups = dict(zip(own, facts.sites, strict=True))
    asking: dict[tuple[str, frozenset[str], Decimal | None], list[int]] = {}
    for group, site in enumerate(groups.values()):
        for line in site.lines:
            asking.setdefault((line.service_type, line.features, line.bandwidth_mbps), []).append(group)
    kinds: dict[Kind, list[tuple[Decimal | None, list[int]]]] = {}
    for (service, features, bandwidth), those in asking.items():
        step = -1 if bandwidth is None else scales.step_of("bandwidth_mbps", scales.scaled(bandwidth)[0])
        kinds.setdefault((service, features, step), []).append((bandwidth, those))
    profiles = list(chain.from_iterable(kinds.values()))
    having = np.zeros((len(groups), len(profiles)), np.bool_)
    for at, (_, those) in enumerate(profiles):
        having[those, at] = True
    sites = np.zeros((len(profiles), width * _WORD), np.bool_)
    numbers = {one: group for group, one in enumerate(groups)}
    sites[:, : len(own)] = having[[numbers[one] for one in own]].T
    bits = np.packbits(sites, axis=1, bitorder="little").view(np.uint64)
    return {kind: [bandwidth for bandwidth, _ in some] for kind, some in kinds.items()}, bits


def _request_clauses(facts: RequestFacts, vocabulary: Vocabulary) -> list[Clause]:
    clauses = [
        Clause([FIRST["sites"] + scales.step_of("sites", len(facts.sites))]),
        Clause([FIRST["term_months"] + scales.step_of("term_months", facts.term_months)]),
    ]
    if facts.monthly_spend is not None:
        step = scales.step_of("monthly_spend", scales.scaled(facts.monthly_spend)[0])
        clauses.append(Clause([FIRST["monthly_spend"] + step]))
    if facts.start_date is not None:
        clauses.append(Clause([FIRST[START] + scales.quarter_of(facts.start_date)]))
    for family, code in zip(BANDS, _bands(facts, vocabulary).tolist(), strict=True):
        named = [] if code == _UNKNOWN else [shared_row(family, code)]
        clauses.append(Clause([FIRST[f"no {family}"], *named], outer=1))
    if facts.consolidated_invoice:
        clauses.append(Clause([FIRST[REFUSES_CONSOLIDATED]], negated=True))
    return clauses


def _line_clauses(kind: Kind, vocabulary: Vocabulary) -> list[Clause]:
    service, features, step = kind
    nodes = _known(vocabulary, SERVICES, [*nodes_above(service), service])
    clauses = [
        Clause([FIRST[f"no {SERVICES}"], *nodes], outer=len(nodes)),
        Clause([FIRST[f"no {REQUIRED}"], *_known(vocabulary, REQUIRED, features)], outer=1),
    ]
    if step >= 0:
        clauses.append(Clause([FIRST["bandwidth_mbps"] + step]))
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


def _asks(kinds: Iterable[Kind], count: int, vocabulary: Vocabulary) -> npt.NDArray[np.uint8]:
    """Return for each kind a flag for each feature that it asks for."""
    asks = bytearray(count * vocabulary.size)
    for at, (_, features, _) in enumerate(kinds):
        for row in _known(vocabulary, REQUIRED, features):
            asks[at * vocabulary.size + row] = 1
    return np.frombuffer(asks, np.uint8).reshape(count, vocabulary.size)


def _bandwidths(profiles: list[Decimal | None]) -> npt.NDArray[np.int64]:
    """Return the bandwidth of each profile: down, up, whether it is known."""
    figures = [(0, 0, 0) if one is None else (*scales.scaled(one), 1) for one in profiles]
    return np.array(figures, np.int64).reshape(-1, 3)


def _all(sites: int, width: int) -> npt.NDArray[np.uint64]:
    """Return the bitset of all sites."""
    return np.frombuffer(bytearray(((1 << sites) - 1).to_bytes(width * 8, "little")), np.uint64)


def _starts(sizes: list[int]) -> npt.NDArray[np.int32]:
    return np.array([0, *accumulate(sizes)], np.int32)
