"""A provider registers by itself, the platform decides on it, and only the two of them see the registration."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace
from sellers import service
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_user, sign_in
from tests.matching.made import a_provider

COMPANY: dict[str, Any] = {
    "name": "Northwind Fiber",
    "contact_name": "Ada Moreno",
    "contact_email": "ada@northwind.example.com",
    "contact_phone": "+1 212 555 0142",
    "reference": "SPIN 143000001",
}
REASON = {"reason": "license checked"}


@pytest.fixture
def admin(market: Marketplace) -> SignedIn:
    return a_user(market, Kind.PLATFORM, UserRole.ADMIN)


def register(client: TestClient, **changes: str) -> dict[str, Any]:
    answer = client.post("/providers", json=COMPANY | changes)
    assert answer.status_code == 201, answer.text
    registered: dict[str, Any] = answer.json()
    return registered


def test_a_registration_makes_a_pending_provider_and_shows_its_first_users_password_once(
    client: TestClient, market: Marketplace, admin: SignedIn
) -> None:
    registered = register(client)
    assert registered["provider"]["status"] == "pending"
    headers = sign_in(client, registered["email"], registered["initial_password"])
    limited = client.get("/provider", headers=headers)
    assert limited.json()["type"] == "/problems/password-change-required"
    provider_id = registered["provider"]["id"]
    listed = client.get("/providers?status=pending", headers=admin.headers).json()["items"]
    assert [item["id"] for item in listed] == [provider_id]
    assert registered["initial_password"] not in str(listed)
    with market.workshop.reading() as reading:
        (event,) = journal.of_stream(reading.session, f"provider:{provider_id}")
    assert (event.name, event.data) == ("provider.registered", {"provider_id": provider_id})


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": "  "}, "/name"),
        ({"contact_email": "nobody"}, "/contact_email"),
        ({"name": "a\x00b"}, "/name"),
        ({"contact_phone": "1" * 201}, "/contact_phone"),
        ({"status": "approved"}, "/status"),
    ],
)
def test_a_wrong_registration_says_where(client: TestClient, changes: dict[str, str], pointer: str) -> None:
    answer = client.post("/providers", json=COMPANY | changes)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_the_platform_approves_suspends_and_closes_and_the_provider_reads_the_reason(
    market: Marketplace, client: TestClient, admin: SignedIn
) -> None:
    user = a_provider(market, status=ProviderStatus.PENDING)
    path = f"/providers/{user.principal.organization_id}"
    for action, status in (("approve", "approved"), ("suspend", "suspended"), ("approve", "approved")):
        answer = client.post(f"{path}/{action}", json={"reason": f"{action} it"}, headers=admin.headers)
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert client.get("/provider", headers=user.headers).json()["reason"] == f"{action} it"
    assert client.post(f"{path}/approve", json=REASON, headers=admin.headers).status_code == 409
    assert client.post(f"{path}/close", json=REASON, headers=admin.headers).json()["status"] == "closed"
    again = client.post(f"{path}/approve", json=REASON, headers=admin.headers)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/provider-closed")
    with market.workshop.reading() as reading:
        told = [
            event.name for event in journal.of_stream(reading.session, f"provider:{user.principal.organization_id}")
        ]
    assert told == [f"provider.{end}" for end in ("approved", "suspended", "approved", "closed")]


def test_a_decision_needs_a_reason_and_a_provider_that_exists(client: TestClient, admin: SignedIn) -> None:
    assert client.post("/providers/org_none/approve", json=REASON, headers=admin.headers).status_code == 404
    assert client.post("/providers/org_none/approve", json={"reason": " "}, headers=admin.headers).status_code == 422
    assert client.post("/providers/%00/approve", json=REASON, headers=admin.headers).status_code == 422


def test_only_the_platforms_admins_decide_and_read_registrations(market: Marketplace, client: TestClient) -> None:
    provider = a_provider(market, status=ProviderStatus.PENDING)
    path = f"/providers/{provider.principal.organization_id}/approve"
    for stranger in (provider, a_user(market), a_user(market, Kind.PLATFORM, UserRole.AGENT)):
        assert client.post(path, json=REASON, headers=stranger.headers).status_code == 403
        assert client.get("/providers", headers=stranger.headers).status_code == 403
    assert client.get("/providers").status_code == 401


def test_the_queue_pages_in_the_order_of_registration(market: Marketplace, client: TestClient, admin: SignedIn) -> None:
    made = {a_provider(market, status=ProviderStatus.PENDING).principal.organization_id for _ in range(3)}
    first = client.get("/providers?status=pending&limit=2", headers=admin.headers).json()
    second = client.get(f"/providers?status=pending&limit=2&after={first['next']}", headers=admin.headers).json()
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert (len(ids), set(ids), second["next"]) == (3, made, None)


def test_names_are_for_the_rooms_that_may_know_them_and_a_provider_learns_its_own_only(market: Marketplace) -> None:
    ids = [a_provider(market) for _ in range(2)]
    first, second = (user.principal.organization_id for user in ids)
    with market.workshop.reading() as reading:
        assert service.names(reading, (first, second)) == {one: f"Carrier {one}" for one in (first, second)}
    with market.workshop.reading(ids[0].principal) as reading:
        assert service.names(reading, (first, second)) == {first: f"Carrier {first}"}


def test_buyers_find_approved_providers_by_name_and_nothing_else_of_them(
    market: Marketplace, client: TestClient
) -> None:
    approved = a_provider(market)
    a_provider(market, status=ProviderStatus.PENDING)
    a_provider(market, status=ProviderStatus.SUSPENDED)
    items = client.get("/providers/directory", headers=a_user(market).headers).json()["items"]
    provider_id = approved.principal.organization_id
    assert items == [{"id": provider_id, "name": f"Carrier {provider_id}"}]
    assert client.get("/providers/directory", headers=approved.headers).status_code == 403
