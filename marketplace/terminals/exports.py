"""What a list shows as a file: the same rows under the same filters, all pages of them, as CSV or workbook."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import TypeVar

from fastapi import Response

from marketplace.kernel import sheets
from marketplace.kernel.sheets import Sheet

MOST_ROWS = 5_000
"""Rows that one file has at most; more are asked for by a filter, or over the API."""

T = TypeVar("T")


class Form(StrEnum):
    """The kinds of file."""

    CSV = "csv"
    XLSX = "xlsx"


def all_pages(page: Callable[[str | None], tuple[Iterable[T], str | None]]) -> Iterator[T]:
    """Yield what all pages of a list hold, at most ``MOST_ROWS``; ``page`` takes a cursor and returns the next one."""

    def pages() -> Iterator[T]:
        after: str | None = None
        while True:
            shown, after = page(after)
            yield from shown
            if after is None:
                return

    yield from islice(pages(), MOST_ROWS)


def as_file(sheet: Sheet, name: str, form: Form) -> Response:
    """Return a table as the answer that is saved as ``name`` with the ending of its form."""
    if form is Form.CSV:
        content, kind = sheets.as_csv(sheet), "text/csv; charset=utf-8"
    else:
        content, kind = sheets.as_xlsx([sheet]), sheets.XLSX
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    return Response(content, media_type=kind, headers=headers)


def instant(at: datetime | None) -> str:
    """Return an instant as a file has it: in UTC, to the second, as a machine and a person can read it."""
    return "" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
