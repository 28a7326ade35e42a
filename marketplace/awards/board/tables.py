"""Tables of saved scenarios and computed boards. Both are the buyer's: no carrier has any right to them."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Column, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class ScenarioRow(SQLModel, table=True):
    """A scenario that a buyer saved on one of its requests."""

    __tablename__ = "scenarios"
    __table_args__: ClassVar[Any] = (UniqueConstraint("request_id", "name"), {"schema": "market"})
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    rules: list[dict[str, Any]] = document()
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    changed_by: str = Field(sa_column=Column(Text, nullable=False))
    changed_at: datetime = instant()


class BoardRow(SQLModel, table=True):
    """The last computed board of a request; ``sha256`` is that of what it was computed from."""

    __tablename__ = "scenario_boards"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    request_id: str = Field(sa_column=Column(Text, primary_key=True))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    board: dict[str, Any] = document()
    computed_at: datetime = instant()
