"""A lot under arbitrary commands and clock jumps, forwards and backwards: what must hold after every step."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from marketplace.bidding import engine, model
from marketplace.bidding import events as told
from marketplace.bidding.model import Status
from marketplace.bidding.ranking import rank_key
from marketplace.kernel.ids import BidId, LotId, OrganizationId

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
BIDDERS = tuple(OrganizationId(f"org_{name}") for name in "abc")
MOVES = {
    Status.SCHEDULED: {Status.OPEN, Status.CANCELLED},
    Status.OPEN: {Status.PAUSED, Status.CLOSED, Status.CANCELLED},
    Status.PAUSED: {Status.OPEN, Status.CANCELLED},
    Status.CLOSED: {Status.AWARDED, Status.FAILED, Status.CANCELLED},
    Status.AWARDED: {Status.CLOSED},
    Status.FAILED: set(),
    Status.CANCELLED: set(),
}


class LotMachine(RuleBasedStateMachine):
    @initialize(sealed=st.booleans(), base=st.sampled_from(model.Base))
    def announce(self, *, sealed: bool, base: model.Base) -> None:
        step = model.Decrement(model.DecrementKind.PERCENT, Decimal(2))
        times = (T0 + timedelta(minutes=5), T0 + timedelta(minutes=90))
        rules = model.Rules("sealed_first_price", "sealed", "EUR", *times)
        if not sealed:
            rules = model.Rules("english", "open", "EUR", *times, decrement=step, base=base)
        self.now, self.count, self.prices = T0, 0, dict[BidId, Decimal]()
        self.events = list(engine.schedule(LotId("lot_1"), rules, BIDDERS, T0))
        self.state = engine.replay(self.events)

    def _append(self, events: tuple[told.Event, ...]) -> None:
        for event in events:
            before = self.state
            self.state = engine.evolve(before, event)
            assert self.state.status is before.status or self.state.status in MOVES[before.status]
            assert self.state.closes_at >= before.closes_at
            assert event.at >= before.at
            if isinstance(event, told.BidPlaced):
                assert before.opens_at <= event.at < before.closes_at
        self.events.extend(events)

    def _do(self, command: model.Command) -> bool:
        decision = engine.decide(self.state, command, self.now)
        if isinstance(decision, model.Refusal):
            return False
        self._append(decision)
        return True

    @rule(minutes=st.integers(-10, 30))
    def jump(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def ring(self) -> None:
        self._append(engine.ring(self.state, self.now))
        assert engine.ring(self.state, self.now) == ()

    @rule(bidder=st.sampled_from(BIDDERS), cents=st.integers(1, 9_999))
    def bid(self, bidder: OrganizationId, cents: int) -> None:
        self.count += 1
        bid_id, amount = BidId(f"bid_{self.count}"), Decimal(cents) / 100
        closed = self.state.status is Status.OPEN and self.now >= self.state.closes_at
        command = model.PlaceBid(bidder, bid_id, amount, f"c{self.count}", None, f"k{self.count}")
        if self._do(command):
            assert not closed
            self.prices[bid_id] = amount
            assert engine.decide(self.state, command, self.now) == ()

    @rule(bidder=st.sampled_from(BIDDERS))
    def withdraw(self, bidder: OrganizationId) -> None:
        if bidder in self.state.standing:
            self.count += 1
            self._do(model.WithdrawBid(bidder, self.state.standing[bidder].bid_id, f"k{self.count}"))

    @rule()
    def pause(self) -> None:
        self._do(model.Pause("maintenance"))

    @rule()
    def resume(self) -> None:
        self._do(model.Resume())

    @rule()
    def open_bids(self) -> None:
        bids = [bid.bid_id for bid in self.state.standing.values()]
        self._do(model.OpenBids(tuple((bid_id, self.prices[bid_id]) for bid_id in bids)))

    @rule()
    def award_the_leader(self) -> None:
        lines = engine.standing(self.state)
        if lines:
            shown = engine.buyer_view(self.state, self.now).bids
            assert shown is not None
            assert shown[0].bid_id == lines[0].bid_id
            self._do(model.MarkAwarded(lines[0].bid_id))

    @rule()
    def give_back(self) -> None:
        self._do(model.Return("terms refused"))

    @rule(seldom=st.integers(0, 9))
    def cancel(self, seldom: int) -> None:
        if seldom == 0:
            self._do(model.Cancel("withdrawn"))

    @invariant()
    def the_ranking_is_the_one_order_over_all_known_prices(self) -> None:
        known = [bid for bid in self.state.standing.values() if bid.amount is not None]
        assert self.state.ranking == tuple(bid.bidder for bid in sorted(known, key=rank_key))
        assert self.state.opened or not known
        assert not known or len(known) == len(self.state.standing)

    @invariant()
    def each_bidder_sees_its_own_place_in_it(self) -> None:
        places = {line.bidder: line.rank for line in engine.standing(self.state)}
        for bidder in BIDDERS:
            assert engine.view(self.state, bidder, self.now).rank == places.get(bidder)

    @invariant()
    def replay_gives_the_state(self) -> None:
        assert engine.replay(self.events) == self.state
        assert self.state.sequence == len(self.events)


LotMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLot = LotMachine.TestCase
