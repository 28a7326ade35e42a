"""What a format has to remember beyond the standing: one small value per format that needs it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeAlias

from marketplace.bidding.commands import Surrogate
from marketplace.kernel.ids import BidId, OrganizationId


@dataclass(frozen=True, slots=True)
class DutchPlay:
    """The rising clock: the instant from which stages count, moved by every pause, and when it was stopped by one.

    Who accepted is the standing.
    """

    counts_from: datetime
    stopped_at: datetime | None = None
    kind: Literal["dutch"] = "dutch"


@dataclass(frozen=True, slots=True)
class JapanesePlay:
    """The falling clock: the round, its price and end, and who is still in: in the first round all who are invited.

    ``ends_at`` is None while the round is void (during a pause). Who has stayed in this round stands at its price.
    ``gone`` are those who went in the first round, into which others may still be invited, but not they again.
    """

    number: int
    price: Decimal
    ends_at: datetime | None
    active: tuple[OrganizationId, ...]
    gone: tuple[OrganizationId, ...] = ()
    kind: Literal["japanese"] = "japanese"


@dataclass(frozen=True, slots=True)
class PendingBid:
    """A turn's bid, hidden until the turn ends."""

    bidder: OrganizationId
    bid_id: BidId
    amount: Decimal
    malus: Decimal
    commitment: str
    valid_until: date | None
    key: str
    entered_at: datetime
    surrogate: Surrogate | None = None


@dataclass(frozen=True, slots=True)
class TurnsPlay:
    """Rounds of turns: the round, the order of its bidders, when its first turn starts and how many are over."""

    number: int
    order: tuple[OrganizationId, ...]
    first_turn_at: datetime
    done: int = 0
    pending: PendingBid | None = None
    paused_at: datetime | None = None
    kind: Literal["turns"] = "turns"


@dataclass(frozen=True, slots=True)
class FinalPlay:
    """A last round: who was called, what each offered before (effective cost), and what the lot was before.

    ``sequence`` is the number of the event that called the round, ``closed_at`` the close of the auction before it.
    """

    called: tuple[OrganizationId, ...]
    before: tuple[tuple[OrganizationId, Decimal], ...]
    sequence: int
    closed_at: datetime
    kind: Literal["final"] = "final"


Play: TypeAlias = DutchPlay | JapanesePlay | TurnsPlay | FinalPlay
