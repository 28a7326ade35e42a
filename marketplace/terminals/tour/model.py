"""The values of a guided tour: all that a visitor did, from which every page is replayed, and who plays along."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from buyers.requests.leak_terms import IdentityTerms
from buyers.requests.model import Bands, Content
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import OrganizationId

MOST_MOVES = 60
"""A tour that has so many moves takes no further one."""
LONGEST_TEXT = 200
"""Characters of what one move says."""
LIFETIME = timedelta(hours=1)
"""A tour older than this is forgotten: its token no longer opens."""
LARGEST_SEED = 2**32
PACE = 15
"""So many times as fast as the visitor's clock does the market's run: its twenty minutes take eighty seconds."""
MARKET_TIME = timedelta(minutes=20)
"""How long bids are taken, by the market's clock, before extensions."""
VISITOR = OrganizationId("you")
"""The visitor as a bidder, when it plays a carrier."""


class Role(StrEnum):
    """Whom the visitor plays."""

    BUYER = "buyer"
    CARRIER = "carrier"


class Kind(StrEnum):
    """What a visitor did.

    ``need`` and ``award`` name a need or a way to award, ``open`` names the rules and lets the market begin; ``bid``
    holds the prices of a sheet, ``price`` one lower total; ``jump`` goes to the end without waiting.
    """

    NEED = "need"
    OPEN = "open"
    BID = "bid"
    PRICE = "price"
    JUMP = "jump"
    AWARD = "award"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that the visitor did, ``at`` milliseconds after the tour began."""

    at: int
    kind: Kind
    text: str = ""


@dataclass(frozen=True, slots=True)
class Tour:
    """A whole tour: who plays whom, since when, and every move. ``seed`` decides all that the robots do."""

    seed: int
    role: Role
    began_at: datetime
    moves: tuple[Move, ...] = ()

    def expired(self, now: datetime) -> bool:
        """Tell whether the tour is over by its age, or not of this time at all."""
        return not timedelta(seconds=-5) <= now - self.began_at < LIFETIME

    def instant(self, move: Move) -> datetime:
        """Return when ``move`` was made."""
        return self.began_at + timedelta(milliseconds=move.at)


class TourFullError(ConflictError):
    """A tour is short: it takes no more moves than ``MOST_MOVES``."""

    kind = "tour-full"
    title = "This tour has seen enough: begin a new one"


class NotInTourError(ConflictError):
    """The move does not fit where the tour stands, or the market's rules refuse it."""

    kind = "tour-move-refused"
    title = "This can't be done now"


@dataclass(frozen=True, slots=True)
class Company:
    """An invented buyer: what the winner learns, and what nobody else ever does. ``labels`` are its sites' names."""

    name: str
    contact_name: str
    contact_email: str
    contact_phone: str
    address: str
    employees: int
    labels: Mapping[str, str]
    terms: IdentityTerms


@dataclass(frozen=True, slots=True)
class Need:
    """A sample of what a business may ask for; ``monthly`` is what each lot costs it today."""

    code: str
    title: str
    sentence: str
    company: Company
    content: Content
    bands: Bands
    monthly: Mapping[str, Decimal]

    def worth(self, lot: str) -> Decimal:
        """Return what a lot costs today over the term."""
        return self.monthly[lot] * self.content.term_months

    @property
    def today(self) -> Decimal:
        """What everything costs today over the term."""
        return sum(self.monthly.values(), Decimal(0)) * self.content.term_months


class Style(StrEnum):
    """How a robot competes."""

    STEADY = "steady"
    """Answers whenever it is behind, by small steps."""
    BOLD = "bold"
    """Answers by big steps, and stops early."""
    LATE = "late"
    """Waits for the last minutes: the soft close is made for it."""


@dataclass(frozen=True, slots=True)
class Robot:
    """An invented carrier. ``cost`` by lot (only lots that it serves): below it, it never goes."""

    id: OrganizationId
    name: str
    style: Style
    cost: Mapping[str, Decimal]
    install_days: int
    all_lots_percent: Decimal = Decimal(0)
    """Its discount if it wins every lot."""
