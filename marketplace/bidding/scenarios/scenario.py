"""A scenario file: rules, participants and timed commands as people write them, and the engine's commands from them."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AwareDatetime, BeforeValidator, Field, ValidationError

from marketplace.bidding.scenarios.expect import Expected, LotExpect
from marketplace.bidding.scenarios.rules import RulesInput
from marketplace.bidding.scenarios.values import Figure, ScenarioModel, When, instant_of
from marketplace.kernel.errors import FieldError, MalformedError

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""When a scenario begins that doesn't say so."""

ONLY_LOT = "L1"
"""The name of the lot of a scenario that has only one."""

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S(.*\S)?$")]
Given = dict[str, str]


class StepBase(ScenarioModel):
    """What every step has."""

    at: When | None = Field(default=None, description="when; left out: at the time of the step before")
    lot: Name | None = Field(default=None, description="which lot; left out: the only one")
    note: str = Field(default="", description="a remark for the reader, such as the arithmetic")
    expect: Expected | None = Field(default=None, description="what should come of it; short: the answer alone")


class ByBidder(StepBase):
    """What every step of a bidder has."""

    by: Name = Field(description="the participant")
    key: str | None = Field(default=None, description="idempotency key; left out: a new one")


class SurrogateInput(ScenarioModel):
    """An agent enters the bid for the bidder."""

    agent: str = Field(description="who enters it")
    evidence: str = Field(description="that the bidder asked for it")


class Content(ByBidder):
    """What a bid and a limit have in common."""

    id: str | None = Field(default=None, description="a name of the bid for later steps; left out: made of `by`")
    valid_until: date | None = Field(default=None, description="last day (UTC) on which it may be awarded")
    answers: Given | None = Field(default=None, description="criterion: answer; left out: the participant's own")
    commitment: str | None = Field(default=None, description="what binds the content; left out: made of it")


class BidStep(Content):
    """A bid."""

    do: Literal["bid"]
    price: Figure | None = Field(default=None, description="in whole cents; left out: the clock's price")
    confirmed: bool = Field(default=False, description="a step beyond the slip guard is meant")
    surrogate: SurrogateInput | None = Field(default=None, description="entered by an agent")


class DryRunStep(Content):
    """A bid that is only asked about."""

    do: Literal["dry_run"]
    price: Figure | None = Field(default=None, description="in whole cents; left out: the clock's price")
    confirmed: bool = Field(default=False, description="a step beyond the slip guard is meant")
    surrogate: SurrogateInput | None = Field(default=None, description="entered by an agent")


class SetLimitStep(Content):
    """A limit down to which the engine bids for the bidder (proxy)."""

    do: Literal["set_limit"]
    limit: Figure = Field(description="the lowest price, in its own money")
    step: Figure | None = Field(default=None, description="the step; left out: the least one")


class WithdrawStep(ByBidder):
    """A bid is taken back, or called an error."""

    do: Literal["withdraw"]
    bid: str | None = Field(default=None, description="id of the bid; left out: the bidder's standing one")
    reason: str = Field(default="", description="why; needed where bids bind")


class LeaveStep(ByBidder):
    """A bidder leaves a falling clock."""

    do: Literal["leave"]


class InviteStep(StepBase):
    """One more participant may bid."""

    do: Literal["invite"]
    bidder: Name = Field(description="the participant")


class ExcludeStep(StepBase):
    """A participant may not bid any longer."""

    do: Literal["exclude"]
    bidder: Name = Field(description="the participant")
    reason: str = Field(default="excluded", description="why")


class PauseStep(StepBase):
    """The clock stands still."""

    do: Literal["pause"]
    reason: str = Field(default="pause", description="why; all are told")


class ResumeStep(StepBase):
    """The clock runs again."""

    do: Literal["resume"]


class OutageStep(StepBase):
    """Nobody could bid from `began` to `ended`."""

    do: Literal["outage"]
    began: When = Field(description="since when nobody could bid")
    ended: When | None = Field(default=None, description="until when; left out: until the step's own time")


class ExtendStep(StepBase):
    """The close moves to a later instant by an amendment."""

    do: Literal["extend"]
    closes_at: When = Field(description="the new close")


class RescheduleStep(StepBase):
    """A lot that has not opened moves."""

    do: Literal["reschedule"]
    opens_at: When = Field(description="the new opening")
    closes_at: When = Field(description="the new close")


class PriceInput(ScenarioModel):
    """What is said to be inside a sealed bid."""

    bid: str = Field(description="id of the bid")
    price: Figure = Field(description="its price")
    malus: Figure = Field(default=Decimal(0), description="malus of its answers")


