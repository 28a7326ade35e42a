"""The rules of a lot as a scenario file writes them: ``rules.Rules`` field by field, with times from the start."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from marketplace.bidding.rules import (
    Answer,
    Base,
    Criterion,
    Decrement,
    DecrementKind,
    DecrementStep,
    DutchClock,
    ExtensionBase,
    FinalOffers,
    JapaneseClock,
    Option,
    Rules,
    Scoring,
    ScoringKind,
    SoftClose,
    Ties,
    Turns,
)
from marketplace.bidding.scenarios.values import Figure, ScenarioModel, Seconds, When, instant_of


class StepInput(ScenarioModel):
    """One step of a decrement that changes with the price."""

    down_to: Figure = Field(description="from base prices of this much upwards the step is `value`")
    value: Figure = Field(description="the step, in the decrement's kind")


class DecrementInput(ScenarioModel):
    """The least step down; short: `"10.00"` for money, `"1%"` for a share of the base price."""

    kind: DecrementKind = Field(default=DecrementKind.ABSOLUTE, description="`absolute` (money) or `percent`")
    value: Figure = Field(description="money, or percent of the base price")
    steps: tuple[StepInput, ...] = Field(default=(), description="other steps while the base price is high")

    def value_of(self) -> Decrement:
        """Return the engine's value."""
        return Decrement(self.kind, self.value, tuple(DecrementStep(step.down_to, step.value) for step in self.steps))


def _decrement(given: Any) -> Any:
    if isinstance(given, str) and given.endswith("%"):
        return {"kind": "percent", "value": given.removesuffix("%").strip()}
    return given if isinstance(given, dict | DecrementInput) else {"value": given}


Step = Annotated[DecrementInput, BeforeValidator(_decrement, json_schema_input_type=str | int | DecrementInput)]


class SoftCloseInput(ScenarioModel):
    """A late improvement moves the close."""

    window_seconds: Seconds = Field(description="W: how long before the close a bid counts as late")
    extension_seconds: Seconds = Field(description="L: by how much the close moves")
    trigger_rank: int | None = Field(default=1, description="R: a bid that overtakes to this rank; null: any bid")
    base: ExtensionBase = Field(default=ExtensionBase.CLOSE, description="from where L counts: `close` or `receipt`")
    most_extensions: int | None = Field(default=None, description="at most so many; null: no limit")
    hard_stop: When | None = Field(default=None, description="the close never moves past it")


class DutchInput(ScenarioModel):
    """The rising clock."""

    start: Figure = Field(description="p0: the price of the first stage")
    step: Figure = Field(description="s: by how much the price rises a stage")
    seconds: Seconds = Field(description="τ: how long a stage lasts")
    winners: int = Field(default=1, description="k: so many acceptances win")


class JapaneseInput(ScenarioModel):
    """The falling clock."""

    start: Figure = Field(description="the price of the first round")
    seconds: Seconds = Field(description="how long a round lasts")
    step: Figure | None = Field(default=None, description="by how much the price falls a round")
    prices: tuple[Figure, ...] = Field(default=(), description="the rounds' prices, instead of `step`")
    stop_at: int = Field(default=1, description="m: it ends when at most so many are active")
    target: Figure | None = Field(default=None, description="it ends after the round at or below this price")


class TurnsInput(ScenarioModel):
    """Rounds in which every bidder has one turn."""

    starts_at: When = Field(description="first bids are taken until then")
    rounds: int = Field(default=3, description="how many rounds")
    first_pause_seconds: Seconds = Field(default=300, description="the pause before the first round")
    pause_seconds: Seconds = Field(default=120, description="the pause before each later round")
    turn_seconds: Seconds = Field(default=120, description="how long a turn lasts")


class FinalOffersInput(ScenarioModel):
    """The buyer may call a short list to best and final offers."""

    may_not_worsen: bool = Field(default=True, description="a final offer may not be dearer than the offer before")


class AnswerInput(ScenarioModel):
    """One possible answer to a criterion."""

    code: str = Field(description="the answer's name in `answers`")
    malus: Figure = Field(description="what it adds to the price in the comparison; a bonus is negative")


class CriterionInput(ScenarioModel):
    """A declared quality."""

    code: str = Field(description="the criterion's name in `answers`")
    answers: tuple[AnswerInput, ...] = Field(description="all possible answers")


