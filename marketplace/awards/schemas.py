"""Wire types of the comparison, the selection and the award."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from marketplace.bidding.model import BuyerBid, BuyerView
from marketplace.bidding.offer import Firmness


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


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
    cheapest_total: Decimal
    prior_cost: Decimal | None


class WinnerOutput(BaseModel):
    """A carrier that learns who you are."""

    provider_id: str
    provider_name: str
    lots: list[str]
    total: Decimal


class AwardPreviewOutput(BaseModel):
    """What confirming does: who learns what, and how many learn only that they lost."""

    winners: list[WinnerOutput]
    reveals: list[str]
    losers: int
    total: Decimal


class AwardedLotOutput(BaseModel):
    """A lot's part of an award."""

    lot: str
    outcome: str
    provider_id: str | None
    bid_id: str | None
    total: Decimal | None
    reason: str


class AwardOutput(BaseModel):
    """Your recorded decision."""

    id: str
    request_id: str
    at: datetime
    lots: list[AwardedLotOutput]


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
