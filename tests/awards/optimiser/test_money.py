from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.awards.optimiser.money import annuity, present_value, rounded


def test_without_a_rate_a_month_is_a_month() -> None:
    assert present_value(10_300, 0, 0, 36, 36) == 370_800


def test_after_the_term_the_uplift_counts() -> None:
    assert present_value(10_000, 0, 500, 12, 36) == 12 * 10_000 + 24 * 10_500


def test_half_a_cent_goes_to_the_even_one() -> None:
    assert present_value(1, 0, 5_000, 1, 2) == 2  # 1 + 1.5
    assert present_value(3, 0, 5_000, 1, 2) == 8  # 3 + 4.5
    assert present_value(5, 0, 5_000, 1, 2) == 12  # 5 + 7.5


def test_the_first_month_is_paid_in_advance_and_a_year_later_counts_the_rate() -> None:
    thirteen = annuity(1_000, 0, 13, 13)
    twelve = annuity(1_000, 0, 12, 12)
    assert abs(thirteen - twelve - 1 / Decimal("1.1")) < Decimal("1e-40")


@given(st.integers(0, 10**11), st.integers(1, 2_000), st.integers(1, 60))
def test_present_value_is_between_nothing_and_the_plain_sum(mrc: int, rate: int, months: int) -> None:
    assert 0 <= present_value(mrc, rate, 0, months, months) <= mrc * months


@given(st.integers(-(10**16), 10**16))
def test_basis_points_are_rounded_half_even(amount: int) -> None:
    assert rounded(amount) == round(Fraction(amount, 10_000))


@pytest.mark.parametrize(("rate", "months"), [(800, 36), (1_250, 60)])
def test_the_annuity_is_the_geometric_sum(rate: int, months: int) -> None:
    factor = (1 + Decimal(rate) / 10_000) ** (Decimal(-1) / 12)
    closed = (1 - factor**months) / (1 - factor)
    assert abs(annuity(rate, 0, months, months) - closed) < Decimal("1e-20")