class ScoringInput(ScenarioModel):
    """Comparison by more than the price."""

    criteria: tuple[CriterionInput, ...] = Field(description="the declared qualities")
    kind: ScoringKind = Field(default=ScoringKind.MONEY, description="`money`, or `relative_points` of foreign rules")
    price_points: Figure = Field(default=Scoring(()).price_points, description="points of the lowest price")

    def value_of(self) -> Scoring:
        """Return the engine's value."""
        criteria = tuple(
            Criterion(one.code, tuple(Answer(answer.code, answer.malus) for answer in one.answers))
            for one in self.criteria
        )
        return Scoring(criteria, self.kind, self.price_points)


class RulesInput(ScenarioModel):
    """The announced rules of a lot; what they mean is told in the design of auctions."""

    format: str = Field(description="code of the format, such as `english`")
    visibility: str = Field(description="code of the visibility, such as `open` or `sealed`")
    currency: str = Field(default="EUR", description="ISO 4217 code; all money of the lot is in it")
    opens_at: When = Field(default=timedelta(0), description="bids are taken from then on")
    closes_at: When = Field(description="no bid is taken at or after this instant")
    ceiling: Figure | None = Field(default=None, description="C: the highest price taken")
    decrement: Step | None = Field(default=None, description="d: the least step down")
    base: Base = Field(default=Base.OWN, description="whose price the step is taken from: `own`, `next` or `lead`")
    min_bidders: int = Field(default=1, description="with fewer bidders the buyer decides whether to go on")
    valid_until_at_least: date | None = Field(default=None, description="a bid has to be valid until then or longer")
    lead_buffer: Figure | None = Field(default=None, description="f: a challenger beats the lead by at least this")
    largest_change: Step | None = Field(default=None, description="a bigger step down has to be confirmed")
    ties: Ties = Field(default=Ties.ALLOWED, description="`allowed`, `banned` or `banned_at_lead`")
    proxy: bool = Field(default=False, description="bidders may set limits and let the engine bid")
    soft_close: SoftCloseInput | None = Field(default=None, description="a late improvement moves the close")
    scoring: ScoringInput | None = Field(default=None, description="qualities that count beside the price")
    disclosed: tuple[Option, ...] = Field(default=(), description="what the buyer discloses beyond the visibility")
    starting_gate: bool = Field(default=False, description="no market data before a bidder's own first bid")
    longest_outage_seconds: Seconds | None = Field(default=None, description="a longer outage pauses the lot")
    dutch: DutchInput | None = Field(default=None, description="the clock of format `dutch`")
    japanese: JapaneseInput | None = Field(default=None, description="the clock of format `japanese`")
    turns: TurnsInput | None = Field(default=None, description="the rounds of format `three_rounds`")
    final_offers: FinalOffersInput | None = Field(default=None, description="a last round may be called")


def rules_of(given: RulesInput, start: datetime) -> Rules:
    """Return the rules of a lot in a scenario that begins at ``start``. Whether they can work the linter says."""
    return Rules(
        format=given.format,
        visibility=given.visibility,
        currency=given.currency,
        opens_at=instant_of(given.opens_at, start),
        closes_at=instant_of(given.closes_at, start),
        ceiling=given.ceiling,
        decrement=given.decrement.value_of() if given.decrement else None,
        base=given.base,
        min_bidders=given.min_bidders,
        valid_until_at_least=given.valid_until_at_least,
        lead_buffer=given.lead_buffer,
        largest_change=given.largest_change.value_of() if given.largest_change else None,
        ties=given.ties,
        proxy=given.proxy,
        soft_close=_soft_close(given.soft_close, start),
        scoring=given.scoring.value_of() if given.scoring else None,
        disclosed=given.disclosed,
        starting_gate=given.starting_gate,
        longest_outage_seconds=given.longest_outage_seconds,
        dutch=DutchClock(**_fields(given.dutch)) if given.dutch else None,
        japanese=JapaneseClock(**_fields(given.japanese)) if given.japanese else None,
        turns=Turns(**_fields(given.turns) | {"starts_at": instant_of(given.turns.starts_at, start)})
        if given.turns
        else None,
        final_offers=FinalOffers(given.final_offers.may_not_worsen) if given.final_offers else None,
    )


def _soft_close(given: SoftCloseInput | None, start: datetime) -> SoftClose | None:
    if given is None:
        return None
    stop = None if given.hard_stop is None else instant_of(given.hard_stop, start)
    return SoftClose(**_fields(given) | {"hard_stop": stop})


def _fields(given: ScenarioModel) -> dict[str, Any]:
    """Return the fields of a model without models inside, by name."""
    return {name: getattr(given, name) for name in type(given).model_fields}
