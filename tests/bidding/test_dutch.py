"""The rising clock: who wins at which price, whatever bidders, clocks and pauses do."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import (
    DecideWithdrawal,
    MarkAwarded,
    OpenBids,
    OpenedPrice,
    Pause,
    ReportOutage,
    Resume,
    Return,
    WithdrawBid,
)
from marketplace.bidding.events import BidPlaced, Event, LotClosed
from marketplace.bidding.model import Refusal, RefusalCode, Status
from marketplace.bidding.rules import Answer, Criterion, DutchClock, Rules, Scoring, ScoringKind, Ties
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import BIDDERS, T0, Played, a_bid, nothing_is_lost

A, B, C, D = BIDDERS
OPENS, CLOSES = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
CLOCK = DutchClock(start=Decimal(1000), step=Decimal(50), seconds=60)
RULES = Rules("dutch", "clock", "EUR", OPENS, CLOSES, ceiling=Decimal(1120), dutch=CLOCK)


def after(seconds: float) -> datetime:
    return OPENS + timedelta(seconds=seconds)


def code(decision: tuple[Event, ...] | Refusal) -> RefusalCode:
    assert isinstance(decision, Refusal), decision
    return decision.code


def test_textbook_two_winners_each_at_the_price_of_its_stage() -> None:
    # 1,000.00 at 0 s, 1,050.00 at 60 s, 1,100.00 at 120 s, then the ceiling 1,120.00 from 180 s on
    lot = Played(replace(RULES, dutch=replace(CLOCK, winners=2)))
    early = lot.bid(A, "1050", after(59))  # still 1,000.00
    assert isinstance(early, Refusal)
    assert (early.code, early.next_admissible_price) == (RefusalCode.PRICE_MOVED, Decimal(1000))
    assert not isinstance(lot.bid(A, "1050", after(61)), Refusal)
    assert code(lot.bid(A, "1100", after(121))) is RefusalCode.NOT_OFFERED  # one acceptance per bidder
    assert code(lot.bid(B, "1050", after(121))) is RefusalCode.PRICE_MOVED
    events = lot.bid(B, "1100", after(130))  # the second of two: the lot closes in the same instant
    assert isinstance(events, tuple)
    assert [type(event) for event in events] == [BidPlaced, LotClosed]
    assert {event.at for event in events} == {after(130)}
    assert code(lot.bid(C, "1100", after(131))) is RefusalCode.LATE
    assert list(engine.payments(lot.state).values()) == [Decimal(1050), Decimal(1100)]
    nothing_is_lost(lot)


def test_worked_example_a_pause_leaves_as_much_of_the_stage_as_there_was() -> None:
    # paused at 70 s, 10 s into the stage of 1,050.00; resumed at 500 s: 50 s of it are left, until 550 s
    lot = Played(RULES)
    lot.do(Pause("question"), after(70))
    paused = engine.view(lot.state, A, after(400)).stage
    assert paused is not None
    assert (paused.number, paused.price, paused.ends_at, paused.may_bid) == (2, Decimal(1050), None, False)
    assert code(lot.bid(A, "1050", after(400))) is RefusalCode.PAUSED
    lot.do(Resume(), after(500))
    resumed = engine.view(lot.state, A, after(549)).stage
    assert resumed is not None
    assert (resumed.number, resumed.price, resumed.ends_at) == (2, Decimal(1050), after(550))
    assert not isinstance(lot.bid(A, "1100", after(550)), Refusal)
    nothing_is_lost(lot)


def test_worked_example_the_clock_stands_at_the_ceiling_until_the_close() -> None:
    # 1,000.00 + 3 · 50.00 = 1,150.00 would pass the ceiling: 1,120.00 from 180 s on, as the fourth and last stage
    lot = Played(RULES)
    for seconds in (180, 1000, 3599):
        stage = engine.view(lot.state, A, after(seconds)).stage
        assert stage is not None
        assert (stage.number, stage.price, stage.ends_at) == (4, Decimal(1120), None)
    lot.ring(CLOSES)
    assert (lot.state.status, lot.state.reason) == (Status.FAILED, engine.NO_BIDS)
    assert engine.view(lot.state, A, CLOSES).stage is None
    nothing_is_lost(lot)


def test_an_acceptance_taken_out_as_an_error_frees_its_place() -> None:
    lot = Played(replace(RULES, dutch=replace(CLOCK, winners=2)))
    lot.bid(A, "1000", after(1))
    bid_id = lot.state.standing[A].bid_id
    assert not isinstance(lot.do(WithdrawBid(A, bid_id, "key_w", "wrong lot"), after(2)), Refusal)
    assert not isinstance(lot.do(DecideWithdrawal(bid_id, granted=True, reason="plain slip"), after(3)), Refusal)
    lot.bid(B, "1000", after(4))
    assert not lot.happened(LotClosed)
    lot.bid(C, "1000", after(5))
    assert lot.happened(LotClosed) == [LotClosed(after(5))]
    assert lot.prices() == [(B, Decimal(1000)), (C, Decimal(1000))]
    nothing_is_lost(lot)


def test_declared_qualities_are_paid_out_of_the_clocks_price() -> None:
    # the clock shows the effective cost 1,050.00; a malus of 30.00 leaves 1,020.00 for the bidder's own price
    scoring = Scoring((Criterion("slow", (Answer("yes", Decimal(30)), Answer("no", Decimal(0)))),))
    lot = Played(replace(RULES, scoring=scoring))
    command = replace(a_bid(A, "1050", "1"), answers=(("slow", "yes"),))
    refused = lot.do(command, after(60))
    assert isinstance(refused, Refusal)
    assert refused.next_admissible_price == Decimal(1020)
    assert not isinstance(lot.do(replace(command, amount=Decimal(1020)), after(60)), Refusal)
    assert lot.state.ladder.first[0] == Decimal(1050)


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(RULES, ceiling=None), "/ceiling"),
        (replace(RULES, dutch=None), "/dutch"),
        (replace(RULES, dutch=replace(CLOCK, start=Decimal("0.005"))), "/dutch/start"),
        (replace(RULES, dutch=replace(CLOCK, start=Decimal("1120.01"))), "/dutch/start"),
        (replace(RULES, dutch=replace(CLOCK, step=Decimal(0))), "/dutch/step"),
        (replace(RULES, dutch=replace(CLOCK, seconds=0)), "/dutch/seconds"),
        (replace(RULES, dutch=replace(CLOCK, winners=0)), "/dutch/winners"),
        (replace(RULES, ties=Ties.BANNED), "/ties"),
        (replace(RULES, visibility="open"), "/visibility"),
        (replace(RULES, scoring=Scoring((), kind=ScoringKind.RELATIVE_POINTS)), "/scoring/kind"),
    ],
)
def test_rules_that_cant_work_are_named(rules: Rules, pointer: str) -> None:
    assert pointer in {finding.pointer for finding in linter.lint(rules)}


def test_rules_that_work_have_no_finding() -> None:
    assert linter.lint(RULES) == ()


# ---- whatever bidders, clocks and pauses do


@dataclass
class Run:
    """A lot played from a script; ``running`` is the time that its clock has run, kept apart from the engine."""

    lot: Played
    now: datetime = OPENS
    running: timedelta = timedelta()
    count: int = 0
    accepted: list[tuple[OrganizationId, Decimal]] = field(default_factory=list)

    @property
    def price(self) -> Decimal:
        """p(now), by the time that the clock has run."""
        rules = self.lot.state.rules
        assert rules.dutch is not None
        assert rules.ceiling is not None
        stages = int(self.running.total_seconds()) // rules.dutch.seconds
        return min(rules.ceiling, rules.dutch.start + stages * rules.dutch.step)

    def step(self, kind: str, seconds: int, bidder: OrganizationId, slip: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.count += 1
        if self.lot.state.status is not Status.PAUSED:
            self.running += timedelta(seconds=seconds)
        if kind == "accept":
            command = a_bid(bidder, self.price + Decimal(slip) / 100, f"{self.count}")
            open_ = self.lot.state.status in {Status.SCHEDULED, Status.OPEN} and self.now < self.lot.state.closes_at
            first = bidder not in {winner for winner, _ in self.accepted}
            decided = self.lot.do(command, self.now)
            assert isinstance(decided, Refusal) is not (open_ and first and slip == 0)
            if not isinstance(decided, Refusal):
                self.accepted.append((bidder, command.amount))
                before = self.lot.state
                assert self.lot.do(command, self.now) == ()  # the same key again
                assert self.lot.state == before
        elif kind == "pause":
            self.lot.do(Pause("maintenance"), self.now)
        elif kind == "resume":
            self.lot.do(Resume(), self.now)
        else:
            self.lot.ring(self.now)


SCRIPT = st.lists(
    st.tuples(
        st.sampled_from(["accept", "accept", "pause", "resume", "ring"]),
        st.integers(0, 40),
        st.sampled_from(BIDDERS),
        st.sampled_from([0, 0, 0, 1, -1]),
    ),
    max_size=20,
)
SOME_RULES = st.builds(
    lambda start, step, seconds, winners, more: replace(
        RULES,
        closes_at=after(400),
        ceiling=Decimal(start + more) / 100,
        dutch=DutchClock(Decimal(start) / 100, Decimal(step) / 100, seconds, winners),
    ),
    st.integers(1, 10_000),
    st.integers(1, 3_000),
    st.integers(1, 60),
    st.integers(1, 3),
    st.integers(0, 9_000),
)
Script = list[tuple[str, int, OrganizationId, int]]


def run(rules: Rules, script: Script) -> Run:
    played = Run(Played(rules))
    for step in script:
        played.step(*step)
    nothing_is_lost(played.lot)
    return played


@settings(max_examples=80, deadline=None)
@given(SOME_RULES, SCRIPT)
def test_exactly_as_many_win_as_announced_and_the_last_of_them_closes_the_lot(rules: Rules, script: Script) -> None:
    """D1: as many winners as announced, or all that accepted by the close."""
    played = run(rules, script)
    assert rules.dutch is not None
    winners, state = rules.dutch.winners, played.lot.state
    assert len(engine.payments(state)) == len(played.accepted) <= winners
    placed = played.lot.happened(BidPlaced)
    if len(placed) == winners:
        assert played.lot.happened(LotClosed)[0].at == placed[-1].at
    elif state.status is Status.CLOSED:
        assert played.lot.happened(LotClosed)[0].at == state.closes_at >= rules.closes_at


@settings(max_examples=80, deadline=None)
@given(SOME_RULES, SCRIPT)
def test_each_winner_is_paid_the_price_of_the_stage_that_it_accepted(rules: Rules, script: Script) -> None:
    """D2: the price is the clock's at the stage of the acceptance."""
    played = run(rules, script)  # each accepted price was checked against the clock that the run keeps itself
    assert list(engine.payments(played.lot.state).values()) == [price for _, price in played.accepted]
    assert all(price == event.amount for (_, price), event in zip(played.accepted, placed(played.lot), strict=True))


