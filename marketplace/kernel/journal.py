"""The journal: every change of state as an event in a hash chain per stream, with one position over all streams."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol, dataclass_transform

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from marketplace.kernel import codec
from marketplace.kernel.access import Principal
from marketplace.kernel.chain import GENESIS as GENESIS  # noqa: PLC0414 - part of what the journal offers
from marketplace.kernel.chain import Recorded as Recorded  # noqa: PLC0414 - same
from marketplace.kernel.chain import leaf as leaf  # noqa: PLC0414 - same
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.tables import JournalRow

SEQUENCER_LOCK = 7_402_117
"""Advisory lock of the one sequencer."""

_APPEND = text(
    "WITH head AS (UPDATE kernel.streams SET head = :hash WHERE stream = :stream)"
    " INSERT INTO kernel.journal (stream, seq, type, at, user_id, organization_id, data, previous, hash)"
    " VALUES (:stream, :seq, :type, :at, :user_id, :organization_id, CAST(:data AS jsonb), :previous, :hash)"
)
"""The new head and the event in one round trip; nothing is read back, which a carrier's role may not do."""

_HEADS = text(
    "INSERT INTO kernel.streams AS s (stream, seq, head)"
    " SELECT stream, events, :genesis FROM unnest(CAST(:streams AS text[]), CAST(:events AS bigint[]))"
    " AS given (stream, events) ORDER BY stream"
    " ON CONFLICT (stream) DO UPDATE SET seq = s.seq + excluded.seq RETURNING stream, seq, head"
)
"""Create or lock the heads of many streams, always in the same order: two that append many don't wait for each other
in a circle."""

_APPEND_ALL = text(
    "WITH heads AS (UPDATE kernel.streams s SET head = h.head"
    "  FROM unnest(CAST(:streams AS text[]), CAST(:heads AS text[])) AS h (stream, head) WHERE s.stream = h.stream)"
    " INSERT INTO kernel.journal (stream, seq, type, at, user_id, organization_id, data, previous, hash)"
    " SELECT stream, seq, type, :at, :user_id, :organization_id, CAST(data AS jsonb), previous, hash"
    " FROM unnest(CAST(:stream AS text[]), CAST(:seq AS bigint[]), CAST(:type AS text[]), CAST(:data AS text[]),"
    "  CAST(:previous AS text[]), CAST(:hash AS text[]))"
    " WITH ORDINALITY AS e (stream, seq, type, data, previous, hash, place) ORDER BY place"
)
"""The new heads and the events in one round trip; row ids rise in the given order."""

_BEHIND = text(
    "SELECT touched, max(position) FROM kernel.journal,"
    " LATERAL (VALUES (stream), ('provider:' || (data ->> 'provider_id'))) AS one (touched)"
    " WHERE position > :position AND touched IS NOT NULL GROUP BY touched"
)

CHANNEL = "journal"
"""NOTIFY channel: a wake-up for subscribers, never the event itself."""


class Telling(Protocol):
    """What can be appended: a name from the closed vocabulary, a stream and ids."""

    @property
    def name(self) -> str:
        """Past tense, such as ``request.published``."""

    @property
    def stream(self) -> str:
        """Whose history it is part of, such as ``request:req_…``."""

    def data(self) -> dict[str, Any]:
        """Return JSON values: ids and figures, nothing personal."""


@dataclass_transform(frozen_default=True)
@dataclass(frozen=True, slots=True)
class Event:
    """Base of every event: a past-tense ``name``, ids only, nothing personal. Subclasses are frozen dataclasses."""

    name: ClassVar[str] = ""

    @property
    def stream(self) -> str:
        """The stream that this event belongs to, such as ``request:req_…``."""
        raise NotImplementedError

    def data(self) -> dict[str, Any]:
        """Return the event's own fields as JSON values."""
        fields: dict[str, Any] = codec.dump(self)
        return fields


def append(session: Session, event: Telling, principal: Principal, at: datetime) -> Recorded:
    """Append ``event`` to its stream inside the caller's transaction and return it with its number and hash.

    The stream's head row is locked until the transaction ends, so numbers have no gaps.
    """
    connection = session.connection()
    stream = event.stream
    # one statement creates the head or locks it; a carrier's role may do this without reading the journal
    seq, previous = connection.execute(
        text(
            "INSERT INTO kernel.streams AS s (stream, seq, head) VALUES (:stream, 1, :genesis)"
            " ON CONFLICT (stream) DO UPDATE SET seq = s.seq + 1 RETURNING seq, head"
        ),
        {"stream": stream, "genesis": GENESIS},
    ).one()
    unsigned = Recorded(
        event.name, stream, seq, None, at, principal.user_id, principal.organization_id, event.data(), previous, hash=""
    )
    recorded = replace(unsigned, hash=leaf(unsigned))
    connection.execute(
        _APPEND,
        {
            "stream": stream,
            "seq": seq,
            "type": recorded.name,
            "at": at,
            "user_id": recorded.user_id,
            "organization_id": recorded.organization_id,
            "data": codec.canonical(recorded.data).decode(),
            "previous": previous,
            "hash": recorded.hash,
        },
    )
    return recorded


