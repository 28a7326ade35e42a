"""What the platform's search finds: organizations (buyers by their id alone), carriers and auctions."""

from collections.abc import Callable, Iterator

from marketplace.bidding.model import Status
from marketplace.kernel.access import Kind, Principal, Scope, UserRole
from marketplace.kernel.work import Reading
from marketplace.oversight import service
from marketplace.terminals.found import MOST, Found, holds

_MOST_LOTS = 2_000
"""Lots, what closes first comes first, that one search looks through."""


def find(reading: Reading, typed: str, words: Callable[[str], str]) -> Iterator[Found]:
    """Yield auctions by title, pseudonym or id, and for an admin the organizations whose name or id was typed."""
    wanted = typed.casefold().split()
    if _may_see_organizations(reading.principal):
        yield from _organizations(reading, typed, words)
    shown: set[str] = set()
    for line in service.auctions(reading, tuple(Status), None, _MOST_LOTS):
        request_id = line.lot.request_id
        if request_id not in shown and holds(wanted, (line.title, line.pseudonym, request_id)):
            shown.add(request_id)
            text = f"{line.title} · {line.pseudonym}"
            yield Found(f"/o/auctions/{request_id}", text, words("Auction"), "gavel")


def _may_see_organizations(caller: Principal) -> bool:
    """Tell whether the list of organizations would open to the caller, too."""
    return caller.role is UserRole.ADMIN and (caller.scopes is None or Scope.ADMINISTRATION in caller.scopes)


def _organizations(reading: Reading, typed: str, words: Callable[[str], str]) -> Iterator[Found]:
    lines, _following = service.organizations(reading, service.OrganizationSearch(words=typed), None, MOST)
    for line in lines:
        organization = line.organization
        carrier = organization.kind is Kind.PROVIDER
        href = f"/o/providers/{organization.id}" if carrier else f"/o/organizations/{organization.id}"
        kind = words("Carrier") if carrier else words("Organization")
        yield Found(href, line.standing.name or organization.id, kind, "building")
