"""The one total order of bids, used by the screen, the award and every export alike."""

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias

from marketplace.bidding.model import LotState, RankedBid, StandingBid
from marketplace.kernel.ids import OrganizationId

RankKey: TypeAlias = tuple[Decimal, datetime, int]
Ranking: TypeAlias = tuple[OrganizationId, ...]
Standing: TypeAlias = Mapping[OrganizationId, StandingBid]


def price(bid: StandingBid) -> Decimal:
    """Return the price of ``bid``. Raises ValueError while it is sealed."""
    if bid.amount is None:
        raise ValueError(f"{bid.bid_id} is sealed and has no rank")
    return bid.amount


def effective_cost(bid: StandingBid) -> Decimal:
    """Return what ``bid`` costs the buyer, for comparison: its price. Raises ValueError while the bid is sealed."""
    return price(bid)


def rank_key(bid: StandingBid) -> RankKey:
    """Return ``(effective cost, time of the current price, sequence)``: lower stands better, no two are equal."""
    return effective_cost(bid), bid.placed_at, bid.sequence


def position(ranking: Ranking, standing: Standing, bidder: OrganizationId) -> int:
    """Return the place of a ranked ``bidder`` in ``ranking``, from 0."""
    return bisect_left(ranking, rank_key(standing[bidder]), key=lambda other: rank_key(standing[other]))


def without(ranking: Ranking, standing: Standing, bidder: OrganizationId) -> Ranking:
    """Return ``ranking`` without ``bidder``, who is ranked by its bid in ``standing``."""
    place = position(ranking, standing, bidder)
    return ranking[:place] + ranking[place + 1 :]


def including(ranking: Ranking, standing: Standing, bidder: OrganizationId) -> Ranking:
    """Return ``ranking`` with ``bidder``, not in it so far, at the place of its bid in ``standing``."""
    place = position(ranking, standing, bidder)
    return (*ranking[:place], bidder, *ranking[place:])


def ranked_from(standing: Standing) -> Ranking:
    """Return the ranking of all bids in ``standing``, none of which may be sealed."""
    return tuple(sorted(standing, key=lambda bidder: rank_key(standing[bidder])))


def is_joint(state: LotState, place: int) -> bool:
    """Return whether a neighbour of ``place`` has the same effective cost: a tie, decided by time and sequence."""
    cost = effective_cost(state.standing[state.ranking[place]])
    neighbours = (near for near in (place - 1, place + 1) if 0 <= near < len(state.ranking))
    return any(effective_cost(state.standing[state.ranking[near]]) == cost for near in neighbours)


def standing(state: LotState) -> tuple[RankedBid, ...]:
    """Return the bids with known prices, best first: the first is on screen the leader and candidate for the award."""
    return tuple(_line(state, place) for place in range(len(state.ranking)))


def _line(state: LotState, place: int) -> RankedBid:
    bid = state.standing[state.ranking[place]]
    return RankedBid(
        rank=place + 1,
        joint=is_joint(state, place),
        bidder=bid.bidder,
        bid_id=bid.bid_id,
        amount=price(bid),
        valid_until=bid.valid_until,
        placed_at=bid.placed_at,
        version=bid.version,
    )
