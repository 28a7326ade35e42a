from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding.offer import (
    LinePrice,
    LineToPrice,
    LotToPrice,
    Offer,
    Usage,
    UsageRate,
    months_in_advance,
    problems,
    share,
    total_cost,
)

DIA, VOICE = "data.dedicated-internet-access", "voice.long-distance"
money = st.decimals(min_value=0, max_value=100_000, places=2)


def a_lot(*lines: LineToPrice, rate: str = "0", term: int = 36) -> LotToPrice:
    return LotToPrice("T1", lines, term, Decimal(rate))


def an_offer(*prices: LinePrice, term: int = 36) -> Offer:
    return Offer("T1", prices, term, None, "trm_1", "0" * 64)


@given(money, money, st.integers(1, 500), st.integers(1, 120))
def test_without_discount_the_total_is_once_plus_months(nrc: Decimal, mrc: Decimal, quantity: int, term: int) -> None:
    lot = a_lot(LineToPrice("L1", DIA, quantity, must=True), term=term)
    cost = total_cost(lot, an_offer(LinePrice("L1", mrc, nrc), term=term))
    assert cost.total == quantity * (nrc + term * mrc)


@given(st.integers(1, 120), st.decimals(min_value="0.001", max_value="1", places=3))
def test_discounted_months_lie_between_nothing_and_all_and_fall_with_the_rate(term: int, rate: Decimal) -> None:
    months = months_in_advance(term, rate)
    assert 1 <= months <= term
    assert months <= months_in_advance(term, rate / 2)


def test_a_year_at_ten_percent_paid_in_advance() -> None:
    # sum of 1.1^(-t/12) for t = 0..11, computed independently with the closed form of a geometric series
    factor = Decimal("1.1") ** (Decimal(-1) / 12)
    assert abs(months_in_advance(12, Decimal("0.1")) - (1 - factor**12) / (1 - factor)) < Decimal("1e-20")


@pytest.mark.parametrize(("rate", "usage_cost"), [("0.0123", "15.99"), ("0", "0.00")])
def test_usage_rates_count_with_the_prior_usage(rate: str, usage_cost: str) -> None:
    line = LineToPrice("L1", VOICE, 1, must=True, usage=(Usage("minutes", Decimal(1300)),))
    price = LinePrice("L1", Decimal(10), usage_rates=(UsageRate(VOICE, "minutes", Decimal(rate)),))
    cost = total_cost(a_lot(line, term=1), an_offer(price, term=1))
    assert cost.lines[0].usage == Decimal(usage_cost)
    assert cost.total == Decimal(10) + Decimal(usage_cost)


def test_a_missing_usage_rate_is_refused_because_it_would_count_as_free() -> None:
    lot = a_lot(LineToPrice("L1", VOICE, 1, must=True, usage=(Usage("minutes", Decimal(1300)),)))
    (problem,) = problems(lot, an_offer(LinePrice("L1", Decimal(10))), "/lots/0")
    assert problem.pointer == "/lots/0/lines/0/usage_rates"
    assert "minutes" in problem.message


@given(st.decimals(min_value=0, max_value=10**9, places=4), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_the_lines_share_the_usage_of_their_service_type_once(quantity: Decimal, quantities: list[int]) -> None:
    parts = [share(quantity, one, sum(quantities)) for one in quantities]
    assert abs(Fraction(sum(parts)) - Fraction(quantity)) <= Fraction(len(parts), 10_000)


def test_optional_lines_are_priced_beside_the_total() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), LineToPrice("L2", DIA, 1, must=False))
    cost = total_cost(lot, an_offer(LinePrice("L1", Decimal(10)), LinePrice("L2", Decimal(99))))
    assert cost.total == Decimal(360)
    assert [optional.line for optional in cost.optional] == ["L2"]


def test_every_must_line_needs_a_price_and_no_other_lot_s_line_has_one() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), LineToPrice("L2", DIA, 1, must=True))
    found = {problem.pointer for problem in problems(lot, an_offer(LinePrice("L9", Decimal(1))), "/lots/3")}
    assert found == {"/lots/3/lines", "/lots/3/lines/0/line"}
