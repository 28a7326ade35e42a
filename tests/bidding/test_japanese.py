"""The falling clock: who is still in, at which price each stands, and when it ends, whatever happens meanwhile."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import Command, Exclude, Invite, Leave, Pause, ReportOutage, Resume
from marketplace.bidding.events import (
    BidderInvited,
    BidPlaced,
    Event,
    LotClosed,
    LotFailed,
    LotPaused,
    LotResumed,
    RoundStarted,
    RoundVoided,
)
from marketplace.bidding.model import LotState, Refusal, RefusalCode, StageView, Status
from marketplace.bidding.play import JapanesePlay
from marketplace.bidding.rules import Answer, Criterion, JapaneseClock, Rules, Scoring, Ties
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import BIDDERS, T0, Played, a_bid, nothing_is_lost

A, B, C, D = BIDDERS
OPENS, CLOSES = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
CLOCK = JapaneseClock(start=Decimal(1000), seconds=60, step=Decimal(50))
RULES = Rules("japanese", "clock", "EUR", OPENS, CLOSES, japanese=CLOCK)


def after(seconds: float) -> datetime:
    return OPENS + timedelta(seconds=seconds)


def code(decision: tuple[Event, ...] | Refusal) -> RefusalCode:
    assert isinstance(decision, Refusal), decision
    return decision.code


def stay(lot: Played, seconds: float, price: str, *bidders: OrganizationId) -> None:
    for number, bidder in enumerate(bidders):
        assert not isinstance(lot.bid(bidder, price, after(seconds + number)), Refusal)


def stage(lot: Played, bidder: OrganizationId, now: datetime) -> StageView:
    seen = engine.view(lot.state, bidder, now).stage
    assert seen is not None
    return seen


def test_textbook_all_drop_in_one_round_and_stand_joint_at_the_price_before() -> None:
    # 1,000.00: A, B, C stay, D is silent; 950.00: B (at 61 s) and A (at 62 s) stay; 900.00: nobody
    lot = Played(RULES)
    stay(lot, 1, "1000", A, B, C)
    stay(lot, 61, "950", B, A)
    lot.ring(after(180))
    assert lot.state.status is Status.CLOSED
    assert lot.state.at == after(180)  # the end of the third round, not a moment earlier
    assert lot.prices() == [(B, Decimal(950)), (A, Decimal(950)), (C, Decimal(1000))]
    assert [line.joint for line in engine.standing(lot.state)] == [True, True, False]
    assert list(engine.payments(lot.state).values()) == [Decimal(950)]
    nothing_is_lost(lot)


def test_worked_example_the_target_is_reached_in_the_round_after_which_it_ends() -> None:
    # listed prices 1,000.00, 940.00, 890.00, 800.00 with the target 900.00: 890.00 is the first at or below it
    prices = tuple(map(Decimal, ("940", "890", "800")))
    lot = Played(replace(RULES, japanese=JapaneseClock(Decimal(1000), 60, prices=prices, target=Decimal(900))))
    for seconds, price in ((0, "1000"), (60, "940"), (120, "890")):
        stay(lot, seconds, price, A, B, C)
        assert lot.state.status is Status.OPEN  # all have answered: the round still runs to its end
    lot.ring(after(180))
    assert lot.state.status is Status.CLOSED
    assert lot.prices() == [(A, Decimal(890)), (B, Decimal(890)), (C, Decimal(890))]
    assert code(lot.bid(A, "800", after(181))) is RefusalCode.LATE
    nothing_is_lost(lot)


def test_worked_example_a_void_round_is_repeated_in_full_and_its_answers_do_not_stand() -> None:
    # the round of 950.00 began at 60 s; B stays at 70 s; paused at 80 s, resumed at 200 s: it runs until 260 s
    lot = Played(RULES)
    stay(lot, 1, "1000", A, B, C)
    stay(lot, 70, "950", B)
    lot.do(Pause("storm"), after(80))
    assert lot.prices() == [(A, Decimal(1000)), (B, Decimal(1000)), (C, Decimal(1000))]
    assert stage(lot, B, after(90)) == StageView(2, Decimal(950), None, may_bid=False)
    lot.do(Resume(), after(200))
    assert stage(lot, B, after(200)) == StageView(2, Decimal(950), after(260), may_bid=True)
    stay(lot, 259, "950", B)
    assert stage(lot, B, after(259)) == StageView(2, Decimal(950), after(260), may_bid=False, answered=True)
    lot.ring(after(260))  # only B stayed: at most one is left
    assert lot.state.status is Status.CLOSED
    assert lot.prices()[0] == (B, Decimal(950))
    nothing_is_lost(lot)


def test_it_ends_when_no_more_than_announced_are_left() -> None:
    lot = Played(replace(RULES, japanese=replace(CLOCK, stop_at=2)))
    stay(lot, 1, "1000", A, B, C)
    stay(lot, 61, "950", C, A)
    lot.ring(after(120))
    assert lot.state.status is Status.CLOSED
    assert lot.prices() == [(C, Decimal(950)), (A, Decimal(950)), (B, Decimal(1000))]


def test_silence_is_final_and_so_is_leaving() -> None:
    lot = Played(RULES)
    assert not isinstance(lot.do(Leave(D, "key_leave"), after(1)), Refusal)
    assert lot.do(Leave(D, "key_leave"), after(2)) == ()
    assert code(lot.do(Leave(D, "key_other"), after(2))) is RefusalCode.OUT
    assert code(lot.bid(D, "1000", after(2))) is RefusalCode.OUT
    stay(lot, 3, "1000", A, B)
    assert code(lot.bid(C, "950", after(60))) is RefusalCode.OUT
    assert stage(lot, C, after(60)) == StageView(2, Decimal(950), after(120), may_bid=False, out=True)
    refused = lot.bid(A, "1000", after(60))
    assert isinstance(refused, Refusal)
    assert (refused.code, refused.next_admissible_price) == (RefusalCode.PRICE_MOVED, Decimal(950))
    stay(lot, 61, "950", A)
    assert code(lot.bid(A, "950", after(62))) is RefusalCode.NOT_OFFERED  # one answer a round
    nothing_is_lost(lot)


def test_who_is_invited_in_the_first_round_may_stay_and_later_comers_may_not() -> None:
    lot, early, late = Played(RULES, (A, B)), C, D
    lot.do(Invite(early), after(5))
    stay(lot, 6, "1000", A, B, early)
    lot.do(Invite(late), after(65))
    assert code(lot.bid(late, "950", after(66))) is RefusalCode.OUT
    nothing_is_lost(lot)


def test_without_any_answer_in_the_first_round_the_lot_fails_at_its_end() -> None:
    lot = Played(RULES)
    lot.ring(CLOSES)
    assert (lot.state.status, lot.state.reason, lot.state.at) == (Status.FAILED, engine.NO_BIDS, after(60))


def test_when_all_have_left_by_their_own_word_it_ends_at_once() -> None:
    lot = Played(RULES, (A, B))
    stay(lot, 1, "1000", A, B)
    lot.do(Leave(A, "a"), after(70))
    assert lot.state.status is Status.OPEN
    lot.do(Leave(B, "b"), after(71))
    assert (lot.state.status, lot.state.at) == (Status.CLOSED, after(71))
    assert lot.prices() == [(A, Decimal(1000)), (B, Decimal(1000))]


def test_no_round_begins_that_would_pass_the_close() -> None:
    lot = Played(replace(RULES, closes_at=after(150)))
    stay(lot, 1, "1000", A, B)
    stay(lot, 61, "950", A, B)
    lot.ring(after(120))
    assert (lot.state.status, lot.state.at) == (Status.CLOSED, after(120))


def test_a_repeated_round_that_would_pass_the_close_moves_it() -> None:
    lot = Played(replace(RULES, closes_at=after(60)))
    lot.do(Pause("storm"), after(50))
    lot.do(Resume(), after(100))  # the close moves by the 50 s lost to 110 s, and on to 160 s for a whole round
    assert stage(lot, A, after(100)).ends_at == lot.state.closes_at == after(160)
    stay(lot, 159, "1000", A)
    lot.ring(after(160))
    assert lot.prices() == [(A, Decimal(1000))]
    nothing_is_lost(lot)


def test_declared_qualities_are_paid_out_of_the_clocks_price() -> None:
    # the clock shows the effective cost 1,000.00; a malus of 30.00 leaves 970.00 for the bidder's own price
    scoring = Scoring((Criterion("slow", (Answer("yes", Decimal(30)), Answer("no", Decimal(0)))),))
    lot = Played(replace(RULES, scoring=scoring))
    lot.do(replace(a_bid(A, "970", "1"), answers=(("slow", "yes"),)), after(1))
    lot.do(replace(a_bid(B, "1000", "2"), answers=(("slow", "no"),)), after(2))
    assert [line.joint for line in engine.standing(lot.state)] == [True, True]
    assert stage(lot, A, after(60)) == StageView(2, Decimal(950), after(120), may_bid=True)


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(RULES, japanese=None), "/japanese"),
        (replace(RULES, japanese=replace(CLOCK, start=Decimal(0))), "/japanese/start"),
        (replace(RULES, japanese=replace(CLOCK, seconds=0)), "/japanese/seconds"),
        (replace(RULES, japanese=replace(CLOCK, seconds=3601)), "/japanese/seconds"),
        (replace(RULES, japanese=replace(CLOCK, step=None)), "/japanese/step"),
        (replace(RULES, japanese=replace(CLOCK, prices=(Decimal(900),))), "/japanese/step"),
        (replace(RULES, japanese=replace(CLOCK, step=Decimal("0.001"))), "/japanese/step"),
        (replace(RULES, japanese=replace(CLOCK, step=None, prices=(Decimal(1001),))), "/japanese/prices"),
        (replace(RULES, japanese=replace(CLOCK, step=None, prices=(Decimal(9), Decimal(9)))), "/japanese/prices"),
        (replace(RULES, japanese=replace(CLOCK, step=None, prices=(Decimal(-9),))), "/japanese/prices"),
        (replace(RULES, japanese=replace(CLOCK, stop_at=0)), "/japanese/stop_at"),
        (replace(RULES, japanese=replace(CLOCK, target=Decimal(1001))), "/japanese/target"),
        (replace(RULES, ceiling=Decimal(999)), "/ceiling"),
        (replace(RULES, ties=Ties.BANNED_AT_LEAD), "/ties"),
        (replace(RULES, visibility="rank_only"), "/visibility"),
    ],
)
def test_rules_that_cant_work_are_named(rules: Rules, pointer: str) -> None:
    assert pointer in {finding.pointer for finding in linter.lint(rules)}


def test_rules_that_work_have_no_finding() -> None:
    assert linter.lint(RULES) == ()
    assert linter.lint(replace(RULES, japanese=replace(CLOCK, step=None, prices=(Decimal(1000), Decimal(9))))) == ()


# ---- whatever bidders, clocks and pauses do

Script = list[tuple[str, int, OrganizationId]]
KINDS = ["stay"] * 8 + ["again", "wrong", "leave", "pause", "resume", "resume", "ring", "invite", "exclude"]
E = OrganizationId("org_e")
SCRIPT = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 12), st.sampled_from((*BIDDERS, E))), max_size=40)


@st.composite
def some_rules(draw: st.DrawFn) -> Rules:
    start = draw(st.integers(100, 2_000))
    step = Decimal(draw(st.integers(1, 600))) / 100
    prices: tuple[Decimal, ...] = ()
    if draw(st.booleans()):
        listed = draw(st.sets(st.integers(1, start), min_size=1, max_size=5))
        prices = tuple(Decimal(price) / 100 for price in sorted(listed, reverse=True))
    target = draw(st.none() | st.integers(1, start))
    falling = JapaneseClock(
        Decimal(start) / 100,
        draw(st.integers(5, 30)),
        step=None if prices else step,
        prices=prices,
        stop_at=draw(st.integers(1, 2)),
        target=None if target is None else Decimal(target) / 100,
    )
    return replace(RULES, closes_at=after(draw(st.integers(30, 300))), japanese=falling, longest_outage_seconds=10)


def act(lot: Played, kind: str, bidder: OrganizationId, now: datetime) -> None:
    """Let one thing happen; whoever may stay does so at the price that is shown."""
    view = engine.view(lot.state, bidder, now)
    price = view.next_admissible_price
    lot.count += 1
    mark = str(lot.count)
    if kind in {"stay", "again"}:
        shown = view.stage.price if view.stage is not None and view.stage.price is not None else Decimal(1)
        command = a_bid(bidder, price or shown, mark)
        decided = lot.do(command, now)
        assert isinstance(decided, Refusal) is (price is None)
        if kind == "again" and price is not None:
            assert lot.do(command, now) == ()
    elif kind == "wrong":
        for cent in (Decimal("-0.01"), Decimal("0.01")):
            assert isinstance(lot.do(a_bid(bidder, (price or 1) + cent, f"{mark}{cent}"), now), Refusal)
    elif kind == "leave":
        lot.do(Leave(bidder, f"leave_{mark}"), now)
    elif kind == "ring":
        lot.ring(now)
    else:
        others: dict[str, Command] = {"pause": Pause("storm"), "resume": Resume(), "invite": Invite(bidder)}
        lot.do(others.get(kind, Exclude(bidder, "suspended")), now)


def played(rules: Rules, script: Script) -> tuple[Played, datetime]:
    lot, now = Played(rules), OPENS
    for kind, seconds, bidder in script:
        now += timedelta(seconds=seconds)
        act(lot, kind, bidder, now)
    nothing_is_lost(lot)
    return lot, now


def all_go_on(lot: Played, now: datetime) -> None:
    """Play the rest of the lot with everybody staying for as long as it may."""
    lot.do(Resume(), now)
    while lot.state.status in {Status.SCHEDULED, Status.OPEN}:
        now = max(now, lot.state.opens_at)
        lot.ring(now)
        for bidder in BIDDERS:
            act(lot, "stay", bidder, now)
        if lot.state.status is Status.OPEN:
            now = play_of(lot.state).ends_at or now
            lot.ring(now)


def states(lot: Played) -> Iterator[tuple[LotState, Event, LotState]]:
    """Yield every event with the state before it and after it."""
    before = engine.replay(lot.events[:1])
    for event in lot.events[1:]:
        yield before, event, (before := engine.evolve(before, event))


def play_of(state: LotState) -> JapanesePlay:
    assert isinstance(state.play, JapanesePlay)
    return state.play


@settings(max_examples=100, deadline=None)
@given(some_rules(), SCRIPT)
def test_who_is_active_only_becomes_fewer_and_who_is_out_stays_out(rules: Rules, script: Script) -> None:
    """J1: the active set shrinks only."""
    lot, _ = played(rules, script)
    out: set[OrganizationId] = set()
    for before, event, state in states(lot):
        if before.play is None:
            continue
        was, active = set(play_of(before).active), set(play_of(state).active)
        joins = isinstance(event, BidderInvited) and play_of(before).number == 1
        assert active <= was or joins
        out |= was - active
        assert not out & active
        if isinstance(event, BidPlaced):
            assert event.bidder in was
            assert event.amount == play_of(before).price
        if isinstance(event, RoundStarted) and event.number > play_of(before).number:  # all others were told to be out
            assert all(before.standing[bidder].amount == play_of(before).price for bidder in active)


@settings(max_examples=100, deadline=None)
@given(some_rules(), SCRIPT)
def test_rounds_fall_without_a_gap_and_come_to_an_end(rules: Rules, script: Script) -> None:
    """J2: it is finite."""
    lot, now = played(rules, script)
    all_go_on(lot, now)
    rounds = [event for event in lot.events if isinstance(event, RoundStarted)]
    resumed = {event.at for event in lot.events if isinstance(event, LotResumed)}
    for before, event in pairwise(rounds):
        if event.at in resumed and event.number == before.number:
            assert event.price == before.price
        else:
            assert (event.number, event.at) == (before.number + 1, before.ends_at)
            assert before.price is not None
            assert event.price is not None
            assert event.price < before.price
    falling = rules.japanese
    assert falling is not None
    most = 1 + (len(falling.prices) if falling.step is None else int(falling.start / falling.step))
    assert rounds[-1].number <= most
    assert all(event.ends_at - event.at == timedelta(seconds=falling.seconds) for event in rounds)
    nothing_is_lost(lot)


@settings(max_examples=100, deadline=None)
@given(some_rules(), SCRIPT)
def test_it_ends_after_the_first_round_that_fulfils_a_condition(rules: Rules, script: Script) -> None:
    lot, now = played(rules, script)
    all_go_on(lot, now)
    falling = rules.japanese
    assert falling is not None
    for before, event, _ in states(lot):
        if not isinstance(event, RoundStarted | LotClosed) or before.play is None:
            continue
        play = play_of(before)
        if play.ends_at is None:
            continue  # a repeated round: nothing was decided
        stayed = [bidder for bidder in play.active if before.standing[bidder].amount == play.price]
        lower = [price for price in falling.prices if price < play.price]
        ended = falling.step is not None and play.price - falling.step < Decimal("0.01")
        ended = ended or (falling.step is None and not lower)
        ended = ended or (falling.target is not None and play.price <= falling.target)
        ended = ended or event.at + timedelta(seconds=falling.seconds) > before.closes_at
        assert isinstance(event, LotClosed) is (ended or len(stayed) <= falling.stop_at)
        assert event.at == play.ends_at or not play.active


@settings(max_examples=100, deadline=None)
@given(some_rules(), SCRIPT)
def test_the_last_price_accepted_in_a_round_that_was_not_void_stands(rules: Rules, script: Script) -> None:
    lot, _ = played(rules, script)
    stands: dict[OrganizationId, Decimal] = {}
    before_round = dict(stands)
    for _, event, state in states(lot):
        if isinstance(event, RoundStarted):
            before_round = dict(stands)
        elif isinstance(event, RoundVoided):
            stands = dict(before_round)
        elif isinstance(event, BidPlaced):
            assert event.amount is not None
            assert event.amount < stands.get(event.bidder, event.amount + 1)  # a standing price never rises
            stands[event.bidder] = event.amount
        for gone in state.excluded:
            stands.pop(gone, None)
            before_round.pop(gone, None)
        assert {bidder: bid.amount for bidder, bid in state.standing.items()} == stands
    if lot.state.status is Status.FAILED:
        assert not stands
        assert isinstance(lot.events[-1], LotFailed)


@settings(max_examples=100, deadline=None)
@given(some_rules(), SCRIPT, st.integers(0, 1_000), st.booleans())
def test_an_interrupted_round_is_void_and_repeated_in_full(
    rules: Rules,
    script: Script,
    lost: int,
    outage: bool,  # noqa: FBT001 - given by hypothesis
) -> None:
    """J3: after an outage the interrupted round is void and repeated."""
    lot, now = played(rules, script)
    lot.do(Resume(), now)
    lot.ring(now)
    if lot.state.status is not Status.OPEN:
        return
    before, began = lot.state, lot.happened(RoundStarted)[-1]
    at_start = next(state for _, event, state in states(lot) if event is began)
    ended = now + timedelta(seconds=lost)
    interrupted = lot.do(ReportOutage(now, ended) if outage else Pause("storm"), ended if outage else now)
    if interrupted == ():  # too short an outage
        return
    assert isinstance(interrupted, tuple)
    assert [type(event) for event in interrupted] == [LotPaused, RoundVoided]
    assert play_of(lot.state).active == play_of(before).active
    kept = {bidder: bid for bidder, bid in at_start.standing.items() if bidder not in lot.state.excluded}
    assert dict(lot.state.standing) == kept
    nothing_is_lost(lot)
    lot.do(Resume(), ended)
    again = lot.happened(RoundStarted)[-1]
    assert isinstance(again, RoundStarted)
    assert isinstance(began, RoundStarted)
    assert (again.number, again.price) == (began.number, began.price)
    assert rules.japanese is not None
    assert again.ends_at - again.at == timedelta(seconds=rules.japanese.seconds)
    assert again.ends_at <= lot.state.closes_at
    assert all(stage(lot, bidder, ended).may_bid for bidder in play_of(before).active)
    nothing_is_lost(lot)


@settings(max_examples=60, deadline=None)
@given(some_rules(), SCRIPT)
def test_a_late_look_at_the_clock_gives_the_same_as_a_punctual_one(rules: Rules, script: Script) -> None:
    late, now = played(rules, script)
    punctual, at = Played(rules), OPENS
    for kind, seconds, bidder in script:
        for _ in range(seconds):
            at += timedelta(seconds=1)
            punctual.ring(at)
        act(punctual, kind, bidder, at)
    late.ring(now)
    punctual.ring(at)
    assert late.events == punctual.events


@settings(max_examples=60, deadline=None)
@given(some_rules(), SCRIPT)
def test_what_the_others_do_shows_in_nothing_but_the_end(rules: Rules, script: Script) -> None:
    alone, among, now = Played(rules), Played(rules), OPENS
    for kind, seconds, bidder in script:
        now += timedelta(seconds=seconds)
        act(among, kind, bidder, now)
        others = bidder != A and kind not in {"pause", "resume", "ring"}
        act(alone, "ring" if others else kind, bidder, now)
        among.ring(now)
        alone.ring(now)
        running = {Status.OPEN, Status.PAUSED}
        if not {among.state.status, alone.state.status} <= running:
            return
        assert engine.view(among.state, A, now) == engine.view(alone.state, A, now)
