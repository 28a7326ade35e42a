"""Bid sheets as files: CSV and XLSX out, safe from formulas, and in, with limits on what a file may unfold to."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import IO

import openpyxl
from openpyxl.cell import WriteOnlyCell

from marketplace.bidding.drafts.cells import Cell
from marketplace.kernel import sheets
from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError

LARGEST_SHEET = 5_000_000
"""Bytes of a file that comes in."""
LARGEST_UNPACKED = 20_000_000
"""Bytes of all parts of an XLSX file: a few kilobytes can be packed so that they unfold to gigabytes."""
MOST_PARTS = 200
MOST_ROWS = 20_000
MOST_COLUMNS = 200
MOST_CELLS = 1_000_000

_ZIP = b"PK\x03\x04"
_DECLARATIONS = tuple("<!DOCTYPE".encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be"))
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that can be unpacked piece by piece."""
_CHUNK = 65_536
_DELIMITERS = (",", ";", "\t")
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML can't hold."""
_MONEY_FORMAT = "0.00##"


class SheetFormat(StrEnum):
    """The kinds of file that a sheet comes and goes as."""

    CSV = "csv"
    XLSX = "xlsx"


MEDIA = {
    SheetFormat.CSV: "text/csv",
    SheetFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True, slots=True)
class Table:
    """The header of a file, row 1, and the rows below it, each with its number. Blank rows are left out."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def write(kind: SheetFormat, header: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    """Return a file of ``kind``. Texts that a spreadsheet would calculate stand behind an apostrophe."""
    return _csv(header, rows) if kind is SheetFormat.CSV else _xlsx(header, rows)


def read(content: bytes) -> Table:
    """Return what stands in a CSV or XLSX file, of the first worksheet, every cell as text without outer spaces.

    Raises:
        TooLargeError: the file, what it unfolds to, its rows or its columns are more than allowed.
        MalformedError: it is neither CSV in UTF-8 nor XLSX.
    """
    if len(content) > LARGEST_SHEET:
        raise TooLargeError(f"A bid sheet has at most {LARGEST_SHEET:,} bytes.")
    records = _xlsx_records(content) if content.startswith(_ZIP) else _csv_records(content)
    header: tuple[str, ...] = ()
    rows: list[tuple[int, tuple[str, ...]]] = []
    for number, record in enumerate(records, start=1):
        if number > MOST_ROWS + 1:
            raise TooLargeError(f"A bid sheet has at most {MOST_ROWS:,} rows below its header.")
        if len(record) > MOST_COLUMNS:
            raise TooLargeError(f"A bid sheet has at most {MOST_COLUMNS} columns; row {number} has {len(record):,}.")
        cells = tuple(_bare(cell.strip()) for cell in record)
        if number == 1:
            header = _without_empty_end(cells)
        elif any(cells):
            rows.append((number, cells))
    return Table(header, tuple(rows))


def _guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: behind an apostrophe, which ``_bare`` takes away.

    One that begins with apostrophes before such a sign gets one more, so that the way back is the same for all.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def _bare(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _csv(header: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_guarded(name) for name in header)
    for row in rows:
        writer.writerow(
            _guarded(cell) if isinstance(cell, str) else f"{cell:f}" if isinstance(cell, Decimal) else cell
            for cell in row
        )
    return text.getvalue().encode("utf-8-sig")  # without the mark a spreadsheet takes the text for another encoding


def _xlsx(header: tuple[str, ...], rows: Iterable[tuple[Cell, ...]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Bid")
    sheet.freeze_panes = "C2"

    def cell_of(cell: Cell) -> object:
        if isinstance(cell, str):
            return _guarded(_UNWRITABLE.sub("\ufffd", cell))
        if isinstance(cell, Decimal):
            shown = WriteOnlyCell(sheet, cell)
            shown.number_format = _MONEY_FORMAT
            return shown
        return cell

    sheet.append([_guarded(name) for name in header])
    for row in rows:
        sheet.append([cell_of(cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return sheets.undated(file.getvalue())


def _csv_records(content: bytes) -> Iterator[tuple[str, ...]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"The file is neither XLSX nor text in UTF-8 (byte {error.start}): save it as 'CSV UTF-8' or as XLSX."
        ) from error
    first = re.split(r"[\r\n]", text, maxsplit=1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    try:
        for record in reader:
            yield tuple(record)
    except csv.Error as error:
        message = f"line {reader.line_num}: {error}; close every quote, and double a quote inside a quoted cell"
        raise MalformedError("The file is no well-formed CSV.", errors=(FieldError("", message),)) from error


def _xlsx_records(content: bytes) -> Iterator[tuple[str, ...]]:
    unpacked = _unpacked(content)
    cells = 0
    try:
        book = openpyxl.load_workbook(unpacked, read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its size is often wrong, and rows beyond it would be lost
        for record in sheet.iter_rows(values_only=True, max_col=MOST_COLUMNS + 1):
            row = _without_empty_end(tuple(_text(cell) for cell in record))
            cells += len(row)
            if cells > MOST_CELLS:
                break
            yield row
    except Exception as error:  # a broken file raises whatever the library's parser stumbled over
        raise MalformedError(
            "The file is no XLSX workbook that can be read: save it again, or as CSV UTF-8."
        ) from error
    if cells > MOST_CELLS:
        raise TooLargeError(f"A bid sheet has at most {MOST_CELLS:,} cells.")


def _unpacked(content: bytes) -> io.BytesIO:
    """Return the same workbook with its parts unpacked, having read no more of each than its stated size.

    The library would believe what stands in the file and unpack a part at once, however large it turns out to be.
    Raises TooLargeError, MalformedError.
    """
    unpacked = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts, zipfile.ZipFile(unpacked, "w") as copies:
            infos = {info.filename: info for info in parts.infolist()}
            if len(infos) > MOST_PARTS or sum(info.file_size for info in infos.values()) > LARGEST_UNPACKED:
                raise TooLargeError(f"The file unfolds to more than {LARGEST_UNPACKED:,} bytes or {MOST_PARTS} parts.")
            for name, info in infos.items():
                if info.compress_type not in _PACKINGS:
                    raise MalformedError("The file is packed in a way that no spreadsheet packs: save it again.")
                with parts.open(info) as part:
                    copy = b"".join(_pieces(part))
                if any(declaration in copy for declaration in _DECLARATIONS):
                    raise MalformedError("The file declares a document type, which no XLSX workbook needs.")
                copies.writestr(name, copy)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        raise MalformedError("The file is no XLSX workbook that can be read.") from error
    unpacked.seek(0)
    return unpacked


def _pieces(part: IO[bytes]) -> Iterator[bytes]:
    while piece := part.read(_CHUNK):
        yield piece


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, float):  # a spreadsheet keeps fifteen digits; the rest is noise of its binary numbers
        return f"{Decimal(f'{cell:.15g}'):f}"
    return str(cell)


def _without_empty_end(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]
