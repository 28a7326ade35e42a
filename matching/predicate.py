"""Whether a filter accepts a request, and why: the plain predicate that every faster matcher must agree with.

Semantics:

- A filter accepts when every request-level criterion holds and enough sites pass (``needed_sites``).
- A site passes when it is covered and **one** line at it satisfies service type, bandwidth, required and excluded
  features together. A site without lines never passes.
- A site is covered when the filter names no territory or one of its place keys is among what the territory includes,
  and none is among what it excludes (``matching.places``). A site that is known only coarsely is covered when it may
  lie inside, and excluded only when its known place is.
- Ranges include their ends. What the request does not say passes a range: no monthly spend, no start date, a line
  that names no bandwidth. The spend is compared in the request's currency.
- A filter that names industries, sizes or regions wants only those: a band that the buyer keeps to itself fails.

Reasons are given to providers. They name the filter's own values and counts, never a value of the request.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import islice

from matching.model import Explanation, LineFacts, RequestFacts, SiteFacts
from matching.places import Places
from sellers.model import Coverage, CoverageKind, Criteria, CriterionResult, DateRange, Net, Range, Territory

LISTED_VALUES = 5
"""A reason names this many values of a list; the rest is a number."""

_LABELS = {
    "monthly_spend": "the monthly spend",
    "term_months": "the term in months",
    "start_date": "the start date",
    "industries": "the disclosed industry",
    "sizes": "the disclosed size",
    "regions": "the disclosed region",
    "currencies": "the billing currency",
}
_NETS = {
    Net.NONE: (),
    Net.ON: ("your on-net places",),
    Net.NEAR: ("your on-net and near-net places",),
}
_SINGULAR = {"are": "is", "ask": "asks"}
_UNKNOWN_PASSES = frozenset({"monthly_spend", "start_date"})


def accepts(criteria: Criteria, facts: RequestFacts, places: Places) -> bool:
    """Return whether a filter with ``criteria`` accepts the request; stops at the first criterion that decides.

    ``places`` are the filter's, from ``matching.places.places_of``.
    """
    if not all(passed for _, passed in _request_level(criteria, facts)):
        return False
    needed = needed_sites(criteria.coverage, len(facts.sites))
    if needed > len(facts.sites):
        return False
    test = _SiteTest(places, tuple(_line_tests(criteria)))
    passing = (site for site in facts.sites if test.passes(site))
    return sum(1 for _ in islice(passing, needed)) == needed


def explain(criteria: Criteria, facts: RequestFacts, places: Places) -> Explanation:
    """Return each criterion that the filter states with pass or fail and a reason that a provider may read.

    Place and line criteria are first judged each alone (how many sites meet this one). ``coverage``, always the last,
    judges them together and decides. ``accepted`` is what ``accepts`` returns, and is true when all passed.
    """
    results = [
        CriterionResult(name, passed, _request_reason(name, criteria, facts, passed=passed))
        for name, passed in _request_level(criteria, facts)
    ]
    results += _site_level(criteria, facts, places)
    return Explanation(accepted=all(result.passed for result in results), criteria=tuple(results))


def needed_sites(coverage: Coverage, sites: int) -> int:
    """Return how many of ``sites`` sites must pass, at least one; may be more than there are, which never matches."""
    if coverage.kind is CoverageKind.ALL:
        needed = sites
    elif coverage.kind is CoverageKind.AT_LEAST:
        needed = coverage.sites or 1
    elif coverage.kind is CoverageKind.SHARE:
        # Fraction: a third of three sites must be exactly one, whatever the precision of the percentage
        needed = math.ceil(Fraction(coverage.percent or 0) * sites / 100)
    else:
        needed = 1
    return max(1, needed)


def _request_level(criteria: Criteria, facts: RequestFacts) -> Iterator[tuple[str, bool]]:
    """Yield the name and outcome of each stated criterion that looks at the request as a whole, in fixed order."""
    if criteria.sites is not None:
        yield "sites", _within(criteria.sites, Decimal(len(facts.sites)))
    if criteria.monthly_spend is not None:
        yield "monthly_spend", facts.monthly_spend is None or _within(criteria.monthly_spend, facts.monthly_spend)
    if criteria.term_months is not None:
        yield "term_months", _within(criteria.term_months, Decimal(facts.term_months))
    if criteria.start_date is not None:
        yield "start_date", facts.start_date is None or _within_dates(criteria.start_date, facts.start_date)
    if criteria.industries:
        yield "industries", _discloses(facts.industry, criteria.industries)
    if criteria.sizes:
        yield "sizes", _discloses(facts.size, criteria.sizes)
    if criteria.regions:
        yield "regions", _discloses(facts.region, criteria.regions)
    if criteria.currencies:
        yield "currencies", facts.currency in criteria.currencies
    if criteria.consolidated_invoice is not None:
        yield "consolidated_invoice", criteria.consolidated_invoice or not facts.consolidated_invoice


def _site_level(criteria: Criteria, facts: RequestFacts, places: Places) -> Iterator[CriterionResult]:
    """Yield the stated criteria of place and line each alone, and at last all of them together."""
    test = _SiteTest(places, tuple(_line_tests(criteria)))
    needed = needed_sites(criteria.coverage, len(facts.sites))

    def judge(name: str, passes: Callable[[SiteFacts], bool], words: str) -> CriterionResult:
        count = sum(1 for site in facts.sites if passes(site))
        return CriterionResult(name, count >= needed, _count_reason(count, len(facts.sites), words, criteria.coverage))

    alone = []
    if places.include is not None:
        verb = "are in" if _surely(places, facts) else "are or may lie in"
        alone.append(judge("territory", test.included, f"{verb} {_named(criteria.territory, places)}"))
    if not criteria.excluded_territory.empty or places.exclude is not None:
        outside = _named(criteria.excluded_territory, places) or "what the saved territories leave out"
        alone.append(judge("excluded_territory", test.not_excluded, f"are outside {outside}"))
    for name, line_test in test.line_tests:
        alone.append(judge(name, _some_line(line_test), _line_words(name, criteria)))
    yield from alone
    together = judge("coverage", test.passes, "are accepted by place and line criteria together")
    if not together.passed and all(result.passed for result in alone) and len(alone) > 1:
        reason = f"{together.reason}; each is met, but not by one line at one site often enough"
        together = CriterionResult(together.criterion, together.passed, reason)
    yield together


@dataclass(frozen=True, slots=True)
class _SiteTest:
    """The criteria of place and line of one filter, made ready to look at sites."""

    places: Places
    line_tests: tuple[tuple[str, Callable[[LineFacts], bool]], ...]

    def included(self, site: SiteFacts) -> bool:
        return self.places.included(site.keys)

    def not_excluded(self, site: SiteFacts) -> bool:
        return self.places.not_excluded(site.keys)

    def passes(self, site: SiteFacts) -> bool:
        if not (self.included(site) and self.not_excluded(site)):
            return False
        return any(all(test(line) for _, test in self.line_tests) for line in site.lines)


def _line_tests(criteria: Criteria) -> Iterator[tuple[str, Callable[[LineFacts], bool]]]:
    """Yield the name and the test of each stated criterion that looks at a line, in fixed order."""
    if criteria.service_types:
        # the dot closes the name of a node: 'data' covers 'data.sd-wan', not 'database'
        nodes = criteria.service_types
        below = tuple(f"{node}." for node in nodes)
        yield "service_types", lambda line: line.service_type in nodes or line.service_type.startswith(below)
    bandwidth = criteria.bandwidth_mbps
    if bandwidth is not None:
        yield "bandwidth_mbps", lambda line: line.bandwidth_mbps is None or _within(bandwidth, line.bandwidth_mbps)
    if criteria.required_features:
        required = frozenset(criteria.required_features)
        yield "required_features", lambda line: required <= line.features
    if criteria.excluded_features:
        excluded = frozenset(criteria.excluded_features)
        yield "excluded_features", lambda line: excluded.isdisjoint(line.features)


def _some_line(test: Callable[[LineFacts], bool]) -> Callable[[SiteFacts], bool]:
    return lambda site: any(test(line) for line in site.lines)


def _within(span: Range, value: Decimal) -> bool:
    return (span.low is None or span.low <= value) and (span.high is None or value <= span.high)


def _within_dates(span: DateRange, value: date) -> bool:
    return (span.low is None or span.low <= value) and (span.high is None or value <= span.high)


def _discloses(band: str, wanted: tuple[str, ...]) -> bool:
    return band != "" and band in wanted


def _request_reason(name: str, criteria: Criteria, facts: RequestFacts, *, passed: bool) -> str:
    """Say why a request-level criterion passed or failed, without the request's own value."""
    if name == "sites":
        return f"sites of the request: {len(facts.sites)}; wanted: {_span(criteria.sites or Range())}"
    if name == "consolidated_invoice":
        wish = "with or without" if criteria.consolidated_invoice else "only without"
        return f"wanted: requests {wish} one consolidated invoice"
    wanted = getattr(criteria, name)
    if isinstance(wanted, Range | DateRange):
        # one wording for 'fits' and 'not stated': whether there is a prior spend is the buyer's to tell
        unless = " or not stated" if passed and name in _UNKNOWN_PASSES else ""
        return f"{_LABELS[name]} is {'within' if passed else 'outside'} the range wanted ({_span(wanted)}){unless}"
    return f"{_LABELS[name]} is {'' if passed else 'not '}one of {_listed(wanted)}"


