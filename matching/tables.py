"""The table of what was compared with filters when a request was published."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, ForeignKey, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class RequestFactsRow(SQLModel, table=True):
    """What filters were compared with when the request was published or last amended, and whom its list admits.

    Carriers have no right here: they know a request by their invitation, and of others a rounded number.
    """

    __tablename__ = "request_facts"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), primary_key=True))
    published_at: datetime = instant(index=True)
    facts: dict[str, Any] = document()
    provider_list: dict[str, Any] = document()
