from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.auction import (
    ARRANGEMENTS,
    BASES,
    FORMATS,
    OPTIONS,
    TIES,
    VISIBILITIES,
    ArrangementChoice,
    AuctionChoice,
    FinalOffersChoice,
    SoftCloseChoice,
    StepChoice,
)
from buyers.requests.checks import check_submission
from buyers.requests.model import Content, Line, Lot, Schedule, WantedFeature
from marketplace.bidding import announcing, engine
from marketplace.bidding import rules as engines
from marketplace.bidding.announcing import rules_of
from marketplace.catalogue.seed import load_seed
from marketplace.kernel.ids import LotId

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CATALOGUE = load_seed()
SPEED = (WantedFeature("bandwidth_mbps", Decimal(100)),)
INTERNET = "data.dedicated-internet-access"
amounts = st.none() | st.decimals(min_value="-1", max_value="1e13", places=4, allow_nan=False)
choices = st.builds(
    AuctionChoice,
    format=st.sampled_from(["sealed", "english"]),
    ceiling=amounts,
    decrement=amounts,
    decrement_percent=st.none() | st.decimals(min_value="-1", max_value="101", places=3, allow_nan=False),
    base=st.sampled_from(["own", "next", "lead"]),
    min_bidders=st.integers(min_value=-1, max_value=30),
)
full_choices = st.builds(
    AuctionChoice,
    format=st.sampled_from(FORMATS),
    ceiling=amounts,
    decrement=amounts,
    base=st.sampled_from(BASES),
    visibility=st.sampled_from(["", *VISIBILITIES]),
    decrement_steps=st.lists(st.builds(StepChoice, amounts.filter(bool), amounts.filter(bool)), max_size=2).map(tuple),
    lead_buffer=amounts,
    largest_change=amounts,
    ties=st.sampled_from(TIES),
    proxy=st.booleans(),
    soft_close=st.none()
    | st.builds(
        SoftCloseChoice,
        st.integers(-1, 90),
        st.integers(-1, 90),
        st.none() | st.integers(-1, 3),
        hard_stop_minutes=st.none() | st.integers(-1, 3),
    ),
    disclosed=st.lists(st.sampled_from(OPTIONS), max_size=2).map(tuple),
    starting_gate=st.booleans(),
    final_offers=st.none() | st.just(FinalOffersChoice()),
    arrangement=st.builds(ArrangementChoice, st.sampled_from(ARRANGEMENTS), st.integers(0, 1440)),
)


def content_of(choice: AuctionChoice, opens_in: int, closes_in: int, lots: int = 1) -> Content:
    lines = tuple(Line(f"L{number}", INTERNET, features=SPEED) for number in range(1, lots + 1))
    schedule = Schedule(NOW + timedelta(days=closes_in), NOW + timedelta(days=opens_in))
    named = tuple(Lot(f"T{number}", "", (f"L{number}",)) for number in range(1, lots + 1))
    return Content(title="Internet access", lines=lines, lots=named, schedule=schedule, auction=choice)


@given(choices, st.integers(min_value=-3, max_value=3), st.integers(min_value=1, max_value=9))
def test_what_may_be_submitted_can_be_announced(choice: AuctionChoice, opens_in: int, closes_in: int) -> None:
    content = content_of(choice, opens_in, closes_in)
    if not check_submission(content, CATALOGUE, NOW):
        (scheduled,) = engine.schedule(LotId("lot"), rules_of(content, NOW), (), NOW)
        assert engine.replay((scheduled,)).closes_at == content.schedule.closes_at


@given(full_choices, st.integers(-3, 3), st.integers(1, 9), st.integers(1, 4))
def test_what_passes_the_checks_and_the_linter_can_be_announced_lot_by_lot(
    choice: AuctionChoice, opens_in: int, closes_in: int, lots: int
) -> None:
    content = content_of(choice, opens_in, closes_in, lots)
    if check_submission(content, CATALOGUE, NOW):
        return
    problems = announcing.problems(content, NOW)
    assert all(error.pointer.startswith(("/auction/", "/schedule/")) for error in problems)
    if not problems:
        for rules in announcing.rules_by_lot(content, NOW).values():
            assert engine.schedule(LotId("lot"), rules, (), NOW)


def test_a_stored_choice_of_before_means_what_it_meant() -> None:
    rules = rules_of(content_of(AuctionChoice("english", Decimal(500), None, Decimal(2), "lead", 3), 0, 1), NOW)
    assert (rules.format, rules.visibility, rules.base) == ("english", "open", engines.Base.LEAD)
    assert rules.decrement == engines.Decrement(engines.DecrementKind.PERCENT, Decimal(2))
    assert (rules.ceiling, rules.min_bidders, rules.soft_close) == (Decimal(500), 3, None)
    assert rules_of(content_of(AuctionChoice(), 0, 1), NOW).format == "sealed_first_price"


def test_a_finding_points_to_what_the_buyer_said() -> None:
    choice = AuctionChoice(
        "english",
        decrement_percent=Decimal(1),
        decrement_steps=(StepChoice(Decimal(1), Decimal(1)), StepChoice(Decimal(1), Decimal(1))),
        soft_close=SoftCloseChoice(10, 60),
        visibility="blind",
        base="lead",
    )
    pointers = {error.pointer for error in announcing.problems(content_of(choice, 0, 1), NOW)}
    assert pointers == {
        "/auction/base",
        "/auction/decrement_steps",
        "/auction/soft_close/window_seconds",
        "/auction/soft_close/trigger_rank",
    }


def test_lots_that_have_no_time_are_refused() -> None:
    choice = AuctionChoice(arrangement=ArrangementChoice("serial", 1440))
    assert [error.pointer for error in announcing.problems(content_of(choice, 0, 1, lots=3), NOW)] == [
        "/auction/arrangement/minutes"
    ]
