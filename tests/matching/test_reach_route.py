"""The live count beside a draft: its owner reads it while it edits, nobody else, and filters count at once."""

from typing import Any

from fastapi.testclient import TestClient

from buyers.requests.model import ListMode
from marketplace.wiring import Marketplace
from sellers.model import Criteria, ProviderStatus
from tests.factories import SignedIn, a_registered_buyer
from tests.matching.made import CALIFORNIA, INTERNET, NEVADA, a_provider

SITE = {"label": "HQ", "street": "1 Market St", "city": "San Francisco", "state": "CA", "postal_code": "94105"}


def a_draft(client: TestClient, buyer: SignedIn) -> str:
    site = client.post("/sites", json={**SITE, "country": "US"}, headers=buyer.headers).json()
    parts: dict[str, Any] = {
        "title": "Internet access",
        "sites": [{"ref": "S1", "site_id": site["id"]}],
        "lines": [{"ref": "L1", "service_type": INTERNET, "site": "S1"}],
    }
    answer = client.post("/requests", json=parts, headers=buyer.headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_buyer_reads_about_how_many_its_draft_is_for_and_what_narrows_it(
    client: TestClient, market: Marketplace
) -> None:
    buyer = a_registered_buyer(client, market)
    rival = a_registered_buyer(client, market, email="rival@rival.example")
    path = f"/requests/{a_draft(client, buyer)}"
    assert client.get(f"{path}/reach", headers=buyer.headers).json() == {
        "words": "fewer than 3 providers",
        "providers": None,
        "narrowest": None,
    }
    for criteria in (CALIFORNIA, Criteria(), Criteria(currencies=("USD",)), NEVADA):
        a_provider(market, criteria, criteria)
    a_provider(market, Criteria(), status=ProviderStatus.SUSPENDED)
    assert client.get(f"{path}/reach", headers=buyer.headers).json()["words"] == "about 4 providers"
    read = client.get(path, headers=buyer.headers)
    excluded = [one["id"] for one in client.get("/providers/directory", headers=buyer.headers).json()["items"][:3]]
    changes = {"provider_list": {"mode": ListMode.EXCEPT, "providers": excluded}}
    edited = client.patch(path, json=changes, headers=buyer.headers | {"If-Match": read.headers["etag"]})
    assert edited.status_code == 200, edited.text
    found = client.get(f"{path}/reach", headers=buyer.headers).json()
    assert found["providers"] is None
    assert found["narrowest"] == {"requirement": "provider_list", "words": "your provider list", "providers": 4}
    assert client.get(f"{path}/reach", headers=rival.headers).status_code == 404
