import random
from collections.abc import Sequence

import pytest

from benchmarks.timing import Compared, compare, told_apart

CALLS, ROUTES = 300, 15


def pairs(chance: random.Random, more: float = 0.0) -> tuple[Sequence[float], Sequence[float]]:
    """Return costs like those of answers on a machine that is now busy and now not; ``more`` is added to the second."""
    busy = [chance.choice((1.0, 1.0, 1.7, 3.0)) for _ in range(CALLS)]
    costs = ([one * (1.0 + added + chance.lognormvariate(-2.5, 0.7)) for one in busy] for added in (0.0, more))
    return next(costs), next(costs)


def test_equal_pairs_say_nothing_and_apart_ones_all() -> None:
    values = [float(value) for value in range(50)]
    assert compare(values, values) == Compared(0.5, 1.0)
    apart = compare(values, [value + 100 for value in values])
    assert apart.effect == 1.0
    assert apart.p < 1e-10
    for wrong in ([1.0], [1.0] * 49):
        with pytest.raises(ValueError, match="20 pairs"):
            compare(wrong, values)


def test_it_agrees_with_a_worked_example() -> None:
    found = compare([0.0] * 20, [1.0] * 15 + [-1.0] * 5)
    assert found.effect == 0.75
    assert found.p == pytest.approx(0.0442, abs=0.0001)  # two-sided, z = (15 - 10 - 0.5) / sqrt(5)


def test_the_same_is_hardly_ever_told_apart_however_busy_the_machine() -> None:
    chance = random.Random(1)  # noqa: S311 - reproducible on purpose
    runs = [{str(route): compare(*pairs(chance)) for route in range(ROUTES)} for _ in range(40)]
    assert sum(bool(told_apart(run)) for run in runs) == 0


def test_seven_hundredths_more_on_one_route_are_nearly_always_found() -> None:
    """The power that is stated: 300 pairs find 7 % of an answer's cost in at least 19 of 20 runs."""
    chance = random.Random(2)  # noqa: S311 - reproducible on purpose
    found = 0
    for _ in range(25):
        run = {str(route): compare(*pairs(chance)) for route in range(ROUTES - 1)}
        run["leaking"] = compare(*pairs(chance, more=0.07))
        found += told_apart(run) == ["leaking"]
    assert found >= 24
