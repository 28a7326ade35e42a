"""The key terms that a provider states with a version of its terms: values, checks, plain sentences, warnings."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from marketplace.kernel.errors import FieldError
from marketplace.kernel.money import cents, is_price
from marketplace.kernel.texts import marked

MAX_WORDS = 500
"""Characters of any text in the key terms."""
MAX_MONTHS = 120
MAX_DAYS = 730
LONG_NOTICE_DAYS = 60
"""A notice window that opens earlier than this before the end is easily missed."""
LONG_RENEWAL_MONTHS = 12
LONG_COMMITMENT_MONTHS = 36
HIGH_FEE_PERCENT = Decimal(50)
HIGH_FEE_MONTHS = Decimal(6)
_HUNDRED = Decimal(100)


class FeeForm(StrEnum):
    """What ending early costs."""

    NONE = "none"
    PERCENT = "percent of the remaining charges"
    MONTHS = "months of the monthly charge"
    FIXED = "fixed amount"
    WORDS = "in words"


class ReviewForm(StrEnum):
    """How prices may move during the term."""

    NONE = "none"
    INDEX = "index-linked"
    PERCENT = "fixed percent a year"


@dataclass(frozen=True, slots=True)
class AutoRenewal:
    """Whether the contract renews by itself at the end of its term, and for how many months each time."""

    renews: bool
    months: int | None = None


@dataclass(frozen=True, slots=True)
class TerminationFee:
    """What ending early costs: ``value`` in percent, months, or money of the contract, as ``form`` says."""

    form: FeeForm
    value: Decimal | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Commitment:
    """The least that the buyer binds itself to: months of service, and money a month in the contract's currency."""

    months: int = 0
    monthly_amount: Decimal | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class PriceReview:
    """How prices may move during the term: by ``percent`` a year, or with ``index`` and at most ``percent`` a year."""

    form: ReviewForm
    percent: Decimal | None = None
    index: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCredits:
    """What the buyer gets back for outages, at most ``cap_percent`` of a month's charge. No words: nothing."""

    words: str = ""
    cap_percent: Decimal | None = None


@dataclass(frozen=True, slots=True)
class KeyTerms:
    """What matters most in a version of terms, as its provider states it.

    ``notice_days``: how long before the end of the term notice must reach the provider. ``payment_days``: after the
    invoice.
    """

    auto_renewal: AutoRenewal
    notice_days: int
    early_termination: TerminationFee
    commitment: Commitment
    price_review: PriceReview
    service_credits: ServiceCredits
    governing_law: str = ""
    payment_days: int | None = None


NAMES = {
    "auto_renewal": marked("Automatic renewal"),
    "notice_days": marked("Notice"),
    "early_termination": marked("Ending early"),
    "commitment": marked("Minimum commitment"),
    "price_review": marked("Price review"),
    "service_credits": marked("Service credits"),
    "governing_law": marked("Governing law"),
    "payment_days": marked("Payment"),
}
"""The key terms by field, with the name that people read."""


def check(terms: KeyTerms, base: str = "/key_terms") -> tuple[FieldError, ...]:
    """Return what is wrong with key terms, by JSON Pointer from ``base``; empty when they can be published."""
    return tuple(_errors(terms, base))


def _errors(terms: KeyTerms, base: str) -> Iterator[FieldError]:
    renewal = terms.auto_renewal
    if renewal.renews:
        yield from _between(
            f"{base}/auto_renewal/months", renewal.months, 1, MAX_MONTHS, "for how many months it renews"
        )
    elif renewal.months is not None:
        yield FieldError(f"{base}/auto_renewal/months", "it does not renew: leave the months out")
    yield from _between(f"{base}/notice_days", terms.notice_days, 0, MAX_DAYS, "the days of notice")
    yield from _fee_errors(terms.early_termination, f"{base}/early_termination")
    commitment = terms.commitment
    yield from _between(f"{base}/commitment/months", commitment.months, 0, MAX_MONTHS, "the months of commitment")
    if commitment.monthly_amount is not None and not is_price(commitment.monthly_amount):
        yield FieldError(f"{base}/commitment/monthly_amount", "more than nothing and in whole cents, or leave it out")
    yield from _review_errors(terms.price_review, f"{base}/price_review")
    cap = terms.service_credits.cap_percent
    if cap is not None:
        yield from _percent(f"{base}/service_credits/cap_percent", cap)
        if not terms.service_credits.words:
            yield FieldError(f"{base}/service_credits/words", "say what the buyer gets back before you cap it")
    if terms.payment_days is not None:
        yield from _between(f"{base}/payment_days", terms.payment_days, 0, MAX_DAYS, "the days to pay")