def _count_reason(count: int, sites: int, words: str, coverage: Coverage) -> str:
    """Say how many sites meet a criterion and how many are needed: '2 of 3 sites are in US-CA; at least 3 needed'."""
    if count == 1:
        verb, rest = words.split(" ", 1)
        words = f"{_SINGULAR[verb]} {rest}"
    subject = f"{count} of {sites} {'site' if sites == 1 else 'sites'} {words}"
    needed = needed_sites(coverage, sites)
    if coverage.kind is CoverageKind.ALL:
        return f"{subject}; all needed"
    if coverage.kind is CoverageKind.SHARE:
        return f"{subject}; at least {needed} needed ({_figure(coverage.percent or Decimal(0))} %)"
    return f"{subject}; at least {needed} needed"


def _line_words(name: str, criteria: Criteria) -> str:
    if name == "service_types":
        return f"ask for a line of {_listed(criteria.service_types)}"
    if name == "bandwidth_mbps":
        return f"ask for a line within the Mbps wanted ({_span(criteria.bandwidth_mbps or Range())}) or of any speed"
    if name == "required_features":
        return f"ask for a line with all of {_listed(criteria.required_features)}"
    return f"ask for a line with none of {_listed(criteria.excluded_features)}"


def _surely(places: Places, facts: RequestFacts) -> bool:
    """Return whether no site is inside only because it may lie there."""
    return all(places.surely_included(site.keys) for site in facts.sites if places.included(site.keys))


def _named(territory: Territory, places: Places) -> str:
    """Return what the provider itself named: codes, its own names of saved territories, its footprint."""
    plain = (*territory.countries, *territory.states, *territory.postal_prefixes, *territory.cells)
    saved = tuple(f"'{places.names[one]}'" for one in territory.saved if one in places.names)
    return _listed((*plain, *saved, *_NETS[territory.net]))


def _listed(values: tuple[str, ...]) -> str:
    more = len(values) - LISTED_VALUES
    return ", ".join(values[:LISTED_VALUES]) + (f" and {more:,} more" if more > 0 else "")


def _span(span: Range | DateRange) -> str:
    if span.low is None and span.high is None:
        return "any"
    if span.high is None:
        return f"at least {_figure(span.low)}"
    if span.low is None:
        return f"at most {_figure(span.high)}"
    return f"{_figure(span.low)} to {_figure(span.high)}"


def _figure(value: Decimal | date | None) -> str:
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else f"{value}"
