"""The search for the cheapest award of a large problem: taken apart by carrier, with a bound for all it leaves out.

Lots and side rows get prices, taken from the duals of a small remainder without integrality. At any prices whatever,
what each carrier's best tier state is worth adds up to a bound for the whole problem (``decomposition``), so nothing
that is left out of the remainder can make it wrong. It is computed in doubles; more than their sums can be off is
taken away before it is rounded up to a whole cent, as every cost is one. Offers and tier states that look dear at these
prices are left out of the next remainder, which an exact engine then solves for an award.
"""

import math
from dataclasses import dataclass

import numpy as np

from marketplace.awards.optimiser.decomposition import Answer, Block, Decomposition, Prices, taken
from marketplace.awards.optimiser.engine import Limits, RelaxingEngine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.form import Flags, Floats
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.problem import Require
from marketplace.awards.optimiser.remainder import Remainder, remainder
from marketplace.awards.optimiser.tier_states import OUT, entries, first_states


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is tried at most; a test sets it so that the clock decides nothing."""

    relaxations: int = 8
    remainders: int = 12
    every_state: int = 40_000
    """Offers times states up to which all tier states are in the first remainder."""
    near: float = 0.02
    """Part of a lot's usual cost up to which an offer may be dearer than its price and still be looked at."""


@dataclass(slots=True)
class _Best:
    """The best choice and the best bound so far."""

    chosen: frozenset[int] | None
    cost: float
    bound: float = -math.inf
    prices: Prices | None = None
    answer: Answer | None = None


