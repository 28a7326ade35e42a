"""Prices for a problem taken apart, and the bound they give: by an ascent, and by small remainders in turns."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from marketplace.awards.optimiser.ascent import Ascent
from marketplace.awards.optimiser.decomposition import Answer, Block, Decomposition, Prices, Threshold
from marketplace.awards.optimiser.engine import Limits, RelaxingEngine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Flags, Floats
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.problem import Require
from marketplace.awards.optimiser.remainder import Remainder, remainder
from marketplace.awards.optimiser.telling import Telling
from marketplace.awards.optimiser.tier_states import OUT, entries, most_carriers

_ENOUGH = 1e-4
"""Part of the bound by which it may fall short of a remainder's optimum for another turn not to be worth its time."""
_FOR_PRICES, _FOR_ASCENT, _FOR_FIRST = 0.3, 0.25, 0.15
"""Parts of the time until which prices are looked for by turns, by the ascent alone, and by its first remainder."""
_RESERVE = 0.04
"""Part of the time that is left over, as an engine may take a little longer than it is told."""
_LESS_THAN_A_CENT = 1 - 1e-9
_GROWING = 2.0
"""How many times as long as the last a turn may take."""
_SHOWN_EVERY = 10
"""Steps of the ascent after which its bound is told."""
_WIDE = 4
"""How many times as near as usual offers are looked at before there are prices."""

Allowed: TypeAlias = Sequence[Collection[int]]
"""For each carrier the tier states that are looked at; none: it may win nothing."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried at most; a test sets it so that the clock decides nothing."""

    relaxations: int = 8
    remainders: int = 12
    every_state: int = 40_000
    """Offers times states up to which all tier states are in the first remainder."""
    moves: int = 400
    patience: int = 60
    """Moves in vain one after the other after which others are tried that don't fix all states."""
    paired: int = 12
    """Changes of one state of which pairs are tried."""
    kept_for_rest: float = 0.12
    """Part of the time in which carriers are no longer moved one by one."""
    lowerings: int = 6
    rounds: int = 1_000_000
    """Rounds of better prices, other neighbours and proofs, until the time is up."""
    steps: int = 1_000_000
    """Steps of one ascent."""
    a_lot: int = 4
    """Offers a lot in the first remainder, about."""
    near: float = 0.02
    """Part of a lot's usual cost up to which an offer may be dearer than its price and still be looked at."""


@dataclass(slots=True)
class Best:
    """The best choice and the best bound so far."""

    chosen: frozenset[int] | None
    cost: float
    bound: float = -math.inf
    prices: Prices | None = None
    answer: Answer | None = None


