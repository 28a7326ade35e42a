"""What the security documents name is there, and the table of requirements is whole."""

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ASVS = ROOT / "docs/security/asvs.md"
DOCUMENTS = (ASVS, ROOT / "docs/security/threats.md", ROOT / "SECURITY.md")
CHAPTERS = {
    1: 5,
    2: 4,
    3: 7,
    4: 4,
    5: 4,
    6: 8,
    7: 6,
    8: 4,
    9: 2,
    10: 7,
    11: 7,
    12: 3,
    13: 4,
    14: 3,
    15: 4,
    16: 5,
    17: 3,
}
"""How many sections each chapter of the standard has."""

ONLY_LEVEL_3 = {(3, 6), (6, 7), (11, 7), (15, 4)}
"""Sections without a requirement of level 1 or 2; a document's own level-3 sections are left out, too."""

_PATH = re.compile(r"`([\w./-]+/[\w./-]*|SECURITY\.md|uv\.lock)`")
_ROW = re.compile(r"^\| (\d[\d., to]*) \| (.+?) \| (met|n/a|operator|open) \| (.*?) \| ?(.*?) ?\|$", re.MULTILINE)


def _rows() -> list[tuple[list[str], str, str, str]]:
    """Return each row's requirements, state, place and tests."""
    found = _ROW.findall(ASVS.read_text(encoding="utf-8"))
    return [(_spelled_out(ids), state, where, tests) for ids, _short, state, where, tests in found]


def _spelled_out(ids: str) -> list[str]:
    whole = []
    for part in ids.split(", "):
        first, _, last = part.partition(" to ")
        section, _, number = first.rpartition(".")
        assert not last or last.rpartition(".")[0] == section, f"{part} spans sections"
        until = int(last.rpartition(".")[2]) if last else int(number)
        whole += [f"{section}.{one}" for one in range(int(number), until + 1)]
    return whole


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_is_there(document: Path) -> None:
    named = _PATH.findall(document.read_text(encoding="utf-8"))
    assert named
    assert [path for path in named if not path.startswith("/") and not (ROOT / path).exists()] == []


def test_every_row_is_read_and_no_requirement_stands_twice() -> None:
    text = ASVS.read_text(encoding="utf-8")
    assert len(_rows()) == sum(line.startswith("| ") and line[2].isdigit() for line in text.splitlines())
    doubled = [name for name, count in Counter(name for ids, *_ in _rows() for name in ids).items() if count > 1]
    assert doubled == []


def test_every_section_with_a_requirement_of_level_1_or_2_is_in_the_table() -> None:
    here = {tuple(map(int, name.split(".")[:2])) for ids, *_ in _rows() for name in ids}
    wanted = {(chapter, section) for chapter, count in CHAPTERS.items() for section in range(1, count + 1)}
    assert here >= wanted - ONLY_LEVEL_3 - {(3, 1)}
    assert here <= wanted


def test_what_is_met_says_where_and_what_is_not_says_why() -> None:
    assert all(where for _, _, where, _ in _rows())
    tested = [bool(tests) for _, state, _, tests in _rows() if state == "met"]
    assert sum(tested) > 0.8 * len(tested), "what is met is shown by tests, but for a few documents"
