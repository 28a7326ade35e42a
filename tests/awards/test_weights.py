"""What if qualities had counted otherwise: the same bids in another order, and as announced nothing moves."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace.awards import rules, weights
from marketplace.awards.model import Comparison
from tests.awards.offers import LOTS, an_offer, compared

MONEY = st.integers(1, 2000).map(Decimal)
BID = st.tuples(st.sampled_from(("blue", "red", "green")), MONEY, st.integers(-300, 300).map(Decimal))


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    offers = []
    for lot in LOTS:
        bids = draw(st.lists(BID, max_size=4, unique_by=lambda bid: bid[0]))
        found = [an_offer(name, lot, total, malus=malus) for name, total, malus in bids]
        offers += [(lot, one) for one in sorted(found, key=lambda one: one.evaluated)]
    made = compared(offers)
    return replace(made, lots=tuple(rules.with_distances(lot) for lot in made.lots))


@given(comparisons())
def test_as_announced_nothing_moves(comparison: Comparison) -> None:
    found = weights.what_if(comparison, weights.ANNOUNCED)
    assert found.changed == ()
    assert found.cost_after == found.cost_before
    assert all(one.before == one.after for one in found.shares)


@given(comparisons(), st.integers(0, weights.MOST))
def test_the_first_at_any_weight_has_the_lowest_figure_and_every_lot_has_one(
    comparison: Comparison, percent: int
) -> None:
    found = weights.what_if(comparison, percent)
    moved = {one.lot: one for one in found.changed}
    for lot in comparison.lots:
        if not lot.offers:
            assert lot.lot not in moved
            continue
        lowest = min(weights.evaluated_at(offer, percent) for offer in lot.offers)
        first = moved[lot.lot].after if lot.lot in moved else rules.best(lot)
        assert first is not None
        assert weights.evaluated_at(first, percent) == lowest
    assert sum(one.after for one in found.shares) == sum(one.before for one in found.shares) == found.lots
    assert found.lots == sum(bool(lot.offers) for lot in comparison.lots)


@given(comparisons())
def test_without_any_weight_the_cheapest_is_first(comparison: Comparison) -> None:
    found = weights.what_if(comparison, 0)
    cheapest = [min(offer.total for offer in lot.offers) for lot in comparison.lots if lot.offers]
    assert found.cost_after == sum(cheapest, Decimal(0)) <= found.cost_before


def test_a_bid_that_may_not_be_the_best_is_not_made_first_by_a_weight() -> None:
    partial = an_offer("red", "T1", "1.00", incomplete=("L1 is not priced",))
    whole = an_offer("blue", "T1", "900.00", malus=Decimal(100))
    made = compared([("T1", whole), ("T1", partial)])
    made = replace(made, lots=tuple(rules.with_distances(lot) for lot in made.lots))
    assert weights.is_weighed(made)
    assert weights.what_if(made, weights.MOST).changed == ()
