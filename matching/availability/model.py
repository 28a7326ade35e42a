"""Look-ups of what can be had where, and their answers, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from marketplace.geography.address import Address
from sellers.footprints.model import Offer, Standing
from sellers.model import Net


class ComparedAs(StrEnum):
    """As what a place is compared with footprints, the most exact first."""

    BUILDING = "building"
    POINT = "map point"
    POSTAL_CODE = "postal code"
    REGION = "region"
    NOTHING = "not placed"


@dataclass(frozen=True, slots=True)
class Question:
    """What a buyer wants to know: places, at most one node of the catalogue, and the least speed in Mbps."""

    places: tuple[Address, ...]
    service_type: str = ""
    minimum_mbps: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Located:
    """Where a place counts as being. ``add`` says what to add to be found better, ``findings`` what contradicts."""

    compared_as: ComparedAs
    keys: frozenset[int]
    add: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InForce:
    """A footprint in force with its offers, without its places."""

    standing: Standing
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """As much of an offer as buyers may be told.

    ``speeds`` are Mbps by service type: leaves of the catalogue, or one that stands for others (``rules.together``).
    ``provider`` is a number inside one answer; ``name`` is empty unless the provider publishes it.
    """

    provider: int
    name: str
    net: Net
    speeds: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """How many providers have these service types, each of them, at one place; who is on-net isn't near-net as well.

    ``on_net_mbps`` and ``near_net_mbps`` are the best speed, rounded down to a step; None without a provider. Names are
    those of providers that publish their footprint, sorted.
    """

    service_types: tuple[str, ...]
    on_net: int
    near_net: int
    on_net_mbps: Decimal | None
    near_net_mbps: Decimal | None
    on_net_names: tuple[str, ...]
    near_net_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceAnswer:
    """How many providers have something of what was asked at one place, and by service type."""

    on_net: int
    near_net: int
    services: tuple[ServiceAnswer, ...]
