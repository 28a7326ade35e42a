"""Every SQL statement on the facts that requests were published with; no carrier's role may read them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Text, any_, cast, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from buyers.requests.model import ProviderList
from marketplace.kernel import codec
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work
from matching.model import Published, RequestFacts
from matching.tables import RequestFactsRow


def save(work: Work, published: Published, published_at: datetime) -> None:
    """Keep what a request is compared with; an amendment replaces it, the time of the first publication stays."""
    values = {"facts": codec.dump(published.facts), "provider_list": codec.dump(published.providers)}
    statement = upsert(RequestFactsRow).values(
        request_id=published.facts.request_id, published_at=published_at, **values
    )
    work.session.execute(statement.on_conflict_do_update(index_elements=["request_id"], set_=values))


def of(reading: Reading, request_ids: Collection[RequestId]) -> dict[RequestId, Published]:
    """Return what these requests are compared with, by id."""
    among = col(RequestFactsRow.request_id) == any_(cast(literal(list(request_ids), ARRAY(Text)), ARRAY(Text)))
    found = (_published(row) for row in reading.session.execute(_kept().where(among)))
    return {one.facts.request_id: one for one in found}


def between(reading: Reading, start: datetime, end: datetime, limit: int) -> Iterator[Published]:
    """Yield the newest ``limit`` requests that were published from ``start`` until before ``end``."""
    published_at = col(RequestFactsRow.published_at)
    query = _kept().where(published_at >= start, published_at < end)
    rows = reading.session.execute(query.order_by(published_at.desc(), col(RequestFactsRow.request_id)).limit(limit))
    return (_published(row) for row in rows)


def _kept() -> Any:
    columns: list[Any] = [col(RequestFactsRow.facts), col(RequestFactsRow.provider_list)]
    return select(*(cast(column, Text).label(column.key) for column in columns))


def _published(row: Any) -> Published:
    return Published(codec.load_json(RequestFacts, row.facts), codec.load_json(ProviderList, row.provider_list))
