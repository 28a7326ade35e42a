"""The search for the cheapest award of a large problem: taken apart by carrier, with a bound for all it leaves out.

Lots and side rows get prices, taken from the duals of a small remainder without integrality. At any prices whatever,
what each carrier's best tier state is worth adds up to a bound for the whole problem (``decomposition``), so nothing
that is left out of the remainder can make it wrong. It is computed in doubles; more than their sums can be off is
taken away before it is rounded up to a whole cent, as every cost is one. Offers and tier states that look dear at these
prices are left out of the next remainder, which an exact engine then solves for an award. What can't be in any cheaper
award at these prices is left out of the last remainders: their bound holds for the whole problem too.
"""

import math
import random
from dataclasses import replace

import numpy as np

from marketplace.awards.optimiser.beginning import first_choice
from marketplace.awards.optimiser.engine import End, Limits, Outcome, RelaxingEngine, Sight
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.form import Floats
from marketplace.awards.optimiser.instance import Instance
from marketplace.awards.optimiser.pricing import Effort, Pricing
from marketplace.awards.optimiser.reduction import reduced
from marketplace.awards.optimiser.remainder import Remainder, remainder
from marketplace.awards.optimiser.telling import Telling
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
_FOR_BEGINNING, _FOR_CLIMBING = 0.5, 0.1
"""Parts of the time that is left for a first choice at most, and for better prices in each round."""
_FREE, _MORE_FREE_AFTER, _WIDTHS = 3, 6, 3
"""Carriers set free at once, rounds after which it is one more, and widths that take turns."""
_MOST_PROVED = 6_000
"""Offers up to which a remainder is worth proving."""
_LEAST_PROOF = 2.0
_SLACK = 0.25
"""Cents by which a solver's bound may be off."""
_WIDER = (0.5, 2.0, 6.0)
"""How near offers are looked at for fixed states, until there is a choice at all."""


