"""The problem taken apart by carrier: with every lot at a price, what each carrier's best tier state is worth."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np

from marketplace.awards.optimiser.form import Floats
from marketplace.awards.optimiser.instance import Instance, PricedDiscount
from marketplace.awards.optimiser.sides import Positions, Sides, sides_of

MOST_STATES = 64
"""Combinations of tiers of one carrier that are looked at one by one; with more of them nothing is taken apart."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a tier asks for: at least ``least`` in all of what offers weigh; an offer weighs ``weights`` by position."""

    weights: Floats
    least: float


@dataclass(frozen=True, slots=True)
class State:
    """One tier (or none, -1) of each discount of a carrier: the savings by offer, the lump, and what it asks for."""

    tiers: tuple[int, ...]
    saving: Floats
    lump: float
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """One carrier: its offers for single lots, sorted by lot, and its packages with one entry for each of their lots.

    ``places`` numbers the lots where it bids; ``starts`` says where the singles of a lot begin, for those of
    ``with_single``. Entries of packages are sorted by lot too: ``entry_starts`` for those of ``with_package``.
    """

    carrier: int
    discounts: tuple[int, ...]
    offers: Positions
    states: tuple[State, ...]
    places: Positions
    single: Positions
    starts: Positions
    with_single: Positions
    package: Positions
    size: Floats
    entry_package: Positions
    entry_place: Positions
    entry_starts: Positions
    with_package: Positions


class Prices(NamedTuple):
    """The multipliers: a price for every lot and one for every side row."""

    lots: Floats
    rows: Floats


class Priced(NamedTuple):
    """A carrier in a state at prices: its value, by place what its singles and packages are worth, the weight's price.

    ``chosen`` and ``bundled`` are, by place, the cheapest single and the cheapest package there; ``asked`` is the
    threshold whose weight has the price.
    """

    value: float
    base: Floats
    bonus: Floats
    price: float
    chosen: Positions
    bundled: Positions
    asked: Threshold | None


class Answer(NamedTuple):
    """A bound and where it comes from: every column's value, each carrier's state and the values of all its states.

    ``margin`` is more than the sums of doubles can be off. State -1 is a carrier that wins nothing. ``second``: what
    the second carrier that takes a lot gains there, none 0; a lot's price should be less by that.
    """

    value: float
    margin: float
    point: Floats
    states: tuple[int, ...]
    values: tuple[Floats, ...]
    second: Floats


