"""What a buyer's auction shows, as frozen values, and what may be said of a bid."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from buyers.requests.model import Place
from marketplace.awards import rules as award_rules
from marketplace.awards.model import ComparedLot, ComparedOffer


@dataclass(frozen=True, slots=True)
class Bidder:
    """Who stands behind a figure: a carrier's name after the close, before it only a number. ``colour``: 1 to 8."""

    name: str
    number: int
    colour: int


@dataclass(frozen=True, slots=True)
class Rung:
    """One line of a ladder. ``priced`` of ``wanted`` lots or lines; ``above``: the distance to the best as a share."""

    key: str
    rank: int | None
    bidder: Bidder
    bid_id: str
    bids: int
    priced: int
    wanted: int
    complete: bool
    remarks: tuple[str, ...]
    monthly: Decimal
    once: Decimal
    total: Decimal
    above: Decimal | None
    best: bool
    install_days: int | None
    trend: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class LotRow:
    """One lot in the list of lots. ``best`` is its best complete bid's cost, None without one."""

    ref: str
    name: str
    places: str
    status: str
    opens_at: datetime
    closes_at: datetime
    running: bool
    sealed: bool
    suspended: bool
    bidders: int | None
    bids: int | None
    best: Decimal | None
    leader: Bidder | None
    extensions: int
    too_few: bool
    reason: str


@dataclass(frozen=True, slots=True)
class News:
    """One line of the feed; ``kind`` chooses its words."""

    at: datetime
    kind: str
    lot: str
    bidder: Bidder | None = None
    amount: Decimal | None = None
    leads: bool = False
    reason: str = ""
    closes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """A site on the map and who is cheapest there; ``cost`` over the term, None where nobody has priced it."""

    label: str
    place: Place
    bidder: Bidder | None
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The page's great figures. ``best`` is the sum of the best complete bids once every lot has one.

    ``without`` counts the lots that have none; ``share`` is what is saved of today's cost over the same term.
    """

    best: Decimal | None
    monthly: Decimal | None
    once: Decimal | None
    without: int
    first_best: Decimal | None
    today: Decimal | None
    share: Decimal | None
    ceiling: Decimal | None
    bidders: int | None
    bids: int | None
    leaders: tuple[Bidder, ...]


def is_complete(offer: ComparedOffer) -> bool:
    """Tell whether a bid may be called the best: all priced, all musts met, a limit to its cost, and still valid."""
    return offer.selectable and not offer.open_ended and not offer.incomplete


def best_of(lot: ComparedLot | None) -> ComparedOffer | None:
    """Return a lot's best complete bid."""
    best = award_rules.best(lot) if lot is not None else None
    return best if best is not None and is_complete(best) else None


def once_of(offer: ComparedOffer) -> Decimal:
    """Return what a bid charges once, besides taxes: its lines and the lot's adjustment."""
    return sum((line.nrc for line in offer.lines), offer.adjustment)


def remarks_of(offer: ComparedOffer) -> Iterator[str]:
    """Yield what keeps a bid from being called the best, by code."""
    if offer.expired:
        yield "expired"
    if offer.stale:
        yield "stale"
    if offer.open_ended:
        yield "open"
    if offer.incomplete and not offer.unpriced:
        yield "deviates"


def costs_by_site(offer: ComparedOffer, site_of: Mapping[str, str]) -> dict[str, Decimal]:
    """Return what a bid's lines cost over the term at each site; lines of the whole company are at none."""
    found: dict[str, Decimal] = {}
    for line in offer.lines:
        if site := site_of.get(line.line):
            found[site] = found.get(site, Decimal(0)) + line.total
    return found


def above(cost: Decimal, best: Decimal) -> Decimal:
    """Return how far a cost is above the best, as a share of that."""
    return (cost - best) / best if best else Decimal(0)