class Search(Pricing):
    """One search. ``found`` is what it knows so far."""

    impossible = False
    """Whether it is proven that no choice obeys all rules."""

    def found(self) -> Found:
        """Return the best choice, its cost and the bound, which is rounded up: costs are whole cents."""
        used = self.engine.stopwatch() - self.began
        if self.impossible:
            return Found("infeasible", None, None, None, used)
        low = None if self.best.bound == -math.inf else math.ceil(self.best.bound)
        if self.best.chosen is None:
            return Found("nothing in time", None, None, low, used)
        cost = int(self.best.cost)
        low = None if low is None else min(low, cost)
        return Found("optimal" if low == cost else "feasible", self.best.chosen, cost, low, used)

    def run(self) -> Found:
        """Search until the gap is as small as asked or the effort or the time is spent."""
        if self.best.chosen is None:
            self._begin()
        if not self.impossible and self.left > 0:
            states = first_states(self.apart)
            self.price(states)
            if self.best.chosen is not None and not self.close:
                self._exactly(tuple((state,) for state in self.claimed()), 1.0, self.left / 6)
            for begin in self._beginnings(states):
                self._moved(begin)
            self._solved()
            self._rounds()
        return self.found()

    def _begin(self) -> None:
        """Look for any choice that breaks nothing, discounts aside."""
        first = first_choice(self.apart, self.engine, self.never_out, _FOR_BEGINNING * self.left)
        self.impossible = first.impossible
        if first.chosen is not None:
            self.offer(first.chosen)

    def _rounds(self) -> None:
        """Go on by turns: prices made better, some carriers' states set free, what is left proven."""
        for turn in range(self.effort.rounds):
            if self.best.chosen is None:
                self._begin()  # with half of what is left, again and again: an award that exists should be found
            if self.impossible or self.close or self.left <= 0 or self.best.answer is None:
                return
            before = self.best.cost
            if self.ascent is not None and not self.ascent.stands:
                self.climb((1 - _FOR_CLIMBING) * self.left)
            self._freed(turn)
            if self.best.cost < before:
                self._moved(self._states_of_best())
            else:
                self._proved(turn)

    def _freed(self, turn: int) -> None:
        """Solve with the states of a few carriers set free, drawn anew in each turn, and more offers."""
        answer = self.best.answer
        if answer is None or self.best.chosen is None or self.left <= 0:
            return
        drawn = random.Random(turn)  # noqa: S311 - a direction of search, the same in every run
        claimed = self.claimed()
        free = set(drawn.sample(range(len(claimed)), min(_FREE + turn // _MORE_FREE_AFTER, len(claimed))))
        slack = max(self.best.cost - self.best.bound, _FIRST_SLACK * abs(self.best.bound))
        states = []
        for place, (values, state) in enumerate(zip(answer.values, claimed, strict=True)):
            near = values <= min(float(values.min()), 0.0) + slack if place in free else np.zeros(len(values))
            states.append(tuple(sorted({state, *map(int, np.flatnonzero(near))})))
        self._exactly(tuple(states), _WIDER[0] * (1 + turn % _WIDTHS), self.left / 4)

    def _proved(self, turn: int) -> None:
        """Solve what may be in a cheaper choice than the best; its bound is one for everything."""
        if self.best.chosen is None or self.left <= 0:
            return
        left_over = reduced(self.apart, self.best, self.never_out)
        if left_over is None or int(left_over.kept.sum()) > _MOST_PROVED:
            return
        rest = remainder(self.apart, left_over.kept, tuple(one or (0,) for one in left_over.states))
        seconds = min(self.left, max(_LEAST_PROOF, self.left / 3) * (1 + turn / 4))
        outcome = self._minimised(rest, Limits(seconds, self.limits.gap, relative=self.limits.relative))
        if outcome.end == "infeasible":
            self.raise_bound(int(self.best.cost))
        elif outcome.bound is not None:
            self.raise_bound(min(int(self.best.cost), math.ceil(outcome.bound - rest.lumps - _SLACK)))

    def _states_of_best(self) -> tuple[int, ...]:
        """Return the states of the best choice, OUT where a carrier wins nothing and fewer may win."""
        chosen = self.best.chosen or frozenset()
        winners = {self.instance.offers[number].carrier for number in chosen}
        claimed = self.claimed()
        if self.most >= len(claimed):
            return tuple(claimed)
        return tuple(
            state if block.carrier in winners else OUT for block, state in zip(self.apart.blocks, claimed, strict=True)
        )

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
        current, failed = states, 0
        while True:
            for move in self._moves(current):
                if (
                    self.close
                    or self.left <= self.effort.kept_for_rest * self.limits.seconds
                    or len(self.tried) > self.effort.moves
                    or failed >= self.effort.patience
                ):
                    return
                if move in self.tried:
                    continue
                if self._fixed(move):
                    current, failed = move, 0
                    break
                failed += 1
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
        gap = max(self.limits.gap, _SMALL_GAP * max(0.0, self.best.bound))
        return self._minimised(rest, Limits(seconds, gap)).end

    def _minimised(self, rest: Remainder, limits: Limits) -> Outcome:
        """Look for a better choice in a remainder."""
        cutoff = None if self.best.cost == math.inf else self.best.cost + rest.lumps - 1
        start = None if self.best.chosen is None else rest.start(self.best.chosen)
        outcome = self.engine.minimise(rest.form, replace(limits, cutoff=cutoff, seen=self._sight(rest)), start)
        if outcome.point is not None:
            self.offer(rest.whole(outcome.point))
        return outcome

    def _sight(self, rest: Remainder) -> Sight:
        """Return what takes every better choice on the way to a remainder's best."""

        def seen(point: Floats | None, _: float | None) -> None:
            if point is not None:
                self.offer(rest.whole(point))

        return seen

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
        claimed = self.claimed()
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
        chosen = self.claimed()
        found = []
        for place, values in enumerate(self.best.answer.values):
            near = {int(at) for at in np.flatnonzero(values <= min(float(values.min()), 0.0) + slack)}
            found.append(tuple(sorted(near | {chosen[place]} | ({0} if not near else set()))))
        return tuple(found)


def search(
    instance: Instance,
    engine: RelaxingEngine,
    limits: Limits,
    start: frozenset[int] | None = None,
    effort: Effort | None = None,
    *,
    telling: Telling | None = None,
) -> Found:
    """Return the best choice found within the limits, with a bound that holds for every choice that breaks nothing."""
    return Search(instance, engine, limits, start, effort, telling).run()
