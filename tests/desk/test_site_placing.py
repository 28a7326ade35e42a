"""A buyer sees where each site of its request is taken to be, what to add, and what contradicts itself."""

from fastapi.testclient import TestClient

from marketplace.wiring import Marketplace
from tests.factories import a_registered_buyer

COMPLETE = {"label": "HQ", "street": "1 Market St", "city": "San Francisco", "state": "CA", "postal_code": "94105"}
VAGUE = {"label": "Depot", "street": "5 Dock Rd", "city": "Nowhere at all", "state": "NV", "postal_code": "94103"}


def test_a_site_that_can_not_be_placed_well_is_shown_and_not_dropped(client: TestClient, market: Marketplace) -> None:
    buyer = a_registered_buyer(client, market)
    rival = a_registered_buyer(client, market, email="rival@rival.example")
    sites = []
    for number, site in enumerate((COMPLETE, VAGUE), 1):
        answer = client.post("/sites", json={**site, "country": "US"}, headers=buyer.headers)
        assert answer.status_code == 201, answer.text
        sites.append({"ref": f"S{number}", "site_id": answer.json()["id"]})
    request = client.post("/requests", json={"title": "Fiber", "sites": sites}, headers=buyer.headers).json()
    path = f"/requests/{request['id']}/placing"
    found = client.get(path, headers=buyer.headers).json()
    assert found["attention"] == 1
    assert found["sites"] == [
        {"site": "S1", "placed_by": "postal code", "add": "", "findings": []},
        {
            "site": "S2",
            "placed_by": "postal code",
            "add": "",
            "findings": ["ZIP code 94103 is San Francisco, CA; the state given is NV"],
        },
    ]
    assert client.get(path, headers=rival.headers).status_code == 404
