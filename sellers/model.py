"""Providers, their saved filters, terms documents and invitations, as frozen values."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from sellers.key_terms import KeyTerms

MARKDOWN = "text/markdown"
PDF = "application/pdf"


class ProviderStatus(StrEnum):
    """Only an approved provider receives anything."""

    PENDING = "pending"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class Net(StrEnum):
    """Where the provider's footprint says that it can serve: at once, or with little building."""

    NONE = ""
    ON = "on-net"
    NEAR = "near-net"


@dataclass(frozen=True, slots=True)
class Territory:
    """Places joined by OR. ``states`` are 'US-CA' (ISO 3166-2), ``postal_prefixes`` 'US-902', ``cells`` H3 cells.

    ``saved`` are ids of the provider's saved territories. ``net`` 'on-net' is where the provider is on-net by its
    footprint in force, 'near-net' where it is on-net or near-net.
    """

    countries: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    postal_prefixes: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    saved: tuple[str, ...] = ()
    net: Net = Net.NONE

    @property
    def empty(self) -> bool:
        """Whether nothing is named."""
        return not (self.countries or self.states or self.postal_prefixes or self.cells or self.saved or self.net)


class CoverageKind(StrEnum):
    """How many of a request's sites must pass."""

    ANY = "any"
    AT_LEAST = "at least"
    SHARE = "share"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Coverage:
    """``AT_LEAST``: ``sites`` sites. ``SHARE``: ``percent`` of the sites (0 to 100)."""

    kind: CoverageKind = CoverageKind.ANY
    sites: int | None = None
    percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` to ``high``, both included; an empty end is open."""

    low: Decimal | None = None
    high: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DateRange:
    """From ``low`` to ``high``, both included; an empty end is open."""

    low: date | None = None
    high: date | None = None


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which requests a provider wants. A missing criterion accepts everything; values inside one are joined by OR.

    ``required_features``: only lines that ask for all of these; ``excluded_features``: never lines that ask for one.
    ``consolidated_invoice`` False: never requests that want one consolidated invoice.
    """

    service_types: tuple[str, ...] = ()
    territory: Territory = Territory()
    excluded_territory: Territory = Territory()
    coverage: Coverage = Coverage()
    bandwidth_mbps: Range | None = None
    sites: Range | None = None
    monthly_spend: Range | None = None
    term_months: Range | None = None
    start_date: DateRange | None = None
    required_features: tuple[str, ...] = ()
    excluded_features: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()
    consolidated_invoice: bool | None = None


@dataclass(frozen=True, slots=True)
class Filter:
    """A provider's saved statement of which requests it wants. ``delivery`` is 'at once' or 'digest'."""

    id: str
    provider_id: OrganizationId
    name: str
    criteria: Criteria
    active: bool = True
    delivery: str = "at once"
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the platform calls about a provider's registration."""

    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Provider:
    """A carrier or reseller and the state of its approval.

    ``reference`` is a number that others know it by, such as its SPIN. ``reason`` is why it was suspended or closed.
    """

    id: OrganizationId
    name: str
    status: ProviderStatus
    reference: str = ""
    contact: Contact = Contact()
    registered_at: datetime | None = None
    decided_at: datetime | None = None
    reason: str = ""


class InvitationStatus(StrEnum):
    """What a provider did with a request that it received."""

    RECEIVED = "received"
    SEEN = "seen"
    DECLINED = "declined"
    BID = "bid"


class InvitationReason(StrEnum):
    """Why a provider received a request."""

    FILTER = "your filter"
    CHOSEN = "chosen by the buyer"
    GRANTED = "opened to you by the buyer"


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """One criterion of a filter beside one request: passed or not, and why in words that a provider may read."""

    criterion: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """The fact that one provider received one request. ``filter_id`` is empty when the buyer chose the provider.

    ``filter_name`` and ``explanation`` are as they were when it was made: filters change, the reason does not.
    """

    id: InvitationId
    provider_id: OrganizationId
    request_id: RequestId
    filter_id: str
    reason: str
    status: InvitationStatus
    received_at: datetime
    seen_at: datetime | None = None
    declined_at: datetime | None = None
    decline_reason: str = ""
    filter_name: str = ""
    explanation: tuple[CriterionResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many providers received a request, opened it, decline it now, and bid."""

    invited: int
    seen: int
    declined: int
    bid: int


@dataclass(frozen=True, slots=True)
class TermsDocument:
    """One version of a provider's terms and conditions.

    Markdown: ``sha256`` is of its UTF-8 text. PDF: ``sha256`` is of the file's bytes, ``text`` what could be read of
    it. ``key_terms`` are missing where the provider states none.
    """

    id: str
    provider_id: OrganizationId
    title: str
    version: int
    text: str
    sha256: str
    created_at: datetime
    media_type: str = MARKDOWN
    pages: int | None = None
    key_terms: KeyTerms | None = None


@dataclass(frozen=True, slots=True)
class TermsHead:
    """A version of a terms document without its text."""

    id: str
    title: str
    version: int
    sha256: str
    created_at: datetime
    media_type: str = MARKDOWN
    pages: int | None = None
