"""What each participant sees of a lot: one row of permissions per visibility, and the views built from it."""

import base64
import hmac
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from marketplace.bidding import ranking
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import (
    BidderView,
    BuyerBid,
    BuyerView,
    Light,
    LotState,
    OwnBid,
    PriceLine,
    RankedBid,
    StandingBid,
    Status,
)
from marketplace.bidding.rules import Base, Option, Rules, Ties
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.money import CENT

RUNNING = (Status.SCHEDULED, Status.OPEN, Status.PAUSED)
"""A lot that may still take bids, now or later."""

LIGHT_BOUNDS = (1, 3)
"""The worst rank that is shown in green, and in yellow."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What a bidder is told of the competition, once prices are known to the lot at all.

    ``own_rank`` and ``joint``: its place, and whether it shares it. ``light``: a colour instead. ``lead_price``: the
    best price, also as the base of a step; ``next_price``: the same for the bidder ranked before. ``options``: what
    the buyer may disclose besides. ``hides``: nothing but the bidder's own history and what is disclosed may decide
    about its bids (the leak rule).
    """

    code: str
    own_rank: bool = False
    joint: bool = False
    light: bool = False
    lead_price: bool = False
    next_price: bool = False
    options: frozenset[Option] = frozenset()
    hides: bool = True


VISIBILITIES = {
    row.code: row
    for row in (
        Visibility("sealed", own_rank=True, joint=True, options=frozenset({Option.PRICES_AFTER_OPENING})),
        Visibility(
            "open",
            own_rank=True,
            joint=True,
            lead_price=True,
            next_price=True,
            options=frozenset({Option.ALL_PRICES, Option.NUMBER_OF_BIDDERS}),
            hides=False,
        ),
        Visibility("rank_only", own_rank=True),
        Visibility("traffic_light", light=True),
        Visibility("blind", options=frozenset({Option.LEAD_PRICE})),
        Visibility("clock"),
    )
}


_TELLING = frozenset({Option.ALL_PRICES, Option.NUMBER_OF_BIDDERS, Option.PRICES_AFTER_OPENING})


def tells_how_many(rules: Rules) -> bool:
    """Tell whether a bidder may learn, after the close at the latest, how much happened besides its own doing."""
    return not VISIBILITIES[rules.visibility].hides or not _TELLING.isdisjoint(rules.disclosed)


def look(
    state: LotState, bidder: OrganizationId, now: datetime, malus: Decimal | None = None, asked: Decimal | None = None
) -> BidderView:
    """Return that part of what ``bidder`` may know of ``state`` at ``now`` which can decide about its bids.

    ``malus`` is that of a bid which it is about to make, ``asked`` that bid's price; else its standing bid's counts.
    """
    format_ = format_of(state)
    state = format_.shown_to(state, bidder)
    rules, shown = state.rules, VISIBILITIES[state.rules.visibility]
    bid = state.standing.get(bidder)
    known = bid is not None and bid.amount is not None
    if malus is None:
        malus = bid.malus if bid is not None and bid.malus is not None else _NOTHING
    ranked = _sees_the_standing(state, bidder, known=known)
    tells_next = ranked and shown.next_price and rules.base is Base.NEXT
    asks_for_ties = ranked and rules.ties is not Ties.ALLOWED and not shown.hides
    leads = ranked and rules.lead_buffer is not None and state.ladder.first[3] == bidder
    return BidderView(
        state.lot_id,
        state.status,
        state.rules_hash,
        state.opens_at,
        state.closes_at,
        state.reason,
        bidder in state.bidders,
        state.excluded.get(bidder),
        state.opened,
        _own(bid),
        malus,
        bid.cost - malus if bid is not None and known and bid.points is None else None,
        1 if leads and shown.own_rank else None,
        None,  # joint, light: see look_in_full
        None,
        state.ladder.first[0] - malus if ranked and _tells_lead(shown, rules) else None,
        _next_cost(state, ranking.place(state, bidder)) - malus if tells_next else None,
        _is_taken(state, bidder, asked + malus) if asks_for_ties and asked is not None else None,
        None,  # prices, bidders: see look_in_full
        None,
        format_of(state).stage(state, bidder, now),
    )


