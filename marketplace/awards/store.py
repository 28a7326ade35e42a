"""Every SQL statement on awards and disclosures."""

from collections.abc import Collection
from datetime import UTC
from decimal import Decimal
from typing import Any

from sqlalchemy import select as sql_select
from sqlalchemy import update
from sqlmodel import col, select

from marketplace.awards.model import Award, AwardedLot, Basis, Discount, Outcome, WonLot
from marketplace.awards.tables import AwardLotRow, AwardRow, DisclosureRow
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


def add(work: Work, award: Award) -> None:
    """Store a decision."""
    work.session.add(
        AwardRow(
            id=award.id,
            request_id=award.request_id,
            decided_by=award.decided_by,
            approved_by=award.approved_by,
            at=award.at,
            basis=codec.dump(award.basis),
            discounts=codec.dump(award.discounts),
        )
    )
    for lot in award.lots:
        work.session.add(
            AwardLotRow(
                award_id=award.id,
                lot=lot.lot,
                request_id=award.request_id,
                outcome=lot.outcome,
                provider_id=lot.provider_id,
                bid_id=lot.bid_id,
                total=lot.total,
                reason=lot.reason,
            )
        )
    work.session.flush()


def mark_returned(work: Work, award_id: str, lots: tuple[str, ...], reason: str) -> None:
    """Record that lots of an award went back to the buyer."""
    work.session.connection().execute(
        update(AwardLotRow)
        .where(col(AwardLotRow.award_id) == award_id, col(AwardLotRow.lot).in_(lots))
        .values(outcome=Outcome.RETURNED, reason=reason)
    )


def save_discounts(work: Work, award_id: str, discounts: tuple[Discount, ...]) -> None:
    """Replace the discounts of an award."""
    work.session.connection().execute(
        update(AwardRow).where(col(AwardRow.id) == award_id).values(discounts=codec.dump(discounts))
    )


def get(reading: Reading, award_id: str) -> Award | None:
    """Return one decision."""
    row = reading.session.get(AwardRow, award_id, populate_existing=True)
    return None if row is None else _award(reading, row)


def of_request(reading: Reading, request_id: RequestId) -> list[Award]:
    """Return the decisions on a request, newest first."""
    rows = reading.session.exec(
        select(AwardRow).where(AwardRow.request_id == request_id).order_by(col(AwardRow.at).desc(), col(AwardRow.id))
    )
    return [_award(reading, row) for row in rows]


def add_disclosure(work: Work, row: DisclosureRow) -> None:
    """Store what a winner may read."""
    work.session.add(row)
    work.session.flush()


def disclosures(
    reading: Reading, request_id: RequestId, provider_id: OrganizationId, award_id: str | None = None
) -> list[DisclosureRow]:
    """Return the disclosures of a request (or of one award) to a provider, newest first."""
    query = select(DisclosureRow).where(
        DisclosureRow.request_id == request_id, DisclosureRow.provider_id == provider_id
    )
    if award_id is not None:
        query = query.where(DisclosureRow.award_id == award_id)
    return list(reading.session.exec(query.order_by(col(DisclosureRow.at).desc(), col(DisclosureRow.id))))


def won_lots(
    reading: Reading, request_ids: Collection[RequestId], provider_id: OrganizationId
) -> dict[RequestId, list[WonLot]]:
    """Return, by request, a provider's own won lots. The columns that the carriers' role may read."""
    row = AwardLotRow
    rows = reading.session.connection().execute(
        sql_select(col(row.request_id), col(row.lot), col(row.outcome), col(row.bid_id), col(row.total))
        .where(col(row.request_id).in_(request_ids), col(row.provider_id) == provider_id)
        .order_by(col(row.lot))
    )
    found: dict[RequestId, list[WonLot]] = {one: [] for one in request_ids}
    for request_id, lot, outcome, bid_id, total in rows:
        found[RequestId(request_id)].append((lot, Outcome(outcome), BidId(bid_id or ""), total or Decimal(0)))
    return found


def returned_lots(reading: Reading, award_id: str, provider_id: OrganizationId) -> tuple[str, ...]:
    """Return the lots of an award to a provider that went back. The columns that the carriers' role may read."""
    rows = reading.session.connection().execute(
        sql_select(col(AwardLotRow.lot))
        .where(
            col(AwardLotRow.award_id) == award_id,
            col(AwardLotRow.provider_id) == provider_id,
            col(AwardLotRow.outcome) == Outcome.RETURNED,
        )
        .order_by(col(AwardLotRow.lot))
    )
    return tuple(lot for (lot,) in rows)


def _award(reading: Reading, row: AwardRow) -> Award:
    lots: Any = reading.session.exec(
        select(AwardLotRow)
        .where(AwardLotRow.award_id == row.id)
        .order_by(col(AwardLotRow.lot))
        .execution_options(populate_existing=True)  # lots may have returned in this very transaction
    )
    return Award(
        row.id,
        RequestId(row.request_id),
        row.at.astimezone(UTC),
        tuple(
            AwardedLot(
                lot.lot,
                Outcome(lot.outcome),
                OrganizationId(lot.provider_id) if lot.provider_id else None,
                BidId(lot.bid_id) if lot.bid_id else None,
                lot.total,
                lot.reason,
            )
            for lot in lots
        ),
        codec.load(tuple[Discount, ...], row.discounts or ()),
        codec.load(Basis, row.basis or {}),
        row.decided_by,
        row.approved_by,
    )
