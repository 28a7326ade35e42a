"""A desk's inbox: what it received by what it did with it, a page at a time, and by words that stand in it."""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

from buyers.requests import service as requests
from marketplace.catalogue import service as catalogues
from marketplace.kernel import pagination
from marketplace.kernel.ids import InvitationId
from marketplace.kernel.work import Reading
from matching import whereabouts
from matching.fit import Fit, fit, shown_sites
from matching.places import FootprintPlaces, Places
from matching.service import Received, received_of
from sellers import inbox
from sellers import service as sellers
from sellers.footprints import service as footprints
from sellers.model import InvitationStatus

_BATCH = 100
_MOST_LOOKED_AT = 2_000
"""Invitations that one search for words looks through; the page after goes on behind them."""


class Tab(StrEnum):
    """Where a received request is found: ended ones stand apart whatever was done with them."""

    NEW = "new"
    SEEN = "seen"
    BIDDING = "bidding"
    DECLINED = "declined"
    ENDED = "ended"


_STATUS = {
    Tab.NEW: InvitationStatus.RECEIVED,
    Tab.SEEN: InvitationStatus.SEEN,
    Tab.BIDDING: InvitationStatus.BID,
    Tab.DECLINED: InvitationStatus.DECLINED,
    Tab.ENDED: None,
}


def counts(reading: Reading) -> dict[Tab, int]:
    """Return how many received requests there are under each tab. Raises ProviderInactiveError."""
    found = inbox.tally(reading, requests.running(reading))
    return {tab: found[status] for tab, status in _STATUS.items()}


def page(reading: Reading, tab: Tab, words: str, after: str | None, limit: int) -> tuple[list[Received], str | None]:
    """Return a page of a tab, newest first, behind cursor ``after``, and the cursor of the next page.

    ``words``: only what holds all of them. Raises ProviderInactiveError, MalformedError.
    """
    running = requests.running(reading)
    behind = pagination.decode_moment(after)
    wanted = words.casefold().split()
    names = _names(reading) if wanted else {}
    found: list[Received] = []
    for _ in range(_MOST_LOOKED_AT // _BATCH):
        batch = inbox.page(reading, _STATUS[tab], running, behind, _BATCH if wanted else limit + 1)
        states = requests.public(reading, [one.request_id for one in batch])
        shown = [received_of(one, states[one.request_id]) for one in batch]
        found += [one for one in shown if holds(one, wanted, names)]
        if len(found) > limit or not wanted or len(batch) < _BATCH:
            return pagination.page_of(found, limit, _key)
        behind = batch[-1].received_at, batch[-1].id
    last = pagination.encode((behind[0].isoformat(), behind[1])) if behind else None
    return found, last


def holds(received: Received, wanted: Sequence[str], names: dict[str, str]) -> bool:
    """Tell whether all words, in small letters, stand in what a desk reads of a request at a glance."""
    text = " ".join(_said(received, names)).casefold()
    return all(word in text for word in wanted)


def _said(received: Received, names: dict[str, str]) -> Collection[str]:
    document: dict[str, Any] = received.document
    places = [site["place"] for site in document["sites"]]
    kinds = {line["service_type"] for line in document["lines"]}
    return (
        document["title"],
        document["pseudonym"],
        received.invitation.filter_name,
        received.invitation.reason,
        *(names.get(kind, kind) for kind in sorted(kinds)),
        *sorted({place[part] for place in places for part in ("state", "city", "country") if place[part]}),
    )


def fits(reading: Reading, received: Sequence[Received]) -> dict[InvitationId, Fit]:
    """Return how the caller's own coverage fits received requests, by invitation; nothing for those it says none of.

    Of its filters the one counts for which a request came, if it is still there.
    """
    provider_id = reading.principal.organization_id
    filters = {saved.id: saved for saved in sellers.active_filters(reading, [provider_id])}
    used = [filters[one.invitation.filter_id] for one in received if one.invitation.filter_id in filters]
    known = whereabouts.read(reading, [(saved.provider_id, saved.criteria) for saved in used])
    footprint = footprints.places_of_provider(reading, provider_id)
    net = None if footprint is None else FootprintPlaces(footprint.on_net, footprint.near_net)
    found = {}
    for one in received:
        saved = filters.get(one.invitation.filter_id)
        territory = Places.everywhere if saved is None else known.of_filter(saved)
        if net is not None or territory.include is not None:
            result = fit(shown_sites(one.document), net, territory)
            if result is not None:
                found[one.invitation.id] = result
    return found


def _names(reading: Reading) -> dict[str, str]:
    catalogue = catalogues.current(reading)
    return {kind.code: kind.name for family in catalogue.families for kind in family.service_types}


def _key(received: Received) -> tuple[str, str]:
    return received.invitation.received_at.isoformat(), received.invitation.id
