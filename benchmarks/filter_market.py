"""A seeded market of filters and requests: what the matching index and its peers are measured with.

Documented, so that the load can be judged and made again. One seed makes one market, byte for byte:

- **Places**: the ZIP codes of the United States, as the package ``zipcodes`` has them. 60 of them are centres, drawn by
  a Zipf law; three quarters of all sites and small territories lie near a centre.
- **Providers**: 2,000 at most (one for every twenty filters below that); sizes by a Zipf law, so that a few have
  thousands of filters and most have some.
  Each has a business of its own: 3 to 10 of the service types (one in ten has all) and one to three homes, around
  which its small territories lie (one in ten is at home everywhere). So a request meets some of the providers, as in
  real purchases, and many filters of those: not a few of everybody's.
- **Territories**, shared by the filters of a provider, two to eight each: 14 % states (1 to 5), 1 % the whole country,
  40 % a metropolis (H3 cells of resolution 6 within a radius), 25 % ZIP codes and prefixes (5 to 400), 20 % lit
  buildings (100 to 100,000 cells of resolution 10; sizes fall by a Zipf law). One filter in 50 names no territory,
  one in ten excludes one.
- **Criteria**: 60 service types in 3 families and 12 groups, 40 features; the other criteria are stated with the
  chances in ``_CHANCES``. Ends of ranges are round figures.
- **Requests**: 1 to 500 sites, by a log-uniform law (``sites`` fixes them); up to three kinds of sites, each with one
  to three lines; sites are known by postal code (60 %), city (20 %) or exactly (20 %).
- **Adversarial** (``adversarial=True``): every filter has a territory of its own.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property

import h3
import h3.api.basic_int as h3_numbers
import numpy as np
import zipcodes
from numpy.typing import NDArray

from marketplace.geography import keys
from marketplace.geography.address import Address
from marketplace.geography.placing import Precision, site_keys
from marketplace.kernel import ids
from marketplace.kernel.ids import OrganizationId, RequestId
from matching.model import LineFacts, RequestFacts, SiteFacts
from matching.places import Places
from sellers.model import Coverage, CoverageKind, Criteria, DateRange, Range

Keys = NDArray[np.uint64]

FAMILIES = ("voice", "data", "mobile")
GROUPS = tuple(f"{family}.g{number}" for family in FAMILIES for number in range(4))
LEAVES = tuple(f"{group}.s{number}" for group in GROUPS for number in range(5))
FEATURES = tuple(f"feature_{number:02}" for number in range(40))
INDUSTRIES = tuple(f"industry {number}" for number in range(20))
SIZES = tuple(f"size {number}" for number in range(5))
REGIONS = ("northeast", "midwest", "south", "west")
CURRENCIES = ("USD", "EUR", "GBP", "CAD")
BANDWIDTHS = tuple(map(Decimal, (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)))
SPENDS = tuple(map(Decimal, (100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)))
TERMS = tuple(map(Decimal, (12, 24, 36, 48, 60)))
COUNTS = tuple(map(Decimal, (1, 2, 5, 10, 20, 50, 100, 200, 500)))
FIRST_DAY = date(2027, 1, 1)
MOST_PROVIDERS = 2_000
MOST_CELLS = 100_000

_CHANCES = {
    "services": 0.97,
    "bandwidth": 0.8,
    "sites": 0.5,
    "spend": 0.5,
    "term": 0.5,
    "start": 0.1,
    "required": 0.5,
    "excluded": 0.15,
    "industries": 0.15,
    "sizes": 0.06,
    "regions": 0.06,
    "currencies": 0.5,
    "not consolidated": 0.1,
    "territory": 0.98,
    "exclusion": 0.1,
}


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """One filter. ``include`` and ``exclude`` are places in the market's ``territories``; -1 is none."""

    filter_id: str
    provider_id: OrganizationId
    criteria: Criteria
    include: int
    exclude: int


