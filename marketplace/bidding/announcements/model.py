"""Announcements as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.ids import RequestId


class AnnouncementKind(StrEnum):
    """A text of the platform, or an act of it on the clocks of lots."""

    ANNOUNCED = "announced"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True)
class Announcement:
    """One entry. ``lots`` empty: all of the request. ``closes_at`` comes with an extension alone.

    ``to_bidders``: not told to them all if it concerns a last round, of which only those who were called know.
    """

    id: str
    request_id: RequestId
    kind: AnnouncementKind
    lots: tuple[str, ...]
    text: str
    closes_at: datetime | None
    at: datetime
    to_bidders: bool = True