@settings(max_examples=80, deadline=None)
@given(SOME_RULES, SCRIPT)
def test_of_two_in_one_stage_the_one_with_the_lower_sequence_stands_better(rules: Rules, script: Script) -> None:
    """D3: within a stage the lower sequence stands better."""
    lot = run(rules, script).lot
    assert [line.bidder for line in engine.standing(lot.state)] == [event.bidder for event in placed(lot)]
    sequences = [lot.state.standing[event.bidder].sequence for event in placed(lot)]
    assert sequences == sorted(sequences)


def placed(lot: Played) -> list[BidPlaced]:
    return [event for event in lot.events if isinstance(event, BidPlaced)]


@settings(max_examples=80, deadline=None)
@given(SOME_RULES, SCRIPT, st.integers(0, 10_000), st.integers(1, 10_000))
def test_a_pause_freezes_the_stage_and_what_is_left_of_it(rules: Rules, script: Script, look: int, lost: int) -> None:
    """D4: a pause freezes the stage."""
    played = run(rules, script)
    lot, now = played.lot, played.now
    lot.do(Resume(), now)
    before = engine.view(lot.state, D, now).stage
    if isinstance(lot.do(Pause("storm"), now), Refusal):
        return
    assert before is not None
    frozen = engine.view(lot.state, D, now + timedelta(seconds=look)).stage
    assert frozen is not None
    assert (frozen.number, frozen.price, frozen.may_bid) == (before.number, before.price, False)
    lost_time = timedelta(seconds=lost)
    lot.do(Resume(), now + lost_time)
    resumed = engine.view(lot.state, D, now + lost_time).stage
    assert resumed is not None
    assert resumed == replace(before, ends_at=before.ends_at and before.ends_at + lost_time)
    nothing_is_lost(lot)


