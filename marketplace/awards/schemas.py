"""Wire types of the comparison, the selection and the award."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from marketplace.bidding.model import BuyerBid, BuyerView
from marketplace.bidding.offer import Firmness
from marketplace.kernel.money import cents

Amount = Annotated[Decimal, Field(ge=0, lt=Decimal("1e12"), max_digits=14, decimal_places=2), AfterValidator(cents)]
"""Money as it is kept: two decimals, whether it came as 5, 5.00 or 5e0."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class LotSelectionInput(_Input):
    """Your choice for one lot; a reason is needed when it is not the lowest total cost, or leaves its cost open."""

    lot: str = Field(max_length=8, examples=["T1"])
    bid_id: str = Field(max_length=60)
    reason: str = Field("", max_length=1000)


class LotRefusalInput(_Input):
    """None of a lot's bids is taken, and why."""

    lot: str = Field(max_length=8)
    reason: str = Field(min_length=3, max_length=1000)


class SelectionInput(_Input):
    """A decision on every lot that waits for one."""

    awarded: list[LotSelectionInput] = Field(max_length=2000)
    not_awarded: list[LotRefusalInput] = Field([], max_length=2000)


class LineCostOutput(BaseModel):
    """One line's cost over the term, with the formula. `construction` is the cap, as if all of it were needed."""

    line: str
    nrc: Decimal
    recurring: Decimal
    usage: Decimal
    taxes: Decimal
    construction: Decimal
    total: Decimal
    formula: str
    firmness: Firmness
    open_ended: bool


class DiscountOutput(BaseModel):
    """A discount that the selection earns by a bid's condition."""

    provider_id: str
    lots: list[str]
    amount: Decimal
    words: str


class BasisOutput(BaseModel):
    """What the selection rests on: a scenario with its status in words and the SHA-256 of the problem it solved."""

    scenario: str
    reason: str
    status: str
    problem_sha256: str


class GrandTotalOutput(BaseModel):
    """What a carrier's selectable, complete bids cost together, switching costs included, discounts not."""

    provider_id: str
    provider_name: str
    lots: list[str]
    missing: list[str]
    total: Decimal
    formula: str


class PackageOutput(BaseModel):
    """A discount if all of these lots are awarded to the carrier: a percent of their totals, or an amount once."""

    lots: list[str]
    percent: Decimal | None
    amount: Decimal | None


class VolumeTierOutput(BaseModel):
    """A discount on all of the carrier's lots, from so many lots on or from so much recurring charge a month."""

    percent: Decimal
    from_lots: int | None
    from_monthly: Decimal | None


class CapacityOutput(BaseModel):
    """The most that the carrier takes on, over all its lots of the request; null: any number."""

    lots: int | None
    sites: int | None
    mbps: int | None


class LineAccessOutput(BaseModel):
    """How a line gets in, as the bid states it; empty: not stated, which no rule takes for diverse."""

    line: str
    access_owner: str
    entrance: str


class OfferOutput(BaseModel):
    """One bid in the comparison.

    `open_ended`: a line without a firm price has no construction cap (`open_because` says which), so that nobody can
    say what the bid will cost at most; it has no rank and is never the best. `packages` and `volume` are discounts on
    condition that the carrier gets more lots; they are no part of `total`.
    """

    rank: int | None
    joint: bool
    provider_id: str
    provider_name: str
    bid_id: str
    total: Decimal
    above_best: Decimal | None
    lines: list[LineCostOutput]
    optional: list[LineCostOutput]
    unpriced: list[str]
    deviations: list[str]
    slowest_install_days: int | None
    valid_until: date | None
    expired: bool
    stale: bool
    terms_sha256: str
    open_ended: bool
    open_because: list[str]
    taxes: list[str]
    adjustment: Decimal
    packages: list[PackageOutput]
    volume: list[VolumeTierOutput]
    surrogate: bool = Field(description="an agent of the platform entered it for the carrier")
    defaulted: bool = Field(description="the carrier did not stand by an award on this request")
    incomplete: list[str] = Field(
        description="what it leaves out or does not meet: beside complete bids it has no rank"
    )
    switching: Decimal = Field(description="what leaving the present provider costs if this bid wins")
    malus: Decimal | None = Field(description="what its declared qualities add; null where points decide")
    evaluated: Decimal = Field(description="what bids are compared by: total + switching + malus")
    monthly: Decimal = Field(description="recurring charge a month by list")
    features: list[int] = Field(description="of the answered features: met or exceeded, all")
    exceeded: int
    met: list[str]
    formula: str = Field(description="how `evaluated` comes from the totals of the lines")
    access: list[LineAccessOutput]
    capacity: CapacityOutput | None = Field(description="null: as many lots as it has bid on")
    alternative: str = Field(description="of the carrier's lots with the same code, at most one can be awarded to it")


class LotOutput(BaseModel):
    """A lot and its bids, best first, open ones last."""

    lot: str
    status: str
    offers: list[OfferOutput]


