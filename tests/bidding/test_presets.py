"""Presets have plain names, can be announced as they are, and a buyer may change the few figures that matter."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from buyers.desk.content import auction_choice
from buyers.requests.auction import AuctionChoice, DutchChoice, JapaneseChoice, SoftCloseChoice
from buyers.requests.auction_checks import check_auction, check_competition
from buyers.requests.auction_words import in_words
from buyers.requests.model import Content, Line, Schedule
from buyers.requests.presets import PRESETS, chosen
from marketplace.bidding import announcing, engine, linter
from marketplace.bidding.formats.table import FORMATS
from marketplace.kernel.ids import LotId

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NEEDED: dict[str, Any] = {"ceiling": Decimal(25_000)}
FIELDS = {field.name for field in fields(AuctionChoice)}


def content(choice: AuctionChoice) -> Content:
    line = Line("L1", "data.dedicated-internet-access")
    return Content(lines=(line,), schedule=Schedule(NOON + timedelta(hours=2)), auction=choice)


def preset(code: str, **given: Any) -> AuctionChoice:
    return chosen({"preset": code, **given})


@pytest.mark.parametrize("code", PRESETS)
def test_every_preset_lints_clean_without_even_a_warning(code: str) -> None:
    needed = {name: NEEDED[name] for name in PRESETS[code].needs}
    choice = preset(code, **needed)
    asked = content(choice)
    assert [*check_auction(choice), *check_competition(choice)] == []
    assert announcing.problems(asked, NOON) == ()
    for rules in announcing.rules_by_lot(asked, NOON).values():
        assert linter.lint(rules) == ()
        assert engine.schedule(LotId("lot_1"), rules, (), NOON)


@pytest.mark.parametrize("code", PRESETS)
def test_every_preset_says_what_it_is_in_words_for_everybody(code: str) -> None:
    shown = PRESETS[code]
    for text in (shown.explanation, shown.when, shown.carriers_see, shown.risks):
        assert text.endswith(".")
        assert len(text) < 200
    assert shown.title == shown.title.lower()
    assert set(shown.settings) <= FIELDS
    assert set(shown.needs) <= set(shown.settings)
    assert len(in_words(shown.choice, "USD")) >= 2


def test_every_format_has_a_preset() -> None:
    formats = {"sealed": "sealed_first_price"}
    assert {formats.get(item.choice.format, item.choice.format) for item in PRESETS.values()} == set(FORMATS)


def test_what_the_buyer_sets_counts_and_the_preset_says_the_rest() -> None:
    choice = preset("open_price_race", decrement=Decimal(50), soft_close=SoftCloseChoice(60, 60, 2, "receipt", 5))
    assert (choice.decrement, choice.decrement_percent) == (Decimal(50), None)
    assert choice.base == "lead"
    assert choice.soft_close == SoftCloseChoice(60, 60, 2, "receipt", 5)
    assert preset("open_price_race", soft_close=None).soft_close is None


def test_the_clocks_follow_from_the_ceiling_unless_the_buyer_sets_them() -> None:
    assert preset("rising_clock", **NEEDED).dutch == DutchChoice(Decimal("12500.00"), Decimal("250.00"), 30)
    assert preset("falling_clock", **NEEDED).japanese == JapaneseChoice(Decimal(25_000), 120, Decimal("250.00"))
    own = DutchChoice(Decimal(1), Decimal(1), 5, 2)
    assert preset("rising_clock", **NEEDED, dutch=own).dutch == own


def test_a_preset_is_not_what_it_is_called_with_another_format() -> None:
    renamed = replace(preset("rank_only"), visibility="open")
    assert [error.pointer for error in check_auction(renamed)] == ["/auction/visibility"]
    assert [error.pointer for error in check_auction(preset("rank_only", format="sealed", visibility="rank_only"))] == [
        "/auction/format"
    ]
    assert [error.pointer for error in check_auction(chosen({"preset": "roulette"}))] == ["/auction/preset"]


def test_parts_on_the_wire_become_values_of_the_choice() -> None:
    choice = auction_choice(
        {
            "format": "english",
            "decrement": Decimal(5),
            "decrement_steps": [{"down_to": Decimal(100), "value": Decimal(10)}],
            "soft_close": {"window_seconds": 60, "extension_seconds": 60},
            "scoring": {"criteria": [{"code": "speed", "answers": [{"code": "fast", "malus": Decimal(0)}]}]},
            "disclosed": ["all_prices"],
            "japanese": {"start": Decimal(9), "seconds": 60, "prices": [Decimal(8)]},
            "arrangement": {"kind": "serial", "minutes": 5},
            "dutch": None,
        }
    )
    assert choice.soft_close == SoftCloseChoice(60, 60)
    assert choice.scoring is not None
    assert choice.scoring.criteria[0].answers[0].code == "fast"
    assert choice.japanese is not None
    assert choice.japanese.prices == (Decimal(8),)
    assert hash(choice)
    assert any("speed" in sentence for sentence in in_words(choice, "USD"))
