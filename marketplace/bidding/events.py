"""A lot's events: what the engine decides, and how the journal takes it, in the lot's own stream, its hash chain."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, TypeAlias, get_args

from marketplace.bidding.commands import OpenedPrice, Surrogate
from marketplace.bidding.rules import Rules
from marketplace.kernel import codec, ids
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId


@dataclass(frozen=True, slots=True)
class LotScheduled:
    """A lot was announced with its frozen rules and its first invited bidders.

    ``secret`` keys its bidders' aliases: no bidder ever reads this event.
    """

    type: ClassVar[str] = "auction.scheduled"
    lot_id: LotId
    rules: Rules
    rules_hash: str
    bidders: tuple[OrganizationId, ...]
    at: datetime
    secret: str = ""


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
    malus: Decimal | None = Decimal(0)
    automatic: bool = False
    surrogate: Surrogate | None = None


@dataclass(frozen=True, slots=True)
class TurnBidEntered:
    """In its turn a bidder entered a bid, which counts and shows when the turn ends; it may still rewrite it."""

    type: ClassVar[str] = "bid.entered"
    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    malus: Decimal
    commitment: str
    valid_until: date | None
    key: str
    at: datetime
    surrogate: Surrogate | None = None


@dataclass(frozen=True, slots=True)
class ProxySet:
    """A bidder lets the engine bid for it. The limit is its own business alone."""

    type: ClassVar[str] = "bid.proxy_set"
    bidder: OrganizationId
    bid_id: BidId
    limit: Decimal
    step: Decimal | None
    malus: Decimal
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
class WithdrawalRequested:
    """A bidder called its open bid an error and asks to have it taken out."""

    type: ClassVar[str] = "bid.withdrawal_requested"
    bidder: OrganizationId
    bid_id: BidId
    reason: str
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalRefused:
    """The bid stays."""

    type: ClassVar[str] = "bid.withdrawal_refused"
    bid_id: BidId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BidRetracted:
    """An erroneous bid was taken out of the standing; its bidder's previous valid bid counts again."""

    type: ClassVar[str] = "bid.retracted"
    bid_id: BidId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BidExpired:
    """A bid's validity ended: it no longer stands, nor does an earlier one of its bidder."""

    type: ClassVar[str] = "bid.expired"
    bid_id: BidId
    at: datetime


@dataclass(frozen=True, slots=True)
class BidderExcluded:
    """A bidder may not bid any longer, and its bids no longer stand."""

    type: ClassVar[str] = "auction.bidder_excluded"
    bidder: OrganizationId
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class BidderLeft:
    """A bidder is out of a falling clock for good: it said so, or stayed silent in a round."""

    type: ClassVar[str] = "auction.bidder_left"
    bidder: OrganizationId
    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundStarted:
    """A round of a format with rounds began: its number, its price under a clock, the order of its turns otherwise."""

    type: ClassVar[str] = "auction.round_started"
    number: int
    price: Decimal | None
    order: tuple[OrganizationId, ...]
    first_turn_at: datetime | None
    ends_at: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """A bidder's turn is over: what it entered, if anything, is placed by the next event."""

    type: ClassVar[str] = "auction.turn_ended"
    bidder: OrganizationId
    at: datetime


@dataclass(frozen=True, slots=True)
class RoundVoided:
    """An interruption made the round void: it is repeated."""

    type: ClassVar[str] = "auction.round_voided"
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class FinalOffersCalled:
    """The buyer called a short list to best and final offers, until one common cut-off."""

    type: ClassVar[str] = "auction.final_offers_called"
    bidders: tuple[OrganizationId, ...]
    closes_at: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LotRescheduled:
    """A lot that had not opened moved with the series that it is part of."""

    type: ClassVar[str] = "auction.rescheduled"
    opens_at: datetime
    closes_at: datetime
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
    """The announced close moved to a later instant; ``soft``: by a late improvement, not by an amendment."""

    type: ClassVar[str] = "auction.extended"
    closes_at: datetime
    at: datetime
    soft: bool = False


@dataclass(frozen=True, slots=True)
class LotClosed:
    """No more bids; ``at`` is the announced instant. It doesn't say how many there are: they may be sealed."""

    type: ClassVar[str] = "auction.closed"
    at: datetime


@dataclass(frozen=True, slots=True)
class BidsOpened:
    """The sealed prices became known."""

    type: ClassVar[str] = "auction.bids_opened"
    prices: tuple[OpenedPrice, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class LotAwarded:
    """The buyer selected a bid: the first, or where several win one more."""

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


NO_BIDS = "no_bids"
"""The reason of a lot that failed because nothing was left to award."""


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
    | TurnBidEntered
    | ProxySet
    | BidWithdrawn
    | WithdrawalRequested
    | WithdrawalRefused
    | BidRetracted
    | BidExpired
    | BidderExcluded
    | BidderLeft
    | RoundStarted
    | TurnEnded
    | RoundVoided
    | FinalOffersCalled
    | LotRescheduled
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


def _salt() -> str:
    return ids.new("salt")


@dataclass(frozen=True, slots=True)
class LotEvent:
    """One event of the engine as the journal takes it. ``request_id`` stands beside it for those who watch requests.

    ``salt`` goes into the event's hash, so that who knows the hash and guesses the rest can't try out what came before.
    """

    request_id: RequestId
    lot_id: LotId
    event: Event
    salt: str = field(default_factory=_salt)

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
        document = codec.dump(self.event)
        return {"request_id": self.request_id, "lot_id": self.lot_id, "event": document, "salt": self.salt}
