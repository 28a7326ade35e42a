from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding.offer import (
    Basis,
    Firmness,
    LinePrice,
    LineToPrice,
    LotToPrice,
    Offer,
    Surcharge,
    Usage,
    UsageRate,
    adjusted_to,
    months_in_advance,
    problems,
    share,
    total_cost,
)
from marketplace.bidding.offer_conditions import Capacity, PackageCondition, VolumeTier, unknown_package_lots
from marketplace.kernel import codec

DIA, VOICE = "data.dedicated-internet-access", "voice.long-distance"
money = st.decimals(min_value=0, max_value=100_000, places=2)
percentages = st.decimals(min_value="0.0001", max_value=100, places=4)
surcharges = st.builds(Surcharge, st.just("USF"), st.just(Basis.PERCENT), percentages) | st.builds(
    Surcharge, st.just("E911"), st.sampled_from([Basis.MONTHLY, Basis.ONCE]), money
)
not_firm = st.sampled_from([Firmness.SUBJECT_TO_SURVEY, Firmness.BUDGETARY])
prices = st.builds(
    lambda mrc, nrc, taxes, cap, firmness: LinePrice(
        "L1", mrc, nrc, (), None, (), tuple(taxes), firmness if cap is not None else Firmness.FIRM, cap
    ),
    money,
    money,
    st.lists(surcharges, max_size=2, unique_by=lambda tax: (tax.name, tax.basis)),
    st.none() | money,
    not_firm,
)


def a_lot(*lines: LineToPrice, rate: str = "0", term: int = 36) -> LotToPrice:
    return LotToPrice("T1", lines, term, Decimal(rate))


def an_offer(*prices: LinePrice, term: int = 36) -> Offer:
    return Offer("T1", prices, term, None, "trm_1", "0" * 64)


@given(money, money, st.integers(1, 500), st.integers(1, 120))
def test_without_discount_the_total_is_once_plus_months(nrc: Decimal, mrc: Decimal, quantity: int, term: int) -> None:
    lot = a_lot(LineToPrice("L1", DIA, quantity, must=True), term=term)
    cost = total_cost(lot, an_offer(LinePrice("L1", mrc, nrc), term=term))
    assert cost.total == quantity * (nrc + term * mrc)


@given(st.integers(1, 120), st.decimals(min_value="0.001", max_value="1", places=3))
def test_discounted_months_lie_between_nothing_and_all_and_fall_with_the_rate(term: int, rate: Decimal) -> None:
    months = months_in_advance(term, rate)
    assert 1 <= months <= term
    assert months <= months_in_advance(term, rate / 2)


def test_a_year_at_ten_percent_paid_in_advance() -> None:
    # sum of 1.1^(-t/12) for t = 0..11, computed independently with the closed form of a geometric series
    factor = Decimal("1.1") ** (Decimal(-1) / 12)
    assert abs(months_in_advance(12, Decimal("0.1")) - (1 - factor**12) / (1 - factor)) < Decimal("1e-20")


@pytest.mark.parametrize(("rate", "usage_cost"), [("0.0123", "15.99"), ("0", "0.00")])
def test_usage_rates_count_with_the_prior_usage(rate: str, usage_cost: str) -> None:
    line = LineToPrice("L1", VOICE, 1, must=True, usage=(Usage("minutes", Decimal(1300)),))
    price = LinePrice("L1", Decimal(10), usage_rates=(UsageRate(VOICE, "minutes", Decimal(rate)),))
    cost = total_cost(a_lot(line, term=1), an_offer(price, term=1))
    assert cost.lines[0].usage == Decimal(usage_cost)
    assert cost.total == Decimal(10) + Decimal(usage_cost)


def test_a_missing_usage_rate_is_refused_because_it_would_count_as_free() -> None:
    lot = a_lot(LineToPrice("L1", VOICE, 1, must=True, usage=(Usage("minutes", Decimal(1300)),)))
    (problem,) = problems(lot, an_offer(LinePrice("L1", Decimal(10))), "/lots/0")
    assert problem.pointer == "/lots/0/lines/0/usage_rates"
    assert "minutes" in problem.message


@given(st.decimals(min_value=0, max_value=10**9, places=4), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_the_lines_share_the_usage_of_their_service_type_once(quantity: Decimal, quantities: list[int]) -> None:
    parts = [share(quantity, one, sum(quantities)) for one in quantities]
    assert abs(Fraction(sum(parts)) - Fraction(quantity)) <= Fraction(len(parts), 10_000)


def test_optional_lines_are_priced_beside_the_total() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), LineToPrice("L2", DIA, 1, must=False))
    cost = total_cost(lot, an_offer(LinePrice("L1", Decimal(10)), LinePrice("L2", Decimal(99))))
    assert cost.total == Decimal(360)
    assert [optional.line for optional in cost.optional] == ["L2"]


