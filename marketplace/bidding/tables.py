"""Tables of lots, their sealing keys and the bids."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, Date, LargeBinary, Numeric, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class LotRow(SQLModel, table=True):
    """One lot under auction: its announced rules, what there is to price, and the head of its state (``stored``).

    ``sequence`` numbers the lot's last event; ``revision`` counts every change of the row, ``request_version`` and
    ``suspended`` are the request's, kept here because the lock on this row is what bids wait for. Carriers' role has
    no right here: what they may see is made by the desk.
    """

    __tablename__ = "lots"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("request_id", "ref"),
        {"schema": "market", "info": {"desk": "SELECT, UPDATE"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    ref: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(Text, nullable=False))
    rules_hash: str = Field(sa_column=Column(Text, nullable=False))
    rules: dict[str, Any] = document()
    to_price: dict[str, Any] = document()
    head: dict[str, Any] = document()
    revision: int = Field(default=1, sa_column=Column(BigInteger, nullable=False))
    sequence: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: datetime = instant()
    opens_at: datetime = instant()
    closes_at: datetime = instant()
    extensions: int = 0
    request_version: int = 1
    suspended: bool = False
    public_key: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))


class LotKeyRow(SQLModel, table=True):
    """The private key of a sealed lot, itself sealed by the installation's secret. Nothing here is for carriers."""

    __tablename__ = "lot_keys"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    lot_id: str = Field(sa_column=Column(Text, primary_key=True))
    private_key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class BidRow(SQLModel, table=True):
    """One version of one provider's bid on one lot. Until the opening of a sealed lot only ``sealed`` holds it.

    ``version`` and ``sequence`` are missing while a bid is only entered: a turn's before it ends, a proxy's limit.
    ``dropped`` bids don't stand any longer. ``fingerprint`` tells whether a repeated ``key`` came with the same command
    of the same caller, and ``answer`` is the receipt that it gets then, sealed by the installation's secret.
    """

    __tablename__ = "bids"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("lot_id", "provider_id", "version"),
        UniqueConstraint("lot_id", "provider_id", "key"),
        {"schema": "market", "info": {"desk": "SELECT, INSERT, UPDATE"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    lot_id: str = Field(sa_column=Column(Text, nullable=False))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    provider_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    invitation_id: str = Field(sa_column=Column(Text, nullable=False))
    version: int | None = None
    request_version: int
    sequence: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    key: str = Field(sa_column=Column(Text, nullable=False))
    dropped: bool = False
    automatic: bool = False
    surrogate: bool = False
    commitment: str = Field(sa_column=Column(Text, nullable=False))
    valid_until: date | None = Field(default=None, sa_column=Column(Date, nullable=True))
    placed_at: datetime = instant()
    offer: dict[str, Any] | None = document(nullable=True)
    amount: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 2), nullable=True))
    malus: Decimal | None = Field(default=None, sa_column=Column(Numeric(18, 2), nullable=True))
    sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    fingerprint: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    answer: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