class Pricing:
    """The best choice, the best bound and its prices so far.

    ``weights``: how much of each carrier's states the last point without integrality takes.
    """

    def __init__(  # noqa: PLR0917 - who is told comes last and is optional
        self,
        instance: Instance,
        engine: RelaxingEngine,
        limits: Limits,
        start: frozenset[int] | None,
        effort: Effort | None = None,
        telling: Telling | None = None,
    ) -> None:
        self.instance, self.engine, self.limits = instance, engine, limits
        self.telling = telling or Telling(instance, None, engine.stopwatch)
        self.effort = effort or Effort()
        self.began = engine.stopwatch()
        self.apart = Decomposition(instance)
        self.best = Best(None, math.inf)
        self.never_out = _required(instance)
        self.entries = {block.carrier: entries(block) for block in self.apart.blocks}
        self.most = most_carriers(instance)
        self.weights: list[Floats] = []
        self.ascent: Ascent | None = None
        self.tried: set[tuple[int, ...]] = set()
        if start is not None:
            self.offer(start)

    @property
    def left(self) -> float:
        """Seconds that are left, a small reserve aside."""
        return (1 - _RESERVE) * self.limits.seconds - (self.engine.stopwatch() - self.began)

    @property
    def close(self) -> bool:
        """Whether the gap is as small as asked, or nothing."""
        return self.best.cost - self.best.bound <= max(self.limits.enough(self.best.cost), _LESS_THAN_A_CENT)

    def offer(self, chosen: frozenset[int]) -> None:
        """Take a choice if it breaks nothing and is the best so far."""
        evaluation = evaluate(self.instance, chosen)
        if not evaluation.violations and evaluation.cost < self.best.cost:
            self.best.chosen, self.best.cost = chosen, evaluation.cost
            self.telling.choice(chosen, evaluation.cost)

    def claimed(self) -> list[int]:
        """Return the state of each carrier in the best choice; the first one without a choice."""
        claims = {}
        if self.best.chosen is not None:
            claims = {claim.discount: claim.tier for claim in evaluate(self.instance, self.best.chosen).claims}
        found = []
        for block in self.apart.blocks:
            tiers = tuple(claims.get(self.instance.discounts[number].id, -1) for number in block.discounts)
            found.append(next((at for at, state in enumerate(block.states) if state.tiers == tiers), 0))
        return found

    def first_allowed(self, states: tuple[int, ...]) -> list[set[int]]:
        """Return the states that are looked at first: all of them, or those that look cheapest and none."""
        size = sum(len(block.offers) * len(block.states) for block in self.apart.blocks)
        every = size <= self.effort.every_state
        return [
            set(range(len(block.states))) if every else {0, max(state, 0)}
            for block, state in zip(self.apart.blocks, states, strict=True)
        ]

    def first_kept(self, states: tuple[int, ...]) -> Flags:
        """Keep what is near the cheapest of its lots in these states."""
        lots = np.full(len(self.instance.lots), np.inf)
        for block, state in zip(self.apart.blocks, states, strict=True):
            offer, lot = self.entries[block.carrier]
            cost = self.apart.cost[block.offers] - (block.states[state].saving if state != OUT else 0)
            usual = self.apart.usual[lot]
            share = usual / np.bincount(offer, usual, minlength=len(block.offers))[offer]
            np.minimum.at(lots, lot, share * cost[offer])
        lots[self.apart.open_lots] = np.minimum(lots[self.apart.open_lots], self.apart.reserves)
        allowed = [(max(state, 0),) for state in states]
        prices = Prices(lots, np.zeros(self.apart.sides.rows))
        near = _WIDE * self.effort.near
        kept = self.near(prices, allowed, near)
        while kept.sum() > self.effort.a_lot * len(lots) and near > self.effort.near / _WIDE:
            near /= 2
            kept = self.near(prices, allowed, near)
        return kept

    def near(self, prices: Prices, allowed: Allowed, near: float) -> Flags:
        """Return the offers that cost little more than their lots' prices or, where all do, than the cheapest there.

        An offer is looked at in each of its carrier's allowed states; those of a carrier without any are left out.
        """
        kept = self.never_out.copy()
        costs = self.apart.cost + self.apart.added(prices.rows)[: len(self.apart.cost)]
        over = np.full(len(costs), np.inf)
        lifted = np.full(len(self.instance.lots), np.inf)
        for block, states in zip(self.apart.blocks, allowed, strict=True):
            own = np.full(len(block.offers), np.inf)
            offer, lot = self.entries[block.carrier]
            for number in states:
                state = block.states[number]
                beyond = costs[block.offers] - state.saving - np.bincount(offer, prices.lots[lot], len(block.offers))
                for asked in state.thresholds:
                    beyond = beyond - _weight_price(block, beyond, asked) * asked.weights
                own = np.minimum(own, beyond)
            over[block.offers] = own
            single = np.isin(offer, block.single)
            np.minimum.at(lifted, lot[single], own[offer[single]])
        lifted = np.where(np.isfinite(lifted), np.maximum(lifted, 0.0), 0.0)
        for block in self.apart.blocks:
            offer, lot = self.entries[block.carrier]
            room = np.bincount(offer, lifted[lot] + near * self.apart.usual[lot], len(block.offers))
            kept[block.offers] |= over[block.offers] <= room
        return kept

    def price(self, states: tuple[int, ...]) -> None:
        """Look for prices that bound the whole problem well, from those of a small remainder without integrality on.

        The ascent comes after the first remainder; larger ones then take their turns as far as there is time.
        """
        allowed, kept = self.first_allowed(states), self.first_kept(states)
        if self.best.chosen is not None:  # so that a remainder has an award, whatever the rules
            kept[list(self.best.chosen)] = True
            for one, state in zip(allowed, self.claimed(), strict=True):
                one.add(state)
        took, whole = 0.0, self.left
        for turn in range(self.effort.relaxations):
            spare = self.left - (1 - (_FOR_PRICES if turn else _FOR_FIRST)) * whole
            if self.close or (turn and spare <= _GROWING * took):
                break
            before = self.left
            rest = remainder(self.apart, kept, tuple(tuple(sorted(one)) for one in allowed))
            relaxed = self.engine.relaxed(rest.form, spare)
            took = before - self.left
            prices = self.prices() if relaxed is None else rest.prices(relaxed.duals, self.apart)
            answer = self._first_bounded(prices, whole) if turn == 0 else self._bounded(prices)
            prices = self.prices() if turn == 0 else prices
            if relaxed is None:
                kept |= self.near(prices, allowed, (turn + 2) * _WIDE * self.effort.near)
                continue
            if turn:
                self.weights = self._weights(rest, relaxed.point, allowed)
            missing = self._missing(prices, answer, allowed) & ~kept
            more = self._states_worth(answer, allowed)
            short = float(rest.form.cost @ relaxed.point) - rest.lumps - self.best.bound
            if not more and (not missing.any() or short < _ENOUGH * abs(self.best.bound)):
                break
            kept |= missing

    def _first_bounded(self, prices: Prices, whole: float) -> Answer:
        """Return the best answer after an ascent from these prices, or from better ones without rules."""
        none = np.zeros(self.apart.sides.rows)
        for plain in (Prices(self.apart.usual, none), Prices(prices.lots, none)):
            self._raised(plain, self.apart.bound(plain))
        answer = self._bounded(prices)
        self.climb((1 - _FOR_ASCENT) * whole)
        return self.best.answer or answer

    def climb(self, until: float) -> None:
        """Make the best prices better, until nothing is to be gained or only so many seconds are left."""
        if self.best.answer is None or self.best.prices is None:
            return
        if self.ascent is None:
            self.ascent = Ascent.beginning(self.apart, self.best.prices, self.best.answer)
        ascent = self.ascent
        if self.best.bound > ascent.answer.value:
            ascent.prices, ascent.answer = self.best.prices, self.best.answer
        most, last = self.best.cost, ascent.steps + self.effort.steps

        def go_on() -> bool:
            if ascent.steps % _SHOWN_EVERY == 0:
                self._raised(ascent.prices, ascent.answer)
            return self.left > until and ascent.steps < last and not self.close

        ascent.climb(most, go_on)
        self._raised(ascent.prices, ascent.answer)
        if self.left > 0:
            self._bounded(ascent.prices)
        self.weights = ascent.likely()

    def _raised(self, prices: Prices, answer: Answer) -> None:
        """Take a bound if it is the best so far."""
        if answer.value - answer.margin > self.best.bound:
            self.best.bound, self.best.prices, self.best.answer = answer.value - answer.margin, prices, answer
            self.telling.low(self.best.bound)

    def raise_bound(self, bound: int) -> None:
        """Take a bound for the whole problem that was proven without prices."""
        if bound > self.best.bound:
            self.best.bound = bound
            self.telling.low(bound)

    def prices(self) -> Prices:
        """Return the best prices, or what each lot usually costs."""
        return self.best.prices or Prices(self.apart.usual, np.zeros(self.apart.sides.rows))

    def _bounded(self, prices: Prices) -> Answer:
        """Return the answer at these prices; the best bound is taken from there or near."""
        answer = self.apart.bound(prices, thorough=True)
        near, best = self._lowered(prices, answer)
        self._raised(near, best)
        return answer

    def _lowered(self, prices: Prices, answer: Answer) -> tuple[Prices, Answer]:
        """Return prices and their bound after lowering those of lots that several carriers take, while that helps."""
        part = 1.0
        for _ in range(self.effort.lowerings):
            if self.left <= 0:
                break
            tried = Prices(prices.lots + part * answer.second, prices.rows)
            new = self.apart.bound(tried, thorough=True)
            if new.value > answer.value:
                prices, answer = tried, new
            else:
                part /= 2
        return prices, answer

    def _weights(self, rest: Remainder, point: Floats, allowed: list[set[int]]) -> list[Floats]:
        """Return how much of each state a point without integrality takes; of several discounts, the least."""
        numbers = {discount.id: number for number, discount in enumerate(rest.instance.discounts)}
        columns = rest.form.columns.tier
        found = []
        for block, states in zip(self.apart.blocks, allowed, strict=True):
            weights = np.zeros(len(block.states))
            weights[list(states)] = 1.0
            for place, number in enumerate(block.discounts):
                own = numbers.get(self.instance.discounts[number].id)
                if own is None:
                    continue  # its tier is fixed
                tiers = sorted({block.states[state].tiers[place] for state in states} - {-1})
                parts = {tier: float(point[columns[own, at]]) for at, tier in enumerate(tiers) if (own, at) in columns}
                parts[-1] = 1 - sum(parts.values())
                for state in states:
                    weights[state] = min(weights[state], parts.get(block.states[state].tiers[place], 0.0))
            found.append(weights)
        return found

    def _missing(self, prices: Prices, answer: Answer, allowed: list[set[int]]) -> Flags:
        """Return the offers by which the bound falls short of the remainder, and those near their lots' prices."""
        found = self.near(prices, allowed, self.effort.near / 2)
        found |= answer.point[: len(found)] != 0
        return found

    def _states_worth(self, answer: Answer, allowed: list[set[int]]) -> int:
        """Allow the states that are cheaper, at these prices, than all allowed ones of their carrier."""
        more = 0
        for values, states in zip(answer.values, allowed, strict=True):
            least = min(0.0, *(float(values[state]) for state in states))
            better = [place for place in range(len(values)) if place not in states and values[place] < least]
            if better:
                states.add(min(better, key=lambda place: values[place]))
                more += 1
        return more


def _required(instance: Instance) -> Flags:
    """Return the offers that rules ask for: a remainder without them would have no award."""
    found = np.zeros(len(instance.offers), dtype=np.bool_)
    for rule in instance.problem.rules:
        if isinstance(rule, Require):
            found[[instance.offer_at[name] for name in rule.offers if name in instance.offer_at]] = True
            for lot in rule.lots:
                for number in instance.of_lot[instance.lot_at[lot]]:
                    found[number] |= instance.offers[number].offer.carrier == rule.carrier
    return found


def _weight_price(block: Block, over: Floats, asked: Threshold) -> float:
    """Return the price of a unit of weight at which offers for single lots reach a threshold."""
    single = block.single[asked.weights[block.single] > 0]
    weights = asked.weights[single]
    ratio = over[single] / weights
    order = np.argsort(ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order]), asked.least))
    return max(0.0, float(ratio[order[min(place, len(order) - 1)]])) if len(order) else 0.0
