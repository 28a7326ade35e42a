"""The comparison of two versions of terms tells every changed line, and costs little for any text."""

from hypothesis import given
from hypothesis import strategies as st

from marketplace.contracts.differences import Change, Line, key_term_rows, text_differences
from tests.counted import calls
from tests.sellers.key_terms_made import some_key_terms

texts = st.lists(st.sampled_from(["a b", "a c", "", "fee 10 %", "fee 12 %", "x"]), max_size=12).map("\n".join)


def side(lines: tuple[Line, ...], kept: Change) -> list[str]:
    return [" ".join(piece.text for piece in line.pieces) for line in lines if line.change in {Change.SAME, kept}]


@given(texts, texts)
def test_both_versions_can_be_read_from_their_differences(before: str, now: str) -> None:
    found = text_differences(before, now)
    if before.splitlines() == now.splitlines():
        assert found == ()
        return
    skipped = sum(line.lines for line in found if line.change is Change.SKIPPED)
    old, new = side(found, Change.REMOVED), side(found, Change.ADDED)
    assert len(old) + skipped == len(before.splitlines())
    assert len(new) + skipped == len(now.splitlines())
    if not skipped:
        assert old == before.splitlines()
        assert new == now.splitlines()


def test_a_changed_word_is_told_inside_its_line() -> None:
    same = "\n".join(f"clause {number}" for number in range(20))
    found = text_differences(f"{same}\nThe fee is 10 % of all.", f"{same}\nThe fee is 50 % of all.")
    assert [line.change for line in found] == [Change.SKIPPED, Change.SAME, Change.SAME, Change.REMOVED, Change.ADDED]
    assert found[0].lines == 18
    assert [(piece.change, piece.text) for piece in found[-1].pieces] == [
        (Change.SAME, "The fee is"),
        (Change.ADDED, "50"),
        (Change.SAME, "% of all."),
    ]


def test_hostile_texts_are_compared_with_little_work() -> None:
    """Compared line with line, or word with word, either pair would not end before the test's limit."""
    before = "\n".join("a" if number % 3 else "b" for number in range(100_000))
    now = "\n".join("b" if number % 3 else "a" for number in range(100_000))
    assert calls(lambda: text_differences(before, now)) < 40 * 200_000
    assert calls(lambda: text_differences("x " * 100_000, "y " * 100_000)) < 1_000


def test_key_terms_stand_side_by_side() -> None:
    now, before = some_key_terms(notice_days=90), some_key_terms(notice_days=30)
    rows = {row.key: row for row in key_term_rows(now, before, compared=True, currency="USD")}
    assert [key for key, row in rows.items() if row.changed] == ["notice_days"]
    assert "30 days" in (rows["notice_days"].before or "")
    assert "90 days" in rows["notice_days"].now
    first = key_term_rows(now, None, compared=False, currency="USD")
    assert all(row.before is None and not row.changed for row in first)
    assert {row.before for row in key_term_rows(now, None, compared=True, currency="")} == {"Not stated."}
