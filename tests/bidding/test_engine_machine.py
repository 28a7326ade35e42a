"""Random markets against a naive model: what must hold after every step, whatever the formats and the clock do.

A failure prints the blob that repeats it (``@reproduce_failure``); ``pytest --hypothesis-seed=N`` repeats a whole run.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from marketplace.bidding import commands as ask
from marketplace.bidding import engine, stored
from marketplace.bidding import events as told
from marketplace.bidding.model import LotState, Refusal, Status
from marketplace.bidding.rules import Decrement, DecrementKind, Option, Rules, SoftClose, Ties
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost, rows_of
from tests.bidding.markets import CLOSES, ENGLISH, EXAMPLES, OPENS

STRANGER = OrganizationId("org_z")
ONE_PERCENT = Decrement(DecrementKind.PERCENT, Decimal(1))
SNIPED = SoftClose(1_200, 300, trigger_rank=2, hard_stop=CLOSES + timedelta(minutes=12))
WATCHED = replace(ENGLISH, decrement=ONE_PERCENT, ceiling=Decimal(300), longest_outage_seconds=300)
MARKETS = (
    *EXAMPLES.values(),
    replace(WATCHED, soft_close=SNIPED, ties=Ties.BANNED, disclosed=(Option.ALL_PRICES,)),
    replace(WATCHED, soft_close=replace(SNIPED, trigger_rank=None, most_extensions=2), proxy=True),
)
MOVES = {
    Status.SCHEDULED: {Status.OPEN, Status.CANCELLED},
    Status.OPEN: {Status.PAUSED, Status.CLOSED, Status.CANCELLED},
    Status.PAUSED: {Status.OPEN, Status.CANCELLED},
    Status.CLOSED: {Status.OPEN, Status.AWARDED, Status.FAILED, Status.CANCELLED},
    Status.AWARDED: {Status.CLOSED},
    Status.FAILED: set(),
    Status.CANCELLED: set(),
}

Bid = tuple[OrganizationId, int, bool, date | None]
BIDS = st.tuples(
    st.sampled_from((*BIDDERS[:3], *BIDDERS[:3], STRANGER)),
    st.integers(1, 30_000),
    st.sampled_from([True, True, False]),
    st.sampled_from([None, None, date(2026, 3, 2), date(2026, 3, 3)]),
)
"""Who, how much in cents, or rather what its view says is taken, and until when."""
SELDOM = st.sampled_from([False] * 7 + [True])
"""For what would end a lot too soon to see much of it."""


class Naive:
    """What a lot's events mean, as simply as it can be said: each bidder's bids, newest last."""

    def __init__(self) -> None:
        self.bids: dict[OrganizationId, list[list[Any]]] = {}
        self.count = 0

    def hear(self, event: told.Event) -> None:
        """Take in one event. A bid is ``[amount, time, number, id]``."""
        self.count += 1
        match event:
            case told.BidPlaced():
                self.bids.setdefault(event.bidder, []).append([event.amount, event.at, self.count, event.bid_id])
            case told.BidWithdrawn() | told.BidderExcluded():
                self.bids.pop(event.bidder, None)
            case told.BidRetracted():
                self.bids = {who: [bid for bid in own if bid[3] != event.bid_id] for who, own in self.bids.items()}
            case told.BidExpired():
                self.bids = {who: own for who, own in self.bids.items() if own and own[-1][3] != event.bid_id}
            case told.LotReturned():
                self.bids = {who: own for who, own in self.bids.items() if own and own[-1][3] not in event.dropped}
            case told.BidsOpened():
                inside = {opened.bid_id: opened.amount for opened in event.prices}
                for bid in (bid for own in self.bids.values() for bid in own):
                    bid[0] = inside.get(bid[3], bid[0])
            case _:
                pass

    def void(self, price: Decimal) -> None:
        """Forget the bids of a falling clock's round that was interrupted."""
        self.bids = {who: [bid for bid in own if bid[0] != price] for who, own in self.bids.items()}

    def standing(self) -> list[tuple[OrganizationId, Decimal]]:
        """Return who stands at what known price, best first: by price, time, number."""
        last = {who: own[-1] for who, own in self.bids.items() if own and own[-1][0] is not None}
        return [(who, bid[0]) for who, bid in sorted(last.items(), key=lambda item: item[1][:3])]


