"""The feed on the wire."""

from pydantic import BaseModel, Field

from notifications.feed.model import Part
from notifications.feed.service import cursor_text
from notifications.schemas import NoticeOutput


class FeedOutput(BaseModel):
    """A part of the feed. `next` is always there: send it as `after` of the next call, now or later."""

    items: list[NoticeOutput]
    next: str = Field(examples=["WzQyXQ"])
    more: bool = Field(description="Whether there is more behind `next` already")

    @classmethod
    def of(cls, part: Part) -> "FeedOutput":
        """Return the wire form of a part."""
        items = [NoticeOutput.of(notice) for notice in part.notices]
        return cls(items=items, next=cursor_text(part.cursor), more=part.more)
