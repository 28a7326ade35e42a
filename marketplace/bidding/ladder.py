"""The standing as an immutable sorted sequence: one more bid costs the same among ten bidders and ten thousand."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypeAlias

from marketplace.kernel.ids import OrganizationId

Rung: TypeAlias = tuple[Decimal, datetime, int, OrganizationId]
"""``(effective cost, time of the current price, sequence, bidder)``: the first three are the one order of bids."""

_LARGEST = 256
"""Rungs a run may hold: a change copies one run and the list of runs."""


class Ladder:
    """Rungs in ascending order, best first. Every change returns a new ladder that shares what stayed."""

    __slots__ = ("_runs", "_size")

    def __init__(self, runs: tuple[tuple[Rung, ...], ...] = (), size: int = 0) -> None:
        self._runs = runs
        self._size = size

    @classmethod
    def of(cls, rungs: Iterable[Rung]) -> "Ladder":
        """Return the ladder of ``rungs`` in any order."""
        ordered = tuple(sorted(rungs))
        return cls(tuple(ordered[at : at + _LARGEST] for at in range(0, len(ordered), _LARGEST)), len(ordered))

    def __len__(self) -> int:
        return self._size

    def __bool__(self) -> bool:
        return bool(self._runs)

    def __iter__(self) -> Iterator[Rung]:
        for run in self._runs:
            yield from run

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ladder) and (self._runs == other._runs or tuple(self) == tuple(other))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Ladder.of({list(self)!r})"

    def __getitem__(self, place: int) -> Rung:
        """Return the rung at ``place``, from 0. Raises IndexError."""
        for run in self._runs:
            if place < len(run):
                return run[place]
            place -= len(run)
        raise IndexError(place)

    @property
    def first(self) -> Rung:
        """The leader's rung. Raises IndexError on an empty ladder."""
        return self._runs[0][0]

    @property
    def last(self) -> Rung:
        """The rung that stands worst. Raises IndexError on an empty ladder."""
        return self._runs[-1][-1]

    def place_of(self, rung: Rung) -> int:
        """Return the place of ``rung``, or the one that it would take: the number of rungs before it."""
        index = self._run_for(rung)
        return self._before(index) + (bisect_left(self._runs[index], rung) if self._runs else 0)

    def adding(self, rung: Rung) -> "Ladder":
        """Return the ladder with one more rung."""
        if not self._runs:
            return Ladder(((rung,),), 1)
        index = self._run_for(rung)
        run = list(self._runs[index])
        insort(run, rung)
        half = len(run) // 2
        parts = (tuple(run),) if len(run) <= _LARGEST else (tuple(run[:half]), tuple(run[half:]))
        return self._with(index, parts, self._size + 1)

    def _with(self, index: int, parts: tuple[tuple[Rung, ...], ...], size: int) -> "Ladder":
        """Return the ladder, of ``size`` rungs then, with ``parts`` instead of one run."""
        return Ladder((*self._runs[:index], *parts, *self._runs[index + 1 :]), size)

    def removing(self, rung: Rung) -> "Ladder":
        """Return the ladder without ``rung``. Raises ValueError if it is not in it."""
        index = self._run_for(rung) if self._runs else 0
        run = self._runs[index] if self._runs else ()
        at = bisect_left(run, rung)
        if at == len(run) or run[at] != rung:
            raise ValueError(f"{rung} is not on the ladder")
        rest = run[:at] + run[at + 1 :]
        return self._with(index, (rest,) if rest else (), self._size - 1)

    def replacing(self, old: Rung, new: Rung) -> "Ladder":
        """Return the ladder with ``new`` instead of ``old``. Raises ValueError if that is not in it."""
        runs = self._runs
        if len(runs) != 1:
            return self.removing(old).adding(new)
        changed = list(runs[0])
        at = bisect_left(changed, old)
        if at == len(changed) or changed[at] != old:
            raise ValueError(f"{old} is not on the ladder")
        del changed[at]
        insort(changed, new)
        return Ladder((tuple(changed),), self._size)

    def costs_before(self, cost: Decimal) -> int:
        """Return how many rungs have an effective cost below ``cost``."""
        index = bisect_left(self._runs, cost, key=lambda run: run[-1][0])
        before = self._before(index)
        return before if index == len(self._runs) else before + bisect_left(self._runs[index], cost, key=_cost)

    def _before(self, index: int) -> int:
        """Return how many rungs are in the runs before that of ``index``; counted on the side that has fewer runs."""
        if 2 * index <= len(self._runs):
            return sum(map(len, self._runs[:index]))
        return self._size - sum(map(len, self._runs[index:]))

    def _run_for(self, rung: Rung) -> int:
        """Return the index of the run in which ``rung`` is or belongs; 0 on an empty ladder."""
        if len(self._runs) < 2:  # noqa: PLR2004 - one run or none: the usual lot
            return 0
        return min(bisect_left(self._runs, rung, key=_last), len(self._runs) - 1)


_last = itemgetter(-1)
"""The worst rung of a run."""
_cost = itemgetter(0)
"""The effective cost of a rung."""
