"""Every SQL statement on buyers, their evidence, address books and requests' owners."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, tuple_
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased, defer
from sqlmodel import col, select

from buyers.registry.events import IdentityRead
from buyers.registry.model import (
    Buyer,
    BuyerState,
    Contact,
    Decision,
    DecisionRecord,
    Demographics,
    DocumentInfo,
    IdentityReading,
    Number,
    NumberKind,
    Profile,
    QueueEntry,
    Site,
    SiteDetails,
    Verification,
    VerificationStatus,
)
from buyers.registry.tables import BuyerRow, DecisionRow, DocumentRow, EvidenceRow, RequestOwnerRow, SiteRow
from marketplace.kernel import codec, ids, pagination
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import OrganizationId, RequestId, UserId
from marketplace.kernel.tables import JournalRow
from marketplace.kernel.work import Reading, Work

_PLACE_AND_CONTACT = tuple(field.name for field in fields(SiteDetails))


def add(work: Work, buyer: Buyer) -> None:
    """Store a new buyer, without numbers."""
    work.session.add(_fill(BuyerRow(organization_id=buyer.id, created_at=buyer.created_at), buyer))
    work.session.flush()


def save(work: Work, buyer: Buyer) -> None:
    """Store a changed buyer, which ``locked`` returned before in the same transaction; numbers by ``set_numbers``."""
    work.session.add(_fill(work.session.get_one(BuyerRow, buyer.id), buyer))
    work.session.flush()


def get(reading: Reading, buyer_id: OrganizationId) -> Buyer | None:
    """Return a buyer."""
    row = reading.session.get(BuyerRow, buyer_id)
    return None if row is None else _buyer(reading, row)


def locked(work: Work, buyer_id: OrganizationId) -> Buyer | None:
    """Return a buyer and hold it until the transaction ends."""
    row = work.session.get(BuyerRow, buyer_id, with_for_update=True, populate_existing=True)
    return None if row is None else _buyer(work, row)


def verification(reading: Reading, buyer_id: OrganizationId) -> Verification | None:
    """Return the verification of a buyer; inside a ``Work`` it can't change until the transaction ends."""
    hold = {"read": True} if isinstance(reading, Work) else None
    row = reading.session.get(BuyerRow, buyer_id, with_for_update=hold, populate_existing=True)
    return None if row is None else _verification(row)


def _fill(row: BuyerRow, buyer: Buyer) -> BuyerRow:
    state = buyer.verification
    row.name = buyer.name
    row.contact, row.demographics = codec.dump(buyer.contact), codec.dump(buyer.demographics)
    row.status, row.status_since, row.verified_until = state.status, state.since, state.until
    row.reason, row.flagged_by, row.flag_reason = state.reason, state.flagged_by, state.flag_reason
    row.revision = buyer.revision
    return row


def _buyer(reading: Reading, row: BuyerRow) -> Buyer:
    return Buyer(
        OrganizationId(row.organization_id),
        row.name,
        codec.load(Contact, row.contact),
        codec.load(Demographics, row.demographics),
        _numbers(reading, row.organization_id),
        _verification(row),
        row.revision,
        row.created_at,
    )


def _verification(row: BuyerRow) -> Verification:
    flagged_by = None if row.flagged_by is None else UserId(row.flagged_by)
    status = VerificationStatus(row.status)
    return Verification(status, row.status_since, row.reason, row.verified_until, flagged_by, row.flag_reason)


def _numbers(reading: Reading, buyer_id: str) -> tuple[Number, ...]:
    rows = reading.session.exec(
        select(EvidenceRow.kind, EvidenceRow.value)
        .where(EvidenceRow.buyer_id == buyer_id)
        .order_by(col(EvidenceRow.kind))
    )
    return tuple(Number(NumberKind(kind), value) for kind, value in rows)


