"""A filter's criteria as rows and numbers."""

from dataclasses import dataclass

from matching.index import kernels, scales
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
    shared_row,
)
from sellers.model import Coverage, CoverageKind, Criteria

_MOST = (1 << kernels.COVERAGE_BITS) - 1
_PER_PERCENT = 1_000_000
"""Shares are written with at most six decimals."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The rows in which a filter is entered, and what its record refers to.

    ``spans`` are of bandwidth, monthly spend, sites, term and start date; ``bands``
    one list for each family.
    """

    rows: list[int]
    required: tuple[int, ...]
    excluded: tuple[int, ...]
    bands: tuple[tuple[int, ...], ...]
    coverage: int
    spans: tuple[Span, Span, Span, Span, Span]


def encode(criteria: Criteria, vocabulary: Vocabulary) -> Encoded:
    """Return criteria as rows and numbers; the vocabulary learns what it doesn't know."""
    rows: list[int] = []
    spans = (
        scales.span_of(criteria.bandwidth_mbps),
        scales.span_of(criteria.monthly_spend),
        scales.span_of(criteria.sites, 1),
        scales.span_of(criteria.term_months, 1),
        scales.dates_of(criteria.start_date),
    )
    for name, span in zip(("bandwidth_mbps", "monthly_spend", "sites", "term_months"), spans, strict=False):
        rows += [FIRST[name] + step for step in scales.steps_of(name, span)]
    rows += [FIRST[START] + quarter for quarter in scales.quarters_of(spans[4])]
    rows += [vocabulary.learn(SERVICES, node) for node in criteria.service_types] or [FIRST[f"no {SERVICES}"]]
    excluded = {vocabulary.learn(FEATURES, feature) for feature in criteria.excluded_features}
    required = {vocabulary.learn(FEATURES, feature) for feature in criteria.required_features}
    its_rows = [vocabulary.learn(REQUIRED, feature) for feature in criteria.required_features]
    rows.append(vocabulary.rarest(its_rows) if its_rows else FIRST[f"no {REQUIRED}"])
    if criteria.consolidated_invoice is False:
        rows.append(FIRST[REFUSES_CONSOLIDATED])
    bands = tuple(
        tuple(sorted({vocabulary.learn(family, value) for value in getattr(criteria, family)})) for family in BANDS
    )
    for family, codes in zip(BANDS, bands, strict=True):
        rows += [shared_row(family, code) for code in codes] or [FIRST[f"no {family}"]]
    return Encoded(rows, tuple(sorted(required)), tuple(sorted(excluded)), bands, _coverage(criteria.coverage), spans)


def _coverage(coverage: Coverage) -> int:
    if coverage.kind is CoverageKind.ALL:
        return kernels.ALL << kernels.COVERAGE_BITS
    if coverage.kind is CoverageKind.SHARE:
        percent = scales.scaled(coverage.percent, _PER_PERCENT)[1] if coverage.percent is not None else 0
        return (kernels.SHARE << kernels.COVERAGE_BITS) | max(0, min(_MOST, percent))
    sites = (coverage.sites or 1) if coverage.kind is CoverageKind.AT_LEAST else 1
    return (kernels.AT_LEAST << kernels.COVERAGE_BITS) | max(1, min(_MOST, sites))
