"""Branch and bound over what decides an award: tiers of discounts first, then carriers, then single offers.

With its tiers fixed an award is nearly a covering of lots by neighbours, whose relaxation is nearly whole: one warm
relaxation after another proves more in a second than a general solver's cuts and heuristics. Bounds don't rest on a
solver's word: each is counted anew from the duals, which hold whatever their quality.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from marketplace.awards.optimiser.engine import Limits, Outcome
from marketplace.awards.optimiser.form import Flags, Floats, Form

Places: TypeAlias = npt.NDArray[np.intp]

_SLACK = 0.25
_WHOLE = 1e-6
_HALF = 0.5
_MOST_OPEN = 20_000
"""Nodes that wait: more of them are no search of this kind, and memory is limited."""
_WATCHED_AFTER = 0.5


class UnsolvedError(Exception):
    """A relaxation came to no end, the tree grew beyond all bounds, or half of the time found nothing."""


@dataclass(frozen=True, slots=True)
class Solved:
    """The optimum of a relaxation and the duals of its rows."""

    point: Floats
    duals: Floats


class Relaxation(Protocol):
    """A form without integrality that is solved again and again under other bounds, each time from the last basis."""

    def solve(self, lower: Floats, upper: Floats, least: Floats, basis: Any) -> Solved | None:
        """Return the optimum under bounds of columns and lower bounds of rows, None if there is none.

        ``basis``: where to begin; None: where the last one ended. Raises UnsolvedError.
        """

    def basis(self) -> Any:
        """Return the basis of the last optimum."""


@dataclass(frozen=True, slots=True)
class _Node:
    """A part of all choices: bounds of the whole columns, rows of tiers of which one must be claimed."""

    bound: float
    lower: Flags
    upper: Flags
    claimed: frozenset[int]
    basis: Any = None


@dataclass(frozen=True, slots=True)
class _Shape:
    """Where a form branches: the columns of every discount's tiers by threshold, and the row that allows one."""

    tiers: tuple[tuple[Places, int], ...]
    used: Places
    whole: Places


