"""Wire types of bids, receipts and what bidders and buyers see of the competition."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from marketplace.bidding.offer import MOST_SURCHARGES, Basis, Firmness, Fit, Offer
from marketplace.bidding.offer_conditions import MOST_LOTS, MOST_MBPS, MOST_PACKAGES, MOST_TIERS
from marketplace.bidding.offer_names import LONGEST_NAME
from marketplace.kernel.wire import Whole, YesNo

Price = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)]
Rate = Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=4)]
Discount = Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)]
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


class SurchargeInput(_Input):
    """A tax or surcharge of your bill, per unit of the line's quantity: an amount, or a percentage of the MRC."""

    name: Words = Field(min_length=1, max_length=LONGEST_NAME, examples=["USF"])
    basis: Basis
    figure: Rate = Field(description="whole cents for an amount; percent for a percentage", examples=["12.5"])


class PackageInput(_Input):
    """A discount that you give only if all of these lots are awarded to you: a percent, or an amount once."""

    lots: list[Annotated[Words, Field(max_length=8)]] = Field(min_length=2, max_length=2000, examples=[["T1", "T2"]])
    percent: Discount | None = None
    amount: Price | None = None


class VolumeTierInput(_Input):
    """A discount on all your lots, from so many lots on or from so much recurring charge a month."""

    percent: Discount
    from_lots: Whole | None = Field(None, ge=2, le=2000)
    from_monthly: Price | None = None


class CapacityInput(_Input):
    """The most that you take on of this request, over all your lots of it; the smallest that you state holds."""

    lots: Whole | None = Field(None, ge=1, le=MOST_LOTS)
    sites: Whole | None = Field(None, ge=1, le=MOST_LOTS, description="different ones; a lot of several counts as one")
    mbps: Whole | None = Field(
        None, ge=1, le=MOST_MBPS, description="bandwidth_mbps x quantity of the must lines; 10 Gbps is 10000"
    )


class LineTermsInput(_Input):
    """What belongs to the price of a line beside its MRC, per unit of its quantity."""

    line: Words = Field(max_length=8, examples=["L1"])
    nrc: Price = Field(Decimal(0), description="non-recurring charge", examples=["250.00"])
    usage_rates: list[UsageRateInput] = Field(default_factory=list, max_length=50)
    install_days: Whole | None = Field(None, ge=0, le=1500)
    answers: list[AnswerInput] = Field(default_factory=list, max_length=60)
    taxes: list[SurchargeInput] = Field(default_factory=list, max_length=MOST_SURCHARGES)
    firmness: Firmness = Firmness.FIRM
    construction_cap: Price | None = Field(
        None, description="the most that a price which is not firm may cost besides, once; without it the bid is open"
    )
    access_owner: Words = Field(
        "", max_length=LONGEST_NAME, description="whose the access line is; not stated counts as not diverse"
    )
    entrance: Words = Field("", max_length=LONGEST_NAME, description="the building entrance or route that it takes")


class LinePriceInput(LineTermsInput):
    """The price of one line, per unit of its quantity."""

    mrc: Price = Field(description="monthly recurring charge", examples=["420.00"])


class OfferTermsInput(_Input):
    """What you say of a lot beside the prices of its lines.

    Packages and volume tiers are kept with the bid and shown to the buyer; the auction's total leaves them out.
    """

    lot: Words = Field(max_length=8, examples=["T1"])
    valid_until: date | None = Field(None, description="last day on which the buyer may award it")
    note: Words = Field("", max_length=2000)
    adjustment: Decimal = Field(
        Decimal(0), max_digits=14, decimal_places=2, description="once, added to the sum of the lines; may be negative"
    )
    packages: list[PackageInput] = Field(default_factory=list, max_length=MOST_PACKAGES)
    volume: list[VolumeTierInput] = Field(default_factory=list, max_length=MOST_TIERS)
    capacity: CapacityInput | None = None
    alternative: Words = Field(
        "", max_length=LONGEST_NAME, description="of your lots with the same code at most one can be awarded to you"
    )


