"""Wire types of steering auctions: pauses, extensions, withdrawals, final offers."""

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from marketplace.bidding.schemas import OfferInput, Words
from marketplace.kernel.wire import Whole, YesNo

Refs = list[Words]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PauseInput(_Input):
    """Which lots to pause (none named: all of the request), and the reason that every bidder is told."""

    lots: Refs = Field([], max_length=2000, examples=[["T1"]])
    reason: Words = Field(min_length=3, max_length=500, examples=["The specification of lot T1 is being corrected."])


class ResumeInput(_Input):
    """Which lots go on (none named: all of the request), and what is announced with it."""

    lots: Refs = Field([], max_length=2000)
    reason: Words = Field("", max_length=500, examples=["The specification of lot T1 stands corrected."])


class ExtendInput(_Input):
    """Which lots close later (none named: all of the request), when, and what is announced with it."""

    lots: Refs = Field([], max_length=2000)
    closes_at: AwareDatetime = Field(description="later than the present close")
    reason: Words = Field("", max_length=500, examples=["A cable cut kept carriers from bidding."])


class FinalOffersInput(_Input):
    """The short list by bids, one cut-off for all of them, and why these: it is recorded."""

    bids: list[Words] = Field(min_length=1, max_length=100)
    closes_at: AwareDatetime
    reason: Words = Field(min_length=3, max_length=1000)


class WithdrawalDecisionInput(_Input):
    """Whether the bid is taken out of the standing, and why."""

    granted: YesNo
    reason: Words = Field(min_length=3, max_length=1000)


class SurrogateBidInput(_Input):
    """A bid that a provider asked you to enter for it, as it dictated it, and the evidence that it asked."""

    invitation_id: Words = Field(max_length=60, description="the provider's invitation")
    request_version: Whole = Field(ge=1, description="the version of the request that the provider read")
    terms_id: Words = Field(max_length=60, description="the provider's terms document")
    term_months: Whole = Field(ge=1, le=120)
    offer: OfferInput
    confirmed: YesNo = Field(False, description="a step beyond the announced largest change is meant, not a slip")
    evidence: Words = Field(
        min_length=10, max_length=2000, examples=["Call of 2 November, 13:40, recording 8841: Robin Vale, sales desk."]
    )


class LotClockOutput(BaseModel):
    """Where a lot stands now."""

    lot: str
    status: str
    opens_at: datetime
    closes_at: datetime
    reason: str | None


class WithdrawalOutput(BaseModel):
    """A bid that its bidder calls an error."""

    lot: str
    bid_id: str
    reason: str
    asked_at: datetime
