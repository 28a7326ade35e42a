"""Attacks on auctions that worked once, or would if a rule were forgotten; and random markets under random rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.bidding import commands as ask
from marketplace.bidding import engine, linter
from marketplace.bidding.events import BidderInvited, BidPlaced, LotExtended, LotPaused, RoundVoided, event_from
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.model import BidderView, LotState, Refusal, RefusalCode, Status
from marketplace.bidding.play import JapanesePlay
from marketplace.bidding.rules import (
    Answer,
    Base,
    Criterion,
    Decrement,
    DecrementKind,
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
from marketplace.bidding.stored import LotHead, head_of
from marketplace.bidding.visibility import alias
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import (
    CLOSES,
    ENGLISH,
    EXAMPLES,
    OPENS,
    SEALED,
    A,
    B,
    C,
    D,
    at,
    fixed,
    limit,
    offer,
    opening,
    refused,
)
from tests.counted import calls

FAST = (("speed", "fast"),)
SOFT = SoftClose(1_800, 60, most_extensions=3)
CALM = replace(fixed(ENGLISH, "1"), ceiling=Decimal(1000))
PROXIES = replace(fixed(ENGLISH, "1"), proxy=True, ceiling=Decimal(150))
RUNNING = {Status.SCHEDULED, Status.OPEN, Status.PAUSED}


# ---- what an attacker would learn


def test_a_dry_run_does_not_drive_a_rivals_proxy_to_its_limit_and_show_it() -> None:
    lot = Played(replace(PROXIES, disclosed=(Option.ALL_PRICES,)))
    lot.do(limit(A, "61.37", 1), at(1))
    dry = [engine.validate(lot.state, offer(B, price, price), at(2)) for price in ("10", "61.36", "61.38", "140")]
    assert "61.37" not in repr(dry)
    assert len({(view.rank, view.lead_price, view.prices) for view in dry if isinstance(view, BidderView)}) == 1


def test_an_extension_tells_no_place_inside_a_colour() -> None:
    """From yellow to yellow: with a trigger at the third place, passing the one at the second moved the close."""
    light = replace(CALM, visibility="traffic_light", soft_close=replace(SOFT, trigger_rank=3))
    assert [item.pointer for item in linter.errors(light)] == ["/soft_close/trigger_rank"]
    assert linter.errors(linter.mended(light)) == ()
    told = set()
    for rival in ("500", "300"):
        lot = Played(linter.mended(light))
        for bidder, price in ((B, "100"), (C, rival), (A, "600")):
            lot.bid(bidder, price, at(10))
        lot.bid(A, "400", at(40))
        told.add(engine.view(lot.state, A, at(40))._replace(rules_hash=""))
    assert len(told) == 1


@pytest.mark.parametrize("visibility", ["rank_only", "traffic_light"])
def test_a_late_first_bid_does_not_learn_from_the_close_whether_it_is_alone(visibility: str) -> None:
    told = set()
    for others in ((), ((B, "900"),)):
        lot = Played(replace(CALM, visibility=visibility, soft_close=SOFT))
        for bidder, price in others:
            lot.bid(bidder, price, at(10))
        lot.do(offer(A, "400", "first"), at(40))
        told.add(engine.view(lot.state, A, at(40)))
    assert len(told) == 1


HIDDEN = {
    "blind": replace(CALM, visibility="blind", final_offers=FinalOffers()),
    "rank_only": replace(CALM, visibility="rank_only", soft_close=replace(SOFT, trigger_rank=2)),
    "traffic_light": replace(CALM, visibility="traffic_light", soft_close=SOFT),
    "sealed": replace(SEALED, ceiling=Decimal(1000), final_offers=FinalOffers()),
    "dutch": replace(
        SEALED,
        format="dutch",
        visibility="clock",
        ceiling=Decimal(100),
        dutch=DutchClock(Decimal(50), Decimal(1), 60, 9),
    ),
    "first bids before turns": EXAMPLES["three_rounds open"],
}
amounts = st.integers(1, 1000).map(Decimal)
own_move = st.tuples(
    st.sampled_from(["bid", "bid", "hint", "withdraw", "leave", "limit", "pause", "resume", "dry"]),
    amounts,
    st.sampled_from([0, 60, 300, 900]),
)
rivals_moves = st.lists(
    st.tuples(st.sampled_from(["bid", "bid", "hint", "withdraw", "limit"]), st.sampled_from(BIDDERS[1:]), amounts),
    max_size=3,
)


def moved(lot: Played, move: tuple[str, OrganizationId, Decimal], now: datetime, mark: str) -> object:
    """Let a bidder do something; return all that it is answered, but for the number of its event."""
    kind, bidder, amount = move
    view = engine.view(lot.state, bidder, now)
    price = view.next_admissible_price if kind == "hint" and view.next_admissible_price is not None else amount
    if kind == "dry":
        return engine.validate(lot.state, offer(bidder, price, mark), now)
    own = view.own.bid_id if view.own is not None else BidId("none")
    commands: dict[str, ask.Command] = {
        "withdraw": ask.WithdrawBid(bidder, own, f"k_{mark}", "a slip"),
        "leave": ask.Leave(bidder, f"k_{mark}"),
        "limit": limit(bidder, amount, mark),
        "pause": ask.Pause("storm"),
        "resume": ask.Resume(),
    }
    decided = lot.do(commands.get(kind, offer(bidder, price, mark)), now)
    if isinstance(decided, Refusal):
        return decided
    receipt = engine.receipt(lot.state, bidder, f"k_{mark}")
    extended = any(isinstance(event, LotExtended) for event in decided)
    return extended, None if receipt is None else receipt._replace(sequence=0)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(HIDDEN)), st.lists(st.tuples(own_move, rivals_moves, rivals_moves), max_size=7))
def test_two_worlds_with_other_rivals_answer_a_bidder_alike_as_long_as_its_rank_is(
    code: str,
    story: list[
        tuple[
            tuple[str, Decimal, int],
            list[tuple[str, OrganizationId, Decimal]],
            list[tuple[str, OrganizationId, Decimal]],
        ]
    ],
) -> None:
    lots, now = (Played(HIDDEN[code]), Played(HIDDEN[code])), OPENS
    for number, ((kind, amount, seconds), *worlds) in enumerate(story):
        now += timedelta(seconds=seconds)
        for lot, rivals in zip(lots, worlds, strict=True):
            for index, move in enumerate(rivals):
                moved(lot, move, now, f"{move[1]}_{number}_{index}")
        if not alike(lots, now):
            return
        answers = [moved(lot, (kind, A, amount), now, f"own_{number}") for lot in lots]
        if not alike(lots, now):
            return
        assert answers[0] == answers[1]


def alike(lots: Sequence[Played], now: datetime) -> bool:
    """Assert that A sees the same, unless it is shown another place, all are told another close, or the lot ended."""
    here, there = (engine.view(lot.state, A, now) for lot in lots)
    rounds = any(view.stage is not None and view.stage.number and view.stage.price is None for view in (here, there))
    if {here.status, there.status} - RUNNING or here.closes_at != there.closes_at or rounds:
        return False
    if (here.rank, here.light) != (there.rank, there.light):
        return False
    assert here == there
    return True


def test_an_alias_does_not_follow_from_the_ids_of_lot_and_bidder() -> None:
    rules = replace(CALM, disclosed=(Option.ALL_PRICES,))
    names = set()
    for secret in ("", "one", "two"):
        (scheduled,) = engine.schedule(LotId("lot_1"), rules, (A,), OPENS, secret)
        state = engine.replay((event_from(scheduled.type, codec.dump(scheduled)),))
        assert codec.load(LotHead, codec.dump(head_of(state))).secret == secret
        names.add(alias(state, A))
    assert len(names) == 3


# ---- what an attacker would break


def test_who_leaves_gives_a_key() -> None:
    lot = Played(EXAMPLES["japanese clock"])
    assert refused(lot.do(ask.Leave(A, ""), at(1))) is RefusalCode.NOT_OFFERED
    assert refused(lot.do(ask.Leave(A, "k"), at(1))) is None


def test_a_bidder_that_guesses_its_proxys_next_key_stops_nobody() -> None:
    """Keys are unique per lot and bidder in the database: a rival's bid that the proxy answers would have failed."""
    lot = Played(PROXIES)
    lot.do(limit(A, "50", "a"), at(1))
    assert refused(lot.do(replace(offer(A, "140", "z"), key="proxy limit_a.3"), at(2))) is None
    assert refused(lot.bid(B, "120", at(3))) is None
    keys = [(event.bidder, event.key) for event in lot.events if isinstance(event, BidPlaced)]
    assert len(set(keys)) == len(keys)
    nothing_is_lost(lot)


