"""Money: exact, in one currency, rounded once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel.money import Money, cents

AMOUNTS = st.decimals(-(10**9), 10**9, places=4)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.00"), ("0.015", "0.02"), ("0.025", "0.02"), ("-0.015", "-0.02"), ("2.0051", "2.01"), ("3", "3.00")],
)
def test_halves_go_to_the_even_cent(amount: str, rounded: str) -> None:
    assert str(cents(Decimal(amount))) == rounded


@given(AMOUNTS, AMOUNTS)
def test_sums_are_exact(a: Decimal, b: Decimal) -> None:
    total = Money(a, "USD") + Money(b, "USD")
    assert total - Money(b, "USD") == Money(a, "USD")
    assert total.amount == a + b


@given(AMOUNTS)
def test_rounding_moves_by_half_a_cent_at_most_and_only_once(amount: Decimal) -> None:
    money = Money(amount, "USD").rounded()
    assert abs(money.amount - amount) <= Decimal("0.005")
    assert money.rounded() == money


def test_two_currencies_do_not_mix() -> None:
    dollars, euros = Money(Decimal(1), "USD"), Money(Decimal(1), "EUR")
    assert dollars != euros
    for mixed in (dollars.__add__, dollars.__sub__, dollars.__lt__):
        with pytest.raises(ValueError, match="USD and EUR need an exchange rate"):
            mixed(euros)


def test_a_float_is_no_money() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Money(0.1, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="float"):
        Money(Decimal(1), "USD") * 0.1  # type: ignore[operator]


def test_money_is_multiplied_compared_and_written_in_whole_cents() -> None:
    assert Money(Decimal("10.10"), "USD") * 3 == Money(Decimal("30.30"), "USD")
    assert Money(Decimal(1), "USD") < Money(Decimal(2), "USD")
    assert str(Money(Decimal("1234567.005"), "USD")) == "1,234,567.00 USD"
