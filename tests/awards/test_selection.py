"""What a buyer may select, and what confirming it does, before anything is stored."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.awards import rules
from marketplace.awards.model import ComparedLot, ComparedOffer, Comparison, LotRefusal, LotSelection, Selection
from marketplace.kernel.ids import BidId, OrganizationId


def an_offer(bid: str, total: int, provider: str = "", *, stale: bool = False, expired: bool = False) -> ComparedOffer:
    return ComparedOffer(
        rank=1,
        joint=False,
        provider_id=OrganizationId(provider or f"org_{bid}"),
        provider_name=provider or bid,
        bid_id=BidId(bid),
        total=Decimal(total),
        above_best=None,
        lines=(),
        optional=(),
        unpriced=(),
        deviations=(),
        slowest_install_days=None,
        valid_until=None,
        expired=expired,
        stale=stale,
        terms_sha256="0" * 64,
    )


def compared(*lots: ComparedLot) -> Comparison:
    with_distances = tuple(rules.with_distances(lot) for lot in lots)
    return Comparison("USD", 36, with_distances, Decimal(0), None)


def pointers(comparison: Comparison, selection: Selection) -> list[str]:
    return [error.pointer for error in rules.selection_errors(comparison, selection)]


TWO = compared(
    ComparedLot("T1", "closed", (an_offer("a", 100), an_offer("b", 120))),
    ComparedLot("T2", "closed", (an_offer("c", 50, "org_a"), an_offer("d", 60))),
)


def test_the_cheapest_of_every_lot_needs_no_reason() -> None:
    cheapest = Selection((LotSelection("T1", BidId("a")), LotSelection("T2", BidId("c"))))
    assert pointers(TWO, cheapest) == []


def test_another_than_the_lowest_total_needs_a_reason() -> None:
    dearer = LotSelection("T1", BidId("b"))
    rest = LotSelection("T2", BidId("c"))
    assert pointers(TWO, Selection((dearer, rest))) == ["/awarded/0/reason"]
    assert pointers(TWO, Selection((replace(dearer, reason="A second route."), rest))) == []


def test_an_equal_total_needs_no_reason() -> None:
    tie = compared(ComparedLot("T1", "closed", (an_offer("a", 100), an_offer("b", 100))))
    assert pointers(tie, Selection((LotSelection("T1", BidId("b")),))) == []


def test_every_waiting_lot_is_decided_once() -> None:
    one = LotSelection("T1", BidId("a"))
    assert len(pointers(TWO, Selection((one,)))) == 1
    assert len(pointers(TWO, Selection((one, one, LotSelection("T2", BidId("c")))))) == 1
    assert pointers(TWO, Selection((one,), (LotRefusal("T2", "Too dear."),))) == []


def test_a_lot_that_is_not_waiting_is_not_decided() -> None:
    done = compared(ComparedLot("T1", "awarded", (an_offer("a", 100),)))
    assert pointers(done, Selection((LotSelection("T1", BidId("a")),))) == ["/awarded"]


@pytest.mark.parametrize("flaw", ["stale", "expired"])
def test_a_stale_or_expired_bid_is_neither_best_nor_selectable(flaw: str) -> None:
    flawed = replace(an_offer("a", 1), **{flaw: True})
    lot = rules.with_distances(ComparedLot("T1", "closed", (flawed, an_offer("b", 100))))
    best = rules.best(lot)
    assert best is not None
    assert best.bid_id == "b"
    assert pointers(compared(lot), Selection((LotSelection("T1", BidId("a"), "anyway"),))) == ["/awarded/0/bid_id"]


def test_a_bid_on_another_lot_is_not_selectable() -> None:
    crossed = Selection((LotSelection("T1", BidId("c")), LotSelection("T2", BidId("c"))))
    assert pointers(TWO, crossed) == ["/awarded/0/bid_id"]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_distances_are_taken_from_the_lowest_selectable_total(totals: list[int]) -> None:
    offers = tuple(an_offer(f"b{index}", total) for index, total in enumerate(sorted(totals)))
    lot = rules.with_distances(ComparedLot("T1", "closed", offers))
    assert [offer.above_best for offer in lot.offers] == [offer.total - min(totals) for offer in offers]


def test_the_preview_names_winners_once_with_their_lots_and_counts_the_losers() -> None:
    both = compared(
        ComparedLot("T1", "closed", (an_offer("a", 100, "org_x"), an_offer("b", 120, "org_y"))),
        ComparedLot("T2", "closed", (an_offer("c", 50, "org_x"), an_offer("d", 60, "org_z"))),
    )
    shown = rules.preview(both, Selection((LotSelection("T1", BidId("a")), LotSelection("T2", BidId("c")))))
    assert [(winner.provider_id, winner.lots, winner.total) for winner in shown.winners] == [
        ("org_x", ("T1", "T2"), Decimal(150))
    ]
    assert (shown.losers, shown.total) == (2, Decimal(150))
    assert shown.reveals == rules.REVEALED


def test_a_bid_that_leaves_its_cost_open_is_never_the_best_however_low() -> None:
    bare = replace(an_offer("a", 1), open_ended=True, open_because=("L1 is budgetary and has no construction cap",))
    ordered = rules.in_order((bare, an_offer("b", 100), an_offer("c", 120)))
    assert [(offer.bid_id, offer.rank) for offer in ordered] == [("b", 1), ("c", 2), ("a", None)]
    lot = rules.with_distances(ComparedLot("T1", "closed", ordered))
    best = rules.best(lot)
    assert best is not None
    assert best.bid_id == "b"
    assert [offer.above_best for offer in lot.offers] == [Decimal(0), Decimal(20), None]


def test_selecting_a_bid_that_leaves_its_cost_open_needs_a_reason() -> None:
    bare = replace(an_offer("a", 1), open_ended=True, open_because=("L1 is budgetary and has no construction cap",))
    alone = compared(ComparedLot("T1", "closed", rules.in_order((bare,))))
    (error,) = rules.selection_errors(alone, Selection((LotSelection("T1", BidId("a")),)))
    assert error.pointer == "/awarded/0/reason"
    assert "L1 is budgetary" in error.message
    assert pointers(alone, Selection((LotSelection("T1", BidId("a"), "Nobody else builds there."),))) == []


def test_a_tie_is_told_among_the_ranked_alone() -> None:
    bare = replace(an_offer("a", 100), open_ended=True, joint=True)
    (first, _second) = rules.in_order((bare, replace(an_offer("b", 100), joint=True)))
    assert (first.bid_id, first.rank, first.joint) == ("b", 1, False)
