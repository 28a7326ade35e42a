"""What may be in a choice that costs less than the best: the rest is proven to be too dear by prices.

With every lot at a price a carrier's best state has a value, and a bound is the sum of the best ones. A choice in
which a carrier is in another state, or takes an offer that is dear in it, costs at least as much more as that carrier's
value is worse: where this reaches the best cost, state or offer can be left out without leaving out a better choice.
"""

from dataclasses import dataclass

import numpy as np

from marketplace.awards.optimiser.decomposition import Block, Decomposition, Priced, State, state_value
from marketplace.awards.optimiser.form import Flags, Floats
from marketplace.awards.optimiser.pricing import Best

_HALVINGS = 30


@dataclass(frozen=True, slots=True)
class Reduced:
    """The offers that may be in a better choice, and for each block the states; none: the carrier wins nothing."""

    kept: Flags
    states: tuple[tuple[int, ...], ...]


def reduced(apart: Decomposition, best: Best, required: Flags) -> Reduced | None:
    """Return what may be in a choice cheaper than the best; None where no prices are known."""
    if best.prices is None or best.answer is None:
        return None
    prices, answer = best.prices, best.answer
    room = best.cost - (answer.value - answer.margin)
    extra = apart.added(prices.rows)
    costs = apart.cost + extra[: len(apart.cost)]
    kept, found = required.copy(), []
    for block, chosen, values in zip(apart.blocks, answer.states, answer.values, strict=True):
        used = apart.sides.used.get(block.carrier)
        entry = 0.0 if used is None else float(extra[used])
        now = min(0.0, float(values[chosen])) if chosen >= 0 else 0.0
        inside = []
        for place, state in enumerate(block.states):
            priced = state_value(block, costs[block.offers], prices.lots, state, _HALVINGS)
            worse = priced.value + entry - now
            if worse < room:
                inside.append(place)
                dearer = _dearer(block, costs[block.offers], prices.lots, state, priced)
                kept[block.offers[worse + dearer < room]] = True
        if inside and inside[0] != 0 and -now < room:
            inside.insert(0, 0)  # it may win nothing, so that no tier's threshold can be asked of it
        found.append(tuple(inside))
    return Reduced(kept, tuple(found))


def _dearer(block: Block, costs: Floats, lots: Floats, state: State, priced: Priced) -> Floats:
    """Return by how much a state's value is worse, at least, if an offer is taken in it."""
    net = costs - state.saving
    if priced.asked is not None:
        net = net - priced.price * priced.asked.weights
    there = lots[block.places] + priced.base + priced.bonus
    worth = np.zeros(len(block.offers))
    length = np.diff(np.append(block.starts, len(block.single)))
    worth[block.single] = there[np.repeat(block.with_single, length)]
    worth[block.package] = np.bincount(block.entry_package, there[block.entry_place], minlength=len(block.package))
    return np.maximum(net - worth, 0.0)
