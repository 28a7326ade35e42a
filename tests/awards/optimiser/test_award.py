import random
from dataclasses import replace
from typing import TypeVar

import pytest

from marketplace.awards.optimiser import words
from marketplace.awards.optimiser.award import award, verify
from marketplace.awards.optimiser.engine import Limits, Outcome
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.form import Floats, Form
from marketplace.awards.optimiser.greedy import repaired
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.problem import Carrier, Discount, Lot, MinQuality, Offer, Problem, Tier
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.scenarios import front, scenarios, standard
from tests.awards.optimiser.made import ENGINE, OPTIONS, large, small

Item = TypeVar("Item")


def _shuffled(problem: Problem, seed: int) -> Problem:
    rng = random.Random(seed)  # noqa: S311 - an order, no secret

    def other(items: tuple[Item, ...]) -> tuple[Item, ...]:
        return tuple(rng.sample(items, len(items)))

    return replace(
        problem,
        lots=other(problem.lots),
        carriers=other(problem.carriers),
        offers=other(problem.offers),
        discounts=other(problem.discounts),
        rules=other(problem.rules),
    )


@pytest.mark.parametrize("problem", [*(small(seed) for seed in range(800, 820)), large(20, 4, 1, rules=True)])
def test_the_order_of_the_input_changes_nothing(problem: Problem) -> None:
    one, other = award(problem, OPTIONS, ENGINE), award(_shuffled(problem, 3), OPTIONS, ENGINE)
    assert replace(one, proof=replace(one.proof, seconds="")) == replace(other, proof=replace(other.proof, seconds=""))


def _even(seed: str = "") -> Problem:
    """Return two lots and three carriers at the same price; A is the incumbent of both."""
    lots = tuple(Lot(name, name, incumbent="A") for name in ("l1", "l2"))
    offers = tuple(Offer(f"{who}:{lot.id}", who, (lot.id,), 9_000, 0, 12) for who in "ABC" for lot in lots)
    return Problem(12, lots, tuple(Carrier(who) for who in "ABC"), offers, seed=seed)


def test_ties_go_to_fewer_moves_then_fewer_carriers() -> None:
    found = award(_even(), OPTIONS, ENGINE)
    assert len(found.ties) == 9
    assert found.offers == ("A:l1", "A:l2")
    away = replace(_even(), offers=tuple(offer for offer in _even().offers if offer.carrier != "A"))
    assert award(away, OPTIONS, ENGINE).carriers == 1


def test_what_is_left_of_a_tie_the_seed_decides_and_not_the_name() -> None:
    away = tuple(offer for offer in _even().offers if offer.carrier != "A")
    winners = {award(replace(_even(str(seed)), offers=away), OPTIONS, ENGINE).offers for seed in range(12)}
    assert winners == {("B:l1", "B:l2"), ("C:l1", "C:l2")}


def test_as_many_ties_are_told_as_were_asked_for() -> None:
    found = award(_even(), replace(OPTIONS, ties=4), ENGINE)
    assert len(found.ties) == 4
    assert not found.ties_complete


def test_an_award_is_never_dearer_than_the_repaired_greedy_one() -> None:
    for seed in range(900, 940):
        problem = small(seed)
        instance = prepare(problem)
        begin = repaired(instance)
        if begin is not None:
            found = award(problem, OPTIONS, ENGINE)
            assert found.cost is not None
            assert found.cost <= evaluate(instance, begin).cost


def test_a_tampered_award_does_not_pass() -> None:
    problem = small(4)
    given = award(problem, OPTIONS, ENGINE)
    assert given.cost is not None
    assert verify(problem, given).passed
    wrong = (
        replace(given, cost=given.cost - 1),
        replace(given, offers=given.offers[1:]),
        replace(given, offers=(*given.offers, "nobody")),
        replace(given, bound=given.cost - 1),
        replace(given, lots=given.lots[1:]),
    )
    for one in wrong:
        assert not verify(problem, one).passed
    assert not verify(replace(problem, horizon_months=13), given).passed


