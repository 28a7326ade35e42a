"""Registration numbers: their normal form, and what is wrong with one that is not valid."""

from collections.abc import Callable, Mapping

from stdnum import lei
from stdnum.eu import vat
from stdnum.exceptions import InvalidChecksum, ValidationError
from stdnum.us import ein

from buyers.registry.model import NumberKind

LONGEST_NUMBER = 40
_LEI_LENGTH = 20
_CHECK_DIGITS = 2
_DUNS_LENGTH = 9
_COUNTRY_OF_VAT = {"EL": "GR", "XI": "GB"}
"""VAT prefixes that are not the country's ISO code."""


class WrongNumberError(ValueError):
    """The number can't be right; the message says what would be."""


def check_number(kind: NumberKind, value: str) -> str:
    """Return ``value`` in the normal form of its kind: one spelling for one number. Raises WrongNumberError."""
    if not value.isascii() or not 0 < len(value.strip()) <= LONGEST_NUMBER:
        raise WrongNumberError(f"write the number with 1 to {LONGEST_NUMBER} plain letters and digits")
    return _CHECKS[kind](value)


def country_of(kind: NumberKind, value: str) -> str:
    """Return the country (ISO 3166-1) that the normal form of a number names, empty if it names none."""
    if kind is NumberKind.EIN:
        return "US"
    if kind is NumberKind.VAT:
        return _COUNTRY_OF_VAT.get(value[:2], value[:2])
    return ""


def _lei(value: str) -> str:
    compact = lei.compact(value)
    if len(compact) != _LEI_LENGTH or not compact.isalnum() or not compact[-_CHECK_DIGITS:].isdigit():
        raise WrongNumberError("an LEI has 20 letters and digits, the last two of them digits (ISO 17442)")
    try:
        checked: str = lei.validate(compact)
    except ValidationError as error:
        raise WrongNumberError("the check digits of this LEI don't fit: a digit or letter is mistyped") from error
    return checked


def _vat(value: str) -> str:
    prefix = value.strip()[:2].upper()
    if prefix != "EL" and prefix.lower() not in vat.MEMBER_STATES:
        raise WrongNumberError("begin with the prefix of the EU member state: DE136695976, ATU57194903, EL094259216")
    try:
        checked: str = vat.validate(value)
    except InvalidChecksum as error:
        raise WrongNumberError(
            f"the check digits of this {prefix} VAT number don't fit: a digit is mistyped"
        ) from error
    except ValidationError as error:
        raise WrongNumberError(f"a VAT number of {prefix} has another length or other characters") from error
    return checked


def _ein(value: str) -> str:
    try:
        compact: str = ein.validate(value)
    except ValidationError as error:
        raise WrongNumberError("an EIN has nine digits, the first two of an IRS campus: 91-1144442") from error
    return f"{compact[:2]}-{compact[2:]}"


def _duns(value: str) -> str:
    compact = value.replace("-", "").replace(" ", "")
    if len(compact) != _DUNS_LENGTH or not compact.isdigit() or not int(compact):
        raise WrongNumberError("a D-U-N-S number has nine digits: 15-048-3782")
    return compact


_CHECKS: Mapping[NumberKind, Callable[[str], str]] = {
    NumberKind.LEI: _lei,
    NumberKind.VAT: _vat,
    NumberKind.EIN: _ein,
    NumberKind.DUNS: _duns,
}
