"""Tables of webhooks: endpoints, deliveries and attempts. A carrier sees the rows of its organization alone."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class WebhookEndpointRow(SQLModel, table=True):
    """One address of one organization. ``kind``: of the organization. Secrets are sealed.

    ``failures``: attempts that failed since the last that did not; ``last_ms``: how long the last one took.
    ``rests_until``: it asked to be sent nothing before.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__: ClassVar[Any] = (
        Index("webhook_endpoints_organization", "organization_id"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT, UPDATE", "own_rows": "organization_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    url: str = Field(sa_column=Column(Text, nullable=False))
    description: str = Field(sa_column=Column(Text, nullable=False))
    events: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    condition: str = Field(sa_column=Column(Text, nullable=False))
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous_secret: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    previous_until: datetime | None = instant(nullable=True)
    created_at: datetime = instant()
    created_by: str = Field(sa_column=Column(Text, nullable=False))
    failures: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    last_ms: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    failing_since: datetime | None = instant(nullable=True)
    rests_until: datetime | None = instant(nullable=True)
    disabled_at: datetime | None = instant(nullable=True)
    disabled_because: str = Field(default="", sa_column=Column(Text, nullable=False))


class WebhookDeliveryRow(SQLModel, table=True):
    """One message to one endpoint.

    ``ordinal`` is that of the notice when it was planned: messages about one ``subject`` go in its order. ``body`` is
    written when the message is first taken and stays; until then one delivery stands for all states of its notice.
    ``taken_until``: somebody is sending it. ``attempts_before``: those made before its schedule began at ``began_at``,
    which is at once, or when it was asked for again.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("endpoint_id", "notice_id", "ordinal"),
        Index(
            "webhook_deliveries_unwritten",
            "endpoint_id",
            "notice_id",
            unique=True,
            postgresql_where=text("state = 'pending' AND body IS NULL"),
        ),
        Index(
            "webhook_deliveries_order",
            "endpoint_id",
            "subject",
            "ordinal",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("webhook_deliveries_due", "due_at", postgresql_where=text("state = 'pending'")),
        Index("webhook_deliveries_log", "endpoint_id", "created_at", "ordinal", "id"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT, UPDATE", "own_rows": "organization_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    endpoint_id: str = Field(sa_column=Column(Text, ForeignKey("market.webhook_endpoints.id"), nullable=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    notice_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    event: str = Field(sa_column=Column(Text, nullable=False))
    subject: str = Field(sa_column=Column(Text, nullable=False))
    ordinal: int = Field(sa_column=Column(BigInteger, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    attempts_before: int = Field(default=0, sa_column=Column(Integer, nullable=False))
    began_at: datetime = instant()
    body: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    occurred_at: datetime = instant()
    created_at: datetime = instant()
    due_at: datetime = instant()
    taken_until: datetime | None = instant(nullable=True)
    finished_at: datetime | None = instant(nullable=True)
    last_status: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    last_error: str = Field(default="", sa_column=Column(Text, nullable=False))


class WebhookAttemptRow(SQLModel, table=True):
    """One attempt of a delivery, and the first of what was answered."""

    __tablename__ = "webhook_attempts"
    __table_args__: ClassVar[Any] = {
        "schema": "market",
        "info": {"carrier": "SELECT", "own_rows": "organization_id"},
    }
    delivery_id: str = Field(
        sa_column=Column(Text, ForeignKey("market.webhook_deliveries.id", ondelete="CASCADE"), primary_key=True)
    )
    number: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    organization_id: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant()
    status: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
    duration_ms: int = Field(sa_column=Column(Integer, nullable=False))
    answer: str = Field(sa_column=Column(Text, nullable=False))
    error: str = Field(sa_column=Column(Text, nullable=False))
