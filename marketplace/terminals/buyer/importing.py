"""Rows that a person pastes or sends as a file: read as cells, their columns guessed from headings and contents; pure.

What is read here is handed to the room's own importer as CSV: it alone decides what is right.
"""

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import openpyxl

from marketplace.kernel.csv_text import decoded
from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError

LARGEST_FILE = 5_000_000
"""Bytes of a file with rows."""
LARGEST_UNPACKED = 60_000_000
"""Bytes that a workbook may unpack to: a small file can hold gigabytes of zeros."""
MOST_ROWS = 20_000
MOST_COLUMNS = 60
_LONGEST_CELL = 500
_DELIMITERS = ("\t", ";", ",", "|")
_ZIP = b"PK\x03\x04"
_LOOKED_AT = 50

Cells = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that rows may have: the headings by which it is known, in small letters without signs."""

    name: str
    headings: frozenset[str]


@dataclass(frozen=True, slots=True)
class Test:
    """Tells a column by its contents: so large a share of the cells that say something ``looks`` like it."""

    looks: Callable[[str], bool]
    share: float = 0.8

    def holds(self, cells: Sequence[str]) -> bool:
        """Tell whether enough cells look like it."""
        said = [cell for cell in cells if cell]
        return bool(said) and sum(map(self.looks, said)) >= self.share * len(said)


@dataclass(frozen=True, slots=True)
class Guess:
    """What each column of rows holds (empty: not used), by its heading or else by its contents, and the rows below.

    ``sure``: headings said it, or everything that is needed was found.
    """

    columns: tuple[str, ...]
    rows: tuple[Cells, ...]
    headed: bool
    sure: bool

    def dicts(self) -> list[dict[str, str]]:
        """Return each row's cells by column."""
        return [{name: cell for name, cell in zip(self.columns, row, strict=False) if name} for row in self.rows]


def column(name: str, *headings: str) -> Column:
    """Return a column known by its own name and by other headings."""
    return Column(name, frozenset(plain(heading) for heading in (name, *headings)))


def plain(heading: str) -> str:
    """Return a heading as it is compared: small letters and digits."""
    return "".join(character for character in heading.casefold() if character.isalnum())


def rows_of(text: str, content: bytes) -> list[Cells]:
    """Return the rows of a pasted ``text``, or of a file's ``content`` if there is one.

    Raises MalformedError for what is neither text nor a workbook, TooLargeError.
    """
    if not content:
        return rows_of_text(text)
    if len(content) > LARGEST_FILE:
        raise TooLargeError(f"A file with rows has at most {LARGEST_FILE // 1_000_000} MB; this one has more.")
    if content.startswith(_ZIP):
        return rows_of_workbook(content)
    try:
        return rows_of_text(decoded(content))
    except MalformedError:
        # what a spreadsheet on Windows saves as CSV
        return rows_of_text(content.decode("cp1252", errors="replace"))


def rows_of_text(text: str) -> list[Cells]:
    """Return the rows of a text whose cells are separated by tabs, semicolons, commas or bars. Raises TooLargeError."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    first = text.partition("\n")[0]
    counted = {sign: first.count(sign) for sign in _DELIMITERS}
    delimiter = "\t" if counted["\t"] else max(_DELIMITERS, key=lambda sign: counted[sign])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        return _limited(reader)
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}"
        raise MalformedError("These rows can't be read.", errors=(FieldError("/text", message),)) from error


def rows_of_workbook(content: bytes) -> list[Cells]:
    """Return the rows of a workbook's first sheet that has any, formulas as they were last calculated.

    Raises MalformedError, TooLargeError.
    """
    problem = MalformedError(
        "This file can't be read.", errors=(FieldError("/file", "save it as XLSX or CSV and send it again"),)
    )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(item.file_size for item in packed.infolist())
        if unpacked > LARGEST_UNPACKED:
            raise TooLargeError("This workbook is too large when it is unpacked; save the rows alone as CSV.")
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError) as error:
        raise problem from error
    try:
        for sheet in book.worksheets:
            found = _limited(sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True))
            if found:
                return found
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, TypeError, SyntaxError) as error:
        raise problem from error
    finally:
        book.close()
    return []


def _limited(rows: Iterable[Sequence[object]]) -> list[Cells]:
    found: list[Cells] = []
    for row in rows:
        cells = [_text(cell) for cell in row[:MOST_COLUMNS]]
        while cells and not cells[-1]:
            cells.pop()
        if cells:
            found.append(tuple(cells))
        if len(found) > MOST_ROWS:
            raise TooLargeError(f"These are more than {MOST_ROWS:,} rows; send them in parts.")
    return found


def _text(cell: object) -> str:
    """Return a cell as text: whole numbers without a point, days without a time."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    if isinstance(cell, date):
        return cell.isoformat()
    return " ".join(str(cell).split())[:_LONGEST_CELL]


def guess(
    rows: Sequence[Cells], columns: Sequence[Column], tests: Mapping[str, Test], needed: Sequence[frozenset[str]]
) -> Guess:
    """Return what the columns of ``rows`` hold.

    ``tests`` tell by its contents what a column without a heading holds, the surest first; ``needed``: of each group
    one column has to be there.
    """
    width = max((len(row) for row in rows), default=0)
    padded = [row + ("",) * (width - len(row)) for row in rows]
    by_heading = [_named(cell, columns) for cell in padded[0]] if padded else []
    if len([name for name in by_heading if name]) >= min(2, width) and width:
        named = _each_once(by_heading)
        return Guess(named, tuple(padded[1:]), headed=True, sure=_has(named, needed))
    found = _by_contents(padded[:_LOOKED_AT], width, tests)
    return Guess(found, tuple(padded), headed=False, sure=_has(found, needed) and "" not in found)


def chosen(rows: Sequence[Cells], names: Sequence[str], *, headed: bool) -> Guess:
    """Return rows whose columns a person has named."""
    width = len(names)
    padded = tuple((row + ("",) * width)[:width] for row in rows)
    return Guess(_each_once(names), padded[1:] if headed else padded, headed=headed, sure=True)


def _named(cell: str, columns: Sequence[Column]) -> str:
    heading = plain(cell)
    return next((one.name for one in columns if heading in one.headings), "") if heading else ""


def _each_once(names: Sequence[str]) -> tuple[str, ...]:
    return tuple("" if name in names[:index] else name for index, name in enumerate(names))


def _has(names: Sequence[str], needed: Sequence[frozenset[str]]) -> bool:
    return all(group & set(names) for group in needed)


def _by_contents(rows: Sequence[Cells], width: int, tests: Mapping[str, Test]) -> tuple[str, ...]:
    found = [""] * width
    for name, test in tests.items():
        for index in range(width):
            if not found[index] and test.holds([row[index] for row in rows]):
                found[index] = name
                break
    return tuple(found)


def as_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> bytes:
    """Return rows as the CSV that the API's import takes."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore", restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def as_text(rows: Iterable[Cells]) -> str:
    """Return rows as a spreadsheet copies them."""
    return "\n".join("\t".join(row) for row in rows)
