"""The kernel's tables and the column types that every room's tables share."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

KERNEL = "kernel"


def instant(*, nullable: bool = False, index: bool = False) -> Any:
    """Return a field for an aware UTC instant (timestamptz)."""
    if nullable:
        return Field(default=None, sa_column=Column(DateTime(timezone=True), nullable=True, index=index))
    return Field(sa_column=Column(DateTime(timezone=True), nullable=False, index=index))


def document(*, nullable: bool = False) -> Any:
    """Return a field for a JSON document (jsonb)."""
    if nullable:
        return Field(default=None, sa_column=Column(JSONB(none_as_null=True), nullable=True))
    return Field(sa_column=Column(JSONB, nullable=False))


class StreamRow(SQLModel, table=True):
    """The head of one journal stream: how many events it has and the hash of the last."""

    __tablename__ = "streams"
    __table_args__: ClassVar[Any] = {
        "schema": KERNEL,
        # the streams that a carrier's own commands append to; those of buyers and accounts don't exist for it
        "info": {
            "carrier": "SELECT, INSERT, UPDATE",
            "desk": "SELECT, INSERT, UPDATE",
            "visible_rows": "split_part(stream, ':', 1) IN ('lot', 'invitation', 'provider', 'request')",
        },
    }
    stream: str = Field(sa_column=Column(Text, primary_key=True))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    head: str = Field(sa_column=Column(Text, nullable=False))


class JournalRow(SQLModel, table=True):
    """One event: appended, never changed. ``position`` is stamped after commit by the sequencer."""

    __tablename__ = "journal"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("stream", "seq"),
        Index("journal_position", "position", unique=True),
        Index("journal_unstamped", "id", postgresql_where=text("position IS NULL")),
        # a carrier's transaction appends and can't read back: the journal knows which buyer did what. The desk reads
        # the auctions' own streams, in which no buyer is
        {
            "schema": KERNEL,
            "info": {
                "append_only": True,
                "stamped": ("position",),
                "carrier": "INSERT",
                "visible_rows": "true",
                "desk": "SELECT, INSERT",
                "desk_rows": "stream LIKE 'lot:%'",
            },
        },
    )
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True))
    stream: str = Field(sa_column=Column(Text, nullable=False))
    seq: int = Field(sa_column=Column(BigInteger, nullable=False))
    position: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    type: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant()
    user_id: str = Field(sa_column=Column(Text, nullable=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    data: dict[str, Any] = document()
    previous: str = Field(sa_column=Column(Text, nullable=False))
    hash: str = Field(sa_column=Column(Text, nullable=False))


class CursorRow(SQLModel, table=True):
    """How far one subscriber has read the journal, and its last trouble."""

    __tablename__ = "cursors"
    __table_args__: ClassVar[Any] = {"schema": KERNEL}
    name: str = Field(sa_column=Column(Text, primary_key=True))
    position: int = Field(sa_column=Column(BigInteger, nullable=False))
    failures: int = Field(default=0)
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))
    retry_at: datetime | None = instant(nullable=True)


class AlarmRow(SQLModel, table=True):
    """Something that is due at an instant."""

    __tablename__ = "alarms"
    __table_args__: ClassVar[Any] = {"schema": KERNEL, "info": {"desk": "SELECT, INSERT, UPDATE"}}
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    due_at: datetime = instant(index=True)


class HeartbeatRow(SQLModel, table=True):
    """When the installation last showed that it lives: a gap is an outage."""

    __tablename__ = "heartbeats"
    __table_args__: ClassVar[Any] = {"schema": KERNEL}
    name: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = instant()


class IdempotencyRow(SQLModel, table=True):
    """The answer that was given to a command under an Idempotency-Key. ``answer`` is sealed."""

    __tablename__ = "idempotency"
    __table_args__: ClassVar[Any] = {
        "schema": KERNEL,
        "info": {
            "carrier": "SELECT, INSERT",
            "desk": "SELECT, INSERT",
            "visible_rows": "split_part(caller, ' ', 1) = current_setting('marketplace.user', true)",
        },
    }
    caller: str = Field(sa_column=Column(Text, primary_key=True))
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: str = Field(sa_column=Column(Text, nullable=False))
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = instant(index=True)


class ImportRow(SQLModel, table=True):
    """A thing that came in from an outside source: under which reference there, and its id here."""

    __tablename__ = "imports"
    __table_args__: ClassVar[Any] = {"schema": KERNEL}
    source: str = Field(sa_column=Column(Text, primary_key=True))
    kind: str = Field(sa_column=Column(Text, primary_key=True))
    reference: str = Field(sa_column=Column(Text, primary_key=True))
    id: str = Field(sa_column=Column(Text, nullable=False))
    imported_at: datetime = instant()
