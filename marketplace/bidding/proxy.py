"""Bidding by proxy: the closed form of what proxies that answer each other without an end would lead to."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal

from marketplace.bidding.events import BidPlaced
from marketplace.bidding.model import LotState, Proxy
from marketplace.kernel.ids import BidId, OrganizationId
from marketplace.kernel.money import CENT, cents


def answers(state: LotState, at: datetime) -> tuple[BidPlaced, ...]:
    """Return the bids that the proxies of ``state`` place now, the winning one first.

    By (effective limit, time set) the best proxy wins, at ``min(current, max(limit, competition - d))``, where the
    competition is the best other limit or standing cost; the others go down to their limits. So the result does not
    depend on the order in which the limits arrived. Without competition nothing moves, but for a first bid at the
    ceiling. A proxy whose bids would have expired already places none.
    """
    today = at.astimezone(UTC).date()
    valid = (one for one in state.proxies.values() if one.valid_until is None or one.valid_until >= today)
    proxies = sorted(valid, key=lambda proxy: (proxy.limit + proxy.malus, proxy.set_at, proxy.sequence))
    if not proxies:
        return ()
    stand = {rung[3]: rung[0] for rung in state.ladder}
    best, *others = proxies
    prices = [(best, _winning_price(state, best, others, stand)), *((other, other.limit) for other in others)]
    placed: list[BidPlaced] = []
    for proxy, price in prices:
        if price is not None and price + proxy.malus < stand.get(proxy.bidder, _INFINITE):
            placed.append(_placed(state, proxy, price, at))
    return tuple(placed)


_INFINITE = Decimal("Infinity")


def _winning_price(
    state: LotState, best: Proxy, others: list[Proxy], stand: Mapping[OrganizationId, Decimal]
) -> Decimal | None:
    """Return what the best proxy goes down to, in its own money; None if it stays where it is.

    It beats each of the others by that one's step: where steps grow with the price, a dearer one can ask for more.
    """
    competition = {bidder: cost for bidder, cost in stand.items() if bidder != best.bidder}
    for other in others:
        competition[other.bidder] = min(other.limit + other.malus, competition.get(other.bidder, _INFINITE))
    if not competition:
        return state.rules.ceiling if best.bidder not in stand else None
    if not others and stand.get(best.bidder, _INFINITE) < min(competition.values()):
        return None
    decrement, least = state.rules.decrement, best.step or CENT
    steps = {cost: max(least, decrement.of(cost)) if decrement is not None else least for cost in competition.values()}
    wanted = min(cost - step for cost, step in steps.items()) - best.malus
    wanted = wanted.quantize(CENT, rounding=ROUND_FLOOR)
    if state.rules.ceiling is not None:
        wanted = min(wanted, state.rules.ceiling)
    return max(best.limit, wanted)


def _placed(state: LotState, proxy: Proxy, price: Decimal, at: datetime) -> BidPlaced:
    version = state.versions.get(proxy.bidder, 0) + 1
    bid_id = BidId(f"{proxy.bid_id}.{version}")
    key = f"proxy {bid_id}"
    while (proxy.bidder, key) in state.receipts:  # a bidder may have guessed it: no two bids share a key
        key += "'"
    return BidPlaced(
        proxy.bidder,
        bid_id,
        cents(price),
        proxy.commitment,
        proxy.valid_until,
        key,
        at,
        proxy.malus,
        automatic=True,
    )
