"""Who a buyer is, as frozen values: demographics, contact, numbers, sites, documents and the state of verification."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from marketplace.kernel.ids import OrganizationId, UserId


class NumberKind(StrEnum):
    """A registration number that we know how to check."""

    LEI = "lei"
    VAT = "vat"
    EIN = "ein"
    DUNS = "duns"


@dataclass(frozen=True, slots=True)
class Number:
    """A registration number in its normal form, see ``numbers.check_number``."""

    kind: NumberKind
    value: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to ask for at the buyer. ``address`` is postal, one line or several."""

    name: str
    email: str
    phone: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Demographics:
    """What kind of business the buyer is.

    ``industry`` is a section letter of ISIC Rev. 4 (the same letters as NACE Rev. 2), ``country`` ISO 3166-1 alpha-2,
    ``region`` the ISO 3166-2 subdivision without the country ('CA'), ``annual_telecom_spend`` in US dollars.
    """

    industry: str
    employees: int
    sites: int
    country: str
    region: str = ""
    annual_telecom_spend: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Bands:
    """The demographics as coarse as carriers may ever get them before an award."""

    industry: str
    size: str
    region: str


class VerificationStatus(StrEnum):
    """How far the platform's check of a buyer is."""

    UNVERIFIED = "unverified"
    PENDING = "pending"
    VERIFIED = "verified"
    REJECTED = "rejected"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Decision(StrEnum):
    """What a platform admin may do with a case. A flagged case is decided by another admin."""

    VERIFY = "verify"
    REJECT = "reject"
    FLAG = "flag"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Verification:
    """The state of a buyer's verification.

    ``since``: when this status began. ``reason``: the admin's, told to the buyer. ``until``: end of a verification.
    ``flagged_by``: the admin who asked for a second pair of eyes.
    """

    status: VerificationStatus
    since: datetime
    reason: str = ""
    until: datetime | None = None
    flagged_by: UserId | None = None
    flag_reason: str = ""


@dataclass(frozen=True, slots=True)
class Buyer:
    """A buyer's own record. ``revision`` counts changes of the record, its evidence and its verification."""

    id: OrganizationId
    name: str
    contact: Contact
    demographics: Demographics
    numbers: tuple[Number, ...]
    verification: Verification
    revision: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BuyerIdentity:
    """What an awarded provider learns of the buyer."""

    buyer_id: OrganizationId
    name: str
    numbers: tuple[Number, ...]
    contact: Contact
    demographics: Demographics


@dataclass(frozen=True, slots=True)
class KnownIdentity:
    """Everything on record that would give the buyer away in a text, as the records spell it."""

    names: tuple[str, ...]
    domains: tuple[str, ...]
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    numbers: tuple[str, ...]
    streets: tuple[str, ...]
    people: tuple[str, ...]
    site_labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What the buyer says of a site. Country and state as in ``Demographics``; degrees are WGS 84."""

    label: str
    country: str
    state: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    opening_hours: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    contact_email: str = ""


@dataclass(frozen=True, slots=True)
class Site(SiteDetails):
    """An entry of the buyer's address book."""

    id: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of a verified buyer without who it is: for counting how many are alike."""

    demographics: Demographics
    places: tuple[SiteDetails, ...]


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """An uploaded proof without its bytes. ``size`` in bytes; ``media_type`` as its bytes say."""

    id: str
    buyer_id: OrganizationId
    title: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A decision that was made on the buyer, with its reason."""

    decision: Decision
    reason: str
    admin_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """One automatic check of the evidence, for the admin who decides. ``finding`` says what was found."""

    name: str
    passed: bool
    finding: str


@dataclass(frozen=True, slots=True)
class Case:
    """All that an admin needs for a decision: who the buyer says it is, its proofs, what checks found, the past."""

    buyer: Buyer
    documents: tuple[DocumentInfo, ...]
    checks: tuple[Check, ...]
    decisions: tuple[DecisionRecord, ...]


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """A case in the queue, without the buyer's identity: reading that is an act of its own."""

    buyer_id: OrganizationId
    status: VerificationStatus
    since: datetime
    flagged: bool
    numbers: int
    documents: int


@dataclass(frozen=True, slots=True)
class BuyerState:
    """How far a buyer's verification is, and since when; ``flagged_by`` asked for another admin."""

    buyer_id: OrganizationId
    status: VerificationStatus
    since: datetime
    verified_until: datetime | None
    flagged_by: UserId | None


@dataclass(frozen=True, slots=True)
class IdentityReading:
    """Somebody of the platform read the buyer's identity or one of its documents (``document_id``)."""

    seq: int
    at: datetime
    user_id: UserId
    document_id: str
