"""What a scenario file expects of a step and of the end, and the comparison with what happened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from marketplace.bidding.model import Light, RefusalCode, Status
from marketplace.bidding.scenarios.values import Figure, ScenarioModel, When, instant_of

ANSWERS = ("accepted", "repeated", "nothing", "refused", *RefusalCode)
"""What a step can be answered: three ways of being taken, refused for any reason, or refused for one."""


def _known(answer: str) -> str:
    if answer not in ANSWERS:
        raise ValueError(f"{answer!r} is no answer: use one of {', '.join(ANSWERS)}")
    return answer


AnswerCode = Annotated[str, AfterValidator(_known), WithJsonSchema({"enum": list(ANSWERS)})]


class StageExpect(ScenarioModel):
    """Where the format's own clock stands for one bidder."""

    number: int | None = Field(default=None, description="number of the stage or round")
    price: Figure | None = Field(default=None, description="the clock's price")
    ends_at: When | None = Field(default=None, description="when the stage, round or turn ends")
    may_bid: bool | None = Field(default=None, description="whether a bid of this bidder is taken in it")
    answered: bool | None = Field(default=None, description="whether it has given one")
    out: bool | None = Field(default=None, description="whether it left for good")
    turn_at: When | None = Field(default=None, description="when its turn begins or began; null: it is over")
    entered: Figure | None = Field(default=None, description="what it entered in its turn, which does not count yet")


class SeenExpect(ScenarioModel):
    """What one bidder sees. Only the fields that are written are compared; null: it is not shown."""

    status: Status | None = Field(default=None, description="status of the lot")
    opens_at: When | None = Field(default=None, description="the announced opening")
    closes_at: When | None = Field(default=None, description="the close as announced now")
    reason: str | None = Field(default=None, description="reason of a pause, failure or cancellation")
    invited: bool | None = Field(default=None, description="whether it may bid at all")
    excluded: str | None = Field(default=None, description="why it was excluded")
    opened: bool | None = Field(default=None, description="whether prices are known to the lot")
    price: Figure | None = Field(default=None, description="its own standing price; null also while sealed")
    version: int | None = Field(default=None, description="version of its own standing bid")
    automatic: bool | None = Field(default=None, description="whether its proxy placed that")
    malus: Figure | None = Field(default=None, description="what its qualities cost it")
    own_cost: Figure | None = Field(default=None, description="its own price as the comparison takes it")
    rank: int | None = Field(default=None, description="its place, from 1")
    joint: bool | None = Field(default=None, description="whether another has the same effective cost")
    light: Light | None = Field(default=None, description="the colour of its place")
    lead_price: Figure | None = Field(default=None, description="the best price, in its own money")
    next_price: Figure | None = Field(default=None, description="the price of the bidder ranked before, in its own")
    prices: tuple[Figure, ...] | None = Field(default=None, description="all prices, best first")
    bidders: int | None = Field(default=None, description="how many bid")
    stage: StageExpect | None = Field(default=None, description="where the format's own clock stands")
    proxy_limit: Figure | None = Field(default=None, description="its own limit")
    next_admissible_price: Figure | None = Field(default=None, description="the highest price that would be taken")
    won: bool | None = Field(default=None, description="whether it was awarded")


class StepExpect(SeenExpect):
    """What a step is expected to lead to; the fields of what is seen are those of the step's own bidder.

    For a dry run they are what it was told it would see; for a refused step `next_admissible_price` is the refusal's.
    """

    answer: AnswerCode | None = Field(default=None, description="`accepted`, `refused`, or the code of the refusal")
    rule: str | None = Field(default=None, description="name of the rule that refused")
    events: tuple[str, ...] | None = Field(default=None, description="names of all events, in order")
    leader: str | None = Field(default=None, description="who stands first, seen by nobody in particular")
    standing: tuple[str, ...] | None = Field(default=None, description="all who stand, best first")
    sees: dict[str, SeenExpect] = Field(default={}, description="what other participants see, by name")


def _answer(given: Any) -> Any:
    return {"answer": given} if isinstance(given, str) else given