def set_numbers(work: Work, buyer_id: OrganizationId, numbers: Collection[Number]) -> None:
    """Let ``numbers`` be the buyer's numbers; those that stay keep the time at which they were added."""
    wanted = {number.kind.value: number.value for number in numbers}
    for row in work.session.exec(select(EvidenceRow).where(EvidenceRow.buyer_id == buyer_id)):
        if wanted.get(row.kind) == row.value:
            del wanted[row.kind]
        else:
            work.session.delete(row)
    work.session.flush()
    for kind, value in wanted.items():
        work.session.add(EvidenceRow(buyer_id=buyer_id, kind=kind, value=value, added_at=work.now))
    work.session.flush()


def profiles_except(reading: Reading, buyer_id: OrganizationId, countries: Collection[str]) -> tuple[Profile, ...]:
    """Return the profiles of the other verified buyers; their places without names and contacts."""
    verified = (
        col(BuyerRow.status) == VerificationStatus.VERIFIED,
        col(BuyerRow.verified_until) > reading.now,
        col(BuyerRow.organization_id) != buyer_id,
    )
    known = dict(reading.session.exec(select(BuyerRow.organization_id, BuyerRow.demographics).where(*verified)).all())
    places: dict[str, list[SiteDetails]] = {one: [] for one in known}
    columns = (SiteRow.country, SiteRow.state, SiteRow.city, SiteRow.postal_code, SiteRow.street)
    query = (
        sql_select(col(SiteRow.buyer_id), *map(col, columns))
        .distinct()
        .join(BuyerRow, col(BuyerRow.organization_id) == col(SiteRow.buyer_id))
        .where(*verified, col(SiteRow.country).in_(countries))
    )
    for owner, *place in reading.session.connection().execute(query):
        places[owner].append(SiteDetails("", *place))
    return tuple(
        Profile(codec.load(Demographics, demographics), tuple(places[one])) for one, demographics in known.items()
    )


def claimed_by_others(reading: Reading, buyer_id: OrganizationId) -> frozenset[NumberKind]:
    """Return the kinds of the buyer's numbers that another buyer gave too."""
    other = aliased(EvidenceRow)
    kinds = reading.session.exec(
        select(EvidenceRow.kind)
        .join(other, (col(other.kind) == EvidenceRow.kind) & (col(other.value) == EvidenceRow.value))
        .where(EvidenceRow.buyer_id == buyer_id, other.buyer_id != buyer_id)
    )
    return frozenset(NumberKind(kind) for kind in kinds)


def queue(
    reading: Reading, status: VerificationStatus, after: str | None, limit: int
) -> tuple[list[QueueEntry], str | None]:
    """Return one page of the buyers with this status, the longest waiting first, and the cursor of the next."""
    order = (col(BuyerRow.status_since), col(BuyerRow.organization_id))
    numbers = select(func.count()).where(EvidenceRow.buyer_id == BuyerRow.organization_id).scalar_subquery()
    documents = select(func.count()).where(DocumentRow.buyer_id == BuyerRow.organization_id).scalar_subquery()
    query = select(BuyerRow, numbers, documents).where(BuyerRow.status == status).order_by(*order).limit(limit + 1)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*_cursor(after, datetime.fromisoformat, str)))
    found = [
        QueueEntry(
            OrganizationId(row.organization_id), status, row.status_since, row.flagged_by is not None, proofs, files
        )
        for row, proofs, files in reading.session.exec(query)
    ]
    return pagination.page_of(found, limit, lambda entry: (entry.since.isoformat(), entry.buyer_id))


def states(reading: Reading, buyer_ids: Collection[str]) -> list[BuyerState]:
    """Return how far the verifications of these buyers are, and nothing of who they are."""
    columns: tuple[Any, ...] = (
        col(BuyerRow.organization_id),
        col(BuyerRow.status),
        col(BuyerRow.status_since),
        col(BuyerRow.verified_until),
        col(BuyerRow.flagged_by),
    )
    query = sql_select(*columns).where(col(BuyerRow.organization_id).in_(buyer_ids))
    return [
        BuyerState(
            OrganizationId(buyer_id), VerificationStatus(status), since, until, UserId(flagged) if flagged else None
        )
        for buyer_id, status, since, until, flagged in reading.session.connection().execute(query)
    ]


