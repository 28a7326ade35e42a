"""Every SQL statement on lots and bids."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import update
from sqlmodel import col, select

from marketplace.bidding.model import LotState
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.bidding.tables import BidRow, LotKeyRow, LotRow
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


@dataclass(frozen=True, slots=True)
class StoredLot:
    """A lot as stored. ``public_key`` is None where bids are open."""

    id: LotId
    request_id: RequestId
    ref: str
    to_price: LotToPrice
    state: LotState
    public_key: bytes | None


def add_lot(work: Work, lot: StoredLot, sealed_private_key: bytes | None) -> None:
    """Store a new lot and the key that opens its bids."""
    work.session.add(
        LotRow(
            id=lot.id,
            request_id=lot.request_id,
            ref=lot.ref,
            status=lot.state.status,
            rules_hash=lot.state.rules_hash,
            to_price=codec.dump(lot.to_price),
            state=codec.dump(lot.state),
            opens_at=lot.state.opens_at,
            closes_at=lot.state.closes_at,
            public_key=lot.public_key,
        )
    )
    if sealed_private_key is not None:
        work.session.add(LotKeyRow(lot_id=lot.id, private_key=sealed_private_key))


def lots_of(reading: Reading, request_id: RequestId, *, hold: bool = False) -> list[StoredLot]:
    """Return a request's lots in the order of their numbers; ``hold`` locks them, always in the order of their ids."""
    query = select(LotRow).where(LotRow.request_id == request_id).order_by(col(LotRow.id))
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    lots = [_lot(row) for row in reading.session.exec(query)]
    return sorted(lots, key=lambda lot: (len(lot.ref), lot.ref))


def held_lots(work: Work, request_id: RequestId, refs: Iterable[str]) -> dict[str, StoredLot]:
    """Return the named lots of a request, locked in the order of their ids."""
    rows = work.session.exec(
        select(LotRow)
        .where(LotRow.request_id == request_id, col(LotRow.ref).in_(tuple(refs)))
        .order_by(col(LotRow.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.ref: _lot(row) for row in rows}


def held_lot(work: Work, lot_id: LotId) -> StoredLot | None:
    """Return one lot, locked."""
    row = work.session.get(LotRow, lot_id, with_for_update=True, populate_existing=True)
    return None if row is None else _lot(row)


def save_state(work: Work, lot_id: LotId, state: LotState) -> None:
    """Store what a lot's events led to."""
    work.session.connection().execute(
        update(LotRow).where(col(LotRow.id) == lot_id).values(state=codec.dump(state), status=state.status)
    )


def save_close(work: Work, lot_id: LotId, state: LotState) -> None:
    """Store that a lot's close moved."""
    work.session.connection().execute(update(LotRow).where(col(LotRow.id) == lot_id).values(closes_at=state.closes_at))


def save_to_price(work: Work, lot_id: LotId, to_price: LotToPrice) -> None:
    """Store that an amendment changed what there is to price."""
    work.session.connection().execute(
        update(LotRow).where(col(LotRow.id) == lot_id).values(to_price=codec.dump(to_price))
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


def bids_of(reading: Reading, request_id: RequestId, provider_id: OrganizationId) -> list[BidRow]:
    """Return every version of one provider's bids on a request, newest first."""
    return list(
        reading.session.exec(
            select(BidRow)
            .where(BidRow.request_id == request_id, BidRow.provider_id == provider_id)
            .order_by(col(BidRow.placed_at).desc(), col(BidRow.id))
        )
    )


def open_bid(work: Work, bid_id: BidId, offer: Offer, amount: Decimal) -> None:
    """Store what was inside a sealed bid."""
    work.session.connection().execute(
        update(BidRow).where(col(BidRow.id) == bid_id).values(offer=codec.dump(offer), amount=amount)
    )


def _lot(row: LotRow) -> StoredLot:
    return StoredLot(
        LotId(row.id),
        RequestId(row.request_id),
        row.ref,
        codec.load(LotToPrice, row.to_price),
        codec.load(LotState, row.state),
        row.public_key,
    )
