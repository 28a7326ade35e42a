"""What a desk is asked about before its bid is sent: slips of a digit, steep steps, gaps."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding.drafts.caution import ASKED, Caution, Doubt, Priced, cautions, change
from marketplace.bidding.offer import Basis, Firmness, LinePrice, LineToPrice, LotToPrice, Offer, Surcharge

TAX = (Surcharge("USF", Basis.PERCENT, Decimal("12.5")),)


def _priced(prices: dict[str, str], *, last: str | None = None, before: dict[str, str] | None = None) -> Priced:
    lot = LotToPrice("T1", tuple(LineToPrice(ref, "dia", 1, must=True) for ref in prices), 36, Decimal(0))
    offers = [
        Offer("T1", tuple(LinePrice(ref, Decimal(mrc), taxes=TAX) for ref, mrc in each.items()), 36, None, "", "")
        for each in (prices, before or {})
    ]
    total = sum((Decimal(mrc) * 36 for mrc in prices.values()), Decimal(0))
    return Priced(lot, offers[0], total, None if last is None else Decimal(last), offers[1] if before else None)


def _doubts(priced: Priced) -> list[tuple[Doubt, tuple[str, ...]]]:
    return [(one.doubt, one.lines) for one in cautions([priced])]


def test_a_zero_too_much_stands_out_from_the_other_lines() -> None:
    assert _doubts(_priced({"L1": "400", "L2": "410", "L3": "4050", "L4": "395"})) == [(Doubt.TENFOLD, ("L3",))]


def test_a_zero_too_few_stands_out_from_the_own_last_price() -> None:
    assert _doubts(_priced({"L1": "40"}, before={"L1": "400"})) == [(Doubt.TENFOLD, ("L1",))]


def test_two_prices_alone_are_no_measure() -> None:
    assert _doubts(_priced({"L1": "40", "L2": "4000"})) == []


@given(st.decimals("1", "100000", places=2), st.decimals("1", "100000", places=2))
def test_a_step_is_steep_from_over_a_fifth_down(before: Decimal, after: Decimal) -> None:
    share = change(before, after)
    assert share is not None
    assert (share < Decimal("-0.20")) == (after < before * Decimal("0.8"))


def test_a_steep_step_names_both_totals() -> None:
    (found,) = cautions([_priced({"L1": "100"}, last="4501")])
    assert found == Caution(Doubt.STEEP, "T1", (), Decimal(3600), Decimal(4501))
    assert not cautions([_priced({"L1": "100"}, last="4500")])


def test_a_price_below_the_own_cost_is_asked_about_as_a_whole_or_line_by_line() -> None:
    two = _priced({"L1": "100", "L2": "200"})
    whole = {"L1": Decimal(90), "L2": Decimal(220)}
    (found,) = cautions([replace(two, costs=whole)])
    assert found == Caution(Doubt.BELOW_COST, "T1", (), Decimal(10_800), Decimal(11_160))
    assert found.doubt in ASKED
    assert _doubts(replace(two, costs={"L1": Decimal(50), "L2": Decimal(201)})) == [(Doubt.BELOW_COST, ("L2",))]
    assert _doubts(replace(two, costs={"L2": Decimal("200.01")})) == [(Doubt.BELOW_COST, ("L2",))]
    assert _doubts(replace(two, costs={"L1": Decimal(100), "L2": Decimal(200)})) == []
    adjusted = replace(two.offer, adjustment=Decimal(-800))
    lowered = replace(two, costs={"L1": Decimal(100), "L2": Decimal(190)}, offer=adjusted)
    assert [one.beside for one in cautions([lowered])] == [Decimal(10_440)]


def test_missing_taxes_and_prices_without_a_limit_are_named_by_line() -> None:
    lot = LotToPrice("T1", (LineToPrice("L1", "dia", 1, must=True),), 36, Decimal(0))
    offer = Offer("T1", (LinePrice("L1", Decimal(5), firmness=Firmness.BUDGETARY),), 36, None, "", "")
    found = cautions([Priced(lot, offer, Decimal(180))])
    assert [(one.doubt, one.lines) for one in found] == [(Doubt.NO_TAXES, ("L1",)), (Doubt.OPEN_ENDED, ("L1",))]