class OpenBidsStep(StepBase):
    """Sealed bids are opened by hand (needs `opening: by_hand`)."""

    do: Literal["open_bids"]
    prices: tuple[PriceInput, ...] | None = Field(default=None, description="left out: what was bid")


class DecideWithdrawalStep(StepBase):
    """The buyer decides about a bid that its bidder calls an error."""

    do: Literal["decide_withdrawal"]
    bidder: Name | None = Field(default=None, description="the participant whose standing bid it is")
    bid: str | None = Field(default=None, description="or the id of the bid")
    granted: bool = Field(description="whether the bid is taken out")
    reason: str = Field(default="decided", description="why")


class CallFinalOffersStep(StepBase):
    """The buyer calls a short list to best and final offers."""

    do: Literal["call_final_offers"]
    bidders: tuple[Name, ...] = Field(description="the short list")
    closes_at: When = Field(description="the common cut-off")
    reason: str = Field(default="best offers", description="why these")


class AwardStep(StepBase):
    """The buyer selects a bid."""

    do: Literal["award"]
    bidder: Name | None = Field(default=None, description="the participant whose standing bid it is")
    bid: str | None = Field(default=None, description="or the id of the bid; both left out: the first candidate's")


class NoAwardStep(StepBase):
    """The buyer takes none of the bids."""

    do: Literal["no_award"]
    reason: str = Field(default="none was taken", description="why")


class ReturnStep(StepBase):
    """The award fell through."""

    do: Literal["return"]
    reason: str = Field(default="the award fell through", description="why")


class CancelStep(StepBase):
    """The request is withdrawn."""

    do: Literal["cancel"]
    reason: str = Field(default="withdrawn", description="why")


class WaitStep(StepBase):
    """Nothing is asked: time passes and everybody looks."""

    do: Literal["wait"]


Step: TypeAlias = (
    BidStep
    | DryRunStep
    | SetLimitStep
    | WithdrawStep
    | LeaveStep
    | InviteStep
    | ExcludeStep
    | PauseStep
    | ResumeStep
    | OutageStep
    | ExtendStep
    | RescheduleStep
    | OpenBidsStep
    | DecideWithdrawalStep
    | CallFinalOffersStep
    | AwardStep
    | NoAwardStep
    | ReturnStep
    | CancelStep
    | WaitStep
)


class ParticipantInput(ScenarioModel):
    """A bidder; short: its name alone."""

    name: Name = Field(description="as the steps call it")
    invited: bool = Field(default=True, description="from the beginning; else by a step `invite`, or never")
    answers: Given = Field(default={}, description="criterion: answer, for all its bids that don't say otherwise")


def _participant(given: Any) -> Any:
    return {"name": given} if isinstance(given, str) else given


Participant = Annotated[ParticipantInput, BeforeValidator(_participant, json_schema_input_type=str | ParticipantInput)]


class LotInput(ScenarioModel):
    """One of several lots: the scenario's rules, with what differs, or rules of its own."""

    name: Name = Field(description="as the steps call it")
    rules: RulesInput | None = Field(default=None, description="all rules of this lot; left out: the scenario's")
    opens_at: When | None = Field(default=None, description="instead of the rules' own")
    closes_at: When | None = Field(default=None, description="instead of the rules' own")
    ceiling: Figure | None = Field(default=None, description="instead of the rules' own")
    expect: LotExpect | None = Field(default=None, description="what should be the end of this lot")


class ArrangementInput(ScenarioModel):
    """How several lots share the time of the scenario's rules."""

    kind: Literal["parallel", "serial", "staggered"] = Field(description="at once, one by one, or closing one by one")
    minutes: int = Field(default=0, ge=0, le=100_000, description="between a close and the next opening, or close")
    results_together: bool = Field(default=True, description="results of a lot are shown when all lots have closed")


class Scenario(ScenarioModel):
    """An auction to be played: announced rules, participants, what happens when, and what should come of it."""

    title: str = Field(description="what it shows")
    source: str = Field(default="", description="where the rule or the worked example comes from")
    note: str = Field(default="", description="the arithmetic in words")
    start: AwareDatetime = Field(default=START, description="RFC 3339; times are counted from here, and lots announced")
    rules: RulesInput | None = Field(default=None, description="the announced rules, of the only lot or of all")
    lots: tuple[LotInput, ...] = Field(default=(), max_length=100, description="several lots; left out: one, named L1")
    arrangement: ArrangementInput = Field(
        default=ArrangementInput(kind="parallel"), description="how several lots share the rules' time for bids"
    )
    participants: tuple[Participant, ...] = Field(max_length=10_000, description="the bidders")
    opening: Literal["at_close", "by_hand"] = Field(
        default="at_close", description="when sealed bids are opened: by themselves at the close, or by `open_bids`"
    )
    steps: tuple[Annotated[Step, Field(discriminator="do")], ...] = Field(
        default=(), max_length=100_000, description="what happens, in the order of time"
    )
    until: When | None = Field(default=None, description="when it ends; left out: when every lot has closed")
    expect: LotExpect | None = Field(default=None, description="what should be the end of the only lot")

    def instants(self) -> Iterator[datetime]:
        """Yield the instant of each step."""
        at = self.start
        for step in self.steps:
            at = at if step.at is None else instant_of(step.at, self.start)
            yield at


