"""A buyer can say everything that the rules of an auction can, learns at once what can't work, and may rehearse."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import SignedIn, a_registered_buyer, a_user
from tests.matching.made import INTERNET

Json = dict[str, Any]


@pytest.fixture
def buyer(client: TestClient, market: Marketplace) -> SignedIn:
    return a_registered_buyer(client, market)


def drafted(client: TestClient, buyer: SignedIn, clock: StagedClock, auction: Json, lots: int = 1) -> str:
    lines = [
        {"ref": f"L{number}", "service_type": INTERNET, "features": [{"code": "bandwidth_mbps", "value": 100}]}
        for number in range(1, lots + 1)
    ]
    named = [{"ref": f"T{number}", "lines": [f"L{number}"]} for number in range(1, lots + 1)]
    schedule = {"closes_at": (clock.now + timedelta(hours=8)).isoformat()}
    body = {"title": "Internet access", "lines": lines, "lots": named, "schedule": schedule, "auction": auction}
    answer = client.post("/requests", json=body, headers=buyer.headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def submit(client: TestClient, buyer: SignedIn, request_id: str) -> Any:
    return client.post(f"/requests/{request_id}/submit", json={}, headers=buyer.headers)


FULL: Json = {
    "format": "english",
    "visibility": "open",
    "ceiling": "90000",
    "decrement": "100",
    "decrement_steps": [{"down_to": "50000", "value": "500"}],
    "base": "lead",
    "lead_buffer": "50",
    "largest_change_percent": "30",
    "ties": "banned_at_lead",
    "soft_close": {"window_seconds": 120, "extension_seconds": 180, "most_extensions": 9, "hard_stop_minutes": 60},
    "scoring": {
        "criteria": [{"code": "speed", "answers": [{"code": "fast", "malus": "-10"}, {"code": "slow", "malus": "0"}]}]
    },
    "disclosed": ["all_prices"],
    "longest_outage_seconds": 300,
    "arrangement": {"kind": "staggered", "minutes": 15},
    "results_together": False,
}


def test_carriers_read_the_complete_rules_in_figures_and_words(
    client: TestClient, buyer: SignedIn, clock: StagedClock
) -> None:
    request_id = drafted(client, buyer, clock, FULL, lots=2)
    shown = client.get(f"/requests/{request_id}/preview", headers=buyer.headers).json()["auction"]
    assert shown["soft_close"]["hard_stop_minutes"] == 60
    assert shown["scoring"]["criteria"][0]["answers"][0] == {"code": "fast", "malus": "-10"}
    assert (shown["visibility"], shown["lead_buffer"], shown["results_together"]) == ("open", "50", False)
    words = " ".join(shown["rules"])
    for said in ("90,000.00 USD", "500.00 USD", "30 %", "speed: fast -10 USD", "9 times", "15 minutes"):
        assert said in words
    assert submit(client, buyer, request_id).status_code == 200


def test_a_preset_says_what_the_buyer_leaves_out(client: TestClient, buyer: SignedIn, clock: StagedClock) -> None:
    request_id = drafted(client, buyer, clock, {"preset": "open_price_race", "decrement": "25"})
    said = client.get(f"/requests/{request_id}", headers=buyer.headers).json()["content"]["auction"]
    assert (said["preset"], said["format"], said["base"], said["proxy"]) == ("open_price_race", "english", "lead", True)
    assert (said["decrement"], said["decrement_percent"]) == ("25", None)


@pytest.mark.parametrize(
    ("auction", "pointer"),
    [
        ({"format": "english", "visibility": "blind", "decrement": "10", "base": "lead"}, "/auction/base"),
        ({"format": "english", "visibility": "rank_only", "decrement": "10", "proxy": True}, "/auction/proxy"),
        ({"format": "sealed", "soft_close": {"window_seconds": 60, "extension_seconds": 60}}, "/auction/soft_close"),
        ({"preset": "rising_clock"}, "/auction/ceiling"),
        ({"arrangement": {"kind": "serial", "minutes": 1440}}, "/auction/arrangement/minutes"),
    ],
)
def test_rules_that_can_not_be_announced_are_not_submitted(
    client: TestClient, buyer: SignedIn, clock: StagedClock, auction: Json, pointer: str
) -> None:
    request_id = drafted(client, buyer, clock, auction, lots=2)
    answer = submit(client, buyer, request_id)
    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]
    assert client.get(f"/requests/{request_id}", headers=buyer.headers).json()["status"] == "draft"


def test_the_linter_names_the_nearest_setting(client: TestClient, buyer: SignedIn, clock: StagedClock) -> None:
    request_id = drafted(client, buyer, clock, {})
    leaking = {"format": "english", "visibility": "blind", "decrement": "10", "base": "lead"}
    path = f"/requests/{request_id}/auction/lint"
    assert client.post(path, json={}, headers=buyer.headers).json() == []
    (found,) = client.post(path, json={"auction": leaking}, headers=buyer.headers).json()
    assert (found["pointer"], found["severity"], found["mendable"]) == ("/auction/base", "error", True)
    mended = leaking | {"base": found["nearest_value"]}
    assert client.post(path, json={"auction": mended}, headers=buyer.headers).json() == []


def test_a_request_is_rehearsed_by_its_owner_alone(
    client: TestClient, market: Marketplace, buyer: SignedIn, clock: StagedClock
) -> None:
    request_id = drafted(client, buyer, clock, {"ceiling": "1000"}, lots=2)
    path = f"/requests/{request_id}/auction/rehearsal"
    body = {"preset": "falling_clock", "bidders": 3, "seed": 7}
    played = client.post(path, json=body, headers=buyer.headers)
    assert played.status_code == 200, played.text
    assert [lot["lot"] for lot in played.json()["lots"]] == ["T1", "T2"]
    assert client.post(path, json=body, headers=buyer.headers).json() == played.json()
    stranger = a_user(market, Kind.BUYER)
    assert client.post(path, json=body, headers=stranger.headers).status_code == 404
    refused = client.post(path, json={"preset": "roulette"}, headers=buyer.headers)
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/auction/preset"]


def test_presets_are_for_everybody_who_is_signed_in(client: TestClient, market: Marketplace, buyer: SignedIn) -> None:
    for user in (buyer, a_user(market, Kind.PROVIDER), a_user(market, Kind.PLATFORM)):
        found = client.get("/auction-presets", headers=user.headers).json()
        assert "quiet sealed round" in [preset["title"] for preset in found]
    assert client.get("/auction-presets").status_code == 401
