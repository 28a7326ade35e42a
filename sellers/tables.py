"""Tables of the carriers' side: providers, their filters, invitations and terms documents."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint
from sqlalchemy import text as sql_text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant
from sellers.model import MARKDOWN


def _own_provider() -> Any:
    return Field(sa_column=Column(Text, ForeignKey("market.providers.id"), nullable=False))


class ProviderRow(SQLModel, table=True):
    """One provider; its id is its organization's. ``reason`` belongs to the last decision."""

    __tablename__ = "providers"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("status IN ('pending', 'approved', 'suspended', 'closed')", name="providers_status"),
        Index("providers_queue", "status", "registered_at", "id"),
        {"schema": "market", "info": {"carrier": "SELECT", "desk": "SELECT", "own_rows": "id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    name: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(Text, nullable=False))
    reference: str = Field(sa_column=Column(Text, nullable=False))
    contact_name: str = Field(sa_column=Column(Text, nullable=False))
    contact_email: str = Field(sa_column=Column(Text, nullable=False))
    contact_phone: str = Field(sa_column=Column(Text, nullable=False))
    registered_at: datetime = instant()
    decided_at: datetime | None = instant(nullable=True)
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class FilterRow(SQLModel, table=True):
    """One saved filter. ``ordinal`` counts inside its provider, so that it tells nothing about the others."""

    __tablename__ = "filters"
    __table_args__: ClassVar[Any] = (
        Index("filters_in_order", "provider_id", "ordinal", "id"),
        {
            "schema": "market",
            "info": {"carrier": "SELECT, INSERT, UPDATE, DELETE", "own_rows": "provider_id"},
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = _own_provider()
    ordinal: int = Field(sa_column=Column(BigInteger, nullable=False))
    name: str = Field(sa_column=Column(Text, nullable=False))
    criteria: dict[str, Any] = document()
    active: bool
    delivery: str = Field(sa_column=Column(Text, nullable=False))
    revision: int
    saved_at: datetime = instant()


class TerritoryRow(SQLModel, table=True):
    """One saved territory. ``content`` is what its provider said; ``keys`` and ``excluded`` are what it comes to.

    Those two are sorted little-endian 64-bit place keys. ``digest`` is of both: territories of equal content share it.
    """

    __tablename__ = "territories"
    __table_args__: ClassVar[Any] = (
        Index("territories_in_order", "provider_id", "created_at", "id"),
        {
            "schema": "market",
            "info": {"carrier": "SELECT, INSERT, UPDATE, DELETE", "own_rows": "provider_id"},
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = _own_provider()
    name: str = Field(sa_column=Column(Text, nullable=False))
    content: dict[str, Any] = document()
    keys: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    excluded: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    digest: str = Field(sa_column=Column(Text, nullable=False))
    figures: dict[str, Any] = document()
    revision: int
    created_at: datetime = instant()
    saved_at: datetime = instant()


class InvitationRow(SQLModel, table=True):
    """One provider's receipt of one request. The carriers' role can change only what the provider did with it."""

    __tablename__ = "invitations"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("provider_id", "request_id"),
        CheckConstraint("status IN ('received', 'seen', 'declined', 'bid')", name="invitations_status"),
        Index("invitations_newest", "provider_id", "received_at", "id"),
        Index("invitations_of_request", "request_id"),
        {
            "schema": "market",
            "info": {
                "carrier": "SELECT, UPDATE (status, seen_at, declined_at, decline_reason)",
                "desk": "SELECT, UPDATE (status, seen_at, declined_at, decline_reason)",
                "own_rows": "provider_id",
            },
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = _own_provider()
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    filter_id: str = Field(sa_column=Column(Text, nullable=False))
    filter_name: str = Field(sa_column=Column(Text, nullable=False))
    reason: str = Field(sa_column=Column(Text, nullable=False))
    explanation: list[Any] = document()
    status: str = Field(sa_column=Column(Text, nullable=False))
    received_at: datetime = instant()
    seen_at: datetime | None = instant(nullable=True)
    declined_at: datetime | None = instant(nullable=True)
    decline_reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class TermsRow(SQLModel, table=True):
    """One version of a terms document: written once, never changed, so that its hash stays true.

    ``text`` of a PDF is what could be read of it; its bytes are a row of ``terms_files``.
    """

    __tablename__ = "terms_documents"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("provider_id", "title", "version"),
        {
            "schema": "market",
            "info": {"append_only": True, "carrier": "SELECT, INSERT", "desk": "SELECT", "own_rows": "provider_id"},
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = _own_provider()
    title: str = Field(sa_column=Column(Text, nullable=False))
    version: int
    text: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    created_at: datetime = instant()
    media_type: str = Field(
        default=MARKDOWN, sa_column=Column(Text, nullable=False, server_default=sql_text("'text/markdown'"))
    )
    pages: int | None = None
    key_terms: dict[str, Any] | None = document(nullable=True)


class TermsFileRow(SQLModel, table=True):
    """The bytes of a version that came as PDF, as they were hashed."""

    __tablename__ = "terms_files"
    __table_args__: ClassVar[Any] = (
        {"schema": "market", "info": {"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "provider_id"}},
    )
    terms_id: str = Field(sa_column=Column(Text, ForeignKey("market.terms_documents.id"), primary_key=True))
    provider_id: str = _own_provider()
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