@settings(max_examples=40, deadline=None)
@given(SOME_RULES, st.integers(0, 300), st.integers(11, 500))
def test_a_long_outage_freezes_the_stage_from_its_beginning(rules: Rules, began: int, lasted: int) -> None:
    lot = Played(replace(rules, longest_outage_seconds=10))
    before = engine.view(lot.state, A, after(began)).stage
    lot.do(ReportOutage(after(began), after(began + lasted)), after(began + lasted))
    assert lot.state.status is Status.PAUSED
    lot.do(Resume(), after(began + lasted + 5))
    resumed = engine.view(lot.state, A, after(began + lasted + 5)).stage
    assert before is not None
    assert resumed is not None
    assert (resumed.number, resumed.price) == (before.number, before.price)
    nothing_is_lost(lot)


@settings(max_examples=60, deadline=None)
@given(SOME_RULES, SCRIPT)
def test_what_the_others_do_shows_in_nothing_but_the_end(rules: Rules, script: Script) -> None:
    alone, among = Run(Played(rules)), Run(Played(rules))
    for kind, seconds, bidder, slip in script:
        among.step(kind, seconds, bidder, slip)
        alone.step("ring" if kind == "accept" and bidder != A else kind, seconds, bidder, slip)
        among.lot.ring(among.now)
        alone.lot.ring(alone.now)
        if among.lot.state.status not in {Status.OPEN, Status.PAUSED}:
            return
        seen = engine.view(among.lot.state, A, among.now), engine.view(alone.lot.state, A, alone.now)
        assert seen[0] == seen[1]


