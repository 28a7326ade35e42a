"""A lower bound in one pass over the offers: what a proof begins with, before any solver has said anything."""

from marketplace.awards.optimiser.instance import Instance


def floor_of(instance: Instance) -> int:
    """Return cents that no choice costs less than: every lot at its cheapest share of an offer after all discounts.

    Each offer is given the best tier of every discount, whether or not it is met, and spreads over its lots.
    """
    saved = [0] * len(instance.offers)
    lumps = 0
    for discount in instance.discounts:
        lumps += max(0, *discount.lumps)
        for part in discount.parts:
            saved[part.offer] += max(0, *part.savings)
    total = -lumps
    for lot, numbers in enumerate(instance.of_lot):
        shares = [
            (instance.offers[number].cost - saved[number]) // len(instance.offers[number].lots) for number in numbers
        ]
        reserve = instance.lots[lot].reserve
        if reserve is not None:
            shares.append(reserve)
        total += min(shares, default=0)
    return total