def look_in_full(state: LotState, bidder: OrganizationId, now: datetime) -> BidderView:
    """Return all that ``bidder`` may know of ``state`` at ``now``, but for its format's hint for the next price."""
    view = look(state, bidder, now)
    rules, shown = state.rules, VISIBILITIES[state.rules.visibility]
    bid = state.standing.get(bidder)
    ranked = _sees_the_standing(state, bidder, known=view.own_cost is not None)
    at = ranking.place(state, bidder) if ranked else None
    return view._replace(
        rank=at + 1 if shown.own_rank and at is not None else None,
        joint=ranking.is_joint(state, at) if shown.joint and at is not None else None,
        light=_light(at) if shown.light and at is not None else None,
        prices=_prices(state) if ranked and _tells_prices(state) else None,
        bidders=len(state.ladder) if ranked and Option.NUMBER_OF_BIDDERS in rules.disclosed else None,
        proxy_limit=state.proxies[bidder].limit if bidder in state.proxies else None,
        won=bid is not None and bid.bid_id in state.awards if state.status is Status.AWARDED else None,
    )


def next_admissible_price(state: LotState, bidder: OrganizationId, view: BidderView) -> Decimal | None:
    """Return the highest price that would be taken from ``bidder``, as far as its ``view`` lets it know.

    Where ties are banned, a taken price is no answer: the next lower one is, as if the ceiling lay there.
    """
    format_, rules = format_of(state), state.rules
    price = format_.next_admissible_price(view, rules)
    if rules.ties is Ties.ALLOWED or not state.opened or VISIBILITIES[rules.visibility].hides:
        return price
    while price is not None and _is_taken(state, bidder, price + view.malus):
        price = format_.next_admissible_price(view, replace(rules, ceiling=price - CENT))
    return price


def _sees_the_standing(state: LotState, bidder: OrganizationId, *, known: bool) -> bool:
    """Tell whether there is market data for ``bidder``: with a starting gate only once it has a price of its own."""
    return state.opened and bool(state.ladder) and bidder in state.bidders and (known or not state.rules.starting_gate)


_NOTHING = Decimal(0)


def _own(bid: StandingBid | None) -> OwnBid | None:
    if bid is None:
        return None
    return OwnBid(bid.bid_id, bid.amount, bid.valid_until, bid.placed_at, bid.version, bid.automatic)


def _light(at: int) -> Light:
    green, yellow = LIGHT_BOUNDS
    if at < green:
        return Light.GREEN
    return Light.YELLOW if at < yellow else Light.RED


def _tells_lead(shown: Visibility, rules: Rules) -> bool:
    return shown.lead_price or Option.LEAD_PRICE in rules.disclosed


def _tells_prices(state: LotState) -> bool:
    """All prices are told while bids are taken, or only once what was sealed has been opened."""
    disclosed = state.rules.disclosed
    return Option.ALL_PRICES in disclosed or (Option.PRICES_AFTER_OPENING in disclosed and state.status not in RUNNING)


def _next_cost(state: LotState, at: int | None) -> Decimal:
    """Return the cost of the bidder ranked before: for the leader its own, for a newcomer the last one's."""
    return state.ladder.last[0] if at is None else state.ladder[max(0, at - 1)][0]


def _is_taken(state: LotState, bidder: OrganizationId, cost: Decimal) -> bool | None:
    """Tell whether another bidder stands at ``cost`` where the rules ban that; None where they don't."""
    ties = state.rules.ties
    if ties is Ties.ALLOWED:
        return None
    first = state.ladder.costs_before(cost)
    if ties is Ties.BANNED_AT_LEAD and first > 0:
        return False
    equal = (state.ladder[at] for at in range(first, min(first + 2, len(state.ladder))))
    return any(rung[0] == cost and rung[3] != bidder for rung in equal)


def _prices(state: LotState) -> tuple[PriceLine, ...]:
    """Return all prices, best first, each under its bidder's alias."""
    lines = ((alias(state, rung[3]), state.standing[rung[3]].amount) for rung in state.ladder)
    return tuple(PriceLine(name, amount) for name, amount in lines if amount is not None)


def alias(state: LotState, bidder: OrganizationId) -> str:
    """Return the name of ``bidder`` in this lot: the same all the time, another one in every other lot.

    Keyed by the lot's secret: who knows the ids of all providers can't tell whose name it is.
    """
    digest = hmac.digest(state.secret.encode(), f"{state.lot_id} {bidder}".encode(), "sha256")
    return f"bidder {base64.b32encode(digest)[:6].decode()}"


def look_as_buyer(state: LotState, now: datetime) -> BuyerView:
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
        stage=format_of(state).stage(state, None, now),
        also_awarded=state.also_awarded,
    )


def _for_buyer(line: RankedBid, *, named: bool) -> BuyerBid:
    return BuyerBid(
        rank=line.rank,
        joint=line.joint,
        bidder=line.bidder if named else None,
        bid_id=line.bid_id,
        amount=line.amount,
        malus=line.malus,
        valid_until=line.valid_until,
        placed_at=line.placed_at,
        version=line.version,
    )
