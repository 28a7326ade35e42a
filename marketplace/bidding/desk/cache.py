"""What this process knows of lots and of who may bid: lots by revision, checked under every lock; the rest for seconds.

A provider's approval and an invitation's status are looked up again after ``SECONDS``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import asyncpg
import orjson

from marketplace.bidding import stored
from marketplace.bidding.desk import statements
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import LotState, Status
from marketplace.bidding.offer import LotToPrice
from marketplace.bidding.rules import Rules
from marketplace.bidding.stored import LotFigures, LotHead, StoredBid
from marketplace.kernel import codec
from marketplace.kernel.clock import stopwatch
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import InvitationId, LotId, OrganizationId, RequestId
from sellers import rules as sellers_rules
from sellers.model import Contact, InvitationStatus, Provider, ProviderStatus

SECONDS = 5.0
"""How long an approval and an invitation's status are believed without looking."""
_MOST_LOTS = 5_000
_MOST_PEOPLE = 50_000


class KnownLot(NamedTuple):
    """A lot as of ``revision``; ``chain`` is the hash of its last event.

    ``public_key`` is None where no bid is ever sealed.
    """

    id: LotId
    request_id: RequestId
    ref: str
    revision: int
    to_price: LotToPrice
    state: LotState
    chain: str
    public_key: bytes | None
    request_version: int
    suspended: bool

    @property
    def is_sealed(self) -> bool:
        """Whether bids are sealed now: an open auction may end in a sealed last round."""
        return self.public_key is not None and format_of(self.state).sealed


class Guest(NamedTuple):
    """A provider with its invitation to one request, whose lots are known by ref."""

    invitation_id: InvitationId
    provider_id: OrganizationId
    request_id: RequestId
    status: InvitationStatus
    lots: Mapping[str, LotId]


@dataclass(slots=True)
class Cache:
    """All that is kept, bounded: what was not asked for longest goes first."""

    _lots: dict[LotId, KnownLot] = field(default_factory=dict)
    _guests: dict[tuple[str, str], tuple[float, Guest]] = field(default_factory=dict)
    _terms: dict[tuple[str, str], str] = field(default_factory=dict)
    _lots_of: dict[RequestId, Mapping[str, LotId]] = field(default_factory=dict)

    def lot(self, lot_id: LotId) -> KnownLot | None:
        """Return a lot as last seen."""
        return self._lots.get(lot_id)

    def keep(self, lot: KnownLot) -> None:
        """Know a lot, unless a newer revision is known."""
        known = self._lots.get(lot.id)
        if known is None and len(self._lots) >= _MOST_LOTS:
            self._lots.pop(next(iter(self._lots)))
        if known is None or known.revision <= lot.revision:
            self._lots[lot.id] = lot

    def forget(self, lot_ids: Iterable[LotId]) -> None:
        """Know nothing of these lots any longer: a write of theirs ended in the dark."""
        for lot_id in lot_ids:
            self._lots.pop(lot_id, None)

    def guest(self, invitation_id: str, provider_id: str) -> Guest | None:
        """Return who was looked up in the last seconds."""
        looked_up = self._guests.get((invitation_id, provider_id))
        return looked_up[1] if looked_up is not None and stopwatch() - looked_up[0] < SECONDS else None

    def keep_guest(self, guest: Guest) -> None:
        """Believe a look-up for some seconds."""
        if len(self._guests) >= _MOST_PEOPLE:
            self._guests.clear()
        self._guests[guest.invitation_id, guest.provider_id] = (stopwatch(), guest)

    def lots_of(self, request_id: RequestId) -> Mapping[str, LotId]:
        """Return the lots of a request by ref, which stay the same once it has any; empty when not known."""
        return self._lots_of.get(request_id, {})

    def keep_lots_of(self, request_id: RequestId, lots: Mapping[str, LotId]) -> None:
        """Know the lots of a request."""
        if len(self._lots_of) >= _MOST_LOTS:
            self._lots_of.clear()
        self._lots_of[request_id] = lots

    def terms(self, terms_id: str, provider_id: str) -> str | None:
        """Return the hash of a terms document of this provider; a version never changes."""
        return self._terms.get((terms_id, provider_id))

    def keep_terms(self, terms_id: str, provider_id: str, sha256: str) -> None:
        """Know the hash of a terms document for good."""
        if len(self._terms) >= _MOST_PEOPLE:
            self._terms.clear()
        self._terms[terms_id, provider_id] = sha256


async def load_lots(connection: asyncpg.Connection, lot_ids: Iterable[LotId]) -> dict[LotId, KnownLot]:
    """Return lots as they stand in the connection's transaction, which holds them or sees one snapshot."""
    asked = list(lot_ids)
    rows = await connection.fetch(statements.LOTS, asked)
    bids: dict[str, list[StoredBid]] = {row["id"]: [] for row in rows}
    for lot_id, *values in await connection.fetch(statements.BIDS, asked):
        bids[lot_id].append(StoredBid(*values))
    return {LotId(row["id"]): _lot(row, bids[row["id"]]) for row in rows}


async def load_guest(known: Cache, connection: asyncpg.Connection, invitation_id: str, provider_id: str) -> Guest:
    """Return a provider with its invitation. Raises NotFoundError, ProviderInactiveError."""
    row = await connection.fetchrow(statements.GUEST, invitation_id, provider_id)
    if row is None:
        raise NotFoundError
    sellers_rules.check_active(
        Provider(
            OrganizationId(provider_id), "", ProviderStatus(row["approval"]), "", Contact("", ""), reason=row["reason"]
        )
    )
    if row["request_id"] is None:
        raise NotFoundError
    request_id = RequestId(row["request_id"])
    lots = known.lots_of(request_id)
    if not lots:
        lots = {ref: LotId(lot_id) for ref, lot_id in await connection.fetch(statements.LOTS_OF_REQUEST, request_id)}
        known.keep_lots_of(request_id, lots)
    return Guest(
        InvitationId(invitation_id),
        OrganizationId(provider_id),
        request_id,
        InvitationStatus(row["status"]),
        lots,
    )


def _lot(row: Any, bids: list[StoredBid]) -> KnownLot:
    lot_id = LotId(row["id"])
    figures = LotFigures(
        Status(row["status"]), row["sequence"], row["at"], row["opens_at"], row["closes_at"], row["extensions"]
    )
    rules = codec.load(Rules, orjson.loads(row["rules"]))
    head = codec.load(LotHead, orjson.loads(row["head"]))
    return KnownLot(
        lot_id,
        RequestId(row["request_id"]),
        row["ref"],
        row["revision"],
        codec.load(LotToPrice, orjson.loads(row["to_price"])),
        stored.state_of(lot_id, (rules, row["rules_hash"]), head, figures, bids),
        row["chain"],
        row["public_key"],
        row["request_version"],
        row["suspended"],
    )
