"""The table of what the platform has made of the words of notices."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Integer, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class WordingRow(SQLModel, table=True):
    """One version of the words of a row of the table of notices in one language. No title and text: the default."""

    __tablename__ = "notice_wordings"
    __table_args__: ClassVar[Any] = {"schema": "market", "info": {"append_only": True}}
    event: str = Field(sa_column=Column(Text, primary_key=True))
    audience: str = Field(sa_column=Column(Text, primary_key=True))
    language: str = Field(sa_column=Column(Text, primary_key=True))
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    title: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    saved_at: datetime = instant()
    saved_by: str = Field(sa_column=Column(Text, nullable=False))
