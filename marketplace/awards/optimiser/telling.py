"""How far the search for one award is, told to whoever watches: recounted, and never worse than before."""

import math
from collections.abc import Callable

from marketplace.awards.optimiser.engine import Progress, Watcher
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.instance import Instance

_EVERY = 0.5
"""Seconds from one telling to the next, at least; the first award is told at once."""
_SLACK = 0.25
"""Cents by which a solver's bound may be off."""


class Telling:
    """The best award of an instance and the best bound so far. Without a watcher nobody is told."""

    def __init__(
        self, instance: Instance, watcher: Watcher | None, stopwatch: Callable[[], float], name: str = ""
    ) -> None:
        self.instance = instance
        self._watcher, self._stopwatch, self._name = watcher, stopwatch, name
        self._began = stopwatch()
        self._last = -math.inf
        self._cost: int | None = None
        self._bound: int | None = None
        self._chosen: frozenset[int] | None = None
        self._new = False
        """Whether anything has changed since the last telling."""

    @property
    def watched(self) -> bool:
        """Whether anybody is told."""
        return self._watcher is not None

    def choice(self, chosen: frozenset[int], cost: int) -> None:
        """Take a choice that breaks nothing, with its recounted cost."""
        if self.watched and (self._cost is None or cost < self._cost):
            first = self._cost is None
            self._cost, self._chosen, self._new = cost, chosen, True
            self._tell(at_once=first)

    def claimed(self, chosen: frozenset[int]) -> None:
        """Take a choice that a solver claims, if it breaks nothing."""
        if self.watched and not (evaluation := evaluate(self.instance, chosen)).violations:
            self.choice(chosen, evaluation.cost)

    def low(self, bound: float) -> None:
        """Take a bound, as a solver's sum of doubles."""
        if self.watched and math.isfinite(bound):
            whole = math.ceil(bound - _SLACK)
            if self._bound is None or whole > self._bound:
                self._bound, self._new = whole, True
            self._tell()

    def _tell(self, *, at_once: bool = False) -> None:
        now = self._stopwatch()
        if self._watcher is None or not self._new or (now - self._last < _EVERY and not at_once):
            return
        bound = self._bound if self._cost is None or self._bound is None else min(self._bound, self._cost)
        offers = () if self._chosen is None else self.instance.ids(self._chosen)
        self._watcher(Progress(self._cost, bound, now - self._began, offers, self._name))
        self._last, self._chosen, self._new = now, None, False
