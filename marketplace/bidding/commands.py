"""What can be asked of a lot under auction: the commands of bidders, of the buyer and of the platform."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

from marketplace.kernel.ids import BidId, OrganizationId

Answers: TypeAlias = tuple[tuple[str, str], ...]
"""The answers to the declared criteria: ``(criterion, answer)`` by code."""


# ---- of a bidder


@dataclass(frozen=True, slots=True)
class Surrogate:
    """An agent enters a bid for a provider that asked it to: who, and the evidence that it was asked."""

    agent: str
    evidence: str


@dataclass(frozen=True, slots=True)
class PlaceBid:
    """A bidder names its price, in whole cents of the lot's currency; under a clock it is the clock's price.

    ``commitment`` binds the bid's content. For one content and ``key`` it must always be the same value, also in
    a repetition, because in a sealed lot it is all by which a repetition can be recognised. ``valid_until`` is the
    last day (UTC) on which the bid may be awarded. ``confirmed`` says that a step beyond the slip guard is meant.
    """

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    commitment: str
    valid_until: date | None
    key: str
    answers: Answers = ()
    confirmed: bool = False
    surrogate: Surrogate | None = None


@dataclass(frozen=True, slots=True)
class WithdrawBid:
    """A bidder takes its standing bid back, where the format lets it, or asks to: then ``reason`` is needed."""

    bidder: OrganizationId
    bid_id: BidId
    key: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetProxy:
    """A bidder lets the engine bid for it down to ``limit``, in steps of ``step`` or of the least decrement."""

    bidder: OrganizationId
    bid_id: BidId
    limit: Decimal
    commitment: str
    valid_until: date | None
    key: str
    step: Decimal | None = None
    answers: Answers = ()


@dataclass(frozen=True, slots=True)
class Leave:
    """A bidder leaves a falling clock for good, instead of staying silent until the round's end."""

    bidder: OrganizationId
    key: str


# ---- of the buyer, the platform and the market around the lot


@dataclass(frozen=True, slots=True)
class Invite:
    """One more bidder may bid, or one that was excluded may again."""

    bidder: OrganizationId


@dataclass(frozen=True, slots=True)
class Exclude:
    """A bidder may not bid any longer and its bids no longer stand: it was suspended or lost its approval."""

    bidder: OrganizationId
    reason: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock and take no bids, for a reason that all are told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on; the close moves by the time lost."""


@dataclass(frozen=True, slots=True)
class ReportOutage:
    """Nobody could bid between two instants: a long outage pauses the lot from its beginning."""

    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Extend:
    """The announced close moves to a later instant, by an amendment that all bidders are told."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class Reschedule:
    """A lot that has not opened yet moves, because the lot before it in a series did."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedPrice:
    """What was inside one sealed bid: its price and the malus of its answers."""

    bid_id: BidId
    amount: Decimal
    malus: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class OpenBids:
    """Reveal the prices of a closed sealed lot: every sealed bid's, checked against its commitment by the caller."""

    prices: tuple[OpenedPrice, ...]


@dataclass(frozen=True, slots=True)
class DecideWithdrawal:
    """The buyer or the platform decides about a bid that its bidder calls an error."""

    bid_id: BidId
    granted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class CallFinalOffers:
    """The buyer calls a short list of the still valid bids to a best and final offer, and says why these."""

    bidders: tuple[OrganizationId, ...]
    closes_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class MarkAwarded:
    """The buyer selected this bid."""

    bid_id: BidId


@dataclass(frozen=True, slots=True)
class MarkNotAwarded:
    """The buyer takes none of the bids."""

    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    """The award of ``bid_id`` (None: every award) fell through: the lot is the buyer's again, with the other bids."""

    reason: str
    bid_id: BidId | None = None


@dataclass(frozen=True, slots=True)
class Cancel:
    """The request was withdrawn."""

    reason: str


Command: TypeAlias = (
    PlaceBid
    | WithdrawBid
    | SetProxy
    | Leave
    | Invite
    | Exclude
    | Pause
    | Resume
    | ReportOutage
    | Extend
    | Reschedule
    | OpenBids
    | DecideWithdrawal
    | CallFinalOffers
    | MarkAwarded
    | MarkNotAwarded
    | Return
    | Cancel
)
