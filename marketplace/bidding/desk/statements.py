"""Every SQL statement of the desk, and the columns in which one statement writes all that a batch of bids causes."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import orjson

LOTS = """
    SELECT l.*, s.head AS chain FROM market.lots l JOIN kernel.streams s ON s.stream = 'lot:' || l.id
    WHERE l.id = ANY($1)
"""

BIDS = """
    SELECT lot_id, provider_id, id, amount, malus, commitment, valid_until, sequence, version, automatic, surrogate,
        key, dropped, placed_at
    FROM market.bids WHERE lot_id = ANY($1) AND sequence IS NOT NULL
"""
"""The lot's id, then the fields of ``StoredBid`` in their order."""

GUEST = """
    SELECT p.status AS approval, p.reason, i.request_id, i.status
    FROM market.providers p LEFT JOIN market.invitations i ON i.provider_id = p.id AND i.id = $1 WHERE p.id = $2
"""

LOTS_OF_REQUEST = "SELECT ref, id FROM market.lots WHERE request_id = $1"

TERMS = "SELECT sha256 FROM market.terms_documents WHERE id = $1 AND provider_id = $2"

LOT_OF_BID = "SELECT lot_id FROM market.bids WHERE id = $1 AND invitation_id = $2"

HOLD = """
    WITH held AS MATERIALIZED (
        SELECT id, revision FROM market.lots WHERE id = ANY($1) ORDER BY id FOR UPDATE)
    SELECT id, revision, clock_timestamp() AS now FROM held
"""
"""Each row's clock is read after its lock was got, so the last one's is read after all locks."""

HOLD_FREE = HOLD.replace("FOR UPDATE", "FOR UPDATE SKIP LOCKED")
"""The same, without waiting: what somebody else holds is left out."""

LOOK = "SELECT id, revision, clock_timestamp() AS now FROM market.lots WHERE id = ANY($1)"

HOLD_INVITATIONS = "SELECT id, status FROM market.invitations WHERE id = ANY($1) ORDER BY id FOR UPDATE"

REPEATED = """
    SELECT lot_id, provider_id, key, fingerprint, answer FROM market.bids b
    WHERE (lot_id, provider_id, key) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[]))
"""

PROXIES = "SELECT id, provider_id, invitation_id, request_version, offer FROM market.bids WHERE id = ANY($1)"

WRITE = """
    WITH events AS (
        INSERT INTO kernel.journal (stream, seq, type, at, user_id, organization_id, data, previous, hash)
        SELECT stream, seq, type, $1, user_id, organization_id, data, previous, hash FROM json_to_recordset($2::json)
            AS e (stream text, seq bigint, type text, user_id text, organization_id text, data jsonb, previous text,
                hash text)
    ), lots AS MATERIALIZED (
        SELECT * FROM json_to_recordset($3::json)
            AS f (id text, status text, sequence bigint, at timestamptz, opens_at timestamptz, closes_at timestamptz,
                extensions integer, head jsonb, chain text)
    ), heads AS (
        UPDATE kernel.streams s SET seq = f.sequence, head = f.chain FROM lots f WHERE s.stream = 'lot:' || f.id
    ), figures AS (
        UPDATE market.lots l SET status = f.status, sequence = f.sequence, at = f.at, opens_at = f.opens_at,
            closes_at = f.closes_at, extensions = f.extensions, revision = l.revision + 1,
            head = coalesce(f.head, l.head)
        FROM lots f WHERE l.id = f.id
    )
    INSERT INTO market.bids (id, lot_id, request_id, provider_id, invitation_id, version, request_version, sequence,
        key, dropped, automatic, surrogate, commitment, valid_until, placed_at, offer, amount, malus, sealed,
        fingerprint, answer)
    SELECT id, lot_id, request_id, provider_id, invitation_id, version, request_version, sequence,
        key, false, automatic, false, commitment, valid_until, placed_at, offer, amount, malus,
        decode(sealed, 'base64'), fingerprint, decode(answer, 'base64')
    FROM json_to_recordset($4::json)
        AS b (id text, lot_id text, request_id text, provider_id text, invitation_id text, version integer,
            request_version integer, sequence bigint, key text, automatic boolean, commitment text, valid_until date,
            placed_at timestamptz, offer jsonb, amount numeric, malus numeric, sealed text, fingerprint text,
            answer text)
"""
"""JSON and not an array for each column: the driver looks at every element of an array twice."""

DROP = "UPDATE market.bids SET dropped = true WHERE id = ANY($1)"

PLACE_ENTERED = """
    UPDATE market.bids b SET sequence = p.sequence, version = p.version, placed_at = p.placed_at
    FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::timestamptz[]) AS p (id, sequence, version, placed_at)
    WHERE b.id = p.id
"""

SET_ALARMS = """
    WITH given AS (SELECT * FROM unnest($2::text[], $3::timestamptz[]) AS a (key, due_at)),
    free AS MATERIALIZED (
        SELECT key FROM kernel.alarms WHERE kind = $1 AND key = ANY($2) FOR UPDATE SKIP LOCKED),
    moved AS (
        UPDATE kernel.alarms a SET due_at = given.due_at FROM given
        WHERE a.kind = $1 AND a.key = given.key AND a.key IN (SELECT key FROM free))
    INSERT INTO kernel.alarms (kind, key, due_at) SELECT $1, key, due_at FROM given
    WHERE NOT EXISTS (SELECT FROM kernel.alarms a WHERE a.kind = $1 AND a.key = given.key)
"""
"""An alarm that is ringing right now is left alone: its ring waits for the lot that we hold, and sets it anew."""

MARK_BID = """
    UPDATE market.invitations SET status = 'bid', seen_at = coalesce(seen_at, $2)
    WHERE id = ANY($1) AND status <> 'declined'
"""


class EventLine(NamedTuple):
    """One row of the journal; its instant is the batch's."""

    stream: str
    seq: int
    type: str
    user_id: str
    organization_id: str
    data: orjson.Fragment
    previous: str
    hash: str


class LotLine(NamedTuple):
    """What changes in the row of a lot; ``head`` is None where it stays. ``chain`` goes to the head of its stream."""

    id: str
    status: str
    sequence: int
    at: datetime
    opens_at: datetime
    closes_at: datetime
    extensions: int
    head: orjson.Fragment | None
    chain: str


class BidLine(NamedTuple):
    """One new row of the bids."""

    id: str
    lot_id: str
    request_id: str
    provider_id: str
    invitation_id: str
    version: int | None
    request_version: int
    sequence: int | None
    key: str
    automatic: bool
    commitment: str
    valid_until: date | None
    placed_at: datetime
    offer: orjson.Fragment | None
    amount: Decimal | None
    malus: Decimal | None
    sealed: bytes | None
    fingerprint: str | None
    answer: bytes | None


@dataclass(slots=True)
class Lines:
    """All that one batch writes."""

    events: list[EventLine] = field(default_factory=list)
    bids: list[BidLine] = field(default_factory=list)
    entered: list[tuple[str, int, int, datetime]] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    invitations: list[str] = field(default_factory=list)


def arguments(lines: Lines, now: datetime, lots: Iterable[LotLine]) -> tuple[datetime, str, str, str]:
    """Return the arguments of ``WRITE``."""
    return now, _json(lines.events), _json(lots), _json(lines.bids)


def _json(rows: Iterable[EventLine | LotLine | BidLine]) -> str:
    return orjson.dumps([row._asdict() for row in rows], default=_plain).decode()


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} is nothing that the desk writes")
