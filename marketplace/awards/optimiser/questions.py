"""What the child process can be asked: each question with its function and the type of its answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.conflict import conflict
from marketplace.awards.optimiser.engine import Engine
from marketplace.awards.optimiser.explain import Explanation, explain
from marketplace.awards.optimiser.prices import criticality, distances, rule_prices
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.report import Report, report
from marketplace.awards.optimiser.result import Award, Conflict, Critical, Distance, Options, RulePrices
from marketplace.awards.optimiser.scenarios import FrontPoint, Played, Scenario, front, scenarios


@dataclass(frozen=True, slots=True)
class Question:
    """One question: ``name`` is a key of ``QUESTIONS``; what else it needs beside problem and options is given."""

    name: str
    problem: Problem
    options: Options = field(default_factory=Options)
    award: Award | None = None
    offers: tuple[str, ...] | None = None
    scenarios: tuple[Scenario, ...] = ()
    prices: bool = True
    points: int = 9


@dataclass(frozen=True, slots=True)
class Asked:
    """How a question is answered, and what comes back."""

    function: Callable[[Question, Engine], Any]
    answer: Any


def _given(question: Question) -> Award:
    if question.award is None:
        raise ValueError(f"the question {question.name!r} is about an award; none was given")
    return question.award


def _explain(question: Question, engine: Engine) -> Explanation:
    offer = (question.offers or ("",))[0]
    return explain(question.problem, _given(question), offer, question.options, engine)


QUESTIONS: dict[str, Asked] = {
    "award": Asked(lambda q, engine: award(q.problem, q.options, engine), Award),
    "report": Asked(lambda q, engine: report(q.problem, q.options, engine), Report),
    "rule prices": Asked(lambda q, engine: rule_prices(q.problem, _given(q), q.options, engine), RulePrices),
    "distances": Asked(
        lambda q, engine: distances(q.problem, _given(q), q.options, engine, q.offers), tuple[Distance, ...]
    ),
    "criticality": Asked(lambda q, engine: criticality(q.problem, _given(q), q.options, engine), tuple[Critical, ...]),
    "conflict": Asked(lambda q, engine: conflict(q.problem, q.options, engine), Conflict | None),
    "scenarios": Asked(
        lambda q, engine: scenarios(q.problem, q.scenarios, q.options, engine, prices=q.prices), tuple[Played, ...]
    ),
    "front": Asked(lambda q, engine: front(q.problem, q.points, q.options, engine), tuple[FrontPoint, ...]),
    "explain": Asked(_explain, Explanation),
}
