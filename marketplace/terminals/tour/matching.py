"""Why the tour's request reached the visitor: a carrier's filter and the real predicate's reasons."""

from dataclasses import dataclass
from decimal import Decimal

from marketplace.kernel.ids import RequestId
from marketplace.terminals.tour.model import Need
from matching.facts import facts_of
from matching.places import places_of
from matching.predicate import explain
from sellers.model import Criteria, Range, Territory

FILTER = Criteria(
    service_types=("data.dedicated-internet-access",),
    territory=Territory(states=("US-UT", "US-CO", "US-NM")),
    sites=Range(low=Decimal(2)),
    term_months=Range(low=Decimal(24), high=Decimal(60)),
)
"""What the visitor's sales desk is said to have saved."""
FILTER_NAME = "Dedicated Internet in the mountain states, two sites and more"


@dataclass(frozen=True, slots=True)
class Reasons:
    """Whether the filter accepts the request, and each of its criteria in words."""

    accepted: bool
    words: tuple[str, ...]


def reasons(need: Need) -> Reasons:
    """Return why ``need`` matches; the words name the filter's own values, never the buyer's."""
    found = explain(FILTER, facts_of(RequestId("tour"), need.content, need.bands), places_of(FILTER))
    return Reasons(found.accepted, tuple(result.reason for result in found.criteria))
