"""How the bidding on running requests stands, in one line each: for lists that show many requests at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from buyers.requests.model import Request, Status
from marketplace.awards import rules as award_rules
from marketplace.awards.model import ComparedLot
from marketplace.bidding import watching
from marketplace.bidding.model import Status as LotStatus
from marketplace.bidding.watching import WatchedLot
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading
from marketplace.terminals.buyer.live_auction_model import best_of

_MOST_LOTS = 100
"""Lots that are read for one list; a request behind them is told about on its own page."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a buyer may know of a running auction.

    ``bidders`` counts the carriers of the lot that has most of them. ``best`` is what the best complete bids on all
    lots cost over the term; None where a lot has none. ``lots_with_best`` says how many have. While bids are
    ``sealed`` all of it is 0 or None: not even their number is known. ``opens_at`` is when the first lot begins to take
    bids, UTC; None once one has begun.
    """

    sealed: bool
    bidders: int
    bids: int
    lots: int
    lots_with_best: int
    best: Decimal | None
    opens_at: datetime | None = None


def glances(reading: Reading, found: Sequence[Request]) -> dict[RequestId, Glance]:
    """Return how the bidding stands on those of these requests that take bids: as many statements as for one."""
    shown = list(_within_reach(one for one in found if one.status is Status.OPEN))
    lots = watching.watch_many(reading, [one.id for one in shown])
    today = reading.now.astimezone(UTC).date()
    return {one.id: glance_of(one, lots[one.id], today) for one in shown if lots[one.id]}


def _within_reach(running: Iterable[Request]) -> Iterable[Request]:
    left = _MOST_LOTS
    for one in running:
        if len(one.content.lots) <= left:
            left -= len(one.content.lots)
            yield one


def glance_of(request: Request, lots: Sequence[WatchedLot], today: date) -> Glance:
    """Return how the bidding on one request stands. What switching costs is no part of it while bids are taken."""
    untouched = all(lot.view.status is LotStatus.SCHEDULED for lot in lots)
    opens_at = min(lot.view.opens_at for lot in lots) if untouched else None
    if any(lot.sealed for lot in lots):
        return Glance(sealed=True, bidders=0, bids=0, lots=len(lots), lots_with_best=0, best=None, opens_at=opens_at)
    wanted = award_rules.Wanted(request.version, today, award_rules.must_features(request.content))
    best = [bid.total for lot in lots if (bid := best_of(_compared(lot, wanted))) is not None]
    return Glance(
        sealed=False,
        bidders=max((len(lot.numbers) for lot in lots), default=0),
        bids=sum(sum(lot.placed.values()) for lot in lots),
        lots=len(lots),
        lots_with_best=len(best),
        best=sum(best, Decimal(0)) if len(best) == len(lots) else None,
        opens_at=opens_at,
    )


def _compared(lot: WatchedLot, wanted: award_rules.Wanted) -> ComparedLot | None:
    if lot.opened is None:
        return None
    offers = (
        award_rules.compare_offer(lot.opened.to_price, offer, offer.provider_id, wanted) for offer in lot.opened.offers
    )
    return ComparedLot(lot.ref, lot.opened.status, award_rules.in_order(offers))
