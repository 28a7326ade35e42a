"""Every SQL statement on lots and bids."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import func, text, update
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, select

from marketplace.bidding import stored
from marketplace.bidding.model import LotClock, LotState, StandingBid, Status
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.bidding.rules import Rules
from marketplace.bidding.stored import Changes, LotFigures, LotHead, StoredBid
from marketplace.bidding.tables import BidRow, LotKeyRow, LotRow
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


@dataclass(frozen=True, slots=True)
class StoredLot:
    """A lot as stored. ``public_key`` is None where no bid is ever sealed."""

    id: LotId
    request_id: RequestId
    ref: str
    to_price: LotToPrice
    state: LotState
    public_key: bytes | None
    request_version: int = 1
    suspended: bool = False


def add_lot(work: Work, lot: StoredLot, sealed_private_key: bytes | None) -> None:
    """Store a new lot and the key that opens its bids."""
    figures = stored.figures_of(lot.state)
    work.session.add(
        LotRow(
            id=lot.id,
            request_id=lot.request_id,
            ref=lot.ref,
            status=figures.status,
            rules_hash=lot.state.rules_hash,
            rules=codec.dump(lot.state.rules),
            to_price=codec.dump(lot.to_price),
            head=codec.dump(stored.head_of(lot.state)),
            sequence=figures.sequence,
            at=figures.at,
            opens_at=figures.opens_at,
            closes_at=figures.closes_at,
            public_key=lot.public_key,
            request_version=lot.request_version,
        )
    )
    if sealed_private_key is not None:
        work.session.add(LotKeyRow(lot_id=lot.id, private_key=sealed_private_key))
    work.session.flush()


def lots_of(reading: Reading, request_id: RequestId, *, hold: bool = False) -> list[StoredLot]:
    """Return a request's lots in the order of their numbers; ``hold`` locks them, always in the order of their ids."""
    query = select(LotRow).where(LotRow.request_id == request_id).order_by(col(LotRow.id))
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    lots = reading.once(("lots", request_id), lambda: _lots(reading, reading.session.exec(query).all()))
    return sorted(lots, key=lambda lot: (len(lot.ref), lot.ref))


def lots_of_many(reading: Reading, request_ids: Collection[RequestId]) -> list[StoredLot]:
    """Return the lots of several requests in the order of their numbers: two statements for all of them."""
    rows = reading.session.exec(select(LotRow).where(col(LotRow.request_id).in_(request_ids))).all()
    return sorted(_lots(reading, rows), key=lambda lot: (len(lot.ref), lot.ref))


def clocks(reading: Reading, request_id: RequestId) -> list[LotClock]:
    """Return the clock of each of a request's lots, as stored, in the order of their numbers."""
    columns = LotRow.ref, LotRow.status, LotRow.opens_at, LotRow.closes_at
    rows = reading.session.exec(select(*columns).where(LotRow.request_id == request_id))
    found = [
        LotClock(ref, Status(status), opens_at.astimezone(UTC), closes_at.astimezone(UTC))
        for ref, status, opens_at, closes_at in rows
    ]
    return sorted(found, key=lambda lot: (len(lot.ref), lot.ref))


def first_lapse(reading: Reading, request_id: RequestId) -> date | None:
    """Return the first day after which a bid that stands in a closed lot is not valid any more."""
    newest = (
        sql_select(col(BidRow.lot_id), col(BidRow.valid_until), col(BidRow.dropped))
        .ext(distinct_on(col(BidRow.lot_id), col(BidRow.provider_id)))
        .where(col(BidRow.request_id) == request_id, col(BidRow.sequence).is_not(None))
        .order_by(col(BidRow.lot_id), col(BidRow.provider_id), col(BidRow.version).desc())
        .subquery()
    )
    query = (
        sql_select(func.min(newest.c.valid_until))
        .join(LotRow, col(LotRow.id) == newest.c.lot_id)
        .where(~newest.c.dropped, col(LotRow.status) == Status.CLOSED)
    )
    found: date | None = reading.session.execute(query).scalar_one()
    return found


def rules_hashes(reading: Reading, request_id: RequestId) -> dict[str, str]:
    """Return, by lot, the hash of the rules that it was announced with."""
    rows = reading.session.exec(select(LotRow.ref, LotRow.rules_hash).where(LotRow.request_id == request_id))
    return dict(rows.all())


def is_any_scheduled(reading: Reading, request_id: RequestId) -> bool:
    """Tell whether a lot of the request has not opened yet."""
    query = select(LotRow.id).where(LotRow.request_id == request_id, LotRow.status == Status.SCHEDULED).limit(1)
    return reading.session.exec(query).first() is not None