def test_every_must_line_needs_a_price_and_no_other_lot_s_line_has_one() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), LineToPrice("L2", DIA, 1, must=True))
    found = {problem.pointer for problem in problems(lot, an_offer(LinePrice("L9", Decimal(1))), "/lots/3")}
    assert found == {"/lots/3/lines", "/lots/3/lines/0/line"}


@given(prices, st.integers(1, 500), st.integers(1, 120), st.decimals(min_value=0, max_value="0.3", places=3))
def test_the_total_is_the_sum_of_its_parts(price: LinePrice, quantity: int, term: int, rate: Decimal) -> None:
    lot = a_lot(LineToPrice("L1", DIA, quantity, must=True), rate=str(rate), term=term)
    months = Fraction(months_in_advance(term, rate))
    monthly, once = Fraction(price.mrc), Fraction(price.nrc) + Fraction(price.construction_cap or 0)
    for tax in price.taxes:
        if tax.basis is Basis.ONCE:
            once += Fraction(tax.figure)
        else:
            share_of = Fraction(price.mrc) / 100 if tax.basis is Basis.PERCENT else 1
            monthly += Fraction(tax.figure) * share_of
    cost = total_cost(lot, an_offer(price, term=term))
    exact = quantity * (once + monthly * months)
    assert abs(Fraction(cost.total) - exact) <= Fraction(1, 200) + exact * Fraction(1, 10**24)
    (line,) = cost.lines
    parts = line.nrc + line.recurring + line.usage + line.taxes + line.construction
    assert abs(parts - cost.total) <= Decimal("0.03")  # each part is rounded for show, the total once


@given(prices, st.decimals(min_value=0, max_value=10**9, places=2), st.integers(1, 50))
def test_an_offer_is_adjusted_to_exactly_a_price(price: LinePrice, wanted: Decimal, quantity: int) -> None:
    lot = a_lot(LineToPrice("L1", DIA, quantity, must=True))
    adjusted = adjusted_to(lot, adjusted_to(lot, an_offer(price), wanted + 1), wanted)
    assert total_cost(lot, adjusted).total == wanted
    assert replace(adjusted, adjustment=Decimal(0)) == an_offer(price)
    assert problems(lot, adjusted, "") == ()


def test_a_price_with_parts_of_a_cent_is_no_lot_price() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    with pytest.raises(ValueError, match="whole cents"):
        adjusted_to(lot, an_offer(LinePrice("L1", Decimal(1))), Decimal("1.005"))


@given(prices, money, money, st.integers(1, 500))
def test_a_cheaper_line_never_makes_a_dearer_total(
    price: LinePrice, less: Decimal, nrc: Decimal, quantity: int
) -> None:
    lot = a_lot(LineToPrice("L1", DIA, quantity, must=True), rate="0.08")
    cheaper = replace(price, mrc=min(price.mrc, less), nrc=min(price.nrc, nrc))
    assert total_cost(lot, an_offer(cheaper)).total <= total_cost(lot, an_offer(price)).total


def test_the_formula_tells_every_part() -> None:
    lot = a_lot(LineToPrice("L1", VOICE, 2, must=True, usage=(Usage("minutes", Decimal(100)),)), term=12)
    taxes = (
        Surcharge("USF", Basis.PERCENT, Decimal("12.5")),
        Surcharge("E911", Basis.MONTHLY, Decimal("0.75")),
        Surcharge("Permit", Basis.ONCE, Decimal("40.00")),
    )
    price = LinePrice(
        "L1",
        Decimal("100.00"),
        Decimal("10.00"),
        (UsageRate(VOICE, "minutes", Decimal("0.01")),),
        taxes=taxes,
        firmness=Firmness.SUBJECT_TO_SURVEY,
        construction_cap=Decimal("500.00"),
    )
    (line,) = total_cost(lot, an_offer(price, term=12)).lines
    assert line.formula == (
        "10.00 x 2 once + 100.00 x 2 x 12 months + usage 1 x 12 months"
        " + taxes and surcharges 13.25 x 2 x 12 months + taxes and surcharges 40.00 x 2 once"
        " + construction at most 500.00 x 2 once = 3830.00"
    )
    assert line.total == 20 + 2400 + 12 + 318 + 80 + 1000


