"""Every SQL statement on saved territories; a provider finds its own rows only."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Text, any_, cast, func, literal, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from marketplace.kernel import codec, pagination
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work
from sellers.tables import TerritoryRow
from sellers.territories.model import Compiled, Content, Figures, Territory

_HEAD = ("id", "provider_id", "name", "figures", "revision", "created_at", "saved_at")
_PLACES = ("id", "name", "digest", "keys", "excluded")


def add(work: Work, territory: Territory, content: Content, compiled: Compiled) -> None:
    """Store a new territory."""
    work.session.add(
        TerritoryRow(
            id=territory.id,
            provider_id=territory.provider_id,
            name=territory.name,
            content=codec.dump(content),
            keys=compiled.keys,
            excluded=compiled.excluded,
            digest=compiled.digest,
            figures=codec.dump(compiled.figures),
            revision=territory.revision,
            created_at=territory.created_at,
            saved_at=territory.saved_at,
        )
    )
    work.session.flush()


def save(work: Work, changed: Territory, content: Content, compiled: Compiled) -> None:
    """Store a changed territory, which ``locked`` returned before."""
    row = work.session.get_one(TerritoryRow, changed.id)
    row.name, row.content = changed.name, codec.dump(content)
    row.keys, row.excluded, row.digest = compiled.keys, compiled.excluded, compiled.digest
    row.figures, row.revision, row.saved_at = codec.dump(compiled.figures), changed.revision, changed.saved_at
    work.session.flush()


def remove(work: Work, territory_id: str) -> None:
    """Delete a territory, which ``locked`` returned before."""
    work.session.delete(work.session.get_one(TerritoryRow, territory_id))
    work.session.flush()


def count(reading: Reading, provider_id: str) -> int:
    """Return how many territories a provider has."""
    return reading.session.exec(
        select(func.count()).select_from(TerritoryRow).where(TerritoryRow.provider_id == provider_id)
    ).one()


def locked(work: Work, provider_id: str, territory_id: str) -> tuple[Territory, Content] | None:
    """Return a provider's territory with its content, and hold it until the transaction ends."""
    query = select(TerritoryRow).where(TerritoryRow.id == territory_id, TerritoryRow.provider_id == provider_id)
    row = work.session.exec(query.with_for_update()).one_or_none()
    return None if row is None else (_territory(row), codec.load(Content, row.content))


def read(reading: Reading, provider_id: str, territory_id: str) -> tuple[Territory, Content] | None:
    """Return a provider's territory with its content."""
    query = select(TerritoryRow).where(TerritoryRow.id == territory_id, TerritoryRow.provider_id == provider_id)
    row = reading.session.exec(query).one_or_none()
    return None if row is None else (_territory(row), codec.load(Content, row.content))


def page(reading: Reading, provider_id: str, after: str | None, limit: int) -> list[Territory]:
    """Return a provider's territories behind cursor ``after``, the oldest first. Raises MalformedError."""
    order = (col(TerritoryRow.created_at), col(TerritoryRow.id))
    query = select(*(getattr(TerritoryRow, name) for name in _HEAD)).where(TerritoryRow.provider_id == provider_id)
    if after is not None:
        query = query.where(tuple_(*order) > _behind(after))
    return [_territory(row) for row in reading.session.execute(query.order_by(*order).limit(limit))]


def places(reading: Reading, territory_ids: Collection[str] | None) -> list[Any]:
    """Return id, name, digest and packed keys of these territories, or of all (None)."""
    query = select(*(getattr(TerritoryRow, name) for name in _PLACES))
    if territory_ids is not None:
        among = cast(literal(list(territory_ids), ARRAY(Text)), ARRAY(Text))
        query = query.where(col(TerritoryRow.id) == any_(among))
    return list(reading.session.execute(query))


def _behind(after: str) -> Any:
    first, last = pagination.decode(after, 2)
    try:
        instant = datetime.fromisoformat(str(first))
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None or not isinstance(last, str) or "\0" in last:
        problem = FieldError("query/after", "use the 'next' of the page before")
        raise MalformedError("The cursor is not one of ours.", errors=(problem,))
    return tuple_(literal(instant, DateTime(timezone=True)), literal(last))


def _territory(row: Any) -> Territory:
    return Territory(
        id=row.id,
        provider_id=OrganizationId(row.provider_id),
        name=row.name,
        figures=codec.load(Figures, row.figures),
        revision=row.revision,
        created_at=row.created_at.astimezone(UTC),
        saved_at=row.saved_at.astimezone(UTC),
    )
