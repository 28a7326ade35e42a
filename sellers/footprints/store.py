"""Every SQL statement on footprints; a provider finds its own rows only, whatever row security does as well."""

from collections.abc import Collection, Iterator
from datetime import UTC
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, delete, select
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from marketplace.geography.keys import PackedKeys
from marketplace.kernel import codec, ids, pagination
from marketplace.kernel.access import Kind
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from sellers.footprints.model import (
    Compiled,
    Counts,
    Footprint,
    FootprintPlaces,
    FootprintVersion,
    Offer,
    Offered,
    Standing,
    Visibility,
)
from sellers.footprints.tables import FootprintRow, FootprintVersionRow
from sellers.model import ProviderStatus
from sellers.tables import ProviderRow

_KEY, _NUMBER = np.dtype("<u8"), np.dtype("<u4")
_HEAD = (
    col(FootprintVersionRow.provider_id),
    col(FootprintVersionRow.number),
    col(FootprintVersionRow.rows),
    col(FootprintVersionRow.rows_on_net),
    col(FootprintVersionRow.rows_near_net),
    col(FootprintVersionRow.sha256),
    col(FootprintVersionRow.uploaded_at),
)


def _own(reading: Reading, column: str) -> list[ColumnElement[bool]]:
    if reading.principal.kind is not Kind.PROVIDER:
        return []
    return [col(column) == reading.principal.organization_id]


def hold(work: Work, provider_id: OrganizationId) -> Footprint:
    """Return a provider's setting, made if it is the first time, and hold it until the transaction ends."""
    work.session.execute(upsert(FootprintRow).values(provider_id=provider_id).on_conflict_do_nothing())
    row = work.session.get_one(FootprintRow, provider_id, with_for_update=True, populate_existing=True)
    return _footprint(row)


def save(work: Work, footprint: Footprint) -> None:
    """Store a setting that ``hold`` returned before."""
    row = work.session.get_one(FootprintRow, footprint.provider_id)
    row.visibility, row.in_force, row.newest = footprint.visibility, footprint.in_force, footprint.newest
    work.session.flush()


def footprint(reading: Reading, provider_id: OrganizationId) -> Footprint:
    """Return a provider's setting; before its first change what holds without one."""
    query = select(FootprintRow).where(
        col(FootprintRow.provider_id) == provider_id, *_own(reading, FootprintRow.provider_id)
    )
    row = reading.session.execute(query).scalar_one_or_none()
    return Footprint(provider_id) if row is None else _footprint(row)


def add_version(work: Work, version: FootprintVersion, content: bytes, compiled: Compiled) -> None:
    """Store a version with its file (a compressed CSV) and what is made of it."""
    offered, places = compiled.offered, compiled.places
    row = FootprintVersionRow(
        id=ids.new("fpv"),
        provider_id=version.provider_id,
        number=version.number,
        rows=version.counts.rows,
        rows_on_net=version.counts.on_net,
        rows_near_net=version.counts.near_net,
        sha256=version.sha256,
        uploaded_at=version.uploaded_at,
        content=content,
        keys=offered.keys.astype(_KEY).tobytes(),
        offer_of=offered.offer_of.astype(_NUMBER).tobytes(),
        offers=[codec.dump(offer) for offer in offered.offers],
        on_net=places.on_net.raw,
        near_net=places.near_net.raw,
    )
    work.session.add(row)
    work.session.flush()
    work.session.expunge(row)  # megabytes that nobody looks at again


def drop_versions(work: Work, provider_id: OrganizationId, up_to: int, but: int) -> None:
    """Delete a provider's versions up to this number, but for one."""
    work.session.execute(
        delete(FootprintVersionRow).where(
            col(FootprintVersionRow.provider_id) == provider_id,
            col(FootprintVersionRow.number) <= up_to,
            col(FootprintVersionRow.number) != but,
        )
    )


