"""One event of a stream and the hash that chains it to the one before: all that a proof needs, without a database."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId, UserId

GENESIS = "0" * 64
"""The hash before a stream's first event."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as it stands in the journal. ``position`` is None until the sequencer has stamped it."""

    name: str
    stream: str
    seq: int
    position: int | None
    at: datetime
    user_id: UserId
    organization_id: OrganizationId
    data: dict[str, Any]
    previous: str
    hash: str


def leaf(recorded: Recorded) -> str:
    """Return the hash of one event: SHA-256 over the canonical form of its fields and the hash before it."""
    place = recorded.stream, recorded.seq, recorded.previous
    by = recorded.user_id, recorded.organization_id
    return leaf_of(recorded.name, place, recorded.at.astimezone(UTC), by, codec.canonical(recorded.data))


def leaf_of(
    name: str, place: tuple[str, int, str], at: datetime, by: tuple[UserId, OrganizationId], data: bytes
) -> str:
    """Return ``leaf`` of an event that is at hand in parts: ``data`` is canonical already, ``at`` is in UTC.

    ``place`` is its stream, its number in there and the hash before it; ``by`` the user and the organization.
    """
    fields = {
        "stream": place[0],
        "seq": place[1],
        "type": name,
        "at": at.isoformat(),
        "user": by[0],
        "organization": by[1],
        "data": orjson.Fragment(data),
        "previous": place[2],
    }
    return hashlib.sha256(codec.plain(fields)).hexdigest()
