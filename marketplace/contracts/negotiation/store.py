"""Every SQL statement on negotiations; a provider finds its own only."""

from datetime import UTC

from sqlmodel import col, select

from marketplace.contracts.negotiation.model import (
    ClauseChange,
    Negotiation,
    Proposal,
    ProposalStatus,
    Side,
)
from marketplace.contracts.negotiation.tables import NegotiationRow, ProposalRow
from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId, RequestId, UserId
from marketplace.kernel.work import Reading, Work


def add(work: Work, negotiation: Negotiation) -> None:
    """Store a negotiation in which nobody has spoken yet."""
    work.session.add(
        NegotiationRow(
            contract_id=negotiation.contract_id,
            request_id=negotiation.request_id,
            provider_id=negotiation.provider_id,
            revision=negotiation.revision,
            closed=negotiation.closed,
        )
    )
    work.session.flush()


def get(reading: Reading, contract_id: str) -> Negotiation | None:
    """Return the negotiation of a presentation of terms."""
    row = reading.session.get(NegotiationRow, contract_id, populate_existing=True)
    return None if row is None else _negotiation(reading, row)


def locked(work: Work, contract_id: str) -> Negotiation | None:
    """Return it and hold it until the transaction ends."""
    row = work.session.get(NegotiationRow, contract_id, with_for_update=True, populate_existing=True)
    return None if row is None else _negotiation(work, row)


def save(work: Work, before: Negotiation, after: Negotiation) -> None:
    """Store a step from ``before``, which ``locked`` returned, to ``after``."""
    row = work.session.get_one(NegotiationRow, after.contract_id)
    row.revision = after.revision
    if after.closed != before.closed:  # a provider closes nothing, and has no right to
        row.closed = after.closed
    work.session.add(row)
    there = {one.version: one for one in before.proposals}
    for proposal in after.proposals:
        if proposal.version not in there:
            work.session.add(_row(after, proposal))
        elif proposal != there[proposal.version]:
            kept = work.session.get_one(ProposalRow, (after.contract_id, proposal.version))
            kept.status = proposal.status
            kept.answered_by = proposal.answered_by
            kept.answered_at = proposal.answered_at
            work.session.add(kept)
    work.session.flush()


def _row(negotiation: Negotiation, proposal: Proposal) -> ProposalRow:
    return ProposalRow(
        contract_id=negotiation.contract_id,
        version=proposal.version,
        provider_id=negotiation.provider_id,
        side=proposal.side,
        user_id=proposal.user_id,
        at=proposal.at,
        changes=[codec.dump(change) for change in proposal.changes],
        status=proposal.status,
    )


def _negotiation(reading: Reading, row: NegotiationRow) -> Negotiation:
    query = select(ProposalRow).where(ProposalRow.contract_id == row.contract_id).order_by(col(ProposalRow.version))
    found = reading.session.exec(query.execution_options(populate_existing=True))
    return Negotiation(
        contract_id=row.contract_id,
        request_id=RequestId(row.request_id),
        provider_id=OrganizationId(row.provider_id),
        revision=row.revision,
        closed=row.closed,
        proposals=tuple(_proposal(one) for one in found),
    )


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        version=row.version,
        side=Side(row.side),
        user_id=UserId(row.user_id),
        at=row.at.astimezone(UTC),
        changes=tuple(codec.load(ClauseChange, change) for change in row.changes),
        status=ProposalStatus(row.status),
        answered_by=UserId(row.answered_by) if row.answered_by else None,
        answered_at=row.answered_at.astimezone(UTC) if row.answered_at else None,
    )