def _fee_errors(fee: TerminationFee, at: str) -> Iterator[FieldError]:
    if fee.form in {FeeForm.NONE, FeeForm.WORDS}:
        if fee.value is not None:
            yield FieldError(f"{at}/value", f"a fee '{fee.form}' has no value: leave it out")
        if fee.form is FeeForm.WORDS and not fee.words:
            yield FieldError(f"{at}/words", "say what ending early costs")
        return
    if fee.value is None or fee.value <= 0:
        yield FieldError(f"{at}/value", f"say how much: the {fee.form}")
    elif fee.form is FeeForm.PERCENT:
        yield from _percent(f"{at}/value", fee.value)
    elif fee.form is FeeForm.MONTHS and fee.value > MAX_MONTHS:
        yield FieldError(f"{at}/value", f"at most {MAX_MONTHS} months")
    elif fee.form is FeeForm.FIXED and not is_price(fee.value):
        yield FieldError(f"{at}/value", "an amount in whole cents")


def _review_errors(review: PriceReview, at: str) -> Iterator[FieldError]:
    if review.form is ReviewForm.NONE and (review.percent is not None or review.index):
        yield FieldError(f"{at}/form", "there is no review: leave percent and index out, or say which review")
    if review.form is ReviewForm.PERCENT and review.percent is None:
        yield FieldError(f"{at}/percent", "say by how many percent a year")
    if review.form is ReviewForm.PERCENT and review.index:
        yield FieldError(f"{at}/index", "a fixed percent follows no index: leave it out")
    if review.form is ReviewForm.INDEX and not review.index:
        yield FieldError(f"{at}/index", "name the index, such as CPI-U of the BLS")
    if review.percent is not None:
        yield from _percent(f"{at}/percent", review.percent)


def _between(pointer: str, value: int | None, low: int, high: int, what: str) -> Iterator[FieldError]:
    if value is None or not low <= value <= high:
        yield FieldError(pointer, f"say {what}: {low} to {high}")


def _percent(pointer: str, value: Decimal) -> Iterator[FieldError]:
    if not 0 < value <= _HUNDRED:
        yield FieldError(pointer, "a percentage is more than 0 and at most 100")


def sentences(terms: KeyTerms | None, currency: str = "") -> dict[str, str]:
    """Return the key terms in plain sentences, by field in the order of ``NAMES``; unstated ones say so.

    ``currency`` is the contract's; without one, amounts stand alone.
    """
    if terms is None:
        return dict.fromkeys(NAMES, "Not stated.")
    return {
        "auto_renewal": _renewal_words(terms.auto_renewal),
        "notice_days": _notice_words(terms),
        "early_termination": _fee_words(terms.early_termination, currency),
        "commitment": _commitment_words(terms.commitment, currency),
        "price_review": _review_words(terms.price_review),
        "service_credits": _credit_words(terms.service_credits),
        "governing_law": f"{_ended(terms.governing_law)}" if terms.governing_law else "Not stated.",
        "payment_days": "Not stated."
        if terms.payment_days is None
        else f"Invoices are due within {count(terms.payment_days, 'day')}.",
    }


def _renewal_words(renewal: AutoRenewal) -> str:
    if not renewal.renews:
        return "The contract ends with its term; it does not renew by itself."
    return (
        f"Without notice in time, the contract renews by itself for {count(renewal.months or 0, 'month')}, each time."
    )


def _notice_words(terms: KeyTerms) -> str:
    if not terms.notice_days:
        return "No notice is needed before the end of the term."
    return f"Notice must reach the carrier at least {count(terms.notice_days, 'day')} before the end of the term."


def _fee_words(fee: TerminationFee, currency: str) -> str:
    value = _number(fee.value or Decimal(0))
    said = {
        FeeForm.NONE: "You may end it early without a fee.",
        FeeForm.PERCENT: f"Ending early costs {value} % of the charges for the rest of the term.",
        FeeForm.MONTHS: f"Ending early costs {value} times the monthly charge.",
        FeeForm.FIXED: f"Ending early costs {_money(fee.value or Decimal(0), currency)}.",
        FeeForm.WORDS: "Ending early has its price.",
    }[fee.form]
    return _with(said, fee.words)


