"""A buyer learns how unusual its request is among the others; nobody else does."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, a_registered_buyer, a_user, as_owner

SITE = {"label": "Main", "country": "US", "state": "NY", "city": "Albany", "postal_code": "12207", "street": "1 Elm St"}


def verify_all(market: Marketplace, clock: StagedClock) -> None:
    with as_owner(market) as connection:
        query = "UPDATE registry.buyers SET status = 'verified', verified_until = :until"
        connection.execute(text(query), {"until": clock.now + timedelta(days=300)})


def a_buyer_in(client: TestClient, market: Marketplace, number: int, **place: str) -> SignedIn:
    buyer = a_registered_buyer(client, market, f"dana@library-{number}.example")
    assert client.post("/sites", json=SITE | place, headers=buyer.headers).status_code == 201
    return buyer


@pytest.fixture
def asking(client: TestClient, market: Marketplace, clock: StagedClock) -> tuple[SignedIn, str]:
    """A buyer in Albany with five others there and one elsewhere, and its draft; one more is not verified."""
    own = a_buyer_in(client, market, 0)
    for number in range(1, 6):
        a_buyer_in(client, market, number, city="ALBANY")
    a_buyer_in(client, market, 6, city="Buffalo", postal_code="14202")
    verify_all(market, clock)
    a_buyer_in(client, market, 7)
    site_id = client.get("/sites", headers=own.headers).json()["items"][0]["id"]
    body: dict[str, Any] = {
        "title": "Internet access",
        "sites": [{"ref": "S1", "site_id": site_id}],
        "disclosed_bands": ["industry"],
    }
    return own, client.post("/requests", json=body, headers=own.headers).json()["id"]


def test_the_hint_counts_the_other_verified_buyers(
    client: TestClient, market: Marketplace, asking: tuple[SignedIn, str]
) -> None:
    own, request_id = asking
    address = f"/requests/{request_id}"
    told = client.get(f"{address}/anonymity", headers=own.headers).json()
    assert told == {
        "others": 5,
        "costs": [{"disclosed": "industry", "others_without": 5}, {"disclosed": "places", "others_without": 5}],
        "costliest": "places",
    }
    page = client.get(f"/b/requests/{request_id}/preview", headers=own.headers)
    assert "At least 5 other verified buyers fit" in page.text
    etag = client.get(address, headers=own.headers).headers["ETag"]
    finer = {"disclosure": "building"}
    answer = client.patch(address, json=finer, headers=own.headers | {"If-Match": etag})
    assert answer.status_code == 200, answer.text
    assert client.get(f"{address}/anonymity", headers=own.headers).json()["others"] == 5
    with as_owner(market) as connection:
        connection.execute(text("UPDATE registry.sites SET street = '2 Elm St' WHERE city = 'ALBANY'"))
    told = client.get(f"{address}/anonymity", headers=own.headers).json()
    assert (told["others"], told["costliest"]) == (0, "places")
    page = client.get(f"/b/requests/{request_id}/edit/review", headers=own.headers)
    assert "Fewer than 5 other verified buyers fit" in page.text


def test_nobody_else_is_told(client: TestClient, market: Marketplace, asking: tuple[SignedIn, str]) -> None:
    _, request_id = asking
    address = f"/requests/{request_id}/anonymity"
    assert client.get(address).status_code == 401
    assert client.get(address, headers=a_user(market, Kind.BUYER).headers).status_code == 404
    assert client.get(address, headers=a_user(market, Kind.PROVIDER).headers).status_code == 403
    assert client.get(address, headers=a_user(market, Kind.PLATFORM).headers).status_code == 403
