"""Lists as files: the rows that the page shows, all pages of them, the same bytes each time, nothing as a formula."""

import csv
import io

import openpyxl
import pytest

from marketplace.terminals import exports
from tests.terminals.conftest import BUYER, CARRIER, Open


def test_all_pages_of_a_list_are_in_its_file() -> None:
    pages = {None: ([1, 2], "b"), "b": ([3], "c"), "c": ([4], None)}
    assert list(exports.all_pages(lambda after: pages[after])) == [1, 2, 3, 4]


def test_a_file_ends_before_it_is_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 5)
    assert list(exports.all_pages(lambda _after: ([1, 2], "again"))) == [1, 2, 1, 2, 1]


@pytest.mark.parametrize(
    ("path", "who", "listed"),
    [("/b/requests", BUYER, "/b/requests"), ("/c/bids", CARRIER, "/c/bids"), ("/c/inbox", CARRIER, "/c?tab=new")],
)
def test_a_list_is_downloaded_as_it_is_shown(open_page: Open, path: str, who: str, listed: str) -> None:
    page = open_page(listed, who)
    shown = page.locator("tbody th[scope=row] a").all_inner_texts()
    answer = page.request.get(f"{path}.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    header, *rows = csv.reader(io.StringIO(answer.body().decode("utf-8-sig")))
    titles = [row[0] for row in rows]
    assert titles[: len(shown)] == [text.strip() for text in shown]
    book = page.request.get(f"{path}.xlsx").body()
    assert book == page.request.get(f"{path}.xlsx").body()
    (sheet,) = openpyxl.load_workbook(io.BytesIO(book)).worksheets
    assert [str(row[0]) for row in sheet.values] == [header[0], *titles]
    assert page.request.get(f"{path}.pdf").status == 422
