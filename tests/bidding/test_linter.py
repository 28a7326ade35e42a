"""Rules that can't work or would leak are not announced, and the linter names a setting that would do."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.bidding import engine, linter
from marketplace.bidding.finding import Severity
from marketplace.bidding.formats.table import FORMATS
from marketplace.bidding.rules import (
    Answer,
    Base,
    Criterion,
    Decrement,
    DecrementKind,
    DecrementStep,
    DutchClock,
    ExtensionBase,
    FinalOffers,
    JapaneseClock,
    Option,
    Rules,
    Scoring,
    ScoringKind,
    SoftClose,
    Ties,
)
from marketplace.bidding.visibility import VISIBILITIES
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import LotId

OPENS = datetime(2026, 11, 2, 12, tzinfo=UTC)
CLOSES = OPENS + timedelta(hours=2)
STEP = Decrement(DecrementKind.ABSOLUTE, Decimal(10))
ENGLISH = Rules("english", "open", "USD", OPENS, CLOSES, decrement=STEP)
SEALED = Rules("sealed_first_price", "sealed", "USD", OPENS, CLOSES)
SOFT = SoftClose(180, 180, most_extensions=10)
TWO = (Answer("fast", Decimal(0)), Answer("slow", Decimal(50)))
DUTCH = replace(
    SEALED,
    format="dutch",
    visibility="clock",
    ceiling=Decimal(100),
    dutch=DutchClock(Decimal(50), Decimal(1), 30),
)


def pointers(rules: Rules) -> list[str]:
    return [finding.pointer for finding in linter.errors(rules)]


def scored(*criteria: Criterion, **changes: Any) -> Rules:
    return replace(SEALED, scoring=Scoring(criteria, **changes))


def test_plain_rules_lint_clean() -> None:
    full = replace(
        ENGLISH,
        base=Base.LEAD,
        lead_buffer=Decimal(5),
        soft_close=SOFT,
        largest_change=Decrement(DecrementKind.PERCENT, Decimal(20)),
        ties=Ties.BANNED_AT_LEAD,
        disclosed=(Option.ALL_PRICES,),
    )
    for rules in (SEALED, ENGLISH, DUTCH, full, replace(ENGLISH, proxy=True), replace(ENGLISH, starting_gate=True)):
        assert linter.lint(rules) == ()


@pytest.mark.parametrize("visibility", sorted(FORMATS["english"].visibilities - {"open"}))
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"base": Base.LEAD}, "/base"),
        ({"base": Base.NEXT}, "/base"),
        ({"lead_buffer": Decimal(5)}, "/lead_buffer"),
        ({"ties": Ties.BANNED}, "/ties"),
        ({"ties": Ties.BANNED_AT_LEAD}, "/ties"),
        ({"proxy": True}, "/proxy"),
        ({"disclosed": (Option.ALL_PRICES,)}, "/disclosed"),
        ({"disclosed": (Option.NUMBER_OF_BIDDERS,)}, "/disclosed"),
    ],
)
def test_what_would_tell_a_hidden_price_is_refused(visibility: str, changes: dict[str, Any], pointer: str) -> None:
    assert VISIBILITIES[visibility].hides
    assert pointers(replace(ENGLISH, visibility=visibility, **changes)) == [pointer]


@pytest.mark.parametrize(
    ("rules", "pointer"),
    [
        (replace(SEALED, decrement=STEP), "/decrement"),
        (replace(SEALED, base=Base.LEAD), "/base"),
        (replace(SEALED, proxy=True), "/proxy"),
        (replace(SEALED, soft_close=SOFT), "/soft_close"),
        (replace(SEALED, largest_change=STEP), "/largest_change"),
        (replace(SEALED, starting_gate=True), "/starting_gate"),
        (replace(DUTCH, soft_close=SOFT), "/soft_close"),
        (replace(DUTCH, decrement=STEP), "/decrement"),
        (replace(SEALED, dutch=DUTCH.dutch), "/dutch"),
        (replace(ENGLISH, japanese=JapaneseClock(Decimal(9), 60, Decimal(1))), "/japanese"),
        (replace(DUTCH, ceiling=None), "/ceiling"),
        (replace(ENGLISH, decrement=None), "/decrement"),
        (replace(ENGLISH, proxy=True, ties=Ties.BANNED), "/ties"),
        (replace(ENGLISH, proxy=True, lead_buffer=Decimal(1)), "/lead_buffer"),
        (replace(ENGLISH, starting_gate=True, ties=Ties.BANNED), "/ties"),
        (replace(ENGLISH, ties=Ties.BANNED), "/ties"),
        (replace(ENGLISH, starting_gate=True, lead_buffer=Decimal(5)), "/lead_buffer"),
        (replace(ENGLISH, opens_at=OPENS.replace(tzinfo=None)), "/opens_at"),
        (replace(ENGLISH, closes_at=CLOSES.replace(tzinfo=None)), "/closes_at"),
        (replace(ENGLISH, soft_close=replace(SOFT, hard_stop=datetime(2026, 3, 3))), "/soft_close/hard_stop"),  # noqa: DTZ001 - that is what is tried
        (replace(ENGLISH, visibility="sealed"), "/visibility"),
        (replace(ENGLISH, format="lottery"), "/format"),
        (replace(ENGLISH, closes_at=OPENS), "/closes_at"),
        (replace(ENGLISH, ceiling=Decimal("0.001")), "/ceiling"),
        (replace(ENGLISH, min_bidders=0), "/min_bidders"),
        (replace(ENGLISH, longest_outage_seconds=0), "/longest_outage_seconds"),
        (replace(ENGLISH, soft_close=replace(SOFT, window_seconds=29)), "/soft_close/window_seconds"),
        (replace(ENGLISH, soft_close=replace(SOFT, extension_seconds=0)), "/soft_close/extension_seconds"),
        (replace(ENGLISH, soft_close=replace(SOFT, trigger_rank=0)), "/soft_close/trigger_rank"),
        (replace(ENGLISH, soft_close=replace(SOFT, most_extensions=0)), "/soft_close/most_extensions"),
        (replace(ENGLISH, soft_close=replace(SOFT, hard_stop=CLOSES)), "/soft_close/hard_stop"),
        (replace(ENGLISH, decrement=replace(STEP, value=Decimal(0))), "/decrement/value"),
        (scored(Criterion("speed", TWO[:1])), "/scoring"),
        (scored(), "/scoring"),
        (scored(Criterion("speed", (*TWO, TWO[0]))), "/scoring/criteria/0/answers"),
        (scored(Criterion("speed", TWO), Criterion("speed", TWO)), "/scoring/criteria"),
        (
            scored(Criterion("speed", (TWO[0], Answer("slow", Decimal("0.001"))))),
            "/scoring/criteria/0/answers/1/malus",
        ),
        (
            replace(ENGLISH, scoring=Scoring((Criterion("speed", TWO),), ScoringKind.RELATIVE_POINTS)),
            "/scoring/kind",
        ),
    ],
)
def test_what_can_not_work_is_refused_at_its_place(rules: Rules, pointer: str) -> None:
    assert pointers(rules) == [pointer]
    with pytest.raises(MalformedError):
        engine.schedule(LotId("lot_1"), rules, (), OPENS - timedelta(hours=1))


def test_the_steps_of_a_decrement_are_in_order() -> None:
    floors = [DecrementStep(Decimal(floor), Decimal(5)) for floor in (300, 200, 100)]
    for steps in (floors, floors[::-1]):
        assert pointers(replace(ENGLISH, decrement=replace(STEP, steps=tuple(steps)))) == []
    for steps in ([floors[1], floors[0], floors[2]], [floors[0], floors[0]]):
        rules = replace(ENGLISH, decrement=replace(STEP, steps=tuple(steps)))
        assert pointers(rules) == ["/decrement/steps"]
        assert pointers(linter.mended(rules)) == []


def test_points_are_announced_with_a_warning_in_sealed_rounds_alone() -> None:
    rules = scored(Criterion("speed", TWO), kind=ScoringKind.RELATIVE_POINTS)
    (warning,) = linter.lint(rules)
    assert (warning.pointer, warning.severity) == ("/scoring/kind", Severity.WARNING)
    assert engine.schedule(LotId("lot_1"), rules, (), OPENS - timedelta(hours=1))


def test_a_second_price_without_a_ceiling_is_advised_against() -> None:
    rules = replace(SEALED, format="sealed_second_price")
    assert [(item.pointer, item.severity) for item in linter.lint(rules)] == [("/ceiling", Severity.WARNING)]
    assert linter.lint(replace(rules, ceiling=Decimal(100))) == ()


def test_a_colour_tells_no_other_trigger_than_green() -> None:
    light = replace(ENGLISH, visibility="traffic_light", soft_close=replace(SOFT, trigger_rank=2))
    assert pointers(light) == ["/soft_close/trigger_rank"]
    mended = linter.mended(light).soft_close
    assert mended is not None
    assert mended.trigger_rank == 1
    blind = linter.mended(replace(light, visibility="blind")).soft_close
    assert blind is not None
    assert blind.trigger_rank is None


# ---- all combinations

odd_amounts = st.sampled_from([Decimal(text) for text in ("-1", "0", "0.001", "1", "99.99", "250", "NaN", "1E20")])
decrements = st.builds(
    Decrement,
    st.sampled_from(DecrementKind),
    odd_amounts,
    st.lists(st.builds(DecrementStep, odd_amounts, odd_amounts), max_size=3).map(tuple),
)
answers = st.lists(st.builds(Answer, st.sampled_from(["a", "b", "c"]), odd_amounts), max_size=4).map(tuple)
criteria = st.lists(st.builds(Criterion, st.sampled_from(["x", "y"]), answers), max_size=3).map(tuple)
softs = st.builds(
    SoftClose,
    st.integers(0, 90),
    st.integers(0, 90),
    st.none() | st.integers(-1, 5),
    st.sampled_from(ExtensionBase),
    st.none() | st.integers(-1, 5),
    st.none() | st.integers(-1, 5).map(lambda hours: CLOSES + timedelta(hours=hours)),
)


def all_rules(formats: tuple[str, ...]) -> st.SearchStrategy[Rules]:
    return st.builds(
        Rules,
        format=st.sampled_from(formats),
        visibility=st.sampled_from([*VISIBILITIES, "x-ray"]),
        currency=st.just("USD"),
        opens_at=st.just(OPENS),
        closes_at=st.sampled_from([CLOSES, OPENS]),
        ceiling=st.none() | odd_amounts,
        decrement=st.none() | decrements,
        base=st.sampled_from(Base),
        min_bidders=st.integers(-1, 3),
        lead_buffer=st.none() | odd_amounts,
        largest_change=st.none() | decrements,
        ties=st.sampled_from(Ties),
        proxy=st.booleans(),
        soft_close=st.none() | softs,
        scoring=st.none() | st.builds(Scoring, criteria, st.sampled_from(ScoringKind), odd_amounts),
        disclosed=st.lists(st.sampled_from(Option), max_size=3).map(tuple),
        starting_gate=st.booleans(),
        longest_outage_seconds=st.none() | st.integers(-1, 60),
        dutch=st.none() | st.just(DUTCH.dutch),
        japanese=st.none() | st.just(JapaneseClock(Decimal(90), 60, Decimal(1))),
        final_offers=st.none() | st.just(FinalOffers()),
    )


@given(all_rules(("english", "sealed_first_price", "sealed_second_price")))
def test_mended_rules_lint_clean_and_can_be_announced(rules: Rules) -> None:
    mended = linter.mended(rules)
    assert linter.errors(mended) == ()
    assert linter.mended(mended) == mended
    assert engine.schedule(LotId("lot_1"), mended, (), OPENS - timedelta(hours=1))
    if not linter.errors(rules):
        assert mended == rules


@given(all_rules(("dutch", "japanese")))
def test_what_is_left_after_mending_is_a_figure_of_the_buyers_own(rules: Rules) -> None:
    left = linter.errors(linter.mended(rules))
    assert all(finding.nearest_value is None for finding in left)
    assert {finding.pointer.split("/")[1] for finding in left} <= {"ceiling", "dutch", "japanese"}


def _leaking(rules: Rules) -> Iterator[bool]:
    shown = VISIBILITIES[rules.visibility]
    yield rules.base is Base.LEAD and not shown.lead_price
    yield rules.base is Base.NEXT and not shown.next_price
    yield shown.hides and (rules.lead_buffer is not None or rules.ties is not Ties.ALLOWED or rules.proxy)
    yield not set(rules.disclosed) <= shown.options
    yield rules.ties is Ties.BANNED and Option.ALL_PRICES not in rules.disclosed
    yield rules.starting_gate and (rules.lead_buffer is not None or rules.ties is not Ties.ALLOWED)


@given(all_rules(tuple(FORMATS)))
def test_no_rules_that_leak_lint_clean(rules: Rules) -> None:
    if not linter.errors(rules):
        assert not any(_leaking(rules))


def test_every_finding_is_one_plain_sentence_with_a_pointer_into_the_rules() -> None:
    for finding in linter.lint(replace(SEALED, proxy=True, base=Base.LEAD, min_bidders=0, disclosed=tuple(Option))):
        assert finding.pointer.startswith("/")
        assert finding.reason
        assert "\n" not in finding.message
        assert finding.nearest_value is not None
