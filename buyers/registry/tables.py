"""The tables of who the buyers are, in a schema that the carriers' role can't look into."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, Numeric, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant

REGISTRY: dict[str, Any] = {"schema": "registry"}


def _text(default: str | None = None) -> Any:
    column: Column[str] = Column(Text, nullable=False)
    return Field(sa_column=column) if default is None else Field(default=default, sa_column=column)


def _key() -> Any:
    return Field(sa_column=Column(Text, primary_key=True))


def _of_buyer(*, primary_key: bool = False, index: bool = False) -> Any:
    target = ForeignKey("registry.buyers.organization_id")
    return Field(sa_column=Column(Text, target, primary_key=primary_key, nullable=False, index=index))


def _degrees() -> Any:
    return Field(default=None, sa_column=Column(Numeric(9, 6), nullable=True))


class BuyerRow(SQLModel, table=True):
    """One buyer and the state of its verification."""

    __tablename__ = "buyers"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("(status = 'verified') = (verified_until IS NOT NULL)", name="verified_has_an_end"),
        Index("buyers_queue", "status", "status_since", "organization_id"),
        REGISTRY,
    )
    organization_id: str = _key()
    name: str = _text()
    contact: dict[str, Any] = document()
    demographics: dict[str, Any] = document()
    status: str = _text()
    status_since: datetime = instant()
    verified_until: datetime | None = instant(nullable=True)
    reason: str = _text("")
    flagged_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    flag_reason: str = _text("")
    revision: int = Field(default=1, sa_column=Column(Integer, nullable=False))
    created_at: datetime = instant()


class EvidenceRow(SQLModel, table=True):
    """A registration number that a buyer gave: one of each kind."""

    __tablename__ = "evidence"
    __table_args__: ClassVar[Any] = (Index("evidence_number", "kind", "value"), REGISTRY)
    buyer_id: str = _of_buyer(primary_key=True)
    kind: str = _key()
    value: str = _text()
    added_at: datetime = instant()


class DocumentRow(SQLModel, table=True):
    """A document that a buyer gave as proof."""

    __tablename__ = "documents"
    __table_args__: ClassVar[Any] = (UniqueConstraint("buyer_id", "sha256"), REGISTRY)
    id: str = _key()
    buyer_id: str = _of_buyer()
    title: str = _text()
    media_type: str = _text()
    size: int = Field(sa_column=Column(Integer, nullable=False))
    sha256: str = _text()
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    uploaded_at: datetime = instant()


class DecisionRow(SQLModel, table=True):
    """What an admin decided on a buyer, and why."""

    __tablename__ = "decisions"
    __table_args__: ClassVar[Any] = REGISTRY | {"info": {"append_only": True}}
    id: str = _key()
    buyer_id: str = _of_buyer(index=True)
    decision: str = _text()
    reason: str = _text()
    admin_id: str = _text()
    at: datetime = instant()


class SiteRow(SQLModel, table=True):
    """An entry of a buyer's address book; labels differ by more than case."""

    __tablename__ = "sites"
    __table_args__: ClassVar[Any] = (
        Index("sites_label", "buyer_id", sql("lower(label)"), unique=True),
        REGISTRY,
    )
    id: str = _key()
    buyer_id: str = _of_buyer()
    label: str = _text()
    country: str = _text()
    state: str = _text()
    city: str = _text()
    postal_code: str = _text()
    street: str = _text()
    latitude: Decimal | None = _degrees()
    longitude: Decimal | None = _degrees()
    opening_hours: str = _text()
    contact_name: str = _text()
    contact_phone: str = _text()
    contact_email: str = _text()


class RequestOwnerRow(SQLModel, table=True):
    """Whose a request is: the only place that says so."""

    __tablename__ = "request_owners"
    __table_args__: ClassVar[Any] = REGISTRY
    request_id: str = _key()
    buyer_id: str = _of_buyer(index=True)
