"""The re-identification hint: how unusual what a request discloses is among the buyers of the marketplace.

A carrier that knows the market asks which buyers fit what it reads. The hint counts the other verified buyers that do
(k) and finds what, if it were withheld, would bring the most others back. It reads no text, which the leak check does,
and not what is asked for, of which the marketplace has no record.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from buyers.requests.model import Bands, Content, Place
from buyers.requests.view import carrier_view

FLOOR = 5
"""Fewer others than this are never told by their number: buyers learn as little of each other as carriers do."""
STEPS = (FLOOR, 20, 100)
"""The hint tells the highest of these that is reached, so that two hints don't tell one buyer by their difference."""


class Trait(StrEnum):
    """What a carrier can hold against the buyers that it knows."""

    INDUSTRY = "industry"
    SIZE = "size"
    REGION = "region"
    PLACES = "places"
    SITES = "sites"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in plain words; empty parts are not known, or not disclosed."""

    country: str
    state: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a buyer: its bands, how many sites it says it has, and where it is."""

    bands: Bands
    sites: int
    spots: frozenset[Spot]


@dataclass(frozen=True, slots=True)
class Cost:
    """How many others at least (0: fewer than ``FLOOR``) would fit if this were withheld."""

    disclosed: Trait
    others_without: int


@dataclass(frozen=True, slots=True)
class Hint:
    """How many others at least (0: fewer than ``FLOOR``) fit all that is disclosed, and what each part of it costs.

    ``costliest`` is what would bring the most others back; None where no part alone does.
    """

    others: int
    costs: tuple[Cost, ...]
    costliest: Trait | None


@dataclass(frozen=True, slots=True)
class _Told:
    """What a request discloses, as far as it can be held against a profile; an empty part says nothing."""

    industry: str
    size: str
    region: str
    sites: int
    spots: frozenset[Spot]

    def parts(self) -> Iterator[tuple[Trait, "_Told"]]:
        """Yield each part that says something, with what is told without it."""
        if self.industry:
            yield Trait.INDUSTRY, replace(self, industry="")
        if self.size:
            yield Trait.SIZE, replace(self, size="")
        if self.region:
            yield Trait.REGION, replace(self, region="")
        if self.spots:
            yield Trait.PLACES, replace(self, spots=frozenset())
        if self.sites > 1:
            yield Trait.SITES, replace(self, sites=0)

    def fits(self, profile: Profile) -> bool:
        """Return whether a carrier could take this buyer for the one who asks."""
        return (
            self.industry in {"", profile.bands.industry}
            and self.size in {"", profile.bands.size}
            and self.region in {"", profile.bands.region}
            and self.sites <= profile.sites
            and all(any(_inside(known, spot) for known in profile.spots) for spot in self.spots)
        )


def spot(place: Place) -> Spot:
    """Return a place so that two spellings of it are equal."""
    words = (place.country, place.state, place.city, place.postal_code.replace(" ", ""), place.street)
    return Spot(*(" ".join(word.casefold().split()) for word in words))


def hint(content: Content, bands: Bands, others: Iterable[Profile]) -> Hint:
    """Return how unusual a request is among ``others``, the verified buyers except its own.

    ``bands`` are its buyer's; those count that the request discloses, and its places as far as the disclosure level
    goes. A buyer that is not known to be at a disclosed place doesn't fit, so that the hint rather warns too early.
    """
    told, known = _told(content, bands), tuple(others)
    counted = [(disclosed, _count(without, known)) for disclosed, without in told.parts()]
    all_told = _count(told, known)
    costliest = max(counted, key=lambda cost: cost[1], default=(None, all_told))
    return Hint(
        at_least(all_told),
        tuple(Cost(disclosed, at_least(count)) for disclosed, count in counted),
        costliest[0] if costliest[1] > all_told else None,
    )


def at_least(count: int) -> int:
    """Return the highest step that a number of buyers reaches; 0 below the floor."""
    return max((step for step in STEPS if step <= count), default=0)


def _told(content: Content, bands: Bands) -> _Told:
    """Return what the carriers' view says; no other source, so that the hint can't speak of what they don't see."""
    view = carrier_view(0, "", content, bands, (), catalogue_version="")
    places = (site.place for site in view.sites)
    spots = (spot(Place(one.country, one.state, one.city, one.postal_code, one.street)) for one in places)
    return _Told(view.bands.industry, view.bands.size, view.bands.region, len(view.sites), frozenset(spots))


def _count(told: _Told, known: Iterable[Profile]) -> int:
    return sum(map(told.fits, known))


def _inside(known: Spot, told: Spot) -> bool:
    """Return whether a known place lies in the one that is told."""
    return (
        told.country == known.country
        and told.state in {"", known.state}
        and told.city in {"", known.city}
        and told.postal_code in {"", known.postal_code}
        and told.street in {"", known.street}
    )
