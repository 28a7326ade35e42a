"""Filters learned from what providers won, how often they would have brought the winner in, and made-up rival prices.

The learning rule, for one provider and the lines that it won in the applications it may learn from:

1. One filter per family of the catalogue: who was seen to sell a data service sells data services, because the same
   network carries leased lines, internet access and dark fibre; who sold data only is not taken for a mobile carrier.
2. A filter's territory is the states of the family's sites. A provider seen in ``NATIONAL_STATES`` states or more, over
   all families, serves its country.
3. A filter's bandwidth goes from the slowest line divided by ``WIDENING`` to the fastest times ``WIDENING``: the same
   fibre carries 10 Mbps and 1 Gbps, but who sold 0.5 Mbps is not asked for 10 Gbps.

A filter never lacks service types or territory, so none accepts everything.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from buyers.requests.model import Bands, Line
from marketplace.kernel.ids import RequestId
from marketplace.kernel.money import cents
from marketplace.standards.erate import Application, content_of
from matching.facts import BANDWIDTH_FEATURE, facts_of
from matching.model import RequestFacts
from matching.places import places_of
from matching.predicate import accepts, explain
from sellers.model import Criteria, Range, Territory

NATIONAL_STATES = 3
WIDENING = 100

LOWEST_FACTOR, HIGHEST_FACTOR = Decimal("0.85"), Decimal("1.60")
"""A synthetic price is between these multiples of the real one."""
_LEVEL_WEIGHT = Decimal("0.7")
_STEPS = 10**6

LearnedFilters = Mapping[str, tuple[Criteria, ...]]
"""The filters of each provider, by SPIN."""


@dataclass(frozen=True, slots=True)
class Sale:
    """One line that a provider won: what, in which state ('US-CA') of which country, how fast in Mbps."""

    service_type: str
    country: str
    state: str
    bandwidth_mbps: Decimal | None


@dataclass(frozen=True, slots=True)
class Miss:
    """A winner that its learned filters did not bring in. ``learnable``: it won in another application, too."""

    application: str
    spin: str
    learnable: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RecallReport:
    """How well learned filters find the real winners. A winner is a provider in an application.

    ``applications_found``: all winners of the application were invited; ``applications_reached``: one of them at least;
    ``applications_learnable``: all of them won in another application, too. ``mean_invited`` is in providers,
    ``mean_share`` the same as a share (0 to 1) of all ``providers`` of the applications. ``precision`` is the share
    of invitations that went to a real winner; it is low by nature, because losing bidders are not published.
    """

    applications: int
    applications_learnable: int
    applications_found: int
    applications_reached: int
    winners: int
    learnable: int
    found: int
    providers: int
    mean_invited: Decimal
    mean_share: Decimal
    precision: Decimal
    misses: tuple[Miss, ...]

    @property
    def recall(self) -> Decimal:
        """The share of applications all of whose winners were invited; unlearnable ones count as missed."""
        return _ratio(self.applications_found, self.applications)

    @property
    def recall_learnable(self) -> Decimal:
        """The same among the applications whose winners all won in another application, too."""
        return _ratio(self.applications_found, self.applications_learnable)

    @property
    def reach(self) -> Decimal:
        """The share of applications with at least one winner among the invited."""
        return _ratio(self.applications_reached, self.applications)


def sales_of(application: Application) -> dict[str, tuple[Sale, ...]]:
    """Return the lines that each provider (SPIN) won in ``application``."""
    places = {site.ref: site.place for site in application.sites}
    lines = {line.ref: line for line in application.lines}
    sales = {}
    for bid in application.winning:
        sold = []
        for price in bid.lines:
            line = lines[price.line]
            place = places[line.site]
            state = f"{place.country}-{place.state}" if place.state else ""
            sold.append(Sale(line.service_type, place.country, state, _bandwidth(line)))
        sales[bid.spin] = tuple(sold)
    return sales


def learn_criteria(sales: Iterable[Sale]) -> tuple[Criteria, ...]:
    """Return the filters of a provider that won ``sales``, after the rule at the top of this module."""
    known = set(sales)
    states = {sale.state for sale in known if sale.state}
    national = len(states) >= NATIONAL_STATES
    families: dict[str, list[Sale]] = defaultdict(list)
    for sale in known:
        families[sale.service_type.partition(".")[0]].append(sale)
    return tuple(_criteria(family, families[family], national=national) for family in sorted(families))


def learned_filters(
    applications: Iterable[Application], leave_out: str | None = None
) -> dict[str, tuple[Criteria, ...]]:
    """Return the filters of every provider, by SPIN, learned without the application numbered ``leave_out``."""
    sales: dict[str, list[Sale]] = defaultdict(list)
    for application in applications:
        if application.number != leave_out:
            for spin, sold in sales_of(application).items():
                sales[spin] += sold
    return {spin: learn_criteria(sales[spin]) for spin in sorted(sales)}


def leave_one_out(applications: Iterable[Application]) -> Callable[[str], LearnedFilters]:
    """Return what gives, for an application's number, the filters learned from the other applications only."""
    known = tuple(applications)
    return lambda number: learned_filters(known, number)


