"""What a buyer asks for, as frozen values: content, places, schedule, provider list and the states of a request."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from buyers.requests.auction import DEFAULT, AuctionChoice
from marketplace.kernel.ids import OrganizationId, RequestId, UserId

FeatureValue = Decimal | bool | str | tuple[str, ...]
"""A typed value of a catalogue feature; its unit is the feature's unit."""


def _tag_number(value: FeatureValue) -> object:
    return {"number": str(value)} if isinstance(value, Decimal) else value


def _untag_number(value: object) -> object:
    return Decimal(value["number"]) if isinstance(value, dict) and set(value) == {"number"} else value


StoredFeatureValue = Annotated[FeatureValue, BeforeValidator(_untag_number), PlainSerializer(_tag_number)]
"""A feature value that is stored as JSON and comes back with its type: the number 24 is not the choice '24'."""


class Status(StrEnum):
    """The life of a request (``docs/decisions`` explains why 'closed' is a fact of the clock)."""

    DRAFT = "draft"
    AWAITING_VERIFICATION = "awaiting verification"
    OPEN = "open"
    CLOSED = "closed"
    AWARDED = "awarded"
    NOT_AWARDED = "not awarded"
    WITHDRAWN = "withdrawn"


class Priority(StrEnum):
    """How much a line or a feature matters to the buyer."""

    MUST = "must"
    NICE = "nice"


class Disclosure(StrEnum):
    """How exactly carriers may see where a site is before the award."""

    EXACT = "exact"
    BUILDING = "building"
    POSTAL_CODE = "postal code"
    CITY = "city"


class ListMode(StrEnum):
    """Whom the buyer's provider list admits."""

    OPEN = "open"
    ONLY = "only"
    EXCEPT = "except"


class Band(StrEnum):
    """A demographic fact that a buyer may choose to disclose, as a band."""

    INDUSTRY = "industry"
    SIZE = "size"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a site is. ``country`` is ISO 3166-1 alpha-2, ``state`` its subdivision without the country ('CA').

    ``latitude`` and ``longitude`` are degrees (WGS 84).
    """

    country: str
    state: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A site of this request. ``ref`` ('S1') is its name inside the request; ``site_id`` the buyer's own record."""

    ref: str
    site_id: str
    place: Place


@dataclass(frozen=True, slots=True)
class WantedFeature:
    """One feature value that a line asks for, checked against the catalogue."""

    code: str
    value: StoredFeatureValue
    priority: Priority = Priority.MUST


@dataclass(frozen=True, slots=True)
class Line:
    """One service at one site, or at the whole company when ``site`` is empty. ``ref`` is 'L1', 'L2' and so on."""

    ref: str
    service_type: str
    site: str = ""
    quantity: int = 1
    features: tuple[WantedFeature, ...] = ()
    priority: Priority = Priority.MUST
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lot:
    """Lines that are awarded as one. ``ref`` is 'T1', 'T2' and so on."""

    ref: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BillingPreferences:
    """How the buyer wants to be billed. ``payment_days`` counts from the invoice date."""

    currency: str = "USD"
    period: str = "monthly"
    consolidated: bool = True
    payment_days: int = 30
    invoice_format: str = "pdf"
    tax_exempt: bool = False
    purchase_order: str = ""


@dataclass(frozen=True, slots=True)
class PriorUsage:
    """What the buyer uses today. ``provider`` is never shown to carriers; quantities are per month."""

    service_type: str
    unit: str
    monthly_quantity: Decimal
    monthly_spend: Decimal | None = None
    provider: str = ""
    contract_end: date | None = None


@dataclass(frozen=True, slots=True)
class ProviderList:
    """Whom the buyer admits. In mode 'only', ``grant`` lets the listed open it, ``distribute`` also pushes it."""

    mode: ListMode = ListMode.OPEN
    providers: tuple[OrganizationId, ...] = ()
    grant: bool = True
    distribute: bool = True


@dataclass(frozen=True, slots=True)
class Schedule:
    """When bids are taken: from ``opens_at`` (at once when empty) until just before ``closes_at``."""

    closes_at: datetime | None = None
    opens_at: datetime | None = None
    award_planned_on: date | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with the request, without metadata. ``ref`` is 'A1', 'A2' and so on; ``size`` in bytes."""

    ref: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that a buyer says in a request, private parts included. Carriers get ``view.carrier_view`` of it."""

    title: str = ""
    description: str = ""
    term_months: int = 36
    start_date: date | None = None
    discount_rate: Decimal = Decimal(0)
    sites: tuple[Site, ...] = ()
    lines: tuple[Line, ...] = ()
    lots: tuple[Lot, ...] = ()
    billing: BillingPreferences = BillingPreferences()
    prior_usage: tuple[PriorUsage, ...] = ()
    provider_list: ProviderList = ProviderList()
    disclosed_bands: tuple[Band, ...] = ()
    disclosure: Disclosure = Disclosure.POSTAL_CODE
    schedule: Schedule = Schedule()
    auction: AuctionChoice = DEFAULT
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Bands:
    """The demographics of the buyer as bands; an undisclosed one is empty."""

    industry: str = ""
    size: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as stored. ``revision`` counts saved edits (ETag), ``version`` counts publications and amendments.

    ``ends_at`` is when its last lot stops taking bids, where that is not the announced close (``docs/decisions``).
    """

    id: RequestId
    status: Status
    suspended: bool
    revision: int
    version: int
    pseudonym: str
    catalogue_version: str
    content: Content
    created_at: datetime
    published_at: datetime | None
    end_reason: str = ""
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """A published version of a request: when, and the parts that it changed (none: the first)."""

    number: int
    at: datetime
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """Words that the leak check found in a text for carriers, for which the buyer took responsibility word by word.

    ``version``: of the request, from which carriers read them. ``place`` is the JSON Pointer of the text, ``context``
    the text around them. ``seen_at`` is None until an admin of the platform has looked.
    """

    id: str
    request_id: RequestId
    version: int
    source: str
    subject: str
    place: str
    words: str
    kind: str
    why: str
    context: str
    accepted_by: UserId
    accepted_at: datetime
    seen_by: UserId | None
    seen_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class Use:
    """A request that has not ended and asks for a service type, or for a feature of it."""

    request_id: RequestId
    status: Status
    service_type: str
    feature: str
