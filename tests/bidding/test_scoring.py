from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import Answers, Exclude, WithdrawBid
from marketplace.bidding.model import Refusal, RefusalCode
from marketplace.bidding.rules import Base, DecrementKind, Rules, ScoringKind
from marketplace.bidding.scoring import malus_of
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import (
    CLOSES,
    ENGLISH,
    SEALED,
    SPEED,
    A,
    B,
    C,
    D,
    answers,
    at,
    bidders,
    fixed,
    offer,
    opening,
    prices,
    refused,
)

SCORED = replace(fixed(ENGLISH, "0.01"), scoring=SPEED)
POINTS = replace(SEALED, scoring=replace(SPEED, kind=ScoringKind.RELATIVE_POINTS))
BEST: Answers = (("speed", "fast"), ("local", "yes"))
few = settings(max_examples=60)
Offers = dict[OrganizationId, tuple[Decimal, Answers]]
offers = st.dictionaries(bidders, st.tuples(prices, answers), min_size=1)


def played(given_: Offers) -> Played:
    lot = Played(SCORED)
    for minute, (bidder, (price, quality)) in enumerate(given_.items(), start=1):
        assert refused(lot.do(offer(bidder, price, bidder, quality=quality), at(minute))) is None
    return lot


@few
@given(offers.filter(lambda made: len(made) > 1), bidders)
def test_removing_a_loser_keeps_the_winner(given_: Offers, gone: OrganizationId) -> None:
    """M1: and the order of all who stay."""
    lot = played(given_)
    before = [bidder for bidder, _ in lot.prices()]
    assume(gone in before[1:])
    lot.do(Exclude(gone, "suspended"), at(30))
    assert [bidder for bidder, _ in lot.prices()] == [bidder for bidder in before if bidder != gone]


@few
@given(offers, bidders, prices)
def test_cheaper_and_otherwise_equal_is_never_worse(given_: Offers, bidder: OrganizationId, lower: Decimal) -> None:
    """M2: another world in which one price is lower."""
    assume(bidder in given_ and lower < given_[bidder][0])
    worlds = (given_, given_ | {bidder: (lower, given_[bidder][1])})
    ranks = [[line for line, _ in played(world).prices()].index(bidder) for world in worlds]
    assert ranks[1] <= ranks[0]


@few
@given(offers, st.sampled_from(Base), bidders, answers, st.sampled_from(DecrementKind))
def test_the_price_limit_is_in_the_bidders_own_money(
    given_: Offers, base: Base, bidder: OrganizationId, quality: Answers, kind: DecrementKind
) -> None:
    """M3: with the answers of the bid that was refused, exactly the price that it names is taken."""
    lot = played(given_)
    assert SCORED.decrement is not None
    step = replace(SCORED.decrement, kind=kind, value=Decimal("2.5"))
    rules = replace(SCORED, base=base, decrement=step, ceiling=Decimal(400))
    state = lot.state._replace(rules=rules)
    asked = engine.decide(state, offer(bidder, "400", "x", quality=quality), at(30))
    if not isinstance(asked, Refusal):
        return
    limit = asked.next_admissible_price
    over = (limit or Decimal(0)) + Decimal("0.01")
    assert refused(engine.decide(state, offer(bidder, over, "y", quality=quality), at(30))) is not None
    if limit is not None:
        assert refused(engine.decide(state, offer(bidder, limit, "z", quality=quality), at(30))) is None


def test_a_better_quality_allows_a_dearer_price_at_the_same_rank() -> None:
    """M3 by figures: the lead costs 100 + 7.50 + 2.25; fast and local is 5.00 better than nothing."""
    lot = Played(replace(fixed(SCORED, "1.00"), base=Base.LEAD))
    lot.do(offer(A, "100", 1, quality=(("speed", "slow"), ("local", "no"))), at(1))
    refusal = lot.do(offer(B, "120", 2, quality=(("speed", "fast"), ("local", "yes"))), at(2))
    assert isinstance(refusal, Refusal)
    assert refusal.next_admissible_price == Decimal("113.75")
    lot.do(offer(B, "113.75", 3, quality=(("speed", "fast"), ("local", "yes"))), at(2))
    assert lot.prices() == [(B, Decimal("113.75")), (A, Decimal(100))]
    assert engine.view(lot.state, A, at(3)).lead_price == Decimal("99.00")
    nothing_is_lost(lot)


