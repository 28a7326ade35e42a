"""Wire types of the buyer's requests."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool

from buyers.desk.auction_schemas import AuctionInput
from buyers.requests import checks, reidentification
from buyers.requests.model import Band, Disclosure, ListMode, Priority
from marketplace.kernel.wire import Whole, YesNo

Ref = Annotated[str, Field(pattern=r"^[A-Z][0-9]{1,5}$", description="name inside the request, such as S1, L1 or T1")]
Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4, ge=0)]
FeatureInput = (
    StrictBool | Decimal | Annotated[str, Field(max_length=500)] | Annotated[list[str], Field(max_length=100)]
)


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SiteInput(_Input):
    """A site of your address book that this request is about."""

    ref: Ref
    site_id: str = Field(max_length=60, examples=["sit_k3v…"])


class FeatureWish(_Input):
    """A feature value that a line asks for."""

    code: str = Field(max_length=60, examples=["bandwidth_mbps"])
    value: FeatureInput = Field(examples=[500])
    priority: Priority = Priority.MUST


class LineInput(_Input):
    """One service at one site, or at the whole company when `site` is empty."""

    ref: Ref
    service_type: str = Field(max_length=80, examples=["data.dedicated-internet-access"])
    site: str = Field("", max_length=8, examples=["S1"])
    quantity: Whole = Field(1, ge=1, le=checks.QUANTITY_LIMIT)
    features: list[FeatureWish] = Field([], max_length=60)
    priority: Priority = Priority.MUST
    note: str = Field("", max_length=checks.NOTE_LIMIT)


class LotInput(_Input):
    """Lines that are awarded as one; lines in no lot get one lot per site."""

    ref: Ref
    name: str = Field("", max_length=checks.NAME_LIMIT)
    lines: list[Ref] = Field(max_length=checks.LINE_LIMIT)


class BillingInput(_Input):
    """How you want to be billed. Carriers see all of it but the purchase-order number."""

    currency: str = Field("USD", pattern="^[A-Z]{3}$")
    period: str = Field("monthly", examples=list(checks.PERIODS))
    consolidated: YesNo = True
    payment_days: Whole = Field(30, ge=0, le=checks.PAYMENT_DAYS_LIMIT)
    invoice_format: str = Field("pdf", max_length=30)
    tax_exempt: YesNo = False
    purchase_order: str = Field("", max_length=60)


class UsageInput(_Input):
    """What you use today, per month. Carriers see service, unit and quantity; never the provider or the spend."""

    service_type: str = Field(max_length=80)
    unit: str = Field(max_length=checks.UNIT_LIMIT, examples=["minutes", "GB", "Mbps (95th percentile)"])
    monthly_quantity: Amount
    monthly_spend: Amount | None = None
    provider: str = Field("", max_length=checks.NAME_LIMIT)
    contract_end: date | None = None


class ProviderListInput(_Input):
    """Whom you admit: all, only a list, or all but a list."""

    mode: ListMode = ListMode.OPEN
    providers: list[str] = Field([], max_length=checks.PROVIDER_LIMIT)
    grant: YesNo = Field(default=True, description="the listed may open it")
    distribute: YesNo = Field(default=True, description="it is also pushed to the listed, whatever their filters say")


class ScheduleInput(_Input):
    """When bids are taken. Without `opens_at` from the publication on."""

    closes_at: AwareDatetime | None = None
    opens_at: AwareDatetime | None = None
    award_planned_on: date | None = None


class RequestParts(_Input):
    """Any parts of a request. A part that is given replaces the whole part; one that is left out stays as it is."""

    title: str | None = Field(None, max_length=checks.TITLE_LIMIT, examples=["Internet access for three branches"])
    description: str | None = Field(None, max_length=checks.DESCRIPTION_LIMIT)
    term_months: Whole | None = Field(None, ge=checks.TERM_MONTHS[0], le=checks.TERM_MONTHS[1])
    start_date: date | None = None
    discount_rate: Decimal | None = Field(None, ge=0, le=1, max_digits=6, decimal_places=5)
    sites: list[SiteInput] | None = Field(None, max_length=checks.SITE_LIMIT)
    lines: list[LineInput] | None = Field(None, max_length=checks.LINE_LIMIT)
    lots: list[LotInput] | None = Field(None, max_length=checks.LINE_LIMIT)
    billing: BillingInput | None = None
    prior_usage: list[UsageInput] | None = Field(None, max_length=checks.USAGE_LIMIT)
    provider_list: ProviderListInput | None = None
    disclosed_bands: list[Band] | None = Field(None, max_length=3)
    disclosure: Disclosure | None = None
    schedule: ScheduleInput | None = None
    auction: AuctionInput | None = None

    def given(self) -> dict[str, Any]:
        """Return the parts that were sent, each whole with its defaults; only the start date can be taken back.

        Of the auction only the fields that were sent: a preset says the others.
        """
        parts = {name: value for name, value in self.model_dump().items() if name in _PARTS & self.model_fields_set}
        if self.auction is not None:
            parts["auction"] = self.auction.given()
        return {name: value for name, value in parts.items() if value is not None or name == "start_date"}


_PARTS = frozenset(RequestParts.model_fields)


class AmendmentInput(RequestParts):
    """The parts that change. `accept_findings`: the exact words of findings that you take responsibility for."""

    accept_findings: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=200)


class SubmitInput(_Input):
    """Submit a draft. `accept_findings`: the exact words of findings that you take responsibility for."""

    accept_findings: list[Annotated[str, Field(max_length=500)]] = Field([], max_length=200)


class ReasonInput(_Input):
    """Why."""

    reason: str = Field(min_length=3, max_length=1000, examples=["The project was postponed."])


class RequestOutput(BaseModel):
    """A request as its buyer sees it."""

    id: str
    status: str
    suspended: bool
    revision: int
    version: int
    pseudonym: str
    catalogue_version: str
    created_at: datetime
    published_at: datetime | None
    end_reason: str
    content: dict[str, Any]


class RequestSummary(BaseModel):
    """One row of the list of requests."""

    id: str
    title: str
    status: str
    suspended: bool
    sites: int
    lines: int
    closes_at: datetime | None
    created_at: datetime


class FindingOutput(BaseModel):
    """A place in the text where your identity shows."""

    pointer: str
    start: int
    end: int
    text: str
    kind: str
    why: str


class CostOutput(BaseModel):
    """One thing that the request discloses: how many others would fit at least if it were withheld (0: under 5)."""

    disclosed: reidentification.Trait
    others_without: int


class UnusualOutput(BaseModel):
    """How many other verified buyers fit what the request discloses at least: 0 (under 5), 5, 20 or 100.

    `costliest`: what would bring the most others back if it were withheld; null where nothing does alone.
    """

    others: int = Field(examples=[20])
    costs: list[CostOutput]
    costliest: reidentification.Trait | None


class SubmitOutput(BaseModel):
    """The request after submitting: open, or waiting for the verification of your organization."""

    request: RequestOutput
    waits_for_verification: bool


class RowProblem(BaseModel):
    """One cell of an imported file that could not be used."""

    row: int
    column: str
    value: str
    message: str


class ImportOutput(BaseModel):
    """What an import did: good rows are in, bad rows are listed."""

    sites: int
    lines: int
    problems: list[RowProblem]
    request: RequestOutput