def add_decision(work: Work, buyer_id: OrganizationId, record: DecisionRecord) -> None:
    """Store a decision."""
    row = DecisionRow(
        id=ids.new("dec"),
        buyer_id=buyer_id,
        decision=record.decision,
        reason=record.reason,
        admin_id=record.admin_id,
        at=record.at,
    )
    work.session.add(row)
    work.session.flush()


def decisions(reading: Reading, buyer_id: OrganizationId) -> tuple[DecisionRecord, ...]:
    """Return what was decided on a buyer, oldest first."""
    rows = reading.session.exec(
        select(DecisionRow).where(DecisionRow.buyer_id == buyer_id).order_by(col(DecisionRow.at), col(DecisionRow.id))
    )
    return tuple(DecisionRecord(Decision(row.decision), row.reason, UserId(row.admin_id), row.at) for row in rows)


def readings(
    reading: Reading, buyer_id: OrganizationId, after: str | None, limit: int
) -> tuple[list[IdentityReading], str | None]:
    """Return one page of who read the buyer's identity, newest first, and the cursor of the next."""
    query = (
        select(JournalRow)
        .where(JournalRow.stream == IdentityRead(buyer_id).stream, JournalRow.type == IdentityRead.name)
        .order_by(col(JournalRow.seq).desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.where(col(JournalRow.seq) < _cursor(after, int)[0])
    rows = reading.session.exec(query)
    found = [IdentityReading(row.seq, row.at, UserId(row.user_id), row.data["document_id"]) for row in rows]
    return pagination.page_of(found, limit, lambda item: (item.seq,))


def add_document(work: Work, document: DocumentInfo, content: bytes) -> None:
    """Store a document."""
    work.session.add(DocumentRow(**asdict(document), content=content))
    work.session.flush()


def documents(reading: Reading, buyer_id: OrganizationId) -> tuple[DocumentInfo, ...]:
    """Return a buyer's documents without their bytes, oldest first."""
    rows = reading.session.exec(
        select(DocumentRow)
        .options(defer(DocumentRow.content, raiseload=True))  # type: ignore[arg-type]
        .where(DocumentRow.buyer_id == buyer_id)
        .order_by(col(DocumentRow.uploaded_at), col(DocumentRow.id))
    )
    return tuple(
        DocumentInfo(row.id, buyer_id, row.title, row.media_type, row.size, row.sha256, row.uploaded_at) for row in rows
    )


def document_content(reading: Reading, buyer_id: OrganizationId, document_id: str) -> bytes | None:
    """Return the bytes of one of the buyer's documents."""
    return reading.session.exec(
        select(DocumentRow.content).where(DocumentRow.id == document_id, DocumentRow.buyer_id == buyer_id)
    ).one_or_none()


def own_request(work: Work, request_id: RequestId, buyer_id: OrganizationId) -> None:
    """Store whose a request is."""
    work.session.add(RequestOwnerRow(request_id=request_id, buyer_id=buyer_id))
    work.session.flush()


def owner_of(reading: Reading, request_id: RequestId) -> OrganizationId | None:
    """Return whose a request is."""
    row = reading.session.get(RequestOwnerRow, request_id)
    return None if row is None else OrganizationId(row.buyer_id)


def requests_of(reading: Reading, buyer_id: OrganizationId) -> tuple[RequestId, ...]:
    """Return the ids of a buyer's requests, in the order of the ids."""
    rows = reading.session.exec(
        select(RequestOwnerRow.request_id)
        .where(RequestOwnerRow.buyer_id == buyer_id)
        .order_by(col(RequestOwnerRow.request_id))
    )
    return tuple(RequestId(row) for row in rows)


def sites(reading: Reading, buyer_id: OrganizationId) -> tuple[Site, ...]:
    """Return a buyer's whole address book."""
    rows = reading.session.exec(select(SiteRow).where(SiteRow.buyer_id == buyer_id).order_by(col(SiteRow.id)))
    return tuple(_site(row) for row in rows)


def sites_page(
    reading: Reading, buyer_id: OrganizationId, after: str | None, limit: int, having: str = ""
) -> tuple[list[Site], str | None]:
    """Return one page of a buyer's address book in the order of labels, and the cursor of the next.

    ``having``: only sites that say this in their label or address, whatever the case.
    """
    order = (func.lower(SiteRow.label), col(SiteRow.id))
    query = select(SiteRow).where(SiteRow.buyer_id == buyer_id).order_by(*order).limit(limit + 1)
    if having:
        said = func.lower(
            func.concat_ws(" ", SiteRow.label, SiteRow.street, SiteRow.city, SiteRow.state, SiteRow.postal_code)
        )
        query = query.where(said.contains(having.lower(), autoescape=True))
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*_cursor(after, str, str)))
    rows = [_site(row) for row in reading.session.exec(query)]
    return pagination.page_of(rows, limit, lambda site: (site.label.lower(), site.id))