class ComparisonOutput(BaseModel):
    """All bids beside each other, in total cost over the term."""

    currency: str
    term_months: int
    lots: list[LotOutput]
    cheapest_total: Decimal = Field(description="the best of every lot, switching costs included")
    prior_cost: Decimal | None
    grand_totals: list[GrandTotalOutput]
    switching_note: str = Field(description="when switching costs were stated; empty without any")
    exchange: str = Field(description="what stands between the bids' currency and this one")


class WinnerOutput(BaseModel):
    """A carrier that learns who you are, and the exact addresses of these sites."""

    provider_id: str
    provider_name: str
    lots: list[str]
    total: Decimal
    sites: list[str]


class AwardPreviewOutput(BaseModel):
    """What confirming does: who learns what, and how many learn only that they lost."""

    winners: list[WinnerOutput]
    reveals: list[str]
    losers: int
    total: Decimal = Field(description="before discounts")
    discounts: list[DiscountOutput]
    approval: str = Field(description="why a second user has to approve; empty if none has to")
    warnings: list[str]


class AwardedLotOutput(BaseModel):
    """A lot's part of an award."""

    lot: str
    outcome: str
    provider_id: str | None
    bid_id: str | None
    total: Decimal | None
    reason: str


class AwardOutput(BaseModel):
    """Your recorded decision; or, while `status` is `waits for approval`, what a second user is asked to approve."""

    id: str
    request_id: str
    at: datetime
    lots: list[AwardedLotOutput]
    discounts: list[DiscountOutput]
    basis: BasisOutput
    decided_by: str
    approved_by: str | None
    status: str


class ApprovalOutput(BaseModel):
    """A selection above the limit, and what a second user said. While it waits, nobody outside learns anything."""

    id: str
    request_id: str
    status: str
    lots: list[AwardedLotOutput]
    basis: BasisOutput
    total: Decimal = Field(description="what counts against the limit, earlier awards of the request included")
    limit: Decimal
    currency: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str
    award_id: str | None


class RejectionInput(_Input):
    """Why the selection is not approved."""

    reason: str = Field(min_length=3, max_length=1000)


class ApprovalLimitInput(_Input):
    """What one user may award alone. Without an amount: anything."""

    amount: Amount | None = Field(examples=["50000.00"])
    currency: str = Field("USD", pattern="^[A-Z]{3}$")


class ApprovalLimitOutput(BaseModel):
    """What one user may award alone; null: anything."""

    amount: Decimal | None
    currency: str | None


class SwitchingCostInput(_Input):
    """What leaving the present provider of a lot costs once; instead of the lot a site that is one lot."""

    lot: str = Field("", max_length=8, examples=["T1"])
    site: str = Field("", max_length=8, examples=["S1"])
    incumbent: str = Field("", max_length=60, description="its id (GET /providers/directory); empty: it is not here")
    amount: Amount
    note: str = Field("", max_length=500)


class SwitchingCostsInput(_Input):
    """All switching costs of the request. Once you can see bids, say why they are stated only now."""

    costs: list[SwitchingCostInput] = Field(max_length=2000)
    reason: str = Field("", max_length=1000)


class SwitchingCostOutput(BaseModel):
    """What leaving the present provider of a lot costs once."""

    lot: str
    amount: Decimal
    incumbent: str | None
    note: str


class SwitchingCostsOutput(BaseModel):
    """The switching costs of the request, when they were stated, and whether bids could be seen by then."""

    costs: list[SwitchingCostOutput]
    revision: int
    stated_by: str
    stated_at: datetime | None
    late: bool
    reason: str


class WonLotOutput(BaseModel):
    """A lot that you won."""

    lot: str
    outcome: str
    bid_id: str
    total: Decimal


class BuyerBidOutput(BaseModel):
    """One standing bid. Who made it is shown after the close."""

    rank: int
    joint: bool
    provider_id: str | None
    bid_id: str
    amount: Decimal
    placed_at: datetime

    @classmethod
    def of(cls, bid: BuyerBid) -> Self:
        """Return one standing bid for the wire."""
        return cls(
            rank=bid.rank,
            joint=bid.joint,
            provider_id=bid.bidder,
            bid_id=bid.bid_id,
            amount=bid.amount,
            placed_at=bid.placed_at,
        )


class BuyerLotOutput(BaseModel):
    """One lot of your request. While bids are sealed `bids` is null: not even how many there are is shown."""

    lot: str
    status: str
    opens_at: datetime
    closes_at: datetime
    invited: int
    bids: list[BuyerBidOutput] | None
    too_few_bidders: bool | None

    @classmethod
    def of(cls, ref: str, view: BuyerView) -> Self:
        """Return what the buyer may know of one lot, for the wire."""
        return cls(
            lot=ref,
            status=view.status,
            opens_at=view.opens_at,
            closes_at=view.closes_at,
            invited=view.invited,
            bids=None if view.bids is None else [BuyerBidOutput.of(bid) for bid in view.bids],
            too_few_bidders=view.too_few_bidders,
        )


class InvitationCounts(BaseModel):
    """How many carriers received your request and what they did; a sealed round hides how many bid."""

    invited: int
    seen: int
    declined: int
