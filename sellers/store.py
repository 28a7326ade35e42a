"""Every SQL statement on providers, filters, invitations and terms; a provider finds its own rows only.

Lists start behind ``after``, the cursor of the last row of the page before, as ``pagination.page_of`` made it.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, DateTime, case, delete, func, insert, literal, text, tuple_
from sqlalchemy import select as core_select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select

from marketplace.kernel import codec, pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers.model import (
    Contact,
    Counts,
    Criteria,
    CriterionResult,
    Filter,
    Invitation,
    InvitationStatus,
    Provider,
    ProviderStatus,
    TermsDocument,
    TermsHead,
)
from sellers.tables import FilterRow, InvitationRow, ProviderRow, TermsRow

_HIGHEST_ORDINAL = 2**62
_HEAD = ("id", "title", "version", "sha256", "created_at")


def _own(reading: Reading, column: str) -> list[ColumnElement[bool]]:
    """Return the condition that keeps a provider to its own rows, whatever row security does as well."""
    if reading.principal.kind is not Kind.PROVIDER:
        return []
    return [col(column) == reading.principal.organization_id]


def _instant_and_id(after: str) -> ColumnElement[Any]:
    """Return where a page sorted by instant and id starts. Raises MalformedError for a cursor that is not ours."""
    first, last = pagination.decode(after, 2)
    try:
        instant = datetime.fromisoformat(str(first))
    except ValueError:
        raise _not_ours() from None
    if instant.tzinfo is None or not _storable(last):
        raise _not_ours()
    return tuple_(literal(instant, DateTime(timezone=True)), literal(last))


def _ordinal_and_id(after: str) -> ColumnElement[Any]:
    """Return where a page of filters starts. Raises MalformedError for a cursor that is not ours."""
    first, last = pagination.decode(after, 2)
    if not isinstance(first, int) or abs(first) > _HIGHEST_ORDINAL or not _storable(last):
        raise _not_ours()
    return tuple_(literal(first, BigInteger), literal(last))


def _storable(part: object) -> bool:
    return isinstance(part, str) and part.isprintable()


def _not_ours() -> MalformedError:
    return MalformedError(
        "The cursor is not one of ours.", errors=(FieldError("query/after", "use the 'next' of the page before"),)
    )


# providers


def add_provider(work: Work, provider: Provider) -> None:
    """Store a new provider."""
    work.session.add(
        ProviderRow(
            id=provider.id,
            name=provider.name,
            status=provider.status,
            reference=provider.reference,
            contact_name=provider.contact.name,
            contact_email=provider.contact.email,
            contact_phone=provider.contact.phone,
            registered_at=work.now,
        )
    )
    work.session.flush()


def provider(reading: Reading, provider_id: str) -> Provider | None:
    """Return a provider; a provider finds only itself."""
    query = select(ProviderRow).where(ProviderRow.id == provider_id, *_own(reading, ProviderRow.id))
    row = reading.session.exec(query).one_or_none()
    return None if row is None else _provider(row)


def locked_provider(work: Work, provider_id: str) -> Provider | None:
    """Return a provider and hold it until the transaction ends."""
    row = work.session.get(ProviderRow, provider_id, with_for_update=True, populate_existing=True)
    return None if row is None else _provider(row)


def save_decision(work: Work, decided: Provider) -> None:
    """Store status, time and reason of a decision on a provider that ``locked_provider`` returned before."""
    row = work.session.get_one(ProviderRow, decided.id)
    row.status, row.decided_at, row.reason = decided.status, decided.decided_at, decided.reason
    work.session.flush()


def providers(reading: Reading, status: ProviderStatus | None, after: str | None, limit: int) -> list[Provider]:
    """Return providers behind ``after``, who registered first comes first."""
    order = (col(ProviderRow.registered_at), col(ProviderRow.id))
    query = select(ProviderRow).order_by(*order).limit(limit)
    if status is not None:
        query = query.where(ProviderRow.status == status)
    if after is not None:
        query = query.where(tuple_(*order) > _instant_and_id(after))
    return [_provider(row) for row in reading.session.exec(query)]


def approved_ids(reading: Reading) -> list[OrganizationId]:
    """Return the providers that may receive requests, by id."""
    query = select(ProviderRow.id).where(ProviderRow.status == ProviderStatus.APPROVED).order_by(col(ProviderRow.id))
    return [OrganizationId(row) for row in reading.session.exec(query)]


def names(reading: Reading, provider_ids: Sequence[OrganizationId]) -> dict[OrganizationId, str]:
    """Return the names of these providers; a provider finds only its own."""
    query = select(ProviderRow.id, ProviderRow.name).where(
        col(ProviderRow.id).in_(provider_ids), *_own(reading, ProviderRow.id)
    )
    return {OrganizationId(provider_id): name for provider_id, name in reading.session.exec(query)}


# filters


def add_filters(work: Work, filters: Sequence[Filter], first_ordinal: int) -> None:
    """Store new filters behind one another."""
    rows = [
        {
            "id": saved.id,
            "provider_id": saved.provider_id,
            "ordinal": first_ordinal + index,
            "name": saved.name,
            "criteria": codec.dump(saved.criteria),
            "active": saved.active,
            "delivery": saved.delivery,
            "revision": saved.revision,
            "saved_at": work.now,
        }
        for index, saved in enumerate(filters)
    ]
    if rows:
        work.session.execute(insert(FilterRow), rows)


def save_filter(work: Work, changed: Filter) -> None:
    """Store a changed filter, which ``locked_filter`` returned before; its place in the order stays."""
    row = work.session.get_one(FilterRow, changed.id)
    row.name, row.criteria = changed.name, codec.dump(changed.criteria)
    row.active, row.delivery, row.revision = changed.active, changed.delivery, changed.revision
    row.saved_at = work.now
    work.session.flush()


def hold_filters(work: Work, provider_id: str) -> None:
    """Let nobody else add to or replace this provider's filters until the transaction ends.

    An advisory lock: the carriers' role may not lock the provider's row.
    """
    work.session.connection().execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"filters of {provider_id}"}
    )


def filter_count(reading: Reading, provider_id: str) -> tuple[int, int]:
    """Return how many filters a provider has and the highest ordinal among them."""
    query = select(func.count(), func.coalesce(func.max(FilterRow.ordinal), 0)).where(
        FilterRow.provider_id == provider_id
    )
    count, last = reading.session.exec(query).one()
    return count, last


def filters(reading: Reading, provider_id: str, after: str | None, limit: int) -> list[tuple[int, Filter]]:
    """Return a provider's filters in saved order behind ``after``, each with its ordinal."""
    order = (col(FilterRow.ordinal), col(FilterRow.id))
    query = select(FilterRow).where(FilterRow.provider_id == provider_id).order_by(*order).limit(limit)
    if after is not None:
        query = query.where(tuple_(*order) > _ordinal_and_id(after))
    return [(row.ordinal, _filter(row)) for row in reading.session.exec(query)]


