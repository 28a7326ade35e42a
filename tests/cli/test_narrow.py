import io

import pytest
from rich.console import Console

from marketplace.cli import show

BIDS = [{"lot": "T1", "bid": "bid_25bs5kpayjrn7xpyyfa5vje2", "amount": "54426.50", "note": "as agreed"}]
COLUMNS = (
    show.col("Lot", "lot"),
    show.code("Bid", "bid"),
    show.money("Total cost", "amount"),
    show.col("Note", "note"),
)


def _printed(width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(show.table(BIDS, *COLUMNS, title="Bids"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_table_that_fits_is_a_table() -> None:
    assert "┃" in _printed(70)


@pytest.mark.parametrize("width", [40, 50])
def test_in_a_narrow_terminal_nothing_is_cut(width: int) -> None:
    said = _printed(width)
    assert "┃" not in said
    assert "…" not in said
    assert "Bids" in said
    assert all(text in said for text in ("bid_25bs5kpayjrn7xpyyfa5vje2", "54,426.50", "as agreed"))
