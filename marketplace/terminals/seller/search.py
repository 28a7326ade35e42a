"""What a carrier's search finds: requests that it received, its bids on them, its filters and its contracts."""

from collections.abc import Callable, Iterator

from marketplace.contracts import service as contracts
from marketplace.kernel.work import Reading
from marketplace.terminals.found import MOST, Found, holds
from matching import inbox
from matching.inbox import Tab
from sellers import service as sellers
from sellers.rules import ProviderInactiveError

_MOST_LOOKED_AT = 1_000
"""Filters and contracts that one search looks through."""


def find(reading: Reading, typed: str, words: Callable[[str], str]) -> Iterator[Found]:
    """Yield what the caller received or made, and nothing that it would not read on its own pages."""
    wanted = typed.casefold().split()
    yield from _received(reading, typed, words)
    for _ordinal, one in sellers.filters(reading, None, _MOST_LOOKED_AT):
        if holds(wanted, (one.name, one.id)):
            yield Found(f"/c/filters/{one.id}", one.name, words("Filter"), "search")
    for contract in contracts.own_contracts(reading, None, _MOST_LOOKED_AT):
        shown = contract.presentation
        if holds(wanted, (shown.terms.title, *(lot.name for lot in shown.lots), contract.id)):
            lots = ", ".join(lot.name or lot.lot for lot in shown.lots[:3])
            yield Found(f"/c/contracts/{contract.id}", f"{shown.terms.title} · {lots}", words("Contract"), "file")


def _received(reading: Reading, typed: str, words: Callable[[str], str]) -> Iterator[Found]:
    try:
        for tab in Tab:
            found, _following = inbox.page(reading, tab, typed, None, MOST)
            bid_on = tab is Tab.BIDDING
            for one in found:
                href = f"/c/invitations/{one.invitation.id}" + ("/auction" if bid_on else "")
                text = f"{one.document['title']} · {one.document['pseudonym']}"
                kind = words("Bid") if bid_on else words("Received request")
                yield Found(href, text, kind, "gavel" if bid_on else "list")
    except ProviderInactiveError:
        return
