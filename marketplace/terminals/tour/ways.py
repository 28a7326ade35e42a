"""Ways to award what a tour's carriers bid: the optimiser's own problem, small enough to count every choice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from marketplace.awards.optimiser.enumeration import enumerated
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.problem import Carrier, Discount, Lot, Offer, Problem, Tier
from marketplace.awards.optimiser.scenarios import changed, standard
from marketplace.bidding import engine
from marketplace.kernel.ids import BidId, OrganizationId
from marketplace.terminals.tour.market import Market, Play

_OFFERED = ("cheapest", "best two", "one provider")
_CENTS = 100
_WHOLE_BP = 10_000


@dataclass(frozen=True, slots=True)
class Way:
    """One way to award: the winning bid of each lot, what all of it costs, and what that rests on.

    ``discount`` is what winning everything takes off; ``choices`` is how many awards were counted to prove it.
    """

    code: str
    bids: Mapping[str, BidId]
    winners: Mapping[str, OrganizationId]
    cost: Decimal
    discount: Decimal
    choices: int

    @property
    def carriers(self) -> tuple[OrganizationId, ...]:
        """Who wins anything, in the order of the lots."""
        return tuple(dict.fromkeys(self.winners.values()))


def ways(given: Play, market: Market) -> tuple[Way, ...]:
    """Return the cheapest award, that with at most two carriers and that with one; what is the same comes once.

    Every choice is counted, so the cheapest is proven. Empty when some lot has no bid.
    """
    problem = problem_of(given, market)
    if any(not any(lot.id in offer.lots for offer in problem.offers) for lot in problem.lots):
        return ()
    scenarios = {one.name: one for one in standard(problem)}
    found: dict[tuple[str, ...], Way] = {}
    for name in _OFFERED:
        instance = prepare(changed(problem, scenarios[name]))
        counted = enumerated(instance)
        if counted is not None and counted.cost is not None and counted.cheapest[0] not in found:
            found[counted.cheapest[0]] = _way(name.replace(" ", "-"), instance, counted.cheapest[0], counted.choices)
    return tuple(found.values())


def problem_of(given: Play, market: Market) -> Problem:
    """Return what is to be decided: a bid's total is paid as it stands, less what its carrier promised for all lots."""
    term = given.content.term_months
    offers = tuple(_offers(market, term))
    bidding = {offer.carrier for offer in offers}
    every = len(given.lots)
    discounts = tuple(
        Discount(f"all lots, {robot.id}", robot.id, "lots", (Tier(every, nrc_bp=int(robot.all_lots_percent * 100)),))
        for robot in given.robots
        if robot.all_lots_percent and robot.id in bidding and every > 1
    )
    carriers = tuple(Carrier(robot.id) for robot in given.robots)
    lots = tuple(Lot(lot.ref, lot.ref) for lot in given.lots)
    return Problem(term, lots, carriers, offers, discounts, currency=given.content.billing.currency)


def _offers(market: Market, term: int) -> Iterator[Offer]:
    """Yield every standing bid; of a lot whose rules say what the winner is paid only that one, at that price."""
    several = len(market.lots) > 1
    for one in market.lots:
        bidders = {bid.bid_id: bid.bidder for bid in one.state.standing.values()}
        prices = {line.bid_id: line.amount for line in engine.standing(one.state)} if one.state.opened else {}
        for bid_id, amount in (prices if several else dict(engine.payments(one.state))).items():
            yield Offer(bid_id, bidders[bid_id], (one.lot.ref,), 0, int(amount * _CENTS), term)


def _way(code: str, instance: Instance, chosen: tuple[str, ...], choices: int) -> Way:
    numbers = frozenset(instance.offer_at[offer] for offer in chosen)
    counted = evaluate(instance, numbers)
    offers = [instance.offers[number].offer for number in numbers]
    by_lot = {lot: offer for offer in offers for lot in offer.lots}
    return Way(
        code,
        {lot: BidId(by_lot[lot].id) for lot in sorted(by_lot)},
        {lot: OrganizationId(by_lot[lot].carrier) for lot in sorted(by_lot)},
        Decimal(counted.cost) / _CENTS,
        Decimal(counted.savings) / _CENTS,
        choices,
    )
