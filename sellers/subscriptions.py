"""Filters in bulk, as matching reads them: all that count, those of some providers, the first of each among many."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, any_, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlmodel import col

from marketplace.kernel import codec
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading
from sellers.model import Criteria, Filter, ProviderStatus
from sellers.tables import FilterRow, ProviderRow

_AT_ONCE = 5_000
"""Rows fetched from the server at a time, so that a million filters are never in memory twice."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """An active filter of an approved provider, and what it accepts."""

    filter_id: str
    provider_id: OrganizationId
    criteria: Criteria


def every(reading: Reading) -> Iterator[Subscription]:
    """Yield all active filters of approved providers."""
    rows = reading.session.execute(_counting(), execution_options={"yield_per": _AT_ONCE})
    return (_subscription(row) for row in rows)


def of(reading: Reading, provider_ids: Collection[str], filter_ids: Collection[str] = ()) -> list[Subscription]:
    """Return the active filters, of approved providers, that belong to these providers or are among these."""
    named = _among(FilterRow.id, filter_ids) | _among(FilterRow.provider_id, provider_ids)
    return [_subscription(row) for row in reading.session.execute(_counting().where(named))]


def firsts(reading: Reading, filter_ids: Sequence[str]) -> list[Filter]:
    """Return of each approved provider the first in saved order of its active filters among these, by provider."""
    order = (col(FilterRow.provider_id), col(FilterRow.ordinal), col(FilterRow.id))
    query = (
        select(
            *order,
            col(FilterRow.name),
            cast(col(FilterRow.criteria), Text).label("criteria"),
            col(FilterRow.delivery),
            col(FilterRow.revision),
        )
        .ext(distinct_on(order[0]))
        .join(ProviderRow, col(ProviderRow.id) == col(FilterRow.provider_id))
        .where(
            _among(FilterRow.id, filter_ids),
            col(FilterRow.active).is_(True),
            col(ProviderRow.status) == ProviderStatus.APPROVED,
        )
        .order_by(*order)
    )
    return [
        Filter(
            id=row.id,
            provider_id=OrganizationId(row.provider_id),
            name=row.name,
            criteria=codec.load_json(Criteria, row.criteria),
            delivery=row.delivery,
            revision=row.revision,
        )
        for row in reading.session.execute(query)
    ]


@dataclass(frozen=True, slots=True)
class Naming:
    """An active filter of an approved provider that names codes of the catalogue."""

    filter_id: str
    provider_id: OrganizationId
    filter_name: str
    nodes: tuple[str, ...]
    features: tuple[str, ...]


def naming(reading: Reading, nodes: Collection[str], features: Collection[str], limit: int) -> list[Naming]:
    """Return the filters that name one of these nodes or features, each with those of them, at most ``limit``.

    Reads all active filters: for a preview, not for a page that is open all day.
    """
    criteria = col(FilterRow.criteria)
    wanted_nodes, wanted_features = (
        cast(literal(sorted(codes), ARRAY(Text)), ARRAY(Text)) for codes in (nodes, features)
    )
    columns: list[Any] = [
        col(FilterRow.id),
        col(FilterRow.provider_id),
        col(FilterRow.name),
        criteria.label("criteria"),
    ]
    query = (
        select(*columns)
        .join(ProviderRow, col(ProviderRow.id) == col(FilterRow.provider_id))
        .where(
            col(FilterRow.active).is_(True),
            col(ProviderRow.status) == ProviderStatus.APPROVED,
            criteria["service_types"].has_any(wanted_nodes)
            | criteria["required_features"].has_any(wanted_features)
            | criteria["excluded_features"].has_any(wanted_features),
        )
        .order_by(col(FilterRow.provider_id), col(FilterRow.ordinal), col(FilterRow.id))
        .limit(limit)
    )
    return [_naming(row, frozenset(nodes), frozenset(features)) for row in reading.session.execute(query)]


def _naming(row: Any, nodes: frozenset[str], features: frozenset[str]) -> Naming:
    criteria: dict[str, list[str]] = row.criteria
    named = {*criteria.get("required_features", ()), *criteria.get("excluded_features", ())}
    return Naming(
        row.id,
        OrganizationId(row.provider_id),
        row.name,
        tuple(sorted(nodes.intersection(criteria.get("service_types", ())))),
        tuple(sorted(features & named)),
    )


def _among(column: str, values: Collection[str]) -> ColumnElement[bool]:
    # one array instead of a parameter a value: PostgreSQL takes 65,535, and a request may fit more filters
    return col(column) == any_(cast(literal(list(values), ARRAY(Text)), ARRAY(Text)))


def _counting() -> Select[Any]:
    # the document as text: it is parsed straight into its dataclass, half the time of going through dictionaries
    columns: list[Any] = [col(FilterRow.id), col(FilterRow.provider_id)]
    return (
        select(*columns, cast(col(FilterRow.criteria), Text).label("criteria"))
        .join(ProviderRow, col(ProviderRow.id) == col(FilterRow.provider_id))
        .where(col(FilterRow.active).is_(True), col(ProviderRow.status) == ProviderStatus.APPROVED)
    )


def _subscription(row: Any) -> Subscription:
    return Subscription(row.id, OrganizationId(row.provider_id), codec.load_json(Criteria, row.criteria))
