"""What a buyer's search finds among its own: requests, sites and contracts."""

from collections.abc import Callable, Iterator

from buyers.desk import service as desk
from buyers.registry import service as registry
from buyers.requests.model import Request
from marketplace.contracts import service as contracts
from marketplace.kernel.work import Reading
from marketplace.terminals.found import Found, holds

_A_PAGE = 100
_MOST_LOOKED_AT = 1_000
"""Requests and contracts, the newest first, that one search looks through."""
_SITES = 8


def find(reading: Reading, typed: str, words: Callable[[str], str]) -> Iterator[Found]:
    """Yield what belongs to the caller's organization and says all words that were typed, the newest first."""
    wanted = typed.casefold().split()
    titles: dict[str, str] = {}
    for one in _requests(reading):
        titles[one.id] = one.content.title
        if holds(wanted, (one.content.title, one.pseudonym, one.id)):
            yield Found(f"/b/requests/{one.id}", one.content.title or one.pseudonym, words("Request"), "list")
    for contract in contracts.of_buyer(reading, _MOST_LOOKED_AT):
        shown = contract.presentation
        title = titles.get(contract.request_id, "")
        if holds(wanted, (shown.provider_name, shown.terms.title, title, contract.id)):
            yield Found(f"/b/contracts/{contract.id}", f"{shown.provider_name} · {title}", words("Contract"), "file")
    sites, _following = registry.own_sites(reading, None, _SITES, typed)
    for site in sites:
        place = ", ".join(part for part in (site.label, site.city, site.state) if part)
        yield Found(f"/b/sites/{site.id}", place, words("Site"), "map-pin")


def _requests(reading: Reading) -> Iterator[Request]:
    after: str | None = None
    for _ in range(_MOST_LOOKED_AT // _A_PAGE):
        own, after = desk.list_own(reading, after, _A_PAGE)
        yield from own
        if after is None:
            return
