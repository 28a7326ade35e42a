"""Tables of awards, of what goes before them on the buyer's side, and of what was disclosed to whom."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import Boolean, Column, Index, Integer, Numeric, Text, UniqueConstraint
from sqlalchemy import text as sql
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
    approved_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    basis: dict[str, Any] | None = document(nullable=True)
    discounts: list[dict[str, Any]] | None = document(nullable=True)


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


class SwitchingCostsRow(SQLModel, table=True):
    """What leaving its present providers costs the buyer of a request. No carrier has any right to it."""

    __tablename__ = "switching_costs"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    request_id: str = Field(sa_column=Column(Text, primary_key=True))
    costs: list[dict[str, Any]] = document()
    revision: int = Field(sa_column=Column(Integer, nullable=False))
    stated_by: str = Field(sa_column=Column(Text, nullable=False))
    stated_at: datetime = instant()
    late: bool = Field(sa_column=Column(Boolean, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))


class ApprovalLimitRow(SQLModel, table=True):
    """What one user of a buyer's organization may award alone."""

    __tablename__ = "approval_limits"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    organization_id: str = Field(sa_column=Column(Text, primary_key=True))
    amount: Decimal | None = Field(sa_column=Column(Numeric(18, 2), nullable=True))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    revision: int = Field(sa_column=Column(Integer, nullable=False))


class ApprovalRow(SQLModel, table=True):
    """A selection that waits, or waited, for a second user. Of each request one waits at a time."""

    __tablename__ = "award_approvals"
    __table_args__: ClassVar[Any] = (
        Index(
            "award_approvals_pending", "request_id", unique=True, postgresql_where=sql("status = 'waits for approval'")
        ),
        {"schema": "market"},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    status: str = Field(sa_column=Column(Text, nullable=False))
    selection: dict[str, Any] = document()
    basis: dict[str, Any] = document()
    total: Decimal = Field(sa_column=Column(Numeric(18, 2), nullable=False))
    limit: Decimal = Field(sa_column=Column(Numeric(18, 2), nullable=False))
    currency: str = Field(sa_column=Column(Text, nullable=False))
    asked_by: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = instant()
    decided_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    decided_at: datetime | None = instant(nullable=True)
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    award_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
