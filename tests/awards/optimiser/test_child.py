import threading

import pytest

from marketplace.awards.optimiser import solve
from marketplace.awards.optimiser.award import award, verify
from marketplace.awards.optimiser.engine import Progress
from marketplace.awards.optimiser.questions import QUESTIONS, Question
from marketplace.awards.optimiser.result import Award, Options
from marketplace.awards.optimiser.scenarios import Scenario
from marketplace.awards.optimiser.solve import Asking, NotComputedError, Room, Standing
from tests.awards.optimiser.made import ENGINE, large, small

HARD = large(130, 10, 1, rules=True)


def test_the_child_answers_as_the_functions_do() -> None:
    problem = small(1)
    found = solve.solve(problem, Options(seconds=20))
    here = award(problem, Options(seconds=20), ENGINE)
    assert (found.cost, found.offers, found.ties, found.status) == (here.cost, here.offers, here.ties, here.status)
    assert verify(problem, found).passed


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_every_question_has_an_answer_that_comes_back_whole(name: str) -> None:
    problem = small(4)
    given = award(problem, Options(), ENGINE)
    question = Question(name, problem, award=given, offers=given.offers, scenarios=(Scenario("own"),), points=3)
    answer = solve.ask(question)
    assert answer == QUESTIONS[name].function(question, ENGINE) or name in {"award", "report", "scenarios", "front"}


def test_time_is_kept_and_what_was_found_until_then_is_told() -> None:
    told: list[Progress] = []
    found: Award = solve.ask(Question("award", HARD, Options(seconds=4, ties=1)), watcher=told.append)
    assert found.status in {"feasible", "optimal", "no award in time"}
    assert found.status != "feasible" or (found.gap is None or found.gap > 0)
    assert told
    assert verify(HARD, found).passed


def test_a_child_that_does_not_end_is_ended() -> None:
    found = solve.solve(HARD, Options(seconds=0.2), Room(grace=0.0))
    assert found.status == "no award in time"
    assert found.cost is None


def test_memory_is_kept() -> None:
    with pytest.raises(NotComputedError) as caught:
        solve.ask(Question("award", large(2_000, 20, 1)), Room(memory_mb=200))
    assert caught.value.reason in {"memory", "failure"}  # failure: where loading the libraries alone takes more


def test_a_question_can_be_cancelled() -> None:
    asking = Asking(Question("award", HARD, Options(seconds=60)))
    threading.Timer(1.0, asking.cancel).start()
    with pytest.raises(NotComputedError) as caught:
        asking.answer()
    assert caught.value.reason == "cancelled"


def test_a_standing_child_answers_question_after_question_and_is_replaced_when_it_was_ended() -> None:
    child = Standing()
    try:
        first = child.asking(Question("award", small(1))).answer()
        second = child.asking(Question("award", small(2))).answer()
        assert (first.cost, second.cost) == tuple(award(small(n), Options(), ENGINE).cost for n in (1, 2))
        asking = child.asking(Question("award", HARD, Options(seconds=60)))
        threading.Timer(0.5, asking.cancel).start()
        with pytest.raises(NotComputedError) as caught:
            asking.answer()
        assert caught.value.reason == "cancelled"
        assert child.asking(Question("award", small(1))).answer().cost == first.cost
    finally:
        child.close()


def test_a_child_that_breaks_says_so_and_the_next_question_is_answered() -> None:
    child = Standing()
    try:
        with pytest.raises(NotComputedError) as caught:
            child.asking(Question("nobody knows this", small(1))).answer()
        assert caught.value.reason == "failure"
        assert child.asking(Question("award", small(1))).answer().status == "optimal"
    finally:
        child.close()
