"""Notices on the wire."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from notifications.model import Notice
from notifications.row import Severity, Subject

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]


class NoticeOutput(BaseModel):
    """A notice. ``count`` tells how many events of its kind it stands for; one more makes it unread again."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "ntc_7xk2mq4vbe3n6rjd5w2hza",
                    "event": "provider.invited",
                    "severity": "action",
                    "subject": "invitation",
                    "subject_id": "inv_q3mzk5t7w2b4n6xjdv2hra",
                    "title": "A new request",
                    "text": "You received the request of Buyer K7-204.",
                    "count": 1,
                    "created_at": "2026-11-02T12:00:00Z",
                    "updated_at": "2026-11-02T12:00:00Z",
                    "read": False,
                }
            ]
        }
    )

    id: str
    event: str
    severity: Severity
    subject: Subject = Field(description="What kind of thing the notice leads to; `subject_id` says which")
    subject_id: str
    title: str
    text: str
    count: int
    created_at: datetime
    updated_at: datetime
    read: bool = Field(description="Whether you, not your colleagues, have read it as it stands")

    @classmethod
    def of(cls, notice: Notice) -> "NoticeOutput":
        """Return the wire form of a notice."""
        return cls(
            id=notice.id,
            event=notice.event,
            severity=notice.severity,
            subject=notice.subject,
            subject_id=notice.subject_id,
            title=notice.title,
            text=notice.text,
            count=notice.count,
            created_at=notice.created_at,
            updated_at=notice.updated_at,
            read=notice.read,
        )


class UnreadCount(BaseModel):
    """How many notices you have not read."""

    unread: int


class MarkedRead(BaseModel):
    """How many notices were unread until now."""

    marked: int
