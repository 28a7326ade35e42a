"""The values of one lot under auction: its state, what a bidder may be refused for, and what each participant sees.

Those that every bid makes anew are named tuples: they cost half of what a frozen dataclass does.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from immutables import Map

from marketplace.bidding.ladder import Ladder, Rung
from marketplace.bidding.play import Play
from marketplace.bidding.rules import Rules
from marketplace.kernel.ids import BidId, LotId, OrganizationId, RequestId


class Status(StrEnum):
    """Where a lot is: ``scheduled → open ⇄ paused → closed → awarded | failed | cancelled``."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"
    AWARDED = "awarded"
    FAILED = "failed"
    CANCELLED = "cancelled"


# ---- state


class StandingBid(NamedTuple):
    """A bid that counts, or counted, for one bidder. ``amount`` and ``malus`` are None while they are sealed.

    ``malus`` is what its declared qualities add to its price, in money; ``placed_at`` is the time of the price and
    ``sequence`` the number of the event that set it. ``automatic``: placed by the bidder's proxy. ``points`` is only
    set under relative points, which the whole standing decides.
    """

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal | None
    malus: Decimal | None
    commitment: str
    valid_until: date | None
    placed_at: datetime
    sequence: int
    version: int
    automatic: bool = False
    surrogate: bool = False
    points: Decimal | None = None

    @property
    def cost(self) -> Decimal:
        """The effective cost: price plus malus (under relative points: minus those). Raises ValueError while sealed."""
        if self.points is not None:
            return -self.points
        if self.amount is None or self.malus is None:
            raise ValueError(f"{self.bid_id} is sealed and has no rank")
        return self.amount + self.malus

    @property
    def rung(self) -> Rung:
        """Its place in the one order: ``(effective cost, time of the current price, sequence)``, lower is better."""
        return self.cost, self.placed_at, self.sequence, self.bidder


@dataclass(frozen=True, slots=True)
class Proxy:
    """A bidder's instruction to bid for it down to ``limit`` (its own money), by ``step`` or the least decrement."""

    bidder: OrganizationId
    bid_id: BidId
    limit: Decimal
    step: Decimal | None
    malus: Decimal
    commitment: str
    valid_until: date | None
    set_at: datetime
    sequence: int


@dataclass(frozen=True, slots=True)
class WithdrawalRequest:
    """A bidder says that its open bid is an error; the buyer or the platform decides."""

    bidder: OrganizationId
    bid_id: BidId
    reason: str
    at: datetime


class Receipt(NamedTuple):
    """What an accepted command of a bidder led to: found again under its key, so that a repetition gets the same.

    ``content`` is all that makes a repetition one (see ``content_of``); ``sequence`` tells how much has happened in
    the lot: while bids are sealed it is not for the bidder.
    """

    type: str
    bid_id: BidId
    content: str
    at: datetime
    sequence: int
    version: int


class LotState(NamedTuple):
    """All that the events of one lot led to.

    ``at`` is the time of the last event, ``bidders`` maps each invited bidder to the time of its invitation,
    ``standing`` holds the bid that counts per bidder and ``bids`` every bid that was not taken back, by bidder and
    version; ``ladder`` is the standing with known prices, best first. ``receipts`` are found by bidder and key.
    ``opened`` says that prices are known to the lot, ``reason`` is that of the pause, failure or cancellation,
    ``extensions`` counts those of the soft close, ``first_expiry`` is a day before which no standing bid expires.
    ``awarded_bid`` was awarded first, ``also_awarded`` after it where several win. ``lost`` is the time that all pauses
    took, ``secret`` keys the aliases, ``opening`` holds the bidders with their costs as the bids were opened, best
    first, where payments depend on them.
    """

    lot_id: LotId
    status: Status
    rules: Rules
    rules_hash: str
    sequence: int
    at: datetime
    opens_at: datetime
    closes_at: datetime
    opened: bool
    bidders: Map[OrganizationId, datetime]
    excluded: Map[OrganizationId, str] = Map()
    standing: Map[OrganizationId, StandingBid] = Map()
    bids: Map[tuple[OrganizationId, int], StandingBid] = Map()
    versions: Map[OrganizationId, int] = Map()
    ladder: Ladder = Ladder()
    receipts: Map[tuple[OrganizationId, str], Receipt] = Map()
    proxies: Map[OrganizationId, Proxy] = Map()
    withdrawals: Map[BidId, WithdrawalRequest] = Map()
    extensions: int = 0
    first_expiry: date | None = None
    play: Play | None = None
    paused_at: datetime | None = None
    reason: str | None = None
    awarded_bid: BidId | None = None
    also_awarded: tuple[BidId, ...] = ()
    lost: timedelta = timedelta()
    secret: str = ""
    opening: tuple[tuple[OrganizationId, Decimal], ...] = ()

    @property
    def awards(self) -> tuple[BidId, ...]:
        """All awarded bids, in the order of their awards."""
        return () if self.awarded_bid is None else (self.awarded_bid, *self.also_awarded)


