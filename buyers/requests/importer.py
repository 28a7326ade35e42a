"""Import of sites and lines from CSV text: good rows are kept, bad ones are reported cell by cell."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from buyers.requests.checks import LINE_LIMIT, NAME_LIMIT, NOTE_LIMIT, QUANTITY_LIMIT, SITE_LIMIT, check_place
from buyers.requests.model import Place, Priority, WantedFeature
from marketplace.catalogue.model import Catalogue, FeatureKind, ServiceType
from marketplace.catalogue.rules import read_number, validate_selection
from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError

Row = TypeVar("Row")

SITE_COLUMNS = (
    "label",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "opening_hours",
    "contact_name",
    "contact_phone",
    "contact_email",
)
LINE_COLUMNS = ("site", "service_type", "quantity", "priority", "note", "lot")
"""Beside these, every feature code of the catalogue is a column."""
NICE_PREFIX = "nice:"
CHOICE_SEPARATOR = "|"
_DELIMITERS = (",", ";", "\t")
_NEEDED_FOR_SITES = ("label", "country")
_NEEDED_FOR_LINES = ("service_type",)
_SHOWN_LIMIT = 60
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_QUANTITY = re.compile(r"[0-9]{1,7}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63}){1,5}")
_QUOTED = re.compile(r'"((?:[^"]|"")*+)("?)')


@dataclass(frozen=True, slots=True)
class CellError:
    """One wrong cell: ``row`` counts from the header (1), ``message`` says what would be right."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class ImportResult(Generic[Row]):
    """The rows that are right, in the file's order, and what is wrong with the others."""

    rows: tuple[Row, ...]
    errors: tuple[CellError, ...]


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as a file gives it."""

    row: int
    label: str
    place: Place
    opening_hours: str
    contact_name: str
    contact_phone: str
    contact_email: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as a file gives it; ``site`` is the label of a known site, empty for the whole company."""

    row: int
    site: str
    service_type: str
    quantity: int
    priority: Priority
    features: tuple[WantedFeature, ...]
    note: str
    lot: str