class QualityInput(_Input):
    """Your answer to one criterion that the announced rules value in money."""

    criterion: Words = Field(max_length=60, examples=["delivery"])
    answer: Words = Field(max_length=60, examples=["30_days"])


class OfferInput(OfferTermsInput):
    """Your priced reply to one lot. Every must line of the lot needs a price."""

    lines: list[LinePriceInput] = Field(min_length=1, max_length=2000)
    quality: list[QualityInput] = Field(default_factory=list, max_length=60)


class BidInput(_Input):
    """A bid on one or more lots: all are accepted, or none. A later bid on a lot replaces the earlier."""

    request_version: Whole = Field(ge=1, description="the version of the request that you read")
    terms_id: str = Field(max_length=60, description="your terms document (GET /terms); its hash is fixed with the bid")
    term_months: Whole = Field(ge=1, le=120)
    lots: list[OfferInput] = Field(min_length=1, max_length=2000)
    confirmed: YesNo = Field(False, description="a step beyond the announced largest change is meant, not a slip")


class LimitInput(_Input):
    """Your offer for one lot, and how low the marketplace may bid for you: its adjustment follows the price."""

    offer: OfferInput
    limit: Price = Field(description="the lowest total of the lot that is still yours", examples=["11900.00"])
    step: Price | None = Field(None, description="go down by so much at a time; empty: by the least decrement")


class ProxiesInput(_Input):
    """Limits on one or more lots: all are taken, or none. A later limit on a lot replaces the earlier."""

    request_version: Whole = Field(ge=1, description="the version of the request that you read")
    terms_id: str = Field(
        max_length=60, description="your terms document (GET /terms); its hash is fixed with the bids"
    )
    term_months: Whole = Field(ge=1, le=120)
    lots: list[LimitInput] = Field(min_length=1, max_length=2000)


class ReceiptOutput(BaseModel):
    """The proof of an accepted bid; `signed` is a JWS over the same, checkable with `GET /keys`.

    `version` is null for what is entered and does not stand yet: a limit, or a bid in a turn that has not ended.
    `sequence` is the event's number in its lot, null where the rules don't show how much is bid.
    """

    lot: str
    bid_id: str
    version: int | None
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
    surrogate: bool = Field(description="an agent of the platform entered it for you")


class PriceLineOutput(BaseModel):
    """One price of the standing, under a name that its bidder has in this lot alone."""

    alias: str
    amount: Decimal


class StageOutput(BaseModel):
    """Where the auction's own clock stands, for you: the stage or round, its price, and whether you may bid in it."""

    number: int
    price: Decimal | None
    ends_at: datetime | None
    may_bid: bool
    answered: bool
    out: bool


class BidderLotOutput(BaseModel):
    """What you may know of one lot now; what the rules hide is null."""

    lot: str
    status: str
    opens_at: datetime
    closes_at: datetime
    reason: str | None
    excluded: str | None
    own_amount: Decimal | None
    own_version: int | None
    own_automatic: bool | None
    rank: int | None
    joint: bool | None
    light: str | None
    lead_price: Decimal | None
    prices: list[PriceLineOutput] | None
    bidders: int | None
    stage: StageOutput | None
    proxy_limit: Decimal | None
    next_admissible_price: Decimal | None
    won: bool | None


class RefusalOutput(BaseModel):
    """Why a bid would be refused: the rule, your own figures, and what would be taken where you may know it."""

    code: str
    rule: str
    detail: str
    amount: Decimal | None
    own_amount: Decimal | None
    next_admissible_price: Decimal | None


class DryRunOutput(BaseModel):
    """What a bid on one lot would lead to now: how the lot would look to you, or why the bid would be refused."""

    lot: str
    amount: Decimal
    refused: RefusalOutput | None
    seen: BidderLotOutput | None