@dataclass
class Market:
    """Filters with the territories that they share, and requests."""

    territories: list[Keys]
    filters: list[MarketFilter]
    requests: list[RequestFacts]

    @cached_property
    def _sets(self) -> dict[int, frozenset[int]]:
        return {}

    def keys(self, territory: int) -> Keys | None:
        """Return the keys of a territory; None for -1."""
        return None if territory < 0 else self.territories[territory]

    def places(self, one: MarketFilter) -> Places:
        """Return where a filter wants its sites to be, as the predicate takes it."""
        return Places(self._set(one.include), self._set(one.exclude))

    def _set(self, territory: int) -> frozenset[int] | None:
        if territory < 0:
            return None
        if territory not in self._sets:
            self._sets[territory] = frozenset(self.territories[territory].tolist())
        return self._sets[territory]


Place = tuple[str, str, str, float, float]
"""A ZIP code with city, state, latitude and longitude."""


@dataclass(frozen=True, slots=True)
class Business:
    """What one provider sells and where it is at home (numbers of ZIP codes; none: everywhere)."""

    leaves: tuple[str, ...]
    homes: tuple[int, ...]

    @classmethod
    def drawn(cls, geography: "Geography", chance: random.Random) -> "Business":
        """Return the business of one more provider."""
        leaves = LEAVES if chance.random() < 0.1 else tuple(chance.sample(LEAVES, chance.randint(3, 10)))
        homes = () if chance.random() < 0.1 else tuple(geography.centre() for _ in range(chance.randint(1, 3)))
        return cls(leaves, homes)


class Geography:
    """The places that a market lies in."""

    def __init__(self, chance: random.Random) -> None:
        rows = zipcodes.list_all()  # type: ignore[no-untyped-call]
        known = [row for row in rows if row["lat"] and row["long"] and row["active"]]
        self.places = [
            (row["zip_code"], row["city"], row["state"], float(row["lat"]), float(row["long"]))
            for row in known
            if row["country"] == "US" and row["zip_code_type"] == "STANDARD"
        ]
        self._chance = chance
        self.centres = chance.sample(range(len(self.places)), 60)
        self._weights = [1 / rank for rank in range(1, 61)]
        by_code = sorted(range(len(self.places)), key=lambda number: self.places[number][0])
        self._rank = {number: rank for rank, number in enumerate(by_code)}
        self._by_code = by_code

    def centre(self) -> int:
        """Return one of the centres, the first ones most often."""
        (centre,) = self._chance.choices(self.centres, self._weights)
        return centre

    def somewhere(self, homes: Sequence[int] = ()) -> Place:
        """Return a ZIP code with city, state and middle.

        One of the 80 next in number to one of ``homes``; without homes, three times of four to a centre.
        """
        if not homes and self._chance.random() < 0.25:
            return self._chance.choice(self.places)
        home = self._chance.choice(homes) if homes else self.centre()
        at = self._rank[home] + self._chance.randint(-40, 40)
        return self.places[self._by_code[at % len(self._by_code)]]


