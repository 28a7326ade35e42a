"""Amounts in the words of a language: a zero too much is heard sooner than seen."""

from decimal import Decimal

from babel import numbers
from fastapi import Request

from marketplace.terminals import browser


def in_words(request: Request, amount: Decimal) -> str:
    """Return an amount in the words of the reader's language."""
    locale = browser.preferences_of(request).babel
    return numbers.format_compact_decimal(amount, format_type="long", locale=locale, fraction_digits=1)
