"""How much of a request a carrier's own coverage can serve, from its own places and what the request shows it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from buyers.requests.placing import address_of
from buyers.requests.view import PlaceView
from marketplace.geography import keys, placing
from marketplace.geography.placing import Precision
from marketplace.kernel import codec
from matching.places import FootprintPlaces, KeySet, Places


@dataclass(frozen=True, slots=True)
class Fit:
    """Of so many ``sites`` how many are on-net, near-net, may be either, or lie in the filter's territory besides.

    Each site counts once, as the first of these that it is: it is shown no more exactly than the buyer discloses it.
    """

    sites: int
    on_net: int
    near_net: int
    possible: int
    territory: int

    @property
    def served(self) -> int:
        """The sites that the carrier can, or may be able to, serve."""
        return self.on_net + self.near_net + self.possible + self.territory

    @property
    def share(self) -> Decimal:
        """The same as a share of all sites."""
        return Decimal(self.served) / Decimal(self.sites)


def fit(sites: Iterable[frozenset[int]], footprint: FootprintPlaces | None, territory: Places) -> Fit | None:
    """Return how a carrier's places fit sites, given by their place keys.

    ``territory`` are the places of the filter that matched: one that is everywhere says nothing of coverage. None
    where the request has no sites, or the carrier says nowhere what it covers.
    """
    if footprint is None and territory.include is None:
        return None
    counts = {"on_net": 0, "near_net": 0, "possible": 0, "territory": 0}
    total = 0
    for site in sites:
        total += 1
        found = _counts_as(site, footprint, territory)
        if found:
            counts[found] += 1
    return Fit(total, **counts) if total else None


def _counts_as(site: frozenset[int], footprint: FootprintPlaces | None, territory: Places) -> str:
    sure = frozenset(key for key in site if not keys.is_near(key))
    if footprint is not None:
        if not footprint.on_net.isdisjoint(sure):
            return "on_net"
        if not footprint.near_net.isdisjoint(sure):
            return "near_net"
        if _meets(footprint.on_net, site) or _meets(footprint.near_net, site):
            return "possible"
    return "territory" if territory.include is not None and territory.covers(site) else ""


def _meets(places: KeySet, site: frozenset[int]) -> bool:
    return not places.isdisjoint(site)


def shown_sites(document: dict[str, Any]) -> list[frozenset[int]]:
    """Return the place keys of a published request's sites, from what its carriers read and nothing else."""
    return [_keys(codec.load(PlaceView, site["place"]), document["disclosure"]) for site in document["sites"]]


@lru_cache(maxsize=100_000)
def _keys(place: PlaceView, disclosure: str) -> frozenset[int]:
    return placing.site_keys(address_of(place), Precision(disclosure))
