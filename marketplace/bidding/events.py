"""A lot's events in the journal: the engine's own events, in the lot's own stream, which is its hash chain."""

from dataclasses import dataclass
from typing import Any

from marketplace.bidding import model
from marketplace.kernel import codec
from marketplace.kernel.ids import LotId, RequestId


@dataclass(frozen=True, slots=True)
class LotEvent:
    """One event of the engine as the journal takes it. ``request_id`` stands beside it for those who watch requests."""

    request_id: RequestId
    lot_id: LotId
    event: model.Event

    @property
    def name(self) -> str:
        """The engine's name of the event, such as ``bid.placed``."""
        return self.event.type

    @property
    def stream(self) -> str:
        """The lot's own stream."""
        return f"lot:{self.lot_id}"

    def data(self) -> dict[str, Any]:
        """Return the event as JSON values with the ids around it."""
        return {"request_id": self.request_id, "lot_id": self.lot_id, "event": codec.dump(self.event)}


def engine_event(name: str, data: dict[str, Any]) -> model.Event:
    """Return the engine's event that ``LotEvent.data`` holds."""
    return model.event_from(name, data["event"])
