"""The problem that the optimiser gets is the comparison, to the cent."""

from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buyers.requests.model import Content, Line, Lot, Place, Site
from marketplace.awards import buyer_rules, problem_of
from marketplace.awards.model import (
    ComparedOffer,
    Comparison,
    LotSelection,
    Selection,
    SwitchingCost,
    SwitchingCosts,
)
from marketplace.awards.optimiser.evaluate import evaluate
from marketplace.awards.optimiser.instance import prepare
from marketplace.awards.optimiser.problem import Diverse, InstallWithin, MaxAwards, MaxShare, MaxSwitched, SameCarrier
from marketplace.bidding.offer_conditions import PackageCondition, VolumeTier
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import BidId, OrganizationId
from tests.awards.offers import LOTS, an_offer, compared

TODAY = date(2026, 11, 21)
CONTENT = Content(
    sites=tuple(
        Site(f"S{number}", f"sit_{number}", Place("US", state)) for number, state in ((1, "WA"), (2, "WA"), (3, "OR"))
    ),
    lines=tuple(Line(f"L{number}", "data.dedicated-internet-access", f"S{number}") for number in (1, 2, 3)),
    lots=tuple(Lot(f"T{number}", "", (f"L{number}",)) for number in (1, 2, 3)),
)


CENTS = st.integers(1, 10**7).map(lambda figure: Decimal(figure) / 100)
PERCENT = st.integers(1, 10_000).map(lambda figure: Decimal(figure) / 100)


@st.composite
def rounds(draw: st.DrawFn) -> tuple[Comparison, SwitchingCosts]:
    """Return bids of up to three providers, with packages, tiers and switching costs."""
    offers = []
    for provider in ("A", "B", "C")[: draw(st.integers(1, 3))]:
        package = draw(st.sampled_from([("T1", "T2"), ("T2", "T3"), LOTS]))
        off = draw(st.booleans())
        figure = draw(PERCENT) if off else draw(CENTS)
        condition = PackageCondition(package, figure if off else None, None if off else figure)
        tier = VolumeTier(draw(PERCENT), from_lots=draw(st.integers(2, 3)))
        monthly = VolumeTier(draw(PERCENT), from_monthly=draw(CENTS))
        volume = draw(st.sampled_from([(), (tier,), (monthly,)]))
        for lot in LOTS:
            total = draw(CENTS)
            parts = {"packages": (condition,)} if lot in package and draw(st.booleans()) else {}
            month = draw(st.integers(0, int(total * 100))) if total else 0
            malus = draw(st.sampled_from([Decimal(0), Decimal("12.34"), Decimal("-5.00")]))
            extra = {"volume": volume, "monthly": Decimal(month) / 100, "malus": malus} | parts
            offers.append((lot, an_offer(provider, lot, total, **extra)))
    costs = tuple(
        SwitchingCost(lot, draw(CENTS), draw(st.sampled_from([None, OrganizationId("A"), OrganizationId("B")])))
        for lot in draw(st.sets(st.sampled_from(LOTS)))
    )
    switching = SwitchingCosts(costs, 1)
    return compared(
        [(lot, replace(offer, switching=switching.of(lot, offer.provider_id))) for lot, offer in offers]
    ), switching


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def discounts_by_hand(chosen: dict[str, ComparedOffer]) -> Decimal:
    """Return what the bids' conditions take off a choice, read from the bids themselves."""
    off = Decimal(0)
    for provider in {offer.provider_id for offer in chosen.values()}:
        own = {lot: offer for lot, offer in chosen.items() if offer.provider_id == provider}
        stated = {package for offer in own.values() for package in offer.packages}
        for package in stated:
            if set(package.lots) <= own.keys():
                percents = [cents(own[lot].total * (package.percent or 0) / 100) for lot in package.lots]
                off += sum(percents, package.amount or Decimal(0))
        volume = {tier for offer in own.values() for tier in offer.volume}
        for tier in volume:
            lots = len(own) >= (tier.from_lots or 99)
            month = tier.from_monthly is not None
            if lots or (
                month and sum((offer.monthly for offer in own.values()), Decimal(0)) >= (tier.from_monthly or 0)
            ):
                off += sum((cents(offer.total * tier.percent / 100) for offer in own.values()), Decimal(0))
    return off


@settings(max_examples=60, deadline=None)
@given(rounds())
def test_the_optimiser_s_cost_of_a_choice_is_the_comparison_s_less_discounts(
    made: tuple[Comparison, SwitchingCosts],
) -> None:
    comparison, switching = made
    built = problem_of.build(comparison, CONTENT, switching, today=TODAY)
    instance = prepare(built.problem)
    for offers in product(*(lot.offers for lot in comparison.lots)):
        chosen = dict(zip(LOTS, offers, strict=True))
        positions = frozenset(instance.offer_at[offer.bid_id] for offer in offers)
        by_hand = sum((offer.evaluated for offer in offers), Decimal(0)) - discounts_by_hand(chosen)
        assert problem_of.money(evaluate(instance, positions).cost) == by_hand
        selection = Selection(tuple(LotSelection(lot, offer.bid_id) for lot, offer in chosen.items()))
        earned = problem_of.earned(comparison, CONTENT, selection)
        assert sum((one.amount for one in earned), Decimal(0)) == discounts_by_hand(chosen)