def filter_of(reading: Reading, filter_id: str) -> Filter | None:
    """Return a filter; a provider finds only its own."""
    query = select(FilterRow).where(FilterRow.id == filter_id, *_own(reading, FilterRow.provider_id))
    row = reading.session.exec(query).one_or_none()
    return None if row is None else _filter(row)


def locked_filter(work: Work, filter_id: str) -> Filter | None:
    """Return a filter and hold it until the transaction ends; a provider finds only its own."""
    query = select(FilterRow).where(FilterRow.id == filter_id, *_own(work, FilterRow.provider_id))
    row = work.session.exec(query.with_for_update()).one_or_none()
    return None if row is None else _filter(row)


def active_filters(reading: Reading, provider_ids: Sequence[OrganizationId]) -> list[Filter]:
    """Return the active filters of these providers, provider by provider in saved order."""
    query = (
        select(FilterRow)
        .where(col(FilterRow.provider_id).in_(provider_ids), col(FilterRow.active).is_(True))
        .order_by(col(FilterRow.provider_id), col(FilterRow.ordinal), col(FilterRow.id))
    )
    return [_filter(row) for row in reading.session.exec(query)]


def remove_filter(work: Work, filter_id: str) -> None:
    """Delete a filter, which ``locked_filter`` returned before."""
    work.session.delete(work.session.get_one(FilterRow, filter_id))
    work.session.flush()


