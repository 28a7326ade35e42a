from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.commands import Exclude
from marketplace.bidding.rules import Rules, ScoringKind
from marketplace.kernel.ids import BidId, OrganizationId
from tests.bidding.made import BIDDERS, Played, nothing_is_lost
from tests.bidding.markets import CLOSES, SEALED, SPEED, A, B, C, at, offer, opening

VICKREY = replace(SEALED, format="sealed_second_price")
CEILING = Decimal(300)

cents = st.integers(1, 30_000).map(lambda number: Decimal(number) / 100)
malus = st.integers(-5_000, 5_000).map(lambda number: Decimal(number) / 100)
fields = st.dictionaries(st.sampled_from(BIDDERS), st.tuples(cents, malus), min_size=1)
ceilings = st.sampled_from([None, CEILING])

Inside = dict[OrganizationId, tuple[Decimal, Decimal]]


def opened(inside: Inside, ceiling: Decimal | None = CEILING, rules: Rules = VICKREY) -> Played:
    """Return the lot in which these prices and quality terms were opened, the first bid first."""
    lot, prices = Played(replace(rules, ceiling=ceiling)), {}
    for number, bidder in enumerate(inside, start=1):
        lot.do(offer(bidder, inside[bidder][0], bidder), at(number))
        prices[BidId(f"bid_{bidder}")] = inside[bidder]
    lot.ring(CLOSES)
    lot.do(opening(lot.state, prices), CLOSES)
    return lot


def winner_and_payment(lot: Played) -> tuple[OrganizationId, Decimal]:
    ((bid_id, payment),) = engine.payments(lot.state).items()
    return OrganizationId(bid_id.removeprefix("bid_")), payment


@settings(max_examples=60)
@given(fields, ceilings)
def test_the_winner_is_paid_no_less_than_it_asked_and_no_more_than_the_ceiling(
    inside: Inside, ceiling: Decimal | None
) -> None:
    """V1: own ≤ payment ≤ C, in whole cents, and the winner is the leader of the one order."""
    lot = opened(inside, ceiling)
    winner, payment = winner_and_payment(lot)
    assert winner == engine.standing(lot.state)[0].bidder
    assert inside[winner][0] <= payment
    assert ceiling is None or payment <= ceiling
    assert payment == payment.quantize(Decimal("0.01"))
    nothing_is_lost(lot)


@settings(max_examples=60)
@given(fields.filter(lambda inside: len(inside) > 1), ceilings, cents)
def test_the_payment_does_not_depend_on_the_winners_own_price(
    inside: Inside, ceiling: Decimal | None, other: Decimal
) -> None:
    """V2: as long as it wins, another own price changes nothing."""
    winner, payment = winner_and_payment(opened(inside, ceiling))
    again, paid = winner_and_payment(opened(inside | {winner: (other, inside[winner][1])}, ceiling))
    assume(again == winner)
    assert paid == payment


@settings(max_examples=60)
@given(cents)
def test_alone_with_a_ceiling_the_payment_does_not_depend_on_the_own_price(own: Decimal) -> None:
    """V2, with one bidder: it is paid C."""
    assert winner_and_payment(opened({A: (own, Decimal(0))})) == (A, CEILING)


@settings(max_examples=60)
@given(fields.filter(lambda inside: len(inside) > 1), ceilings, cents, st.sampled_from(BIDDERS))
def test_a_lower_losing_price_never_raises_the_payment(
    inside: Inside, ceiling: Decimal | None, lower: Decimal, loser: OrganizationId
) -> None:
    """V3: more competition is never dearer while the winner stays."""
    winner, payment = winner_and_payment(opened(inside, ceiling))
    assume(loser in inside and loser != winner and lower <= inside[loser][0])
    again, paid = winner_and_payment(opened(inside | {loser: (lower, inside[loser][1])}, ceiling))
    assert again != winner or paid <= payment


def test_the_second_cost_is_mapped_back_through_the_winners_own_terms() -> None:
    inside = {A: (Decimal(100), Decimal(-20)), B: (Decimal(90), Decimal(5)), C: (Decimal(97), Decimal(0))}
    assert winner_and_payment(opened(inside)) == (A, Decimal(115))
    assert winner_and_payment(opened(inside, Decimal(110))) == (A, Decimal(110))


def test_equal_costs_are_paid_their_own_price_and_the_earlier_wins() -> None:
    inside = {B: (Decimal(80), Decimal(0)), A: (Decimal(80), Decimal(0))}
    assert winner_and_payment(opened(inside)) == (B, Decimal(80))


def test_alone_without_a_ceiling_it_is_paid_its_own_price() -> None:
    assert winner_and_payment(opened({A: (Decimal(42), Decimal(3))}, None)) == (A, Decimal(42))


def test_a_quality_in_fractions_of_a_cent_is_rounded_in_favour_of_who_pays() -> None:
    inside = {A: (Decimal(10), Decimal("0.005")), B: (Decimal(12), Decimal(0))}
    assert winner_and_payment(opened(inside)) == (A, Decimal("11.99"))


def test_nothing_is_paid_before_the_opening() -> None:
    lot = Played(VICKREY)
    lot.bid(A, "10", at(1))
    lot.ring(CLOSES)
    assert engine.payments(lot.state) == {}


def test_second_prices_do_not_go_with_points() -> None:
    rules = replace(VICKREY, scoring=replace(SPEED, kind=ScoringKind.RELATIVE_POINTS))
    assert "/scoring/kind" in {finding.pointer for finding in linter.errors(rules)}


@settings(max_examples=60)
@given(fields, ceilings, st.lists(st.sampled_from(BIDDERS), max_size=3))
def test_who_falls_out_after_the_opening_makes_the_winner_no_dearer(
    inside: Inside, ceiling: Decimal | None, gone: list[OrganizationId]
) -> None:
    """The payment is fixed as the bids are opened; a winner that follows is paid by those behind it, never below V1."""
    lot = opened(inside, ceiling)
    winner, payment = winner_and_payment(lot)
    for bidder in gone:
        lot.do(Exclude(bidder, "suspended"), CLOSES)
        nothing_is_lost(lot)
        if not lot.state.standing:
            return
        now, paid = winner_and_payment(lot)
        assert paid >= inside[now][0]
        assert now != winner or paid == payment


def test_a_loser_that_expires_makes_the_winner_no_dearer() -> None:
    lot = Played(replace(VICKREY, ceiling=CEILING))
    inside = {BidId(f"bid_{who}"): (Decimal(price), Decimal(0)) for who, price in ((A, 100), (B, 120), (C, 200))}
    lot.do(offer(A, "100", A), at(1))
    lot.do(offer(B, "120", B, valid_until=CLOSES.date()), at(2))
    lot.do(offer(C, "200", C), at(3))
    lot.ring(CLOSES)
    lot.do(opening(lot.state, inside), CLOSES)
    lot.ring(CLOSES + timedelta(days=2))
    assert [who for who, _ in lot.prices()] == [A, C]
    assert engine.payments(lot.state) == {BidId(f"bid_{A}"): Decimal(120)}
    nothing_is_lost(lot)
