"""Reading an organization's notices in the order in which they were told, from any place on."""

from collections.abc import Sequence

from marketplace.kernel import pagination
from marketplace.kernel.access import Principal
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from notifications import store
from notifications.feed.model import Part
from notifications.service import inbox_of
from notifications.webhooks import rules

CHANNEL = "notices"
"""NOTIFY channel: a wake-up for who follows the feed, never a notice itself."""


def part(reading: Reading, after: int, limit: int, events: Sequence[str]) -> Part:
    """Return at most ``limit`` notices behind ``after``, of some events or (none named) all.

    Nothing is skipped or repeated: an organization's ordinals are committed in their order, and all is read in one
    snapshot. The cursor goes to the newest notice where no chosen one is left.
    """
    organization_id = inbox_of(reading.principal)
    newest = store.last_ordinal(reading, organization_id)
    found = store.notices_after(reading, organization_id, after, limit + 1, events)
    if len(found) > limit:
        return Part(tuple(found[:limit]), found[limit - 1].ordinal, more=True)
    return Part(tuple(found), max(newest, after), more=False)


def newest(reading: Reading) -> int:
    """Return the place behind the newest notice of the caller's organization."""
    return store.last_ordinal(reading, inbox_of(reading.principal))


def newest_of(reading: Reading, organization_ids: Sequence[OrganizationId]) -> dict[str, int]:
    """Return the same for several organizations, by id: for the process that follows the feed for them."""
    return store.last_ordinals(reading, organization_ids)


def wake(work: Work, _position: int) -> None:
    """Wake who follows the feed when this transaction, which writes notices, is committed."""
    store.notify(work, CHANNEL)


def cursor_text(ordinal: int) -> str:
    """Return a place as callers are given it."""
    return pagination.encode((ordinal,))


def cursor_of(text: str, pointer: str) -> int:
    """Return the place that a caller names; empty: the beginning. Raises MalformedError for what is not one of ours."""
    if not text:
        return 0
    (ordinal,) = pagination.decode(text, 1)
    if not isinstance(ordinal, int) or not 0 <= ordinal < 2**63:
        problem = FieldError(pointer, "use the 'next' of the part before, or the id of the last event")
        raise MalformedError("The cursor is not one of ours.", errors=(problem,))
    return ordinal


def check_types(principal: Principal, types: Sequence[str]) -> tuple[str, ...]:
    """Return chosen types. Raises MalformedError for one that the caller's organization never gets."""
    known = set(rules.types_for(principal.kind))
    wrong = [one for one in types if one not in known]
    if wrong:
        problem = FieldError("query/type", "is no type that your organization gets: see GET /webhooks/event-types")
        raise MalformedError(f"There is no type {wrong[0]!r}.", errors=(problem,))
    return tuple(sorted(set(types)))
