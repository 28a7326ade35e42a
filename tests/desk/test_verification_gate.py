"""No carrier sees a request before the buyer's identity is verified; the verification itself publishes it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from buyers.registry import verification
from buyers.registry.model import Decision
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers.model import Criteria
from tests.factories import SignedIn, a_registered_buyer, a_user
from tests.matching.made import INTERNET, a_provider

Gate = Callable[[Decision], None]


@pytest.fixture
def buyer(client: TestClient, market: Marketplace) -> SignedIn:
    return a_registered_buyer(client, market)


@pytest.fixture
def carrier(market: Marketplace) -> SignedIn:
    return a_provider(market, Criteria())


@pytest.fixture
def decide(client: TestClient, market: Marketplace, buyer: SignedIn, run_worker: Callable[[], None]) -> Gate:
    """Decide on the buyer as the platform's admin, after it asked to be verified."""
    admin = a_user(market, Kind.PLATFORM)
    numbers = {"numbers": {"ein": "91-1144442"}}
    assert client.post("/buyer/verification/evidence", json=numbers, headers=buyer.headers).status_code == 200
    assert client.post("/buyer/verification/submit", headers=buyer.headers).status_code == 200

    def decided(decision: Decision) -> None:
        buyer_id = buyer.principal.organization_id
        with market.workshop.work(admin.principal) as work:
            case = verification.read_case(work, buyer_id)
        with market.workshop.work(admin.principal) as work:
            verification.decide(work, buyer_id, decision, "The register was read.", f'"{case.buyer.revision}"')
        run_worker()

    return decided


def submitted(client: TestClient, buyer: SignedIn, clock: StagedClock) -> dict[str, Any]:
    line = {"ref": "L1", "service_type": INTERNET, "features": [{"code": "bandwidth_mbps", "value": 100}]}
    schedule = {"closes_at": (clock.now + timedelta(days=2)).isoformat()}
    body = {"title": "Internet access", "lines": [line], "schedule": schedule}
    draft = client.post("/requests", json=body, headers=buyer.headers).json()
    answer = client.post(f"/requests/{draft['id']}/submit", json={}, headers=buyer.headers)
    assert answer.status_code == 200, answer.text
    done: dict[str, Any] = answer.json()
    return done


def inbox(client: TestClient, carrier: SignedIn) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get("/invitations", headers=carrier.headers).json()["items"]
    return items


def test_a_request_waits_unseen_until_the_verification_publishes_it(
    client: TestClient, buyer: SignedIn, carrier: SignedIn, clock: StagedClock, decide: Gate
) -> None:
    waiting = submitted(client, buyer, clock)
    assert waiting["waits_for_verification"] is True
    assert waiting["request"]["status"] == "awaiting verification"
    assert inbox(client, carrier) == []
    decide(Decision.VERIFY)
    assert [item["title"] for item in inbox(client, carrier)] == ["Internet access"]
    assert client.get(f"/requests/{waiting['request']['id']}", headers=buyer.headers).json()["status"] == "open"


def test_a_request_of_a_verified_buyer_is_published_at_once(
    client: TestClient, buyer: SignedIn, carrier: SignedIn, clock: StagedClock, decide: Gate
) -> None:
    decide(Decision.VERIFY)
    assert submitted(client, buyer, clock)["waits_for_verification"] is False
    assert len(inbox(client, carrier)) == 1


def test_a_rejected_buyers_request_is_never_seen(
    client: TestClient, buyer: SignedIn, carrier: SignedIn, clock: StagedClock, decide: Gate
) -> None:
    submitted(client, buyer, clock)
    decide(Decision.REJECT)
    assert inbox(client, carrier) == []


def test_a_verification_after_the_closing_time_gives_the_request_back_as_a_draft(
    client: TestClient, buyer: SignedIn, carrier: SignedIn, clock: StagedClock, decide: Gate
) -> None:
    waiting = submitted(client, buyer, clock)
    clock.now += timedelta(days=3)
    decide(Decision.VERIFY)
    assert inbox(client, carrier) == []
    request = client.get(f"/requests/{waiting['request']['id']}", headers=a_fresh_session(client, buyer)).json()
    assert request["status"] == "draft"
    assert "closing time" in request["end_reason"]


def a_fresh_session(client: TestClient, buyer: SignedIn) -> dict[str, str]:
    """Access tokens live by the machine's clock, which has not moved: the session still stands."""
    assert client.get("/me", headers=buyer.headers).status_code == 200
    return buyer.headers


def test_a_revoked_verification_suspends_and_a_new_one_resumes(
    client: TestClient, buyer: SignedIn, carrier: SignedIn, clock: StagedClock, decide: Gate
) -> None:
    decide(Decision.VERIFY)
    request = submitted(client, buyer, clock)["request"]
    clock.now += timedelta(minutes=1)
    decide(Decision.REVOKE)
    assert client.get(f"/requests/{request['id']}", headers=buyer.headers).json()["suspended"] is True
    invitation = inbox(client, carrier)[0]
    terms = client.post("/terms", json={"title": "Terms", "text": "Fair."}, headers=carrier.headers).json()["id"]
    bid = {
        "request_version": 1,
        "terms_id": terms,
        "term_months": 36,
        "lots": [{"lot": "T1", "lines": [{"line": "L1", "mrc": "100.00"}]}],
    }
    refused = client.post(f"/invitations/{invitation['id']}/bids", json=bid, headers=carrier.headers)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-bids-taken")
    client.post("/buyer/verification/submit", headers=buyer.headers)
    clock.now += timedelta(minutes=1)
    decide(Decision.VERIFY)
    taken = client.post(f"/invitations/{invitation['id']}/bids", json=bid, headers=carrier.headers)
    assert taken.status_code == 201, taken.text


def test_another_buyers_request_does_not_exist(
    client: TestClient, market: Marketplace, buyer: SignedIn, clock: StagedClock
) -> None:
    request_id = submitted(client, buyer, clock)["request"]["id"]
    rival = a_registered_buyer(client, market, email="rival@rival.example")
    for path in (f"/requests/{request_id}", f"/requests/{request_id}/preview", "/requests/req_unknown"):
        answer = client.get(path, headers=rival.headers)
        assert (answer.status_code, answer.json()) == (404, client.get("/requests/no", headers=rival.headers).json())
