"""Tables of requests: the private content, and the versions that carriers may read."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
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


class AttachmentRow(SQLModel, table=True):
    """A file of a request as carriers get it; its ``text``, for the leak check alone, they have no right to."""

    __tablename__ = "attachments"
    __table_args__: ClassVar[Any] = {
        "schema": "market",
        "info": {"carrier": "SELECT (request_id, ref, media_type, sha256, content)", "visible_rows": INVITED},
    }
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), primary_key=True))
    ref: str = Field(sa_column=Column(Text, primary_key=True))
    media_type: str = Field(sa_column=Column(Text, nullable=False))
    sha256: str = Field(sa_column=Column(Text, nullable=False))
    content: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))


class AcceptedFindingRow(SQLModel, table=True):
    """Words that the leak check found and the buyer took responsibility for; no carrier has any right here.

    ``source`` and ``subject`` say where they stand: the request itself, or a text beside it with its id.
    ``context`` is the text around them. An admin who has looked is ``seen_by``, with a ``note``.
    """

    __tablename__ = "accepted_findings"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("request_id", "source", "subject", "place", "words"),
        Index("accepted_findings_queue", "seen_at", "accepted_at", "id"),
        {"schema": "market"},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, nullable=False))
    version: int
    source: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    place: str = Field(sa_column=Column(Text, nullable=False))
    words: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    why: str = Field(sa_column=Column(Text, nullable=False))
    context: str = Field(sa_column=Column(Text, nullable=False))
    accepted_by: str = Field(sa_column=Column(Text, nullable=False))
    accepted_at: datetime = instant()
    seen_by: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    seen_at: datetime | None = instant(nullable=True)
    note: str = Field(default="", sa_column=Column(Text, nullable=False))