class Decomposition:
    """An instance taken apart. ``bound(prices)`` holds for every choice that breaks nothing, whatever the prices."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.sides: Sides = sides_of(instance)
        self.cost = np.array([float(offer.cost) for offer in instance.offers])
        self.value = np.array([float(offer.value) for offer in instance.offers])
        self.usual = _usual(instance)
        lots = [len(offer.lots) for offer in instance.offers]
        self.entry_offer = np.repeat(np.arange(len(lots)), lots)
        self.entry_lot = np.array([lot for offer in instance.offers for lot in offer.lots], dtype=np.int64)
        self.own = {carrier: np.array(own) for carrier, own in enumerate(instance.of_carrier) if own}
        self.blocks = tuple(_block(instance, carrier) for carrier in self.own)
        columns = self.sides.form.columns.open_lot
        self.open_lots = np.array(sorted(columns), dtype=np.int64)
        self.opens = np.array([columns[lot] for lot in sorted(columns)], dtype=np.int64)
        self.reserves = np.array([float(instance.lots[lot].reserve or 0) for lot in sorted(columns)])
        self._terms = 4 * sum(len(offer.lots) for offer in instance.offers) + len(instance.lots) + len(self.sides.row)

    def added(self, rows: Floats) -> Floats:
        """Return what side rows at these prices add to the cost of every column; a carrier's value is its offers'."""
        extra = self.sides.priced(rows) if self.sides.rows else np.zeros(len(self.sides.form.cost))
        for carrier, column in self.sides.value_of.items():
            extra[self.own[carrier]] += self.value[self.own[carrier]] * extra[column]
        return extra

    def bound(self, prices: Prices, *, thorough: bool = False) -> Answer:
        """Return the least that any choice can cost, by these prices; ``thorough`` takes longer and finds more."""
        sides, extra = self.sides, self.added(prices.rows)
        costs = self.cost + extra[: len(self.cost)]
        point = np.zeros(len(sides.form.cost))
        states, values = [], []
        first, second = np.zeros(len(prices.lots)), np.zeros(len(prices.lots))
        total = float(prices.lots.sum())
        size = float((1 + len(self.blocks)) * np.abs(prices.lots).sum() + 4 * np.abs(costs).sum())
        for block in self.blocks:
            used = sides.used.get(block.carrier)
            entry = 0.0 if used is None else float(extra[used])
            own = costs[block.offers]
            found = [state_value(block, own, prices.lots, state, 0) for state in block.states]
            best = _refined(block, own, prices.lots, found, _THOROUGH if thorough else _USUAL)
            values.append(np.array([one.value for one in found]) + entry)
            size += 4 * abs(found[best].value) + _size(block.states[best], found[best])
            states.append(best if found[best].value + entry < 0 else -1)
            if states[-1] >= 0:
                total += found[best].value + entry
                point[block.offers] = taken(block, found[best])
                gain = found[best].base + found[best].bonus
                second[block.places] = np.minimum(second[block.places], np.maximum(first[block.places], gain))
                first[block.places] = np.minimum(first[block.places], gain)
                if used is not None:
                    point[used] = 1.0
        if len(self.open_lots):
            left = self.reserves + extra[self.opens] - prices.lots[self.open_lots]
            total += float(np.minimum(left, 0).sum())
            point[self.opens] = left < 0
        if sides.rows:
            rest = extra[sides.others]
            point[sides.others] = np.where(rest < 0, sides.form.upper[sides.others], 0.0)
            limit = np.where(prices.rows > 0, sides.upper, sides.lower)
            priced = np.where(prices.rows == 0, 0.0, prices.rows * np.where(np.isfinite(limit), limit, 0.0))
            total += float((rest * point[sides.others]).sum()) - float(priced.sum())
            size += float(np.abs(priced).sum() + np.abs(rest).sum())
        for carrier, column in sides.value_of.items():
            point[column] = self.value[self.own[carrier]] @ point[self.own[carrier]]
        margin = 4.0 * float(np.finfo(np.float64).eps) * (self._terms + 64) * size
        return Answer(total, margin, point, tuple(states), tuple(values), second)


def _size(state: State, priced: Priced) -> float:
    """Return the sum of what a state takes off costs, without signs: what rounding of doubles is relative to."""
    weights = sum(float(asked.weights.sum()) + asked.least for asked in state.thresholds)
    return 4 * float(np.abs(state.saving).sum()) + priced.price * weights


_CUTS, _MANY_CUTS = 3, 25
"""Rounds in which the parts of packages are cut."""
_USUAL, _THOROUGH = 5, 30
"""Halvings of the interval in which the price of a threshold's weight is looked for."""


def covers(instance: Instance) -> bool:
    """Tell whether an instance can be taken apart: an offer or a reserve for every lot, and few states a carrier."""
    if not all(numbers or instance.lots[lot].reserve is not None for lot, numbers in enumerate(instance.of_lot)):
        return False
    states = dict.fromkeys(range(len(instance.carriers)), 1)
    for discount in instance.discounts:
        if discount.carrier >= 0:
            states[discount.carrier] *= 1 + len(discount.thresholds)
    return max(states.values(), default=1) <= MOST_STATES and bool(instance.offers)