def market(
    filters: int, requests: int, seed: int = 1, *, adversarial: bool = False, sites: int | None = None
) -> Market:
    """Return the market of a seed with so many filters and requests; each request has ``sites`` sites if given."""
    chance = random.Random(seed)  # noqa: S311 - made again from its seed on purpose
    geography = Geography(chance)
    providers = min(MOST_PROVIDERS, max(1, filters // 20))
    made = Market([], [], [])
    with ids.seeded(seed):
        provider_ids = [OrganizationId(ids.new("org")) for _ in range(providers)]
        filter_ids = [ids.new("flt") for _ in range(filters)]
    businesses = [Business.drawn(geography, chance) for _ in range(providers)]
    own = [_territories(made, geography, chance, one.homes) for one in businesses]
    weights = [1 / rank**0.7 for rank in range(1, providers + 1)]
    owners = chance.choices(range(providers), weights, k=filters)
    pools = _Pools(chance)
    for number, provider in enumerate(owners):
        include, exclude = -1, -1
        if adversarial:
            include = _add(made, _small_territory(geography, chance, businesses[provider].homes))
        elif chance.random() < _CHANCES["territory"]:
            include = chance.choice(own[provider])
        if chance.random() < _CHANCES["exclusion"]:
            exclude = chance.choice(own[provider])
        criteria = pools.criteria(businesses[provider].leaves)
        made.filters.append(MarketFilter(filter_ids[number], provider_ids[provider], criteria, include, exclude))
    made.requests = [_request(geography, chance, number, sites) for number in range(requests)]
    return made


def _add(made: Market, found: Sequence[int] | set[int]) -> int:
    made.territories.append(np.unique(np.fromiter(found, dtype=np.uint64, count=len(found))))
    return len(made.territories) - 1


def _territories(made: Market, geography: Geography, chance: random.Random, homes: Sequence[int]) -> list[int]:
    """Add the territories of one provider; exclusions take plain keys, so those of states and ZIP codes serve."""
    return [_add(made, _territory(geography, chance, homes)) for _ in range(chance.randint(2, 8))]


def _territory(geography: Geography, chance: random.Random, homes: Sequence[int]) -> set[int]:
    kind = chance.random()
    if kind < 0.14:
        states = {geography.somewhere(homes)[2] for _ in range(chance.randint(1, 5))}
        return {keys.state_key(f"US-{state}") for state in states}
    if kind < 0.15:
        return {keys.country_key("US")}
    if kind < 0.55:
        return _metropolis(geography, chance.randint(1, 12), homes)
    if kind < 0.80:
        return _zip_codes(geography, chance, int(5 * 80 ** chance.random()), homes)
    return _lit_buildings(geography, chance, int(min(MOST_CELLS, 100 / max(0.001, chance.random() ** 1.5))), homes)


def _small_territory(geography: Geography, chance: random.Random, homes: Sequence[int]) -> set[int]:
    return _zip_codes(geography, chance, chance.randint(3, 12), homes)


def _metropolis(geography: Geography, radius: int, homes: Sequence[int]) -> set[int]:
    _, _, _, latitude, longitude = geography.somewhere(homes)
    cells = h3.grid_disk(h3.latlng_to_cell(latitude, longitude, 6), radius)
    return {key for cell in h3.compact_cells(cells) for key in keys.of_cell(cell)}


def _zip_codes(geography: Geography, chance: random.Random, count: int, homes: Sequence[int]) -> set[int]:
    codes = (geography.somewhere(homes)[0] for _ in range(count))
    return {keys.postal_key(f"US-{code if chance.random() < 0.9 else code[:3]}") for code in codes}


def _lit_buildings(geography: Geography, chance: random.Random, count: int, homes: Sequence[int]) -> set[int]:
    """Return ``count`` buildings by their cells, with what they share with sites known by their ZIP code or city."""
    found: set[int] = set()
    while len(found) < count:
        _, _, _, latitude, longitude = geography.somewhere(homes)
        quarter = h3_numbers.latlng_to_cell(latitude + chance.gauss(0, 0.1), longitude + chance.gauss(0, 0.1), 7)
        cells = h3_numbers.cell_to_children(quarter, keys.FINEST)
        found.update(chance.sample(cells, min(count, 200)))
        found.update(keys.of_building("US", "", "", h3_numbers.cell_to_latlng(quarter)))
    return found


class _Pools:
    """Criteria from shared parts, so that a million filters fit into memory."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._ranges: dict[tuple[Decimal | None, Decimal | None], Range] = {}
        self._coverages = (
            *(Coverage(),) * 7,
            *(Coverage(CoverageKind.AT_LEAST, sites=count) for count in (2, 5)),
            Coverage(CoverageKind.SHARE, percent=Decimal(50)),
            Coverage(CoverageKind.SHARE, percent=Decimal("33.333333")),
            Coverage(CoverageKind.ALL),
        )

    def criteria(self, leaves: Sequence[str]) -> Criteria:
        """Return the criteria of one filter of a provider that sells ``leaves``, its territory aside."""
        chance = self._chance
        stated = {name for name, often in _CHANCES.items() if chance.random() < often}
        return Criteria(
            service_types=self._services(leaves) if "services" in stated else (),
            coverage=chance.choice(self._coverages),
            bandwidth_mbps=self._range(BANDWIDTHS) if "bandwidth" in stated else None,
            sites=self._range(COUNTS) if "sites" in stated else None,
            monthly_spend=self._range(SPENDS) if "spend" in stated else None,
            term_months=self._range(TERMS) if "term" in stated else None,
            start_date=self._dates() if "start" in stated else None,
            required_features=self._some(FEATURES, 2) if "required" in stated else (),
            excluded_features=self._some(FEATURES, 3) if "excluded" in stated else (),
            industries=self._some(INDUSTRIES, 6) if "industries" in stated else (),
            sizes=self._some(SIZES, 3) if "sizes" in stated else (),
            regions=self._some(REGIONS, 2) if "regions" in stated else (),
            currencies=self._some(CURRENCIES, 2) if "currencies" in stated else (),
            consolidated_invoice=False if "not consolidated" in stated else None,
        )

    def _services(self, leaves: Sequence[str]) -> tuple[str, ...]:
        kind = self._chance.random()
        if kind < 0.05:
            return (self._chance.choice(leaves).partition(".")[0],)
        if kind < 0.2:
            return (self._chance.choice(leaves).rpartition(".")[0],)
        return self._some(leaves, 3)

    def _some(self, values: Sequence[str], most: int) -> tuple[str, ...]:
        return tuple(sorted(self._chance.sample(values, self._chance.randint(1, most))))

    def _range(self, ends: Sequence[Decimal]) -> Range:
        low = self._chance.randrange(len(ends) - 1)
        high = min(len(ends) - 1, low + self._chance.randint(1, 3))
        shape = self._chance.random()
        found = (None if shape < 0.15 else ends[low], None if 0.15 <= shape < 0.3 else ends[high])
        return self._ranges.setdefault(found, Range(*found))

    def _dates(self) -> DateRange:
        first = FIRST_DAY + timedelta(days=30 * self._chance.randint(0, 6))
        return DateRange(first, first + timedelta(days=30 * self._chance.randint(1, 12)))


def _request(geography: Geography, chance: random.Random, number: int, sites: int | None) -> RequestFacts:
    count = sites or max(1, min(500, round(500 ** chance.random())))
    precision = chance.choices((Precision.POSTAL, Precision.CITY, Precision.EXACT), (60, 20, 20))[0]
    kinds = [tuple(_lines(chance)) for _ in range(min(count, chance.randint(1, 3)))]
    return RequestFacts(
        request_id=RequestId(f"req_{number:022}"),
        sites=tuple(_site(geography, chance, f"S{at + 1}", precision, chance.choice(kinds)) for at in range(count)),
        currency=chance.choices(CURRENCIES, (85, 5, 5, 5))[0],
        consolidated_invoice=chance.random() < 0.7,
        term_months=int(chance.choice(TERMS)),
        start_date=FIRST_DAY + timedelta(days=chance.randint(0, 300)) if chance.random() < 0.7 else None,
        monthly_spend=chance.choice(SPENDS) if chance.random() < 0.6 else None,
        industry=chance.choice(INDUSTRIES) if chance.random() < 0.5 else "",
        size=chance.choice(SIZES) if chance.random() < 0.5 else "",
        region=chance.choice(REGIONS) if chance.random() < 0.5 else "",
    )


def _lines(chance: random.Random) -> Iterator[LineFacts]:
    for _ in range(chance.randint(1, 3)):
        yield LineFacts(
            ref="",
            service_type=chance.choice(LEAVES),
            bandwidth_mbps=chance.choice(BANDWIDTHS) if chance.random() < 0.8 else None,
            features=frozenset(chance.sample(FEATURES, chance.randint(0, 4))),
        )


def _site(
    geography: Geography, chance: random.Random, ref: str, precision: Precision, lines: tuple[LineFacts, ...]
) -> SiteFacts:
    code, city, state, latitude, longitude = geography.somewhere()
    address = Address(
        country="US",
        state=state,
        city=city,
        postal_code=code,
        street=f"{chance.randint(1, 9999)} Main Street",
        latitude=latitude + chance.gauss(0, 0.03),
        longitude=longitude + chance.gauss(0, 0.03),
    )
    return SiteFacts(ref, site_keys(address, precision), lines)
