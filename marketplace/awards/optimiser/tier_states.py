"""The tier states of all carriers that look cheapest together: a local search; lots go where they cost least."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from marketplace.awards.optimiser.decomposition import Block, Decomposition
from marketplace.awards.optimiser.form import Floats
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.problem import MaxCarriers
from marketplace.awards.optimiser.sides import Positions

OUT = -1
"""The state of a carrier that may win nothing."""
_STEPS = 14
_DEAR = 1e14
_PART = 0.08
_MOST_SWEEPS = 30


@dataclass(frozen=True, slots=True)
class _Table:
    """By block and state: each lot's least cost and that offer's weight against the threshold, which follows."""

    cost: tuple[Floats, ...]
    weight: tuple[Floats, ...]
    least: tuple[Floats, ...]
    lumps: tuple[Floats, ...]
    open_cost: Floats


def first_states(apart: Decomposition, most_sweeps: int = _MOST_SWEEPS) -> tuple[int, ...]:
    """Return a state for every block, or OUT. A package counts as offers for its lots; side rows are left aside."""
    table = _table(apart)
    most = most_carriers(apart.instance)
    states = _begin(apart, table, most)
    prices = np.zeros(len(states))
    cost, prices = _cost(table, states, prices)
    for _ in range(most_sweeps):
        improved = False
        for move in _moves(apart, states, most):
            tried, new_prices = _cost(table, move, prices)
            if tried < cost - 1e-7 * abs(cost):
                states, cost, prices, improved = move, tried, new_prices, True
                break
        if not improved:
            break
    return states


def most_carriers(instance: Instance) -> int:
    """Return how many carriers may win anything."""
    allowed = [rule.n for rule in instance.problem.rules if isinstance(rule, MaxCarriers)]
    return min([len(instance.carriers), *allowed])


def _begin(apart: Decomposition, table: _Table, most: int) -> tuple[int, ...]:
    """Return all carriers in, without tiers; if that is too many, one after the other, the best each time."""
    blocks = len(apart.blocks)
    if most >= blocks:
        return (0,) * blocks
    states = (OUT,) * blocks
    for _ in range(most):
        tries = [(*states[:place], 0, *states[place + 1 :]) for place, state in enumerate(states) if state == OUT]
        states = min(tries, key=lambda one: _cost(table, one, np.zeros(blocks))[0])
    return states


def _moves(apart: Decomposition, states: tuple[int, ...], most: int) -> Iterator[tuple[int, ...]]:
    """Yield the neighbours: one carrier in another state, then one out of its tier or the award and another into it."""
    limited = most < len(states)
    inside = sum(state != OUT for state in states)
    for place, block in enumerate(apart.blocks):
        if states[place] == OUT and inside >= most:
            continue
        for other in (*range(len(block.states)), *((OUT,) if limited else ())):
            if other != states[place]:
                yield (*states[:place], other, *states[place + 1 :])
    low = OUT if limited else 0
    for leaving, state in enumerate(states):
        if state in {OUT, low}:
            continue
        for coming, block in enumerate(apart.blocks):
            if states[coming] == low:
                for other in range(len(block.states) - 1, low, -1):
                    moved = list(states)
                    moved[leaving], moved[coming] = low, other
                    yield tuple(moved)


def _cost(table: _Table, states: tuple[int, ...], prices: Floats) -> tuple[float, Floats]:
    """Return about what the lots cost in these states, and the prices of weight at which thresholds are reached."""
    inside = [place for place, state in enumerate(states) if state != OUT]
    prices = prices.copy()
    if not inside:
        return _DEAR * len(table.open_cost), prices
    cost = np.array([table.cost[place][states[place]] for place in inside])
    weight = np.array([table.weight[place][states[place]] for place in inside])
    least = np.array([table.least[place][states[place]] for place in inside])
    lumps = float(sum(table.lumps[place][states[place]] for place in inside))
    asked = least > 0
    local = np.where(asked, prices[inside], 0.0)
    scale = _PART * np.where(cost < _DEAR, cost, 0).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    best, lots = -np.inf, np.arange(cost.shape[1])
    for step in range(_STEPS if asked.any() else 1):
        net = cost - local[:, None] * weight
        winner = net.argmin(axis=0)
        each = np.minimum(net[winner, lots], table.open_cost)
        best = max(best, float(each.sum() + (local * least).sum()) - lumps)
        reached = np.bincount(winner, weight[winner, lots], minlength=len(inside))
        short = np.where(asked, (least - reached) / np.maximum(least, 1e-9), 0.0)
        if step < _STEPS - 1:
            local = np.maximum(0.0, local + scale * np.clip(short, -0.5, 1.0) / (1 + step / 3))
    prices[inside] = local
    return best + float(np.maximum(short, 0) @ least * scale.max()) if asked.any() else best, prices


def _table(apart: Decomposition) -> _Table:
    found = [_of_block(apart, block) for block in apart.blocks]
    opened = np.full(len(apart.instance.lots), _DEAR)
    opened[apart.open_lots] = apart.reserves
    return _Table(
        cost=tuple(one[0] for one in found),
        weight=tuple(one[1] for one in found),
        least=tuple(
            np.array([max((asked.least for asked in state.thresholds), default=0.0) for state in block.states])
            for block in apart.blocks
        ),
        lumps=tuple(np.array([state.lump for state in block.states]) for block in apart.blocks),
        open_cost=opened,
    )


def _of_block(apart: Decomposition, block: Block) -> tuple[Floats, Floats]:
    lots = len(apart.instance.lots)
    offer, lot = entries(block)
    usual = apart.usual[lot]
    share = usual / np.bincount(offer, usual, minlength=len(block.offers))[offer]
    costs, weights = np.full((len(block.states), lots), _DEAR), np.zeros((len(block.states), lots))
    for number, state in enumerate(block.states):
        cost = share * (apart.cost[block.offers] - state.saving)[offer]
        order = np.lexsort((cost, lot))
        first = order[np.append(True, lot[order][1:] != lot[order][:-1])]
        costs[number, lot[first]] = cost[first]
        if state.thresholds:
            asked = max(state.thresholds, key=lambda one: one.least / max(1.0, float(one.weights.sum())))
            weights[number, lot[first]] = (share * asked.weights[offer])[first]
    return costs, weights


def entries(block: Block) -> tuple[Positions, Positions]:
    """Return each of a carrier's offers, by position among its own, with each of its lots."""
    length = np.diff(np.append(block.starts, len(block.single)))
    offer = np.append(block.single, block.package[block.entry_package])
    place = np.append(np.repeat(block.with_single, length), block.entry_place)
    return offer, block.places[place]