def test_what_a_proxy_places_is_in_whole_cents() -> None:
    lot = Played(PROXIES)
    lot.do(limit(A, "50", "a"), at(1))
    assert [str(event.amount) for event in lot.events if isinstance(event, BidPlaced)] == ["150.00"]


def test_a_proxy_whose_validity_ended_does_not_take_a_bid_by_hand_down_with_it() -> None:
    rules = replace(PROXIES, closes_at=CLOSES + timedelta(days=3))
    lot = Played(rules)
    lot.do(offer(A, "100", "hand", valid_until=date(2026, 3, 20)), at(1))
    lot.do(replace(limit(A, "60", "low"), valid_until=OPENS.date()), at(2))
    tomorrow = at(2) + timedelta(days=1)
    assert refused(lot.bid(B, "90", tomorrow)) is None
    lot.ring(tomorrow)
    assert lot.prices() == [(B, Decimal(90)), (A, Decimal(100))]


def test_points_of_the_others_follow_when_the_cheapest_seals_a_last_offer() -> None:
    """K1: what lies in the database is weighed against the prices that are known, and so is the lot in memory."""
    criteria = (Criterion("speed", (Answer("fast", Decimal(0)), Answer("slow", Decimal(5)))),)
    rules = replace(SEALED, scoring=Scoring(criteria, ScoringKind.RELATIVE_POINTS), final_offers=FinalOffers())
    lot = Played(rules)
    inside = {BidId(f"bid_{who}"): (price, Decimal(0)) for who, price in ((A, Decimal(100)), (B, Decimal(120)))}
    for who, price in ((A, "100"), (B, "120")):
        assert refused(lot.do(offer(who, price, who, quality=FAST), at(1))) is None
    lot.ring(CLOSES)
    lot.do(opening(lot.state, inside), CLOSES)
    lot.do(ask.CallFinalOffers((A, B), at(90), "both"), at(62))
    assert refused(lot.do(offer(A, "99", "last", quality=FAST), at(63))) is None
    nothing_is_lost(lot)


