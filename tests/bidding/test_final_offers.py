from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import (
    CallFinalOffers,
    DecideWithdrawal,
    MarkAwarded,
    OpenBids,
    OpenedPrice,
    Pause,
    Resume,
    SetProxy,
    WithdrawBid,
)
from marketplace.bidding.events import BidPlaced, FinalOffersCalled, LotClosed, LotExtended
from marketplace.bidding.formats.table import has_sealed_bids
from marketplace.bidding.model import Refusal, RefusalCode
from marketplace.bidding.rules import (
    Answer,
    Criterion,
    Decrement,
    DecrementKind,
    FinalOffers,
    Option,
    Rules,
    Scoring,
    SoftClose,
    Ties,
)
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, T0, Played, a_bid, nothing_is_lost

A, B, C, D = BIDDERS
OPENS, CLOSES = T0 + timedelta(hours=1), T0 + timedelta(hours=2)
CALLED, CUT_OFF = T0 + timedelta(hours=3), T0 + timedelta(hours=5)
SEALED = Rules("best_and_final", "sealed", "EUR", OPENS, CLOSES, ceiling=Decimal(2000), final_offers=FinalOffers())
TEN = Decrement(DecrementKind.ABSOLUTE, Decimal(10))
ENGLISH = Rules(
    "english",
    "open",
    "EUR",
    OPENS,
    CLOSES,
    ceiling=Decimal(2000),
    decrement=TEN,
    ties=Ties.BANNED,
    soft_close=SoftClose(60, 600, trigger_rank=None),
    disclosed=(Option.ALL_PRICES,),
    final_offers=FinalOffers(),
)


class WithBoxes(Played):
    """A played lot that knows what its sealed bids hold, as the boxes in a database do."""

    def __init__(self, rules: Rules) -> None:
        super().__init__(rules)
        self.inside: dict[BidId, Decimal] = {}

    def offer(self, bidder: OrganizationId, amount: str, now: datetime) -> object:
        decided = self.bid(bidder, amount, now)
        if not isinstance(decided, Refusal):
            self.inside[BidId(f"bid_{self.count}")] = Decimal(amount)
        return decided

    def open(self, now: datetime) -> None:
        self.ring(now)
        sealed = [bid.bid_id for bid in self.state.standing.values() if bid.amount is None]
        if not self.state.opened:
            opening = OpenBids(tuple(OpenedPrice(bid_id, self.inside[bid_id]) for bid_id in sealed))
            assert not isinstance(self.do(opening, now), Refusal)


def closed(rules: Rules, first: dict[OrganizationId, str]) -> WithBoxes:
    lot = WithBoxes(rules)
    for minute, (bidder, price) in enumerate(first.items()):
        assert not isinstance(lot.offer(bidder, price, OPENS + timedelta(minutes=minute)), Refusal)
    lot.open(CLOSES)
    return lot


def call(lot: Played, *bidders: OrganizationId) -> object:
    return lot.do(CallFinalOffers(bidders, CUT_OFF, "the two best"), CALLED)


def code(decided: object) -> RefusalCode:
    assert isinstance(decided, Refusal), decided
    return decided.code


def seen(lot: Played, bidder: OrganizationId, now: datetime) -> bytes:
    return codec.canonical(codec.dump(engine.view(lot.state, bidder, now)._asdict()))


either = pytest.mark.parametrize("rules", [SEALED, ENGLISH], ids=["sealed", "english"])


# ---- worked examples


@either
def test_final_and_kept_offers_are_ranked_together(rules: Rules) -> None:
    # first: A 1000, B 900, C 800. A and B are called: A offers 780, B is silent and keeps 900. So A 780, C 800, B 900
    lot = closed(rules, {A: "1000", B: "900", C: "800"})
    assert not isinstance(call(lot, A, B), Refusal)
    (called,) = lot.happened(FinalOffersCalled)
    assert isinstance(called, FinalOffersCalled)
    assert called.reason == "the two best"
    assert not isinstance(lot.offer(A, "780", CUT_OFF - timedelta(seconds=1)), Refusal)
    nothing_is_lost(lot)
    assert code(lot.offer(B, "700", CUT_OFF)) is RefusalCode.LATE
    lot.open(CUT_OFF)
    assert lot.prices() == [(A, Decimal(780)), (C, Decimal(800)), (B, Decimal(900))]
    nothing_is_lost(lot)
    assert code(lot.do(CallFinalOffers((A,), CUT_OFF + timedelta(1), "again"), CUT_OFF)) is RefusalCode.WRONG_STATUS
    assert not isinstance(lot.do(MarkAwarded(lot.state.standing[A].bid_id), CUT_OFF), Refusal)
    assert [engine.view(lot.state, who, CUT_OFF).won for who in (A, B, C)] == [True, False, False]


