"""Every SQL statement on the words of notices."""

from typing import Any

from sqlalchemy import Select
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col

from marketplace.kernel.work import Reading, Work
from notifications.wording.tables import WordingRow


def of_event(reading: Reading, event: str) -> list[WordingRow]:
    """Return the latest version of each row and language of an event."""
    return list(reading.session.execute(_latest().where(col(WordingRow.event) == event)).scalars())


def of_all(reading: Reading) -> list[WordingRow]:
    """Return the latest version of each row and language of all events."""
    return list(reading.session.execute(_latest()).scalars())


def _latest() -> Select[Any]:
    key = col(WordingRow.event), col(WordingRow.audience), col(WordingRow.language)
    return sql_select(WordingRow).ext(distinct_on(*key)).order_by(*key, col(WordingRow.number).desc())


def versions(reading: Reading, event: str, audience: str, language: str) -> list[WordingRow]:
    """Return all versions of a row in one language, the latest first."""
    row = WordingRow
    query = sql_select(row).where(col(row.event) == event, col(row.audience) == audience, col(row.language) == language)
    return list(reading.session.execute(query.order_by(col(row.number).desc())).scalars())


def add(work: Work, row: WordingRow) -> None:
    """Write a version. Raises IntegrityError when somebody else has written one of this number."""
    work.session.add(row)
    work.session.flush()
