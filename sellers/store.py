"""Every SQL statement on providers, filters, invitations and terms; a provider finds its own rows only.

Lists start behind ``after``, the cursor of the last row of the page before, as ``pagination.page_of`` made it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Text,
    any_,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    text,
    tuple_,
)
from sqlalchemy import select as core_select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select

from marketplace.kernel import codec, pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers.key_terms import KeyTerms
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
from sellers.tables import FilterRow, InvitationRow, ProviderRow, TermsFileRow, TermsRow, TerritoryRow

_HIGHEST_ORDINAL = 2**62
_SAVE_FILTERS = text(
    "INSERT INTO market.filters"
    " (id, provider_id, ordinal, name, criteria, active, delivery, revision, saved_at)"
    " SELECT id, provider_id, ordinal, name, CAST(criteria AS jsonb), active, delivery, revision,"
    "  CAST(:saved_at AS timestamptz)"
    " FROM unnest(CAST(:id AS text[]), CAST(:provider_id AS text[]), CAST(:ordinal AS bigint[]),"
    "  CAST(:name AS text[]), CAST(:criteria AS text[]), CAST(:active AS boolean[]), CAST(:delivery AS text[]),"
    "  CAST(:revision AS integer[]))"
    " AS f (id, provider_id, ordinal, name, criteria, active, delivery, revision)"
)
_INVITE = text(
    "INSERT INTO market.invitations"
    " (id, provider_id, request_id, filter_id, filter_name, reason, explanation, status, received_at, decline_reason)"
    " SELECT id, provider_id, request_id, filter_id, filter_name, reason, CAST(explanation AS jsonb), status,"
    "  received_at, ''"
    " FROM unnest(CAST(:id AS text[]), CAST(:provider_id AS text[]), CAST(:request_id AS text[]),"
    "  CAST(:filter_id AS text[]), CAST(:filter_name AS text[]), CAST(:reason AS text[]),"
    "  CAST(:explanation AS text[]), CAST(:status AS text[]), CAST(:received_at AS timestamptz[]))"
    " AS i (id, provider_id, request_id, filter_id, filter_name, reason, explanation, status, received_at)"
    " ON CONFLICT (provider_id, request_id) DO NOTHING RETURNING id"
)
"""Arrays, one a column: five thousand rows are one statement of nine parameters."""
_HEAD = ("id", "title", "version", "sha256", "created_at", "media_type", "pages")


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


def providers_among(reading: Reading, provider_ids: Sequence[OrganizationId]) -> dict[OrganizationId, Provider]:
    """Return these providers by their ids; a provider finds only itself."""
    query = select(ProviderRow).where(col(ProviderRow.id).in_(provider_ids), *_own(reading, ProviderRow.id))
    return {OrganizationId(row.id): _provider(row) for row in reading.session.exec(query)}


def approved_ids(reading: Reading) -> list[OrganizationId]:
    """Return the providers that may receive requests, by id."""
    query = select(ProviderRow.id).where(ProviderRow.status == ProviderStatus.APPROVED).order_by(col(ProviderRow.id))
    return [OrganizationId(row) for row in reading.session.exec(query)]


def ids_by_name(reading: Reading, words: str, most: int) -> list[OrganizationId]:
    """Return the providers whose name holds ``words``, whatever the case, who registered first first."""
    query = (
        select(ProviderRow.id)
        .where(col(ProviderRow.name).icontains(words, autoescape=True))
        .order_by(col(ProviderRow.registered_at), col(ProviderRow.id))
        .limit(most)
    )
    return [OrganizationId(provider_id) for provider_id in reading.session.exec(query)]


def names(reading: Reading, provider_ids: Sequence[OrganizationId]) -> dict[OrganizationId, str]:
    """Return the names of these providers; a provider finds only its own."""
    query = select(ProviderRow.id, ProviderRow.name).where(
        col(ProviderRow.id).in_(provider_ids), *_own(reading, ProviderRow.id)
    )
    return {OrganizationId(provider_id): name for provider_id, name in reading.session.exec(query)}


# filters


def add_filters(work: Work, filters: Sequence[Filter], first_ordinal: int) -> None:
    """Store new filters behind one another."""
    if not filters:
        return
    columns = {
        "id": [one.id for one in filters],
        "provider_id": [one.provider_id for one in filters],
        "ordinal": list(range(first_ordinal, first_ordinal + len(filters))),
        "name": [one.name for one in filters],
        "criteria": [codec.plain(codec.dump(one.criteria)).decode() for one in filters],
        "active": [one.active for one in filters],
        "delivery": [one.delivery for one in filters],
        "revision": [one.revision for one in filters],
        "saved_at": work.now,
    }
    work.session.connection().execute(_SAVE_FILTERS, columns)


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


def territory_ids(reading: Reading, provider_id: str) -> frozenset[str]:
    """Return the ids of a provider's saved territories."""
    return frozenset(reading.session.exec(select(TerritoryRow.id).where(TerritoryRow.provider_id == provider_id)))