def test_a_last_round_after_a_second_price_still_pays_the_second_price() -> None:
    rules = replace(SEALED, format="sealed_second_price", ceiling=Decimal(300), final_offers=FinalOffers())
    lot = Played(rules)
    inside = {BidId(f"bid_{mark}"): (Decimal(price), Decimal(0)) for mark, price in ((A, 100), (B, 120), ("last", 90))}
    for who, price in ((A, "100"), (B, "120")):
        lot.do(offer(who, price, who), at(1))
    lot.ring(CLOSES)
    lot.do(opening(lot.state, {bid: inside[bid] for bid in inside if bid != BidId("bid_last")}), CLOSES)
    lot.do(ask.CallFinalOffers((A, B), at(90), "both"), at(62))
    lot.do(offer(A, "90", "last"), at(63))
    lot.ring(at(90))
    sealed = [bid.bid_id for bid in lot.state.standing.values() if bid.amount is None]
    lot.do(ask.OpenBids(tuple(ask.OpenedPrice(bid, *inside[bid]) for bid in sealed)), at(90))
    assert engine.payments(lot.state) == {BidId("bid_last"): Decimal(120)}


@pytest.mark.parametrize("rung", [False, True])
def test_an_outage_over_the_opening_pauses_from_the_opening_and_nobody_is_out_for_it(*, rung: bool) -> None:
    """J3: all would have left the first round by their silence, and the lot would have failed."""
    lot = Played(replace(EXAMPLES["japanese clock"], longest_outage_seconds=60))
    if rung:
        lot.ring(at(0))
    lot.do(ask.ReportOutage(at(-5), at(10)), at(10))
    assert [event.at for event in lot.happened(LotPaused, RoundVoided)] == [at(0), at(0)]
    lot.do(ask.Resume(), at(12))
    assert refused(lot.bid(A, "280", at(13))) is None
    nothing_is_lost(lot)