@pytest.mark.parametrize("firmness", [Firmness.SUBJECT_TO_SURVEY, Firmness.BUDGETARY])
def test_what_has_no_cap_is_open_and_what_has_one_counts_with_it(firmness: Firmness) -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), LineToPrice("L2", DIA, 1, must=False), term=1)
    capped = LinePrice("L1", Decimal(10), firmness=firmness, construction_cap=Decimal(7))
    wish = LinePrice("L2", Decimal(1), firmness=firmness)
    cost = total_cost(lot, an_offer(capped, wish, term=1))
    assert (cost.total, cost.open_ended) == (Decimal(17), ())  # a wish is no part of the total
    assert cost.optional[0].open_ended
    cost = total_cost(lot, an_offer(replace(capped, construction_cap=None), wish, term=1))
    assert (cost.total, cost.open_ended) == (Decimal(10), ("L1",))
    assert "without a cap" in cost.lines[0].formula


def test_an_adjustment_leaves_no_total_below_nothing() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True), term=1)
    offer = an_offer(LinePrice("L1", Decimal(10)), term=1)
    assert problems(lot, replace(offer, adjustment=Decimal(-10)), "") == ()
    for adjustment in ("-10.01", "0.001", "1e12"):
        (problem,) = problems(lot, replace(offer, adjustment=Decimal(adjustment)), "/lots/0")
        assert problem.pointer == "/lots/0/adjustment"


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (LinePrice("L1", Decimal(1), construction_cap=Decimal(5)), "/construction_cap"),
        (LinePrice("L1", Decimal(1), taxes=(Surcharge("A|B", Basis.ONCE, Decimal(1)),)), "/taxes/0/name"),
        (LinePrice("L1", Decimal(1), taxes=(Surcharge("A  B", Basis.ONCE, Decimal(1)),)), "/taxes/0/name"),
        (LinePrice("L1", Decimal(1), taxes=(Surcharge("A", Basis.ONCE, Decimal("0.001")),)), "/taxes/0/figure"),
        (LinePrice("L1", Decimal(1), taxes=(Surcharge("A", Basis.PERCENT, Decimal(101)),)), "/taxes/0/figure"),
        (LinePrice("L1", Decimal(1), taxes=(Surcharge("A", Basis.ONCE, Decimal(1)),) * 2), "/taxes/1/name"),
    ],
)
def test_a_wrong_tax_or_cap_is_told_where_it_stands(wrong: LinePrice, pointer: str) -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    assert [problem.pointer for problem in problems(lot, an_offer(wrong), "")] == [f"/lines/0{pointer}"]


def test_conditions_are_kept_checked_and_no_part_of_the_total() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    plain = an_offer(LinePrice("L1", Decimal(10)))
    tiers = (VolumeTier(Decimal(5), from_lots=10), VolumeTier(Decimal(10), from_lots=20))
    offer = replace(plain, packages=(PackageCondition(("T1", "T2"), percent=Decimal(7)),), volume=tiers)
    assert problems(lot, offer, "") == ()
    assert total_cost(lot, offer).total == total_cost(lot, plain).total
    assert codec.load(Offer, codec.dump(offer)) == offer
    (unknown,) = unknown_package_lots(offer.packages, {"T1"}, "")
    assert (unknown.pointer, unknown.message) == ("/packages/0/lots", "T2 is no lot of this request")


@pytest.mark.parametrize(
    ("package", "pointer"),
    [
        (PackageCondition(("T1",), percent=Decimal(7)), "/packages/0/lots"),
        (PackageCondition(("T2", "T3"), percent=Decimal(7)), "/packages/0/lots"),
        (PackageCondition(("T1", "T2")), "/packages/0"),
        (PackageCondition(("T1", "T2"), Decimal(7), Decimal(7)), "/packages/0"),
        (PackageCondition(("T1", "T2"), amount=Decimal(0)), "/packages/0/amount"),
    ],
)
def test_a_package_names_its_lots_and_one_discount(package: PackageCondition, pointer: str) -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    offer = replace(an_offer(LinePrice("L1", Decimal(10))), packages=(package,))
    assert [problem.pointer for problem in problems(lot, offer, "")] == [pointer]