def content_of(commitment: str, amount: Decimal | None, valid_until: date | None) -> str:
    """Return what a repeated command has to have in common with the first. ``amount`` is None while it is sealed."""
    return f"{commitment} {amount} {valid_until}"


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
    EXCLUDED = "excluded"
    QUALITY_MISSING = "quality_missing"
    CONFIRM_CHANGE = "confirm_change"
    PRICE_TAKEN = "price_taken"
    PRICE_MOVED = "price_moved"
    NOT_YOUR_TURN = "not_your_turn"
    OUT = "out"
    NOT_CALLED = "not_called"
    WORSE_THAN_BEFORE = "worse_than_before"
    PROXY_NOT_OFFERED = "proxy_not_offered"
    NOT_OFFERED = "not_offered"


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


class OwnBid(NamedTuple):
    """A bidder's own standing bid, as it may see it: ``amount`` is None while it is sealed."""

    bid_id: BidId
    amount: Decimal | None
    valid_until: date | None
    placed_at: datetime
    version: int
    automatic: bool = False


class Light(StrEnum):
    """The colour of a bidder's standing: exactly one bidder is green."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


@dataclass(frozen=True, slots=True)
class StageView:
    """Where the format's own clock stands, for one bidder: the stage or round by ``number``, and when it ends.

    ``price`` is the clock's (under final offers the effective cost that the bidder had before). ``may_bid`` tells
    whether a bid of this bidder is taken in this stage, ``answered`` whether it has given one, ``out`` whether it left
    for good. ``turn_at`` is when its turn in this round begins, or began; ``entered`` its bid that is not placed yet.
    """

    number: int
    price: Decimal | None
    ends_at: datetime | None
    may_bid: bool
    answered: bool = False
    out: bool = False
    turn_at: datetime | None = None
    entered: OwnBid | None = None


@dataclass(frozen=True, slots=True)
class PriceLine:
    """One price of the standing under the alias of its bidder in this lot."""

    alias: str
    amount: Decimal


class BidderView(NamedTuple):
    """All that one bidder may know of a lot, and all that decides about its bids.

    ``malus`` is what this bidder's qualities cost it. ``own_cost``, ``lead_price`` and ``next_price`` (of the bidder
    ranked before) are in its own money: the price at which it would stand equal. ``rank`` is its place in the one
    order, ``joint`` says that another has the same cost, ``tied`` that the price asked about is taken. Whatever the
    visibility or the rules don't disclose is None. ``won`` is None until an award.
    """

    lot_id: LotId
    status: Status
    rules_hash: str
    opens_at: datetime
    closes_at: datetime
    reason: str | None
    invited: bool
    excluded: str | None
    opened: bool
    own: OwnBid | None
    malus: Decimal
    own_cost: Decimal | None
    rank: int | None = None
    joint: bool | None = None
    light: Light | None = None
    lead_price: Decimal | None = None
    next_price: Decimal | None = None
    tied: bool | None = None
    prices: tuple[PriceLine, ...] | None = None
    bidders: int | None = None
    stage: StageView | None = None
    proxy_limit: Decimal | None = None
    next_admissible_price: Decimal | None = None
    won: bool | None = None


@dataclass(frozen=True, slots=True)
class RankedBid:
    """One line of the standing, with its place in the one order; ``joint``: another has the same effective cost."""

    rank: int
    joint: bool
    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    malus: Decimal
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
    malus: Decimal
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
    stage: StageView | None = None
    also_awarded: tuple[BidId, ...] = ()


# ---- what the platform sees of all lots


@dataclass(frozen=True, slots=True)
class PriceFigures:
    """How the known prices of a lot lie: the two lowest that stand, and the steepest step of one bidder.

    ``steepest_share`` is how much of its own earlier price that bidder gave up in one step, from 0 to 1.
    """

    leading: Decimal | None
    second: Decimal | None
    steepest_share: Decimal | None
    steepest_bidder: OrganizationId | None
    steepest_bid: BidId | None

    @property
    def leading_share(self) -> Decimal | None:
        """The leading price as a share of the next one, None where there are no two."""
        return round(self.leading / self.second, 4) if self.leading is not None and self.second else None


@dataclass(frozen=True, slots=True)
class LotClock:
    """When a lot takes bids, as stored: the announced or moved instants (UTC), and where it is."""

    ref: str
    status: Status
    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True)
class LotOverview:
    """Where one lot stands, for the platform. ``prices`` is None while bids are sealed.

    ``invited`` counts the bidders that may take part, ``bidders`` those that have bid, ``bids`` the bids placed;
    ``automatic`` counts those of proxies among these, ``surrogate`` those that an agent entered.
    """

    lot_id: LotId
    request_id: RequestId
    lot: str
    status: Status
    suspended: bool
    sealed: bool
    opens_at: datetime
    closes_at: datetime
    extensions: int
    reason: str | None
    invited: int
    excluded: int
    bidders: int
    bids: int
    automatic: int
    surrogate: int
    last_bid_at: datetime | None
    withdrawals: int
    prices: PriceFigures | None


@dataclass(frozen=True, slots=True)
class PausedLot:
    """A lot whose clock stands still, since when and why."""

    request_id: RequestId
    lot: str
    paused_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class WaitingWithdrawal:
    """A question of a bidder whether its bid may be taken out as an error."""

    request_id: RequestId
    lot: str
    bid_id: BidId
    bidder: OrganizationId
    asked_at: datetime
