"""Wire types of announcements."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.bidding.announcements import rules
from marketplace.bidding.announcements.model import Announcement, AnnouncementKind


class AnnouncementInput(BaseModel):
    """What the buyer and all invited carriers are told; it must not tell who the buyer is."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=3, max_length=rules.LONGEST, pattern=r"^[^\x00]*$"),
    ] = Field(examples=["A cable cut slows us down: we watch, and extend if bids can't come through."])


class AnnouncementOutput(BaseModel):
    """A text of the platform, or its act on the clocks of `lots` (none named: all) with its reason as `text`.

    `closes_at` comes with an extension.
    """

    id: str
    kind: AnnouncementKind
    lots: list[str]
    text: str
    closes_at: datetime | None
    at: datetime

    @classmethod
    def of(cls, announcement: Announcement) -> "AnnouncementOutput":
        """Return the wire form of ``announcement``."""
        return cls(
            id=announcement.id,
            kind=announcement.kind,
            lots=list(announcement.lots),
            text=announcement.text,
            closes_at=announcement.closes_at,
            at=announcement.at,
        )