def test_an_outage_until_shortly_after_the_opening_is_too_short_to_pause() -> None:
    lot = Played(replace(EXAMPLES["japanese clock"], longest_outage_seconds=600))
    assert lot.do(ask.ReportOutage(at(-60), at(5)), at(5)) == ()
    assert refused(lot.do(ask.ReportOutage(at(200), at(300)), at(5))) is None
    assert lot.state.status is Status.SCHEDULED


def test_who_left_the_first_round_does_not_come_back_by_a_new_invitation() -> None:
    """J1."""
    lot = Played(EXAMPLES["japanese clock"])
    lot.do(ask.Leave(A, "gone"), at(1))
    lot.do(ask.Exclude(A, "suspended"), at(1))
    lot.do(ask.Pause("storm"), at(2))
    lot.do(ask.Resume(), at(3))
    lot.do(ask.Invite(A), at(3))
    lot.do(ask.Invite(OrganizationId("org_new")), at(3))
    assert isinstance(lot.state.play, JapanesePlay)
    assert lot.happened(BidderInvited)
    assert lot.state.play.active == (B, C, D, "org_new")
    assert refused(lot.bid(A, "280", at(4))) is RefusalCode.OUT
    nothing_is_lost(lot)


def test_a_clock_names_no_price_that_the_ceiling_refuses() -> None:
    """A bonus is paid on top of the clock's price: at the top of a Dutch clock that is more than the ceiling."""
    bonus = Scoring((Criterion("speed", (Answer("fast", Decimal(-5)), Answer("slow", Decimal(0)))),))
    lot = Played(replace(HIDDEN["dutch"], scoring=bonus))
    refusal = lot.do(offer(A, "1", 1, quality=FAST), at(59))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.next_admissible_price) == (RefusalCode.PRICE_MOVED, None)


@pytest.mark.parametrize(
    "rules",
    [
        replace(ENGLISH, soft_close=replace(SOFT, extension_seconds=10**15)),
        replace(EXAMPLES["japanese clock"], japanese=JapaneseClock(Decimal(280), 10**15, Decimal(1))),
        replace(EXAMPLES["dutch clock"], dutch=DutchClock(Decimal(20), Decimal(1), 10**15)),
        replace(EXAMPLES["three_rounds open"], turns=Turns(CLOSES, turn_seconds=10**15)),
        replace(EXAMPLES["three_rounds open"], turns=Turns(CLOSES, rounds=10**6)),
    ],
    ids=["extension", "japanese", "dutch", "turn", "rounds"],
)
def test_times_that_no_calendar_has_are_refused_and_mended(rules: Rules) -> None:
    assert len(linter.errors(rules)) == 1
    assert not any(item.reason.endswith("beyond reason") for item in linter.errors(linter.mended(rules)))


@pytest.mark.parametrize("span", [timedelta(days=2), timedelta(days=365)])
def test_what_was_due_for_ages_costs_no_more_than_what_is_due_for_days(span: timedelta) -> None:
    """A list of a million rounds, a clock of a year in seconds, and rounds of turns that nobody looked at."""
    year = OPENS + span
    falling = JapaneseClock(Decimal(9_999_999), 1, Decimal("0.01"))
    rising = DutchClock(Decimal("0.01"), Decimal("0.01"), 1)
    turns = replace(EXAMPLES["three_rounds open"], turns=Turns(CLOSES, rounds=100, turn_seconds=1))
    many = [OrganizationId(f"org_{number}") for number in range(100)]
    lots = (
        Played(replace(SEALED, format="japanese", visibility="clock", closes_at=year, japanese=falling), many * 20),
        Played(replace(HIDDEN["dutch"], ceiling=Decimal(999_999), closes_at=year, dutch=rising)),
        Played(turns, many),
    )
    for index, bidder in enumerate(many):
        lots[2].bid(bidder, Decimal(200 + index), at(1))
    falling_calls, rising_calls, turning_calls = (calls(partial(engine.view, lot.state, A, year)) for lot in lots)
    assert falling_calls < 20_000
    assert rising_calls < 1_000
    assert turning_calls < 300 * 100 * 100  # rounds and bidders


# ---- examples from textbooks and running systems, computed by hand


