"""Tables of text messages. The carriers' role has no right to any of them: phone numbers and the texts of others."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Text, text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant

_OPEN = text("status IN ('waiting', 'sending')")


class PhoneNumberRow(SQLModel, table=True):
    """A user's phone number, texted once it is confirmed. ``code`` is the mark of the code that was sent last."""

    __tablename__ = "phone_numbers"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    user_id: str = Field(sa_column=Column(Text, primary_key=True))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    number: str = Field(sa_column=Column(Text, nullable=False))
    set_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)
    code: str = Field(default="", sa_column=Column(Text, nullable=False))
    code_until: datetime | None = instant(nullable=True)
    code_attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))


class TextDeliveryRow(SQLModel, table=True):
    """One notice on its way to one user as a text; the text with a code has no notice.

    ``ordinal`` is the notice's when it was planned. ``due_at`` is when to try (again), ``planned_for`` when it was due
    at first. ``sealed_code`` is kept until the code was sent.
    """

    __tablename__ = "text_deliveries"
    __table_args__: ClassVar[Any] = (
        # a notice is texted to a reader once for each time it became new, and never twice at the same time
        Index("text_deliveries_once", "notice_id", "reader_id", "ordinal", unique=True),
        Index(
            "text_deliveries_waiting",
            "notice_id",
            "reader_id",
            unique=True,
            postgresql_where=text("status = 'waiting' AND purpose = 'notice'"),
        ),
        Index("text_deliveries_due", "due_at", postgresql_where=_OPEN),
        Index("text_deliveries_reader", "reader_id", "created_at"),
        {"schema": "market"},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    notice_id: str | None = Field(sa_column=Column(Text, ForeignKey("market.notices.id"), nullable=True))
    ordinal: int = Field(sa_column=Column(BigInteger, nullable=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    reader_id: str = Field(sa_column=Column(Text, nullable=False))
    status: str = Field(sa_column=Column(Text, nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))
    sealed_code: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    created_at: datetime = instant()
    planned_for: datetime = instant()
    due_at: datetime = instant()
    lease_until: datetime | None = instant(nullable=True)
    sent_at: datetime | None = instant(nullable=True)
