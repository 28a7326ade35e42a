"""Every SQL statement on contracts."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, DateTime, literal, tuple_
from sqlmodel import col, select

from marketplace.contracts.model import Acceptance, Contract, ContractStatus, Made, Presentation, Refusal
from marketplace.contracts.tables import ContractRow
from marketplace.kernel import codec, pagination
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work


def add(work: Work, contract: Contract) -> None:
    """Store a fresh presentation."""
    shown = contract.presentation
    work.session.add(
        ContractRow(
            id=contract.id,
            request_id=contract.request_id,
            invitation_id=contract.invitation_id,
            award_id=shown.award_id,
            provider_id=shown.provider_id,
            terms_id=shown.terms.id,
            request_version=shown.request_version,
            status=contract.status,
            presentation=codec.dump(shown),
            presented_at=contract.presented_at,
        )
    )
    work.session.flush()


def save_decision(work: Work, contract: Contract) -> None:
    """Store what the buyer decided on a contract that ``locked`` returned before in the same transaction."""
    row = work.session.get_one(ContractRow, contract.id)
    row.status = contract.status
    row.acceptance = codec.dump(contract.acceptance) if contract.acceptance else None
    row.refusal = codec.dump(contract.refusal) if contract.refusal else None
    if contract.made is not None:
        row.document_text = contract.made.document.decode()
        row.sha256 = contract.made.sha256
        row.signature = contract.made.signature
    work.session.add(row)
    work.session.flush()


def save_presentation(work: Work, contract: Contract) -> None:
    """Store what is presented by now, of a contract that ``locked`` returned before in the same transaction."""
    row = work.session.get_one(ContractRow, contract.id)
    row.presentation = codec.dump(contract.presentation)
    work.session.add(row)
    work.session.flush()


def get(reading: Reading, contract_id: str) -> Contract | None:
    """Return a contract; the carriers' role finds only the provider's own."""
    row = reading.session.get(ContractRow, contract_id)
    return None if row is None else _contract(row)


def locked(work: Work, contract_id: str) -> Contract | None:
    """Return a contract and hold it until the transaction ends."""
    row = work.session.get(ContractRow, contract_id, with_for_update=True, populate_existing=True)
    return None if row is None else _contract(row)


def of_request(reading: Reading, request_id: RequestId) -> list[Contract]:
    """Return the contracts of a request, newest first."""
    rows = reading.session.exec(
        select(ContractRow)
        .where(ContractRow.request_id == request_id)
        .order_by(col(ContractRow.presented_at).desc(), col(ContractRow.id).desc())
    )
    return [_contract(row) for row in rows]


def of_requests(
    reading: Reading, request_ids: Collection[RequestId], limit: int, after: str | None = None
) -> list[Contract]:
    """Return contracts of many requests behind ``after``, newest first. Raises MalformedError for a foreign cursor."""
    order = (col(ContractRow.presented_at), col(ContractRow.id))
    query = select(ContractRow).where(col(ContractRow.request_id).in_(request_ids))
    if after is not None:
        query = query.where(tuple_(*order) < _place(after))
    rows = reading.session.exec(query.order_by(*(column.desc() for column in order)).limit(limit))
    return [_contract(row) for row in rows]


def accepted_from(reading: Reading, provider_id: OrganizationId, limit: int) -> list[tuple[str, RequestId]]:
    """Return id and request of the contracts that were made with a provider, the newest presentation first."""
    query = (
        select(ContractRow.id, ContractRow.request_id)
        .where(ContractRow.provider_id == provider_id, ContractRow.status == ContractStatus.ACCEPTED)
        .order_by(col(ContractRow.presented_at).desc(), col(ContractRow.id).desc())
        .limit(limit)
    )
    return [(found, RequestId(request_id)) for found, request_id in reading.session.exec(query)]


def presented_with(reading: Reading, award_id: str, provider_id: str) -> list[Contract]:
    """Return the presentations of an award to a provider on which the buyer has not decided."""
    query = select(ContractRow).where(
        ContractRow.award_id == award_id,
        ContractRow.provider_id == provider_id,
        ContractRow.status == ContractStatus.PRESENTED,
    )
    return [_contract(row) for row in reading.session.exec(query.order_by(col(ContractRow.id)))]


def of_provider(reading: Reading, provider_id: OrganizationId, after: str | None, limit: int) -> list[Contract]:
    """Return a provider's contracts behind ``after``, newest first. Raises MalformedError for a foreign cursor."""
    order = (col(ContractRow.presented_at), col(ContractRow.id))
    query = select(ContractRow).where(ContractRow.provider_id == provider_id)
    if after is not None:
        query = query.where(tuple_(*order) < _place(after))
    rows = reading.session.exec(query.order_by(*(column.desc() for column in order)).limit(limit))
    return [_contract(row) for row in rows]


def _place(after: str) -> ColumnElement[Any]:
    """Return where a page starts: the instant and id of the last row of the page before."""
    first, last = pagination.decode(after, 2)
    try:
        instant = datetime.fromisoformat(str(first)).astimezone(UTC)
    except (ValueError, OverflowError):
        instant = None
    if instant is None or not str(last).isprintable():
        raise MalformedError(errors=(FieldError("query/after", "use the 'next' of the page before"),))
    return tuple_(literal(instant, DateTime(timezone=True)), literal(str(last)))


def _contract(row: ContractRow) -> Contract:
    made = None
    if row.document_text is not None:
        made = Made(row.document_text.encode(), row.sha256 or "", row.signature or "")
    return Contract(
        id=row.id,
        request_id=RequestId(row.request_id),
        invitation_id=InvitationId(row.invitation_id),
        presentation=codec.load(Presentation, row.presentation),
        presented_at=row.presented_at.astimezone(UTC),
        status=ContractStatus(row.status),
        acceptance=codec.load(Acceptance, row.acceptance) if row.acceptance else None,
        refusal=codec.load(Refusal, row.refusal) if row.refusal else None,
        made=made,
    )
