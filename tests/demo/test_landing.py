import re

from fastapi.testclient import TestClient

from marketplace.app import create_app
from marketplace.kernel.config import Profile
from marketplace.wiring import Marketplace, assemble


def test_the_root_says_what_this_is_and_that_it_is_fiction(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "Carriers compete for a business they cannot identify" in answer.text
    assert "Why the buyer stays anonymous" in answer.text
    assert "is invented" in answer.text
    assert 'href="/openapi.json"' in answer.text
    assert "marketplace login" in answer.text


def test_the_root_loads_nothing_from_elsewhere(client: TestClient) -> None:
    answer = client.get("/")
    targets = set(re.findall(r'(?:src|href|action)="([^"#]+)', answer.text))
    assert len(targets) > 10
    assert all(
        target.startswith("/") and client.get(target).status_code == 200 for target in targets - {"/preferences"}
    )
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_sample_shows_what_carriers_see_and_nothing_more(client: TestClient) -> None:
    rows = re.findall(
        r"<tr><th scope=\"row\">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>", client.get("/").text, re.DOTALL
    )
    theirs = " ".join(seen for _, _, seen in rows)
    assert "Buyer" in theirs
    assert "Larkspur" in " ".join(own for _, own, _ in rows)
    assert not any(word in theirs for word in ("Larkspur", "Hale", "Lantern", "larkspurhale", "Summit Wireline"))


def test_the_root_is_no_part_of_the_api(client: TestClient) -> None:
    assert "/" not in client.get("/openapi.json").json()["paths"]


def test_a_real_installation_does_not_claim_to_be_fiction(market: Marketplace) -> None:
    settings = market.settings.model_copy(update={"profile": Profile.PRODUCTION})
    with TestClient(create_app(assemble(settings, market.workshop.clock, market.database))) as client:
        assert "is invented" not in client.get("/").text