def _commitment_words(commitment: Commitment, currency: str) -> str:
    parts = []
    if commitment.months:
        parts.append(f"keep the service for at least {count(commitment.months, 'month')}")
    if commitment.monthly_amount is not None:
        parts.append(f"pay at least {_money(commitment.monthly_amount, currency)} a month")
    said = f"You must {' and '.join(parts)}." if parts else "There is no minimum besides the term."
    return _with(said, commitment.words)


def _review_words(review: PriceReview) -> str:
    if review.form is ReviewForm.NONE:
        return "Prices stay as they are during the term."
    if review.form is ReviewForm.PERCENT:
        return f"Prices rise by {_number(review.percent or Decimal(0))} % every year."
    cap = f", by at most {_number(review.percent)} % a year" if review.percent is not None else ", without a limit"
    return f"Prices follow an index once a year ({review.index}){cap}."


def _credit_words(credits_: ServiceCredits) -> str:
    if not credits_.words:
        return "Nothing is paid back for outages."
    cap = f" At most {_number(credits_.cap_percent)} % of a month's charge." if credits_.cap_percent is not None else ""
    return f"{_ended(credits_.words)}{cap}"


def warnings(terms: KeyTerms | None, term_months: int = 0) -> tuple[str, ...]:
    """Return what bites in these key terms, the worst first. ``term_months`` is the contract's term; 0: unknown."""
    if terms is None:
        return ("The carrier has not stated its key terms: read the text with care.",)
    return tuple(_bites(terms, term_months))


def _bites(terms: KeyTerms, term_months: int) -> Iterator[str]:
    yield from _renewal_bites(terms.auto_renewal, terms.notice_days)
    yield from _fee_bites(terms.early_termination)
    yield from _commitment_bites(terms.commitment, term_months)
    if terms.price_review.form is ReviewForm.INDEX and terms.price_review.percent is None:
        yield "Prices follow an index without a limit: what you pay in later years is open."
    elif terms.price_review.form is not ReviewForm.NONE:
        yield f"The prices are not fixed. {_review_words(terms.price_review)}"
    if not terms.service_credits.words:
        yield "Nothing is paid back for outages."


def _renewal_bites(renewal: AutoRenewal, notice: int) -> Iterator[str]:
    months = count(renewal.months or 0, "month")
    if renewal.renews and notice > LONG_NOTICE_DAYS:
        yield (
            f"It renews by itself for {months} unless notice arrives {notice} days before the end: "
            "that is early, put the date into your calendar."
        )
    elif renewal.renews and (renewal.months or 0) >= LONG_RENEWAL_MONTHS:
        yield f"If you miss the notice, you are bound for {months} more."


def _fee_bites(fee: TerminationFee) -> Iterator[str]:
    value = fee.value or Decimal(0)
    if fee.form is FeeForm.PERCENT and value >= HIGH_FEE_PERCENT:
        yield f"Ending early costs {_number(value)} % of all that is left to pay."
    elif fee.form is FeeForm.MONTHS and value >= HIGH_FEE_MONTHS:
        yield f"Ending early costs {_number(value)} monthly charges."
    elif fee.form is FeeForm.WORDS:
        yield "What ending early costs is told in words only: make sure that you can reckon it."


def _commitment_bites(commitment: Commitment, term_months: int) -> Iterator[str]:
    if term_months and commitment.months > term_months:
        yield f"The commitment of {count(commitment.months, 'month')} is longer than the term of {term_months}."
    elif commitment.months > LONG_COMMITMENT_MONTHS:
        yield f"The commitment is long: {count(commitment.months, 'month')}."
    if commitment.monthly_amount is not None:
        yield "You pay a minimum every month, also when you use less."


def count(number: int, unit: str) -> str:
    """Return a number with its unit: '1 month', '12 months'."""
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"


def _money(amount: Decimal, currency: str) -> str:
    return f"{cents(amount):,} {currency}".strip()


def _number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _with(said: str, words: str) -> str:
    return f"{said} {_ended(words)}" if words else said


def _ended(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
