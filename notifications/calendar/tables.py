"""Table of the feeds that users have opened."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class CalendarFeedRow(SQLModel, table=True):
    """A user's feed. Its address holds the ``edition``: a new one ends the address before. ``open``: it is served."""

    __tablename__ = "calendar_feeds"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    edition: int = Field(sa_column=Column(BigInteger, nullable=False))
    open: bool
    changed_at: datetime = instant()
