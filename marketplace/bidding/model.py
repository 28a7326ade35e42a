"""The values of one lot under auction: its rules, state, commands, events, refusals and views."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from marketplace.kernel import codec
from marketplace.kernel.ids import BidId, LotId, OrganizationId


class Status(StrEnum):
    """Where a lot is: ``scheduled → open ⇄ paused → closed → awarded | failed | cancelled``."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    AWARDED = "awarded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Base(StrEnum):
    """Whose price a later bid must beat by the decrement."""

    OWN = "own"
    NEXT = "next"
    LEAD = "lead"


class DecrementKind(StrEnum):
    """Whether a decrement is money or a share of the price that it is taken from."""

    ABSOLUTE = "absolute"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Decrement:
    """The least step down: ``value`` in the lot's currency, or in percent of the base price."""

    kind: DecrementKind
    value: Decimal

    def of(self, base: Decimal) -> Decimal:
        """Return the step in money from ``base``."""
        return self.value if self.kind is DecrementKind.ABSOLUTE else base * self.value / 100


@dataclass(frozen=True, slots=True)
class Rules:
    """What was announced before the auction and never changes; ``format`` and ``visibility`` are codes of the tables.

    ``ceiling`` (C) is the highest price taken. ``decrement`` and ``base`` are for formats with visible steps. A bid
    must stay valid until ``valid_until_at_least`` or longer.
    """

    format: str
    visibility: str
    currency: str
    opens_at: datetime
    closes_at: datetime
    ceiling: Decimal | None = None
    decrement: Decrement | None = None
    base: Base = Base.OWN
    min_bidders: int = 1
    valid_until_at_least: date | None = None


def rules_hash(rules: Rules) -> str:
    """Return the SHA-256 of the rules' canonical form: it stands in every receipt."""
    return codec.digest(codec.dump(rules))


# ---- state


@dataclass(frozen=True, slots=True)
class StandingBid:
    """The bid that counts for one bidder now. ``amount`` is None while it is sealed.

    ``placed_at`` is the time of the current price and ``sequence`` the number of the event that set it.
    """

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal | None
    commitment: str
    valid_until: date | None
    placed_at: datetime
    sequence: int
    version: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an accepted command of a bidder led to: found again under its key, so that a repetition gets the same.

    ``sequence`` tells how much has happened in the lot: while bids are sealed it is not for the bidder.
    """

    type: str
    bid_id: BidId
    amount: Decimal | None
    commitment: str | None
    valid_until: date | None
    at: datetime
    sequence: int
    version: int


@dataclass(frozen=True, slots=True)
class LotState:
    """All that the events of one lot led to. Its mappings are replaced, never changed in place.

    ``at`` is the time of the last event, ``bidders`` maps each invited bidder to the time of its invitation,
    ``ranking`` names the bidders with a known price, best first, ``seen_keys`` holds each bidder's receipts by
    key, ``opened`` says that prices are known to the lot, ``reason`` is that of the pause, failure or cancellation.
    """

    lot_id: LotId
    status: Status
    rules: Rules
    rules_hash: str
    sequence: int
    at: datetime
    opens_at: datetime
    closes_at: datetime
    bidders: Mapping[OrganizationId, datetime]
    standing: Mapping[OrganizationId, StandingBid]
    ranking: tuple[OrganizationId, ...]
    seen_keys: Mapping[OrganizationId, Mapping[str, Receipt]]
    opened: bool
    paused_at: datetime | None = None
    reason: str | None = None
    awarded_bid: BidId | None = None


# ---- commands


@dataclass(frozen=True, slots=True)
class PlaceBid:
    """A bidder names its price, in whole cents of the lot's currency.

    ``commitment`` binds the bid's content. For one content and ``key`` it must always be the same value, also in
    a repetition, because in a sealed lot it is all by which a repetition can be recognised. ``valid_until`` is the
    last day (UTC) on which the bid may be awarded.
    """

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    commitment: str
    valid_until: date | None
    key: str


@dataclass(frozen=True, slots=True)
class WithdrawBid:
    """A bidder takes its standing bid back."""

    bidder: OrganizationId
    bid_id: BidId
    key: str


@dataclass(frozen=True, slots=True)
class Invite:
    """One more bidder may bid."""

    bidder: OrganizationId


@dataclass(frozen=True, slots=True)
class Pause:
    """Stop the clock and take no bids, for a reason that all are told."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Go on; the close moves by the time lost."""


