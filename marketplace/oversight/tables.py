"""Tables of taken jobs and of reveals. No carrier has any right to either."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Index, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class JobTakingRow(SQLModel, table=True):
    """Who of the platform has a job, until when by the database's clock; an old row means that nobody has it."""

    __tablename__ = "job_takings"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    job: str = Field(sa_column=Column(Text, primary_key=True))
    taken_by: str = Field(sa_column=Column(Text, nullable=False))
    taken_at: datetime = instant()
    until: datetime = instant()


class RevealRow(SQLModel, table=True):
    """Who learned which buyer's identity, as the journal told it. It says whose a request is: the registry's schema."""

    __tablename__ = "reveals"
    __table_args__: ClassVar[Any] = (
        Index("reveals_of_buyer", "buyer_id", "position"),
        Index("reveals_to_provider", "provider_id", "position"),
        Index("reveals_at", "at"),
        {"schema": "registry", "info": {"append_only": True}},
    )
    position: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    at: datetime = instant()
    basis: str = Field(sa_column=Column(Text, nullable=False))
    buyer_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    user_id: str = Field(sa_column=Column(Text, nullable=False))
    provider_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    request_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    award_id: str = Field(sa_column=Column(Text, nullable=False))
    document_id: str = Field(sa_column=Column(Text, nullable=False))