def remove_filters(work: Work, provider_id: str) -> None:
    """Delete all filters of a provider."""
    work.session.execute(delete(FilterRow).where(col(FilterRow.provider_id) == provider_id))


# invitations


def add_invitation(work: Work, invitation: Invitation) -> bool:
    """Store a new invitation; False when the provider has received this request before."""
    statement = (
        upsert(InvitationRow)
        .values(
            id=invitation.id,
            provider_id=invitation.provider_id,
            request_id=invitation.request_id,
            filter_id=invitation.filter_id,
            filter_name=invitation.filter_name,
            reason=invitation.reason,
            explanation=[codec.dump(result) for result in invitation.explanation],
            status=invitation.status,
            received_at=invitation.received_at,
            decline_reason="",
        )
        .on_conflict_do_nothing(index_elements=["provider_id", "request_id"])
        .returning(col(InvitationRow.id))
    )
    return work.session.execute(statement).scalar_one_or_none() is not None


def invitation(reading: Reading, invitation_id: str) -> Invitation | None:
    """Return an invitation; a provider finds only its own."""
    query = select(InvitationRow).where(InvitationRow.id == invitation_id, *_own(reading, InvitationRow.provider_id))
    row = reading.session.exec(query).one_or_none()
    return None if row is None else _invitation(row)


def locked_invitation(work: Work, invitation_id: str) -> Invitation | None:
    """Return an invitation and hold it until the transaction ends; a provider finds only its own."""
    query = select(InvitationRow).where(InvitationRow.id == invitation_id, *_own(work, InvitationRow.provider_id))
    row = work.session.exec(query.with_for_update().execution_options(populate_existing=True)).one_or_none()
    return None if row is None else _invitation(row)


def save_invitation(work: Work, changed: Invitation) -> None:
    """Store what the provider did with an invitation that ``locked_invitation`` returned before."""
    row = work.session.get_one(InvitationRow, changed.id)
    row.status, row.seen_at = changed.status, changed.seen_at
    row.declined_at, row.decline_reason = changed.declined_at, changed.decline_reason
    work.session.flush()


def invitations(
    reading: Reading, provider_id: str, status: InvitationStatus | None, after: str | None, limit: int
) -> list[Invitation]:
    """Return a provider's invitations behind ``after``, newest first."""
    order = (col(InvitationRow.received_at), col(InvitationRow.id))
    query = select(InvitationRow).where(InvitationRow.provider_id == provider_id)
    if status is not None:
        query = query.where(InvitationRow.status == status)
    if after is not None:
        query = query.where(tuple_(*order) < _instant_and_id(after))
    query = query.order_by(*(column.desc() for column in order)).limit(limit)
    return [_invitation(row) for row in reading.session.exec(query)]


def invitations_of_request(reading: Reading, request_id: RequestId) -> list[Invitation]:
    """Return all invitations to a request, by provider."""
    query = (
        select(InvitationRow)
        .where(InvitationRow.request_id == request_id, *_own(reading, InvitationRow.provider_id))
        .order_by(col(InvitationRow.provider_id))
    )
    return [_invitation(row) for row in reading.session.exec(query)]


def invited_requests(reading: Reading, provider_id: OrganizationId) -> set[str]:
    """Return the requests that a provider has received."""
    return set(reading.session.exec(select(InvitationRow.request_id).where(InvitationRow.provider_id == provider_id)))


def invited_providers(reading: Reading, request_id: RequestId) -> set[str]:
    """Return the providers that have received a request."""
    return set(reading.session.exec(select(InvitationRow.provider_id).where(InvitationRow.request_id == request_id)))


