"""Who plays in the demo market and what they ask for: invented companies, as anybody would send them to the API."""

import json
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from marketplace.kernel import codec
from marketplace.kernel.access import UserRole

DEFAULT_SEED = "tenderline"
PASSWORD = "walnut-lantern-orbit-52"  # noqa: S105 - public on purpose: the loader refuses outside development
"""The password of every account of the demo market."""
FACTOR = "TENDERLINEDEMOONLYTENDERLINEDEMO"
"""The secret of the second factor of the demo's platform admins, for any authenticator app."""
ADMIN_EMAIL = "admin@tenderline.example"
"""The platform admin for whoever looks at the demo. Created last: where it exists, the market is complete."""
VERIFIER_EMAIL = "verification@tenderline.example"
"""The platform admin who plays along. A one-time code works once, so the deal does not use up the reader's."""

Plan = Literal[
    "draft",
    "waiting",
    "open",
    "suspended",
    "closed",
    "accepted",
    "presented",
    "refused",
    "rejected",
    "nobids",
    "withdrawn",
]
"""Where a request stands when the demo begins, or how it got there."""


@dataclass(frozen=True, slots=True)
class Colleague:
    """A further user of a buyer."""

    full_name: str
    email: str
    role: UserRole


@dataclass(frozen=True, slots=True)
class BuyerRole:
    """A buyer. ``registration``, ``numbers`` and ``sites`` are bodies of the API."""

    key: str
    registration: dict[str, Any]
    numbers: dict[str, str]
    verification: Literal["verified", "pending"]
    sites: tuple[dict[str, Any], ...]
    colleagues: tuple[Colleague, ...]


@dataclass(frozen=True, slots=True)
class CarrierRole:
    """A carrier. ``price_level`` is relative to the market, ``keenness`` the share of its requests that it bids on."""

    key: str
    registration: dict[str, Any]
    approved: bool
    price_level: Decimal
    keenness: Decimal
    install_days: int
    terms: dict[str, str]
    filters: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider list that names carriers by their keys."""

    mode: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Amendment:
    """A changed description, ``after`` days from the publication; the share ``confirmed`` of the bids is renewed."""

    after: Decimal
    description: str
    confirmed: Decimal


@dataclass(frozen=True, slots=True)
class RequestRole:
    """A request. Instants are days from the moment at which the demo begins; ``sites`` are labels."""

    key: str
    buyer: str
    plan: Plan
    posted: Decimal
    closes: Decimal
    sites: tuple[str, ...]
    parts: dict[str, Any]
    opens: Decimal | None = None
    award_planned: int | None = None
    start: int | None = None
    providers: Listed | None = None
    amendment: Amendment | None = None


@dataclass(frozen=True, slots=True)
class DealRole:
    """The buyer of the deal that is played in the open, and its request. All parts are bodies of the API.

    ``leaky_description`` names the buyer: what the marketplace refuses to publish.
    """

    buyer: dict[str, Any]
    sites: tuple[dict[str, Any], ...]
    leaky_description: str
    parts: dict[str, Any]


@cache
def deal() -> DealRole:
    """Return who plays the deal."""
    return codec.load(DealRole, _read("deal.json"))


@cache
def buyers() -> tuple[BuyerRole, ...]:
    """Return the buyers."""
    return codec.load(tuple[BuyerRole, ...], _read("buyers.json"))


@cache
def carriers() -> tuple[CarrierRole, ...]:
    """Return the carriers."""
    return codec.load(tuple[CarrierRole, ...], _read("carriers.json"))


@cache
def requests() -> tuple[RequestRole, ...]:
    """Return the requests."""
    return codec.load(tuple[RequestRole, ...], _read("requests.json"))


def _read(name: str) -> Any:
    return json.loads(files("marketplace.demo").joinpath("data", name).read_text(encoding="utf-8"))
