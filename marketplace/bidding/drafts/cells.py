"""The cells of a bid sheet: how a price stands in one, how it is read back, and what would be right instead."""

import re
from decimal import Decimal

from marketplace.bidding.offer import (
    Basis,
    Firmness,
    Surcharge,
    surcharge_problems,
    surcharge_words,
)
from marketplace.bidding.offer_names import LONGEST_NAME, NAME_SEPARATOR, name_problems, tidy

Cell = Decimal | int | str | None
"""What a file holds in a cell: a number, a text, or nothing."""

LONGEST_INSTALL_DAYS = 1500
_WHOLE_DIGITS = 12
"""Digits before the point: no amount reaches a trillion."""
_RATE_DIGITS = 10
_NUMBER = re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+)(?:\.(?P<part>[0-9]+))?")
_DECIMAL_COMMA = re.compile(r"[0-9]+(?:[.\s'][0-9]{3})*,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3}){2,}")
_SURCHARGE = re.compile(r"(?P<name>.+?) (?P<figure>[0-9.,]+) ?(?P<basis>%|a month|monthly|once)", re.IGNORECASE)
_LONGEST_SURCHARGE = LONGEST_NAME + 40
_BASES = {"%": Basis.PERCENT, "a month": Basis.MONTHLY, "monthly": Basis.MONTHLY, "once": Basis.ONCE}
_DAYS = re.compile(r"[0-9]{1,4}")


class WrongCellError(Exception):
    """A cell that can't be taken; the message says what would be right."""


def read_price(text: str) -> Decimal | None:
    """Return an amount in whole cents, or None for an empty cell. Raises WrongCellError."""
    return _number(text, decimals=2, digits=_WHOLE_DIGITS) if text else None


def read_rate(text: str) -> Decimal | None:
    """Return the price of a unit of usage, four decimals, or None for an empty cell. Raises WrongCellError."""
    return _number(text, decimals=4, digits=_RATE_DIGITS) if text else None


def read_days(text: str) -> int | None:
    """Return a number of days, or None for an empty cell. Raises WrongCellError."""
    if not text:
        return None
    if not _DAYS.fullmatch(text) or int(text) > LONGEST_INSTALL_DAYS:
        raise WrongCellError(f"write whole days from 0 to {LONGEST_INSTALL_DAYS}, such as 45")
    return int(text)


def read_firmness(text: str) -> Firmness:
    """Return how far a price binds; an empty cell is firm. Raises WrongCellError."""
    try:
        return Firmness(" ".join(text.lower().replace("_", " ").split())) if text else Firmness.FIRM
    except ValueError:
        raise WrongCellError(f"write one of: {', '.join(Firmness)}") from None


def read_taxes(text: str) -> tuple[Surcharge, ...]:
    """Return taxes and surcharges, such as 'USF 12.5% | E911 0.75 a month | Permit 40.00 once'.

    Raises WrongCellError.
    """
    taxes = tuple(_surcharge(" ".join(part.split())) for part in text.split(NAME_SEPARATOR)) if text else ()
    problem = next(surcharge_problems(taxes, ""), None)
    if problem is not None:
        raise WrongCellError(problem.message)
    return taxes


def taxes_cell(taxes: tuple[Surcharge, ...]) -> str:
    """Return the text that ``read_taxes`` reads."""
    return f" {NAME_SEPARATOR} ".join(surcharge_words(tax) for tax in taxes)


def read_name(text: str, example: str) -> str:
    """Return a name without needless spaces, empty for an empty cell. Raises WrongCellError."""
    name = tidy(text)
    problem = next(name_problems(name, "", example), None)
    if problem is not None:
        raise WrongCellError(problem.message)
    return name


def written(cell: Cell) -> str:
    """Return a cell as the difference shows it."""
    if cell is None:
        return ""
    return f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


def _surcharge(text: str) -> Surcharge:
    found = _SURCHARGE.fullmatch(text) if len(text) <= _LONGEST_SURCHARGE else None
    if found is None:
        raise WrongCellError(
            f"write a name, a figure and '%', 'a month' or 'once', '{NAME_SEPARATOR}' between two of them:"
            f" USF 12.5% {NAME_SEPARATOR} E911 0.75 a month {NAME_SEPARATOR} Permit 40.00 once"
        )
    basis = _BASES[found["basis"].lower()]
    decimals = 4 if basis is Basis.PERCENT else 2
    figure = _number(found["figure"], decimals=decimals, digits=_WHOLE_DIGITS)
    return Surcharge(found["name"], basis, figure)


def _number(text: str, *, decimals: int, digits: int) -> Decimal:
    """Return a number with a decimal point, thousands apart by commas or not at all. Raises WrongCellError."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise WrongCellError(_right_form(text))
    whole, part = found["whole"].replace(",", ""), found["part"] or ""
    if len(part) > decimals:
        raise WrongCellError(
            f"this has {len(part)} decimals; at most {decimals} are taken, such as {_example(decimals)}"
        )
    if len(whole.lstrip("0")) > digits:
        raise WrongCellError(f"this has {len(whole):,} digits before the point; at most {digits} are taken")
    return Decimal(f"{whole}.{part}" if part else whole)


def _right_form(text: str) -> str:
    if text.startswith("-"):
        return "an amount is 0 or more"
    if _DECIMAL_COMMA.fullmatch(text) and len(text) <= _WHOLE_DIGITS * 2:
        whole, comma, part = text.rpartition(",")
        plain = re.sub(r"[^0-9]", "", whole if comma else text)
        return (
            f"write {plain}.{part}: the decimal sign is a point"
            if comma
            else f"write {plain}: thousands take commas or nothing"
        )
    return "write a number such as 1234.50 or 1,234.50, without a currency"


def _example(decimals: int) -> str:
    return "1234.50" if decimals == 2 else "0.0125"  # noqa: PLR2004 - an amount has two, a rate four
