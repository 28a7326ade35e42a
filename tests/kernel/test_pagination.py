"""Paging: every row once, and no cursor but our own."""

import base64
import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel import pagination
from marketplace.kernel.errors import MalformedError

KEYS = st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers(-(2**63), 2**63 - 1), max_size=4)


@given(KEYS)
def test_a_cursor_gives_back_the_key_that_it_was_made_of(key: list[str | int]) -> None:
    assert pagination.decode(pagination.encode(key), len(key)) == key


@given(KEYS)
def test_a_cursor_needs_no_escaping_in_an_address(key: list[str | int]) -> None:
    assert set(pagination.encode(key)) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def made(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "é",
        "%%%",
        "a",
        "AAAA",
        made({"a": 1}),
        made("ab"),
        made([1]),
        made([1, 2, 3]),
        made([1, 2.5]),
        made([1, None]),
        made([1, ["x"]]),
        made([1, "\ud800"]),
    ],
)
def test_any_other_text_is_a_malformed_cursor(cursor: str) -> None:
    with pytest.raises(MalformedError) as caught:
        pagination.decode(cursor, 2)
    assert [error.pointer for error in caught.value.errors] == ["query/after"]


@given(st.text(max_size=60), st.integers(0, 3))
def test_no_text_at_all_breaks_the_decoder(cursor: str, length: int) -> None:
    with contextlib.suppress(MalformedError):
        assert len(pagination.decode(cursor, length)) == length


@given(st.integers(0, 40), st.integers(1, 10))
def test_pages_one_after_the_other_hold_every_row_once(count: int, limit: int) -> None:
    rows = [(f"2026-11-{n:02}", n) for n in range(count)]
    seen: list[tuple[str, int]] = []
    after: str | None = None
    for _ in range(count + 1):
        start = 0 if after is None else rows.index(tuple(pagination.decode(after, 2))) + 1
        items, after = pagination.page_of(rows[start : start + limit + 1], limit, lambda row: row)
        assert len(items) <= limit
        seen += items
        if after is None:
            break
    assert seen == rows
    assert after is None
