"""What a filter would have received in the past 90 days, as a number that gives no single request away: pure.

A provider may write any filter, so it could try to learn something of one request by asking twice, with and without
it, and comparing. What stands against that:

- Nothing is counted that this provider could not have received: the buyer's list admits it, and filters are compared
  with facts never finer than what every invited provider reads (``matching.facts``). All that can be learned is what
  the same filter, saved in time, would have brought, with the request itself.
- Numbers below ``FLOOR`` are one answer, and the others are steps, rounded down: one request more or less changes
  most answers not at all, and a step says nothing of which request it was.
- Only days that are over count, and the days are read once a day: asking before and after a publication shows nothing.
- The provider's users together have a small budget of questions (``service.would_have_matched``), too small to search
  with.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from marketplace.kernel.ids import OrganizationId
from matching import rules
from matching.model import Published
from matching.places import Places
from matching.predicate import accepts
from sellers.model import Coverage, Criteria

FLOOR = 5
"""Fewer requests than this are not told as a number."""

_STEPS = ((50, 5), (200, 10), (1_000, 50))
"""Below which number which step; beyond, two digits count."""
_LISTS = (
    "industries",
    "sizes",
    "regions",
    "currencies",
    "service_types",
    "required_features",
    "excluded_features",
)
_RANGES = ("sites", "monthly_spend", "term_months", "start_date", "consolidated_invoice", "bandwidth_mbps")


@dataclass(frozen=True, slots=True)
class Costliest:
    """The criterion that keeps most requests away; without it there would be ``matched``, rounded."""

    criterion: str
    matched: int


@dataclass(frozen=True, slots=True)
class Hindsight:
    """How many requests a filter would have accepted, rounded down; None is fewer than ``FLOOR``."""

    matched: int | None
    costliest: Costliest | None = None

    @property
    def words(self) -> str:
        """The number in words."""
        return f"fewer than {FLOOR}" if self.matched is None else f"about {self.matched:,}"


def stepped(count: int) -> int | None:
    """Return ``count`` as it is told: None below ``FLOOR``, else rounded down to its step."""
    if count < FLOOR:
        return None
    step = next((step for end, step in _STEPS if count < end), 10 ** max(0, len(str(count)) - 2))
    return count - count % step


def hindsight(
    criteria: Criteria, places: Places, provider_id: OrganizationId, published: Iterable[Published]
) -> Hindsight:
    """Return what a provider's filter would have accepted of ``published``, and what it lost by which criterion."""
    wider = list(_without_one(criteria, places))
    matched = 0
    gained: Counter[str] = Counter()
    for one in published:
        if not rules.admits(one.providers, provider_id):
            continue
        if accepts(criteria, one.facts, places):
            matched += 1
            continue
        gained.update(name for name, looser, there in wider if accepts(looser, one.facts, there))
    told = stepped(matched)
    for criterion, more in gained.most_common(1):
        without = stepped(matched + more)
        if without is not None and without != told:
            return Hindsight(told, Costliest(criterion, without))
    return Hindsight(told)


def _without_one(criteria: Criteria, places: Places) -> Iterator[tuple[str, Criteria, Places]]:
    """Yield the filter without each of the criteria that it states, by name."""
    unstated: dict[str, Any] = dict.fromkeys(_LISTS, ()) | dict.fromkeys(_RANGES)
    for name, nothing in unstated.items():
        if getattr(criteria, name) != nothing:
            yield name, replace(criteria, **{name: nothing}), places
    if places.include is not None:
        yield "territory", criteria, replace(places, include=None)
    if places.exclude is not None:
        yield "excluded_territory", criteria, replace(places, exclude=None)
    if criteria.coverage != Coverage():
        yield "coverage", replace(criteria, coverage=Coverage()), places
