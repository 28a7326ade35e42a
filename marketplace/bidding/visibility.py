"""What each participant sees of a lot: one row of permissions per visibility, and the views built from it."""

from dataclasses import dataclass
from decimal import Decimal

from marketplace.bidding import ranking
from marketplace.bidding.model import Base, BidderView, BuyerBid, BuyerView, LotState, OwnBid, RankedBid, Status
from marketplace.kernel.ids import OrganizationId

RUNNING = (Status.SCHEDULED, Status.OPEN, Status.PAUSED)
"""A lot that may still take bids, now or later."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a bidder is told of the competition, once prices are known to the lot at all.

    ``next_price`` allows rules that make a bidder beat the bidder ranked before it, and so tell it that price.
    """

    code: str
    own_rank: bool
    lead_price: bool
    next_price: bool


VISIBILITIES = {
    row.code: row
    for row in (
        Visibility("sealed", own_rank=True, lead_price=False, next_price=False),
        Visibility("open", own_rank=True, lead_price=True, next_price=True),
    )
}


def look(state: LotState, bidder: OrganizationId) -> BidderView:
    """Return what ``bidder`` may know of ``state``, without the hint of its format for the next price."""
    shown = VISIBILITIES[state.rules.visibility]
    bid = state.standing.get(bidder)
    invited = bidder in state.bidders
    ranked = state.opened and invited and bool(state.ranking)
    place = ranking.position(state.ranking, state.standing, bidder) if ranked and bid is not None else None
    own = None
    if bid is not None:
        own = OwnBid(bid.bid_id, bid.amount, bid.valid_until, bid.placed_at, bid.version)
    tells_next = shown.next_price and state.rules.base is Base.NEXT
    return BidderView(
        lot_id=state.lot_id,
        status=state.status,
        rules_hash=state.rules_hash,
        opens_at=state.opens_at,
        closes_at=state.closes_at,
        reason=state.reason,
        invited=invited,
        opened=state.opened,
        own=own,
        rank=place + 1 if shown.own_rank and place is not None else None,
        joint=ranking.is_joint(state, place) if shown.own_rank and place is not None else None,
        lead_price=state.standing[state.ranking[0]].amount if shown.lead_price and ranked else None,
        next_price=_next_price(state, place) if tells_next and ranked else None,
        won=own is not None and own.bid_id == state.awarded_bid if state.status is Status.AWARDED else None,
    )


def _next_price(state: LotState, place: int | None) -> Decimal | None:
    """Return the price of the bidder ranked before: for the leader its own, for a newcomer the last one's."""
    before = len(state.ranking) - 1 if place is None else max(0, place - 1)
    return state.standing[state.ranking[before]].amount


def look_as_buyer(state: LotState) -> BuyerView:
    """Return what the buyer may know of ``state``: before the opening of a sealed lot neither prices nor how many."""
    ended = state.status not in RUNNING
    lines = ranking.standing(state)
    return BuyerView(
        lot_id=state.lot_id,
        status=state.status,
        rules_hash=state.rules_hash,
        opens_at=state.opens_at,
        closes_at=state.closes_at,
        reason=state.reason,
        invited=len(state.bidders),
        opened=state.opened,
        bids=tuple(_for_buyer(line, named=ended) for line in lines) if state.opened else None,
        too_few_bidders=len(lines) < state.rules.min_bidders if state.opened and ended else None,
        awarded_bid=state.awarded_bid,
    )


def _for_buyer(line: RankedBid, *, named: bool) -> BuyerBid:
    return BuyerBid(
        rank=line.rank,
        joint=line.joint,
        bidder=line.bidder if named else None,
        bid_id=line.bid_id,
        amount=line.amount,
        valid_until=line.valid_until,
        placed_at=line.placed_at,
        version=line.version,
    )
