"""The search for the cheapest award of a large problem: taken apart by carrier, with a bound for all it leaves out.

Lots and side rows get prices, taken from the duals of a small remainder without integrality. At any prices whatever,
what each carrier's best tier state is worth adds up to a bound for the whole problem (``decomposition``), so nothing
that is left out of the remainder can make it wrong. It is computed in doubles; more than their sums can be off is
taken away before it is rounded up to a whole cent, as every cost is one. Offers and tier states that look dear at these
prices are left out of the next remainder, which an exact engine then solves for an award.
"""

import math

import numpy as np

from marketplace.awards.optimiser.engine import End, Limits, RelaxingEngine
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.pricing import Effort, Pricing
from marketplace.awards.optimiser.remainder import remainder
from marketplace.awards.optimiser.tier_states import OUT, first_states

_FAR = 0.01
"""Part of the bound by which a change of state may be dearer, at the best prices, and still be tried."""
_SMALL_GAP = 2e-5
"""Part of the bound by which a choice may be dearer than the best of a remainder."""
_LEAST_TURNS = 5
_LIKELY = (0.1, 0.02)
"""Parts of a state in the last point without integrality from which on it is likely, turn by turn."""
_SLACKS = (0.3, 0.6, 1.0)
_FIRST_SLACK = 1e-3
_WIDER = (0.5, 2.0, 6.0)
"""How near offers are looked at for fixed states, until there is a choice at all."""


class Search(Pricing):
    """One search. ``found`` is what it knows so far."""

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
        self.price(states)
        for begin in self._beginnings(states):
            self._moved(begin)
        self._solved()
        return self.found()

    def _beginnings(self, first: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
        """Return the states to search from: the likeliest without integrality, and the first ones."""
        if not self.weights or self.best.answer is None:
            return (first,)
        likely = [int(weights.argmax()) for weights in self.weights]
        worth = [float(values[state]) for values, state in zip(self.best.answer.values, likely, strict=True)]
        for place in sorted(range(len(likely)), key=lambda place: worth[place])[self.most :]:
            likely[place] = OUT
        return (tuple(likely),) if tuple(likely) == first else (tuple(likely), first)

    def _moved(self, states: tuple[int, ...]) -> None:
        """Solve with a state fixed for every carrier, then with one or two of them in another state, while it helps."""
        self._fixed(states)
        current = states
        while True:
            for move in self._moves(current):
                if (
                    self.close
                    or self.left <= self.effort.kept_for_rest * self.limits.seconds
                    or len(self.tried) > self.effort.moves
                ):
                    return
                if move not in self.tried and self._fixed(move):
                    current = move
                    break
            else:
                return

    def _moves(self, states: tuple[int, ...]) -> list[tuple[int, ...]]:
        """Return neighbours, those first that are cheapest at the best prices."""
        if self.best.answer is None:
            return []
        values = [dict(enumerate(map(float, one))) for one in self.best.answer.values]
        for one in values:
            if self.most < len(states):
                one[OUT] = 0.0
        singles = sorted(
            (value - one[states[place]], place, other)
            for place, one in enumerate(values)
            for other, value in one.items()
            if other != states[place]
        )
        gap = self.best.cost - self.best.bound if self.best.cost < math.inf else 0.0
        found: list[tuple[float, tuple[tuple[int, int], ...]]] = [
            (worth, ((place, other),))
            for worth, place, other in singles
            if worth < max(gap, _FAR * abs(self.best.bound))
        ]
        few = found[: self.effort.paired]
        found += [
            (one + two, (*first, *second))
            for at, (one, first) in enumerate(few)
            for two, second in few[at + 1 :]
            if first[0][0] != second[0][0]
        ]
        moves = (
            tuple(dict(change).get(place, state) for place, state in enumerate(states)) for _, change in sorted(found)
        )
        return [move for move in moves if sum(state != OUT for state in move) <= self.most]

    def _fixed(self, states: tuple[int, ...]) -> bool:
        """Solve with these states and little else; tell whether that made the best choice better."""
        self.tried.add(states)
        before = self.best.cost
        for wider in _WIDER[:1] if self.best.chosen is not None else _WIDER:
            self._exactly(tuple((state,) if state != OUT else () for state in states), wider, self.left / 6)
            if self.best.chosen is not None:
                break
        return self.best.cost < before

    def _exactly(self, states: tuple[tuple[int, ...], ...], wider: float, seconds: float) -> End:
        """Solve with these states and the offers that are so many times as near as usual; only better is looked for."""
        kept = self.near(self.prices(), states, wider * self.effort.near)
        if self.best.chosen is not None:
            kept[list(self.best.chosen)] = True
        rest = remainder(self.apart, kept, tuple(one or (0,) for one in states))
        cutoff = None if self.best.cost == math.inf else self.best.cost + rest.lumps - 1
        gap = max(self.limits.gap, _SMALL_GAP * max(0.0, self.best.bound))
        start = None if self.best.chosen is None else rest.start(self.best.chosen)
        outcome = self.engine.minimise(rest.form, Limits(seconds, gap, cutoff), start)
        if outcome.point is not None:
            self.offer(rest.whole(outcome.point))
        return outcome.end

    def _solved(self) -> None:
        """Solve remainders exactly: first few states and offers, then more of both."""
        if self.best.answer is None:
            return
        for turn in range(self.effort.remainders):
            if self.close or self.left <= 0:
                return
            before = self.best.cost
            end = self._exactly(self._turn_states(turn), 1.0 + turn / 2, self.left / 3)
            if turn >= _LEAST_TURNS and self.best.cost >= before and end != "limit":
                return

    def _turn_states(self, turn: int) -> tuple[tuple[int, ...], ...]:
        """Return the states of a turn: those of the best choice, then all that are likely, then all that compete."""
        claimed = self._claimed()
        if turn == 0 or not self.weights:
            return tuple((state,) for state in claimed)
        if turn <= len(_LIKELY):
            return tuple(
                tuple(sorted({claimed[place]} | {int(at) for at in np.flatnonzero(weights >= _LIKELY[turn - 1])}))
                for place, weights in enumerate(self.weights)
            )
        slack = (self.best.cost - self.best.bound) if self.best.cost < math.inf else _FIRST_SLACK * abs(self.best.bound)
        return self._competing(slack * _SLACKS[turn % len(_SLACKS)])

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


def search(
    instance: Instance,
    engine: RelaxingEngine,
    limits: Limits,
    start: frozenset[int] | None = None,
    effort: Effort | None = None,
) -> Found:
    """Return the best choice found within the limits, with a bound that holds for every choice that breaks nothing."""
    return Search(instance, engine, limits, start, effort).run()