def _usual(instance: Instance) -> Floats:
    """Return what each lot costs at least by offers for it alone, to share a package's cost among its lots."""
    found = np.ones(len(instance.lots))
    for lot, numbers in enumerate(instance.of_lot):
        single = [instance.offers[number].cost for number in numbers if len(instance.offers[number].lots) == 1]
        each = single or [instance.offers[number].cost // len(instance.offers[number].lots) for number in numbers]
        found[lot] = max(1.0, float(min(each, default=1)))
    return found


def _refined(block: Block, costs: Floats, lots: Floats, found: list[Priced], halvings: int) -> int:
    """Refine the least of a carrier's states until the least is a refined one; return which."""
    refined: set[int] = set()
    while True:
        best = min(range(len(found)), key=lambda place: found[place].value)
        if best in refined:
            return best
        refined.add(best)
        better = state_value(block, costs, lots, block.states[best], halvings)
        if better.value > found[best].value:
            found[best] = better


def state_value(block: Block, costs: Floats, lots: Floats, state: State, halvings: int) -> Priced:
    """Return a lower bound of what a carrier's lots cost in a state; every price of a threshold's weight gives one."""
    net = costs - state.saving
    rounds = _CUTS if halvings < _THOROUGH else _MANY_CUTS
    best = _at(block, net, lots, None, 0.0, state.lump, rounds)
    for asked in state.thresholds:
        if _weight(block, best, asked) >= asked.least:
            continue
        low, high = 0.0, _enough(block, net, lots, asked)
        tried = _at(block, net, lots, asked, high, state.lump, rounds)
        best = max(best, tried, key=lambda one: one.value)
        for _ in range(halvings):
            middle = (low + high) / 2
            tried = _at(block, net, lots, asked, middle, state.lump, rounds)
            best = max(best, tried, key=lambda one: one.value)
            low, high = (middle, high) if _weight(block, tried, asked) < asked.least else (low, middle)
    return best


def _at(  # noqa: PLR0917 - the state taken apart
    block: Block, net: Floats, lots: Floats, asked: Threshold | None, price: float, lump: float, rounds: int
) -> Priced:
    """Return the value at a price of weight: of singles each lot's best, and what packages can add at most."""
    if asked is not None and price > 0:
        net = net - price * asked.weights
    local = lots[block.places]
    base, chosen = np.zeros(len(block.places)), np.full(len(block.places), -1)
    if len(block.single):
        cost = net[block.single]
        least = np.minimum.reduceat(cost, block.starts)
        each = least - local[block.with_single]
        base[block.with_single] = np.minimum(each, 0)
        first = _firsts(cost, least, block.starts)
        chosen[block.with_single] = np.where(each < 0, block.single[first], -1)
    bonus, bundled = np.zeros(len(block.places)), np.full(len(block.places), -1)
    if len(block.package):
        there = local + base
        worth = net[block.package] - np.bincount(
            block.entry_package, there[block.entry_place], minlength=len(block.package)
        )
        bonus, bundled = _covering(block, worth, rounds)
    least_weight = 0.0 if asked is None else price * asked.least
    return Priced(float(base.sum() + bonus.sum()) + least_weight - lump, base, bonus, price, chosen, bundled, asked)


def _covering(block: Block, worth: Floats, rounds: int) -> tuple[Floats, Positions]:
    """Return what packages add by place, at most, and the package that says so.

    ``worth`` is what a package costs more than the best singles of its lots. Parts are put on places until those of
    every package's places make up for what it is cheaper; as no two packages share a place in an award, no award gains
    more than all parts. They begin where most is to be gained and are then cut as long as they still suffice.
    """
    need = np.maximum(-worth, 0)
    added, bundled = np.zeros(len(block.places)), np.full(len(block.places), -1)
    if not need.any():
        return added, bundled
    pull = np.bincount(block.entry_place, need[block.entry_package], minlength=len(block.places))[block.entry_place]
    pull = pull**2
    whole = np.bincount(block.entry_package, pull, minlength=len(need))
    part = need[block.entry_package] * pull / np.where(whole > 0, whole, 1.0)[block.entry_package]
    there = block.with_package
    added[there] = np.maximum.reduceat(part, block.entry_starts)
    for _ in range(rounds):
        sums = np.bincount(block.entry_package, added[block.entry_place], minlength=len(need))
        spare = np.maximum(sums + worth, 0) / np.where(sums > 0, sums, 1.0)
        added[there] *= 1 - np.minimum(np.minimum.reduceat(spare[block.entry_package], block.entry_starts), 1)
    sums = np.bincount(block.entry_package, added[block.entry_place], minlength=len(need))
    spare = (sums + worth)[block.entry_package]
    first = _firsts(spare, np.minimum.reduceat(spare, block.entry_starts), block.entry_starts)
    bundled[there] = np.where(added[there] > 0, block.entry_package[first], -1)
    return -added, bundled


def _firsts(cost: Floats, least: Floats, starts: Positions) -> Positions:
    """Return the first of each group that costs the least."""
    if len(starts) == len(cost):
        return starts
    group = np.zeros(len(cost), dtype=np.int64)
    group[starts[1:]] = 1
    group = np.cumsum(group)
    equal = np.flatnonzero(cost == least[group])
    opens = np.ones(len(equal), dtype=np.bool_)
    opens[1:] = group[equal[1:]] != group[equal[:-1]]
    return equal[opens]


def taken(block: Block, priced: Priced) -> Floats:
    """Return how much of each offer a carrier's value counts: a package in parts, singles less what it takes."""
    point = np.zeros(len(block.offers))
    singles = priced.chosen >= 0
    point[priced.chosen[singles]] = 1.0
    bundles = priced.bundled[priced.bundled >= 0]
    if len(bundles):
        part = np.bincount(bundles, minlength=len(block.package)) / block.size
        point[block.package] = part
        lost = np.bincount(block.entry_place, part[block.entry_package], minlength=len(block.places))
        point[priced.chosen[singles]] -= lost[singles]
    return point


def _weight(block: Block, priced: Priced, asked: Threshold) -> float:
    return float(taken(block, priced) @ asked.weights)


def _enough(block: Block, net: Floats, lots: Floats, asked: Threshold) -> float:
    """Return the price of weight at which singles alone reach a threshold; twice the dearest if they can't."""
    weights = asked.weights[block.single]
    length = np.diff(np.append(block.starts, len(block.single)))
    left = net[block.single] - lots[block.places[np.repeat(block.with_single, length)]]
    ratio = np.where(weights > 0, left / np.where(weights > 0, weights, 1.0), np.inf)
    order = np.argsort(ratio)
    place = int(np.searchsorted(np.cumsum(weights[order]), asked.least))
    known = ratio[order[: place + 1]]
    known = known[np.isfinite(known)]
    if not len(known):
        return 0.0
    return max(0.0, float(known[-1])) * (1.0 if place < len(order) else 2.0)


def _block(instance: Instance, carrier: int) -> Block:
    own = instance.of_carrier[carrier]
    local = {number: place for place, number in enumerate(own)}
    places = sorted({lot for number in own for lot in instance.offers[number].lots})
    place_of = {lot: place for place, lot in enumerate(places)}
    single = sorted(
        (place_of[instance.offers[number].lots[0]], local[number])
        for number in own
        if len(instance.offers[number].lots) == 1
    )
    package = [number for number in own if len(instance.offers[number].lots) > 1]
    entries = sorted((place_of[lot], at) for at, number in enumerate(package) for lot in instance.offers[number].lots)
    starts, with_single = _grouped([place for place, _ in single])
    entry_starts, with_package = _grouped([place for place, _ in entries])
    mine = tuple(place for place, discount in enumerate(instance.discounts) if discount.carrier == carrier)
    return Block(
        carrier=carrier,
        discounts=mine,
        offers=np.array(own, dtype=np.int64),
        states=tuple(_states(instance, mine, local)),
        places=np.array(places, dtype=np.int64),
        single=np.array([at for _, at in single], dtype=np.int64),
        starts=starts,
        with_single=with_single,
        package=np.array([local[number] for number in package], dtype=np.int64),
        size=np.array([float(len(instance.offers[number].lots)) for number in package]),
        entry_package=np.array([at for _, at in entries], dtype=np.int64),
        entry_place=np.array([place for place, _ in entries], dtype=np.int64),
        entry_starts=entry_starts,
        with_package=with_package,
    )


def _grouped(keys: list[int]) -> tuple[Positions, Positions]:
    """Return where each run of equal keys begins, and the keys."""
    starts = [place for place, key in enumerate(keys) if place == 0 or keys[place - 1] != key]
    return np.array(starts, dtype=np.int64), np.array([keys[place] for place in starts], dtype=np.int64)


def _states(instance: Instance, mine: tuple[int, ...], local: dict[int, int]) -> Iterator[State]:
    for tiers in product(*(range(-1, len(instance.discounts[place].thresholds)) for place in mine)):
        chosen = [(instance.discounts[place], tier) for place, tier in zip(mine, tiers, strict=True) if tier >= 0]
        saving = np.zeros(len(local))
        for discount, tier in chosen:
            for part in discount.parts:
                saving[local[part.offer]] += part.savings[tier]
        asked = tuple(_threshold(discount, tier, local) for discount, tier in chosen)
        if all(one.weights.sum() >= one.least for one in asked):
            yield State(tiers, saving, float(sum(discount.lumps[tier] for discount, tier in chosen)), asked)


def _threshold(discount: PricedDiscount, tier: int, local: dict[int, int]) -> Threshold:
    """Return what a tier asks for, never more than it does: a site counts once for every offer there."""
    weights = np.zeros(len(local))
    for part in discount.parts:
        match discount.metric:
            case "lots":
                weights[local[part.offer]] = part.lots
            case "sites":
                weights[local[part.offer]] = len(part.sites)
            case "mrc":
                weights[local[part.offer]] = part.mrc
    return Threshold(weights, float(discount.thresholds[tier]))
