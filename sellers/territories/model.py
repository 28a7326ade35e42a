"""Saved territories as frozen values: what a provider said, and what it comes to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketplace.geography.keys import PackedKeys
from marketplace.kernel.ids import OrganizationId


@dataclass(frozen=True, slots=True)
class Building:
    """A building by its address, its coordinates (degrees) or both. ``state`` is without the country ('CA')."""

    country: str = ""
    state: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Places joined by OR. ``area`` is GeoJSON (RFC 7946), parsed; None for none."""

    countries: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    postal_prefixes: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    buildings: tuple[Building, ...] = ()
    area: dict[str, Any] | None = None

    @property
    def named(self) -> int:
        """How many things are named one by one."""
        lists = (self.countries, self.states, self.postal_prefixes, self.cells, self.buildings)
        return sum(map(len, lists))

    @property
    def empty(self) -> bool:
        """Whether nothing is named."""
        return not self.named and self.area is None


@dataclass(frozen=True, slots=True)
class Content:
    """What a territory is: some places, without others."""

    places: Part
    excluded: Part = Part()


@dataclass(frozen=True, slots=True)
class Figures:
    """How large a territory came out.

    ``cells`` are those of its areas, after compaction, and ``resolution`` the finest of them (None without an area).
    ``notes`` are what the provider should know of its areas.
    """

    named: int
    keys: int
    excluded_keys: int
    cells: int = 0
    resolution: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Compiled:
    """Packed place keys (``geography.keys.packed``), the digest of both, and the figures."""

    keys: bytes
    excluded: bytes
    digest: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class Territory:
    """A saved territory without its places."""

    id: str
    provider_id: OrganizationId
    name: str
    figures: Figures
    revision: int
    created_at: datetime
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class TerritoryPlaces:
    """What matching needs of a saved territory. Those of equal ``digest`` share their keys."""

    name: str
    digest: str
    keys: PackedKeys
    excluded: PackedKeys