@pytest.mark.parametrize(
    "tiers",
    [
        (VolumeTier(Decimal(10), from_lots=10), VolumeTier(Decimal(5), from_lots=20)),
        (VolumeTier(Decimal(10), from_lots=10), VolumeTier(Decimal(10), from_lots=20)),
        (VolumeTier(Decimal(10), from_lots=10), VolumeTier(Decimal(12), from_lots=10)),
        (VolumeTier(Decimal(10)),),
        (VolumeTier(Decimal(10), from_lots=1),),
        (VolumeTier(Decimal(0), from_lots=2),),
    ],
)
def test_a_larger_volume_gets_a_larger_discount(tiers: tuple[VolumeTier, ...]) -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    offer = replace(an_offer(LinePrice("L1", Decimal(10))), volume=tiers)
    assert len(problems(lot, offer, "")) == 1


def test_an_offer_stored_before_there_were_taxes_and_conditions_is_read() -> None:
    stored = {
        "lot": "T1",
        "lines": [{"line": "L1", "mrc": "10.00", "nrc": "0", "usage_rates": [], "install_days": None, "answers": []}],
        "term_months": 36,
        "valid_until": "2026-12-31",
        "terms_id": "trm_1",
        "terms_sha256": "0" * 64,
        "note": "",
    }
    offer = codec.load(Offer, stored)
    assert offer == replace(an_offer(LinePrice("L1", Decimal("10.00"))), valid_until=date(2026, 12, 31))


BEFORE = (
    b'{"adjustment":"0","lines":[{"answers":[],"construction_cap":null,"firmness":"firm","install_days":null,'
    b'"line":"L1","mrc":"1.00","nrc":"0","taxes":[],"usage_rates":[]}],"lot":"T1","note":"","packages":[],'
    b'"quality":[],"term_months":36,"terms_id":"t","terms_sha256":"s","valid_until":null,"volume":[]}'
)
"""A bid as it was hashed before bids could state whose their access lines are, and what they take on."""


def test_a_bid_that_states_no_access_and_no_limits_has_the_bytes_and_the_hash_that_it_had_before() -> None:
    plain = Offer("T1", (LinePrice("L1", Decimal("1.00")),), 36, None, "t", "s")
    assert codec.packed(plain) == BEFORE
    assert codec.load(Offer, codec.parse(BEFORE)) == plain


def test_what_a_bid_states_of_access_and_limits_is_part_of_what_is_hashed() -> None:
    line = LinePrice("L1", Decimal("1.00"))
    plain = Offer("T1", (line,), 36, None, "t", "s")
    stated = (
        plain,
        replace(plain, lines=(replace(line, access_owner="Cascade Fiber"),)),
        replace(plain, lines=(replace(line, entrance="Cascade Fiber"),)),
        replace(plain, capacity=Capacity(lots=2)),
        replace(plain, capacity=Capacity(sites=2)),
        replace(plain, capacity=Capacity(mbps=2)),
        replace(plain, alternative="2"),
    )
    assert len({codec.packed(offer) for offer in stated}) == len(stated)
    for offer in stated:
        assert codec.load(Offer, codec.parse(codec.packed(offer))) == offer


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"alternative": "a  b"}, "/alternative"),
        ({"alternative": "a|b"}, "/alternative"),
        ({"capacity": Capacity()}, "/capacity"),
        ({"capacity": Capacity(lots=0)}, "/capacity/lots"),
        ({"capacity": Capacity(lots=1, mbps=10**9 + 1)}, "/capacity/mbps"),
        ({"lines": (LinePrice("L1", Decimal(1), access_owner=" Cascade"),)}, "/lines/0/access_owner"),
        ({"lines": (LinePrice("L1", Decimal(1), entrance="x" * 81),)}, "/lines/0/entrance"),
        ({"lines": (LinePrice("L1", Decimal(1), entrance="a\u202eb"),)}, "/lines/0/entrance"),
    ],
)
def test_a_wrong_name_or_limit_is_told_where_it_stands(changed: dict[str, Any], pointer: str) -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    offer = replace(an_offer(LinePrice("L1", Decimal(1))), **changed)
    assert [problem.pointer for problem in problems(lot, offer, "")] == [pointer]


def test_a_stated_access_and_limits_cost_nothing() -> None:
    lot = a_lot(LineToPrice("L1", DIA, 1, must=True))
    line = LinePrice("L1", Decimal(10))
    stated = replace(
        an_offer(replace(line, access_owner="Cascade Fiber", entrance="north")), capacity=Capacity(1), alternative="A"
    )
    assert problems(lot, stated, "") == ()
    assert total_cost(lot, stated) == total_cost(lot, an_offer(line))