@dataclass(frozen=True, slots=True)
class Extend:
    """The buyer moved the announced close to a later instant, by an amendment that all bidders are told."""

    closes_at: datetime


@dataclass(frozen=True, slots=True)
class OpenBids:
    """Reveal the prices of a closed sealed lot: every standing bid's, checked against its commitment by the caller."""

    amounts: tuple[tuple[BidId, Decimal], ...]


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
    """The award fell through: the lot is the buyer's again, with the remaining valid bids."""

    reason: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The request was withdrawn."""

    reason: str


Command: TypeAlias = (
    PlaceBid
    | WithdrawBid
    | Invite
    | Pause
    | Resume
    | Extend
    | OpenBids
    | MarkAwarded
    | MarkNotAwarded
    | Return
    | Cancel
)


# ---- refusals


class RefusalCode(StrEnum):
    """Why a command was not accepted."""

    NOT_INVITED = "not_invited"
    NOT_OPEN_YET = "not_open_yet"
    PAUSED = "paused"
    LATE = "late"
    CANCELLED = "cancelled"
    KEY_REUSED = "key_reused"
    NOT_A_PRICE = "not_a_price"
    OVER_CEILING = "over_ceiling"
    STEP_TOO_SMALL = "step_too_small"
    VALIDITY_TOO_SHORT = "validity_too_short"
    NO_SUCH_BID = "no_such_bid"
    WITHDRAWAL_NOT_OFFERED = "withdrawal_not_offered"
    WRONG_STATUS = "wrong_status"
    STILL_SEALED = "still_sealed"
    OPENING_MISMATCH = "opening_mismatch"
    BID_EXPIRED = "bid_expired"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a command was refused: ``rule`` names the rule, ``detail`` says it to the reader.

    ``amount`` and ``own_amount`` are the reader's own numbers (asked and standing); ``next_admissible_price`` is
    the highest price that would be accepted, as far as the reader may know it.
    """

    code: RefusalCode
    rule: str
    detail: str
    amount: Decimal | None = None
    own_amount: Decimal | None = None
    next_admissible_price: Decimal | None = None


# ---- views


@dataclass(frozen=True, slots=True)
class OwnBid:
    """A bidder's own standing bid, as it may see it: ``amount`` is None while it is sealed."""

    bid_id: BidId
    amount: Decimal | None
    valid_until: date | None
    placed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class BidderView:
    """All that one bidder may know of a lot, and all that decides about its bids.

    ``rank`` is the place in the one order and ``joint`` says that another has the same price; ``lead_price`` and
    ``next_price`` (of the bidder ranked before) are None where the visibility or the rules don't disclose them;
    ``won`` is None until an award.
    """

    lot_id: LotId
    status: Status
    rules_hash: str
    opens_at: datetime
    closes_at: datetime
    reason: str | None
    invited: bool
    opened: bool
    own: OwnBid | None
    rank: int | None = None
    joint: bool | None = None
    lead_price: Decimal | None = None
    next_price: Decimal | None = None
    next_admissible_price: Decimal | None = None
    won: bool | None = None


@dataclass(frozen=True, slots=True)
class RankedBid:
    """One line of the standing, with its place in the one order; ``joint``: another has the same price."""

    rank: int
    joint: bool
    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    valid_until: date | None
    placed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class BuyerBid:
    """One line of the standing for the buyer: ``bidder`` is None until the lot has closed."""

    rank: int
    joint: bool
    bidder: OrganizationId | None
    bid_id: BidId
    amount: Decimal
    valid_until: date | None
    placed_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class BuyerView:
    """All that the buyer may know of a lot. ``bids`` and ``too_few_bidders`` are None while bids are sealed.

    ``too_few_bidders`` is also None before the close: bids may still come.
    """

    lot_id: LotId
    status: Status
    rules_hash: str
    opens_at: datetime
    closes_at: datetime
    reason: str | None
    invited: int
    opened: bool
    bids: tuple[BuyerBid, ...] | None
    too_few_bidders: bool | None
    awarded_bid: BidId | None
