"""CSV text as rows by column, and what is wrong with it cell by cell: for every room that takes files of rows."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError

_DELIMITERS = (",", ";", "\t")
_LISTED_LIMIT = 12
_SHOWN_LIMIT = 60
_NO_SYNONYMS: Mapping[str, str] = {}
_QUOTED = re.compile(r'"((?:[^"]|"")*+)("?)')


@dataclass(frozen=True, slots=True)
class CellError:
    """One wrong cell: ``row`` counts from the header (1), ``message`` says what would be right."""

    row: int
    column: str
    value: str
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """The header's columns and the rows below it by column, each with its number, and what is wrong with the rest."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    errors: tuple[CellError, ...]


def decoded(content: bytes) -> str:
    """Return a file's text, without the mark that some programs put before UTF-8. Raises MalformedError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(f"The file is not UTF-8 text: byte {error.start} can't be read.") from error


def read(
    text: str,
    accepted: tuple[str, ...],
    needed: tuple[str, ...],
    limit: int,
    synonyms: Mapping[str, str] = _NO_SYNONYMS,
) -> Table:
    """Return the rows of a CSV text whose separator is a comma, a semicolon or a tab.

    ``synonyms`` are other names of the ``accepted`` columns, in small letters with underscores. A wrong header is
    reported as row 1 and then nothing is read. A blank row counts, as in the spreadsheet that wrote the file.

    Raises:
        MalformedError: the text is no CSV, with line and column.
        TooLargeError: it has more than ``limit`` rows.
    """
    text = text.removeprefix("\ufeff")
    delimiter = _delimiter(text, frozenset(accepted).union(synonyms))
    records = _records(text, delimiter)
    header = next(records, None)
    columns = tuple(synonyms.get(name, name) for name in map(_column, header)) if header else ()
    if not set(columns) & set(accepted):
        found = "the first row is no header" if text.strip() else "the file is empty"
        message = f"line 1, column 1: {found}; the first row takes the columns {_listed(accepted)}"
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
    return Table(columns, (), errors) if errors else Table(columns, tuple(rows), tuple(wrong))


def located(number: int, cells: Mapping[str, str], problems: Iterable[FieldError]) -> Iterator[CellError]:
    """Yield the problems of a row, whose pointers are columns ('/label'), with the wrong cells shortened."""
    for problem in problems:
        column = problem.pointer.removeprefix("/")
        yield CellError(number, column, cells.get(column, "")[:_SHOWN_LIMIT], problem.message)


def _header_errors(columns: tuple[str, ...], accepted: tuple[str, ...], needed: tuple[str, ...]) -> Iterator[CellError]:
    listed = _listed(accepted)
    for index, column in enumerate(columns):
        if column not in accepted:
            yield CellError(1, column, column, f"this is no column; the accepted columns are {listed}")
        elif column in columns[:index]:
            yield CellError(1, column, column, "this column is there twice; keep one of them")
    for column in needed:
        if column not in columns:
            yield CellError(1, column, "", f"the column {column} is missing; the accepted columns are {listed}")


def _listed(columns: tuple[str, ...]) -> str:
    """Return the columns as far as a person reads them: behind the first ones the catalogue's features may stand."""
    left = len(columns) - _LISTED_LIMIT
    return ", ".join(columns[:_LISTED_LIMIT]) + (f" and {left} more" if left > 0 else "")


def _column(cell: str) -> str:
    return cell.strip().lower().replace(" ", "_")[:_SHOWN_LIMIT]


def _delimiter(text: str, accepted: frozenset[str]) -> str:
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