def test_a_threshold_missed_by_a_cent_earns_nothing() -> None:
    lots = tuple(Lot(f"l{n}", f"s{n}") for n in range(3))
    offers = tuple(Offer(f"o{n}", "A", (f"l{n}",), 33_333_333, 0, 12) for n in range(3))
    tier = Tier(100_000_000, mrc_bp=9_000)
    problem = Problem(12, lots, (Carrier("A"),), offers, (Discount("d", "A", "mrc", (tier,)),))
    found = award(problem, OPTIONS, ENGINE)
    assert (found.cost, found.claims) == (12 * 99_999_999, ())
    enough = replace(problem, offers=(replace(offers[0], mrc=33_333_334), *offers[1:]))
    reached = award(enough, OPTIONS, ENGINE)
    assert reached.cost == 40_000_001 + 2 * 40_000_000  # each saving rounded by itself
    assert reached.claims[0].min == 100_000_000


class _Careless:
    """An engine that finds its first point and then lies about it."""

    name = "careless"

    def __init__(self) -> None:
        self.calls = 0

    def minimise(self, form: Form, limits: Limits, start: Floats | None = None) -> Outcome:
        self.calls += 1
        outcome = ENGINE.minimise(form, limits, start)
        if self.calls > 1 or outcome.point is None:
            return outcome
        wrong = outcome.point.copy()
        wrong[: form.columns.offers] = 1  # every offer at once
        return replace(outcome, point=wrong)


def test_an_engine_is_not_believed_without_a_recount() -> None:
    problem = _even()
    engine = _Careless()
    found = award(problem, OPTIONS, engine)
    assert engine.calls > 2
    assert (found.status, found.cost) == ("optimal", 2 * 12 * 9_000)


def test_out_of_time_is_said_and_the_gap_is_honest() -> None:
    problem = large(60, 8, 5, rules=True)
    found = award(problem, Options(seconds=0.05), ENGINE)
    assert found.status in {"feasible", "no award in time"}
    assert verify(problem, found).passed
    assert "time" in words.status(found) or "within" in words.status(found) or "not known" in words.status(found)


def test_words_say_how_sure_an_award_is() -> None:
    found = award(_even(), OPTIONS, ENGINE)
    assert words.status(found) == "proven cheapest"
    assert found.cost is not None
    near = replace(found, status="feasible", bound=found.cost - 861)
    assert words.status(near) == "within 0.5 % of the cheapest"
    assert words.status(replace(near, bound=found.cost - 1)) == "within 0.001 % of the cheapest"
    assert words.status(replace(near, bound=None)) == "found; how good is not known"


def test_the_board_plays_every_scenario_with_the_price_of_its_rules() -> None:
    problem = large(12, 4, 7, rules=True)
    options = Options(seconds=30)
    played = scenarios(problem, standard(problem), options, ENGINE)
    by_name = {one.scenario.name: one for one in played}
    cheapest = by_name["cheapest"].award
    assert cheapest.status == "optimal"
    assert cheapest.cost is not None
    for one in played:
        assert one.award.cost is None or one.award.cost >= cheapest.cost
    assert by_name["one provider"].award.carriers in {0, 1}
    assert by_name["best two"].award.carriers <= 2
    best = by_name["best service"].award
    assert best.cost is not None
    assert best.cost <= cheapest.cost * 1.03
    assert (best.quality100 or 0) >= (cheapest.quality100 or 0)
    prices = by_name["own rules"].prices
    assert prices is not None
    assert [price.rule for price in prices.rules] == [rule.id for rule in problem.rules]


def test_the_front_rises_in_cost_and_in_quality() -> None:
    problem = large(12, 4, 8)
    points = front(problem, 6, Options(seconds=30), ENGINE)
    assert len(points) >= 3
    costs = [point.award.cost for point in points]
    qualities = [point.quality100 for point in points]
    assert qualities == sorted(set(qualities))
    assert costs == sorted(cost for cost in costs if cost is not None)
    least = qualities[1]
    alone = award(replace(problem, rules=(MinQuality("least", least),)), OPTIONS, ENGINE)
    assert alone.cost is not None
    assert points[1].award.cost is not None
    assert alone.cost <= points[1].award.cost