@dataclass(slots=True)
class Tree:
    """One search. ``stopwatch`` returns seconds."""

    form: Form
    relaxation: Relaxation
    limits: Limits
    stopwatch: Callable[[], float]
    point: Floats | None = None
    cost: float = math.inf
    _shape: _Shape = field(init=False)
    _root: tuple[float, Floats] | None = field(default=None)
    _heap: list[tuple[float, int, _Node]] = field(default_factory=list)
    _made: int = field(default=0)
    _lengths: npt.NDArray[np.int32] = field(init=False)
    _told: float = field(default=0.0)

    def __post_init__(self) -> None:
        self._shape = _shape_of(self.form)
        self._lengths = np.diff(self.form.starts)

    def run(self, start: Floats | None = None) -> Outcome:
        """Return the cheapest point. Raises UnsolvedError."""
        if start is not None:
            self.point, self.cost = start, float(start @ self.form.cost)
        began, whole = self.stopwatch(), self._shape.whole
        self._told = began
        root = _Node(-math.inf, self.form.lower[whole] > _HALF, self.form.upper[whole] > _HALF, frozenset())
        node: _Node | None = root
        while node is not None or self._heap:
            if node is None:
                node = heapq.heappop(self._heap)[2]
            if node.bound >= self._enough:
                break  # the least of all bounds
            self._show(node.bound)
            used = self.stopwatch() - began
            if self.point is None and used >= _HALF * self.limits.seconds:
                raise UnsolvedError
            if used >= self.limits.seconds:
                self._heap.append((node.bound, -1, node))
                return self._outcome("limit", self._least(), began)
            node = self._branched(node)
        if self.point is None or self.cost > self._most + _SLACK:
            return Outcome("infeasible", None, None, None, self.stopwatch() - began)
        return self._outcome("optimal", min(self.cost, self._enough + self._tolerance), began)

    @property
    def _most(self) -> float:
        return math.inf if self.limits.cutoff is None else self.limits.cutoff

    @property
    def _tolerance(self) -> float:
        """What a node may be short of the best: costs are whole cents, so that less than one is nothing."""
        return _HALF + _SLACK if self.limits.gap <= _HALF and not self.limits.relative else 0.0

    @property
    def _enough(self) -> float:
        """The bound from which on a node holds nothing that is looked for."""
        if not math.isfinite(self.cost):
            return self._most
        return min(
            self.cost - max(self.limits.enough(self.cost), _HALF) - (_SLACK if self._tolerance else 0), self._most
        )

    def _least(self) -> float:
        """Return the least of what waits and of what was left aside as good enough."""
        return min(self.cost, self._enough + self._tolerance, *(bound for bound, _, _ in self._heap))

    def _outcome(self, end: Any, bound: float, began: float) -> Outcome:
        proven = bound if math.isfinite(bound) else None
        seconds = self.stopwatch() - began
        return Outcome(end, self.point, None if self.point is None else self.cost, proven, seconds)

    def _show(self, bound: float) -> None:
        now = self.stopwatch()
        if self.limits.seen is not None and now - self._told >= _WATCHED_AFTER:
            self._told = now
            least = min(bound, self._least()) if self._heap else bound
            self.limits.seen(self.point, least if math.isfinite(least) else None)

    def _branched(self, node: _Node) -> _Node | None:
        """Solve a node's relaxation; return the child to go on with, the other one waits."""
        lower, upper = node.lower, node.upper
        if self._root is not None:
            lower, upper = self._fixed(lower, upper, *self._root)
            if (lower & ~upper).any():
                return None
        solved, bound, reduced = self._solved(lower, upper, node.claimed, node.basis)
        bound = max(bound, node.bound)
        if solved is None or bound >= self._enough:
            return None
        if self._root is None:
            self._root = bound, reduced
        values = solved.point[self._shape.whole]
        if np.abs(values - np.round(values)).max(initial=0.0) < _WHOLE:
            self._take(solved.point)
            return None
        lower, upper = self._fixed(lower, upper, bound, reduced)
        children = self._children(solved.point, _Node(bound, lower, upper, node.claimed))
        if len(self._heap) > _MOST_OPEN:
            raise UnsolvedError
        self._made += 1
        other = children[1]
        waiting = _Node(bound, other.lower, other.upper, other.claimed, self.relaxation.basis())
        heapq.heappush(self._heap, (bound, self._made, waiting))
        return children[0]

    def _take(self, point: Floats) -> None:
        rounded = np.where(self.form.integer, np.round(point), point)
        cost = float(rounded @ self.form.cost)
        if cost < min(self.cost, self._most + _SLACK):
            self.point, self.cost = rounded, cost

    def _solved(
        self, lower: Flags, upper: Flags, claimed: frozenset[int], basis: Any
    ) -> tuple[Solved | None, float, Floats]:
        """Return a relaxation's optimum, a bound that its duals prove, and the reduced costs they mean."""
        form, whole = self.form, self._shape.whole
        low, high, least = form.lower.copy(), form.upper.copy(), form.row_lower.copy()
        low[whole], high[whole] = lower, upper
        least[list(claimed)] = 1.0
        solved = self.relaxation.solve(low, high, least, basis)
        if solved is None:
            return None, math.inf, form.cost
        duals = solved.duals
        duals = np.where((duals > 0) & np.isinf(least) | (duals < 0) & np.isinf(form.row_upper), 0.0, duals)
        each = form.value * np.repeat(duals, self._lengths)
        reduced = form.cost - np.bincount(form.index, weights=each, minlength=len(form.cost))
        sides = np.where(duals > 0, least, np.where(duals < 0, form.row_upper, 0.0))
        bound = float(duals @ sides + np.minimum(reduced * low, reduced * high).sum())
        return solved, bound, reduced

    def _fixed(self, lower: Flags, upper: Flags, bound: float, reduced: Floats) -> tuple[Flags, Flags]:
        """Fix the columns that would cost too much at their other bound."""
        room = self._enough - bound
        if not math.isfinite(room):
            return lower, upper
        reduced = reduced[self._shape.whole]
        return lower | (-reduced > room) & upper, upper & ~((reduced > room) & ~lower)

    def _children(self, point: Floats, node: _Node) -> tuple[_Node, _Node]:
        """Return both halves of a node, the likelier one first."""
        score, tier, at = 0.0, -1, 0
        for number, (columns, _) in enumerate(self._shape.tiers):
            shares = np.append(1.0, np.cumsum(point[columns][::-1]))[1:][::-1]  # of this tier or a higher one
            middle = np.minimum(shares, 1 - shares)
            best = int(np.argmax(middle))
            if middle[best] > max(score, _WHOLE):
                score, tier, at = float(middle[best]), number, best
        used = point[self._shape.used]
        split = np.minimum(used, 1 - used)
        if len(split) and split.max() > max(score, _WHOLE):
            return self._halved(point, node, int(self._shape.used[int(np.argmax(split))]))
        if tier >= 0:
            return self._tiered(point, node, tier, at)
        values = point[self._shape.whole]
        middle = np.minimum(values, 1 - values)
        return self._halved(point, node, int(self._shape.whole[int(np.argmax(middle))]))

    def _halved(self, point: Floats, node: _Node, column: int) -> tuple[_Node, _Node]:
        place = int(np.searchsorted(self._shape.whole, column))
        lower, upper = node.lower.copy(), node.upper.copy()
        lower[place], upper[place] = True, False
        one = _Node(node.bound, lower, node.upper, node.claimed)
        none = _Node(node.bound, node.lower, upper, node.claimed)
        return (one, none) if point[column] > _HALF else (none, one)

    def _tiered(self, point: Floats, node: _Node, number: int, at: int) -> tuple[_Node, _Node]:
        """Split at a tier: that one or a higher one is claimed, or none of them."""
        columns, row = self._shape.tiers[number]
        places = np.searchsorted(self._shape.whole, columns)
        upper = node.upper.copy()
        upper[places[at:]] = False
        below = _Node(node.bound, node.lower, upper, node.claimed)
        if row < 0:
            lower = node.lower.copy()
            lower[places] = True
            above = _Node(node.bound, lower, node.upper, node.claimed)
        else:
            upper = node.upper.copy()
            upper[places[:at]] = False
            above = _Node(node.bound, node.lower, upper, node.claimed | {row})
        return (above, below) if point[columns[at:]].sum() > _HALF else (below, above)


def _shape_of(form: Form) -> _Shape:
    of_discount: dict[int, list[int]] = {}
    for (number, _), column in sorted(form.columns.tier.items()):
        of_discount.setdefault(number, []).append(column)
    tiers = tuple(
        (np.array(columns, dtype=np.intp), form.columns.one_tier.get(number, -1))
        for number, columns in sorted(of_discount.items())
    )
    used = np.array(sorted(form.columns.used.values()), dtype=np.intp)
    return _Shape(tiers, used, np.flatnonzero(form.integer))