def filters_within(reading: Reading, provider_id: str, territory_id: str) -> list[str]:
    """Return the names of a provider's filters that a saved territory is part of."""
    named = [{where: {"saved": [territory_id]}} for where in ("territory", "excluded_territory")]
    criteria = col(FilterRow.criteria)
    query = (
        select(FilterRow.name)
        .where(FilterRow.provider_id == provider_id, or_(*(criteria.contains(one) for one in named)))
        .order_by(col(FilterRow.ordinal))
    )
    return list(reading.session.exec(query))


_PLACE_KEYS = text(
    """
    WITH said AS (
        SELECT criteria -> 'territory' AS places FROM market.filters WHERE provider_id = :provider
        UNION SELECT criteria -> 'excluded_territory' FROM market.filters WHERE provider_id = :provider
    ),
    saved AS MATERIALIZED (
        SELECT id, (octet_length(keys) + octet_length(excluded)) / 8 AS size
        FROM market.territories WHERE provider_id = :provider
    ),
    net AS MATERIALIZED (
        SELECT (octet_length(on_net) + octet_length(near_net)) / 8 AS size
        FROM market.footprints AS footprint JOIN market.footprint_versions AS version
        ON version.provider_id = footprint.provider_id AND version.number = footprint.in_force
        WHERE footprint.provider_id = :provider
    )
    SELECT
        coalesce((SELECT sum(size) FROM saved), 0)
        + coalesce((
            SELECT sum(size) FROM said, jsonb_array_elements_text(places -> 'saved') AS named(id) JOIN saved USING (id)
        ), 0)
        + coalesce((SELECT sum(size) FROM said, net WHERE places ->> 'net' <> ''), 0)
        + coalesce((
            SELECT sum(
                jsonb_array_length(places -> 'countries') + jsonb_array_length(places -> 'states')
                + jsonb_array_length(places -> 'postal_prefixes') + 3 * jsonb_array_length(places -> 'cells')
            ) FROM said
        ), 0)
    """
)


def place_keys(work: Work, provider_id: str) -> int:
    """Return about how many place keys a provider's saved territories and its filters' territories come to.

    Each different territory of a filter counts once, with what it names: the same keys are kept once.
    """
    work.session.flush()
    return int(work.session.connection().execute(_PLACE_KEYS, {"provider": provider_id}).scalar_one())


# invitations


def add_invitations(work: Work, invitations: Sequence[Invitation]) -> set[str]:
    """Store new invitations; return the ids of those whose provider had not received the request before."""
    columns = {
        "id": [one.id for one in invitations],
        "provider_id": [one.provider_id for one in invitations],
        "request_id": [one.request_id for one in invitations],
        "filter_id": [one.filter_id for one in invitations],
        "filter_name": [one.filter_name for one in invitations],
        "reason": [one.reason for one in invitations],
        "explanation": [codec.plain([asdict(result) for result in one.explanation]).decode() for one in invitations],
        "status": [one.status for one in invitations],
        "received_at": [one.received_at for one in invitations],
    }
    return set(work.session.connection().execute(_INVITE, columns).scalars()) if invitations else set()


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


def invitations_named(reading: Reading, invitation_ids: Sequence[str]) -> list[Invitation]:
    """Return these invitations; a provider finds only its own."""
    among = col(InvitationRow.id) == any_(cast(literal(list(invitation_ids), ARRAY(Text)), ARRAY(Text)))
    query = select(InvitationRow).where(among, *_own(reading, InvitationRow.provider_id))
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


def add_terms(work: Work, terms: TermsDocument, content: bytes | None = None) -> bool:
    """Store a version with the bytes of its file; False when another of this title and version was stored meanwhile."""
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
            media_type=terms.media_type,
            pages=terms.pages,
            key_terms=codec.dump(terms.key_terms) if terms.key_terms else None,
        )
        .on_conflict_do_nothing(index_elements=["provider_id", "title", "version"])
        .returning(col(TermsRow.id))
    )
    stored = work.session.execute(statement).scalar_one_or_none() is not None
    if stored and content is not None:
        work.session.add(TermsFileRow(terms_id=terms.id, provider_id=terms.provider_id, content=content))
        work.session.flush()
    return stored


def terms_file(reading: Reading, terms_id: str) -> bytes | None:
    """Return the bytes of a version that came as a file; a provider finds only its own."""
    query = select(TermsFileRow.content).where(
        TermsFileRow.terms_id == terms_id, *_own(reading, TermsFileRow.provider_id)
    )
    return reading.session.exec(query).one_or_none()


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
    return [
        TermsHead(row.id, row.title, row.version, row.sha256, row.created_at.astimezone(UTC), row.media_type, row.pages)
        for row in rows
    ]


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
        media_type=row.media_type,
        pages=row.pages,
        key_terms=codec.load(KeyTerms, row.key_terms) if row.key_terms else None,
    )


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)