def invited(filters: LearnedFilters, facts: RequestFacts) -> tuple[str, ...]:
    """Return the providers (SPIN) with a filter that accepts the request, in the filters' order."""
    return tuple(
        spin for spin, criteria in filters.items() if any(accepts(one, facts, places_of(one)) for one in criteria)
    )


def recall(applications: Iterable[Application], filters_for: Callable[[str], LearnedFilters]) -> RecallReport:
    """Return in how many applications the real winners are among the invited.

    Args:
        applications: those to test.
        filters_for: gives the filters to use for an application's number; ``leave_one_out`` for an honest test.
    """
    tested = tuple(applications)
    won_in: dict[str, int] = defaultdict(int)
    for application in tested:
        for bid in application.winning:
            won_in[bid.spin] += 1
    misses: list[Miss] = []
    applications_learnable = applications_found = applications_reached = winners = learnable = invitations = 0
    for application in tested:
        facts = facts_of(RequestId(application.number), content_of(application), Bands())
        filters = filters_for(application.number)
        received = invited(filters, facts)
        missed = [
            Miss(application.number, bid.spin, won_in[bid.spin] > 1, _why_missed(filters.get(bid.spin, ()), facts))
            for bid in application.winning
            if bid.spin not in received
        ]
        misses += missed
        invitations += len(received)
        winners += len(application.winning)
        known = sum(won_in[bid.spin] > 1 for bid in application.winning)
        learnable += known
        applications_learnable += known == len(application.winning)
        applications_found += not missed
        applications_reached += len(missed) < len(application.winning)
    mean = _ratio(invitations, len(tested))
    return RecallReport(
        applications=len(tested),
        applications_learnable=applications_learnable,
        applications_found=applications_found,
        applications_reached=applications_reached,
        winners=winners,
        learnable=learnable,
        found=winners - len(misses),
        providers=len(won_in),
        mean_invited=mean,
        mean_share=_ratio(invitations, len(tested) * len(won_in)),
        precision=_ratio(winners - len(misses), invitations),
        misses=tuple(misses),
    )


def synthetic_price(seed: int | str, application: str, spin: str, line: str, real_mrc: Decimal) -> Decimal:
    """Return a made-up price for a rival's line: 0.85 to 1.60 times the real one, to the cent, the same every time.

    A provider has a price level in an application, its lines vary around it. Callers label the price as synthetic.
    """
    level, noise = _fraction(seed, application, spin), _fraction(seed, application, spin, line)
    position = _LEVEL_WEIGHT * level + (1 - _LEVEL_WEIGHT) * noise
    return cents(real_mrc * (LOWEST_FACTOR + (HIGHEST_FACTOR - LOWEST_FACTOR) * position))


def _criteria(family: str, sales: list[Sale], *, national: bool) -> Criteria:
    speeds = [sale.bandwidth_mbps for sale in sales if sale.bandwidth_mbps is not None]
    states = tuple(sorted({sale.state for sale in sales if sale.state}))
    if national or not states:
        territory = Territory(countries=tuple(sorted({sale.country for sale in sales})))
    else:
        territory = Territory(states=states)
    return Criteria(
        service_types=(family,),
        territory=territory,
        bandwidth_mbps=Range(min(speeds) / WIDENING, max(speeds) * WIDENING) if speeds else None,
    )


def _bandwidth(line: Line) -> Decimal | None:
    value = next((feature.value for feature in line.features if feature.code == BANDWIDTH_FEATURE), None)
    return value if isinstance(value, Decimal) else None


def _why_missed(criteria: tuple[Criteria, ...], facts: RequestFacts) -> str:
    if not criteria:
        return "won in no other application"
    failed = [
        result.reason
        for one in criteria
        for result in explain(one, facts, places_of(one)).criteria
        if not result.passed
    ]
    return "; or ".join(dict.fromkeys(failed))


def _fraction(*parts: object) -> Decimal:
    """Return a number from 0 to below 1 that only depends on ``parts``."""
    digest = hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big") % _STEPS) / _STEPS


def _ratio(part: int, whole: int) -> Decimal:
    return (Decimal(part) / whole).quantize(Decimal("0.0001")) if whole else Decimal(0)