def count_sites(reading: Reading, buyer_id: OrganizationId) -> int:
    """Return how many sites a buyer has."""
    return reading.session.exec(select(func.count()).select_from(SiteRow).where(SiteRow.buyer_id == buyer_id)).one()


def site_id_of_label(reading: Reading, buyer_id: OrganizationId, label: str) -> str | None:
    """Return the id of the buyer's site with this label, whatever the case."""
    return reading.session.exec(
        select(SiteRow.id).where(SiteRow.buyer_id == buyer_id, func.lower(SiteRow.label) == func.lower(label))
    ).one_or_none()


def get_site(reading: Reading, buyer_id: OrganizationId, site_id: str) -> Site | None:
    """Return one of the buyer's sites."""
    row = reading.session.get(SiteRow, site_id)
    return None if row is None or row.buyer_id != buyer_id else _site(row)


def upsert_sites(work: Work, buyer_id: OrganizationId, rows: Iterable[SiteDetails]) -> dict[str, str]:
    """Store sites under labels that differ; one whose label is known replaces that site. Return the ids by label."""
    values = [asdict(row) | {"id": ids.new("sit"), "buyer_id": buyer_id} for row in rows]
    if not values:
        return {}
    statement = insert(SiteRow).values(values)
    changed: dict[str, Any] = {name: statement.excluded[name] for name in _PLACE_AND_CONTACT}
    stored = work.session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=[col(SiteRow.buyer_id), func.lower(SiteRow.label)], set_=changed
        ).returning(col(SiteRow.label), col(SiteRow.id))
    )
    work.session.expire_all()
    return {row.label: row.id for row in stored}


def save_site(work: Work, buyer_id: OrganizationId, site: Site) -> None:
    """Store a new or changed site."""
    work.session.merge(SiteRow(**asdict(site), buyer_id=buyer_id))
    work.session.flush()


def remove_site(work: Work, site_id: str) -> None:
    """Delete a site."""
    work.session.delete(work.session.get_one(SiteRow, site_id))
    work.session.flush()


def _site(row: SiteRow) -> Site:
    return Site(**{name: getattr(row, name) for name in (*_PLACE_AND_CONTACT, "id")})


def _cursor(after: str, *kinds: Callable[[Any], Any]) -> tuple[Any, ...]:
    """Return the parts of a cursor as values that the columns take. Raises MalformedError for a cursor of others."""
    try:
        return tuple(kind(part) for kind, part in zip(kinds, pagination.decode(after, len(kinds)), strict=True))
    except (ValueError, TypeError) as error:
        raise MalformedError(
            "The cursor is not one of ours.", errors=(FieldError("query/after", "use the 'next' of the page before"),)
        ) from error
