"""Prices made better step by step along the directions in which lots are taken too often or too rarely (Polyak).

A step costs one look at every offer, a hundredth of what a linear program of all of them costs. How far it goes depends
on how high the bound could still rise; what is hoped for shrinks while it doesn't rise. What carriers take along the
way is averaged: the part of a state in it says how likely the state is.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from marketplace.awards.optimiser.decomposition import Answer, Decomposition, Prices
from marketplace.awards.optimiser.form import Floats
from marketplace.awards.optimiser.sides import sums_at

_KEPT = 0.7
"""Part of the last direction in the next one."""
_PATIENCE = 12
"""Steps without a better bound after which less is hoped for."""
_LESS, _MORE = 0.6, 1.5
_FIRST = 0.01
"""Part of the bound that is hoped for at first, where no cost says how far it can rise."""
_LEAST = 2e-6
"""Part of the bound: whoever hopes for less stands."""
_BETTER = 1e-7


@dataclass(slots=True)
class Ascent:
    """The best prices so far with their answer, and what is still hoped for, in cents."""

    apart: Decomposition
    prices: Prices
    answer: Answer
    hope: float
    weights: list[Floats]
    steps: int = 0

    @classmethod
    def beginning(cls, apart: Decomposition, prices: Prices, answer: Answer) -> "Ascent":
        """Return an ascent from these prices."""
        hope = _FIRST * max(1.0, abs(answer.value))
        return cls(apart, prices, answer, hope, [np.zeros(len(block.states) + 1) for block in apart.blocks])

    @property
    def stands(self) -> bool:
        """Whether next to nothing is hoped for any more."""
        return self.hope <= _LEAST * max(1.0, abs(self.answer.value))

    def climb(self, most: float, go_on: Callable[[], bool]) -> None:
        """Step until nothing more is to be hoped for, or there is no going on. ``most``: no bound is above it."""
        sides, lots = self.apart.sides, len(self.prices.lots)
        here, direction, since = self.prices, np.zeros(lots + sides.rows), 0
        answer = self.answer
        self.hope = min(self.hope, max(most - self.answer.value, 0.0))
        while not self.stands and go_on():
            direction = _KEPT * direction + self._excess(here, answer)
            length = float(direction @ direction)
            if length <= 0:
                return
            step = (self.answer.value + self.hope - answer.value) / length * direction
            here = self._allowed(Prices(here.lots + step[:lots], here.rows + step[lots:]))
            answer = self.apart.bound(here)
            self._count(answer)
            rise = answer.value - self.answer.value
            if rise > 0:
                self.prices, self.answer = here, answer
            since = 0 if rise > _BETTER * abs(answer.value) else since + 1
            if rise > self.hope / 2:
                self.hope = min(self.hope * _MORE, max(most - self.answer.value, 0.0))
            elif since >= _PATIENCE:
                self.hope *= _LESS
                here, answer, since = self.prices, self.answer, 0
                direction = np.zeros_like(direction)

    def likely(self) -> list[Floats]:
        """Return the part of each of a carrier's states in what it took along the way."""
        return [one[:-1] / max(1.0, float(one.sum())) for one in self.weights]

    def _count(self, answer: Answer) -> None:
        self.steps += 1
        fading = 1 - 1 / min(self.steps, 100)
        for weights, state in zip(self.weights, answer.states, strict=True):
            np.multiply(weights, fading, out=weights)
            weights[state] += 1  # a carrier that wins nothing is counted last

    def _excess(self, prices: Prices, answer: Answer) -> Floats:
        """Return by how much each lot is left open, and by how much each side row is broken."""
        sides = self.apart.sides
        taken = sums_at(self.apart.entry_lot, answer.point[self.apart.entry_offer], len(prices.lots))
        taken[self.apart.open_lots] += answer.point[self.apart.opens]
        if not sides.rows:
            return 1 - taken
        sums = sums_at(sides.row, sides.value * answer.point[sides.column], sides.rows)
        above = np.where(np.isfinite(sides.upper), sums - sides.upper, -np.inf)
        below = np.where(np.isfinite(sides.lower), sums - sides.lower, np.inf)
        broken = np.where(prices.rows > 0, above, np.where(prices.rows < 0, below, np.maximum(above, 0)))
        at_zero = (prices.rows == 0) & (below < 0)
        return np.append(1 - taken, np.where(at_zero, below, broken))

    def _allowed(self, prices: Prices) -> Prices:
        sides = self.apart.sides
        rows = np.where(np.isfinite(sides.upper), prices.rows, np.minimum(prices.rows, 0))
        return Prices(prices.lots, np.where(np.isfinite(sides.lower), rows, np.maximum(rows, 0)))