def versions(reading: Reading, provider_id: OrganizationId, after: str | None, limit: int) -> list[FootprintVersion]:
    """Return a provider's versions behind ``after``, newest first. Raises MalformedError for a foreign cursor."""
    query = select(*_HEAD).where(
        col(FootprintVersionRow.provider_id) == provider_id, *_own(reading, FootprintVersionRow.provider_id)
    )
    if after is not None:
        (last,) = pagination.decode(after, 1)
        if not isinstance(last, int) or abs(last) >= 2**31:
            right = FieldError("query/after", "use the 'next' of the page before")
            raise MalformedError("The cursor is not one of ours.", errors=(right,))
        query = query.where(col(FootprintVersionRow.number) < last)
    query = query.order_by(col(FootprintVersionRow.number).desc()).limit(limit)
    return [_version(row) for row in reading.session.execute(query)]


def version(reading: Reading, provider_id: OrganizationId, number: int) -> FootprintVersion | None:
    """Return one version without its places."""
    row = reading.session.execute(select(*_HEAD).where(*_one(reading, provider_id, number))).one_or_none()
    return None if row is None else _version(row)


def content(reading: Reading, provider_id: OrganizationId, number: int) -> bytes | None:
    """Return the file of one version, a compressed CSV."""
    query = select(col(FootprintVersionRow.content)).where(*_one(reading, provider_id, number))
    return reading.session.execute(query).scalar_one_or_none()


def places(
    reading: Reading, provider_id: OrganizationId | None = None
) -> Iterator[tuple[OrganizationId, FootprintPlaces]]:
    """Yield providers, or this one, with the place keys of their footprints in force."""
    query = (
        select(col(FootprintVersionRow.provider_id), col(FootprintVersionRow.on_net), col(FootprintVersionRow.near_net))
        .join(FootprintRow, _in_force())
        .where(*_own(reading, FootprintVersionRow.provider_id))
        .order_by(col(FootprintVersionRow.provider_id))
    )
    if provider_id is not None:
        query = query.where(col(FootprintVersionRow.provider_id) == provider_id)
    for owner, on_net, near_net in reading.session.execute(query):
        yield OrganizationId(owner), FootprintPlaces(PackedKeys(on_net), PackedKeys(near_net))


def standings(reading: Reading) -> list[Standing]:
    """Return the footprints in force of approved providers, by provider."""
    query = (
        select(
            col(FootprintVersionRow.provider_id),
            col(FootprintVersionRow.id),
            col(FootprintRow.visibility),
            col(ProviderRow.name),
        )
        .join(FootprintRow, _in_force())
        .join(ProviderRow, col(ProviderRow.id) == col(FootprintVersionRow.provider_id))
        .where(col(ProviderRow.status) == ProviderStatus.APPROVED)
        .order_by(col(FootprintVersionRow.provider_id))
    )
    return [
        Standing(OrganizationId(provider_id), version_id, Visibility(visibility), name)
        for provider_id, version_id, visibility, name in reading.session.execute(query)
    ]


def offered(reading: Reading, version_ids: Collection[str]) -> Iterator[tuple[str, Offered]]:
    """Yield these versions with what they offer where."""
    query = select(
        col(FootprintVersionRow.id),
        col(FootprintVersionRow.keys),
        col(FootprintVersionRow.offer_of),
        col(FootprintVersionRow.offers),
    ).where(col(FootprintVersionRow.id).in_(version_ids))
    for version_id, keys, offer_of, offers in reading.session.execute(query):
        yield (
            version_id,
            Offered(
                np.frombuffer(keys, _KEY),
                np.frombuffer(offer_of, _NUMBER),
                tuple(codec.load(Offer, offer) for offer in offers),
            ),
        )


def _in_force() -> ColumnElement[bool]:
    return (col(FootprintRow.provider_id) == col(FootprintVersionRow.provider_id)) & (
        col(FootprintRow.in_force) == col(FootprintVersionRow.number)
    )


def _one(reading: Reading, provider_id: OrganizationId, number: int) -> list[ColumnElement[bool]]:
    return [
        col(FootprintVersionRow.provider_id) == provider_id,
        col(FootprintVersionRow.number) == number,
        *_own(reading, FootprintVersionRow.provider_id),
    ]


def _footprint(row: FootprintRow) -> Footprint:
    return Footprint(OrganizationId(row.provider_id), Visibility(row.visibility), row.in_force, row.newest)


def _version(row: Row[Any]) -> FootprintVersion:
    return FootprintVersion(
        OrganizationId(row.provider_id),
        row.number,
        Counts(row.rows, row.rows_on_net, row.rows_near_net),
        row.sha256,
        row.uploaded_at.astimezone(UTC),
    )