def test_each_criterion_is_answered_once() -> None:
    assert malus_of(SPEED, (("speed", "slow"), ("local", "no"))) == Decimal("9.75")
    for given_ in ((), (("speed", "slow"),), (("speed", "slow"), ("local", "perhaps")), (("speed", "slow"),) * 2):
        assert malus_of(SPEED, given_) is None
        lot = Played(SCORED)
        assert refused(lot.do(offer(A, "10", 1, quality=given_), at(1))) is RefusalCode.QUALITY_MISSING
    assert refused(Played(ENGLISH).do(offer(A, "10", 1, quality=(("speed", "slow"),)), at(1))) is (
        RefusalCode.QUALITY_MISSING
    )


def points_lot(inside: dict[OrganizationId, tuple[str, str]], rules: Rules = POINTS) -> Played:
    lot, prices_ = Played(rules), {}
    for minute, (bidder, (price, malus)) in enumerate(inside.items(), start=1):
        lot.do(offer(bidder, price, bidder, quality=BEST), at(minute))
        prices_[BidId(f"bid_{bidder}")] = (Decimal(price), Decimal(malus))
    lot.ring(CLOSES)
    assert refused(lot.do(opening(lot.state, prices_), CLOSES)) is None
    return lot


def test_relative_points_are_sixty_times_the_lowest_price_over_the_price_less_the_malus() -> None:
    lot = points_lot({A: ("100", "10"), B: ("150", "0")})
    assert {bid.bidder: bid.points for bid in lot.state.standing.values()} == {A: Decimal(50), B: Decimal(40)}
    nothing_is_lost(lot)


def test_under_relative_points_a_losers_withdrawal_reverses_ranks() -> None:
    """Why they come with a warning: C alone decides who of A and B is better, and C is the last."""
    inside = {A: ("100", "0"), B: ("200", "-13"), C: ("40", "40"), D: ("400", "0")}
    with_c = points_lot(inside)
    assert [bidder for bidder, _ in with_c.prices()] == [B, A, C, D]
    without = points_lot({bidder: inside[bidder] for bidder in (A, B, D)})
    assert [bidder for bidder, _ in without.prices()] == [A, B, D]
    with_c.do(Exclude(C, "withdrew"), CLOSES)
    assert with_c.prices() == without.prices()
    nothing_is_lost(with_c)


def test_points_are_warned_of_where_sealed_and_refused_where_prices_are_open() -> None:
    assert "/scoring/kind" in {finding.pointer for finding in linter.lint(POINTS)}
    assert linter.errors(POINTS) == ()
    open_ = replace(ENGLISH, scoring=POINTS.scoring)
    assert "/scoring/kind" in {finding.pointer for finding in linter.errors(open_)}


def test_points_are_never_shown_as_money() -> None:
    lot = points_lot({A: ("100", "10"), B: ("150", "0")})
    for bidder in BIDDERS[:2]:
        seen = engine.view(lot.state, bidder, CLOSES)
        assert seen.own is not None
        assert (seen.own_cost, seen.lead_price) == (None, None)


def test_a_sealed_bid_that_was_taken_back_counts_for_nobodys_points() -> None:
    lot = Played(POINTS)
    lot.do(offer(A, "10", "cheap", quality=BEST), at(1))
    lot.do(WithdrawBid(A, BidId("bid_cheap"), "w"), at(2))
    lot.do(offer(B, "100", "b", quality=BEST), at(3))
    lot.ring(CLOSES)
    lot.do(opening(lot.state, {BidId("bid_b"): (Decimal(100), Decimal(0))}), CLOSES)
    assert lot.state.standing[B].points == Decimal(60)
