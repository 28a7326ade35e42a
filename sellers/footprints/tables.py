"""Tables of footprints: each provider's setting, and the versions that it uploaded."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class FootprintRow(SQLModel, table=True):
    """A provider's setting: who may know, which version is in force (0: none), and the newest number ever given."""

    __tablename__ = "footprints"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("visibility IN ('private', 'published')", name="footprints_visibility"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT, UPDATE", "own_rows": "provider_id"}},
    )
    provider_id: str = Field(sa_column=Column(Text, ForeignKey("market.providers.id"), primary_key=True))
    visibility: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'private'")))
    in_force: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    newest: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))


class FootprintVersionRow(SQLModel, table=True):
    """One upload. ``content`` is its CSV, compressed; ``keys`` (ascending) and ``offer_of`` lie side by side.

    Numbers are little-endian, of 8 and 4 bytes. ``on_net`` and ``near_net`` are place keys as territories take them.
    """

    __tablename__ = "footprint_versions"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("provider_id", "number"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT, DELETE", "own_rows": "provider_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    provider_id: str = Field(sa_column=Column(Text, ForeignKey("market.providers.id"), nullable=False))
    number: int
    rows: int
    rows_on_net: int
    rows_near_net: int
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    uploaded_at: datetime = instant()
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    keys: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    offer_of: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    offers: list[Any] = document()
    on_net: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    near_net: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