@either
def test_an_offer_may_not_be_worse_than_the_own_previous_one(rules: Rules) -> None:
    # A offered 1000: 1000.01 is worse, 1000 is not; having offered 700 it may go back to 1000, but not above
    lot = closed(rules, {A: "1000", B: "900"})
    call(lot, A, B)
    for price, worse in (("1000.01", True), ("700", False), ("1000.01", True), ("1000", False)):
        decided = lot.offer(A, price, CALLED)
        assert isinstance(decided, Refusal) is worse
        if isinstance(decided, Refusal):
            assert (decided.code, decided.next_admissible_price) == (RefusalCode.WORSE_THAN_BEFORE, Decimal(1000))
    lot.open(CUT_OFF)
    assert dict(lot.prices()) == {A: Decimal(1000), B: Decimal(900)}


def test_qualities_count_when_an_offer_is_compared_with_the_previous_one() -> None:
    # slow costs 50 in money. A: 1000 and fast. Slow it may ask 950 at most: 950 + 50 = 1000
    speed = Scoring((Criterion("speed", (Answer("fast", Decimal(0)), Answer("slow", Decimal(50)))),))
    lot = WithBoxes(replace(ENGLISH, scoring=speed))
    lot.do(replace(a_bid(A, "1000", "1"), answers=(("speed", "fast"),)), OPENS)
    lot.open(CLOSES)
    call(lot, A)
    slow = (("speed", "slow"),)
    refusal = lot.do(replace(a_bid(A, "950.01", "2"), answers=slow), CALLED)
    assert code(refusal) is RefusalCode.WORSE_THAN_BEFORE
    assert refusal.next_admissible_price == Decimal(950)  # type: ignore[union-attr]
    assert not isinstance(lot.do(replace(a_bid(A, "950", "3"), answers=slow), CALLED), Refusal)


def test_without_that_rule_only_the_ceiling_limits() -> None:
    lot = closed(replace(SEALED, final_offers=FinalOffers(may_not_worsen=False)), {A: "1000"})
    call(lot, A)
    assert code(lot.offer(A, "2000.01", CALLED)) is RefusalCode.OVER_CEILING
    assert not isinstance(lot.offer(A, "2000", CALLED), Refusal)


# ---- the round


@either
def test_in_the_round_prices_are_sealed_and_nobody_learns_of_the_others(rules: Rules) -> None:
    lot = closed(rules, {A: "1000", B: "900", C: "800"})
    call(lot, A, B)
    before = [seen(lot, who, CALLED) for who in (B, C)]
    buyer = engine.buyer_view(lot.state, CALLED)
    lot.offer(A, "500", CALLED)
    assert lot.happened(BidPlaced)[-1].amount is None  # type: ignore[union-attr]
    assert [seen(lot, who, CALLED) for who in (B, C)] == before
    assert engine.buyer_view(lot.state, CALLED) == buyer
    assert buyer.bids is None
    mine = engine.view(lot.state, A, CALLED)
    assert (mine.rank, mine.lead_price, mine.prices) == (None, None, None)


def test_nothing_of_the_format_before_goes_on_in_the_round() -> None:
    lot = closed(replace(ENGLISH, proxy=True, ties=Ties.ALLOWED), {A: "1000", B: "900"})
    call(lot, A, B)
    limit = SetProxy(A, BidId("bid_x"), Decimal(500), "c", None, "k")
    assert code(lot.do(limit, CALLED)) is RefusalCode.PROXY_NOT_OFFERED
    assert not isinstance(lot.offer(A, "995", CUT_OFF - timedelta(seconds=1)), Refusal)  # less than d, in the window
    assert lot.happened(LotExtended) == []
    assert lot.state.closes_at == CUT_OFF


@either
def test_an_offer_is_taken_back_as_an_error_alone_and_the_previous_one_counts_again(rules: Rules) -> None:
    lot = closed(rules, {A: "1000", B: "900"})
    call(lot, A)
    lot.offer(A, "1", CALLED)
    final = lot.state.standing[A].bid_id
    assert code(lot.do(WithdrawBid(A, final, "w"), CALLED)) is RefusalCode.WITHDRAWAL_NOT_OFFERED
    lot.do(WithdrawBid(A, final, "w", "a slip"), CALLED)
    lot.do(DecideWithdrawal(final, granted=True, reason="a slip"), CALLED)
    nothing_is_lost(lot)
    lot.open(CUT_OFF)
    assert lot.prices() == [(B, Decimal(900)), (A, Decimal(1000))]
    nothing_is_lost(lot)


def test_a_bid_of_before_the_round_can_be_repeated_under_its_key_in_it() -> None:
    lot = closed(ENGLISH, {A: "1000", B: "900"})
    call(lot, A)
    assert lot.do(a_bid(A, "1000", "1"), CALLED) == ()
    assert code(lot.do(a_bid(A, "999", "1"), CALLED)) is RefusalCode.KEY_REUSED