class Search:
    """One search. ``found`` is what it knows so far."""

    def __init__(
        self,
        instance: Instance,
        engine: RelaxingEngine,
        limits: Limits,
        start: frozenset[int] | None,
        effort: Effort | None = None,
    ) -> None:
        self.instance, self.engine, self.limits = instance, engine, limits
        self.effort = effort or Effort()
        self.began = engine.stopwatch()
        self.apart = Decomposition(instance)
        self.best = _Best(None, math.inf)
        self.never_out = _required(instance)
        if start is not None:
            self._offer(start)

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.limits.seconds - (self.engine.stopwatch() - self.began)

    @property
    def close(self) -> bool:
        """Whether the gap is as small as asked."""
        return self.best.cost - self.best.bound <= max(self.limits.gap, 1 - 1e-9)

    def found(self) -> Found:
        """Return the best choice, its cost and the bound, which is rounded up: costs are whole cents."""
        used = self.engine.stopwatch() - self.began
        low = None if self.best.bound == -math.inf else math.ceil(self.best.bound)
        if self.best.chosen is None:
            return Found("nothing in time", None, None, low, used)
        cost = int(self.best.cost)
        low = None if low is None else min(low, cost)
        return Found("optimal" if low == cost else "feasible", self.best.chosen, cost, low, used)

    def run(self) -> Found:
        """Search until the gap is as small as asked or the effort or the time is spent."""
        states = first_states(self.apart)
        allowed = self._first_allowed(states)
        kept = self._first_kept(states)
        allowed, kept = self._priced(allowed, kept)
        self._solved(allowed, kept)
        return self.found()

    def _offer(self, chosen: frozenset[int]) -> None:
        """Take a choice if it breaks nothing and is the best so far."""
        evaluation = evaluate(self.instance, chosen)
        if not evaluation.violations and evaluation.cost < self.best.cost:
            self.best.chosen, self.best.cost = chosen, evaluation.cost

    def _first_allowed(self, states: tuple[int, ...]) -> list[set[int]]:
        size = sum(len(block.offers) * len(block.states) for block in self.apart.blocks)
        every = size <= self.effort.every_state
        return [
            set(range(len(block.states))) if every else {0, max(state, 0)}
            for block, state in zip(self.apart.blocks, states, strict=True)
        ]

    def _first_kept(self, states: tuple[int, ...]) -> Flags:
        """Keep what is near the cheapest of its lots in these states."""
        lots = np.full(len(self.instance.lots), np.inf)
        for block, state in zip(self.apart.blocks, states, strict=True):
            offer, lot = entries(block)
            cost = self.apart.cost[block.offers] - (block.states[state].saving if state != OUT else 0)
            usual = self.apart.usual[lot]
            share = usual / np.bincount(offer, usual, minlength=len(block.offers))[offer]
            np.minimum.at(lots, lot, share * cost[offer])
        lots[self.apart.open_lots] = np.minimum(lots[self.apart.open_lots], self.apart.reserves)
        allowed = [{max(state, 0)} for state in states]
        return self._near(Prices(lots, np.zeros(self.apart.sides.rows)), allowed, 4 * self.effort.near)

    def _near(self, prices: Prices, allowed: list[set[int]], near: float) -> Flags:
        """Return the offers that cost little more than the prices of their lots, in one of some states at least."""
        kept = self.never_out.copy()
        if self.best.chosen is not None:
            kept[list(self.best.chosen)] = True
        usual = np.zeros(len(self.instance.offers))
        for block in self.apart.blocks:
            offer, lot = entries(block)
            usual[block.offers] = np.bincount(offer, self.apart.usual[lot], minlength=len(block.offers))
        costs = self.apart.cost + self.apart.extra(prices.rows)[: len(self.apart.cost)]
        for block, states in zip(self.apart.blocks, allowed, strict=True):
            offer, lot = entries(block)
            lots = np.bincount(offer, prices.lots[lot], minlength=len(block.offers))
            for number in states:
                state = block.states[number]
                over = costs[block.offers] - state.saving - lots
                for asked in state.thresholds:
                    over = over - self._weight_price(block, over, asked.weights, asked.least) * asked.weights
                kept[block.offers] |= over <= near * usual[block.offers]
        return kept

    @staticmethod
    def _weight_price(block: Block, over: Floats, weights: Floats, least: float) -> float:
        """Return the price of a unit of weight at which singles reach a threshold."""
        single = block.single[weights[block.single] > 0]
        ratio = over[single] / weights[single]
        order = np.argsort(ratio)
        place = int(np.searchsorted(np.cumsum(weights[single][order]), least))
        return max(0.0, float(ratio[order[min(place, len(order) - 1)]])) if len(order) else 0.0

    def _priced(self, allowed: list[set[int]], kept: Flags) -> tuple[list[set[int]], Flags]:
        """Solve remainders without integrality until their prices bound the whole problem well enough."""
        for turn in range(self.effort.relaxations):
            if self.close or self.left <= 0.4 * self.limits.seconds:
                break
            rest = remainder(self.apart, kept, tuple(tuple(sorted(one)) for one in allowed))
            relaxed = self.engine.relaxed(rest.form, self.left - 0.35 * self.limits.seconds)
            if relaxed is None:
                kept = kept | self._near(self._prices(), allowed, (turn + 2) * 4 * self.effort.near)
                continue
            prices = rest.prices(relaxed.duals, self.apart)
            before = self.best.bound
            answer = self._bounded(prices)
            self._rounded(rest, relaxed.point, allowed)
            missing = self._missing(prices, answer, allowed) & ~kept
            more = self._states_worth(answer, allowed)
            TRACE(self, turn, len(rest.offers), len(rest.form.cost), int(missing.sum()), more, answer.value, 'lp', rest.form.cost@relaxed.point, [tuple(w.round(2)) for w in self.weights])
            if not more and (not missing.any() or self.best.bound - before < 1e-5 * abs(self.best.bound)):
                break
            kept = kept | missing
        return allowed, kept

    def _prices(self) -> Prices:
        return self.best.prices or Prices(self.apart.usual, np.zeros(self.apart.sides.rows))

    def _bounded(self, prices: Prices) -> Answer:
        answer = self.apart.bound(prices, thorough=True)
        if answer.value - answer.margin > self.best.bound:
            self.best.bound, self.best.prices, self.best.answer = answer.value - answer.margin, prices, answer
        return answer

    def _rounded(self, rest: Remainder, point: Floats, allowed: list[set[int]]) -> None:
        """Remember how much of each state a point without integrality takes."""
        numbers = {discount.id: number for number, discount in enumerate(rest.instance.discounts)}
        weights = []
        for block, states in zip(self.apart.blocks, allowed, strict=True):
            found = np.zeros(len(block.states))
            for state in states:
                parts = []
                for place, number in enumerate(block.discounts):
                    tiers = sorted({block.states[other].tiers[place] for other in states})
                    own = numbers.get(self.instance.discounts[number].id)
                    taken_of = dict.fromkeys(tiers, 1.0)
                    if own is not None:
                        real = [tier for tier in tiers if tier >= 0]
                        taken_of = {
                            tier: float(point[rest.form.columns.tier[own, at]])
                            if (own, at) in rest.form.columns.tier
                            else 0.0
                            for at, tier in enumerate(real)
                        }
                        taken_of[-1] = 1 - sum(taken_of.values())
                    parts.append(taken_of.get(block.states[state].tiers[place], 0.0))
                found[state] = min(parts, default=1.0)
            weights.append(found)
        self.weights = weights

    def _missing(self, prices: Prices, answer: Answer, allowed: list[set[int]]) -> Flags:
        """Return the offers by which the bound falls short of the remainder, and those near their lots' prices."""
        found = self._near(prices, allowed, self.effort.near / 2)
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

    def _solved(self, allowed: list[set[int]], kept: Flags) -> None:
        """Solve remainders exactly: first few states and offers, then more of both."""
        if self.best.answer is None:
            return
        for turn in range(self.effort.remainders):
            if self.close or self.left <= 0.5:
                return
            states = self._turn_states(turn)
            near = self.effort.near * (0.5 + 0.25 * turn)
            kept = self._near(self._prices(), [set(one) for one in states], near)
            rest = remainder(self.apart, kept, states)
            start = None if self.best.chosen is None else rest.start(self.best.chosen)
            before = self.best.cost
            outcome = self.engine.minimise(rest.form, Limits(self.left / 3, max(self.limits.gap, 2e-5 * abs(self.best.bound))), start)
            if outcome.point is not None:
                self._offer(rest.whole(outcome.point))
            TRACE(self, 'mip', turn, len(rest.offers), len(rest.form.cost), [len(s) for s in states], outcome.end, outcome.seconds)
            if turn > 5 and self.best.cost >= before and outcome.end == "optimal":
                return

    def _turn_states(self, turn: int) -> tuple[tuple[int, ...], ...]:
        """Return the states of a turn: the likeliest, then all that are likely, then those that may be cheaper."""
        if turn < 3:
            least = (0.5, 0.1, 0.02)[turn]
            claimed = self._claimed()
            return tuple(
                tuple(sorted({int(weights.argmax())} | {int(at) for at in np.flatnonzero(weights >= least)} | ({claimed[place]} if turn else set())))
                for place, weights in enumerate(self.weights)
            )
        slack = (self.best.cost - self.best.bound) if self.best.cost < math.inf else 1e-3 * abs(self.best.bound)
        return self._competing(slack * (0.3, 0.6, 1.0)[turn % 3])

    def _competing(self, slack: float) -> tuple[tuple[int, ...], ...]:
        """Return for each carrier the states within the slack of its best at the best prices."""
        if self.best.answer is None:
            raise AssertionError("no prices yet")
        chosen = self._claimed()
        found = []
        for place, values in enumerate(self.best.answer.values):
            near = {int(at) for at in np.flatnonzero(values <= min(float(values.min()), 0.0) + slack)}
            found.append(tuple(sorted(near | {chosen[place]} | ({0} if not near else set()))))
        return tuple(found)

    def _claimed(self) -> list[int]:
        """Return the state of each carrier in the best choice; the first one without a choice."""
        claims = {}
        if self.best.chosen is not None:
            claims = {claim.discount: claim.tier for claim in evaluate(self.instance, self.best.chosen).claims}
        found = []
        for block in self.apart.blocks:
            tiers = tuple(claims.get(self.instance.discounts[number].id, -1) for number in block.discounts)
            found.append(next((at for at, state in enumerate(block.states) if state.tiers == tiers), 0))
        return found


def TRACE(search, *what):
    import sys
    b = search.best
    print(f"{search.limits.seconds-search.left:.1f}s", *what, f"ub {b.cost} lb {b.bound:.0f} gap {(b.cost-b.bound)/abs(b.bound)*100:.4f}%", file=sys.stderr)


def search(
    instance: Instance,
    engine: RelaxingEngine,
    limits: Limits,
    start: frozenset[int] | None = None,
    effort: Effort | None = None,
) -> Found:
    """Return the best choice found within the limits, with a bound that holds for every choice that breaks nothing."""
    return Search(instance, engine, limits, start, effort).run()


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
