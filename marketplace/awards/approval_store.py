"""Every SQL statement on what goes before an award: switching costs, approval limits and approvals."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import col, select

from marketplace.awards.model import (
    Approval,
    ApprovalLimit,
    ApprovalStatus,
    Basis,
    Selection,
    SwitchingCost,
    SwitchingCosts,
)
from marketplace.awards.tables import ApprovalLimitRow, ApprovalRow, SwitchingCostsRow
from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


def switching_costs(reading: Reading, request_id: RequestId) -> SwitchingCosts:
    """Return the switching costs of a request; of revision 0 where none were ever stated."""
    row = reading.session.get(SwitchingCostsRow, request_id)
    if row is None:
        return SwitchingCosts()
    return SwitchingCosts(
        codec.load(tuple[SwitchingCost, ...], row.costs),
        row.revision,
        row.stated_by,
        row.stated_at.astimezone(UTC),
        row.late,
        row.reason,
    )


def save_switching_costs(work: Work, request_id: RequestId, stated: SwitchingCosts, at: datetime) -> None:
    """Store the switching costs of a request."""
    row = SwitchingCostsRow(
        request_id=request_id,
        costs=codec.dump(stated.costs),
        revision=stated.revision,
        stated_by=stated.stated_by,
        stated_at=at,
        late=stated.late,
        reason=stated.reason,
    )
    work.session.merge(row)
    work.session.flush()


def limit(reading: Reading, organization_id: OrganizationId) -> tuple[ApprovalLimit | None, int]:
    """Return what one user of an organization may award alone (None: anything), and the setting's revision."""
    hold = {"read": True} if isinstance(reading, Work) else None
    row = reading.session.get(ApprovalLimitRow, organization_id, with_for_update=hold, populate_existing=True)
    if row is None:
        return None, 0
    if row.amount is None:
        return None, row.revision
    return ApprovalLimit(row.amount, row.currency, row.revision), row.revision


def save_limit(work: Work, organization_id: OrganizationId, limit: ApprovalLimit | None, revision: int) -> None:
    """Store what one user of an organization may award alone."""
    amount, currency = (None, "") if limit is None else (limit.amount, limit.currency)
    work.session.merge(
        ApprovalLimitRow(organization_id=organization_id, amount=amount, currency=currency, revision=revision)
    )
    work.session.flush()


def save_approval(work: Work, approval: Approval) -> None:
    """Store an approval, new or changed."""
    row = ApprovalRow(
        id=approval.id,
        request_id=approval.request_id,
        status=approval.status,
        selection=codec.dump(approval.selection),
        basis=codec.dump(approval.basis),
        total=approval.total,
        limit=approval.limit,
        currency=approval.currency,
        asked_by=approval.asked_by,
        asked_at=approval.asked_at,
        decided_by=approval.decided_by,
        decided_at=approval.decided_at,
        reason=approval.reason,
        award_id=approval.award_id,
    )
    work.session.merge(row)
    work.session.flush()


def approval(reading: Reading, approval_id: str) -> Approval | None:
    """Return one approval; inside a ``Work`` nobody else can change it until the transaction ends."""
    hold = True if isinstance(reading, Work) else None
    row = reading.session.get(ApprovalRow, approval_id, with_for_update=hold, populate_existing=True)
    return None if row is None else _approval(row)


def pending(reading: Reading, request_id: RequestId) -> Approval | None:
    """Return the approval that a request waits for."""
    found = reading.session.exec(
        select(ApprovalRow).where(ApprovalRow.request_id == request_id, ApprovalRow.status == ApprovalStatus.PENDING)
    ).one_or_none()
    return None if found is None else _approval(found)


def pending_among(reading: Reading, request_ids: Sequence[RequestId]) -> dict[RequestId, Approval]:
    """Return the approvals that these requests wait for."""
    of_it = col(ApprovalRow.request_id).in_(request_ids)
    rows = reading.session.exec(select(ApprovalRow).where(of_it, ApprovalRow.status == ApprovalStatus.PENDING))
    return {RequestId(row.request_id): _approval(row) for row in rows}


def approvals_of(reading: Reading, request_id: RequestId) -> list[Approval]:
    """Return the approvals of a request, newest first."""
    rows = reading.session.exec(
        select(ApprovalRow)
        .where(ApprovalRow.request_id == request_id)
        .order_by(col(ApprovalRow.asked_at).desc(), col(ApprovalRow.id))
    )
    return [_approval(row) for row in rows]


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        row.id,
        RequestId(row.request_id),
        ApprovalStatus(row.status),
        codec.load(Selection, row.selection),
        codec.load(Basis, row.basis),
        row.total,
        row.limit,
        row.currency,
        row.asked_by,
        row.asked_at.astimezone(UTC),
        row.decided_by,
        row.decided_at.astimezone(UTC) if row.decided_at else None,
        row.reason,
        row.award_id,
    )