def test_a_close_by_receipt_moves_twice_and_stops_hard() -> None:
    """W = 120, L = 300 from receipt, two extensions, hard stop 400 s behind: seconds are counted from the close."""
    stop = CLOSES + timedelta(seconds=400)
    lot = Played(replace(fixed(ENGLISH, "1"), soft_close=SoftClose(120, 300, 1, ExtensionBase.RECEIPT, 2, stop)))
    lot.bid(A, "100", at(1))
    moves = (
        (B, "99", -121, 0),  # before the window
        (A, "98", -119, 181),
        (A, "97", -60, 181),  # the leader improves itself
        (B, "96", 175, 400),  # 475, but for the hard stop
        (A, "95", 399, 400),  # the third
    )
    for bidder, price, second, close in moves:
        assert refused(lot.bid(bidder, price, CLOSES + timedelta(seconds=second))) is None
        assert lot.state.closes_at == CLOSES + timedelta(seconds=close)
    assert refused(lot.bid(B, "94", stop)) is RefusalCode.LATE


@pytest.mark.parametrize(
    ("moves", "standing"),
    [
        ("limit A 60, limit B 60", "A 60, B 60"),
        ("limit A 60, limit B 58", "B 58, A 60"),  # less than a step apart
        ("limit A 60, bid B 62", "A 60, B 62"),
        ("limit A 60, bid B 60", "B 60, A 60"),  # the earlier price stands better
        ("limit A 60, bid A 100, bid B 99", "A 94, B 99"),
        ("bid A 100, limit A 100, bid B 90", "B 90, A 100"),
        ("limit A 60, bid B 100, bid A 50, bid B 49", "B 49, A 50"),
        ("limit A 60, limit B 80, limit A 40, limit B 50", "A 45, B 50"),
    ],
)
def test_proxies_with_a_step_of_5_below_150(moves: str, standing: str) -> None:
    lot = Played(replace(PROXIES, decrement=Decrement(DecrementKind.ABSOLUTE, Decimal(5))))
    for number, (kind, name, price) in enumerate(move.split() for move in moves.split(", ")):
        bidder = {"A": A, "B": B}[name]
        if kind == "limit":
            lot.do(limit(bidder, price, number), at(number + 1))
        else:
            lot.bid(bidder, price, at(number + 1))
    assert ", ".join(f"{who[-1].upper()} {price:.0f}" for who, price in lot.prices()) == standing


def test_a_challenger_keeps_off_the_lead_by_the_buffer_and_the_leader_goes_down_by_the_step() -> None:
    lot = Played(replace(fixed(ENGLISH, "5"), lead_buffer=Decimal(20)))
    moves = (
        (A, "100", True),
        (B, "90", False),
        (B, "80.01", False),
        (B, "80", True),
        (B, "76", False),
        (B, "75", True),
    )
    for number, (bidder, price, taken) in enumerate(moves, start=1):
        assert (refused(lot.bid(bidder, price, at(number))) is None) is taken
    lot.bid(A, "75", at(9))
    assert [(line.bidder, line.rank, line.joint) for line in engine.standing(lot.state)] == [(B, 1, True), (A, 2, True)]


# ---- random rules, random markets

money = st.sampled_from(
    [Decimal(text) for text in ("0.01", "0.03", "1", "7.77", "10.2", "99.99", "250", "999999999999.99")]
)
odd = st.sampled_from(
    [
        Decimal(text)
        for text in ("5", "60", "100", "99999", "NaN", "sNaN", "-0", "Infinity", "1E+2", "100.000", "1E+12", "-3")
    ]
)
steps = st.builds(Decrement, st.just(DecrementKind.ABSOLUTE), money) | st.builds(
    Decrement,
    st.just(DecrementKind.PERCENT),
    st.sampled_from([Decimal("0.001"), Decimal("33.333333"), Decimal("99.9")]),
)
worths = st.lists(
    st.sampled_from([Decimal(text) for text in ("0", "-5", "7.5", "-99.99", "1000")]), min_size=2, max_size=3
)
scorings = st.builds(
    lambda malus, kind: Scoring((Criterion("c", tuple(Answer(f"a{i}", one) for i, one in enumerate(malus))),), kind),
    worths,
    st.sampled_from(ScoringKind),
)
softs = st.builds(
    SoftClose,
    st.sampled_from([30, 600, 86_400]),
    st.sampled_from([30, 300]),
    st.none() | st.integers(1, 4),
    st.sampled_from(ExtensionBase),
    st.none() | st.integers(1, 3),
    st.none() | st.sampled_from([CLOSES + timedelta(seconds=100)]),
)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45)), timezone(timedelta(hours=-11))])


