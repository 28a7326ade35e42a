"""Every SQL statement on winners' confirmations; a provider finds its own only."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Text, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from marketplace.awards.confirmation.model import Confirmation, ConfirmationStatus
from marketplace.awards.confirmation.tables import ConfirmationRow
from marketplace.awards.model import Outcome
from marketplace.awards.tables import AwardLotRow
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId, UserId
from marketplace.kernel.work import Reading, Work

_NEWEST = (col(ConfirmationRow.asked_at).desc(), col(ConfirmationRow.award_id))
_MOST = 500


def add(work: Work, asked: Confirmation) -> None:
    """Store a question to a winner."""
    work.session.add(
        ConfirmationRow(
            award_id=asked.award_id,
            provider_id=asked.provider_id,
            request_id=asked.request_id,
            invitation_id=asked.invitation_id,
            lots=list(asked.lots),
            asked_at=asked.asked_at,
            due_at=asked.due_at,
            status=asked.status,
        )
    )
    work.session.flush()


def save(work: Work, answered: Confirmation) -> None:
    """Store the answer to a question that ``locked`` returned before in the same transaction."""
    row = work.session.get_one(ConfirmationRow, (answered.award_id, answered.provider_id))
    row.status = answered.status
    row.decided_at = answered.decided_at
    row.decided_by = answered.decided_by
    row.reason = answered.reason
    row.defaulted = answered.defaulted
    work.session.add(row)
    work.session.flush()


def get(reading: Reading, award_id: str, provider_id: str) -> Confirmation | None:
    """Return what one provider was asked about one award."""
    row = reading.session.get(ConfirmationRow, (award_id, provider_id), populate_existing=True)
    return None if row is None else _confirmation(row)


def locked(work: Work, award_id: str, provider_id: str) -> Confirmation | None:
    """Return it and hold it until the transaction ends."""
    row = work.session.get(ConfirmationRow, (award_id, provider_id), with_for_update=True, populate_existing=True)
    return None if row is None else _confirmation(row)


def of_request(reading: Reading, request_id: RequestId) -> list[Confirmation]:
    """Return all that winners of a request were asked, newest first."""
    query = select(ConfirmationRow).where(ConfirmationRow.request_id == request_id)
    return _found(reading, query)


def of_invitation(reading: Reading, invitation_id: str) -> list[Confirmation]:
    """Return what one invited provider was asked, newest first."""
    query = select(ConfirmationRow).where(ConfirmationRow.invitation_id == invitation_id)
    return _found(reading, query)


def awaited(reading: Reading, request_ids: Collection[str]) -> list[Confirmation]:
    """Return what winners of these requests have not answered yet."""
    named = col(ConfirmationRow.request_id) == any_(literal(sorted(request_ids), ARRAY(Text)))
    return _found(reading, select(ConfirmationRow).where(ConfirmationRow.status == ConfirmationStatus.AWAITED, named))


def own_awaited(reading: Reading, provider_id: str) -> list[Confirmation]:
    """Return what a provider has not answered yet."""
    query = select(ConfirmationRow).where(
        ConfirmationRow.status == ConfirmationStatus.AWAITED, ConfirmationRow.provider_id == provider_id
    )
    return _found(reading, query)


def defaults_of(reading: Reading, provider_id: str) -> list[Confirmation]:
    """Return where a provider did not stand by its bids, newest first."""
    query = select(ConfirmationRow).where(
        ConfirmationRow.provider_id == provider_id, col(ConfirmationRow.defaulted).is_(True)
    )
    return _found(reading, query)


def held_lots(reading: Reading, award_id: str, provider_id: str) -> tuple[str, ...]:
    """Return the lots of an award that a provider still holds."""
    found = reading.session.exec(
        select(AwardLotRow.lot)
        .where(
            AwardLotRow.award_id == award_id,
            AwardLotRow.provider_id == provider_id,
            AwardLotRow.outcome == Outcome.AWARDED,
        )
        .order_by(col(AwardLotRow.lot))
    )
    return tuple(found)


def _found(reading: Reading, query: Any) -> list[Confirmation]:
    return [_confirmation(row) for row in reading.session.exec(query.order_by(*_NEWEST).limit(_MOST))]


def _confirmation(row: ConfirmationRow) -> Confirmation:
    return Confirmation(
        award_id=row.award_id,
        request_id=RequestId(row.request_id),
        provider_id=OrganizationId(row.provider_id),
        invitation_id=InvitationId(row.invitation_id),
        lots=tuple(row.lots),
        asked_at=row.asked_at.astimezone(UTC),
        due_at=row.due_at.astimezone(UTC),
        status=ConfirmationStatus(row.status),
        decided_at=_utc(row.decided_at),
        decided_by=UserId(row.decided_by) if row.decided_by else None,
        reason=row.reason,
        defaulted=row.defaulted,
    )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
