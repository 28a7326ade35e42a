from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import a_registered_buyer


def test_own_requests_are_paged_newest_first_without_gap_or_double(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    buyer = a_registered_buyer(client, market)
    rival = a_registered_buyer(client, market, email="rival@rival.example")
    for number in range(7):
        clock.now += timedelta(minutes=number % 2)  # some in the same instant
        for user in (buyer, rival):
            client.post("/requests", json={"title": f"Request {number}"}, headers=user.headers).raise_for_status()
    titles, after = [], ""
    while after is not None:
        page = client.get("/requests", params={"limit": 3} | ({"after": after} if after else {}), headers=buyer.headers)
        titles += [item["title"] for item in page.json()["items"]]
        after = page.json()["next"]
    assert sorted(titles) == [f"Request {number}" for number in range(7)]
    assert titles[0] in {"Request 6", "Request 5"}


@pytest.mark.parametrize("after", ["nonsense", "WzEsMl0", "WyJhIiwiYiJd"])
def test_a_cursor_that_is_none_of_ours_is_refused(client: TestClient, market: Marketplace, after: str) -> None:
    buyer = a_registered_buyer(client, market)
    answer = client.get("/requests", params={"after": after}, headers=buyer.headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "query/after")
