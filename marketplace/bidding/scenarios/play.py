"""The player of scenarios: each step through the engine, what everybody sees after it, and whether it was expected."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from buyers.requests.auction import ArrangementChoice
from marketplace.bidding import arrangement, engine, linter, lot_clock
from marketplace.bidding.arrangement import Span, Standing
from marketplace.bidding.commands import Command, OpenedPrice, PlaceBid, Reschedule
from marketplace.bidding.events import Event
from marketplace.bidding.finding import Finding, Severity
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import BuyerView, LotState, RankedBid, Refusal, Status
from marketplace.bidding.rules import Rules
from marketplace.bidding.scenarios import scenario
from marketplace.bidding.scenarios.commands import Scene, command_of, opening
from marketplace.bidding.scenarios.expect import Mismatch, mismatches
from marketplace.bidding.scenarios.result import Candidate, Ending, Line, Played, Result, Told, seen
from marketplace.bidding.scenarios.rules import rules_of
from marketplace.bidding.scenarios.scenario import ONLY_LOT, LotInput, Scenario, Step
from marketplace.bidding.scenarios.values import instant_of
from marketplace.bidding.scoring import malus_of
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import BidId, LotId, OrganizationId


@dataclass(frozen=True, slots=True)
class _Lot:
    """A lot in play: its state, all its events, and what its sealed bids hold."""

    state: LotState
    events: tuple[Event, ...]
    prices: Mapping[BidId, OpenedPrice]

    def after(self, events: tuple[Event, ...], state: LotState) -> "_Lot":
        return replace(self, state=state, events=self.events + events)


def play(given: Scenario) -> Result:
    """Play a scenario.

    Raises:
        MalformedError: the rules of a lot can't work; each finding of the linter with its pointer into the file.
    """
    announced = tuple(_announced(given))
    lots = {name: _scheduled(given, name, rules, pointer) for name, rules, pointer in announced}
    warnings = tuple(
        FieldError(pointer + one.pointer, one.message) for _, rules, pointer in announced for one in _warnings(rules)
    )
    steps: list[Played] = []
    for number, (step, at) in enumerate(zip(given.steps, given.instants(), strict=True), start=1):
        steps.append(_played(given, lots, number, step, at))
    before = {name: len(lot.events) for name, lot in lots.items()}
    _finish(given, lots)
    after = _told_since(lots, before)
    endings = tuple(_ending(given, name, lot) for name, lot in lots.items())
    return Result(given.title, warnings, tuple(steps), after, endings)


# ---- the beginning


def _announced(given: Scenario) -> Iterator[tuple[str, Rules, str]]:
    """Yield each lot with its rules and the pointer to them."""
    lots = given.lots or (LotInput(name=ONLY_LOT),)
    shared_time = _spans(given, len(lots))
    for index, lot in enumerate(lots):
        own, shared = lot.rules, given.rules
        chosen = own or shared
        if chosen is None:
            raise MalformedError("This scenario can't be played.", errors=(FieldError("/rules", "is missing"),))
        if own is None:
            chosen = chosen.model_copy(update=shared_time[index])
        differing = {name: getattr(lot, name) for name in ("opens_at", "closes_at", "ceiling")}
        changed = chosen.model_copy(update={name: value for name, value in differing.items() if value is not None})
        yield lot.name, rules_of(changed, given.start), f"/lots/{index}/rules" if own else "/rules"


def _spans(given: Scenario, lots: int) -> list[dict[str, datetime]]:
    """Return when each lot is open that has no rules of its own."""
    if given.rules is None:
        return [{}] * lots
    whole = Span(instant_of(given.rules.opens_at, given.start), instant_of(given.rules.closes_at, given.start))
    return [
        {"opens_at": span.opens_at, "closes_at": span.closes_at}
        for span in arrangement.spans(_choice(given), lots, whole)
    ]


def _choice(given: Scenario) -> ArrangementChoice:
    return ArrangementChoice(given.arrangement.kind, given.arrangement.minutes)


def _scheduled(given: Scenario, name: str, rules: Rules, pointer: str) -> _Lot:
    bidders = [OrganizationId(one.name) for one in given.participants if one.invited]
    try:
        events = engine.schedule(LotId(name), rules, bidders, given.start)
    except MalformedError as error:
        found = tuple(FieldError(pointer + one.pointer, one.message) for one in error.errors)
        raise MalformedError(error.detail, errors=found) from error
    return _Lot(engine.replay(events), events, {})


def _warnings(rules: Rules) -> tuple[Finding, ...]:
    return tuple(finding for finding in linter.lint(rules) if finding.severity is Severity.WARNING)


# ---- one step


def _played(given: Scenario, lots: dict[str, _Lot], number: int, step: Step, at: datetime) -> Played:
    before = {name: len(lot.events) for name, lot in lots.items()}
    name = step.lot or next(iter(lots))
    until = instant_of(step.began, given.start) if isinstance(step, scenario.OutageStep) else at
    for other, lot in lots.items():
        # during an outage nobody looked at the lot's clock
        lots[other] = _rung(given, lot, number, min(until, at) if other == name else at)
    scene = _scene(given, lots[name], number, at)
    command = command_of(step, scene)
    answer, refusal, preview = "time passed", None, None
    if isinstance(step, scenario.DryRunStep) and isinstance(command, PlaceBid):
        said = engine.validate(scene.state, command, at)
        answer, refusal, preview = ("refused", said, None) if isinstance(said, Refusal) else ("accepted", None, said)
    elif command is not None:
        answer, refusal, lots[name] = _asked(lots[name], command, at)
    lots[name] = _rung(given, lots[name], number, at)
    _shift(given, lots, at)
    state = lots[name].state
    views = {one.name: engine.view(state, OrganizationId(one.name), at) for one in given.participants}
    if _withheld(given, lots, state):
        sealed = FORMATS[state.rules.format].sealed
        views = {bidder: arrangement.held_back(view, sealed=sealed) for bidder, view in views.items()}
    played = Played(
        number,
        at,
        name,
        step,
        answer,
        refusal,
        preview,
        _told_since(lots, before),
        views,
        engine.buyer_view(state, at),
        (),
    )
    return replace(played, mismatches=tuple(_unexpected(given, played, state)))


def _scene(given: Scenario, lot: _Lot, number: int, at: datetime) -> Scene:
    answers = {one.name: one.answers for one in given.participants}
    return Scene(lot.state, given.start, at, number, answers, lot.prices)


def _asked(lot: _Lot, command: Command, at: datetime) -> tuple[str, Refusal | None, _Lot]:
    decided = engine.outcome(lot.state, command, at)
    if isinstance(decided, Refusal):
        return "refused", decided, lot
    if not decided.events:
        bidder, key = getattr(command, "bidder", None), getattr(command, "key", None)
        repeated = key is not None and engine.receipt(lot.state, OrganizationId(bidder or ""), key) is not None
        return "repeated" if repeated else "nothing", None, lot
    done = lot.after(decided.events, decided.state)
    if isinstance(command, PlaceBid):
        malus = malus_of(lot.state.rules.scoring, command.answers) or Decimal(0)
        done = replace(done, prices={**lot.prices, command.bid_id: OpenedPrice(command.bid_id, command.amount, malus)})
    return "accepted", None, done


def _rung(given: Scenario, lot: _Lot, number: int, until: datetime) -> _Lot:
    """Return the lot with all that its clock has caused; sealed bids are opened at the instant of the close."""
    caused = lot_clock.ring(lot.state, until)
    rung = lot.after(caused.events, caused.state)
    if given.opening == "by_hand" or rung.state.status is not Status.CLOSED or rung.state.opened:
        return rung
    at = rung.state.at
    opened = engine.outcome(rung.state, opening(_scene(given, rung, number, at)), at)
    if isinstance(opened, Refusal):
        raise RuntimeError(f"the opening was refused: {opened.detail}")  # noqa: TRY004 - a refusal that can't be
    return _rung(given, rung.after(opened.events, opened.state), number, until)


def _told_since(lots: Mapping[str, _Lot], before: Mapping[str, int]) -> tuple[Told, ...]:
    return tuple(Told(name, event) for name, lot in lots.items() for event in lot.events[before[name] :])


# ---- the end


def _finish(given: Scenario, lots: dict[str, _Lot]) -> None:
    """Let the clock run on until every lot has closed, or to the end that the scenario names."""
    until = None if given.until is None else instant_of(given.until, given.start)
    while True:
        ticking = [lot.state for lot in lots.values() if lot.state.status in {Status.SCHEDULED, Status.OPEN}]
        instants = [pending[0][0] for pending in map(lot_clock.due, ticking) if pending]
        at = min(instants, default=until)
        if at is None or (until is not None and at >= until):
            break
        _ring_all(given, lots, at)
    if until is not None:
        _ring_all(given, lots, until)


def _ring_all(given: Scenario, lots: dict[str, _Lot], at: datetime) -> None:
    for name, lot in lots.items():
        lots[name] = _rung(given, lot, 0, at)
    _shift(given, lots, at)


def _shift(given: Scenario, lots: dict[str, _Lot], at: datetime) -> None:
    """Move the lots of a series that have not opened to where the lots before them leave them."""
    series = [_standing(lot.state) for lot in lots.values()]
    moved = arrangement.shifted(_choice(given), series, at)
    for (name, lot), was, span in zip(lots.items(), series, moved, strict=True):
        if was.status is Status.SCHEDULED and span != was.now:
            _, _, lots[name] = _asked(lot, Reschedule(span.opens_at, span.closes_at), at)


def _standing(state: LotState) -> Standing:
    announced = Span(state.rules.opens_at, state.rules.closes_at)
    return Standing(announced, Span(state.opens_at, state.closes_at), state.status)


def _withheld(given: Scenario, lots: Mapping[str, _Lot], state: LotState) -> bool:
    """Tell whether what the close of a lot brought is not shown yet, because another lot still runs."""
    running = any(lot.state.status in RUNNING for lot in lots.values())
    return running and state.status not in RUNNING and given.arrangement.results_together


def _ending(given: Scenario, name: str, lot: _Lot) -> Ending:
    state = lot.state
    lines = tuple(_line(state, ranked) for ranked in engine.standing(state))
    bidders = {bid.bid_id: bid.bidder for bid in state.standing.values()}
    payments = engine.payments(state)
    candidates = tuple(Candidate(bidders[bid_id], bid_id, payment) for bid_id, payment in payments.items())
    chosen = state.awarded_bid or next(iter(payments), None)
    ending = Ending(
        name,
        state.rules.currency,
        state.rules_hash,
        state.status,
        state.reason,
        state.opens_at,
        state.closes_at,
        state.extensions,
        state.sequence,
        lines,
        candidates,
        bidders.get(chosen) if chosen is not None else None,
        payments.get(chosen) if chosen is not None else None,
        (),
    )
    return replace(ending, mismatches=tuple(_unexpected_end(given, ending, lot)))


def _line(state: LotState, ranked: RankedBid) -> Line:
    bid = state.standing[ranked.bidder]
    return Line(
        ranked.rank, ranked.joint, ranked.bidder, ranked.bid_id, ranked.amount, ranked.malus, bid.cost, bid.points
    )


# ---- what was expected


def _unexpected(given: Scenario, played: Played, state: LotState) -> Iterator[Mismatch]:
    expected = played.step.expect
    if expected is None:
        return
    by = getattr(played.step, "by", None)
    own = played.preview or (played.views[by] if by is not None else None)
    actual: dict[str, Any] = seen(own) if own is not None else _of_lot(played.buyer)
    standing = engine.standing(state)
    actual |= {
        "answer": played.answer,
        "rule": played.refusal.rule if played.refusal else None,
        "events": tuple(told.event.type for told in played.events if told.lot == played.lot),
        "leader": standing[0].bidder if standing else None,
        "standing": tuple(line.bidder for line in standing),
        "sees": {name: seen(view) for name, view in played.views.items()},
    }
    if played.refusal is not None:
        if expected.answer != "refused":
            actual["answer"] = played.refusal.code
        actual["next_admissible_price"] = played.refusal.next_admissible_price
    yield from mismatches(expected, actual, f"/steps/{played.number - 1}/expect", given.start)


def _of_lot(view: BuyerView) -> dict[str, Any]:
    """Return what a step without a bidder of its own may be compared with."""
    return {name: getattr(view, name) for name in ("status", "opens_at", "closes_at", "reason", "opened")}


def _unexpected_end(given: Scenario, ending: Ending, lot: _Lot) -> Iterator[Mismatch]:
    if engine.replay(lot.events) != lot.state:
        yield Mismatch("", "the state that the events lead to", "another one: replaying them gives a different state")
    index = next((at for at, one in enumerate(given.lots) if one.name == ending.lot), None)
    expected = given.expect if index is None else given.lots[index].expect
    if expected is None:
        return
    lines = tuple({name: getattr(line, name) for name in Line.__slots__} for line in ending.standing)
    actual = {
        **{name: getattr(ending, name) for name in ("status", "reason", "opens_at", "closes_at", "extensions")},
        "leader": ending.standing[0].bidder if ending.standing else None,
        "winner": ending.winner,
        "payment": ending.payment,
        "candidates": {one.bidder: one.payment for one in ending.candidates},
        "standing": lines,
    }
    yield from mismatches(expected, actual, "/expect" if index is None else f"/lots/{index}/expect", given.start)
