"""Where a reader can go: the entries of the bar at the top, by what kind of account it has."""

from collections.abc import Callable
from dataclasses import dataclass

from marketplace.kernel.access import Kind, UserRole
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


def _(text: str) -> str:
    """Mark a text for the catalogues of translations; it is translated when it is shown."""
    return text


_BUYER = (
    ("/b", _("Home"), "home"),
    ("/b/requests", _("Requests"), "list"),
    ("/b/contracts", _("Contracts"), "file"),
    ("/b/sites", _("Sites"), "map-pin"),
    ("/b/availability", _("Availability"), "wifi"),
)
_SELLER = (
    ("/c", _("Inbox"), "home"),
    ("/c/bids", _("My bids"), "gavel"),
    ("/c/contracts", _("Contracts"), "file"),
    ("/c/filters", _("Filters"), "search"),
    ("/c/coverage", _("Coverage"), "map"),
    ("/c/terms", _("Terms"), "file-text"),
)
_PLATFORM = (
    ("/o", _("Queue"), "home"),
    ("/o/auctions", _("Auctions"), "gavel"),
    ("/o/organizations", _("Organizations"), "building"),
    ("/o/reveals", _("Reveal log"), "eye"),
    ("/o/review", _("Content"), "flag"),
    ("/o/catalogue", _("Catalogue"), "list"),
    ("/o/health", _("Health"), "server"),
    ("/o/audit", _("Audit"), "shield"),
)
_AGENT = tuple(entry for entry in _PLATFORM if entry[0] in {"/o", "/o/auctions"})
"""What an agent of the platform may see."""
_PUBLIC = (("/tour", _("Try it"), "player-play"), ("/help", _("Help"), "help-circle"))
_PLATFORM_AGENT = (Kind.PLATFORM.value, UserRole.AGENT.value)
_BY_KIND = {Kind.BUYER.value: _BUYER, Kind.PROVIDER.value: _SELLER, Kind.PLATFORM.value: _PLATFORM}


def navigation(reader: Reader, path: str, words: Callable[[str], str]) -> tuple[Entry, ...]:
    """Return a reader's entries in its language.

    The one that the page belongs to is current: the longest that its path begins with.
    """
    entries = _AGENT if (reader.kind, reader.role) == _PLATFORM_AGENT else _BY_KIND.get(reader.kind, _PUBLIC)
    fitting = [href for href, _, _ in entries if path == href or path.startswith(f"{href}/")]
    current = max(fitting, key=len, default="")
    return tuple(Entry(href, words(label), icon, href == current) for href, label, icon in entries)
