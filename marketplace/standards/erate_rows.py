"""The E-Rate Form 471 file: its text to typed rows, or an error that names line and column."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from marketplace.kernel.errors import FieldError, MalformedError

EMPTY = frozenset({"", "NA"})
"""What stands for 'no value': nothing, and what the published extracts write."""
ERROR_LIMIT = 20

_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,2})?")
_NUMBER_LIMIT = Decimal("1e12")
_CELL = re.compile(r'"(?P<quoted>[^"]*+(?:""[^"]*+)*+)"|(?P<plain>(?!")[^,\r\n]*)')
_END = re.compile(r"\r\n|\n|\r")
_ZIP_DIGITS = 5
_ZIP4_DIGITS = 9
_LATITUDE_LIMIT, _LONGITUDE_LIMIT = 90, 180
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class ErateRow:
    """One record under the official column names; None is an empty or absent value.

    ``number`` counts records from 1, ``line`` is the line of the file where the record begins. Costs are US dollars
    per unit: ``total_monthly_cost`` times ``monthly_quantity`` is what a line item costs a month at all its sites.
    """

    number: int
    line: int
    application_number: str | None = None
    funding_request_number: str | None = None
    form_471_line_item_number: str | None = None
    funding_year: int | None = None
    billed_entity_number: str | None = None
    organization_name: str | None = None
    organization_entity_type_name: str | None = None
    org_address1: str | None = None
    org_city: str | None = None
    org_state: str | None = None
    org_zipcode: str | None = None
    ros_entity_number: str | None = None
    ros_entity_name: str | None = None
    ros_physical_address: str | None = None
    ros_physical_city: str | None = None
    ros_physical_state: str | None = None
    ros_physical_zipcode: str | None = None
    ros_physical_county: str | None = None
    ros_latitude: Decimal | None = None
    ros_longitude: Decimal | None = None
    ros_urban_rural_status: str | None = None
    spin_number: str | None = None
    spin_name: str | None = None
    form_471_service_type_name: str | None = None
    form_471_function_name: str | None = None
    form_471_product_name: str | None = None
    form_471_purpose_name: str | None = None
    download_speed: Decimal | None = None
    form_471_download_speed_unit_name: str | None = None
    upload_speed: Decimal | None = None
    form_471_upload_speed_unit_name: str | None = None
    total_monthly_cost: Decimal | None = None
    monthly_quantity: Decimal | None = None
    months_of_service: int | None = None
    total_one_time_cost: Decimal | None = None
    one_time_quantity: Decimal | None = None
    pre_discount_extended_eligible_line_item_costs: Decimal | None = None
    dis_pct: Decimal | None = None
    connection_directly_school: bool | None = None
    connection_supports_service: bool | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    cells: tuple[_Cell, ...]


def read_rows(text: str) -> tuple[ErateRow, ...]:
    """Return the records of a Form 471 line file (CSV after RFC 4180, header with the official column names).

    Columns may come in any order; unknown ones are passed over; those not in ``REQUIRED`` may be absent.

    Raises:
        MalformedError: no header or no record, a required column is missing or doubled, a record is shorter or longer
            than the header, a quote is not closed, or a value can't be read. The detail names line and column.
    """
    records = _records(text.removeprefix("\ufeff"))
    header = next(records, None)
    if header is None:
        _refuse(1, 1, "", "the file is empty; its first line names the columns")
    names = _names(header)
    rows: list[ErateRow] = []
    errors: list[tuple[int, int, str, str]] = []
    for number, record in enumerate(records, start=1):
        if len(record.cells) != len(names):
            at = min(len(record.cells), len(names)) + (len(record.cells) > len(names))
            message = f"the record has {len(record.cells)} values, the header names {len(names)} columns"
            _refuse(record.line, at, names[at - 1] if at <= len(names) else "", message)
        values, found = _values(names, record)
        errors += found
        if len(errors) >= ERROR_LIMIT:
            break
        rows.append(ErateRow(number, record.line, **values))
    if errors:
        raise _malformed(*errors[:ERROR_LIMIT])
    if not rows:
        _refuse(header.line + 1, 1, "", "there is no record after the header")
    return tuple(rows)


def _names(header: _Record) -> tuple[str, ...]:
    names = tuple(cell.text.strip().lower() for cell in header.cells)
    for position, name in enumerate(names):
        if name in _READERS and name in names[:position]:
            _refuse(header.line, position + 1, name, "the column is named twice")
    if missing := [name for name in REQUIRED if name not in names]:
        _refuse(header.line, len(names) + 1, missing[0], f"missing columns: {', '.join(missing)}")
    return names


def _values(names: tuple[str, ...], record: _Record) -> tuple[dict[str, Any], list[tuple[int, int, str, str]]]:
    values: dict[str, Any] = {}
    errors = []
    for position, (name, cell) in enumerate(zip(names, record.cells, strict=True), start=1):
        read = _READERS.get(name)
        text = cell.text.strip()
        if read is None or text in EMPTY:
            continue
        try:
            values[name] = read(text)
        except ValueError as error:
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
            errors.append((record.line, position, name, f"{shown!r} is not {error}"))
    return values, errors


def _records(text: str) -> Iterator[_Record]:
    """Yield the records of a CSV text with the line on which each begins; empty lines are passed over."""
    position, line = 0, 1
    while position < len(text):
        cells: list[_Cell] = []
        begins = line
        while True:
            match = _CELL.match(text, position)
            if match is None:
                _refuse(line, len(cells) + 1, "", "the value begins with a quote that is never closed")
            quoted = match["quoted"]
            cells.append(
                _Cell(match["plain"] or "" if quoted is None else quoted.replace('""', '"'), quoted is not None)
            )
            position = match.end()
            line += 0 if quoted is None else len(_END.findall(quoted))
            if text[position : position + 1] != ",":
                break
            position += 1
        end = _END.match(text, position)
        if end is None and position < len(text):
            _refuse(line, len(cells), "", "after the closing quote comes neither a comma nor the end of the line")
        position = end.end() if end else position
        line += 1
        if len(cells) > 1 or cells[0].text or cells[0].quoted:
            yield _Record(begins, tuple(cells))


def _text(value: str) -> str:
    """Return ``value`` on one line and without invisible characters, which spreadsheets leave behind."""
    return "".join(character for character in " ".join(value.split()) if character.isprintable())


def _number(value: str) -> Decimal:
    if not _NUMBER.fullmatch(value) or abs(Decimal(value)) >= _NUMBER_LIMIT:
        raise ValueError("a plain number such as 1234.56 (no separators, no currency sign)")
    return Decimal(f"{Decimal(value):f}")


def _whole(value: str) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError("a whole number")
    return int(number)


def _degrees(limit: int) -> Callable[[str], Decimal]:
    def read(value: str) -> Decimal:
        number = _number(value)
        if abs(number) > limit:
            raise ValueError(f"an angle from -{limit} to {limit} degrees")
        return number

    return read


def _yes(value: str) -> bool:
    known = {"yes": True, "no": False, "true": True, "false": False}
    if value.lower() not in known:
        raise ValueError("Yes or No")
    return known[value.lower()]


def _zip(value: str) -> str:
    """Return a ZIP with the leading zeros that a spreadsheet took: '7060' is '07060', '70601234' is '07060-1234'."""
    if not re.fullmatch(r"[0-9]{1,9}|[0-9]{1,5}-[0-9]{4}", value):
        raise ValueError("a ZIP code such as 07060 or 07060-1234")
    head, _, tail = value.partition("-")
    if len(head) > _ZIP_DIGITS:
        head = head.zfill(_ZIP4_DIGITS)
        head, tail = head[:_ZIP_DIGITS], head[_ZIP_DIGITS:]
    return head.zfill(_ZIP_DIGITS) + (f"-{tail}" if tail else "")


def _state(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise ValueError("a state of two letters such as CA")
    return value.upper()


def _malformed(*errors: tuple[int, int, str, str]) -> MalformedError:
    line, column, name, message = errors[0]
    named = f" ({name})" if name else ""
    fields = tuple(FieldError(f"/{at}/{called or position}", said) for at, position, called, said in errors)
    return MalformedError(f"line {line}, column {column}{named}: {message}", errors=fields)


def _refuse(line: int, column: int, name: str, message: str) -> NoReturn:
    raise _malformed((line, column, name, message))


_READERS: Mapping[str, Callable[[str], object]] = {
    **{name: _text for name, kind in ErateRow.__annotations__.items() if kind == (str | None)},
    **{name: _number for name, kind in ErateRow.__annotations__.items() if kind == (Decimal | None)},
    **{name: _whole for name, kind in ErateRow.__annotations__.items() if kind == (int | None)},
    **{name: _yes for name, kind in ErateRow.__annotations__.items() if kind == (bool | None)},
    "org_zipcode": _zip,
    "ros_physical_zipcode": _zip,
    "org_state": _state,
    "ros_physical_state": _state,
    "ros_latitude": _degrees(_LATITUDE_LIMIT),
    "ros_longitude": _degrees(_LONGITUDE_LIMIT),
}

REQUIRED = (
    "application_number",
    "form_471_line_item_number",
    "billed_entity_number",
    "organization_name",
    "ros_entity_number",
    "ros_physical_address",
    "ros_physical_city",
    "ros_physical_state",
    "ros_physical_zipcode",
    "spin_number",
    "spin_name",
    "form_471_function_name",
    "form_471_product_name",
    "form_471_purpose_name",
    "download_speed",
    "form_471_download_speed_unit_name",
    "total_monthly_cost",
    "monthly_quantity",
    "months_of_service",
    "total_one_time_cost",
)
"""Without these columns no request, price or winner can be made; all others only add to it."""
