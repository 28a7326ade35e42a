"""A lot's events: what the engine decides, and how the journal takes it, in the lot's own stream, its hash chain."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias, get_args

from marketplace.bidding.model import Rules
from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId


@dataclass(frozen=True, slots=True)
class LotScheduled:
    """A lot was announced with its frozen rules and its first invited bidders."""

    type: ClassVar[str] = "auction.scheduled"
    lot_id: LotId
    rules: Rules
    rules_hash: str
    bidders: tuple[OrganizationId, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class BidderInvited:
    """One more bidder was invited."""

    type: ClassVar[str] = "auction.bidder_invited"
    bidder: OrganizationId
    at: datetime


@dataclass(frozen=True, slots=True)
class LotOpened:
    """Bids are taken; ``at`` is the announced instant, however late the clock was looked at."""

    type: ClassVar[str] = "auction.opened"
    at: datetime


@dataclass(frozen=True, slots=True)
class BidPlaced:
    """A bid was accepted; ``amount`` is None in sealed formats until the opening."""

    type: ClassVar[str] = "bid.placed"
    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal | None
    commitment: str
    valid_until: date | None
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BidWithdrawn:
    """A bidder took its bid back."""

    type: ClassVar[str] = "bid.withdrawn"
    bidder: OrganizationId
    bid_id: BidId
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LotPaused:
    """The clock stands still."""

    type: ClassVar[str] = "auction.paused"
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LotResumed:
    """The clock runs again, towards a later close."""

    type: ClassVar[str] = "auction.resumed"
    closes_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class LotExtended:
    """The announced close moved to a later instant."""

    type: ClassVar[str] = "auction.extended"
    closes_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class LotClosed:
    """No more bids; ``at`` is the announced instant. It doesn't say how many there are: they may be sealed."""

    type: ClassVar[str] = "auction.closed"
    at: datetime


@dataclass(frozen=True, slots=True)
class BidsOpened:
    """The sealed prices became known."""

    type: ClassVar[str] = "auction.bids_opened"
    amounts: tuple[tuple[BidId, Decimal], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class LotAwarded:
    """The buyer selected a bid."""

    type: ClassVar[str] = "auction.awarded"
    bid_id: BidId
    at: datetime


@dataclass(frozen=True, slots=True)
class LotReturned:
    """An award fell through; ``dropped`` names the bids that no longer stand: the awarded one and the expired ones."""

    type: ClassVar[str] = "auction.returned"
    reason: str
    dropped: tuple[BidId, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class LotFailed:
    """The lot ended without an award."""

    type: ClassVar[str] = "auction.failed"
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LotCancelled:
    """The lot ended because its request was withdrawn."""

    type: ClassVar[str] = "auction.cancelled"
    reason: str
    at: datetime


Event: TypeAlias = (
    LotScheduled
    | BidderInvited
    | LotOpened
    | BidPlaced
    | BidWithdrawn
    | LotPaused
    | LotResumed
    | LotExtended
    | LotClosed
    | BidsOpened
    | LotAwarded
    | LotReturned
    | LotFailed
    | LotCancelled
)

EVENTS: dict[str, type[Event]] = {kind.type: kind for kind in get_args(Event)}
"""The closed vocabulary: every event by its type's name."""


def event_from(type_: str, document: Any) -> Event:
    """Return the event that ``codec.dump`` turned into ``document``. Raises KeyError for a type that doesn't exist."""
    return codec.load(EVENTS[type_], document)


@dataclass(frozen=True, slots=True)
class LotEvent:
    """One event of the engine as the journal takes it. ``request_id`` stands beside it for those who watch requests."""

    request_id: RequestId
    lot_id: LotId
    event: Event

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
