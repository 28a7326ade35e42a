"""The standing as lines, in the one total order that the screen, the award and every export use alike."""

from collections.abc import Mapping

from immutables import Map

from marketplace.bidding.ladder import Ladder
from marketplace.bidding.model import LotState, RankedBid, StandingBid
from marketplace.bidding.scoring import weighed
from marketplace.kernel.ids import OrganizationId


def place(state: LotState, bidder: OrganizationId) -> int | None:
    """Return the place of ``bidder`` in the standing, from 0; None for one without a bid whose price is known."""
    bid = state.standing.get(bidder)
    return None if bid is None or bid.amount is None or not state.ladder else state.ladder.place_of(bid.rung)


def is_joint(state: LotState, at: int) -> bool:
    """Return whether a neighbour of the bid at place ``at`` has the same effective cost: decided by time, sequence."""
    cost = state.ladder[at][0]
    return any(state.ladder[near][0] == cost for near in (at - 1, at + 1) if 0 <= near < len(state.ladder))


def standing(state: LotState) -> tuple[RankedBid, ...]:
    """Return the bids with known prices, best first: the first is on screen the leader and candidate for the award."""
    rungs = tuple(state.ladder)
    costs = [rung[0] for rung in rungs]
    return tuple(
        _line(state, at, rung[3], joint=cost in costs[max(0, at - 1) : at] + costs[at + 1 : at + 2])
        for at, (rung, cost) in enumerate(zip(rungs, costs, strict=True))
    )


def ranked(state: LotState, standing: Mapping[OrganizationId, StandingBid]) -> LotState:
    """Return ``state`` with this standing, weighed and ranked afresh."""
    bids = weighed(state.rules.scoring, standing.values())
    expiries = [bid.valid_until for bid in bids if bid.valid_until is not None]
    return state._replace(
        standing=Map({bid.bidder: bid for bid in bids}),
        ladder=Ladder.of(bid.rung for bid in bids if bid.amount is not None),
        first_expiry=min(expiries, default=None),
    )


def _line(state: LotState, at: int, bidder: OrganizationId, *, joint: bool) -> RankedBid:
    bid = state.standing[bidder]
    if bid.amount is None or bid.malus is None:
        raise RuntimeError("what is sealed is not on the ladder")
    return RankedBid(
        rank=at + 1,
        joint=joint,
        bidder=bidder,
        bid_id=bid.bid_id,
        amount=bid.amount,
        malus=bid.malus,
        valid_until=bid.valid_until,
        placed_at=bid.placed_at,
        version=bid.version,
    )
