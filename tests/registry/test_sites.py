from decimal import Decimal

import pytest
from fastapi.testclient import TestClient

from buyers.registry import service
from buyers.registry.model import SiteDetails
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, a_registered_buyer


@pytest.fixture
def buyer(client: TestClient, market: Marketplace) -> SignedIn:
    return a_registered_buyer(client, market)


@pytest.fixture
def rival(client: TestClient, market: Marketplace) -> SignedIn:
    return a_registered_buyer(client, market, "lee@hillside-clinic.example.org")


MAIN = {"label": "Main branch", "country": "US", "state": "NY", "city": "Albany", "street": "12 Canal Street"}


def test_the_address_book_is_kept(client: TestClient, buyer: SignedIn) -> None:
    added = client.post("/sites", json=MAIN | {"latitude": "42.65", "longitude": "-73.75"}, headers=buyer.headers)
    assert added.status_code == 201, added.text
    place = added.headers["Location"]
    changed = client.patch(place, json={"street": "14 Canal Street"}, headers=buyer.headers)
    assert changed.json()["street"] == "14 Canal Street"
    (listed,) = client.get("/sites", headers=buyer.headers).json()["items"]
    assert Decimal(listed.pop("latitude")) == Decimal("42.65")
    assert Decimal(listed.pop("longitude")) == Decimal("-73.75")
    assert listed.items() <= (added.json() | {"street": "14 Canal Street"}).items()
    assert client.delete(place, headers=buyer.headers).status_code == 204
    assert client.get("/sites", headers=buyer.headers).json()["items"] == []
    assert client.delete(place, headers=buyer.headers).status_code == 404


def test_a_label_is_there_once_whatever_its_case(client: TestClient, buyer: SignedIn, rival: SignedIn) -> None:
    client.post("/sites", json=MAIN, headers=buyer.headers)
    depot = client.post("/sites", json=MAIN | {"label": "Depot"}, headers=buyer.headers).headers["Location"]
    taken = client.post("/sites", json=MAIN | {"label": "MAIN BRANCH"}, headers=buyer.headers)
    assert taken.json()["type"] == "/problems/site-label-taken"
    assert client.patch(depot, json={"label": "main branch"}, headers=buyer.headers).status_code == 409
    assert client.patch(depot, json={"label": "DEPOT"}, headers=buyer.headers).status_code == 200
    assert client.post("/sites", json=MAIN, headers=rival.headers).status_code == 201


def test_another_buyers_site_does_not_exist(client: TestClient, buyer: SignedIn, rival: SignedIn) -> None:
    place = client.post("/sites", json=MAIN, headers=buyer.headers).headers["Location"]
    assert client.patch(place, json={"city": "Troy"}, headers=rival.headers).status_code == 404
    assert client.delete(place, headers=rival.headers).status_code == 404
    assert client.get("/sites", headers=rival.headers).json()["items"] == []


def test_pages_go_through_the_labels_without_gap_or_double(client: TestClient, buyer: SignedIn) -> None:
    labels = ["delta", "Alpha", "charlie", "Bravo", "echo"]
    for label in labels:
        client.post("/sites", json=MAIN | {"label": label}, headers=buyer.headers)
    seen, after = [], ""
    while True:
        page = client.get(f"/sites?limit=2{after}", headers=buyer.headers).json()
        seen += [site["label"] for site in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ["Alpha", "Bravo", "charlie", "delta", "echo"]
    assert client.get("/sites?after=WzFd", headers=buyer.headers).status_code == 422


def test_an_import_adds_new_labels_and_replaces_known_ones(market: Marketplace, buyer: SignedIn) -> None:
    buyer_id = buyer.principal.organization_id
    with market.workshop.work(buyer.principal) as work:
        first = service.upsert_sites(work, buyer_id, [SiteDetails("HQ", "US"), SiteDetails("Depot", "US")])
    with market.workshop.work(buyer.principal) as work:
        rows = [SiteDetails("hq", "US", city="Troy"), SiteDetails("Lab", "US"), SiteDetails("LAB", "US", city="Rome")]
        second = service.upsert_sites(work, buyer_id, rows)
        assert service.upsert_sites(work, buyer_id, []) == {}
    assert second["hq"] == first["HQ"]
    assert second["Lab"] == second["LAB"]
    with market.workshop.reading(buyer.principal) as reading:
        sites = service.sites_by_id(reading, buyer_id)
    assert {(site.label, site.city) for site in sites.values()} == {("hq", "Troy"), ("Depot", ""), ("LAB", "Rome")}
    with pytest.raises(MalformedError), market.workshop.work(buyer.principal) as work:
        service.upsert_sites(work, buyer_id, [SiteDetails("", "US")])


def test_an_owner_is_known_to_the_registry_alone(market: Marketplace, buyer: SignedIn, rival: SignedIn) -> None:
    mine, others = RequestId("req_1"), RequestId("req_2")
    with market.workshop.work(buyer.principal) as work:
        service.own(work, mine, buyer.principal.organization_id)
        service.own(work, others, rival.principal.organization_id)
    with market.workshop.reading() as reading:
        assert service.owner_of(reading, mine) == buyer.principal.organization_id
        assert service.owner_of(reading, RequestId("req_3")) is None
        assert service.requests_of(reading, buyer.principal.organization_id) == (mine,)
        assert service.requests_of(reading, OrganizationId("org_x")) == ()


def test_all_that_gives_a_buyer_away_is_known(client: TestClient, market: Marketplace, buyer: SignedIn) -> None:
    contact = {"contact_name": "Sol Archer", "contact_email": "sol@branches.example.net", "contact_phone": "555 0199"}
    client.post("/sites", json=MAIN | contact, headers=buyer.headers)
    client.patch("/buyer", json={"numbers": {"ein": "911144442"}}, headers=buyer.headers | {"If-Match": "*"})
    with market.workshop.reading() as reading:
        known = service.known_identity(reading, buyer.principal.organization_id)
        disclosed = service.identity_of(reading, buyer.principal.organization_id)
    assert known.names == ("Riverbend Public Library",)
    assert {"riverbend-library.example.org", "branches.example.net"} <= set(known.domains)
    assert {"dana@riverbend-library.example.org", buyer.email, "sol@branches.example.net"} == set(known.emails)
    assert known.phones == ("+1 212 555 0100", "555 0199")
    assert known.numbers == ("91-1144442",)
    assert known.streets == ("12 Canal Street",)
    assert set(known.people) == {"Dana Whitfield", "Robin Vale", "Sol Archer"}
    assert known.site_labels == ("Main branch",)
    assert (disclosed.name, disclosed.contact.name) == ("Riverbend Public Library", "Dana Whitfield")
