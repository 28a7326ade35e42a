"""What is told of announcements, by ids: pauses, resumptions and extensions are events of their lots."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class AuctionAnnounced(Event):
    """The platform announced a text to the buyer and to all invited providers."""

    name: ClassVar[str] = "auction.announced"
    request_id: RequestId
    announcement_id: str

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"
