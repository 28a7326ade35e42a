"""Tables of lots, their sealing keys and the bids."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Date, LargeBinary, Numeric, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant

_INVITED = "request_id IN (SELECT request_id FROM market.invitations)"


class LotRow(SQLModel, table=True):
    """One lot under auction: its announced rules, what there is to price, and the state that its events led to."""

    __tablename__ = "lots"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("request_id", "ref"),
        {"schema": "market", "info": {"carrier": "SELECT, UPDATE (state, status)", "visible_rows": _INVITED}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    ref: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(Text, nullable=False))
    rules_hash: str = Field(sa_column=Column(Text, nullable=False))
    to_price: dict[str, Any] = document()
    state: dict[str, Any] = document()
    opens_at: datetime = instant()
    closes_at: datetime = instant()
    public_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class LotKeyRow(SQLModel, table=True):
    """The private key of a sealed lot, itself sealed by the installation's secret. Nothing here is for carriers."""

    __tablename__ = "lot_keys"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    lot_id: str = Field(sa_column=Column(Text, primary_key=True))
    private_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class BidRow(SQLModel, table=True):
    """One version of one provider's bid on one lot. Until the opening of a sealed lot only ``sealed`` holds it."""

    __tablename__ = "bids"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("lot_id", "provider_id", "version"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT", "own_rows": "provider_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    lot_id: str = Field(sa_column=Column(Text, nullable=False))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    provider_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    invitation_id: str = Field(sa_column=Column(Text, nullable=False))
    version: int
    request_version: int
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    commitment: str = Field(sa_column=Column(Text, nullable=False))
    valid_until: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    placed_at: datetime = instant()
    offer: dict[str, Any] | None = document(nullable=True)
    amount: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 2), nullable=True))
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
