"""The standing as a sequence of runs answers like one sorted list, however it came about."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding import ladder
from marketplace.bidding.ladder import Ladder, Rung
from marketplace.kernel.ids import OrganizationId

AT = datetime(2026, 1, 5, tzinfo=UTC)
COSTS = st.integers(1, 40)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "remove", "replace"]), COSTS, st.integers(0, 1000)), max_size=60)


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs split soon: what holds for many short ones holds for ten thousand rungs."""
    monkeypatch.setattr(ladder, "_LARGEST", 4)


def rung(cost: int, number: int) -> Rung:
    return Decimal(cost), AT, number, OrganizationId(f"org_{number}")


@given(STEPS)
def test_after_any_changes_it_is_the_sorted_list_of_its_rungs(steps: list[tuple[str, int, int]]) -> None:
    made, plain = Ladder(), list[Rung]()
    for number, (step, cost, chosen) in enumerate(steps):
        new = rung(cost, number)
        old = plain[chosen % len(plain)] if plain else None
        if step == "add" or old is None:
            made = made.adding(new)
            plain.append(new)
        elif step == "remove":
            made = made.removing(old)
            plain.remove(old)
        else:
            made = made.replacing(old, new)
            plain[plain.index(old)] = new
        plain.sort()
        assert list(made) == plain
        assert made == Ladder.of(plain)
        assert (len(made), bool(made)) == (len(plain), bool(plain))


@given(st.lists(COSTS, max_size=40), COSTS)
def test_places_and_counts_are_those_of_the_list(costs: list[int], asked: int) -> None:
    plain = sorted(rung(cost, number) for number, cost in enumerate(costs))
    made = Ladder()
    for one in reversed(plain):
        made = made.adding(one)
    assert [made.place_of(one) for one in plain] == list(range(len(plain)))
    assert [made[place] for place in range(len(plain))] == plain
    assert made.costs_before(Decimal(asked)) == sum(cost < asked for cost in costs)
    if plain:
        assert (made.first, made.last) == (plain[0], plain[-1])
    with pytest.raises(IndexError):
        made[len(plain)]
    with pytest.raises(ValueError, match="not on the ladder"):
        made.removing(rung(asked, 1000))
