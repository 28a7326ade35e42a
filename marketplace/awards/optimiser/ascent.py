"""The climb of a Lagrangian bound: volume steps, whose averages also say which offers and tiers are worth a look."""

from dataclasses import dataclass, field

import numpy as np

from marketplace.awards.optimiser.decomposition import Answer, Decomposition, Prices
from marketplace.awards.optimiser.form import Floats

_FIRST_STEP, _LEAST_STEP = 0.1, 1e-4
_PATIENCE = 12
"""Steps without a better bound, after which steps get shorter."""
_WEIGHT, _LEAST_WEIGHT = 0.1, 0.005
_FAR = 0.02
"""Part of the bound by which the aim lies above it, unless a choice is known that costs less than that."""


@dataclass(slots=True)
class Climb:
    """A climb that can go on where it stopped. ``offers`` and ``states`` are averages of what was taken on the way."""

    taken_apart: Decomposition
    prices: Prices = field(init=False)
    best: Answer = field(init=False)
    taken: Floats = field(init=False)
    opened: Floats = field(init=False)
    activity: Floats = field(init=False)
    states: list[Floats] = field(init=False)
    step: float = field(default=_FIRST_STEP)
    weight: float = field(default=_WEIGHT)
    waited: int = field(default=0)

    def __post_init__(self) -> None:
        """Begin with the cheapest prices."""
        self.prices = self.taken_apart.first_prices()
        self.best = self.taken_apart.bound(self.prices)
        self.taken = self.best.taken
        self.activity = self._sides(self.best)
        self.states = [_one(len(block.states) + 1, state) for block, state in self._states(self.best)]
        self.opened = self._open(self.best)

    @property
    def done(self) -> bool:
        """Whether steps have become too short to matter."""
        return self.step <= _LEAST_STEP

    def climb(self, steps: int, known: float) -> None:
        """Take so many steps; ``known`` is the least cost known of any choice, or infinity."""
        for _ in range(steps):
            if self.done:
                return
            self._step(known)

    def _step(self, known: float) -> None:
        apart = self.taken_apart
        lots, rows, moves = self._direction()
        length = float(lots @ lots + rows @ rows + moves @ moves)
        aim = min(known, self.best.value + _FAR * abs(self.best.value)) + 1.0
        if length <= 0 or aim <= self.best.value:
            self.step = _LEAST_STEP
            return
        size = self.step * (aim - self.best.value) / length
        tried = Prices(
            self.prices.lots + size * lots,
            self._allowed(self.prices.rows + size * rows),
            self.prices.moves + size * moves,
        )
        answer = apart.bound(tried)
        weight = self._mixed(answer)
        self._average(answer, weight)
        if answer.value > self.best.value:
            along = float((1 - self._covered(answer.taken, self._open(answer))) @ lots)
            if along > 0:
                self.step = min(2.0, self.step * 1.1)
            if answer.value - self.best.value > 1e-6 * abs(self.best.value):
                self.waited = 0
            self.best, self.prices = answer, tried
        else:
            self.waited += 1
            if self.waited >= _PATIENCE:
                self.waited = 0
                self.step *= 0.7
                self.weight = max(_LEAST_WEIGHT, self.weight * 0.93)

    def _mixed(self, answer: Answer) -> float:
        """Return the weight of a new answer in the averages: the one that leaves least uncovered, within limits."""
        new = 1 - self._covered(answer.taken, self._open(answer))
        old = 1 - self._covered(self.taken, self.opened)
        difference = new - old
        length = float(difference @ difference)
        best = float(-(old @ difference)) / length if length > 0 else self.weight
        return min(self.weight, best) if best > 0 else self.weight / 10

    def _average(self, answer: Answer, weight: float) -> None:
        self.taken = (1 - weight) * self.taken + weight * answer.taken
        self.opened = (1 - weight) * self.opened + weight * self._open(answer)
        self.activity = (1 - weight) * self.activity + weight * self._sides(answer)
        for mean, (block, state) in zip(self.states, self._states(answer), strict=True):
            mean *= 1 - weight
            mean[state if state >= 0 else len(block.states)] += weight

    def _direction(self) -> tuple[Floats, Floats, Floats]:
        apart, sides = self.taken_apart, self.taken_apart.sides
        lots = 1 - self._covered(self.taken, self.opened)
        over, under = self.activity - sides.upper, self.activity - sides.lower
        priced = self.prices.rows
        rows = np.where(priced > 0, over, np.where(priced < 0, under, np.maximum(over, 0) + np.minimum(under, 0)))
        rows = np.where(np.isfinite(rows), rows, 0.0)
        mean = np.bincount(apart.offer, self.taken, minlength=len(apart.cost)) / apart.sizes
        return lots, rows, np.where(apart.packaged, self.taken - mean[apart.offer], 0.0)

    def _allowed(self, rows: Floats) -> Floats:
        sides = self.taken_apart.sides
        rows = np.where(np.isfinite(sides.upper), rows, np.minimum(rows, 0))
        return np.where(np.isfinite(sides.lower), rows, np.maximum(rows, 0))

    def _covered(self, taken: Floats, opened: Floats) -> Floats:
        apart = self.taken_apart
        covered = np.bincount(apart.lot, taken, minlength=len(apart.instance.lots))
        covered[apart.open_lots] += opened
        return covered

    def _open(self, answer: Answer) -> Floats:
        columns = self.taken_apart.sides.form.columns.open_lot
        return answer.point[[columns[int(lot)] for lot in self.taken_apart.open_lots]]

    def _sides(self, answer: Answer) -> Floats:
        return self.taken_apart.sides.activity(answer.point) if self.taken_apart.sides.rows else np.zeros(0)

    def _states(self, answer: Answer) -> list[tuple]:
        return list(zip(self.taken_apart.blocks, answer.states, strict=True))


def _one(length: int, place: int) -> Floats:
    found = np.zeros(length)
    found[place] = 1.0
    return found
