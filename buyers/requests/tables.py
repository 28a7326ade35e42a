"""Tables of requests: the private content, and the versions that carriers may read."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant

INVITED = "request_id IN (SELECT request_id FROM market.invitations)"
"""Row security: a carrier reads what belongs to the requests that it was invited to (invitations show own rows)."""


class RequestRow(SQLModel, table=True):
    """One request. Whose it is, is not in here. Carriers may read the columns of its state, never the content."""

    __tablename__ = "requests"
    __table_args__: ClassVar[Any] = (
        CheckConstraint(
            "status IN ('draft', 'awaiting verification', 'open', 'awarded', 'not awarded', 'withdrawn')",
            name="requests_status",
        ),
        Index("requests_open", "closes_at", postgresql_where=text("status = 'open'")),
        {
            "schema": "market",
            "info": {
                "carrier": "SELECT (id, status, suspended, version, closes_at, ends_at, published_at)",
                "desk": "SELECT (id, status, suspended, version, closes_at, ends_at, published_at)",
                "visible_rows": "id IN (SELECT request_id FROM market.invitations)",
            },
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    status: str = Field(sa_column=Column(Text, nullable=False))
    suspended: bool = Field(default=False)
    revision: int = Field(default=1)
    version: int = Field(default=0)
    pseudonym: str = Field(sa_column=Column(Text, nullable=False))
    catalogue_version: str = Field(sa_column=Column(Text, nullable=False))
    content: dict[str, Any] = document()
    closes_at: datetime | None = instant(nullable=True)
    ends_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    published_at: datetime | None = instant(nullable=True)
    end_reason: str = Field(default="", sa_column=Column(Text, nullable=False))


class PublicationRow(SQLModel, table=True):
    """One published version: ``view`` is exactly what every invited carrier sees; ``bands`` as disclosed."""

    __tablename__ = "publications"
    __table_args__: ClassVar[Any] = {
        "schema": "market",
        "info": {
            "carrier": "SELECT (request_id, version, view, changed, at)",
            "desk": "SELECT (request_id, version, view, changed, at)",
            "visible_rows": INVITED,
        },
    }
    request_id: str = Field(sa_column=Column(Text, primary_key=True))
    version: int = Field(primary_key=True)
    view: dict[str, Any] = document()
    bands: dict[str, Any] = document()
    changed: list[str] = document()
    at: datetime = instant()
