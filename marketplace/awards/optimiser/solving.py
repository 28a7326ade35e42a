"""One question to the optimiser: an engine, and the seconds that are left for all the solves it needs."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from marketplace.awards.optimiser import exact, lagrangian
from marketplace.awards.optimiser.decomposition import covers
from marketplace.awards.optimiser.engine import Engine, Limits, Outcome, RelaxingEngine, Watcher
from marketplace.awards.optimiser.exact import Found
from marketplace.awards.optimiser.form import Form
from marketplace.awards.optimiser.form_rows import form_of
from marketplace.awards.optimiser.greedy import repaired
from marketplace.awards.optimiser.instance import Instance, prepare
from marketplace.awards.optimiser.problem import Problem, Rule
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.telling import Telling

LARGE = 1_500
"""Offers above which one engine alone proves little in time: where a bound by decomposition belongs."""

_HALF = 0.5
_A_MOMENT = 0.1


@dataclass(slots=True)
class Solving:
    """The engine and the budget of one question.

    Seconds are those of the engine's stopwatch, what passes between its solves included. ``watcher`` is told of
    awards and bounds, under ``name``.
    """

    engine: Engine
    options: Options
    watcher: Watcher | None = None
    name: str = ""
    used: float = field(default=0.0)
    solves: int = field(default=0)
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self._now()

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.options.seconds - max(self.used, self._now() - self.began))

    def _now(self) -> float:
        return self.engine.stopwatch() if isinstance(self.engine, RelaxingEngine) else 0.0

    @contextmanager
    def share(self, among: int, watcher: Watcher | None = None, name: str = "") -> Iterator["Solving"]:
        """Give one of ``among`` parts of what is left to one step; what it doesn't use is there for the next."""
        part = Solving(self.engine, replace(self.options, seconds=self.left / max(1, among)), watcher, name)
        try:
            yield part
        finally:
            self.used += part.used
            self.solves += part.solves

    def best(self, instance: Instance, form: Form | None = None, start: frozenset[int] | None = None) -> Found:
        """Return the cheapest choice of an instance; a large one is taken apart, unless the form has something forced.

        ``start`` is used if it breaks nothing, else the repaired greedy choice.
        """
        telling = Telling(instance, self.watcher, self._now, self.name)
        if len(instance.offers) <= LARGE or (form is not None and (form.lower.any() or not form.upper.all())):
            return self._search(instance, form or form_of(instance), self._limits(), start, telling)
        begin = start if start is not None else repaired(instance)
        apart = self._taken_apart(instance, begin, telling)
        if apart is not None:
            return apart
        return self._search(instance, form or form_of(instance), self._limits(), begin, telling)

    def _limits(self) -> Limits:
        return Limits(self.left, self.options.gap, relative=self.options.relative)

    def _taken_apart(self, instance: Instance, begin: frozenset[int] | None, telling: Telling) -> Found | None:
        """Return what the search by parts finds; None if it can't be used."""
        if not isinstance(self.engine, RelaxingEngine) or not covers(instance) or self.left <= 0:
            return None
        found = lagrangian.search(instance, self.engine, self._limits(), begin, telling=telling)
        self.used += found.seconds
        self.solves += 1
        return found

    def feasible(self, instance: Instance) -> bool | None:
        """Tell whether an instance has any choice that breaks nothing; None if time ran out before that was clear."""
        found = self._search(instance, form_of(instance), Limits(self.left, math.inf), None)
        return None if found.end == "nothing in time" else found.end != "infeasible"

    def minimise(self, form: Form, cutoff: float | None = None) -> Outcome:
        """Return the outcome for a form whose costs are whole numbers; nothing is recounted."""
        outcome = self.engine.minimise(form, Limits(max(self.left, _A_MOMENT), _HALF, cutoff))
        self.used += outcome.seconds
        self.solves += 1
        return outcome

    def _search(
        self,
        instance: Instance,
        form: Form,
        limits: Limits,
        start: frozenset[int] | None,
        telling: Telling | None = None,
    ) -> Found:
        if self.left <= 0 and start is None:
            return Found("nothing in time", None, None, None, 0.0)
        begin = start if start is not None else repaired(instance)
        limits = replace(limits, seconds=min(limits.seconds, self.left))
        found = exact.search(instance, form, self.engine, limits, begin, telling)
        self.used += found.seconds
        self.solves += 1
        return found


def watched(engine: Engine, options: Options) -> Solving:
    """Return the engine and the budget of a question of which the engine's watcher is told."""
    return Solving(engine, options, engine.watcher if isinstance(engine, RelaxingEngine) else None)


def choice_of(instance: Instance, offers: tuple[str, ...]) -> frozenset[int] | None:
    """Return the positions of offers by id; None if one of them is not in this instance."""
    if any(offer not in instance.offer_at for offer in offers):
        return None
    return frozenset(instance.offer_at[offer] for offer in offers)


def without_rules(problem: Problem, dropped: frozenset[str]) -> Problem:
    """Return the problem without some rules."""
    return with_rules(problem, tuple(rule for rule in problem.rules if rule.id not in dropped))


def with_rules(problem: Problem, rules: tuple[Rule, ...]) -> Problem:
    """Return the problem with other rules."""
    return replace(problem, rules=rules)


def instance_without(problem: Problem, dropped: frozenset[str]) -> Instance:
    """Return the instance of the problem without some rules."""
    return prepare(without_rules(problem, dropped))
