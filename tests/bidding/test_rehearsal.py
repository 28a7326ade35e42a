"""A rehearsal goes by the same engine: it shows how an auction would go, the same for the same seed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buyers.requests.auction import ArrangementChoice, AuctionChoice
from buyers.requests.model import Content, Line, Lot, Schedule
from buyers.requests.presets import PRESETS, chosen
from marketplace.bidding import announcing
from marketplace.bidding.rehearsal import LotRules, RehearsedLot, rehearse
from marketplace.kernel.errors import MalformedError

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
LINES = (Line("L1", "data.dedicated-internet-access"), Line("L2", "data.dedicated-internet-access"))
CONTENT = Content(
    title="Internet access",
    lines=LINES,
    lots=(Lot("T1", "", ("L1",)), Lot("T2", "", ("L2",))),
    schedule=Schedule(NOON + timedelta(hours=2), NOON),
)
PLAYABLE = list(PRESETS)


def rehearsed(choice: AuctionChoice, bidders: int = 4, seed: int = 1) -> tuple[RehearsedLot, ...]:
    content = replace(CONTENT, auction=choice)
    rules = announcing.rules_by_lot(content, NOON)
    lots = [LotRules(announcing.to_price(content, lot.ref), rules[lot.ref]) for lot in content.lots]
    return rehearse(lots, choice.arrangement, bidders, seed)


def preset(code: str, **given: Any) -> AuctionChoice:
    return chosen({"preset": code, "ceiling": Decimal(10_000), **given})


@pytest.mark.parametrize("code", PLAYABLE)
def test_every_preset_can_be_rehearsed_and_ends_with_prices(code: str) -> None:
    for lot in rehearsed(preset(code)):
        assert lot.prices
        assert lot.bids >= len(lot.prices)
        assert lot.steps[-1].endswith((".",))
        assert all(price.cost <= price.price <= 10_000 for price in lot.prices)
        assert any(price.paid is not None for price in lot.prices)
        assert [price.price for price in lot.prices] == sorted(price.price for price in lot.prices)
        assert lot.seen


@given(st.sampled_from(PLAYABLE), st.integers(1, 6), st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_same_seed_tells_the_same_story(code: str, bidders: int, seed: int) -> None:
    assert rehearsed(preset(code), bidders, seed) == rehearsed(preset(code), bidders, seed)


def test_an_open_race_ends_near_the_second_lowest_cost() -> None:
    (lot, _) = rehearsed(preset("open_price_race"), bidders=5)
    second = sorted(price.cost for price in lot.prices)[1]
    assert lot.prices[0].price < second * Decimal("1.05")
    assert lot.bids > 5


def test_nobody_sees_in_a_rehearsal_what_the_rules_hide() -> None:
    for code in ("sealed_round", "rank_only", "traffic_light", "blind_improvement"):
        for lot in rehearsed(preset(code)):
            assert not any("best price" in seen.words or "All prices" in seen.words for seen in lot.seen)
    blind = rehearsed(preset("blind_improvement"))[0]
    assert not any("place" in seen.words or "colour" in seen.words for seen in blind.seen)


def test_in_a_series_an_extension_moves_the_next_lot() -> None:
    choice = preset("open_price_race", arrangement=ArrangementChoice("serial", 5))
    moved = [rehearsed(choice, bidders=6, seed=seed) for seed in range(6)]
    assert any(lots[0].extensions for lots in moved)
    for lots in moved:
        assert all(after.opened_at >= before.closed_at + timedelta(minutes=5) for before, after in pairwise(lots))


def test_rules_that_leak_are_not_rehearsed() -> None:
    with pytest.raises(MalformedError):
        rehearsed(preset("rank_only", base="lead"))