@st.composite
def announced(draw: st.DrawFn) -> Rules:
    """Draw any rules that lint clean, of every format and visibility, with times in any zone."""
    code, zone = draw(st.sampled_from(sorted(FORMATS))), draw(zones)
    parts: dict[str, dict[str, Any]] = {
        "dutch": {"dutch": draw(st.builds(DutchClock, money, money, st.sampled_from([1, 300]), st.integers(1, 3)))},
        "japanese": {"japanese": JapaneseClock(draw(money), draw(st.sampled_from([1, 240])), draw(money))},
        "three_rounds": {"turns": Turns(CLOSES, draw(st.integers(1, 3)), 0, 60, draw(st.sampled_from([1, 120])))},
    }
    rules = Rules(
        code,
        draw(st.sampled_from(sorted(FORMATS[code].visibilities))),
        "EUR",
        OPENS.astimezone(zone),
        CLOSES.astimezone(zone),
        ceiling=draw(st.none() | money),
        decrement=draw(steps) if FORMATS[code].steps else None,
        base=draw(st.sampled_from(Base)),
        lead_buffer=draw(st.none() | money),
        largest_change=draw(st.none() | steps),
        ties=draw(st.sampled_from(Ties)),
        proxy=draw(st.booleans()),
        soft_close=draw(st.none() | softs),
        scoring=draw(st.none() | scorings),
        disclosed=tuple(draw(st.sets(st.sampled_from(Option)))),
        starting_gate=draw(st.booleans()),
        longest_outage_seconds=draw(st.none() | st.just(300)),
        final_offers=draw(st.none() | st.builds(FinalOffers, st.booleans())),
        **parts.get(code, {}),
    )
    rules = linter.mended(rules)
    assume(not linter.errors(rules))
    return rules


KINDS = (
    ["bid"] * 6 + ["hint"] * 8 + ["limit"] * 3 + ["pause", "resume", "outage", "extend", "exclude", "invite", "leave"]
)
KINDS += ["withdraw", "grant", "open", "call", "award", "return", "repeat", "other"]
scripts = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(BIDDERS),
        odd | money,
        st.sampled_from([0, 1, 59, 60, 61, 240, 600, 1800, 3600, 86_400, -30, -3000]),
        st.integers(0, 5),
    ),
    max_size=30,
)


