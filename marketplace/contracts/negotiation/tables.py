"""Tables of negotiations and their proposals."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class NegotiationRow(SQLModel, table=True):
    """The negotiation of one presentation of terms; made with it, so that both sides find the row to lock."""

    __tablename__ = "negotiations"
    __table_args__: ClassVar[Any] = (
        {"schema": "market", "info": {"carrier": "SELECT, UPDATE (revision)", "own_rows": "provider_id"}},
    )
    contract_id: str = Field(sa_column=Column(Text, ForeignKey("market.contracts.id"), primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    provider_id: str = Field(sa_column=Column(Text, nullable=False))
    revision: int
    closed: bool


class ProposalRow(SQLModel, table=True):
    """One version. Its words never change; what the other side answers is all that does."""

    __tablename__ = "proposals"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("side IN ('buyer', 'provider')", name="proposals_side"),
        CheckConstraint("status IN ('open', 'accepted', 'countered', 'withdrawn', 'lapsed')", name="proposals_status"),
        CheckConstraint("(status = 'open') = (answered_at IS NULL)", name="proposals_answered"),
        {
            "schema": "market",
            "info": {
                "carrier": "SELECT, INSERT, UPDATE (status, answered_by, answered_at)",
                "own_rows": "provider_id",
            },
        },
    )
    contract_id: str = Field(sa_column=Column(Text, ForeignKey("market.negotiations.contract_id"), primary_key=True))
    version: int = Field(primary_key=True)
    provider_id: str = Field(sa_column=Column(Text, nullable=False))
    side: str = Field(sa_column=Column(Text, nullable=False))
    user_id: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant()
    changes: list[Any] = document()
    status: str = Field(sa_column=Column(Text, nullable=False))
    answered_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    answered_at: datetime | None = instant(nullable=True)
