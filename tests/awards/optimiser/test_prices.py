from dataclasses import replace

import pytest

from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.conflict import conflict
from marketplace.awards.optimiser.enumeration import covers
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.explain import explain
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.prices import criticality, distances, rule_prices
from marketplace.awards.optimiser.problem import Budget, Carrier, Diverse, Exclude, Lot, MaxCarriers, Offer, Problem
from marketplace.awards.optimiser.solving import without_rules
from tests.awards.optimiser.made import ENGINE, OPTIONS, small


def _cheapest(problem: Problem, must: str | None = None) -> int | None:
    """Return the cost of the cheapest choice by counting one by one."""
    instance = prepare(problem)
    if must is not None and must not in instance.offer_at:
        return None
    found = (
        evaluate(instance, chosen) for chosen in covers(instance) if must is None or instance.offer_at[must] in chosen
    )
    return min((one.cost for one in found if not one.violations), default=None)


def _difference(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one - other


@pytest.mark.parametrize("seed", range(300, 325))
def test_prices_distances_and_criticality_are_those_of_counting_one_by_one(seed: int) -> None:
    problem = small(seed)
    given = award(problem, OPTIONS, ENGINE)
    prices = rule_prices(problem, given, OPTIONS, ENGINE)
    for price in prices.rules:
        without = _cheapest(without_rules(problem, frozenset({price.rule})))
        assert (price.cost_without, price.price) == (without, _difference(given.cost, without))
        assert price.proven
    without = _cheapest(replace(problem, rules=()))
    assert (prices.together.cost_without, prices.together.price) == (without, _difference(given.cost, without))
    for distance in distances(problem, given, OPTIONS, ENGINE):
        assert distance.increase == _difference(_cheapest(problem, distance.offer), given.cost), distance
        assert distance.proven
    for critical in criticality(problem, given, OPTIONS, ENGINE):
        rest = tuple(offer for offer in problem.offers if offer.carrier != critical.carrier)
        assert critical.best_without == _cheapest(replace(problem, offers=rest))


@pytest.mark.parametrize("seed", range(400, 430))
def test_dropping_a_rule_never_costs_more(seed: int) -> None:
    problem = small(seed)
    given = award(problem, OPTIONS, ENGINE)
    for rule in problem.rules:
        wider = award(without_rules(problem, frozenset({rule.id})), OPTIONS, ENGINE)
        if given.cost is not None:
            assert wider.cost is not None
            assert wider.cost <= given.cost


def _conflicting(seed: int) -> list[Problem]:
    found: list[Problem] = []
    while len(found) < 12:
        problem = small(seed)
        seed += 1
        if problem.rules and _cheapest(problem) is None and _cheapest(replace(problem, rules=())) is not None:
            found.append(problem)
    return found


def test_a_conflict_is_one_and_none_of_its_rules_is_idle() -> None:
    for problem in _conflicting(1_000):
        found = conflict(problem, OPTIONS, ENGINE)
        assert found is not None
        assert found.complete
        others = frozenset(rule.id for rule in problem.rules) - set(found.rules)
        assert _cheapest(without_rules(problem, others)) is None
        for name in found.rules:
            assert _cheapest(without_rules(problem, others | {name})) is not None
        assert found.repairs
        for repair in found.repairs:
            assert _cheapest(without_rules(problem, frozenset(repair.drop))) == repair.cost
        costs = [repair.cost for repair in found.repairs]
        assert costs == sorted(costs)


def _pair() -> Problem:
    """Return two lots of one site and three carriers, of which A and B come in by the same duct."""
    names = ("A", "B", "C")
    offers = tuple(
        Offer(f"{name}:{lot}", name, (lot,), 1_000 + 100 * number, 0, 12, path=("north" if name == "C" else "south",))
        for number, name in enumerate(names)
        for lot in ("p", "b")
    )
    return Problem(12, (Lot("p", "s"), Lot("b", "s")), tuple(Carrier(name) for name in names), offers)


def test_a_repair_says_which_value_would_do() -> None:
    rules = (MaxCarriers("one", 1), Diverse("dual", (("p", "b"),)), Budget("money", "tco", 25_000))
    found = conflict(replace(_pair(), rules=rules), OPTIONS, ENGINE)
    assert found is not None
    assert found.rules == ("dual", "one")
    assert [(repair.drop, repair.cost) for repair in found.repairs] == [(("dual",), 24_000)]
    tight = conflict(replace(_pair(), rules=(Budget("money", "tco", 23_000),)), OPTIONS, ENGINE)
    assert tight is not None
    assert tight.repairs[0].advice == "a tco budget of 24000 instead of 23000 cents is possible"


def test_lots_that_nobody_can_cover_are_named() -> None:
    lonely = replace(_pair(), lots=(*_pair().lots, Lot("x", "y")))
    found = conflict(lonely, OPTIONS, ENGINE)
    assert found is not None
    assert (found.rules, found.uncovered) == ((), ("x",))
    assert "no acceptable offer was made for x" in found.text


def test_there_is_no_conflict_where_there_is_an_award() -> None:
    assert conflict(_pair(), OPTIONS, ENGINE) is None


def test_every_offer_can_be_explained() -> None:
    rules = (Diverse("dual", (("p", "b"),)), Exclude("no-c", "C", ("b",)))
    problem = replace(_pair(), rules=rules)
    given = award(problem, OPTIONS, ENGINE)
    assert given.offers == ("A:b", "C:p")
    fates = {offer.id: explain(problem, given, offer.id, OPTIONS, ENGINE) for offer in problem.offers}
    assert {name: one.fate for name, one in fates.items()} == {
        "A:b": "wins",
        "C:p": "wins",
        "B:b": "dearer",
        "C:b": "rejected",
        "A:p": "forbidden",
        "B:p": "forbidden",
    }
    assert fates["B:b"].increase == 1_200
    assert fates["A:p"].against == ("dual", "no-c")
    assert fates["A:p"].beaten_by == ("C:p",)
    with pytest.raises(KeyError):
        explain(problem, given, "nobody", OPTIONS, ENGINE)
