"""Footprints as frozen values: places with what is offered there, versions of them, and their packed place keys."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from marketplace.geography.address import Address
from marketplace.geography.keys import PackedKeys
from marketplace.kernel.ids import OrganizationId
from sellers.model import Net

Keys: TypeAlias = npt.NDArray[np.uint64]
"""Place keys, ascending."""
Numbers: TypeAlias = npt.NDArray[np.uint32]


class Visibility(StrEnum):
    """Whether buyers read the provider's name where it has a network, or are only told how many have one."""

    PRIVATE = "private"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be had at a place: ``service_types`` are nodes of the catalogue, sorted; speeds are in Mbps."""

    net: Net
    service_types: tuple[str, ...]
    down_mbps: Decimal
    up_mbps: Decimal | None = None


@dataclass(frozen=True, slots=True)
class FootprintRow:
    """A place with its offer. ``number`` is its row in a CSV (the header is 1) or its index among GeoJSON features.

    ``address`` with a street or coordinates is a building, with a postal code alone the whole code; ``area`` is a
    GeoJSON geometry as text, and then there is no address.
    """

    number: int
    offer: Offer
    name: str = ""
    address: Address | None = None
    area: str = ""


@dataclass(frozen=True, slots=True)
class RowError:
    """One wrong cell of a CSV or property of a GeoJSON feature. ``message`` says what would be right.

    ``pointer`` is '/17/kind' for row 17 of a CSV, '/features/16/properties/kind' for a GeoJSON feature.
    """

    row: int
    column: str
    value: str
    message: str
    pointer: str


class Form(StrEnum):
    """What an uploaded file is."""

    CSV = "csv"
    GEOJSON = "geojson"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What an uploaded file says: rows of sound form, the errors of the others, and what was left unread."""

    rows: tuple[FootprintRow, ...]
    errors: tuple[RowError, ...]
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What a footprint offers where: ``keys`` ascending, and beside each the index into ``offers``.

    A place with several offers has its key several times. Keys of what is near are among them (``keys.is_near``).
    """

    keys: Keys
    offer_of: Numbers
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class FootprintPlaces:
    """The include keys of a footprint in force, as territories take them, near keys included."""

    on_net: PackedKeys
    near_net: PackedKeys


@dataclass(frozen=True, slots=True)
class Counts:
    """How many rows a version has, and how many of them are on-net and near-net."""

    rows: int
    on_net: int
    near_net: int


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """Rows made ready to be looked up and to serve filters."""

    counts: Counts
    offered: Offered
    places: FootprintPlaces


@dataclass(frozen=True, slots=True)
class FootprintVersion:
    """One upload. ``sha256`` is of the file as it was sent."""

    provider_id: OrganizationId
    number: int
    counts: Counts
    sha256: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class Footprint:
    """A provider's setting: who may know, and which version is in force (0: none).."""

    provider_id: OrganizationId
    visibility: Visibility = Visibility.PRIVATE
    in_force: int = 0
    newest: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """A footprint in force of an approved provider, without its places. ``name`` is the company's."""

    provider_id: OrganizationId
    version_id: str
    visibility: Visibility
    name: str