def hold(session: Session, stream: str) -> None:
    """Lock the head of a stream until the transaction ends, as appending to it will.

    Whoever changes rows that others change, and then tells of it in this stream, holds it first: else one would have
    the row and wait for the stream, and the other the stream and wait for the row.
    """
    session.connection().execute(
        text("SELECT 1 FROM kernel.streams WHERE stream = :stream FOR UPDATE"), {"stream": stream}
    )


def append_all(session: Session, events: Sequence[Telling], principal: Principal, at: datetime) -> list[Recorded]:
    """Append ``events`` in their order, as ``append`` would one by one, in two statements; return them."""
    if not events:
        return []
    connection = session.connection()
    counted = Counter(event.stream for event in events)
    parameters: dict[str, Any] = {"streams": list(counted), "events": list(counted.values()), "genesis": GENESIS}
    heads = {
        stream: (seq - counted[stream], head) for stream, seq, head in connection.execute(_HEADS, parameters).all()
    }
    recorded = []
    for event in events:
        stream = event.stream
        seq, previous = heads[stream]
        by = principal.user_id, principal.organization_id
        unsigned = Recorded(event.name, stream, seq + 1, None, at, *by, event.data(), previous, hash="")
        recorded.append(replace(unsigned, hash=leaf(unsigned)))
        heads[stream] = seq + 1, recorded[-1].hash
    connection.execute(
        _APPEND_ALL,
        {
            "streams": list(heads),
            "heads": [head for _, head in heads.values()],
            "at": at,
            "user_id": principal.user_id,
            "organization_id": principal.organization_id,
            "stream": [one.stream for one in recorded],
            "seq": [one.seq for one in recorded],
            "type": [one.name for one in recorded],
            "data": [codec.canonical(one.data).decode() for one in recorded],
            "previous": [one.previous for one in recorded],
            "hash": [one.hash for one in recorded],
        },
    )
    return recorded


def stamp(session: Session, limit: int = 1000) -> int:
    """Give the committed events without a position the next positions; return how many. One sequencer at a time.

    Ordered by row id: inside a stream that is the order of ``seq``, because the head's lock is held until commit.
    """
    connection = session.connection()
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": SEQUENCER_LOCK}).scalar_one():
        return 0
    stamped: int = connection.execute(
        text(
            "WITH fresh AS ("
            "  SELECT id, row_number() OVER (ORDER BY id) AS n FROM kernel.journal"
            "  WHERE position IS NULL ORDER BY id LIMIT :limit),"
            " top AS (SELECT coalesce(max(position), 0) AS position FROM kernel.journal),"
            " done AS (UPDATE kernel.journal j SET position = top.position + fresh.n FROM fresh, top"
            "  WHERE j.id = fresh.id RETURNING 1)"
            " SELECT count(*) FROM done"
        ),
        {"limit": limit},
    ).scalar_one()
    if stamped:
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
    return stamped


def last_position(session: Session) -> int:
    """Return the position of the newest stamped event, 0 in an empty journal."""
    return session.exec(select(func.max(JournalRow.position))).one() or 0


def streams_behind(session: Session, position: int) -> tuple[int, frozenset[str]]:
    """Return the newest position, and the streams that have stamped events behind ``position``.

    An event that names a provider touches that provider's stream, too, wherever it is told.
    """
    rows = session.connection().execute(_BEHIND, {"position": position}).all()
    return max((last for _, last in rows), default=position), frozenset(stream for stream, _ in rows)


def between(session: Session, position: int, last: int, names: frozenset[str], limit: int) -> list[Recorded]:
    """Return the first ``limit`` events of these ``names`` behind ``position`` and up to ``last``, in order."""
    rows = session.exec(
        select(JournalRow)
        .where(
            col(JournalRow.position) > position,
            col(JournalRow.position) <= last,
            col(JournalRow.type).in_(sorted(names)),
        )
        .order_by(col(JournalRow.position))
        .limit(limit)
    )
    return [_recorded(row) for row in rows]