def counts(reading: Reading, request_id: RequestId) -> Counts:
    """Return what became of a request's invitations."""

    def number(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    query = select(
        func.count(),
        number(col(InvitationRow.seen_at).is_not(None)),
        number(col(InvitationRow.status) == InvitationStatus.DECLINED),
        number(col(InvitationRow.status) == InvitationStatus.BID),
    ).where(InvitationRow.request_id == request_id)
    return Counts(*reading.session.exec(query).one())


# terms


def latest_version(reading: Reading, provider_id: str, title: str) -> int:
    """Return the newest version number of a provider's terms of this title; 0 when there are none."""
    query = select(func.coalesce(func.max(TermsRow.version), 0)).where(
        TermsRow.provider_id == provider_id, TermsRow.title == title
    )
    return reading.session.exec(query).one()


def add_terms(work: Work, terms: TermsDocument) -> bool:
    """Store a version of a terms document; False when another of this title and version was stored meanwhile."""
    statement = (
        upsert(TermsRow)
        .values(
            id=terms.id,
            provider_id=terms.provider_id,
            title=terms.title,
            version=terms.version,
            text=terms.text,
            sha256=terms.sha256,
            created_at=terms.created_at,
        )
        .on_conflict_do_nothing(index_elements=["provider_id", "title", "version"])
        .returning(col(TermsRow.id))
    )
    return work.session.execute(statement).scalar_one_or_none() is not None


def terms(reading: Reading, terms_id: str) -> TermsDocument | None:
    """Return a version of a terms document; a provider finds only its own."""
    query = select(TermsRow).where(TermsRow.id == terms_id, *_own(reading, TermsRow.provider_id))
    row = reading.session.exec(query).one_or_none()
    return None if row is None else _terms(row)


def terms_of(reading: Reading, provider_id: str, after: str | None, limit: int) -> list[TermsHead]:
    """Return a provider's terms documents without their texts behind ``after``, newest first."""
    order = (col(TermsRow.created_at), col(TermsRow.id))
    query = core_select(*(getattr(TermsRow, name) for name in _HEAD)).where(col(TermsRow.provider_id) == provider_id)
    if after is not None:
        query = query.where(tuple_(*order) < _instant_and_id(after))
    rows = reading.session.execute(query.order_by(*(column.desc() for column in order)).limit(limit))
    return [TermsHead(row.id, row.title, row.version, row.sha256, row.created_at.astimezone(UTC)) for row in rows]


def _provider(row: ProviderRow) -> Provider:
    return Provider(
        id=OrganizationId(row.id),
        name=row.name,
        status=ProviderStatus(row.status),
        reference=row.reference,
        contact=Contact(row.contact_name, row.contact_email, row.contact_phone),
        registered_at=row.registered_at.astimezone(UTC),
        decided_at=_utc(row.decided_at),
        reason=row.reason,
    )


def _filter(row: FilterRow) -> Filter:
    return Filter(
        id=row.id,
        provider_id=OrganizationId(row.provider_id),
        name=row.name,
        criteria=codec.load(Criteria, row.criteria),
        active=row.active,
        delivery=row.delivery,
        revision=row.revision,
    )


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        id=InvitationId(row.id),
        provider_id=OrganizationId(row.provider_id),
        request_id=RequestId(row.request_id),
        filter_id=row.filter_id,
        reason=row.reason,
        status=InvitationStatus(row.status),
        received_at=row.received_at.astimezone(UTC),
        seen_at=_utc(row.seen_at),
        declined_at=_utc(row.declined_at),
        decline_reason=row.decline_reason,
        filter_name=row.filter_name,
        explanation=_results(row.explanation),
    )


def _results(documents: Iterable[Any]) -> tuple[CriterionResult, ...]:
    return tuple(codec.load(CriterionResult, item) for item in documents)


def _terms(row: TermsRow) -> TermsDocument:
    return TermsDocument(
        id=row.id,
        provider_id=OrganizationId(row.provider_id),
        title=row.title,
        version=row.version,
        text=row.text,
        sha256=row.sha256,
        created_at=row.created_at.astimezone(UTC),
    )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
