"""One board computed, question by question, by a child process that stays and gives way to everything else."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from marketplace.awards.board import results
from marketplace.awards.board.model import Computed, Progress, Result, Spec
from marketplace.awards.board.model import Question as BoardQuestion
from marketplace.awards.optimiser.award import interrupted
from marketplace.awards.optimiser.engine import Progress as EngineProgress
from marketplace.awards.optimiser.engine import Watcher
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.questions import Question
from marketplace.awards.optimiser.result import Award, Conflict, Options
from marketplace.awards.optimiser.scenarios import FrontPoint, Played, changed
from marketplace.awards.optimiser.solve import Asking, NotComputedError, Standing
from marketplace.kernel.errors import ProblemError

POINTS = 7
SECONDS = 2.5
SECONDS_EACH = 1.5
SECONDS_OFFER = 0.005
MOST_SECONDS_EACH = 10.0
"""For the scenarios of one problem, and more for each of them with the prices of its rules: as many as it has offers,
between least and most. The front takes as long as ``FRONT`` scenarios."""
FRONT = 5
_NICE = 10
_MOST_KNOWN = 500


class CancelledError(Exception):
    """The computation was cancelled."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the optimiser said to one scenario, and why there is no award if there is none."""

    played: Played
    conflict: Conflict | None


