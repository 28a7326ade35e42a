"""Where a reader is: the entry of the bar that a page belongs to is marked, also where its address begins otherwise."""

import pytest

from marketplace.terminals.browser import Preferences, Reader
from marketplace.terminals.navigation import navigation


@pytest.mark.parametrize(
    ("kind", "path", "current"),
    [
        ("buyer", "/b/requests/req_1/award", "/b/requests"),
        ("provider", "/c/invitations/inv_1/auction", "/c"),
        ("provider", "/c/invitations/inv_1/won", "/c/bids"),
        ("provider", "/c/invitations/inv_1/lost", "/c/bids"),
        ("platform", "/o/providers/org_1", "/o/organizations"),
        ("platform", "/o/requests/req_1/matching", "/o/auctions"),
        ("platform", "/o/mailbox/dlv_1.0", "/o/deliveries"),
        ("platform", "/o/verifications/org_1", "/o"),
        ("buyer", "/account", ""),
    ],
)
def test_the_entry_that_a_page_belongs_to_is_current(kind: str, path: str, current: str) -> None:
    entries = navigation(Reader(kind, "admin", "Ada", "ada@example.com", Preferences("en")), path, str)
    assert [entry.href for entry in entries if entry.current] == ([current] if current else [])
