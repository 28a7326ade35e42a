"""Wire types of the buyer's choice of an auction."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from buyers.desk.content import auction_choice
from buyers.requests import auction, auction_checks
from buyers.requests.auction import AuctionChoice
from buyers.requests.presets import PRESETS
from marketplace.kernel.wire import Whole, YesNo

Amount = Annotated[Decimal, Field(max_digits=18, decimal_places=4, ge=0)]
Percent = Annotated[Decimal, Field(gt=0, lt=100, max_digits=6, decimal_places=3)]
Signed = Annotated[Decimal, Field(max_digits=18, decimal_places=4)]
Seconds = Annotated[Whole, Field(ge=0, le=auction_checks.DAY_SECONDS)]
Count = Annotated[Whole, Field(ge=0, le=auction_checks.EXTENSION_LIMIT)]
Code = Annotated[str, Field(max_length=30, examples=["install_time"])]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class StepInput(_Input):
    """From prices of `down_to` upwards the least step is `value`, in the decrement's kind."""

    down_to: Amount
    value: Amount


class SoftCloseInput(_Input):
    """A bid in the last `window_seconds` that overtakes to `trigger_rank` or better moves the close.

    `trigger_rank` null: any accepted bid. `hard_stop_minutes` behind the announced close nothing goes on.
    """

    window_seconds: Seconds = Field(examples=[180])
    extension_seconds: Seconds = Field(examples=[180])
    trigger_rank: Count | None = 1
    base: str = Field("close", max_length=20, examples=list(auction.EXTENSION_BASES))
    most_extensions: Count | None = None
    hard_stop_minutes: Whole | None = Field(None, ge=0, le=auction_checks.DAY_MINUTES)


class AnswerInput(_Input):
    """An answer and what it is worth: money that is added to the price, negative for a bonus."""

    code: Code
    malus: Signed


class CriterionInput(_Input):
    """A quality; each bid gives one of its answers."""

    code: Code
    answers: list[AnswerInput] = Field(max_length=auction_checks.CRITERION_LIMIT)


class ScoringInput(_Input):
    """Qualities that count beside the price."""

    criteria: list[CriterionInput] = Field(max_length=auction_checks.CRITERION_LIMIT)
    kind: str = Field("money", max_length=20, examples=list(auction.SCORINGS))
    price_points: Signed = Decimal(60)


class DutchInput(_Input):
    """dutch: the price rises from `start` by `step` every `seconds`, up to the ceiling."""

    start: Amount
    step: Amount
    seconds: Seconds
    winners: Whole = Field(1, ge=0, le=auction_checks.MIN_BIDDERS_LIMIT)


class JapaneseInput(_Input):
    """japanese: the price falls from `start` by `step`, or along `prices`, in rounds of `seconds`."""

    start: Amount
    seconds: Seconds
    step: Amount | None = None
    prices: list[Amount] = Field([], max_length=auction_checks.PRICE_LIST_LIMIT)
    stop_at: Whole = Field(1, ge=0, le=auction_checks.MIN_BIDDERS_LIMIT)
    target: Amount | None = None


class TurnsInput(_Input):
    """three_rounds: first bids are taken, unseen, until the announced close; then the rounds begin."""

    rounds: Whole = Field(3, ge=0, le=auction_checks.ROUND_LIMIT)
    first_pause_seconds: Seconds = 300
    pause_seconds: Seconds = 120
    turn_seconds: Seconds = 120


class FinalOffersInput(_Input):
    """After the close you may call a short list to one last offer."""

    may_not_worsen: YesNo = True


class ArrangementInput(_Input):
    """How the lots share the time for bids; the last one closes when the request does.

    serial: each opens `minutes` after the close of the one before. staggered: each closes `minutes` after the one
    before.
    """

    kind: str = Field("parallel", max_length=20, examples=list(auction.ARRANGEMENTS))
    minutes: Whole = Field(0, ge=0, le=auction_checks.DAY_MINUTES)


class AuctionInput(_Input):
    """How carriers compete. `ceiling` is the highest total cost taken for a lot.

    With a `preset` (GET /auction-presets) the fields that you leave out are the preset's.
    """

    preset: str = Field("", max_length=40, examples=list(PRESETS))
    format: str = Field("sealed", max_length=40, examples=list(auction.FORMATS))
    visibility: str = Field("", max_length=20, examples=list(auction.VISIBILITIES), description="empty: as usual")
    ceiling: Amount | None = None
    decrement: Amount | None = Field(None, description="english: how much lower a bid must be")
    decrement_percent: Percent | None = None
    decrement_steps: list[StepInput] = Field([], max_length=auction_checks.STEP_LIMIT)
    base: str = Field("own", max_length=20, examples=list(auction.BASES), description="english: lower than what")
    lead_buffer: Amount | None = Field(None, description="how much a challenger has to beat the lead by")
    largest_change: Amount | None = Field(None, description="a bigger step has to be confirmed")
    largest_change_percent: Percent | None = None
    ties: str = Field("allowed", max_length=20, examples=list(auction.TIES))
    proxy: YesNo = Field(default=False, description="carriers may let the marketplace bid for them")
    soft_close: SoftCloseInput | None = None
    scoring: ScoringInput | None = None
    disclosed: list[Annotated[str, Field(max_length=30)]] = Field([], max_length=10, examples=[list(auction.OPTIONS)])
    starting_gate: YesNo = Field(default=False, description="no market data before a carrier's own first bid")
    min_bidders: Whole = Field(1, ge=1, le=auction_checks.MIN_BIDDERS_LIMIT)
    longest_outage_seconds: Seconds | None = Field(None, description="a longer outage pauses the auction by itself")
    dutch: DutchInput | None = None
    japanese: JapaneseInput | None = None
    turns: TurnsInput | None = None
    final_offers: FinalOffersInput | None = None
    arrangement: ArrangementInput = ArrangementInput()
    results_together: YesNo = Field(default=True, description="results of all lots are told after the last close")

    def given(self) -> dict[str, Any]:
        """Return the fields that were sent; parts of a part have their defaults."""
        return {name: value for name, value in self.model_dump().items() if name in self.model_fields_set}

    def choice(self) -> AuctionChoice:
        """Return what is sent as a choice, on top of the preset that it names."""
        return auction_choice(self.given())