@either
def test_a_short_list_names_bidders_with_a_bid_and_says_why(rules: Rules) -> None:
    lot = closed(rules, {A: "1000", B: "900"})
    for bidders in ((), (A, A), (A, C)):
        assert code(call(lot, *bidders)) is RefusalCode.NO_SUCH_BID
    assert code(lot.do(CallFinalOffers((A,), CUT_OFF, " "), CALLED)) is RefusalCode.WRONG_STATUS
    assert code(lot.do(CallFinalOffers((A,), CALLED, "best"), CALLED)) is RefusalCode.WRONG_STATUS


# ---- properties

firsts = st.dictionaries(st.sampled_from(BIDDERS), st.integers(1, 199).map(lambda tens: str(tens * 10)), min_size=2)
offers = st.lists(st.tuples(st.sampled_from(BIDDERS), st.integers(1, 2000), st.floats(-1, 130)), max_size=12)


def distinct(first: dict[OrganizationId, str]) -> dict[OrganizationId, str]:
    """Return prices that an English auction takes in this order from an open field: all are different."""
    return {bidder: f"{Decimal(price) + at}" for at, (bidder, price) in enumerate(first.items())}


@given(st.sampled_from([SEALED, ENGLISH]), firsts, offers, st.integers(0, 200), st.booleans())
def test_who_was_not_called_sees_the_lot_as_if_there_were_no_round(
    rules: Rules,
    first: dict[OrganizationId, str],
    moves: list[tuple[OrganizationId, int, float]],
    minutes: int,
    paused: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    """B2: the not invited can't read it."""
    with_round, without = closed(rules, distinct(first)), closed(rules, distinct(first))
    called = tuple(first)[:1]
    call(with_round, *called)
    for bidder, price, minute in sorted(moves, key=lambda move: move[2]):
        with_round.offer(bidder, str(price), CALLED + timedelta(minutes=minute))
    if paused:
        with_round.do(Pause("power cut"), CALLED + timedelta(minutes=130))
    now = CALLED + timedelta(minutes=minutes)
    if with_round.state.closes_at <= now and not paused:
        with_round.open(now)
    for other in set(BIDDERS) - set(called):
        assert seen(with_round, other, now) == seen(without, other, now)
        late = a_bid(other, "5", "late")
        assert engine.decide(with_round.state, late, now) == engine.decide(without.state, late, now)


@given(st.sampled_from([SEALED, ENGLISH]), firsts, offers)
def test_all_have_one_cut_off_and_nobody_gets_worse(
    rules: Rules, first: dict[OrganizationId, str], moves: list[tuple[OrganizationId, int, float]]
) -> None:
    """B1: the same close for all."""
    lot = closed(rules, distinct(first))
    before = dict(lot.prices())
    called = tuple(first)[:-1]
    call(lot, *called)
    assert {engine.view(lot.state, who, CALLED).closes_at for who in called} == {CUT_OFF}
    for bidder, price, minute in sorted(moves, key=lambda move: move[2]):
        lot.offer(bidder, str(price), CALLED + timedelta(minutes=minute))
    nothing_is_lost(lot)
    lot.open(CUT_OFF + timedelta(minutes=20))
    nothing_is_lost(lot)
    assert lot.happened(LotClosed)[-1].at == CUT_OFF
    for bidder, final in lot.prices():
        assert final <= before[bidder]
        assert bidder in called or final == before[bidder]


def test_a_pause_moves_the_one_cut_off() -> None:
    lot = closed(SEALED, {A: "1000", B: "900"})
    call(lot, A, B)
    lot.do(Pause("power cut"), CALLED + timedelta(minutes=10))
    lot.do(Resume(), CALLED + timedelta(minutes=40))
    assert lot.state.closes_at == CUT_OFF + timedelta(minutes=30)
    assert not isinstance(lot.offer(A, "700", CUT_OFF + timedelta(minutes=29)), Refusal)


# ---- rules


def test_the_round_has_to_be_announced() -> None:
    missing = replace(SEALED, final_offers=None)
    assert {finding.pointer for finding in linter.errors(missing)} == {"/final_offers"}
    assert linter.errors(linter.mended(missing)) == ()
    lot = closed(replace(ENGLISH, final_offers=None), {A: "1000"})
    assert code(call(lot, A)) is RefusalCode.NOT_OFFERED


def test_a_lot_needs_a_key_where_a_bid_may_be_sealed() -> None:
    assert [has_sealed_bids(rules) for rules in (SEALED, ENGLISH, replace(ENGLISH, final_offers=None))] == [
        True,
        True,
        False,
    ]
