"""The table of announcements."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import document, instant


class AnnouncementRow(SQLModel, table=True):
    """One announcement, written once. Invited providers read all of the columns, but not what is for the buyer alone.

    Who announced it is in the journal.
    """

    __tablename__ = "announcements"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("kind IN ('announced', 'paused', 'resumed', 'extended')", name="announcements_kind"),
        Index("announcements_newest", "request_id", "at", "id"),
        {
            "schema": "market",
            "info": {
                "append_only": True,
                "carrier": "SELECT",
                "desk": "SELECT",
                "visible_rows": "to_bidders AND request_id IN (SELECT request_id FROM market.invitations)",
            },
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    lots: list[str] = document()
    text: str = Field(sa_column=Column(Text, nullable=False))
    closes_at: datetime | None = instant(nullable=True)
    at: datetime = instant()
    to_bidders: bool
