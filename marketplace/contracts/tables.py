"""The table of contracts, from the presentation of terms on."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class ContractRow(SQLModel, table=True):
    """One presentation of terms and what became of it. ``document_text`` is text: its bytes are what was hashed.

    A carrier reads its own and changes none.
    """

    __tablename__ = "contracts"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("status IN ('presented', 'accepted', 'refused', 'withdrawn')", name="contracts_status"),
        CheckConstraint("(status = 'accepted') = (document_text IS NOT NULL)", name="contracts_document"),
        UniqueConstraint("award_id", "provider_id", "terms_id", "request_version"),
        Index("contracts_newest", "provider_id", "presented_at", "id"),
        {"schema": "market", "info": {"carrier": "SELECT", "own_rows": "provider_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False, index=True))
    invitation_id: str = Field(sa_column=Column(Text, nullable=False))
    award_id: str = Field(sa_column=Column(Text, nullable=False))
    provider_id: str = Field(sa_column=Column(Text, nullable=False))
    terms_id: str = Field(sa_column=Column(Text, nullable=False))
    request_version: int
    status: str = Field(sa_column=Column(Text, nullable=False))
    presentation: dict[str, Any] = document()
    presented_at: datetime = instant()
    acceptance: dict[str, Any] | None = document(nullable=True)
    refusal: dict[str, Any] | None = document(nullable=True)
    document_text: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    sha256: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    signature: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
