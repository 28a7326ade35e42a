"""Wire types of providers, filters, terms and declines."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from marketplace.kernel import codec
from marketplace.kernel.wire import Whole, YesNo
from sellers import place_rules, rules
from sellers.model import (
    CoverageKind,
    Criteria,
    Filter,
    Net,
    Provider,
    ProviderStatus,
)
from sellers.service import FilterDraft

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_PRINTABLE)]
MaybeWords = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=_PRINTABLE)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""Text of several lines; PostgreSQL can't hold the character 0."""
Code = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=_PRINTABLE)]
Codes = Annotated[list[Code], Field(max_length=rules.MAX_VALUES)]
Places = Annotated[list[Code], Field(max_length=place_rules.MAX_PLACES)]
Figure = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ProviderInput(_Input):
    """A carrier or reseller that wants to sell here."""

    name: Words = Field(description="the company", examples=["Northwind Fiber"])
    contact_name: Words = Field(description="who signs in first", examples=["Ada Moreno"])
    contact_email: EmailStr = Field(max_length=254, examples=["ada@northwind.example"])
    contact_phone: MaybeWords = Field("", examples=["+1 212 555 0142"])
    reference: MaybeWords = Field("", description="a number that others know you by, such as a SPIN")


class ReasonInput(_Input):
    """Why this was decided."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)] = Field(
        pattern=r"^[^\x00]*$", examples=["license checked with the regulator"]
    )


class ProviderOutput(BaseModel):
    """A provider and the state of its approval; `reason` is that of the last decision."""

    id: str
    name: str
    status: ProviderStatus
    reference: str
    contact_name: str
    contact_email: str
    contact_phone: str
    registered_at: datetime | None
    decided_at: datetime | None
    reason: str

    @classmethod
    def of(cls, provider: Provider) -> "ProviderOutput":
        """Return the wire form of ``provider``."""
        return cls(
            id=provider.id,
            name=provider.name,
            status=provider.status,
            reference=provider.reference,
            contact_name=provider.contact.name,
            contact_email=provider.contact.email,
            contact_phone=provider.contact.phone,
            registered_at=provider.registered_at,
            decided_at=provider.decided_at,
            reason=provider.reason,
        )


class RegistrationOutput(BaseModel):
    """A registered provider and the initial password of its first user, shown here and never again."""

    provider: ProviderOutput
    email: str
    initial_password: str


class DirectoryEntry(BaseModel):
    """An approved provider, as a buyer's provider list may name it."""

    id: str
    name: str


class FilterTerritory(_Input):
    """Places joined by OR."""

    countries: Places = Field([], examples=[["US"]])
    states: Places = Field([], examples=[["US-CA"]])
    postal_prefixes: Places = Field([], examples=[["US-902"]])
    cells: Places = Field([], description="H3 cells of resolution 0 to 10", examples=[["872830828ffffff"]])
    saved: Annotated[list[Code], Field(max_length=place_rules.MAX_SAVED)] = Field(
        [], description="ids of your saved territories"
    )
    net: Net = Field(Net.NONE, description="where your footprint in force says on-net, or on-net or near-net")


class FilterCoverage(_Input):
    """How many of a request's sites must pass: any, at least `sites`, a share of `percent`, or all."""

    kind: CoverageKind = CoverageKind.ANY
    sites: Whole | None = Field(None, ge=1, le=1_000_000)
    percent: Annotated[Decimal, Field(max_digits=9, decimal_places=6)] | None = None


class FilterRange(_Input):
    """From `low` to `high`, both included; an empty end is open."""

    low: Figure | None = None
    high: Figure | None = None


class FilterDates(_Input):
    """From `low` to `high`, both included; an empty end is open."""

    low: date | None = None
    high: date | None = None


class FilterCriteria(_Input):
    """Which requests you want. What you leave out accepts everything; values inside one criterion are joined by OR.

    Where a buyer discloses only the city of its sites, postal prefixes do not cover them: name the state as well if
    you want those requests. Cells and areas smaller than what is disclosed cover a site that may lie in them, and leave
    out none that may lie outside. What a saved territory leaves out is left out of the whole filter. The monthly spend
    is known in rough steps (1, 2, 5, 10 and so on).
    """

    service_types: Annotated[list[Code], Field(max_length=rules.MAX_SERVICE_TYPES)] = Field([], examples=[["data"]])
    territory: FilterTerritory = FilterTerritory()
    excluded_territory: FilterTerritory = FilterTerritory()
    coverage: FilterCoverage = FilterCoverage()
    bandwidth_mbps: FilterRange | None = None
    sites: FilterRange | None = None
    monthly_spend: FilterRange | None = None
    term_months: FilterRange | None = None
    start_date: FilterDates | None = None
    required_features: Codes = []
    excluded_features: Codes = []
    industries: Codes = []
    sizes: Codes = []
    regions: Codes = []
    currencies: Codes = []
    consolidated_invoice: YesNo | None = None


class FilterInput(_Input):
    """A filter under a name of your own."""

    name: Words = Field(examples=["West coast fiber"])
    criteria: FilterCriteria = FilterCriteria()
    active: YesNo = True
    delivery: Literal["at once", "digest"] = "at once"

    def draft(self) -> FilterDraft:
        """Return what the service takes."""
        criteria = codec.load(Criteria, self.criteria.model_dump())
        return FilterDraft(self.name, criteria, self.active, self.delivery)


class FilterOutput(BaseModel):
    """A saved filter."""

    id: str
    name: str
    criteria: FilterCriteria
    active: bool
    delivery: str
    revision: int

    @classmethod
    def of(cls, saved: Filter) -> "FilterOutput":
        """Return the wire form of ``saved``."""
        return cls(
            id=saved.id,
            name=saved.name,
            criteria=FilterCriteria.model_validate(codec.dump(saved.criteria)),
            active=saved.active,
            delivery=saved.delivery,
            revision=saved.revision,
        )


class ReplacedOutput(BaseModel):
    """How many filters you have now."""

    count: int
