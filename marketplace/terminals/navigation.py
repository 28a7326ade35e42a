"""Where a reader can go: the entries of the bar at the top, by what kind of account it has."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.texts import marked
from marketplace.terminals.browser import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bar. ``group`` and ``count`` are for entries that stand together, or have something new."""

    href: str
    label: str
    icon: str
    current: bool = False
    group: str = ""
    count: int = 0


_BUYER = (
    ("/b", marked("Home"), "home"),
    ("/b/requests", marked("Requests"), "list"),
    ("/b/contracts", marked("Contracts"), "file"),
    ("/b/sites", marked("Sites"), "map-pin"),
    ("/b/availability", marked("Availability"), "wifi"),
)
_SELLER = (
    ("/c", marked("Inbox"), "home"),
    ("/c/bids", marked("My bids"), "gavel"),
    ("/c/contracts", marked("Contracts"), "file"),
    ("/c/filters", marked("Filters"), "search"),
    ("/c/coverage", marked("Coverage"), "map"),
    ("/c/terms", marked("Terms"), "file-text"),
)
_PLATFORM = (
    ("/o", marked("Queue"), "home"),
    ("/o/auctions", marked("Auctions"), "gavel"),
    ("/o/organizations", marked("Organizations"), "building"),
    ("/o/reveals", marked("Reveal log"), "eye"),
    ("/o/review", marked("Content"), "flag"),
    ("/o/catalogue", marked("Catalogue"), "list"),
    ("/o/deliveries", marked("Deliveries"), "mail"),
    ("/o/texts", marked("Texts"), "file-text"),
    ("/o/health", marked("Health"), "server"),
    ("/o/audit", marked("Audit"), "shield"),
)
_AGENT = tuple(entry for entry in _PLATFORM if entry[0] in {"/o", "/o/auctions"})
"""What an agent of the platform may see."""
_BESIDE = (
    (r"/c/invitations/[^/]+/(won|lost)", "/c/bids"),
    (r"/o/providers/", "/o/organizations"),
    (r"/o/requests/", "/o/auctions"),
    (r"/o/mailbox", "/o/deliveries"),
)
"""Pages that belong to an entry whose address theirs doesn't begin with."""
_PUBLIC = (("/tour", marked("Try it"), "player-play"), ("/help", marked("Help"), "help-circle"))
_PLATFORM_AGENT = (Kind.PLATFORM.value, UserRole.AGENT.value)
_BY_KIND = {Kind.BUYER.value: _BUYER, Kind.PROVIDER.value: _SELLER, Kind.PLATFORM.value: _PLATFORM}


def navigation(reader: Reader, path: str, words: Callable[[str], str]) -> tuple[Entry, ...]:
    """Return a reader's entries in its language.

    The one that the page belongs to is current: the longest that its path begins with.
    """
    entries = _AGENT if (reader.kind, reader.role) == _PLATFORM_AGENT else _BY_KIND.get(reader.kind, _PUBLIC)
    fitting = [href for href, _, _ in entries if path == href or path.startswith(f"{href}/")]
    current = next((href for place, href in _BESIDE if re.match(place, path)), max(fitting, key=len, default=""))
    return tuple(Entry(href, words(label), icon, href == current) for href, label, icon in entries)
