"""What every solver does for the optimiser: minimise a form, and say honestly how far it came."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from marketplace.awards.optimiser.form import Floats, Form

End: TypeAlias = Literal["optimal", "limit", "infeasible"]


Sight: TypeAlias = Callable[[Floats | None, float | None], None]
"""Is shown the best point so far and the bound, by a solver that goes on."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one solve may take, in seconds, and when it is good enough: a gap in cents or a part of the cost.

    ``cutoff``: look only for what costs at most this; that there is nothing then says nothing of what costs more.
    ``seen`` is shown how far a solve has come.
    """

    seconds: float
    gap: float = 0.5
    cutoff: float | None = None
    relative: float = 0.0
    seen: Sight | None = None

    def enough(self, cost: float) -> float:
        """Return the gap in cents that is small enough at a cost."""
        return max(self.gap, self.relative * abs(cost))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one solve. ``bound`` holds for every point of the form; None: nothing was proven."""

    end: End
    point: Floats | None
    objective: float | None
    bound: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the search for an award has come: recounted cents, and seconds since it began.

    ``offers`` are those of the best award so far where it is a new one, else none. ``name``: the scenario's.
    """

    cost: int | None
    bound: int | None
    seconds: float
    offers: tuple[str, ...] = ()
    name: str = ""


Watcher: TypeAlias = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The optimum of a form whose columns need not be whole, about: the point and the duals of the rows.

    Nothing is proven by it: duals are where a bound is computed from.
    """

    point: Floats
    duals: Floats


class Engine(Protocol):
    """A solver of mixed-integer programs, with its name and version as they stand in proofs."""

    @property
    def name(self) -> str:
        """The solver's name and version."""

    def minimise(self, form: Form, limits: Limits, start: Floats | None = None) -> Outcome:
        """Return the best point found within the limits; ``start`` is a point to begin with."""


@runtime_checkable
class RelaxingEngine(Engine, Protocol):
    """An engine that also solves without integrality, and has a stopwatch: what a search over parts needs.

    ``watcher`` is told by those who ask it for awards, not by itself.
    """

    watcher: Watcher | None

    def relaxed(self, form: Form, seconds: float) -> Relaxed | None:
        """Return the optimum without integrality; None if there is none, or none in time."""

    def stopwatch(self) -> float:
        """Return seconds since some moment."""
