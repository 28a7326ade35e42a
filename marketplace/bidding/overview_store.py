"""The SQL statements of what the platform sees of all lots: figures of bids, never what is sealed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from marketplace.bidding.model import LotOverview, PausedLot, PriceFigures, Status, WaitingWithdrawal
from marketplace.bidding.tables import LotRow
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading

_NEXT = text(
    "SELECT id FROM market.lots WHERE status = ANY(:statuses)"
    " AND (CAST(:at AS timestamptz) IS NULL OR (closes_at, id) > (CAST(:at AS timestamptz), :id))"
    " ORDER BY closes_at, id LIMIT :limit"
)

_OF_REQUEST = text("SELECT id FROM market.lots WHERE request_id = :request_id ORDER BY length(ref), ref")

_LOTS = text(
    "SELECT id, request_id, ref, status, suspended, opens_at, closes_at, extensions,"
    " head->>'reason' AS reason, NOT CAST(head->>'opened' AS boolean) AS sealed,"
    " (SELECT count(*) FROM jsonb_object_keys(head->'bidders')) AS invited,"
    " (SELECT count(*) FROM jsonb_object_keys(head->'excluded')) AS excluded,"
    " jsonb_array_length(head->'withdrawals') AS withdrawals"
    " FROM market.lots WHERE id = ANY(:lots)"
)

_COUNTS = text(
    "SELECT lot_id, count(*) AS bids, count(DISTINCT provider_id) AS bidders, max(placed_at) AS last_bid_at,"
    " count(*) FILTER (WHERE automatic) AS automatic, count(*) FILTER (WHERE surrogate) AS surrogate"
    " FROM market.bids WHERE lot_id = ANY(:lots) AND sequence IS NOT NULL GROUP BY lot_id"
)

_PRICES = text(
    "WITH known AS (SELECT id, lot_id, provider_id, version, dropped, amount,"
    "  lag(amount) OVER (PARTITION BY lot_id, provider_id ORDER BY version) AS before"
    "  FROM market.bids WHERE lot_id = ANY(:lots) AND sequence IS NOT NULL AND amount IS NOT NULL),"
    " standing AS (SELECT DISTINCT ON (lot_id, provider_id) lot_id, amount FROM known WHERE NOT dropped"
    "  ORDER BY lot_id, provider_id, version DESC),"
    " ranked AS (SELECT lot_id, amount, row_number() OVER (PARTITION BY lot_id ORDER BY amount) AS place"
    "  FROM standing),"
    " steepest AS (SELECT DISTINCT ON (lot_id) lot_id, id, provider_id, round((before - amount) / before, 4) AS share"
    "  FROM known WHERE before > 0 AND amount < before ORDER BY lot_id, (before - amount) / before DESC, id)"
    " SELECT r.lot_id, max(amount) FILTER (WHERE place = 1) AS leading, max(amount) FILTER (WHERE place = 2) AS second,"
    "  s.share, s.provider_id, s.id AS bid_id"
    " FROM ranked r LEFT JOIN steepest s ON s.lot_id = r.lot_id WHERE place <= 2"
    " GROUP BY r.lot_id, s.share, s.provider_id, s.id"
)
"""Of bids that were placed: what is only entered (a proxy's limit, a turn's price) is nobody's business yet."""


def lots(
    reading: Reading, statuses: Collection[Status], after: tuple[datetime, str] | None, limit: int
) -> list[LotOverview]:
    """Return lots with these statuses behind ``after`` (close, id), what closes first comes first."""
    given = {
        "statuses": [status.value for status in statuses],
        "at": None if after is None else after[0],
        "id": "" if after is None else after[1],
        "limit": limit,
    }
    return _overviews(reading, reading.session.connection().execute(_NEXT, given).scalars().all())


def lots_of(reading: Reading, request_id: RequestId) -> list[LotOverview]:
    """Return all lots of one request, in the order of their numbers."""
    found = reading.session.connection().execute(_OF_REQUEST, {"request_id": request_id})
    return _overviews(reading, found.scalars().all())


def _overviews(reading: Reading, lot_ids: Sequence[str]) -> list[LotOverview]:
    """Return the lots with these ids, in this order."""
    rows = _by_lot(reading, _LOTS, lot_ids, "id")
    counts = _by_lot(reading, _COUNTS, lot_ids)
    prices = _by_lot(reading, _PRICES, [row.id for row in rows.values() if not row.sealed])
    return [_overview(rows[one], counts.get(one), prices.get(one)) for one in lot_ids]


def _by_lot(reading: Reading, statement: Any, lot_ids: Sequence[str], key: str = "lot_id") -> Mapping[str, Any]:
    if not lot_ids:
        return {}
    found = reading.session.connection().execute(statement, {"lots": list(lot_ids)})
    return {getattr(row, key): row for row in found}


def _overview(row: Any, counted: Any, priced: Any) -> LotOverview:
    return LotOverview(
        lot_id=LotId(row.id),
        request_id=RequestId(row.request_id),
        lot=row.ref,
        status=Status(row.status),
        suspended=row.suspended,
        sealed=row.sealed,
        opens_at=row.opens_at.astimezone(UTC),
        closes_at=row.closes_at.astimezone(UTC),
        extensions=row.extensions,
        reason=row.reason,
        invited=row.invited,
        excluded=row.excluded,
        bidders=counted.bidders if counted else 0,
        bids=counted.bids if counted else 0,
        automatic=counted.automatic if counted else 0,
        surrogate=counted.surrogate if counted else 0,
        last_bid_at=counted.last_bid_at.astimezone(UTC) if counted else None,
        withdrawals=row.withdrawals,
        prices=None if row.sealed else _figures(priced),
    )


def _figures(priced: Any) -> PriceFigures:
    if priced is None:
        return PriceFigures(None, None, None, None, None)
    bidder = None if priced.provider_id is None else OrganizationId(priced.provider_id)
    bid = None if priced.bid_id is None else BidId(priced.bid_id)
    return PriceFigures(priced.leading, priced.second, priced.share, bidder, bid)


def paused(reading: Reading) -> list[PausedLot]:
    """Return every paused lot, the longest paused first."""
    rows = reading.session.exec(
        select(LotRow.request_id, LotRow.ref, LotRow.head, LotRow.at).where(LotRow.status == Status.PAUSED)
    )
    found = [
        PausedLot(
            RequestId(request_id),
            ref,
            datetime.fromisoformat(head["paused_at"]).astimezone(UTC) if head["paused_at"] else at.astimezone(UTC),
            head["reason"] or "",
        )
        for request_id, ref, head, at in rows
    ]
    return sorted(found, key=lambda lot: (lot.paused_at, lot.request_id, lot.lot))


def withdrawals(reading: Reading) -> list[WaitingWithdrawal]:
    """Return every withdrawal that is asked for and not decided, the oldest first."""
    asked = col(LotRow.head)["withdrawals"]
    undecided = (Status.OPEN.value, Status.PAUSED.value, Status.CLOSED.value)
    rows = reading.session.exec(
        select(LotRow.request_id, LotRow.ref, asked).where(col(LotRow.status).in_(undecided), asked.astext != "[]")
    )
    found = [
        WaitingWithdrawal(
            RequestId(request_id),
            ref,
            BidId(one["bid_id"]),
            OrganizationId(one["bidder"]),
            datetime.fromisoformat(one["at"]).astimezone(UTC),
        )
        for request_id, ref, questions in rows
        for one in questions
    ]
    return sorted(found, key=lambda one: (one.asked_at, one.bid_id))