def test_each_of_several_winners_is_awarded_and_given_back_by_itself() -> None:
    lot = Played(replace(RULES, dutch=replace(CLOCK, winners=2)))
    lot.bid(A, "1000", after(1))
    lot.bid(B, "1000", after(2))
    first, second = engine.payments(lot.state)
    lot.do(MarkAwarded(first), after(3))
    assert code(lot.do(MarkAwarded(first), after(3))) is RefusalCode.WRONG_STATUS
    lot.do(MarkAwarded(second), after(4))
    assert [engine.view(lot.state, who, after(5)).won for who in (A, B, C)] == [True, True, False]
    assert engine.buyer_view(lot.state, after(5)).also_awarded == (second,)
    nothing_is_lost(lot)
    lot.do(Return("terms refused", first), after(6))
    assert (lot.state.status, lot.state.awards) == (Status.AWARDED, (second,))
    assert [engine.view(lot.state, who, after(7)).won for who in (A, B)] == [False, True]
    assert code(lot.do(Return("again", first), after(7))) is RefusalCode.NO_SUCH_BID
    lot.do(Return("terms refused"), after(8))
    assert lot.state.status is Status.FAILED
    nothing_is_lost(lot)


def test_no_more_bids_are_awarded_than_there_are_candidates() -> None:
    lot = Played(Rules("sealed_first_price", "sealed", "EUR", OPENS, CLOSES))
    for bidder in (A, B):
        lot.bid(bidder, "900", after(1))
    lot.ring(CLOSES)
    sealed = sorted(bid.bid_id for bid in lot.state.standing.values())
    lot.do(OpenBids(tuple(OpenedPrice(bid_id, Decimal(900)) for bid_id in sealed)), CLOSES)
    lot.do(MarkAwarded(sealed[0]), CLOSES)
    assert code(lot.do(MarkAwarded(sealed[1]), CLOSES)) is RefusalCode.WRONG_STATUS
