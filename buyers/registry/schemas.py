"""Wire types of buyers, their address books and their verification."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from buyers.registry.model import Decision, NumberKind, VerificationStatus
from buyers.registry.numbers import LONGEST_NUMBER
from marketplace.kernel.wire import Whole

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_LINES = r"^[^\x00-\x09\x0b\x0c\x0e-\x1f\x7f]*$"


def _line(longest: int, shortest: int = 0) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest, pattern=_ONE_LINE)


Name = Annotated[str, _line(200, 1)]
Phone = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[+(]?[0-9][0-9 ()./x-]{4,38}$"),
    Field(description="Digits, with a plus and separators as you like", examples=["+1 212 555 0100"]),
]
Email = Annotated[EmailStr, Field(max_length=254)]
Number = Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER)]
Numbers = Annotated[
    dict[NumberKind, Number],
    Field(description="Registration numbers by kind", examples=[{"lei": "213800KUD8LAJWSQ9D15", "ein": "91-1144442"}]),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=_LINES),
    Field(description="why"),
]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2", examples=["US"])]
State = Annotated[
    str, Field(pattern="^[A-Z0-9]{0,3}$", description="ISO 3166-2 code without the country", examples=["CA"])
]
Degrees = Annotated[Decimal, Field(max_digits=9, decimal_places=6)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ContactInput(_Input):
    """Whom to ask for. Carriers learn it when you award them, never earlier."""

    name: Name = Field(examples=["Dana Whitfield"])
    email: Email = Field(examples=["dana.whitfield@example.com"])
    phone: Phone
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=_LINES)] = ""


class DemographicsInput(_Input):
    """What kind of business you are. Carriers see at most the bands, and only those that you tick in a request."""

    industry: str = Field(max_length=1, description="section of ISIC Rev. 4, A to U", examples=["P"])
    employees: Whole = Field(ge=1, le=10_000_000, examples=[420])
    sites: Whole = Field(ge=1, le=1_000_000, examples=[12])
    country: Country
    region: State = ""
    annual_telecom_spend: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=2)] | None = Field(
        None, description="US dollars a year", examples=["180000.00"]
    )


class RegistrationInput(_Input):
    """A business that wants to buy. The contact becomes your organization's first user, an admin."""

    name: Name = Field(examples=["Riverbend Public Library"])
    contact: ContactInput
    demographics: DemographicsInput


class BuyerParts(_Input):
    """The parts of your record that change. A part that is given replaces the whole part."""

    name: Name = ""
    contact: ContactInput | None = None
    demographics: DemographicsInput | None = None
    numbers: Numbers = {}


class NumbersInput(_Input):
    """Registration numbers as proof of who you are. One of a kind that you gave before is replaced."""

    numbers: Annotated[Numbers, Field(min_length=1)]


class SiteInput(_Input):
    """A site of your address book."""

    label: Annotated[str, _line(100, 1)] = Field(examples=["Main branch"])
    country: Country
    state: State = ""
    city: Annotated[str, _line(100)] = ""
    postal_code: Annotated[str, Field(pattern="^[A-Za-z0-9 -]{0,12}$")] = ""
    street: Annotated[str, _line(200)] = ""
    latitude: Degrees | None = None
    longitude: Degrees | None = None
    opening_hours: Annotated[str, _line(200)] = ""
    contact_name: Annotated[str, _line(100)] = ""
    contact_phone: Annotated[str, _line(40)] = ""
    contact_email: Email | Annotated[str, Field(max_length=0)] = ""


class SiteParts(SiteInput):
    """The fields of a site that change."""

    label: Annotated[str, _line(100, 1)] = Field(default_factory=str)
    country: Country = Field(default_factory=str)


class DecisionInput(_Input):
    """What you decide on a case, and why. The buyer reads the reason of all but a flag."""

    decision: Decision
    reason: Reason


class ContactOutput(BaseModel):
    """Whom to ask for."""

    name: str
    email: str
    phone: str
    address: str


class DemographicsOutput(BaseModel):
    """What kind of business it is."""

    industry: str
    employees: int
    sites: int
    country: str
    region: str
    annual_telecom_spend: Decimal | None


class BandsOutput(BaseModel):
    """The demographics as carriers may see them, each only if the buyer ticks it."""

    industry: str
    size: str
    region: str


class BuyerOutput(BaseModel):
    """A buyer's own record."""

    id: str
    name: str
    contact: ContactOutput
    demographics: DemographicsOutput
    bands: BandsOutput
    numbers: dict[NumberKind, str]
    verification: VerificationStatus
    created_at: datetime


class RegistrationOutput(BaseModel):
    """Your account. The initial password is shown here and nowhere else."""

    buyer_id: str
    user_id: str
    email: str
    initial_password: str
    initial_password_expires_at: datetime


class DocumentOutput(BaseModel):
    """A document that was given as proof; `size` in bytes, `media_type` as its bytes say."""

    id: str
    title: str
    media_type: str
    size: int
    sha256: str
    uploaded_at: datetime


class VerificationOutput(BaseModel):
    """How far your verification is; `reason` is the platform's."""

    status: VerificationStatus
    since: datetime
    verified_until: datetime | None
    reason: str
    numbers: dict[NumberKind, str]
    documents: list[DocumentOutput]


class ReadingOutput(BaseModel):
    """Somebody of the platform read your identity, or the document `document_id`."""

    at: datetime
    user_id: str
    document_id: str | None


class SiteOutput(BaseModel):
    """A site of your address book."""

    id: str
    label: str
    country: str
    state: str
    city: str
    postal_code: str
    street: str
    latitude: Decimal | None
    longitude: Decimal | None
    opening_hours: str
    contact_name: str
    contact_phone: str
    contact_email: str


class QueueEntryOutput(BaseModel):
    """A case. The buyer's identity is not in here: reading the case goes on record."""

    buyer_id: str
    status: VerificationStatus
    since: datetime
    waiting_seconds: int
    flagged: bool
    numbers: int
    documents: int


class CheckOutput(BaseModel):
    """What an automatic check found."""

    name: str
    passed: bool
    finding: str


class DecisionOutput(BaseModel):
    """A decision of the past."""

    decision: Decision
    reason: str
    admin_id: str
    at: datetime


class CaseOutput(BaseModel):
    """Who the buyer says it is, beside its proofs and what the checks found. `flagged_by`: who may not decide."""

    buyer: BuyerOutput
    since: datetime
    verified_until: datetime | None
    flagged_by: str | None
    flag_reason: str
    documents: list[DocumentOutput]
    checks: list[CheckOutput]
    decisions: list[DecisionOutput]


class DecidedOutput(BaseModel):
    """The case after your decision."""

    buyer_id: str
    status: VerificationStatus
    flagged: bool
    verified_until: datetime | None
