"""How the bidding stands, told in lists: the same as on the auction's own page, and nothing of sealed bids."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buyers.desk import service as desk
from buyers.requests.model import Status
from marketplace.contracts.dates import ContractDates
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import RequestId
from marketplace.terminals.buyer import glances, home, live_auction_view
from marketplace.terminals.buyer.glances import Glance
from marketplace.wiring import Marketplace
from tests.security.made import Stage
from tests.stories.made import Story, begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def glance(story: Story) -> Glance:
    """Return what a list tells of the story's request; its auction's page tells the same best price."""
    buyer = story.stage.buyer.principal
    with story.stage.market.workshop.work(buyer) as work:
        own = desk.read(work, RequestId(story.request_id))
        found = glances.glances(work, [own])[own.id]
        figures = live_auction_view.context(work, live_auction_view.key_of(own.id, "", 1))["figures"]
    assert found.best == figures.best
    assert found.sealed or found.bids == figures.bids
    return found


def test_a_list_tells_bids_and_the_best_price_once_every_lot_has_a_complete_bid(stage: Stage) -> None:
    story = begin(stage, RACE, "AB", 2)
    assert glance(story) == Glance(sealed=False, bidders=0, bids=0, lots=2, lots_with_best=0, best=None)
    story.bid("A", "15000.00")
    story.bid("B", "14000.00")
    assert glance(story) == Glance(sealed=False, bidders=2, bids=2, lots=2, lots_with_best=1, best=None)
    story.bid("A", "9000.00", "T2")
    assert glance(story).best == Decimal(23000)
    html = stage.call(stage.buyer, "GET", "/b/requests").text
    assert "3 bids" in html
    assert "$23,000" in html
    told = stage.call(stage.buyer, "GET", "/b/requests.csv").text.splitlines()
    assert told[0].endswith("Bids,Best price,Currency")
    assert told[1].endswith(",3,23000.00,USD")
    assert "$23,000" in stage.call(stage.buyer, "GET", "/b").text


def test_a_list_tells_nothing_of_sealed_bids(stage: Stage) -> None:
    story = begin(stage, {"format": "sealed"}, "AB", 1)
    before = stage.call(stage.buyer, "GET", "/b/requests").text
    assert "sealed" in before
    assert stage.call(stage.buyer, "GET", "/b/requests.csv").text.splitlines()[1].endswith(",,,USD")
    story.bid("A", "15000.00")
    assert glance(story) == Glance(sealed=True, bidders=0, bids=0, lots=1, lots_with_best=0, best=None)
    assert stage.call(stage.buyer, "GET", "/b/requests").text == before


def test_a_request_that_opens_later_says_when(stage: Stage) -> None:
    opens_at = stage.clock.now + timedelta(days=1)
    schedule = {"opens_at": opens_at.isoformat(), "closes_at": (opens_at + timedelta(hours=2)).isoformat()}
    carriers = {"A": stage.a_carrier()}
    request_id = stage.publish(auction=RACE, schedule=schedule)
    story = Story(stage, request_id, opens_at, opens_at + timedelta(hours=2), carriers, {}, {})
    assert glance(story).opens_at == opens_at
    assert "opens" in stage.call(stage.buyer, "GET", "/b/requests").text
    story.after_opening(seconds=1)
    assert glance(story).opens_at is None


def test_a_large_request_is_told_on_its_own_page_and_hides_no_other() -> None:
    def own(lots: int) -> Any:
        return SimpleNamespace(status=Status.OPEN, content=SimpleNamespace(lots=range(lots)))

    listed = [own(60), own(500), own(40), own(1)]
    assert list(glances._within_reach(listed)) == [listed[0], listed[2]]


def test_days_of_a_contract_are_told_in_time_and_not_once_they_are_over() -> None:
    today = date(2026, 11, 21)
    contract: Any = SimpleNamespace(id="con_1", presentation=SimpleNamespace(provider_name="Merrow Fiber"))
    dates: Any = SimpleNamespace(
        start=today - timedelta(days=1),
        end=today + timedelta(days=120),
        price_reviews=(today, today + timedelta(days=365)),
        notice_closes=today + timedelta(days=121),
    )
    assert set(vars(dates)) <= set(ContractDates.__slots__)
    told = [(day.kind, day.on) for day in home.days_of(contract, dates, today)]
    assert told == [("end", dates.end), ("prices", today)]