def parse(text: str) -> Scenario:
    """Return the scenario that ``text`` is. Raises MalformedError, with a pointer to each wrong field."""
    try:
        document = json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise MalformedError("This is no JSON.", errors=(FieldError("", where),)) from error
    except (ValueError, RecursionError) as error:
        raise MalformedError("This is no scenario.", errors=(FieldError("", str(error)),)) from error
    return read(document)


def read(document: Any) -> Scenario:
    """Return the scenario that a JSON ``document`` is. Raises MalformedError, with a pointer to each wrong field."""
    try:
        scenario = Scenario.model_validate(document)
    except ValidationError as error:
        found = tuple(
            FieldError(_pointer(item["loc"]), _PLAIN.get(item["type"], item["msg"].removeprefix("Value error, ")))
            for item in error.errors()
        )
        raise MalformedError("This scenario can't be read.", errors=found) from error
    if wrong := tuple(_contradictions(scenario)):
        raise MalformedError("This scenario can't be played.", errors=wrong)
    return scenario


_PLAIN = {"missing": "is missing", "extra_forbidden": "there is no such field"}
"""Messages of the checker that tell a writer too little, by their type."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{name!r} stands twice in one object")
        found[name] = value
    return found


def _pointer(location: tuple[int | str, ...]) -> str:
    """Return the JSON Pointer; the kind of a step, which pydantic puts behind its number, is no part of it."""
    kept = [part for index, part in enumerate(location) if not (index == 2 and location[0] == "steps")]  # noqa: PLR2004
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in kept)


def _contradictions(scenario: Scenario) -> Iterator[FieldError]:
    """Yield what pydantic can't see: names that nobody has, and steps out of order."""
    names = [one.name for one in scenario.participants]
    lots = [lot.name for lot in scenario.lots] or [ONLY_LOT]
    for what, given in (("participants", names), ("lots", lots)):
        twice = (index for index, name in enumerate(given) if name in given[:index])
        yield from (FieldError(f"/{what}/{index}/name", f"{given[index]} is named twice") for index in twice)
    yield from _without_rules(scenario)
    if scenario.expect is not None and scenario.lots:
        yield FieldError("/expect", "with several lots each has its own: write /lots/…/expect")
    latest = scenario.start
    for index, (step, at) in enumerate(zip(scenario.steps, scenario.instants(), strict=True)):
        if at < latest:
            message = f"is before the step above (at {latest.isoformat()}), or before the start"
            yield FieldError(f"/steps/{index}/at", message)
        latest = max(at, latest)
        yield from (FieldError(f"/steps/{index}/{part}", message) for part, message in _unknown(step, names, lots))


def _without_rules(scenario: Scenario) -> Iterator[FieldError]:
    if scenario.rules is not None:
        return
    if not scenario.lots:
        yield FieldError("/rules", "is missing")
    for index, lot in enumerate(scenario.lots):
        if lot.rules is None:
            yield FieldError(f"/lots/{index}/rules", "there are no rules, neither here nor above")


def _unknown(step: Step, names: list[str], lots: list[str]) -> Iterator[tuple[str, str]]:
    if step.lot is None and len(lots) > 1:
        yield "lot", f"is missing: there are {', '.join(lots)}"
    elif step.lot is not None and step.lot not in lots:
        yield "lot", f"there is no lot {step.lot}: there are {', '.join(lots)}"
    yield from ((part, f"{name} is not among the participants") for part, name in _named(step) if name not in names)


def _named(step: Step) -> Iterator[tuple[str, str]]:
    for attribute in ("by", "bidder"):
        name = getattr(step, attribute, None)
        if name is not None:
            yield attribute, name
    if isinstance(step, CallFinalOffersStep):
        yield from ((f"bidders/{index}", name) for index, name in enumerate(step.bidders))
    if step.expect is not None:
        yield from ((f"expect/sees/{name}", name) for name in step.expect.sees)
