from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.model import Refusal, RefusalCode, Status
from marketplace.bidding.rules import Base, Decrement, DecrementKind, DecrementStep, Option, Rules, Ties
from marketplace.kernel.ids import OrganizationId
from tests.bidding.made import Played
from tests.bidding.markets import ENGLISH, A, B, C, D, at, bidders, fixed, moves, offer, prices, refused

PERCENT = Decrement(DecrementKind.PERCENT, Decimal(1))
STEPPED = Decrement(
    DecrementKind.ABSOLUTE,
    Decimal(1),
    (DecrementStep(Decimal(100), Decimal(10)), DecrementStep(Decimal(50), Decimal(5))),
)
GUARDED = replace(fixed(ENGLISH, "1"), largest_change=Decrement(DecrementKind.PERCENT, Decimal(20)))
few = settings(max_examples=60)

any_english = st.builds(
    lambda base, decrement, ceiling, buffer, ties, guard: replace(
        ENGLISH,
        base=base,
        decrement=decrement,
        ceiling=ceiling,
        lead_buffer=buffer,
        ties=ties,
        largest_change=guard,
        disclosed=(Option.ALL_PRICES,),
    ),
    st.sampled_from(Base),
    st.sampled_from([PERCENT, STEPPED, ENGLISH.decrement]),
    st.sampled_from([None, Decimal(250)]),
    st.sampled_from([None, Decimal("0.01"), Decimal(30)]),
    st.sampled_from(Ties),
    st.sampled_from([None, GUARDED.largest_change]),
)


def three(rules: Rules) -> Played:
    """Return a lot in which C leads at 80, B stands at 90 and A at 100; D has no bid."""
    lot = Played(replace(rules, base=Base.OWN, lead_buffer=None, largest_change=None))
    for who, price in ((A, "100"), (B, "90"), (C, "80")):
        assert refused(lot.bid(who, price, at(1))) is None
    lot.state = lot.state._replace(rules=rules)
    return lot


def hint(lot: Played, bidder: OrganizationId, minute: float = 2) -> Decimal | None:
    return engine.view(lot.state, bidder, at(minute)).next_admissible_price


@pytest.mark.parametrize(
    ("base", "bidder", "highest"),
    [
        (Base.OWN, A, "99"),
        (Base.OWN, C, "79.2"),
        (Base.OWN, D, "150"),
        (Base.NEXT, A, "89.1"),
        (Base.NEXT, B, "79.2"),
        (Base.NEXT, C, "79.2"),
        (Base.NEXT, D, "99"),
        (Base.LEAD, A, "79.2"),
        (Base.LEAD, C, "79.2"),
        (Base.LEAD, D, "79.2"),
    ],
)
def test_a_percentage_is_taken_from_the_base(base: Base, bidder: OrganizationId, highest: str) -> None:
    lot = three(replace(ENGLISH, decrement=PERCENT, base=base, ceiling=Decimal(150)))
    assert hint(lot, bidder) == Decimal(highest)


def test_the_first_bid_is_limited_by_the_ceiling_alone() -> None:
    for base in Base:
        lot = Played(replace(ENGLISH, base=base, ceiling=Decimal(100)))
        assert refused(lot.bid(A, "100.01", at(1))) is RefusalCode.OVER_CEILING
        assert refused(lot.bid(A, "100", at(1))) is None


def test_a_percent_step_is_rounded_to_no_less_than_the_percentage() -> None:
    lot = Played(replace(ENGLISH, decrement=PERCENT))
    lot.bid(A, "99.99", at(1))
    assert refused(lot.bid(A, "99.00", at(2))) is RefusalCode.STEP_TOO_SMALL
    assert hint(lot, A) == Decimal("98.99")


@pytest.mark.parametrize(
    ("own", "highest"), [("200", "190"), ("100", "90"), ("99.99", "94.99"), ("50", "45"), ("49.99", "48.99")]
)
def test_the_step_changes_with_the_price_that_it_is_taken_from(own: str, highest: str) -> None:
    lot = Played(replace(ENGLISH, decrement=STEPPED))
    lot.bid(A, own, at(1))
    assert hint(lot, A) == Decimal(highest)


