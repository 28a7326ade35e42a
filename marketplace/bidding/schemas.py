"""Wire types of bids, receipts and what bidders and buyers see of the competition."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from marketplace.bidding.offer import Fit, Offer

Price = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Rate = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
Words = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""PostgreSQL can't hold the character 0: inside a sealed bid it would show at the opening, which it would prevent."""


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AnswerInput(_Input):
    """Your answer to a wanted feature; a deviation says what you offer instead."""

    code: Words = Field(max_length=60)
    fit: Fit
    text: Words = Field("", max_length=1000)


class UsageRateInput(_Input):
    """The price of one unit of usage."""

    service_type: Words = Field(max_length=80)
    unit: Words = Field(max_length=40)
    rate: Rate


class LinePriceInput(_Input):
    """The price of one line, per unit of its quantity."""

    line: Words = Field(max_length=8, examples=["L1"])
    mrc: Price = Field(description="monthly recurring charge", examples=["420.00"])
    nrc: Price = Field(Decimal(0), description="non-recurring charge", examples=["250.00"])
    usage_rates: list[UsageRateInput] = Field([], max_length=50)
    install_days: int | None = Field(None, ge=0, le=1500)
    answers: list[AnswerInput] = Field([], max_length=60)


class OfferInput(_Input):
    """Your priced reply to one lot. Every must line of the lot needs a price."""

    lot: Words = Field(max_length=8, examples=["T1"])
    lines: list[LinePriceInput] = Field(min_length=1, max_length=2000)
    valid_until: date | None = Field(None, description="last day on which the buyer may award it")
    note: Words = Field("", max_length=2000)


class BidInput(_Input):
    """A bid on one or more lots: all are accepted, or none. A later bid on a lot replaces the earlier."""

    request_version: int = Field(ge=1, description="the version of the request that you read")
    terms_id: str = Field(max_length=60, description="your terms document (GET /terms); its hash is fixed with the bid")
    term_months: int = Field(ge=1, le=120)
    lots: list[OfferInput] = Field(min_length=1, max_length=2000)


class ReceiptOutput(BaseModel):
    """The proof of an accepted bid; `signed` is a JWS over the same, checkable with `GET /keys`."""

    lot: str
    bid_id: str
    version: int
    amount: Decimal
    currency: str
    received_at: datetime
    leaf: str
    sequence: int | None
    rules_hash: str
    commitment: str
    signed: str


class BidOutput(BaseModel):
    """The receipts of a bid, one per lot."""

    receipts: list[ReceiptOutput]


class OwnBidOutput(BaseModel):
    """A version of your own bid. While it is sealed only your receipt shows what it says."""

    lot: str
    bid_id: str
    version: int
    request_version: int
    placed_at: datetime
    valid_until: date | None
    amount: Decimal | None
    offer: Offer | None
    standing: bool


class BidderLotOutput(BaseModel):
    """What you may know of one lot now; what the rules hide is null."""

    lot: str
    status: str
    opens_at: datetime
    closes_at: datetime
    own_amount: Decimal | None
    own_version: int | None
    rank: int | None
    joint: bool | None
    lead_price: Decimal | None
    next_admissible_price: Decimal | None
    won: bool | None