class Story:
    """One lot under a script; what is inside its sealed bids; what was accepted."""

    def __init__(self, rules: Rules) -> None:
        self.lot, self.now, self.rules = Played(rules), OPENS, rules
        self.inside: dict[BidId, tuple[Decimal, Decimal]] = {}
        self.taken: list[ask.PlaceBid] = []

    def open(self) -> ask.OpenBids:
        sealed = (bid.bid_id for bid in self.lot.state.standing.values() if bid.amount is None)
        return ask.OpenBids(tuple(ask.OpenedPrice(bid_id, *self.inside[bid_id]) for bid_id in sealed))

    def command(self, kind: str, bidder: OrganizationId, amount: Decimal, number: int, mark: str) -> ask.Command | None:
        """Return what is asked; None where there is nothing to ask it of."""
        state = self.lot.state
        own = state.standing.get(bidder)
        taken = self.taken[number % len(self.taken)] if self.taken else None
        commands: dict[str, ask.Command | None] = {
            "limit": replace(limit(bidder, amount, mark), answers=self.quality(number)[0]),
            "pause": ask.Pause("storm"),
            "resume": ask.Resume(),
            "outage": ask.ReportOutage(self.now - timedelta(seconds=number * 400), self.now),
            "extend": ask.Extend(state.closes_at + timedelta(seconds=(number - 1) * 100)),
            "exclude": ask.Exclude(bidder, "suspended"),
            "invite": ask.Invite(bidder),
            "leave": ask.Leave(bidder, f"k_{mark}"),
            "withdraw": ask.WithdrawBid(bidder, own.bid_id, f"k_{mark}", "slip" * (number % 2)) if own else None,
            "grant": ask.DecideWithdrawal(min(state.withdrawals), number > 1, "checked") if state.withdrawals else None,
            "open": self.open(),
            "call": ask.CallFinalOffers(
                tuple(who for who, _ in self.lot.prices())[: 1 + number % 3], self.now + timedelta(minutes=9), "best"
            ),
            "award": ask.MarkAwarded(own.bid_id) if own else None,
            "return": ask.Return("terms refused"),
            "repeat": taken,
            "other": ask.Leave(taken.bidder, taken.key) if taken else None,
        }
        if kind in commands:
            return commands[kind]
        answers, malus = self.quality(number)
        view = engine.view(state, bidder, self.now)
        if kind == "hint" and view.next_admissible_price is not None:
            amount = view.next_admissible_price + view.malus - malus
        valid = (None, date(2026, 3, 2), date(2026, 3, 9))[number % 3]
        bid = offer(bidder, amount, mark, quality=answers, confirmed=number > 1, valid_until=valid)
        self.inside[bid.bid_id] = amount, malus
        return bid

    def quality(self, number: int) -> tuple[ask.Answers, Decimal]:
        if self.rules.scoring is None:
            return (), Decimal(0)
        (criterion,) = self.rules.scoring.criteria
        answer = criterion.answers[number % len(criterion.answers)]
        return ((criterion.code, answer.code),), answer.malus

    def do(self, kind: str, command: ask.Command) -> None:
        before = self.lot.state
        decided = self.lot.do(command, self.now)
        if isinstance(decided, Refusal):
            assert kind != "repeat"
            if isinstance(command, ask.PlaceBid):
                self.check_hint(command, decided)
            return
        self.check(before, decided)
        assert kind != "other"
        assert kind != "repeat" or decided == ()  # K5
        if isinstance(command, ask.PlaceBid) and decided:
            self.taken.append(command)

    def check_hint(self, bid: ask.PlaceBid, refusal: Refusal) -> None:
        """What a refusal names is taken, and a cent more is not."""
        price = refusal.next_admissible_price
        if price is not None and bid.amount.is_finite():
            asked = (replace(bid, amount=one, confirmed=True) for one in (price, price + Decimal("0.01")))
            taken, dearer = (engine.outcome(self.lot.state, one, self.now) for one in asked)
            assert not isinstance(taken, Refusal)
            assert isinstance(dearer, Refusal)

    def check(self, before: LotState, events: Sequence[object]) -> None:
        state = before
        for event in self.lot.events[before.sequence :]:
            after = engine.evolve(state, event)
            assert event.at >= state.at
            if state.status in RUNNING and after.status in RUNNING:
                assert after.closes_at >= state.closes_at  # X1
            if isinstance(event, BidPlaced):
                assert state.status is Status.OPEN
                assert event.at < state.closes_at or self.rules.turns is not None  # K2
                assert event.amount is None or event.amount.as_tuple().exponent == -2
                was = state.standing.get(event.bidder)
                if (
                    was is not None
                    and None not in {was.amount, event.amount}
                    and not FORMATS[self.rules.format].replaces_freely
                ):
                    assert after.standing[event.bidder].cost < was.cost  # K3
            state = after
        assert state == self.lot.state
        assert len(self.lot.events) == before.sequence + len(events)

    def finish(self) -> None:
        """Let everything end that runs, open what is sealed."""
        for _ in range(4):
            self.do("", ask.Resume())
            self.now = max(self.now, self.lot.state.closes_at, self.lot.state.at)
            before = self.lot.state
            self.check(before, self.lot.ring(self.now))
            self.do("", self.open())


@settings(max_examples=250, deadline=None)
@given(announced(), scripts)
def test_whatever_lints_clean_plays_to_its_end_and_replays_identically(
    rules: Rules, script: list[tuple[str, OrganizationId, Decimal, int, int]]
) -> None:
    story = Story(rules)
    for place, (kind, bidder, amount, seconds, number) in enumerate(script):
        story.now += timedelta(seconds=seconds)  # also backwards
        command = story.command(kind, bidder, amount, number, str(place))
        if command is not None:
            story.do(kind, command)
    story.finish()
    state = story.lot.state
    assert state.status in {Status.CLOSED, Status.FAILED, Status.AWARDED}
    if state.ladder:
        assert state.opened
        assert next(iter(engine.payments(state))) == engine.standing(state)[0].bid_id  # K7
    nothing_is_lost(story.lot)  # K1
