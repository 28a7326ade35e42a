"""Wire types of drafts of bids and of bid sheets."""

from pydantic import BaseModel, ConfigDict, Field

from marketplace.bidding.drafts.draft import Draft, LotCheck
from marketplace.bidding.drafts.sheet import BadCell, CellChange, UnknownRow
from marketplace.bidding.schemas import LineTermsInput, OfferTermsInput, Price, Words


class DraftLineInput(LineTermsInput):
    """A line as far as you have priced it."""

    mrc: Price | None = Field(None, description="monthly recurring charge, per unit", examples=["420.00"])


class DraftLotInput(OfferTermsInput):
    """A lot as far as you have priced it."""

    lines: list[DraftLineInput] = Field([], max_length=2000)


class OwnCostInput(BaseModel):
    """What a line costs you, a month and per unit: yours alone. No bid takes it, and nobody else can read it."""

    model_config = ConfigDict(extra="forbid")

    lot: Words = Field(max_length=8, examples=["T1"])
    line: Words = Field(max_length=8, examples=["L1"])
    monthly: Price = Field(examples=["310.00"])


class DraftInput(BaseModel):
    """All that you have written so far; it replaces the draft. Once it is complete, `lots` are what a bid takes."""

    model_config = ConfigDict(extra="forbid")

    terms_id: Words = Field("", max_length=60)
    lots: list[DraftLotInput] = Field([], max_length=2000)
    costs: list[OwnCostInput] = Field([], max_length=20_000)


class DraftOutput(BaseModel):
    """Your draft, and of each lot of the request what it lacks: must lines without a price, and what is wrong.

    Pointers lead into `content`. `total` is there once the lot could be bid; `open_ended` names lines for which nobody
    can say what they will cost at most. `revision` is 0 as long as nothing was written.
    """

    revision: int
    request_version: int
    content: Draft
    lots: list[LotCheck]


class SheetOutput(BaseModel):
    """What a sheet changes in your draft, cell by cell, and the rows that were left out, each with what would be right.

    `unchanged` counts the rows that say what the draft says. `revision` is the draft's after it.
    """

    dry_run: bool
    revision: int
    changes: list[CellChange]
    unchanged: int
    unknown: list[UnknownRow]
    bad: list[BadCell]
    ignored_columns: list[str]
    lots: list[LotCheck]