def test_a_package_stated_twice_counts_once_with_the_smaller_figure() -> None:
    small, large = (PackageCondition(("T1", "T2"), percent=Decimal(figure)) for figure in (5, 10))
    comparison = compared(
        [
            ("T1", an_offer("A", "T1", "100.00", packages=(small,))),
            ("T2", an_offer("A", "T2", "200.00", packages=(large,))),
        ]
    )
    both = Selection((LotSelection("T1", BidId("A:T1")), LotSelection("T2", BidId("A:T2"))))
    (earned,) = problem_of.earned(comparison, CONTENT, both)
    assert (earned.amount, earned.lots) == (Decimal("15.00"), ("T1", "T2"))
    assert problem_of.earned(comparison, CONTENT, Selection(both.awarded[:1])) == ()


@pytest.mark.parametrize(
    ("flaw", "reason"),
    [
        ({"stale": True}, "earlier version"),
        ({"expired": True, "valid_until": TODAY}, "valid until"),
        ({"open_ended": True, "open_because": ("L1 is budgetary",)}, "L1 is budgetary"),
        ({"incomplete": ("L1 does not meet ipv6: soon",)}, "incomplete beside complete bids"),
    ],
)
def test_what_can_not_be_compared_is_left_out_with_the_reason(flaw: dict[str, object], reason: str) -> None:
    comparison = compared(
        [
            ("T1", an_offer("A", "T1", "1.00", **flaw)),
            ("T1", an_offer("B", "T1", "2.00")),
            ("T2", an_offer("B", "T2", "1")),
        ]
    )
    built = problem_of.build(comparison, CONTENT, SwitchingCosts(), today=TODAY)
    assert [offer.id for offer in built.problem.offers] == ["B:T1", "B:T2"]
    (left,) = built.left_out
    assert left.bid_id == "A:T1"
    assert reason in left.reason
    assert built.uncovered == ("T3",)


def test_incomplete_bids_compete_where_none_is_complete() -> None:
    comparison = compared([("T1", an_offer("A", "T1", "1.00", incomplete=("L9 is not priced",)))])
    built = problem_of.build(comparison, CONTENT, SwitchingCosts(), today=TODAY)
    assert [offer.id for offer in built.problem.offers] == ["A:T1"]


def test_tiers_of_both_kinds_do_not_add_up_and_that_is_said() -> None:
    volume = (VolumeTier(Decimal(5), from_lots=2), VolumeTier(Decimal(6), from_monthly=Decimal(1)))
    comparison = compared([(lot, an_offer("A", lot, "100.00", volume=volume)) for lot in LOTS])
    built = problem_of.build(comparison, CONTENT, SwitchingCosts(), today=TODAY)
    assert [tiers.metric for tiers in built.problem.discounts] == ["lots"]
    assert built.uncounted


def test_rules_in_the_buyer_s_words_are_the_optimiser_s() -> None:
    comparison = compared([(lot, an_offer(name, lot, "100.00")) for lot in LOTS for name in "AB"])
    switching = SwitchingCosts(tuple(SwitchingCost(lot, Decimal(1), OrganizationId("A")) for lot in LOTS), 1)
    stated = (
        buyer_rules.Share(at_most=Decimal("66.50")),
        buyer_rules.Incumbents(keep_at_least=2, get_at_most=2),
        buyer_rules.Together(region="US-WA"),
        buyer_rules.Apart("T1", "T3"),
        buyer_rules.InstalledBefore(date(2026, 12, 21), ("T2",)),
        buyer_rules.MayStayOpen("T3", Decimal("12.50")),
        buyer_rules.Excluded("nobody who bids"),
    )
    problem = problem_of.build(comparison, CONTENT, switching, stated, today=TODAY).problem
    assert problem.rules == (
        MaxShare("rule 1 most", None, "value", 6650),
        MaxSwitched("rule 2 keep", 1),
        MaxAwards("rule 2 get A", "A", "lots", 2),
        SameCarrier("rule 3", (("T1", "T2"),)),
        Diverse("rule 4", (("T1", "T3"),), ("carrier",)),
        InstallWithin("rule 5", 30, ("T2",)),
    )
    assert [lot.reserve for lot in problem.lots] == [None, None, 1250]
    assert all(rule.words for rule in stated)


@pytest.mark.parametrize(
    "rule",
    [
        buyer_rules.Apart("T1", "T9"),
        buyer_rules.Apart("T1", "T1"),
        buyer_rules.Providers(),
        buyer_rules.Providers(3, 2),
        buyer_rules.Share("A", "lots", Decimal(60), Decimal(40)),
        buyer_rules.Together(),
    ],
)
def test_a_rule_that_does_not_fit_the_request_is_refused(rule: buyer_rules.BuyerRule) -> None:
    with pytest.raises(MalformedError) as refused:
        problem_of.build(compared([]), CONTENT, SwitchingCosts(), (rule,), today=TODAY)
    assert refused.value.errors[0].pointer == "/rules/0"