def held_lots(work: Work, request_id: RequestId, refs: Iterable[str]) -> dict[str, StoredLot]:
    """Return the named lots of a request, locked in the order of their ids."""
    rows = work.session.exec(
        select(LotRow)
        .where(LotRow.request_id == request_id, col(LotRow.ref).in_(tuple(refs)))
        .order_by(col(LotRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {lot.ref: lot for lot in _lots(work, rows.all())}


def lots_with_outages(reading: Reading) -> list[LotId]:
    """Return the lots that take bids, or would if their clock had been looked at, and whose rules speak of outages.

    In the order in which lots are held.
    """
    running = col(LotRow.status).in_((Status.SCHEDULED, Status.OPEN))
    told = col(LotRow.rules)["longest_outage_seconds"].astext.is_not(None)
    rows = reading.session.exec(select(LotRow.id).where(running, told).order_by(col(LotRow.id)))
    return [LotId(lot_id) for lot_id in rows]


def running_lots(reading: Reading, bidder: OrganizationId) -> list[LotId]:
    """Return the lots not yet closed to which ``bidder`` is invited, in the order in which lots are held."""
    running = (Status.SCHEDULED, Status.OPEN, Status.PAUSED)
    rows = reading.session.exec(
        select(LotRow.id)
        .where(col(LotRow.status).in_(running), col(LotRow.head)["bidders"].has_key(bidder))
        .order_by(col(LotRow.id))
    )
    return [LotId(lot_id) for lot_id in rows]


def held_lot(work: Work, lot_id: LotId) -> StoredLot | None:
    """Return one lot, locked."""
    row = work.session.get(LotRow, lot_id, with_for_update=True, populate_existing=True)
    return None if row is None else _lots(work, [row])[0]


def save_state(work: Work, lot: StoredLot, after: LotState, changed: Changes) -> None:
    """Store what a lot's events led to. The rows of placed bids are written by whoever has their offers."""
    figures = stored.figures_of(after)
    values: dict[str, Any] = {
        "status": figures.status,
        "sequence": figures.sequence,
        "at": figures.at,
        "opens_at": figures.opens_at,
        "closes_at": figures.closes_at,
        "extensions": figures.extensions,
        "revision": col(LotRow.revision) + 1,
    }
    if changed.head:
        values["head"] = codec.dump(stored.head_of(after))
    connection = work.session.connection()
    connection.execute(update(LotRow).where(col(LotRow.id) == lot.id).values(**values))
    if changed.dropped:
        connection.execute(update(BidRow).where(col(BidRow.id).in_(changed.dropped)).values(dropped=True))


def save_request(work: Work, lot_id: LotId, to_price: LotToPrice, request_version: int) -> None:
    """Store that an amendment changed what there is to price."""
    work.session.connection().execute(
        update(LotRow)
        .where(col(LotRow.id) == lot_id)
        .values(to_price=codec.dump(to_price), request_version=request_version, revision=col(LotRow.revision) + 1)
    )


def save_suspended(work: Work, request_id: RequestId, *, suspended: bool) -> None:
    """Store that the request of these lots was suspended or goes on."""
    work.session.connection().execute(
        update(LotRow)
        .where(col(LotRow.request_id) == request_id)
        .values(suspended=suspended, revision=col(LotRow.revision) + 1)
    )


def private_key(work: Work, lot_id: LotId) -> bytes | None:
    """Return the sealed private key of a lot."""
    row = work.session.get(LotKeyRow, lot_id)
    return None if row is None else row.private_key


def add_bid(work: Work, bid: BidRow) -> None:
    """Store one version of a bid."""
    work.session.add(bid)


def bids(reading: Reading, bid_ids: Sequence[BidId]) -> dict[BidId, BidRow]:
    """Return bids by id."""
    rows = reading.session.exec(select(BidRow).where(col(BidRow.id).in_(bid_ids)))
    return {BidId(row.id): row for row in rows}


class StoredOffer(NamedTuple):
    """What a bid offers, as stored, for which version of the request, and whether an agent entered it."""

    offer: Any
    request_version: int
    surrogate: bool


def offers(reading: Reading, bid_ids: Sequence[BidId]) -> dict[BidId, StoredOffer]:
    """Return what bids offer by id: one statement and no objects for however many there are."""
    rows = reading.session.connection().execute(
        text("SELECT id, offer, request_version, surrogate FROM market.bids WHERE id = ANY(:bids)"),
        {"bids": list(bid_ids)},
    )
    return {BidId(bid_id): StoredOffer(offer, version, surrogate) for bid_id, offer, version, surrogate in rows}


def fingerprint(reading: Reading, request_id: RequestId) -> tuple[int, int, int]:
    """Return how many lots a request has, how many of them run, and a figure that every change of one raises."""
    row = reading.session.connection().execute(
        text(
            "SELECT count(*), count(*) FILTER (WHERE status IN ('scheduled', 'open', 'paused')),"
            " coalesce(sum(revision), 0) FROM market.lots WHERE request_id = :request"
        ),
        {"request": request_id},
    )
    lots, running, revisions = row.one()
    return int(lots), int(running), int(revisions)


def told(
    reading: Reading, streams: Sequence[str], names: Sequence[str], limit: int
) -> list[tuple[str, str, datetime, dict[str, Any]]]:
    """Return stream, name, instant and event of the newest ``limit`` events of these names on lots, newest first."""
    rows = reading.session.connection().execute(
        text(
            "SELECT stream, type, at, data->'event' FROM kernel.journal"
            " WHERE stream = ANY(:streams) AND type = ANY(:names) ORDER BY id DESC LIMIT :limit"
        ),
        {"streams": list(streams), "names": list(names), "limit": limit},
    )
    return [(stream, name, at, event) for stream, name, at, event in rows]


def bids_of(reading: Reading, request_id: RequestId, provider_id: OrganizationId) -> list[BidRow]:
    """Return every version of one provider's bids on a request, newest first."""
    return list(
        reading.session.exec(
            select(BidRow)
            .where(BidRow.request_id == request_id, BidRow.provider_id == provider_id)
            .order_by(col(BidRow.placed_at).desc(), col(BidRow.id))
        )
    )


def open_bid(work: Work, bid_id: BidId, offer: Offer, amount: Decimal, malus: Decimal) -> None:
    """Store what was inside a sealed bid."""
    work.session.connection().execute(
        update(BidRow).where(col(BidRow.id) == bid_id).values(offer=codec.dump(offer), amount=amount, malus=malus)
    )


def place_entered(work: Work, bid: StandingBid) -> bool:
    """Store that an entered bid was placed; tell whether there is such a row."""
    result = work.session.connection().execute(
        update(BidRow)
        .where(col(BidRow.id) == bid.bid_id)
        .values(sequence=bid.sequence, version=bid.version, placed_at=bid.placed_at)
    )
    return bool(result.rowcount)


def _lots(reading: Reading, rows: Sequence[LotRow]) -> list[StoredLot]:
    """Return lots with the standing of their bids: one statement for all of them."""
    bids: dict[str, list[StoredBid]] = {row.id: [] for row in rows}
    if rows:
        found = reading.session.connection().execute(
            sql_select(*_BID_COLUMNS).where(col(BidRow.lot_id).in_(bids), col(BidRow.sequence).is_not(None))
        )
        for lot_id, *values, placed_at in found:
            fields: Any = (*values, placed_at.astimezone(UTC))
            bids[lot_id].append(StoredBid(*fields))
    return [_lot(row, bids[row.id]) for row in rows]


_BID_COLUMNS: tuple[Any, ...] = (
    col(BidRow.lot_id),
    col(BidRow.provider_id),
    col(BidRow.id),
    col(BidRow.amount),
    col(BidRow.malus),
    col(BidRow.commitment),
    col(BidRow.valid_until),
    col(BidRow.sequence),
    col(BidRow.version),
    col(BidRow.automatic),
    col(BidRow.surrogate),
    col(BidRow.key),
    col(BidRow.dropped),
    col(BidRow.placed_at),
)
"""The fields of ``StoredBid`` in their order, behind the lot's id; the instant last, to be turned into UTC."""


def _lot(row: LotRow, bids: Sequence[StoredBid]) -> StoredLot:
    figures = LotFigures(
        Status(row.status),
        row.sequence,
        row.at.astimezone(UTC),
        row.opens_at.astimezone(UTC),
        row.closes_at.astimezone(UTC),
        row.extensions,
    )
    head = codec.load(LotHead, row.head)
    lot_id = LotId(row.id)
    return StoredLot(
        lot_id,
        RequestId(row.request_id),
        row.ref,
        codec.load(LotToPrice, row.to_price),
        stored.state_of(lot_id, (codec.load(Rules, row.rules), row.rules_hash), head, figures, bids),
        row.public_key,
        row.request_version,
        row.suspended,
    )
