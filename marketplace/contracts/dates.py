"""The dates that matter of a contract, by rules that are told beside them: start, end, notice window, price reviews."""

import calendar
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from sellers.key_terms import KeyTerms, ReviewForm, count

WINDOW_DAYS = 30
"""How long before its last day the notice window opens in the calendar: time to decide."""
_NOTICE_TERMS = frozenset({"auto_renewal", "notice_days"})


@dataclass(frozen=True, slots=True)
class ContractDates:
    """Expected dates; ``start_basis`` says where the start comes from.

    ``end`` is the last day of the term. ``notice_opens`` to ``notice_closes``: when to give notice, the last day
    included. ``price_reviews`` are the days on which prices may change. ``notes`` say what could not be reckoned.
    """

    start: date
    start_basis: str
    end: date
    notice_opens: date | None
    notice_closes: date | None
    price_reviews: tuple[date, ...]
    notes: tuple[str, ...]


def contract_dates(
    accepted_on: date,
    term_months: int,
    *,
    wanted_start: date | None,
    slowest_install_days: int | None,
    terms: KeyTerms | None,
    changed: Collection[str] = (),
) -> ContractDates:
    """Return the dates of a contract that was accepted on ``accepted_on`` (UTC).

    The term starts on the day that the request asks for, but not before the slowest line can be installed, counted
    from the acceptance. ``changed`` names key terms that the two agreed to change in words: what depends on them is
    left out rather than reckoned from what does not hold any more.
    """
    start, basis = _start(accepted_on, wanted_start, slowest_install_days)
    end = months_later(start, term_months) - timedelta(days=1)
    opens, closes, notes = _notice(start, end, terms, changed)
    reviews: tuple[date, ...] = ()
    if "price_review" in changed:
        notes += ("The price review was agreed in words: read the contract.",)
    elif terms is not None and terms.price_review.form is not ReviewForm.NONE:
        years = range(1, term_months // 12 + 1)
        reviews = tuple(day for year in years if (day := months_later(start, 12 * year)) <= end)
    if terms is None:
        notes += ("The carrier stated no key terms: notice and price reviews are in the text of the terms alone.",)
    return ContractDates(start, basis, end, opens, closes, reviews, notes)


def _start(accepted_on: date, wanted: date | None, install_days: int | None) -> tuple[date, str]:
    if install_days is None:
        if wanted is not None and wanted > accepted_on:
            return wanted, "the start that the request asks for"
        return accepted_on, "the day of the acceptance, as no installation time is stated"
    installed = accepted_on + timedelta(days=install_days)
    if wanted is not None and wanted >= installed:
        return wanted, "the start that the request asks for"
    return installed, f"the acceptance and the slowest installation of {count(install_days, 'day')}"


def _notice(
    start: date, end: date, terms: KeyTerms | None, changed: Collection[str]
) -> tuple[date | None, date | None, tuple[str, ...]]:
    if terms is None:
        return None, None, ()
    if _NOTICE_TERMS & set(changed):
        return None, None, ("Renewal or notice was agreed in words: read the contract.",)
    if not terms.notice_days:
        return None, None, ()
    closes = end - timedelta(days=terms.notice_days)
    if closes < start:
        return None, None, ("The notice window would close before the start: ask the carrier.",)
    return max(start, closes - timedelta(days=WINDOW_DAYS)), closes, ()


def months_later(day: date, months: int) -> date:
    """Return the same day of the month ``months`` later, or the month's last day where it has no such day."""
    total = day.year * 12 + day.month - 1 + months
    year, month = divmod(total, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))
