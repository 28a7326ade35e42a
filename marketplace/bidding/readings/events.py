"""What is told of who reads bids: not in the lot's own stream, which is the chain of what was bid."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from marketplace.kernel.ids import LotId
from marketplace.kernel.journal import Event


class Place(StrEnum):
    """Where bids were read."""

    TRANSCRIPT = "transcript"
    JOURNAL = "journal"
    EXPORT = "export of the journal"
    CHECK = "check of the stored lot"


@dataclass(frozen=True, slots=True)
class BidsRead(Event):
    """Somebody of the platform read bids on a lot."""

    name: ClassVar[str] = "bids.read"
    lot_id: LotId
    place: Place

    @property
    def stream(self) -> str:
        """All readings of this lot's bids."""
        return f"bids-read:{self.lot_id}"
