"""One event of a stream and the hash that chains it to the one before: all that a proof needs, without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
    return codec.digest(
        {
            "stream": recorded.stream,
            "seq": recorded.seq,
            "type": recorded.name,
            "at": recorded.at.astimezone(UTC).isoformat(),
            "user": recorded.user_id,
            "organization": recorded.organization_id,
            "data": recorded.data,
            "previous": recorded.previous,
        }
    )
