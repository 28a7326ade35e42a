"""Tables of the e-mail channel. The carriers' role has no right to any of them: addresses and the mail of others."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Text, text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant

_OPEN = text("status IN ('waiting', 'sending')")


class MailDeliveryRow(SQLModel, table=True):
    """One notice on its way to one reader by e-mail; a confirmation of an address has no notice.

    ``reader_id`` is a user, or the organization itself for its shared desk address. ``ordinal`` is the notice's when
    it was planned. ``due_at`` is when to try (again), ``planned_for`` when it was due at first. Deliveries that left
    in one mail share ``mail_id``, the id of the first of them. ``address``: where it went, or is to go.
    """

    __tablename__ = "mail_deliveries"
    __table_args__: ClassVar[Any] = (
        # a notice is mailed to a reader once for each time it became new, and never twice at the same time
        Index("mail_deliveries_once", "notice_id", "reader_id", "ordinal", unique=True),
        Index(
            "mail_deliveries_waiting",
            "notice_id",
            "reader_id",
            unique=True,
            postgresql_where=text("status = 'waiting' AND purpose = 'notice'"),
        ),
        Index("mail_deliveries_due", "due_at", postgresql_where=_OPEN),
        Index("mail_deliveries_old", "planned_for", postgresql_where=_OPEN),
        Index("mail_deliveries_mail", "mail_id"),
        Index("mail_deliveries_reader", "reader_id", "created_at"),
        {"schema": "market"},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    purpose: str = Field(sa_column=Column(Text, nullable=False))
    notice_id: str | None = Field(sa_column=Column(Text, ForeignKey("market.notices.id"), nullable=True))
    ordinal: int = Field(sa_column=Column(BigInteger, nullable=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    reader_id: str = Field(sa_column=Column(Text, nullable=False))
    address: str = Field(default="", sa_column=Column(Text, nullable=False))
    mail_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    edition: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    status: str = Field(sa_column=Column(Text, nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at: datetime = instant()
    planned_for: datetime = instant()
    due_at: datetime = instant()
    lease_until: datetime | None = instant(nullable=True)
    sent_at: datetime | None = instant(nullable=True)


class DeskAddressRow(SQLModel, table=True):
    """A provider's shared address, mailed once it is confirmed."""

    __tablename__ = "desk_addresses"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    organization_id: str = Field(sa_column=Column(Text, primary_key=True))
    address: str = Field(sa_column=Column(Text, nullable=False))
    set_at: datetime = instant()
    confirmed_at: datetime | None = instant(nullable=True)


class MailAddressRow(SQLModel, table=True):
    """An address with trouble: how often mail to it came back, and since when it is spared, if it is."""

    __tablename__ = "mail_addresses"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    address: str = Field(sa_column=Column(Text, primary_key=True))
    id: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    reader_id: str = Field(sa_column=Column(Text, nullable=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    bounces: int = Field(sa_column=Column(Integer, nullable=False))
    last_at: datetime | None = instant(nullable=True)
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    cause: str = Field(default="", sa_column=Column(Text, nullable=False))
    suppressed_at: datetime | None = instant(nullable=True)


class KeptMailRow(SQLModel, table=True):
    """A mail of a development installation without a mail server: kept to be looked at."""

    __tablename__ = "kept_mails"
    __table_args__: ClassVar[Any] = {"schema": "market"}
    id: str = Field(sa_column=Column(Text, primary_key=True))
    address: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    source: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant(index=True)
