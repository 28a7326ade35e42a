"""In a running auction a price below what the desk wrote down as its own cost has to be meant."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.security.made import Stage
from tests.stories.made import Story, begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}
HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def story(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Story:
    return begin(Stage(market, client, clock, run_worker), RACE)


def send(story: Story, what: str, **fields: Any) -> Response:
    answer: Response = story.stage.client.post(
        f"/c{story.path('A')}/auction/{what}",
        data={"lot": "T1", "version": "1"} | fields,
        headers=story.carriers["A"].headers | HERE,
        follow_redirects=False,
    )
    return answer


def test_a_price_or_limit_below_the_own_cost_is_asked_about_once(story: Story) -> None:
    story.bid("A", "15000.00")
    costs = {"lots": [], "costs": [{"lot": "T1", "line": "L1", "monthly": "400.00"}]}  # 14,400 over the term
    story.stage.ok(story.carriers["A"], "PUT", f"{story.path('A')}/bid-draft", costs, headers={"If-Match": '"0"'})
    assert send(story, "price", price="14500.00").status_code == 303
    low = send(story, "price", price="14399.00")
    assert (low.status_code, 'id="below-cost"' in low.text, 'name="below_cost"' in low.text) == (409, True, True)
    assert story.sees("A")["own_amount"] == "14500.00"
    limit = send(story, "limit", limit="14000.00", step="100.00")
    assert (limit.status_code, 'name="limit" value="14000.00"' in limit.text) == (409, True)
    assert send(story, "price", price="14399.00", below_cost="yes").status_code == 303
    assert story.sees("A")["own_amount"] == "14399.00"
    for who in (story.stage.buyer, story.carriers["B"], story.stage.admin):
        for path in (f"/requests/{story.request_id}/standing", f"{story.path('B')}/auction"):
            assert "400.00" not in story.stage.call(who, "GET", path).text
