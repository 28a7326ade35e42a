"""The page of claims names every claim, and every test that it names exists."""

import ast
import re

import pytest

from tests.house.plan import ROOT

PAGE = ROOT / "docs" / "claims.md"
CLAIMS = {"M": 38, "P": 39, "R": 41, "V": 11, "L": 40}
"""How many claims each document has, by the letter that the page gives it."""

NUMBERED = re.compile(r"\b([MPRVL])(\d+)(?:-(\d+))?")
NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def test_every_claim_is_on_the_page() -> None:
    named: set[tuple[str, int]] = set()
    for row in PAGE.read_text(encoding="utf-8").splitlines():
        if row.startswith("| "):
            for letter, first, last in NUMBERED.findall(row.split("|")[1]):
                named |= {(letter, number) for number in range(int(first), int(last or first) + 1)}
    every = {(letter, number) for letter, count in CLAIMS.items() for number in range(1, count + 1)}
    assert named == every, f"missing: {sorted(every - named)}; unknown: {sorted(named - every)}"


@pytest.mark.parametrize("named", sorted(set(NAMED_TEST.findall(PAGE.read_text(encoding="utf-8")))))
def test_every_test_on_the_page_exists(named: tuple[str, str]) -> None:
    path, function = named
    assert (ROOT / path).is_file(), f"{path} is gone"
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    assert not function or function in functions, f"{path} has no {function}"
