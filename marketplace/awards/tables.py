"""Tables of awards and of what was disclosed to whom."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Column, Numeric, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class AwardRow(SQLModel, table=True):
    """One decision of a buyer."""

    __tablename__ = "awards"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    decided_by: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant()


class AwardLotRow(SQLModel, table=True):
    """A lot's part of an award. A carrier sees the lots that it won itself."""

    __tablename__ = "award_lots"
    __table_args__: ClassVar[Any] = {
        "schema": "market",
        "info": {
            "carrier": "SELECT (award_id, request_id, lot, outcome, provider_id, bid_id, total)",
            "own_rows": "provider_id",
        },
    }
    award_id: str = Field(sa_column=Column(Text, primary_key=True))
    lot: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    outcome: str = Field(sa_column=Column(Text, nullable=False))
    provider_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True, index=True))
    bid_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    total: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 2), nullable=True))
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class DisclosureRow(SQLModel, table=True):
    """What one awarded provider may know of the buyer, as it was at the award. Row security shows it to nobody else."""

    __tablename__ = "disclosures"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("award_id", "provider_id"),
        {"schema": "market", "info": {"carrier": "SELECT", "own_rows": "provider_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    award_id: str = Field(sa_column=Column(Text, nullable=False))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    provider_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    identity: dict[str, Any] = document()
    at: datetime = instant()
