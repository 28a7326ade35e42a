from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace
from tests.factories import a_registered_buyer, a_user


def test_an_admin_reads_who_did_what_and_proves_it(
    client: TestClient, market: Marketplace, run_worker: Callable[[], None]
) -> None:
    admin = a_user(market, Kind.PLATFORM)
    buyer = a_registered_buyer(client, market)
    run_worker()
    stream = f"buyer:{buyer.principal.organization_id}"
    page = client.get("/journal", params={"stream": stream}, headers=admin.headers).json()
    assert "buyer.registered" in {event["type"] for event in page["items"]}
    assert {event["stream"] for event in page["items"]} == {stream}
    first = client.get("/journal", params={"limit": 1}, headers=admin.headers).json()
    second = client.get("/journal", params={"limit": 1, "after": first["next"]}, headers=admin.headers).json()
    assert second["items"][0]["position"] > first["items"][0]["position"]
    assert client.get("/journal/proof", headers=admin.headers).json()["broken"] == ""


def test_a_change_behind_our_back_is_proven(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market, Kind.PLATFORM)
    a_registered_buyer(client, market)
    owner = create_engine(market.database.owner)
    with owner.begin() as connection:
        connection.execute(
            text("UPDATE kernel.journal SET at = at + interval '1 second' WHERE type = 'buyer.registered'")
        )
    owner.dispose()
    assert "is broken at its event" in client.get("/journal/proof", headers=admin.headers).json()["broken"]


@pytest.mark.parametrize(
    ("kind", "role"),
    [(Kind.BUYER, UserRole.ADMIN), (Kind.PROVIDER, UserRole.ADMIN), (Kind.PLATFORM, UserRole.AGENT)],
)
def test_the_journal_is_for_the_platform_s_admins(
    client: TestClient, market: Marketplace, kind: Kind, role: UserRole
) -> None:
    headers = a_user(market, kind, role).headers
    assert client.get("/journal", headers=headers).status_code == 403
    assert client.get("/journal/proof", headers=headers).status_code == 403
