"""Tables as files: CSV and XLSX in which no cell is a formula, whatever somebody wrote, and nothing tells a time."""

import csv
import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font

Cell = str | Decimal | int | date | None

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_LATER_FORMULA = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@])")
"""Where a spreadsheet that separates by semicolons or tabs would begin a cell with a formula."""
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML can't hold."""
_MONEY = "#,##0.00##"
_LONGEST_CELL = 32_767
_WIDTHS = (10, 60)
_PROPERTIES = "docProps/core.xml"
_NO_PROPERTIES = (
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>'
)
_NO_TIME = (1980, 1, 1, 0, 0, 0)
"""The first instant that a ZIP archive can tell."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table: its name, its header, its rows, and how many columns stay in sight while one scrolls."""

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kept_columns: int = 2


def as_csv(sheet: Sheet) -> bytes:
    """Return one table as CSV in UTF-8; texts that a spreadsheet would take for formulas begin with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_guarded(name) for name in sheet.header)
    for row in sheet.rows:
        writer.writerow(_plain(cell) for cell in row)
    return text.getvalue().encode("utf-8-sig")  # without the mark a spreadsheet takes the text for another encoding


def as_xlsx(sheets: Sequence[Sheet]) -> bytes:
    """Return tables as a workbook: numbers as numbers, every text as text, the headers in sight."""
    book = openpyxl.Workbook(write_only=True)
    for table in sheets:
        page = book.create_sheet(table.name)
        page.freeze_panes = page_corner(table)
        for number, name in enumerate(table.header):
            letter = openpyxl.utils.get_column_letter(number + 1)
            page.column_dimensions[letter].width = max(_WIDTHS[0], min(_WIDTHS[1], _width(table, number, name)))
        page.append([_cell(page, name, bold=True) for name in table.header])
        for row in table.rows:
            page.append([_cell(page, cell) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return undated(file.getvalue())


def undated(workbook: bytes) -> bytes:
    """Return the same workbook without author and times: its bytes tell what stands in it, and nothing else."""
    found = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as parts, zipfile.ZipFile(found, "w") as copies:
        for name in parts.namelist():
            part = _NO_PROPERTIES if name == _PROPERTIES else parts.read(name)
            copies.writestr(zipfile.ZipInfo(name, _NO_TIME), part, zipfile.ZIP_DEFLATED)
    return found.getvalue()


def page_corner(table: Sheet) -> str:
    """Return the first cell that scrolls: below the header, right of the kept columns."""
    return f"{openpyxl.utils.get_column_letter(table.kept_columns + 1)}2"


def _width(table: Sheet, number: int, name: str) -> int:
    return max([len(name), *(len(str(row[number])) for row in table.rows if row[number] is not None)]) + 2


def _plain(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    return _guarded(cell) if isinstance(cell, str) else cell


def _guarded(text: str) -> str:
    text = _LATER_FORMULA.sub(r"\1'", text)
    return f"'{text}" if _FORMULA.match(text) else text


def _cell(page: object, value: Cell, *, bold: bool = False) -> WriteOnlyCell:
    text = _UNWRITABLE.sub("\ufffd", value)[:_LONGEST_CELL] if isinstance(value, str) else value
    cell = WriteOnlyCell(page, text)
    if isinstance(value, str):
        cell.data_type = "s"  # what begins with = would be a formula otherwise
        cell.quotePrefix = True
    elif isinstance(value, Decimal):
        cell.number_format = _MONEY
    if bold:
        cell.font = Font(bold=True)
    return cell
