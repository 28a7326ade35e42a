"""Key terms are checked, told in plain sentences, and warn of what bites."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel import codec
from sellers import key_terms
from sellers.key_terms import (
    AutoRenewal,
    Commitment,
    FeeForm,
    KeyTerms,
    PriceReview,
    ReviewForm,
    ServiceCredits,
    TerminationFee,
)
from tests.sellers.key_terms_made import HARMLESS, some_key_terms

_values = st.one_of(st.none(), st.decimals(-10, 1000, places=2))
_months = st.one_of(st.none(), st.integers(-1, 200))
any_terms = st.builds(
    KeyTerms,
    auto_renewal=st.builds(AutoRenewal, renews=st.booleans(), months=_months),
    notice_days=st.integers(-1, 1000),
    early_termination=st.builds(
        TerminationFee, form=st.sampled_from(FeeForm), value=_values, words=st.text(max_size=9)
    ),
    commitment=st.builds(Commitment, months=st.integers(-1, 200), monthly_amount=_values, words=st.text(max_size=9)),
    price_review=st.builds(PriceReview, form=st.sampled_from(ReviewForm), percent=_values, index=st.text(max_size=9)),
    service_credits=st.builds(ServiceCredits, words=st.text(max_size=9), cap_percent=_values),
)


@given(any_terms, st.integers(0, 60))
def test_all_that_may_be_published_is_told_in_whole_sentences(terms: KeyTerms, term_months: int) -> None:
    assert codec.load(KeyTerms, codec.dump(terms)) == terms
    if key_terms.check(terms):
        return
    said = key_terms.sentences(terms, "USD")
    assert list(said) == list(key_terms.NAMES)
    assert all(sentence.endswith((".", "!", "?")) for sentence in said.values())
    assert "None" not in "".join([*said.values(), *key_terms.warnings(terms, term_months)])


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"auto_renewal": AutoRenewal(renews=True)}, "/key_terms/auto_renewal/months"),
        ({"auto_renewal": AutoRenewal(renews=False, months=12)}, "/key_terms/auto_renewal/months"),
        ({"notice_days": 731}, "/key_terms/notice_days"),
        ({"early_termination": TerminationFee(FeeForm.PERCENT, Decimal(101))}, "/key_terms/early_termination/value"),
        ({"early_termination": TerminationFee(FeeForm.NONE, Decimal(1))}, "/key_terms/early_termination/value"),
        ({"early_termination": TerminationFee(FeeForm.WORDS)}, "/key_terms/early_termination/words"),
        ({"early_termination": TerminationFee(FeeForm.MONTHS)}, "/key_terms/early_termination/value"),
        ({"commitment": Commitment(monthly_amount=Decimal(0))}, "/key_terms/commitment/monthly_amount"),
        ({"price_review": PriceReview(ReviewForm.INDEX)}, "/key_terms/price_review/index"),
        ({"price_review": PriceReview(ReviewForm.PERCENT)}, "/key_terms/price_review/percent"),
        ({"price_review": PriceReview(ReviewForm.NONE, Decimal(3))}, "/key_terms/price_review/form"),
        ({"service_credits": ServiceCredits(cap_percent=Decimal(30))}, "/key_terms/service_credits/words"),
        ({"payment_days": -1}, "/key_terms/payment_days"),
    ],
)
def test_what_does_not_go_together_is_named(changed: dict[str, Any], pointer: str) -> None:
    assert [error.pointer for error in key_terms.check(some_key_terms(**changed))] == [pointer]


def test_harmless_terms_warn_of_nothing_and_unstated_ones_do() -> None:
    assert key_terms.check(HARMLESS) == ()
    assert key_terms.warnings(HARMLESS, 36) == ()
    assert len(key_terms.warnings(None)) == 1
    assert set(key_terms.sentences(None).values()) == {"Not stated."}


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"auto_renewal": AutoRenewal(renews=True, months=1), "notice_days": 61}, "61 days"),
        ({"auto_renewal": AutoRenewal(renews=True, months=12)}, "12 months"),
        ({"early_termination": TerminationFee(FeeForm.PERCENT, Decimal(50))}, "50 %"),
        ({"early_termination": TerminationFee(FeeForm.MONTHS, Decimal(6))}, "6 monthly"),
        ({"early_termination": TerminationFee(FeeForm.WORDS, words="as the tariff says")}, "words only"),
        ({"commitment": Commitment(months=48)}, "longer than the term"),
        ({"commitment": Commitment(monthly_amount=Decimal(100))}, "minimum every month"),
        ({"price_review": PriceReview(ReviewForm.INDEX, index="CPI")}, "without a limit"),
        ({"price_review": PriceReview(ReviewForm.PERCENT, Decimal(3))}, "3 %"),
        ({"service_credits": ServiceCredits()}, "outages"),
    ],
)
def test_what_bites_is_said(changed: dict[str, Any], word: str) -> None:
    (warning,) = key_terms.warnings(some_key_terms(**changed), 36)
    assert word in warning