Expected = Annotated[StepExpect, BeforeValidator(_answer, json_schema_input_type=str | StepExpect)]
"""Short: the answer alone, such as ``"accepted"`` or ``"step_too_small"``."""


class LineExpect(ScenarioModel):
    """One line of the final standing."""

    bidder: str | None = Field(default=None, description="name of the participant")
    rank: int | None = Field(default=None, description="its place, from 1")
    joint: bool | None = Field(default=None, description="whether another has the same effective cost")
    price: Figure | None = Field(default=None, description="its price")
    malus: Figure | None = Field(default=None, description="what its qualities add")
    cost: Figure | None = Field(default=None, description="its effective cost; under relative points minus the points")
    points: Figure | None = Field(default=None, description="its points, under relative points")


def _line(given: Any) -> Any:
    return {"bidder": given} if isinstance(given, str) else given


class LotExpect(ScenarioModel):
    """What is expected of a lot in the end. Only the fields that are written are compared."""

    status: Status | None = Field(default=None, description="status of the lot")
    reason: str | None = Field(default=None, description="why it failed, was cancelled or is paused")
    opens_at: When | None = Field(default=None, description="when it opened")
    closes_at: When | None = Field(default=None, description="when it closed")
    extensions: int | None = Field(default=None, description="how often a late bid moved the close")
    leader: str | None = Field(default=None, description="who stands first")
    winner: str | None = Field(default=None, description="who was awarded, or else the first candidate; null: nobody")
    payment: Figure | None = Field(default=None, description="what the winner is paid")
    candidates: dict[str, Figure] | None = Field(
        default=None, description="all candidates for the award with what they would be paid"
    )
    standing: (
        tuple[Annotated[LineExpect, BeforeValidator(_line, json_schema_input_type=str | LineExpect)], ...] | None
    ) = Field(default=None, description="all who stand, best first: names, or lines")


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One expectation that did not come true. ``pointer`` is that of the field in the scenario file."""

    pointer: str
    expected: str
    actual: str


def mismatches(
    expected: ScenarioModel, actual: Mapping[str, Any] | None, pointer: str, start: datetime
) -> Iterator[Mismatch]:
    """Yield where ``actual`` differs from what ``expected`` says; fields that were not written are not compared."""
    for name in type(expected).model_fields:
        if name not in expected.model_fields_set:
            continue
        here = f"{pointer}/{name}"
        if actual is None or name not in actual:
            yield Mismatch(here, _said(getattr(expected, name)), "there is no such thing here")
        else:
            yield from _compared(getattr(expected, name), actual[name], here, start)


def _compared(expected: Any, actual: Any, pointer: str, start: datetime) -> Iterator[Mismatch]:
    if isinstance(expected, ScenarioModel) and isinstance(actual, Mapping):
        yield from mismatches(expected, actual, pointer, start)
        return
    if isinstance(expected, tuple) and isinstance(actual, tuple) and len(expected) == len(actual):
        for index, (wanted, given) in enumerate(zip(expected, actual, strict=True)):
            yield from _compared(wanted, given, f"{pointer}/{index}", start)
        return
    if isinstance(expected, Mapping) and any(isinstance(value, ScenarioModel) for value in expected.values()):
        for name, value in expected.items():
            yield from _compared(value, actual.get(name), f"{pointer}/{name}", start)
        return
    wanted = instant_of(expected, start) if isinstance(expected, timedelta) else expected
    if wanted != actual:
        yield Mismatch(pointer, _said(wanted), _said(actual))


def _said(value: Any) -> str:
    said = str(value)
    match value:
        case None:
            said = "nothing"
        case ScenarioModel():
            said = ", ".join(f"{name} {_said(getattr(value, name))}" for name in sorted(value.model_fields_set))
        case Decimal():
            said = f"{value:f}"
        case datetime() | date():
            said = value.isoformat()
        case tuple():
            said = ", ".join(map(_said, value)) or "none"
        case Mapping():
            said = ", ".join(f"{name}: {_said(item)}" for name, item in value.items()) or "none"
    return said
