"""Texts, files and cursors that are made to cost time or to break the answer."""

import base64
import json

import pytest

from buyers.desk.imports import LARGEST_IMPORT
from buyers.requests.leak_check import IdentityTerms, find_leaks
from tests.security.made import Stage

TERMS = IdentityTerms(
    names=("Aaaaaaaaaa Library",),
    domains=("aaaa.org",),
    emails=("a@aaaa.org",),
    phones=("+1 212 555 0100",),
    people=("Aa Aaaa",),
    streets=("1 Aaaa Street",),
)


@pytest.mark.parametrize(
    "pattern",
    ["a", "a.", "a@", "a-", "1 ", "2 0-", "(0", "+1", "at dot ", "a at a dot ", "www.", "http://", "\u200b", "\ufdfa"],
)
def test_no_text_makes_the_leak_check_slow(pattern: str) -> None:
    """So long that a search of quadratic time would not end before the test's limit."""
    text = (pattern * 200_000)[:200_000]
    assert all(finding.start < len(text) for finding in find_leaks({"/description": text}, TERMS))


def test_a_file_of_separators_is_refused_before_it_is_read(stage: Stage) -> None:
    draft = stage.call(stage.buyer, "POST", "/requests", stage.parts())
    path = f"/requests/{draft.json()['id']}/import?what=sites"
    headers = {"Content-Type": "text/csv", "If-Match": draft.headers["etag"]}
    bomb = b"label,street,city,state,postal_code,country\n" + b"," * LARGEST_IMPORT
    assert stage.call(stage.buyer, "POST", path, content=bomb, headers=headers).status_code == 413


@pytest.mark.parametrize("part", ["\ud800", "a\x00"])
def test_an_invented_cursor_is_malformed_and_no_fault_of_ours(stage: Stage, part: str) -> None:
    carrier = stage.a_carrier()
    for who, path, length in (
        (carrier, "/invitations", 2),
        (carrier, "/filters", 2),
        (carrier, "/contracts", 2),
        (carrier, "/notices", 1),
        (stage.buyer, "/sites", 2),
        (stage.buyer, "/organization/users", 1),
        (stage.admin, "/verifications", 2),
        (stage.admin, "/providers", 2),
    ):
        cursor = base64.urlsafe_b64encode(json.dumps([part] * length).encode()).decode().rstrip("=")
        assert stage.call(who, "GET", path, params={"after": cursor}).status_code == 422, path
