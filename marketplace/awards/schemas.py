"""Wire types of the comparison, the selection and the award."""

from datetime import date, datetime
from decimal import Decimal
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from marketplace.bidding.model import BuyerBid, BuyerView


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LotSelectionInput(_Input):
    """Your choice for one lot; a reason is needed when it is not the lowest total cost."""

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
    """One line's cost over the term, with the formula."""

    line: str
    nrc: Decimal
    recurring: Decimal
    usage: Decimal
    total: Decimal
    formula: str


class OfferOutput(BaseModel):
    """One bid in the comparison."""

    rank: int
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


class LotOutput(BaseModel):
    """A lot and its bids, best first."""

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