def unstamped(session: Session, names: frozenset[str], limit: int) -> list[Recorded]:
    """Return events of these ``names`` without a position yet: just committed, or this transaction's own."""
    rows = session.exec(
        select(JournalRow)
        .where(col(JournalRow.position).is_(None), col(JournalRow.type).in_(sorted(names)))
        .order_by(col(JournalRow.id))
        .limit(limit)
    )
    return [_recorded(row) for row in rows]


def hash_at(session: Session, position: int) -> str | None:
    """Return the hash of the event at a position; None where there is none."""
    return session.exec(select(JournalRow.hash).where(JournalRow.position == position)).one_or_none()


def page(session: Session, stream: str, position: int, limit: int) -> list[Recorded]:
    """Return the stamped events behind ``position``, of one stream or (empty) of all, in order."""
    query = select(JournalRow).where(col(JournalRow.position) > position)
    if stream:
        query = query.where(JournalRow.stream == stream)
    return [_recorded(row) for row in session.exec(query.order_by(col(JournalRow.position)).limit(limit))]


def newest(
    session: Session, *, stream: str = "", name: str = "", user_id: str = "", before: int | None, limit: int
) -> list[Recorded]:
    """Return the stamped events before a position (None: all), the newest first; of a stream, name or user if given."""
    query = select(JournalRow).where(col(JournalRow.position).is_not(None))
    if stream:
        query = query.where(JournalRow.stream == stream)
    if name:
        query = query.where(JournalRow.type == name)
    if user_id:
        query = query.where(JournalRow.user_id == user_id)
    if before is not None:
        query = query.where(col(JournalRow.position) < before)
    return [_recorded(row) for row in session.exec(query.order_by(col(JournalRow.position).desc()).limit(limit))]


def at_position(session: Session, position: int) -> Recorded | None:
    """Return the event at a position; None where there is none."""
    row = session.exec(select(JournalRow).where(JournalRow.position == position)).one_or_none()
    return None if row is None else _recorded(row)


def of_stream(session: Session, stream: str) -> Iterator[Recorded]:
    """Yield the events of one stream in order."""
    rows = session.exec(select(JournalRow).where(JournalRow.stream == stream).order_by(col(JournalRow.seq)))
    for row in rows:
        yield _recorded(row)


def streams_with(session: Session, streams: Sequence[str], name: str) -> frozenset[str]:
    """Return those of ``streams`` in which an event of this ``name`` has happened."""
    query = select(JournalRow.stream).where(col(JournalRow.stream).in_(streams), JournalRow.type == name)
    return frozenset(session.exec(query.distinct()))


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a verification found: how many streams and events, and the first broken place in words."""

    streams: int
    events: int
    broken: str = ""


def verify(session: Session) -> ChainReport:
    """Recompute every chain of the journal and compare it with what is stored, heads included."""
    heads: dict[str, tuple[int, str]] = {}
    events = 0
    rows = session.exec(
        select(JournalRow).order_by(col(JournalRow.stream), col(JournalRow.seq)).execution_options(yield_per=1000)
    )
    with closing(rows):
        for recorded in map(_recorded, rows):
            events += 1
            last_seq, head = heads.get(recorded.stream, (0, GENESIS))
            if recorded.seq != last_seq + 1 or recorded.previous != head or recorded.hash != leaf(recorded):
                return ChainReport(len(heads), events, f"{recorded.stream} is broken at its event {recorded.seq}")
            heads[recorded.stream] = (recorded.seq, recorded.hash)
    for stream, seq, head in session.connection().execute(text("SELECT stream, seq, head FROM kernel.streams")):
        if heads.get(stream) != (seq, head):
            return ChainReport(len(heads), events, f"{stream} does not end where its head says")
    return ChainReport(len(heads), events)


def verify_stream(session: Session, stream: str) -> ChainReport:
    """Recompute the chain of one stream and compare it with what is stored, its head included."""
    seq, head = 0, GENESIS
    for recorded in of_stream(session, stream):
        if recorded.seq != seq + 1 or recorded.previous != head or recorded.hash != leaf(recorded):
            return ChainReport(1, seq + 1, f"{stream} is broken at its event {recorded.seq}")
        seq, head = recorded.seq, recorded.hash
    query = text("SELECT seq, head FROM kernel.streams WHERE stream = :stream")
    stored = session.connection().execute(query, {"stream": stream}).one_or_none()
    if stored is None or (stored.seq, stored.head) != (seq, head):
        return ChainReport(1, seq, f"{stream} does not end where its head says")
    return ChainReport(1, seq)


def _recorded(row: JournalRow) -> Recorded:
    return Recorded(
        row.type,
        row.stream,
        row.seq,
        row.position,
        row.at.astimezone(UTC),
        UserId(row.user_id),
        OrganizationId(row.organization_id),
        row.data,
        row.previous,
        row.hash,
    )
