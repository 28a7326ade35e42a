from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.checks import check_submission
from buyers.requests.model import AuctionChoice, Content, Line, Schedule, WantedFeature
from marketplace.bidding import engine
from marketplace.bidding.announcing import rules_of
from marketplace.catalogue.seed import load_seed
from marketplace.kernel.ids import LotId

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
CATALOGUE = load_seed()
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


@given(choices, st.integers(min_value=-3, max_value=3), st.integers(min_value=1, max_value=9))
def test_what_may_be_submitted_can_be_announced(choice: AuctionChoice, opens_in: int, closes_in: int) -> None:
    line = Line("L1", "data.dedicated-internet-access", features=(WantedFeature("bandwidth_mbps", Decimal(100)),))
    schedule = Schedule(NOW + timedelta(days=closes_in), NOW + timedelta(days=opens_in))
    content = Content(title="Internet access", lines=(line,), schedule=schedule, auction=choice)
    if not check_submission(content, CATALOGUE, NOW):
        (scheduled,) = engine.schedule(LotId("lot"), rules_of(content, NOW), (), NOW)
        assert engine.replay((scheduled,)).closes_at == schedule.closes_at