def test_a_challenger_keeps_off_the_lead_by_the_buffer_and_the_leader_by_the_decrement() -> None:
    lot = three(replace(fixed(ENGLISH, "1"), lead_buffer=Decimal(5)))
    for price, expected in (("79.99", RefusalCode.STEP_TOO_SMALL), ("75.01", RefusalCode.STEP_TOO_SMALL)):
        refusal = engine.decide(lot.state, offer(A, price, price), at(2))
        assert refused(refusal) is expected
        assert isinstance(refusal, Refusal)
        assert refusal.next_admissible_price == Decimal(99)
    for price in ("80", "85", "75"):
        assert refused(engine.decide(lot.state, offer(A, price, price), at(2))) is None
    assert refused(engine.decide(lot.state, offer(C, "79", "lead"), at(2))) is None


def test_who_shares_the_leads_price_but_came_later_is_a_challenger() -> None:
    lot = three(replace(fixed(ENGLISH, "1"), lead_buffer=Decimal(5)))
    lot.bid(A, "80", at(2))
    assert [bidder for bidder, _ in lot.prices()] == [C, A, B]
    assert refused(lot.bid(A, "79", at(3))) is RefusalCode.STEP_TOO_SMALL
    assert hint(lot, A, 3) == Decimal(75)
    assert refused(lot.bid(C, "79", at(3))) is None


@pytest.mark.parametrize(("first", "second"), [("100", "79.99"), (None, "159.99")])
def test_a_slip_has_to_be_confirmed(first: str | None, second: str) -> None:
    """From the own price, or from the ceiling for a first bid."""
    lot = Played(replace(GUARDED, ceiling=Decimal(200)))
    if first is not None:
        lot.do(offer(A, first, "first", confirmed=True), at(1))
    slip = offer(A, second, "slip")
    assert refused(lot.do(slip, at(2))) is RefusalCode.CONFIRM_CHANGE
    assert refused(lot.do(replace(slip, amount=slip.amount + Decimal("0.01"), key="other"), at(2))) is None
    again = Played(replace(GUARDED, ceiling=Decimal(200)))
    if first is not None:
        again.do(offer(A, first, "first", confirmed=True), at(1))
    assert refused(again.do(replace(slip, confirmed=True), at(2))) is None


@settings(max_examples=150)
@given(any_english, moves, bidders, prices)
def test_a_refusals_next_price_is_taken_and_one_cent_more_is_not(
    rules: Rules, before: list[tuple[OrganizationId, Decimal, float]], bidder: OrganizationId, price: Decimal
) -> None:
    """Asked again at the price that was named it is accepted (once confirmed), whatever the rules and the standing."""
    lot = Played(rules)
    for who, amount, minute in before:
        lot.do(offer(who, amount, lot.count, confirmed=True), at(minute % 58))
        lot.count += 1
    assert lot.state.status in {Status.OPEN, Status.SCHEDULED}
    answer = engine.decide(lot.state, offer(bidder, price, "x", confirmed=True), at(59))
    named = hint(lot, bidder, 59)
    if isinstance(answer, Refusal):
        assert answer.next_admissible_price == named
    if named is not None:
        assert refused(engine.decide(lot.state, offer(bidder, named, "y", confirmed=True), at(59))) is None
        above = named + Decimal("0.01")
        assert refused(engine.decide(lot.state, offer(bidder, above, "z", confirmed=True), at(59))) is not None


def test_bids_bind_and_a_decrement_is_needed() -> None:
    assert "/decrement" in {finding.pointer for finding in linter.errors(replace(ENGLISH, decrement=None))}
    for value in (Decrement(DecrementKind.PERCENT, Decimal(100)), Decrement(DecrementKind.ABSOLUTE, Decimal(0))):
        found = {finding.pointer for finding in linter.errors(replace(ENGLISH, decrement=value))}
        assert found == {"/decrement/value"}