class Market(RuleBasedStateMachine):
    @initialize(
        several=st.lists(st.sampled_from(MARKETS), min_size=1, max_size=3),
        early=st.sampled_from([-30, 1, 40]),
        first=st.lists(BIDS, min_size=4, max_size=10),
    )
    def announce(self, several: list[Rules], early: int, first: list[Bid]) -> None:
        self.now, self.count, self.prices = OPENS + timedelta(minutes=early), 0, dict[BidId, Decimal]()
        self.lots = [Played(rules, BIDDERS[:3]) for rules in several]
        self.naive = [Naive() for _ in several]
        self.accepted: list[tuple[Played, ask.PlaceBid, Any]] = []
        for lot, naive in zip(self.lots, self.naive, strict=True):
            naive.hear(lot.events[0])
        for number in range(len(several) if early > 0 else 0):
            self.bid(number, first, crashes=False)

    # ---- how a step is made and checked

    def _check(self, lot: Played, before: LotState, events: tuple[told.Event, ...]) -> None:
        state, naive = before, self.naive[self.lots.index(lot)]
        for event in events:
            after = engine.evolve(state, event)
            self._check_event(state, event, after)
            naive.hear(event)
            if isinstance(event, told.RoundVoided):
                naive.void(state.play.price)  # type: ignore[union-attr]
            state = after
        assert lot.prices() == naive.standing()
        assert lot.state.sequence == naive.count == len(lot.events)
        nothing_is_lost(lot)  # K1
        self._check_screen(lot)

    def _check_event(self, before: LotState, event: told.Event, after: LotState) -> None:
        assert event.at >= before.at
        assert after.status is before.status or after.status in MOVES[before.status]
        if isinstance(event, told.BidPlaced):
            assert before.status is Status.OPEN
            assert before.opens_at <= event.at <= before.closes_at
            turn = any(isinstance(kept, told.TurnBidEntered) for kept in self._events_of(event))
            assert event.at < before.closes_at or turn  # K2; a turn's bid came in the turn and counts at its end
            was = before.standing.get(event.bidder)
            binds = before.opened and before.rules.format not in {"sealed_first_price", "sealed_second_price"}
            if was is not None and was.amount is not None and binds:
                assert event.amount is not None
                assert event.amount <= was.amount  # K3
        if before.status is Status.OPEN and after.status is Status.OPEN:
            assert after.closes_at >= before.closes_at  # X1
        soft = before.rules.soft_close
        if isinstance(event, told.LotExtended) and event.soft:
            assert soft is not None
            assert soft.hard_stop is None or event.closes_at <= soft.hard_stop + before.lost  # X2
            assert soft.most_extensions is None or after.extensions <= soft.most_extensions

    def _events_of(self, event: told.BidPlaced) -> list[told.Event]:
        return [kept for lot in self.lots for kept in lot.events if getattr(kept, "bid_id", None) == event.bid_id]

    def _check_screen(self, lot: Played) -> None:
        """K7, and that each bidder sees its own place where it sees one."""
        lines, now = engine.standing(lot.state), max(self.now, lot.state.at)
        current = lot.state.status in {Status.CLOSED, Status.OPEN} and not engine.ring(lot.state, now)
        if not lines or not lot.state.opened or not current:
            return
        assert next(iter(engine.payments(lot.state))) == lines[0].bid_id
        shown = engine.buyer_view(lot.state, now).bids
        assert shown is not None
        assert [line.bid_id for line in shown] == [line.bid_id for line in lines]
        for line in lines:
            assert engine.view(lot.state, line.bidder, now).rank in {None, line.rank}

    def _do(self, lot: Played, command: ask.Command, *, crashes: bool = False) -> tuple[told.Event, ...] | Refusal:
        before = lot.state
        if crashes:  # decided, never kept: the state is built again and the command comes once more
            lost = engine.decide(before, command, self.now)
            self.restart(lot, from_rows=bool(self.count % 2))
            assert engine.decide(lot.state, command, self.now) == lost
        events = lot.do(command, self.now)
        self._check(lot, before, () if isinstance(events, Refusal) else events)
        return events

    def _pick(self, number: int) -> Played:
        return self.lots[number % len(self.lots)]

    def restart(self, lot: Played, *, from_rows: bool) -> None:
        """Forget the state and build it from what was kept: the events, or the rows."""
        if not from_rows:
            lot.state = engine.replay(lot.events)
            return
        head, figures = stored.head_of(lot.state), stored.figures_of(lot.state)
        announced = (lot.state.rules, lot.state.rules_hash)
        lot.state = stored.state_of(lot.state.lot_id, announced, head, figures, rows_of(lot.events, lot.state))

    # ---- the clock

    @rule(minutes=st.sampled_from([-10, -1, 1, 2, 3, 5, 20]))
    def jump(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(number=st.integers(0, 2), lag=st.sampled_from([0, 0, 40]))
    def ring(self, number: int, lag: int) -> None:
        lot, before = self._pick(number), self._pick(number).state
        events = lot.ring(self.now - timedelta(minutes=lag))
        self._check(lot, before, events)
        assert engine.ring(lot.state, self.now - timedelta(minutes=lag)) == ()

    # ---- bidders

    @rule(number=st.integers(0, 2), bids=st.lists(BIDS, min_size=1, max_size=5), crashes=st.booleans())
    def bid(self, number: int, bids: list[Bid], *, crashes: bool) -> None:
        for bidder, cents, hinted, valid_until in bids:
            self._bid(self._pick(number), bidder, Decimal(cents) / 100, valid_until, hinted=hinted, crashes=crashes)

    @rule(number=st.integers(0, 2), bids=st.lists(BIDS, min_size=3, max_size=8))
    def bid_one_after_the_other(self, number: int, bids: list[Bid]) -> None:
        for bid in bids:
            self.bid(number, [bid], crashes=False)
            self.now += timedelta(minutes=1)

    def _bid(
        self,
        lot: Played,
        bidder: OrganizationId,
        amount: Decimal,
        valid_until: date | None,
        *,
        hinted: bool,
        crashes: bool,
    ) -> None:
        self.count += 1
        if hinted:
            amount = engine.view(lot.state, bidder, self.now).next_admissible_price or amount
        bid_id, mark = BidId(f"bid_{self.count}"), self.count
        late = self.now >= max(lot.state.closes_at, lot.state.at) and lot.state.status is Status.OPEN
        command = ask.PlaceBid(bidder, bid_id, amount, f"c{mark}", valid_until, f"k{mark}")
        events = self._do(lot, command, crashes=crashes)
        if isinstance(events, Refusal):
            return
        assert bidder != STRANGER
        assert not late or lot.state.rules.format == "three_rounds"
        self.prices[bid_id] = amount
        self.accepted.append((lot, command, engine.receipt(lot.state, bidder, command.key)))

    @rule(which=st.integers(0, 99))
    def repeat_an_old_key(self, which: int) -> None:
        """K5."""
        if self.accepted:
            lot, command, receipt = self.accepted[which % len(self.accepted)]
            assert self._do(lot, replace(command, bid_id=BidId("bid_new"))) == ()
            assert engine.receipt(lot.state, command.bidder, command.key) == receipt is not None
            assert isinstance(self._do(lot, replace(command, commitment="other")), Refusal)

    @rule(number=st.integers(0, 2), bidder=st.sampled_from(BIDDERS[:3]), cents=st.integers(1, 30_000))
    def set_a_limit(self, number: int, bidder: OrganizationId, cents: int) -> None:
        self.count += 1
        price, mark = Decimal(cents) / 100, self.count
        self._do(self._pick(number), ask.SetProxy(bidder, BidId(f"bid_{mark}"), price, f"c{mark}", None, f"k{mark}"))

    @rule(number=st.integers(0, 2), bidder=st.sampled_from(BIDDERS[:3]), reason=st.sampled_from(["", "a slip"]))
    def withdraw(self, number: int, bidder: OrganizationId, reason: str) -> None:
        lot = self._pick(number)
        if bidder in lot.state.standing:
            self.count += 1
            bid_id = lot.state.standing[bidder].bid_id
            self._do(lot, ask.WithdrawBid(bidder, bid_id, f"k{self.count}", reason))

    @rule(number=st.integers(0, 2), bidder=st.sampled_from(BIDDERS[:3]))
    def leave(self, number: int, bidder: OrganizationId) -> None:
        self.count += 1
        self._do(self._pick(number), ask.Leave(bidder, f"k{self.count}"))

    # ---- the buyer and the platform

    @rule(number=st.integers(0, 2), crashes=st.booleans(), seldom=SELDOM)
    def pause(self, number: int, *, crashes: bool, seldom: bool) -> None:
        if seldom:
            self._do(self._pick(number), ask.Pause("maintenance"), crashes=crashes)

    @rule(number=st.integers(0, 2))
    def resume(self, number: int) -> None:
        self._do(self._pick(number), ask.Resume())

    @rule(number=st.integers(0, 2), minutes=st.integers(1, 20))
    def outage(self, number: int, minutes: int) -> None:
        began: datetime = self.now - timedelta(minutes=minutes)
        self._do(self._pick(number), ask.ReportOutage(began, self.now))

    @rule(number=st.integers(0, 2), granted=st.booleans())
    def decide_a_withdrawal(self, number: int, *, granted: bool) -> None:
        lot = self._pick(number)
        for bid_id in sorted(lot.state.withdrawals)[:1]:
            self._do(lot, ask.DecideWithdrawal(bid_id, granted, "checked"))

    @rule(number=st.integers(0, 2), bidder=st.sampled_from(BIDDERS[:3]), seldom=SELDOM)
    def exclude(self, number: int, bidder: OrganizationId, *, seldom: bool) -> None:
        if seldom:
            self._do(self._pick(number), ask.Exclude(bidder, "suspended"))

    @rule(number=st.integers(0, 2), minutes=st.integers(-5, 30))
    def extend(self, number: int, minutes: int) -> None:
        lot = self._pick(number)
        self._do(lot, ask.Extend(lot.state.closes_at + timedelta(minutes=minutes)))

    @rule(number=st.integers(0, 2))
    def open_the_bids(self, number: int) -> None:
        lot = self._pick(number)
        sealed = sorted(bid.bid_id for bid in lot.state.standing.values() if bid.amount is None)
        self._do(lot, ask.OpenBids(tuple(ask.OpenedPrice(bid_id, self.prices[bid_id]) for bid_id in sealed)))

    @rule(number=st.integers(0, 2), days=st.sampled_from([0, 0, 0, 1]))
    def come_to_the_close(self, number: int, days: int) -> None:
        lot = self._pick(number)
        self.now = max(self.now, lot.state.closes_at) + timedelta(days=days)
        before = lot.state
        self._check(lot, before, lot.ring(self.now))
        self.open_the_bids(number)

    @rule(number=st.integers(0, 2), minutes=st.integers(-1, 30))
    def call_final_offers(self, number: int, minutes: int) -> None:
        lot = self._pick(number)
        called = tuple(bidder for bidder, _ in lot.prices())[:2]
        self._do(lot, ask.CallFinalOffers(called, self.now + timedelta(minutes=minutes), "the two best"))

    @rule(number=st.integers(0, 2))
    def award_the_leader_and_give_it_back(self, number: int) -> None:
        lot = self._pick(number)
        for line in engine.standing(lot.state)[:1]:
            self._do(lot, ask.MarkAwarded(line.bid_id))
        self._do(lot, ask.Return("terms refused"))

    @rule(number=st.integers(0, 2), index=st.integers(0, 2))
    def award_every_candidate_and_give_one_back(self, number: int, index: int) -> None:
        lot = self._pick(number)
        for bid_id in engine.payments(lot.state):
            self._do(lot, ask.MarkAwarded(bid_id))
        assert len(lot.state.awards) <= len(engine.payments(lot.state))
        for bid_id in lot.state.awards[index : index + 1]:
            self._do(lot, ask.Return("terms refused", bid_id))

    @rule(number=st.integers(0, 2), seldom=SELDOM)
    def cancel(self, number: int, *, seldom: bool) -> None:
        if seldom:
            self._do(self._pick(number), ask.Cancel("withdrawn"))


Market.TestCase.settings = settings(max_examples=50, stateful_step_count=35, deadline=None, print_blob=True)
TestMarket = Market.TestCase
