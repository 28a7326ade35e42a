"""Key terms for tests, harmless unless a test says otherwise."""

from dataclasses import replace
from typing import Any

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

HARMLESS = KeyTerms(
    auto_renewal=AutoRenewal(renews=False),
    notice_days=30,
    early_termination=TerminationFee(FeeForm.NONE),
    commitment=Commitment(),
    price_review=PriceReview(ReviewForm.NONE),
    service_credits=ServiceCredits("a day's charge for each hour"),
)


def some_key_terms(**changed: Any) -> KeyTerms:
    """Return harmless key terms with ``changed`` fields."""
    return replace(HARMLESS, **changed)
