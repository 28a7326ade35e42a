from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding import engine, model
from marketplace.bidding import events as told
from marketplace.bidding.model import Base, Decrement, DecrementKind, PlaceBid, Refusal, RefusalCode, Status
from marketplace.kernel import codec
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import BidId, LotId, OrganizationId
from marketplace.kernel.money import cents

T0 = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPENS, CLOSES = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
BIDDERS = tuple(OrganizationId(f"org_{name}") for name in "abcd")
A, B, C, D = BIDDERS
STEP = Decrement(DecrementKind.ABSOLUTE, Decimal("10.2"))
ENGLISH = model.Rules("english", "open", "EUR", OPENS, CLOSES, decrement=STEP)
SEALED = model.Rules("sealed_first_price", "sealed", "EUR", OPENS, CLOSES, min_bidders=2)


class Lot:
    """One lot driven by commands, keeping its events as a store would."""

    def __init__(self, rules: model.Rules, lot_id: str = "lot_1") -> None:
        self.events = list(engine.schedule(LotId(lot_id), rules, BIDDERS, T0))
        self.state = engine.replay(self.events)
        self.count = 0

    def do(self, command: model.Command, now: datetime) -> engine.Decision:
        decision = engine.decide(self.state, command, now)
        if not isinstance(decision, Refusal):
            self.events.extend(decision)
            self.state = reduce(engine.evolve, decision, self.state)
        return decision

    def ring(self, now: datetime) -> None:
        events = engine.ring(self.state, now)
        self.events.extend(events)
        self.state = reduce(engine.evolve, events, self.state)

    def bid(self, bidder: OrganizationId, amount: str | Decimal, minute: float = 1) -> engine.Decision:
        self.count += 1
        return self.do(place(bidder, amount, f"{self.state.lot_id}_{self.count}"), OPENS + timedelta(minutes=minute))


def place(bidder: OrganizationId, amount: str | Decimal, mark: str, valid_until: date | None = None) -> PlaceBid:
    return PlaceBid(bidder, BidId(f"bid_{mark}"), Decimal(amount), f"commit_{mark}", valid_until, f"key_{mark}")


def code(decision: engine.Decision) -> RefusalCode:
    assert isinstance(decision, Refusal), decision
    return decision.code


def text(value: object) -> str:
    return codec.canonical(codec.dump(value)).decode()


def opening(lot: Lot, prices: dict[str, str]) -> model.OpenBids:
    return model.OpenBids(
        tuple((lot.state.standing[OrganizationId(who)].bid_id, Decimal(p)) for who, p in prices.items())
    )


moves = st.lists(st.tuples(st.sampled_from(BIDDERS), st.integers(1, 30_000), st.floats(0, 70)), max_size=25)


def run(lot: Lot, steps: list[tuple[OrganizationId, int, float]]) -> Lot:
    for bidder, amount, minute in steps:
        lot.bid(bidder, Decimal(amount) / 100, minute)
    return lot


any_rules = st.sampled_from([SEALED, *(replace(ENGLISH, base=base) for base in Base)])