class Known:
    """Answers by the hash of their question: a changed rule asks for its own scenario alone. For one thread."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, Answer | tuple[FrontPoint, ...]] = OrderedDict()

    def get(self, sha256: str) -> Any:
        """Return a known answer."""
        return self._answers.get(sha256)

    def keep(self, sha256: str, answer: Answer | tuple[FrontPoint, ...]) -> None:
        """Remember an answer in place of the oldest."""
        self._answers[sha256] = answer
        while len(self._answers) > _MOST_KNOWN:
            self._answers.popitem(last=False)


@dataclass(slots=True)
class Computing:
    """A computation that can be watched and cancelled from any thread."""

    tell: Callable[[Progress], None]
    known: Known
    child: Standing
    _asking: Asking | None = None
    _step: Progress = field(default_factory=lambda: Progress(0, 1, ""))
    _told: dict[str, Answer] = field(default_factory=dict)
    """By the hash of a question that was broken off: the best award told until then. Asked again next time."""
    _cancelled: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cancel(self) -> None:
        """End it at once."""
        with self._lock:
            self._cancelled = True
            if self._asking is not None:
                self._asking.cancel()

    def compute(self, question: BoardQuestion) -> Computed:
        """Return the board; a scenario that can't be computed says why. Raises CancelledError."""
        together = list(_together(question.specs))
        steps = len(together) + 1
        found: dict[str, Result] = {}
        for number, specs in enumerate(together):
            self._at(Progress(number, steps, ", ".join(spec.name for spec in specs)))
            found |= {one.key: one for one in self._scenarios(question, specs)}
        self._at(Progress(steps - 1, steps, "cost against service"))
        return Computed(
            question.stage,
            question.sha256,
            question.comparison.currency,
            tuple(found[spec.key] for spec in question.specs),
            self._front(question),
            question.left_out,
            question.uncovered,
            question.uncounted,
        )

    def _at(self, step: Progress) -> None:
        self._step = step
        self.tell(step)

    def _watched(self, specs: tuple[Spec, ...], told: EngineProgress) -> None:
        """Tell how far the award of one of these scenarios is: 'Cheapest: within 0.4 %'."""
        name = next((spec.name for spec in specs if spec.scenario.name == told.name), "")
        if name and told.cost is not None:
            words = results.words_of("feasible", told.cost, told.bound)
            self.tell(replace(self._step, now=f"{name}: {words} so far"))

    def _scenarios(self, question: BoardQuestion, specs: tuple[Spec, ...]) -> list[Result]:
        """Return scenarios of one problem, asked for in one process; one by one where that gave no answer."""
        if specs[0].impossible:
            return [results.not_possible(spec) for spec in specs]
        if not specs[0].problem.lots:
            return [results.not_possible(spec, "No lot has a bid that can be taken.") for spec in specs]
        new = tuple(spec for spec in specs if self.known.get(spec.sha256) is None)
        failed = self._learn(new) if new else ""
        if failed and len(new) > 1:
            return [one for spec in specs for one in self._scenarios(question, (spec,))]
        found = []
        for spec in specs:
            answer: Answer | None = self.known.get(spec.sha256) or self._told.get(spec.sha256)
            if answer is None:
                found.append(results.not_possible(spec, failed))
            else:
                award, prices = answer.played.award, answer.played.prices
                found.append(results.result(question, spec, award, prices, answer.conflict))
        return found

    def _learn(self, specs: tuple[Spec, ...]) -> str:
        """Ask for scenarios of one problem and remember the answers; return why there are none, if there are none."""
        problem = specs[0].problem
        options = Options(seconds=SECONDS + seconds_each(problem) * len(specs))
        try:
            asked = Question("scenarios", problem, options, scenarios=tuple(spec.scenario for spec in specs))
            played: tuple[Played, ...] = self._ask(asked, partial(self._watched, specs))
        except ProblemError as error:
            if isinstance(error, NotComputedError):
                self._keep_told(specs, options, error)
            return error.detail or error.title
        for spec, one in zip(specs, played, strict=True):
            self.known.keep(spec.sha256, Answer(one, self._conflict(spec, one)))
        return ""

    def _keep_told(self, specs: tuple[Spec, ...], options: Options, error: NotComputedError) -> None:
        """Keep the awards that a child had told before it was ended: better than none where it ends again."""
        for spec in specs:
            told = error.told.get(spec.scenario.name)
            if told is not None and told.offers and spec.scenario.within_bp is None:
                award = interrupted(changed(spec.problem, spec.scenario), options, told, error.reason)
                self._told[spec.sha256] = Answer(Played(spec.scenario, award, None), None)

    def _conflict(self, spec: Spec, played: Played) -> Conflict | None:
        if played.award.status != "infeasible":
            return None
        try:
            asked = Question("conflict", changed(spec.problem, spec.scenario), Options(seconds=2 * SECONDS))
            found: Conflict | None = self._ask(asked)
        except ProblemError:
            return None  # that there is no award is known; why, is not
        return found

    def _front(self, question: BoardQuestion) -> tuple[Result, ...]:
        """Return the points of cost against service level, each an award of its own, from cheapest to best."""
        base = question.specs[0]
        if not base.problem.lots:
            return ()
        name = f"front {base.sha256}"
        found: tuple[FrontPoint, ...] | None = self.known.get(name)
        if found is None:
            try:
                options = Options(seconds=FRONT * seconds_each(base.problem))
                found = self._ask(Question("front", base.problem, options, points=POINTS))
            except ProblemError:
                return ()
            self.known.keep(name, found or ())
        return tuple(
            results.result(question, replace(base, key=f"front-{number}", name=_named(award)), award)
            for number, award in enumerate((point.award for point in found or ()), start=1)
        )

    def _ask(self, question: Question, watcher: Watcher | None = None) -> Any:
        with self._lock:
            if self._cancelled:
                raise CancelledError
            self._asking = self.child.asking(question, watcher)
        try:
            return self._asking.answer()
        except NotComputedError as error:
            if error.reason == "cancelled":
                raise CancelledError from error
            raise


def seconds_each(problem: Problem) -> float:
    """Return the seconds that one scenario of a problem may take, with the prices of its rules."""
    return min(max(SECONDS_EACH, SECONDS_OFFER * len(problem.offers)), MOST_SECONDS_EACH)


def _together(specs: tuple[Spec, ...]) -> Iterator[tuple[Spec, ...]]:
    """Yield what one process can be asked at once: scenarios of one problem, and apart those that can't be computed."""
    groups: dict[tuple[int, bool], list[Spec]] = {}
    for spec in specs:
        groups.setdefault((id(spec.problem), bool(spec.impossible)), []).append(spec)
    yield from (tuple(group) for group in groups.values())


def give_way() -> None:
    """Let this thread, and every child process that it starts, have the processor last (Linux: per thread)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _named(award: Award) -> str:
    level = "" if award.quality100 is None else f" {award.quality100 / 100:g}"
    return f"Service level{level}"