@dataclass(frozen=True, slots=True)
class _Table:
    """The header's columns and the rows below it by column, each with its number."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    errors: tuple[CellError, ...]


def parse_sites(text: str) -> ImportResult[SiteRow]:
    """Return the sites in a CSV file with the columns ``SITE_COLUMNS``; label and country are needed.

    A wrong header is reported as row 1 and then nothing is read.

    Raises:
        MalformedError: the text is no CSV, with line and column.
        TooLargeError: it has more rows than a request may have sites.
    """
    table = _table(text, SITE_COLUMNS, _NEEDED_FOR_SITES, SITE_LIMIT)
    rows: list[SiteRow] = []
    errors = list(table.errors)
    labels: dict[str, int] = {}
    for number, cells in table.rows:
        site, problems = _site(number, cells)
        first = labels.setdefault(site.label.casefold(), number)
        if first != number and site.label:
            message = f"row {first} has this label; give each site its own"
            problems = (*problems, FieldError("/label", message))
        errors += _located(number, cells, problems)
        if not problems:
            rows.append(site)
    return ImportResult(tuple(rows), tuple(errors))


def parse_lines(text: str, catalogue: Catalogue, known_sites: Collection[str]) -> ImportResult[LineRow]:
    """Return the lines in a CSV file with the columns ``LINE_COLUMNS`` and feature codes; service_type is needed.

    A feature's value may begin with 'nice:'; several choices are separated by '|'. Sites are found by label, whatever
    the case. A wrong header is reported as row 1 and then nothing is read.

    Raises:
        MalformedError: the text is no CSV, with line and column.
        TooLargeError: it has more rows than a request may have lines.
    """
    codes = {
        feature.code for family in catalogue.families for kind in family.service_types for feature in kind.features
    }
    features = tuple(sorted(codes - set(LINE_COLUMNS)))
    table = _table(text, (*LINE_COLUMNS, *features), _NEEDED_FOR_LINES, LINE_LIMIT)
    sites = {label.casefold(): label for label in known_sites}
    rows: list[LineRow] = []
    errors = list(table.errors)
    for number, cells in table.rows:
        line, problems = _line(number, cells, catalogue, sites)
        errors += _located(number, cells, problems)
        if not problems:
            rows.append(line)
    return ImportResult(tuple(rows), tuple(errors))


def _site(number: int, cells: Mapping[str, str]) -> tuple[SiteRow, tuple[FieldError, ...]]:
    problems: list[FieldError] = []
    degrees: dict[str, Decimal | None] = {}
    for name in ("latitude", "longitude"):
        value = cells.get(name, "")
        degrees[name] = read_number(value)
        if value and degrees[name] is None:
            problems.append(FieldError(f"/{name}", "give degrees with a decimal point, '41.5582'"))
    place = Place(
        country=cells.get("country", "").upper(),
        state=cells.get("state", "").upper(),
        city=cells.get("city", ""),
        postal_code=cells.get("postal_code", ""),
        street=cells.get("street", ""),
        latitude=degrees["latitude"],
        longitude=degrees["longitude"],
    )
    if not problems:
        problems += check_place(place, "")
    if not cells.get("label"):
        problems.append(FieldError("/label", "give the site a label"))
    for name in ("label", "opening_hours", "contact_name", "contact_phone"):
        problems += _too_long(name, cells.get(name, ""), NAME_LIMIT)
    email = cells.get("contact_email", "")
    if email and not _EMAIL.fullmatch(email):
        problems.append(FieldError("/contact_email", "give an address such as name@example.org"))
    site = SiteRow(
        row=number,
        label=cells.get("label", ""),
        place=place,
        opening_hours=cells.get("opening_hours", ""),
        contact_name=cells.get("contact_name", ""),
        contact_phone=cells.get("contact_phone", ""),
        contact_email=email,
    )
    return site, tuple(problems)


def _line(
    number: int, cells: Mapping[str, str], catalogue: Catalogue, sites: Mapping[str, str]
) -> tuple[LineRow, tuple[FieldError, ...]]:
    problems: list[FieldError] = []
    label = cells.get("site", "")
    site = sites.get(label.casefold(), "")
    if label and not site:
        problems.append(FieldError("/site", "no site has this label; import the site first, or leave the cell empty"))
    quantity = cells.get("quantity", "") or "1"
    if not _QUANTITY.fullmatch(quantity) or not 1 <= int(quantity) <= QUANTITY_LIMIT:
        problems.append(FieldError("/quantity", f"give a whole number from 1 to {QUANTITY_LIMIT}, without separators"))
        quantity = "1"
    priority = cells.get("priority", "").lower() or Priority.MUST
    if priority not in tuple(Priority):
        problems.append(FieldError("/priority", f"give {' or '.join(Priority)}"))
        priority = Priority.MUST
    problems += _too_long("note", cells.get("note", ""), NOTE_LIMIT)
    problems += _too_long("lot", cells.get("lot", ""), NAME_LIMIT)
    service_type = cells.get("service_type", "")
    features, wrong = _features(service_type, cells, catalogue)
    line = LineRow(
        row=number,
        site=site,
        service_type=service_type,
        quantity=int(quantity),
        priority=Priority(priority),
        features=features,
        note=cells.get("note", ""),
        lot=cells.get("lot", ""),
    )
    return line, (*problems, *wrong)


def _features(
    service_type: str, cells: Mapping[str, str], catalogue: Catalogue
) -> tuple[tuple[WantedFeature, ...], tuple[FieldError, ...]]:
    kind = catalogue.service_type(service_type)
    given: dict[str, object] = {}
    nice: set[str] = set()
    for code, cell in cells.items():
        if code in LINE_COLUMNS or not cell:
            continue
        value = cell
        if value.lower().startswith(NICE_PREFIX):
            nice.add(code)
            value = value[len(NICE_PREFIX) :].strip()
        given[code] = _typed(kind, code, value)
    values, problems = validate_selection(catalogue, service_type, given, pointer="")
    wanted = (
        WantedFeature(code, value, Priority.NICE if code in nice else Priority.MUST) for code, value in values.items()
    )
    return tuple(wanted), tuple(
        FieldError(f"/{problem.pointer.rpartition('/')[2]}", problem.message) for problem in problems
    )


def _typed(kind: ServiceType | None, code: str, value: str) -> object:
    """Return a cell as the JSON value that its feature takes; the catalogue refuses what is none."""
    feature = kind.feature(code) if kind else None
    if feature is not None and feature.kind is FeatureKind.FLAG:
        return _FLAGS.get(value.lower(), value)
    if feature is not None and feature.kind is FeatureKind.CHOICES:
        return tuple(part.strip() for part in value.split(CHOICE_SEPARATOR))
    return value


def _too_long(name: str, value: str, limit: int) -> Iterator[FieldError]:
    if len(value) > limit:
        yield FieldError(f"/{name}", f"this has {len(value):,} characters; at most {limit:,} are taken")


def _located(number: int, cells: Mapping[str, str], problems: Iterable[FieldError]) -> Iterator[CellError]:
    for problem in problems:
        column = problem.pointer.removeprefix("/")
        yield CellError(number, column, cells.get(column, "")[:_SHOWN_LIMIT], problem.message)


def _table(text: str, accepted: tuple[str, ...], needed: tuple[str, ...], limit: int) -> _Table:
    text = text.removeprefix("\ufeff")
    delimiter = _delimiter(text, accepted)
    records = _records(text, delimiter)
    header = next(records, None)
    columns = tuple(_column(cell) for cell in header) if header else ()
    if not set(columns) & set(accepted):
        message = f"line 1, column 1: the first row is no header; it takes the columns {', '.join(accepted)}"
        raise MalformedError("The file has no header.", errors=(FieldError("", message),))
    errors = tuple(_header_errors(columns, accepted, needed))
    rows: list[tuple[int, dict[str, str]]] = []
    wrong: list[CellError] = []
    for number, record in enumerate(records, start=2):
        cells = tuple(cell.strip() for cell in record)
        if not any(cells):
            continue  # a blank row counts, as it does in the spreadsheet that wrote the file
        if len(rows) + len(wrong) >= limit:
            raise TooLargeError(f"The file has more than {limit:,} rows; split it.")
        if any(cells[len(columns) :]):
            message = f"this row has {len(cells)} cells, the header {len(columns)}; quote cells that hold the separator"
            wrong.append(CellError(number, "", cells[len(columns)][:_SHOWN_LIMIT], message))
        else:
            rows.append((number, dict(zip(columns, cells, strict=False))))
    return _Table(columns, (), errors) if errors else _Table(columns, tuple(rows), tuple(wrong))


def _header_errors(columns: tuple[str, ...], accepted: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[CellError]:
    listed = ", ".join(accepted)
    for index, column in enumerate(columns):
        if column not in accepted:
            yield CellError(1, column, column, f"this is no column; the accepted columns are {listed}")
        elif column in columns[:index]:
            yield CellError(1, column, column, "this column is there twice; keep one of them")
    for column in needed:
        if column not in columns:
            yield CellError(1, column, "", f"the column {column} is missing; the accepted columns are {listed}")


def _column(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")[:_SHOWN_LIMIT]


def _delimiter(text: str, accepted: tuple[str, ...]) -> str:
    """Return the separator by which the first row has most of the accepted columns."""
    line = re.split(r"[\r\n]", text, maxsplit=1)[0]

    def known(delimiter: str) -> int:
        return sum(_column(cell.strip().strip('"')) in accepted for cell in line.split(delimiter))

    return max(_DELIMITERS, key=known)


def _records(text: str, delimiter: str) -> Iterator[tuple[str, ...]]:
    """Yield the records of a CSV text (RFC 4180), lines ended by LF, CR or CRLF.

    The standard library's reader tells neither the column nor the line where an open quote began.
    """
    plain = re.compile(rf"[^{delimiter}\r\n]*")
    position = 0
    cells: list[str] = []
    while position < len(text) or cells:
        cell, position = _cell(text, position, plain, delimiter)
        cells.append(cell)
        if text.startswith(delimiter, position):
            position += 1
            if position < len(text):
                continue
            cells.append("")
        elif text.startswith("\r\n", position):
            position += 2
        else:
            position += 1
        yield tuple(cells)
        cells = []


def _cell(text: str, position: int, plain: re.Pattern[str], delimiter: str) -> tuple[str, int]:
    quoted = _QUOTED.match(text, position)
    if quoted is None:
        bare = plain.match(text, position)
        return (bare.group(), bare.end()) if bare else ("", position)
    if not quoted.group(2):
        _malformed(text, position, "the quote that opens here is never closed; close it or remove it")
    end = quoted.end()
    if end < len(text) and text[end] not in f"{delimiter}\r\n":
        _malformed(text, end, "a quoted cell ends before this sign; write a quote inside a quoted cell twice")
    return quoted.group(1).replace('""', '"'), end


def _malformed(text: str, position: int, message: str) -> None:
    before = re.split(r"\r\n|\r|\n", text[:position])
    where = f"line {len(before)}, column {len(before[-1]) + 1}"
    raise MalformedError("The file is no well-formed CSV.", errors=(FieldError("", f"{where}: {message}"),))