@given(any_rules, moves)
def test_journal_in_json_gives_back_the_events_and_the_state_byte_for_byte(
    rules: model.Rules, steps: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = run(Lot(rules), steps)
    lot.ring(CLOSES)
    back = [told.event_from(event.type, codec.dump(event)) for event in lot.events]
    assert back == lot.events
    assert [text(event) for event in back] == [text(event) for event in lot.events]
    assert engine.replay(back) == lot.state
    assert text(engine.replay(back)) == text(lot.state)
    assert codec.load(model.LotState, codec.dump(lot.state)) == lot.state


@given(any_rules, moves)
def test_nothing_is_accepted_before_the_opening_or_at_or_after_the_close(
    rules: model.Rules, steps: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = run(Lot(rules), steps)
    assert all(OPENS <= event.at < CLOSES for event in lot.events if isinstance(event, told.BidPlaced))


@given(st.sampled_from(Base), moves)
def test_english_standing_price_never_rises_and_first_on_screen_is_the_best(
    base: Base, steps: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = Lot(replace(ENGLISH, base=base))
    for step in steps:
        before = {bidder: bid.amount for bidder, bid in lot.state.standing.items() if bid.amount is not None}
        run(lot, [step])
        for bidder, bid in lot.state.standing.items():
            assert bid.amount is not None
            assert before.get(bidder, bid.amount) == bid.amount or bid.amount <= before[bidder] - STEP.value
        lines = engine.standing(lot.state)
        assert [(line.amount, line.placed_at) for line in lines] == sorted((x.amount, x.placed_at) for x in lines)
        assert {line.bidder for line in lines} == set(lot.state.standing)


@given(st.sampled_from(Base), moves, st.integers(1, 30_000), st.sampled_from(BIDDERS))
def test_the_hint_is_exactly_the_highest_price_taken(
    base: Base, steps: list[tuple[OrganizationId, int, float]], start: int, bidder: OrganizationId
) -> None:
    lot = run(Lot(replace(ENGLISH, base=base, ceiling=Decimal(300))), [(A, start, 0), *steps])
    now = OPENS + timedelta(minutes=59.9)
    if lot.state.status is not Status.OPEN:
        return
    hint = engine.view(lot.state, bidder, now).next_admissible_price
    above = place(bidder, (hint or Decimal(0)) + Decimal("0.01"), "above")
    assert isinstance(engine.decide(lot.state, above, now), Refusal)
    if hint is not None:
        assert not isinstance(engine.decide(lot.state, place(bidder, hint, "at"), now), Refusal)


@given(moves, moves, st.randoms())
def test_interleaving_two_lots_changes_neither(
    first: list[tuple[OrganizationId, int, float]], second: list[tuple[OrganizationId, int, float]], random: object
) -> None:
    alone = run(Lot(ENGLISH, "lot_1"), first), run(Lot(SEALED, "lot_2"), second)
    mixed = Lot(ENGLISH, "lot_1"), Lot(SEALED, "lot_2")
    turns = [0] * len(first) + [1] * len(second)
    random.shuffle(turns)  # type: ignore[attr-defined]
    queues = iter(first), iter(second)
    for turn in turns:
        run(mixed[turn], [next(queues[turn])])
    assert [lot.events for lot in mixed] == [lot.events for lot in alone]


@given(any_rules, moves)
def test_repeated_key_gives_no_event_and_the_same_receipt(
    rules: model.Rules, steps: list[tuple[OrganizationId, int, float]]
) -> None:
    lot = Lot(rules)
    lot.bid(A, "299", 1)
    again = place(A, "299", "lot_1_1")
    receipt = engine.receipt(lot.state, A, again.key)
    run(lot, steps)
    for later in (OPENS + timedelta(minutes=2), CLOSES + timedelta(days=1)):
        assert lot.do(replace(again, bid_id=BidId("bid_new")), later) == ()
        assert engine.receipt(lot.state, A, again.key) == receipt is not None
        assert code(lot.do(replace(again, commitment="other"), later)) is RefusalCode.KEY_REUSED


@given(st.sampled_from([SEALED, ENGLISH, replace(ENGLISH, base=Base.LEAD)]), moves, moves, st.integers(1, 30_000))
def test_the_answer_is_a_function_of_the_bidders_view(
    rules: model.Rules,
    first: list[tuple[OrganizationId, int, float]],
    second: list[tuple[OrganizationId, int, float]],
    amount: int,
) -> None:
    """Two lots that one bidder can't tell apart answer it alike: refusals are equal, and so is acceptance."""
    now = OPENS + timedelta(minutes=59)
    lots = [Lot(rules), Lot(rules)]
    for lot, steps in zip(lots, (first, second), strict=True):
        lot.bid(A, "200", 0)
        run(lot, [(bidder, price, 1 + minute % 58) for bidder, price, minute in steps if bidder != A])
    if rules.base is Base.LEAD:  # show both the same lead, below all others
        for lot in lots:
            lot.bid(B, "0.01", 58.5)
    views = [engine.view(lot.state, A, now) for lot in lots]
    answers = [engine.decide(lot.state, place(A, Decimal(amount) / 100, "z"), now) for lot in lots]
    if rules is SEALED:
        assert views[0] == views[1]
    if views[0] == views[1]:
        assert answers[0] == answers[1]


SECRET = st.integers(10_000_000, 99_999_999)


@given(st.lists(st.tuples(st.sampled_from(BIDDERS), SECRET), min_size=1, max_size=8))
def test_sealed_prices_and_their_number_are_nowhere_before_the_opening(bids: list[tuple[OrganizationId, int]]) -> None:
    lot = Lot(SEALED)
    empty = text(engine.buyer_view(lot.state, OPENS))
    prices = {}
    for bidder, amount in bids:
        assert not isinstance(lot.bid(bidder, Decimal(amount) / 100), Refusal)
        prices[str(bidder)] = str(Decimal(amount) / 100)
    assert text(engine.buyer_view(lot.state, OPENS + timedelta(minutes=2))) == empty
    lot.ring(CLOSES)
    shown: list[object] = [*lot.events, lot.state, engine.buyer_view(lot.state, CLOSES)]
    shown += [engine.view(lot.state, bidder, CLOSES) for bidder in BIDDERS]
    written = "".join(text(value) for value in shown)
    forms = [form for _, amount in bids for form in (str(amount), str(cents(Decimal(amount) / 100)))]
    assert not [form for form in forms if form in written]
    assert engine.standing(lot.state) == ()
    lot.do(opening(lot, prices), CLOSES)
    assert sorted(line.amount for line in engine.standing(lot.state)) == sorted(map(Decimal, prices.values()))


def test_a_step_of_10_2_below_100_1_is_exactly_89_9() -> None:
    lot = Lot(ENGLISH)
    lot.bid(A, "100.1")
    refusal = lot.bid(A, "89.91")
    assert code(refusal) is RefusalCode.STEP_TOO_SMALL
    assert (refusal.own_amount, refusal.next_admissible_price) == (Decimal("100.1"), Decimal("89.9"))  # type: ignore[union-attr]
    assert not isinstance(lot.bid(A, "89.9"), Refusal)


@pytest.mark.parametrize(
    ("base", "bidder", "limit"),
    [
        (Base.OWN, A, "99"),
        (Base.OWN, C, "79.2"),
        (Base.OWN, D, "150"),
        (Base.NEXT, A, "89.1"),
        (Base.NEXT, D, "99"),
        (Base.LEAD, A, "79.2"),
        (Base.LEAD, D, "79.2"),
    ],
)
def test_percent_steps_are_taken_from_the_base(base: Base, bidder: OrganizationId, limit: str) -> None:
    one_percent = Decrement(DecrementKind.PERCENT, Decimal(1))
    lot = Lot(replace(ENGLISH, decrement=one_percent, base=base, ceiling=Decimal(150)))
    for who, price in ((A, "100"), (B, "90"), (C, "80")):
        lot.bid(who, price)
    assert engine.view(lot.state, bidder, OPENS).next_admissible_price == Decimal(limit)


def test_a_percent_step_is_rounded_to_no_less_than_the_percentage() -> None:
    lot = Lot(replace(ENGLISH, decrement=Decrement(DecrementKind.PERCENT, Decimal(1))))
    lot.bid(A, "99.99")
    assert code(lot.bid(A, "98.9902")) is RefusalCode.NOT_A_PRICE
    assert code(lot.bid(A, "99.00")) is RefusalCode.STEP_TOO_SMALL
    assert engine.view(lot.state, A, OPENS).next_admissible_price == Decimal("98.99")


def test_a_clock_set_back_does_not_let_a_later_price_stand_before_an_equal_earlier_one() -> None:
    lot = Lot(ENGLISH)
    lot.bid(B, "100", 5)
    lot.bid(A, "100", 4)
    assert [line.bidder for line in engine.standing(lot.state)] == [B, A]


def test_after_the_opening_a_sealed_bidder_learns_its_rank_and_no_price_but_its_own() -> None:
    lot = Lot(SEALED)
    for bidder in (A, B):
        lot.bid(bidder, "100")
    lot.ring(CLOSES)
    lot.do(opening(lot, {A: "100", B: "80"}), CLOSES)
    seen = engine.view(lot.state, A, CLOSES)
    assert (seen.rank, seen.lead_price, seen.next_price) == (2, None, None)
    assert seen.own is not None
    assert seen.own.amount == Decimal(100)


def test_at_the_close_it_is_late_even_if_nobody_rang() -> None:
    lot = Lot(ENGLISH)
    assert code(lot.bid(A, "100", -0.01)) is RefusalCode.NOT_OPEN_YET
    assert not isinstance(lot.bid(A, "100", 60 - 1e-6), Refusal)
    assert code(lot.bid(A, "50", 60)) is RefusalCode.LATE
    assert engine.view(lot.state, A, CLOSES).status is Status.CLOSED
    assert lot.state.status is Status.OPEN


@given(moves, st.lists(st.floats(0, 100), max_size=6))
def test_how_often_the_clock_is_looked_at_changes_nothing(
    steps: list[tuple[OrganizationId, int, float]], looks: list[float]
) -> None:
    steps = sorted(steps, key=lambda step: step[2])
    calm, busy = run(Lot(ENGLISH), steps), Lot(ENGLISH)
    for step in steps:
        for look in (minute for minute in sorted(looks) if minute <= step[2]):
            busy.ring(OPENS + timedelta(minutes=look))
        run(busy, [step])
    for lot in (calm, busy):
        lot.ring(CLOSES + timedelta(days=1))
    assert calm.state == busy.state


def test_equal_prices_stand_by_time_and_are_shown_as_joint() -> None:
    lot = Lot(ENGLISH)
    for minute, bidder in enumerate((B, A, C), start=1):
        lot.bid(bidder, "100" if bidder != C else "110", minute)
    assert [(line.bidder, line.joint) for line in engine.standing(lot.state)] == [(B, True), (A, True), (C, False)]
    seen = engine.view(lot.state, A, CLOSES)
    assert (seen.rank, seen.joint, seen.lead_price) == (2, True, Decimal(100))


def test_a_pause_takes_no_bids_and_gives_its_time_back() -> None:
    lot = Lot(ENGLISH)
    lot.bid(A, "100", 1)
    lot.do(model.Pause("power cut"), OPENS + timedelta(minutes=50))
    assert code(lot.bid(A, "80", 51)) is RefusalCode.PAUSED
    assert engine.due(lot.state) == ()
    assert engine.view(lot.state, A, CLOSES + timedelta(hours=5)).reason == "power cut"
    lot.do(model.Resume(), OPENS + timedelta(minutes=90))
    assert engine.due(lot.state) == ((CLOSES + timedelta(minutes=40), "close"),)
    assert not isinstance(lot.bid(A, "80", 99.9), Refusal)
    assert code(lot.bid(A, "60", 100)) is RefusalCode.LATE


def test_no_bids_fail_and_too_few_bidders_are_flagged_once_known() -> None:
    empty, lone = Lot(SEALED), Lot(SEALED)
    empty.ring(CLOSES)
    assert (empty.state.status, empty.state.reason) == (Status.FAILED, engine.NO_BIDS)
    lone.bid(A, "100")
    lone.ring(CLOSES)
    assert engine.buyer_view(lone.state, CLOSES).too_few_bidders is None
    lone.do(opening(lone, {A: "100"}), CLOSES)
    assert engine.buyer_view(lone.state, CLOSES).too_few_bidders is True


def test_sealed_bids_are_replaced_and_withdrawn_until_the_close() -> None:
    lot = Lot(SEALED)
    lot.bid(A, "100")
    lot.bid(A, "120")
    bid = lot.state.standing[A]
    assert (bid.version, bid.amount) == (2, None)
    take_back = model.WithdrawBid(A, bid.bid_id, "w")
    assert code(lot.do(replace(take_back, bidder=B), OPENS)) is RefusalCode.NO_SUCH_BID
    assert code(engine.decide(lot.state, take_back, CLOSES)) is RefusalCode.LATE
    assert not isinstance(lot.do(take_back, OPENS), Refusal)
    assert lot.do(take_back, OPENS) == ()
    assert engine.view(lot.state, A, OPENS).own is None
    lot.bid(A, "90")
    assert lot.state.standing[A].version == 4


def test_english_bids_bind() -> None:
    lot = Lot(ENGLISH)
    lot.bid(A, "100")
    take_back = model.WithdrawBid(A, lot.state.standing[A].bid_id, "w")
    assert code(lot.do(take_back, OPENS)) is RefusalCode.WITHDRAWAL_NOT_OFFERED


def test_award_return_and_the_next_candidate() -> None:
    lot = Lot(SEALED)
    for bidder in (A, B, C):
        lot.bid(bidder, "100")
    award = model.MarkAwarded(lot.state.standing[B].bid_id)
    assert code(lot.do(award, OPENS)) is RefusalCode.WRONG_STATUS
    assert code(lot.do(award, CLOSES)) is RefusalCode.STILL_SEALED
    lot.ring(CLOSES)
    assert code(lot.do(opening(lot, {A: "100", B: "80"}), CLOSES)) is RefusalCode.OPENING_MISMATCH
    lot.do(opening(lot, {A: "100", B: "80", C: "90"}), CLOSES)
    lot.do(award, CLOSES)
    assert [engine.view(lot.state, who, CLOSES).won for who in (A, B)] == [False, True]
    assert code(lot.do(model.Cancel("too late"), CLOSES)) is RefusalCode.WRONG_STATUS
    lot.do(model.Return("terms refused"), CLOSES)
    assert lot.state.status == Status.CLOSED
    assert [line.bidder for line in engine.standing(lot.state)] == [C, A]
    for who in (C, A):
        lot.do(model.MarkAwarded(lot.state.standing[who].bid_id), CLOSES)
        lot.do(model.Return("declined"), CLOSES)
    assert (lot.state.status, lot.state.reason) == (Status.FAILED, engine.NO_BIDS)


def test_validity_is_asked_for_and_ends() -> None:
    lot = Lot(replace(ENGLISH, valid_until_at_least=date(2026, 4, 1)))
    now = OPENS + timedelta(minutes=1)
    assert code(lot.do(place(A, "9", "1"), now)) is RefusalCode.VALIDITY_TOO_SHORT
    assert code(lot.do(place(A, "9", "2", date(2026, 3, 31)), now)) is RefusalCode.VALIDITY_TOO_SHORT
    lot.do(place(A, "9", "3", date(2026, 4, 1)), now)
    lot.ring(CLOSES)
    award = model.MarkAwarded(BidId("bid_3"))
    assert code(lot.do(award, datetime(2026, 4, 2, tzinfo=UTC))) is RefusalCode.BID_EXPIRED
    assert not isinstance(lot.do(award, datetime(2026, 4, 1, 23, 59, tzinfo=UTC)), Refusal)


def test_only_the_invited_bid_and_only_they_see_prices() -> None:
    lot, stranger = Lot(ENGLISH), OrganizationId("org_z")
    lot.bid(A, "100")
    assert code(lot.bid(stranger, "90")) is RefusalCode.NOT_INVITED
    assert engine.view(lot.state, stranger, OPENS).lead_price is None
    lot.do(model.Invite(stranger), OPENS)
    assert not isinstance(lot.bid(stranger, "90"), Refusal)


@pytest.mark.parametrize("amount", ["0", "-1", "1.001", "NaN", "Infinity", "1e12"])
def test_what_is_no_price_is_refused(amount: str) -> None:
    assert code(Lot(SEALED).bid(A, amount)) is RefusalCode.NOT_A_PRICE


def test_ceiling_holds_for_sealed_bids_too() -> None:
    lot = Lot(replace(SEALED, ceiling=Decimal(100)))
    refusal = lot.bid(A, "100.01")
    assert code(refusal) is RefusalCode.OVER_CEILING
    assert not isinstance(lot.bid(A, "100"), Refusal)


def test_the_buyer_learns_who_bids_at_the_close() -> None:
    lot = Lot(ENGLISH)
    lot.bid(A, "100")
    bidders = [engine.buyer_view(lot.state, now).bids[0].bidder for now in (OPENS, CLOSES)]  # type: ignore[index]
    assert bidders == [None, A]


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(ENGLISH, format="tombola"), "/format"),
        (replace(ENGLISH, visibility="sealed"), "/visibility"),
        (replace(ENGLISH, decrement=None), "/decrement"),
        (replace(ENGLISH, decrement=Decrement(DecrementKind.PERCENT, Decimal(100))), "/decrement/value"),
        (replace(SEALED, decrement=STEP), "/decrement"),
        (replace(SEALED, base=Base.LEAD), "/base"),
        (replace(SEALED, closes_at=OPENS), "/closes_at"),
        (replace(SEALED, closes_at=T0, opens_at=T0 - timedelta(1)), "/closes_at"),
        (replace(SEALED, ceiling=Decimal("0.001")), "/ceiling"),
        (replace(SEALED, min_bidders=0), "/min_bidders"),
    ],
)
def test_rules_that_cannot_work_are_named(rules: model.Rules, pointer: str) -> None:
    with pytest.raises(MalformedError) as caught:
        engine.schedule(LotId("lot_1"), rules, BIDDERS, T0)
    assert pointer in {error.pointer for error in caught.value.errors}
