"""How many providers a request would reach, in rounded words, and which of its requirements narrows that most: pure."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from buyers.requests.model import Band, Bands, Content, ProviderList
from matching.model import LineFacts, RequestFacts

FLOOR = 3
"""A number below this is not told: it says which requirement narrows most instead."""
USUAL_TERMS = (12, 24, 36, 60)
USUAL_CURRENCIES = ("USD", "EUR", "GBP", "CAD")
MOST_AREAS = 20
"""Of a request in more states than this, only the largest are tried without."""

_STEPS = ((20, 2), (100, 5), (300, 20), (1_000, 50))
"""Up to which number to the nearest of which step; beyond, two digits count."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A request without one requirement. ``words`` name it; several are other values of the same requirement."""

    requirement: str
    words: str
    requests: tuple[RequestFacts, ...]
    providers: ProviderList


@dataclass(frozen=True, slots=True)
class Narrowest:
    """The requirement without which most providers would be reached: about ``providers``, all told."""

    requirement: str
    words: str
    providers: int


@dataclass(frozen=True, slots=True)
class Reach:
    """About how many providers a request is for; below ``FLOOR`` only that, and what narrows most if anything does."""

    providers: int | None
    narrowest: Narrowest | None = None

    @property
    def words(self) -> str:
        """The answer as a sentence."""
        if self.providers is not None:
            return f"about {self.providers:,} providers"
        few = f"fewer than {FLOOR} providers"
        if self.narrowest is None:
            return few
        return f"{few}; without {self.narrowest.words} about {self.narrowest.providers:,}"


def about(count: int) -> int:
    """Return ``count`` rounded as it is told: 13 and 14 are 14, 231 is 240, 4,321 is 4,300."""
    for end, step in _STEPS:
        if count <= end:
            return step * ((count + step // 2) // step)
    step = int(10 ** (len(str(count)) - 2))
    return step * ((count + step // 2) // step)


def reach(
    content: Content, bands: Bands, facts: RequestFacts, count: Callable[[RequestFacts, ProviderList], int]
) -> Reach:
    """Return how many providers a request with ``content`` is for, as ``count`` says.

    ``bands`` are all that could be disclosed, ``facts`` what the request discloses.
    """
    found = count(facts, content.provider_list)
    if found >= FLOOR:
        return Reach(about(found))
    widened = [
        (max(count(one, relaxed.providers) for one in relaxed.requests), relaxed)
        for relaxed in relaxations(content, bands, facts)
    ]
    most, relaxed = max(widened, key=lambda pair: pair[0], default=(0, None))
    if relaxed is None or most <= found or most < FLOOR:
        return Reach(None)
    return Reach(None, Narrowest(relaxed.requirement, relaxed.words, about(most)))


def relaxations(content: Content, bands: Bands, facts: RequestFacts) -> Iterator[Relaxed]:
    """Yield the request without each of its requirements in turn."""
    listed = content.provider_list
    for requirement, words, changed in (
        *_of_lines(facts),
        *_of_places(content, facts),
        *_of_terms(facts),
        *_of_bands(content, bands, facts),
    ):
        yield Relaxed(requirement, words, changed, listed)
    if listed != ProviderList():
        yield Relaxed("provider_list", "your provider list", (facts,), ProviderList())


_Change = tuple[str, str, tuple[RequestFacts, ...]]


def _of_lines(facts: RequestFacts) -> Iterator[_Change]:
    lines = [line for site in facts.sites for line in site.lines]
    services = sorted({line.service_type for line in lines})
    if len(services) > 1:
        for service in services:
            fewer = _with_lines(facts, lambda line, gone=service: None if line.service_type == gone else line)  # type: ignore[misc]
            if fewer.sites:
                yield f"service_types/{service}", f"the lines of {service}", (fewer,)
    if any(line.bandwidth_mbps is not None for line in lines):
        yield "bandwidth_mbps", "the bandwidth", (_with_lines(facts, lambda line: replace(line, bandwidth_mbps=None)),)
    for code in sorted({code for line in lines for code in line.features}):
        without = _with_lines(facts, lambda line, gone=code: replace(line, features=line.features - {gone}))  # type: ignore[misc]
        yield f"features/{code}", f"{code} as a must", (without,)


def _with_lines(facts: RequestFacts, change: Callable[[LineFacts], LineFacts | None]) -> RequestFacts:
    """Return the request with changed lines; a line that ``change`` makes None goes, and a site with its last one."""
    sites = []
    for site in facts.sites:
        kept = tuple(line for line in map(change, site.lines) if line is not None)
        if kept:
            sites.append(replace(site, lines=kept))
    return replace(facts, sites=tuple(sites))


def _of_places(content: Content, facts: RequestFacts) -> Iterator[_Change]:
    areas = {
        site.ref: "-".join(filter(None, (site.place.country.upper(), site.place.state.upper())))
        for site in content.sites
    }
    counted = Counter(areas.values()).most_common(MOST_AREAS)
    if len(counted) > 1:
        for area, _ in counted:
            kept = tuple(site for site in facts.sites if areas[site.ref] != area)
            yield f"sites/{area}", f"the sites in {area}", (replace(facts, sites=kept),)


def _of_terms(facts: RequestFacts) -> Iterator[_Change]:
    others = tuple(replace(facts, term_months=term) for term in USUAL_TERMS if term != facts.term_months)
    yield "term_months", f"the term of {facts.term_months} months", others
    if facts.start_date is not None:
        yield "start_date", "the start date", (replace(facts, start_date=None),)
    currencies = tuple(replace(facts, currency=code) for code in USUAL_CURRENCIES if code != facts.currency)
    yield "currency", f"billing in {facts.currency}", currencies
    if facts.consolidated_invoice:
        yield "consolidated_invoice", "one consolidated invoice", (replace(facts, consolidated_invoice=False),)


def _of_bands(content: Content, bands: Bands, facts: RequestFacts) -> Iterator[_Change]:
    """What is kept to oneself narrows: some providers want only what says its industry, size or region."""
    for band in Band:
        value = getattr(bands, band.value)
        if value and band not in content.disclosed_bands:
            disclosed = replace(facts, **{band.value: value})
            yield f"disclosed_bands/{band.value}", f"keeping your {band.value} to yourself", (disclosed,)
