"""Diversity, capacity and alternatives in the optimiser's problem are those that the bids state."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buyers.requests.model import Content, Line, Lot, Place, Priority, Site, WantedFeature
from marketplace.awards import buyer_rules, matrix, problem_limits, problem_of
from marketplace.awards.model import ComparedOffer, Comparison, LineAccess, LotSelection, Selection, SwitchingCosts
from marketplace.awards.optimiser.award import award
from marketplace.awards.optimiser.engine_highs import Highs
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.obedience import broken_rules
from marketplace.awards.optimiser.result import Options
from marketplace.awards.optimiser.tally import tally_of
from marketplace.bidding.offer_conditions import Capacity
from tests.awards.offers import LOTS, an_offer, compared

TODAY = date(2026, 11, 21)


def a_line(ref: str, speed: str, quantity: int = 1, priority: Priority = Priority.MUST) -> Line:
    wanted = (WantedFeature("bandwidth_mbps", Decimal(speed)),)
    return Line(ref, "data.dedicated-internet-access", f"S{ref[1:]}", quantity, wanted, priority)


CONTENT = Content(
    sites=tuple(Site(f"S{number}", f"sit_{number}", Place("US", "WA")) for number in (1, 2, 3)),
    lines=(a_line("L1", "500"), a_line("L2", "1.544", 3), a_line("L3", "100")),
    lots=tuple(Lot(f"T{number}", "", (f"L{number}",)) for number in (1, 2, 3)),
)
ALL_RULES: tuple[buyer_rules.Separation, ...] = ("providers", "access_owners", "entrances")
spellings = st.sampled_from(["", "", "Acme", " ACME", "acme ", "Blue Hill", "blue  hill"])
accesses = st.lists(st.builds(LineAccess, st.sampled_from(["L1", "L2"]), spellings, spellings), max_size=2).map(tuple)


def access(owner: str, entrance: str = "") -> dict[str, tuple[LineAccess, ...]]:
    return {"access": (LineAccess("L1", owner, entrance),)}


def by_hand(one: ComparedOffer, other: ComparedOffer, by: tuple[str, ...]) -> bool:
    """Tell whether two bids are diverse, read from what they state."""
    if "providers" in by and one.provider_id == other.provider_id:
        return False
    for kind, name in (("access_owners", "access_owner"), ("entrances", "entrance")):
        if kind in by:
            said = [{" ".join(getattr(line, name).lower().split()) for line in bid.access} for bid in (one, other)]
            if not said[0] or not said[1] or "" in said[0] | said[1] or said[0] & said[1]:
                return False
    return True


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sets(st.sampled_from(ALL_RULES), min_size=1))
def test_two_bids_are_apart_exactly_where_their_statements_prove_it(
    data: st.DataObject, kinds: set[buyer_rules.Separation]
) -> None:
    offers = [
        (lot, an_offer(provider, lot, "100.00", access=data.draw(accesses)))
        for lot in LOTS
        for provider in ("A", "B", "C")
    ]
    rule = buyer_rules.Apart("T1", "T2", tuple(sorted(kinds)))
    problem = problem_of.build(compared(offers), CONTENT, SwitchingCosts(), (rule,), today=TODAY).problem
    instance = prepare(problem)
    third = next(offer for lot, offer in offers if lot == "T3")
    mine = {lot: [offer for ref, offer in offers if ref == lot] for lot in LOTS}
    for one, other in product(mine["T1"], mine["T2"]):
        chosen = frozenset(instance.offer_at[offer.bid_id] for offer in (one, other, third))
        broken = broken_rules(instance, tally_of(instance, chosen), 0)
        assert (not broken) == by_hand(one, other, rule.by)


def test_the_optimiser_takes_the_dearer_bid_that_is_proven_diverse() -> None:
    offers = [
        ("T1", an_offer("A", "T1", "100.00", **access("Acme"))),
        ("T2", an_offer("B", "T2", "100.00", **access("ACME "))),
        ("T2", an_offer("C", "T2", "110.00")),
        ("T2", an_offer("D", "T2", "120.00", **access("Blue Hill"))),
        ("T3", an_offer("A", "T3", "1.00")),
    ]

    def winner(*by: buyer_rules.Separation) -> set[str]:
        rules = (buyer_rules.Apart("T1", "T2", by),)
        problem = problem_of.build(compared(offers), CONTENT, SwitchingCosts(), rules, today=TODAY).problem
        return {str(one.offer) for one in award(problem, Options(seconds=20), Highs()).lots if one.lot == "T2"}

    assert winner("providers") == {"B:T2"}
    assert winner("providers", "access_owners") == {"D:T2"}


def test_the_rule_says_how_what_is_not_stated_is_treated() -> None:
    assert buyer_rules.Apart("T1", "T2").words == "T1 and T2 from two providers"
    words = buyer_rules.Apart("T1", "T2", ("access_owners", "entrances")).words
    assert words == (
        "T1 and T2 over access lines of two owners, through two entrances "
        "(what a bid does not state counts as the same)"
    )


def test_without_a_rule_a_bid_has_the_tags_that_it_states() -> None:
    stated = an_offer("A", "T1", "1.00", access=(LineAccess("L1", "Acme  Inc", "North"), LineAccess("L2")))
    assert problem_limits.paths([("T1", stated), ("T2", an_offer("B", "T2", "1"))], ()) == {
        "A:T1": ("entrance:north", "owner:acme inc"),
        "B:T2": (),
    }


def test_bandwidths_count_must_lines_by_quantity_rounded_up() -> None:
    assert problem_limits.bandwidths(CONTENT) == {"T1": 500, "T2": 5, "T3": 100}
    nice = a_line("L2", "300", priority=Priority.NICE)
    both = Content(lines=(a_line("L1", "500"), nice), lots=(Lot("T1", "", ("L1", "L2")), Lot("T2", "", ("L2",))))
    assert problem_limits.bandwidths(both) == {"T1": 500, "T2": 300}


def a_limited_round(**limits: object) -> Comparison:
    """Return bids of A, the cheapest everywhere within its limits, and of B."""
    return compared(
        [(lot, an_offer("A", lot, "100.00", **limits)) for lot in LOTS]
        + [(lot, an_offer("B", lot, price)) for lot, price in zip(LOTS, ("110.00", "150.00", "120.00"), strict=True)]
    )


@pytest.mark.parametrize(
    ("capacity", "lots_of_a"),
    [
        (Capacity(lots=2), ("T2", "T3")),
        (Capacity(sites=1), ("T2",)),
        (Capacity(mbps=105), ("T2", "T3")),
        (Capacity(mbps=104), ("T2",)),
        (Capacity(lots=3, mbps=4), ()),
    ],
)
def test_nobody_is_given_more_than_it_takes_on(capacity: Capacity, lots_of_a: tuple[str, ...]) -> None:
    comparison = a_limited_round(capacity=capacity)
    problem = problem_of.build(comparison, CONTENT, SwitchingCosts(), today=TODAY).problem
    found = award(problem, Options(seconds=20), Highs())
    assert tuple(one.lot for one in found.lots if str(one.offer).startswith("A:")) == lots_of_a
    chosen = Selection(tuple(LotSelection(lot, offer.bid_id) for lot, offer in _of_a(comparison)))
    (error,) = problem_of.beyond(comparison, CONTENT, chosen)
    assert error.message.startswith("A takes on less: this makes ")
    fitting = Selection(tuple(item for item in chosen.awarded if item.lot in lots_of_a))
    assert problem_of.beyond(comparison, CONTENT, fitting) == ()


def _of_a(comparison: Comparison) -> list[tuple[str, ComparedOffer]]:
    return [(lot.lot, offer) for lot in comparison.lots for offer in lot.offers if offer.provider_id == "A"]


def test_of_alternatives_one_is_taken_whatever_the_spelling_of_their_code() -> None:
    offers = [("T1", an_offer("A", "T1", "100.00", alternative="Ring 1"))]
    offers += [("T2", an_offer("A", "T2", "100.00", alternative="ring  1"))]
    offers += [("T3", an_offer("A", "T3", "100.00", alternative="ring 2"))]
    offers += [(lot, an_offer("B", lot, "130.00", alternative="ring 1" if lot == "T1" else "")) for lot in LOTS]
    offers[3] = ("T1", an_offer("B", "T1", "110.00", alternative="ring 1"))
    comparison = compared(offers)
    problem = problem_of.build(comparison, CONTENT, SwitchingCosts(), today=TODAY).problem
    found = award(problem, Options(seconds=20), Highs())
    assert [one.offer for one in found.lots] == ["B:T1", "A:T2", "A:T3"]
    both = Selection(tuple(LotSelection(lot, offer.bid_id) for lot, offer in _of_a(comparison)))
    (error,) = problem_of.beyond(comparison, CONTENT, both)
    assert error.message == "A offers T1, T2 as alternatives: award it at most one of them"


def test_what_was_awarded_before_counts_in_capacity_and_ends_its_alternatives() -> None:
    limits = {"capacity": Capacity(lots=2), "alternative": ""}
    decided = [("T1", an_offer("A", "T1", "100.00", **(limits | {"alternative": "x"})))]
    waiting = [("T2", an_offer("A", "T2", "100.00", **limits)), ("T2", an_offer("B", "T2", "110.00"))]
    waiting += [("T3", an_offer("A", "T3", "90.00", alternative="X")), ("T3", an_offer("B", "T3", "99.00"))]
    comparison = compared(decided + waiting)
    first, *rest = comparison.lots
    from_then_on = Comparison("USD", 36, (type(first)("T1", "awarded", first.offers), *rest), Decimal(0), None)
    held = (("T1", "A:T1"),)
    built = problem_of.build(from_then_on, CONTENT, SwitchingCosts(), today=TODAY, held=held)
    assert [(carrier.id, carrier.capacity_lots) for carrier in built.problem.carriers] == [("A", 1), ("B", None)]
    assert [(left.bid_id, left.reason) for left in built.left_out] == [
        ("A:T3", "an alternative to a lot that this provider was awarded")
    ]
    two = Selection((LotSelection("T2", waiting[0][1].bid_id), LotSelection("T3", waiting[2][1].bid_id)))
    messages = [error.message for error in problem_of.beyond(from_then_on, CONTENT, two, held)]
    assert messages == [
        "A offers T1, T3 as alternatives: award it at most one of them",
        "A takes on less: this makes 3 lots of at most 2",
    ]


def test_the_smallest_stated_capacity_of_each_kind_holds() -> None:
    bids = [
        ("T1", an_offer("A", "T1", "1", capacity=Capacity(lots=3, mbps=100))),
        ("T2", an_offer("A", "T2", "1", capacity=Capacity(lots=2))),
        ("T3", an_offer("A", "T3", "1", capacity=Capacity(sites=1))),
        ("T3", an_offer("B", "T3", "1")),
    ]
    assert problem_limits.capacities(bids) == {"A": Capacity(2, 1, 100)}


def test_access_and_limits_are_columns_of_the_export() -> None:
    lines = (LineAccess("L1", "Acme", "north"), LineAccess("L2", "Blue Hill"))
    stated = an_offer("A", "T1", "1", access=lines, capacity=Capacity(2, None, 10_000), alternative="ring 1")
    bids, *_ = matrix.sheets(compared([("T1", stated), ("T1", an_offer("B", "T1", "2"))]), CONTENT, TODAY)
    names = ("Access owner", "Entrance", "Takes on", "Alternative")
    first, second = (dict(zip(bids.header, row, strict=True)) for row in bids.rows)
    assert [first[name] for name in names] == [
        "L1 Acme; L2 Blue Hill",
        "L1 north",
        "at most 2 lots, 10000 Mbps",
        "ring 1",
    ]
    assert [second[name] for name in names] == [""] * 4
