"""The table of winners' confirmations."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Index, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class ConfirmationRow(SQLModel, table=True):
    """One award to one provider and its answer, which is all that the carriers' role can write."""

    __tablename__ = "award_confirmations"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "status IN ('awaited', 'confirmed', 'declined', 'returned')", name="award_confirmations_status"
        ),
        CheckConstraint("(status = 'awaited') = (decided_at IS NULL)", name="award_confirmations_decided"),
        Index("award_confirmations_of_provider", "provider_id", "request_id"),
        {
            "schema": "market",
            "info": {
                "carrier": "SELECT, UPDATE (status, decided_at, decided_by, reason, defaulted)",
                "own_rows": "provider_id",
            },
        },
    )
    award_id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    invitation_id: str = Field(sa_column=Column(Text, nullable=False))
    lots: list[Any] = document()
    asked_at: datetime = instant()
    due_at: datetime = instant()
    status: str = Field(sa_column=Column(Text, nullable=False))
    decided_at: datetime | None = instant(nullable=True)
    decided_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    defaulted: bool = False
