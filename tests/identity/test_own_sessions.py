from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from marketplace.identity import rules
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import PASSWORD, a_user, sign_in

HERE = {"Sec-Fetch-Site": "same-origin"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (FIREFOX, "Firefox on Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
            "Chrome on Windows",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        (
            "Mozilla/5.0 (Linux; Android 15) SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("python-httpx/0.28", "Python"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_a_device_is_told_in_words_and_never_in_its_own(said: str, told: str) -> None:
    assert rules.device_of(said) == told


def test_one_sees_where_one_is_signed_in_and_ends_what_one_does_not_know(
    client: TestClient, market: Marketplace
) -> None:
    user = a_user(market)
    tokens = client.post(
        "/sessions", json={"email": user.email, "password": PASSWORD}, headers={"User-Agent": FIREFOX}
    ).json()
    elsewhere = {"Authorization": f"Bearer {tokens['access_token']}"}
    listed = client.get("/me/sessions", headers=user.headers).json()
    assert {(one["device"], one["current"]) for one in listed} == {("Firefox on Linux", False), ("", True)}

    other = next(one["id"] for one in listed if not one["current"])
    assert client.delete(f"/me/sessions/{other}", headers=user.headers).status_code == 204
    assert client.get("/me", headers=elsewhere).status_code == 401
    assert client.post("/sessions/refresh", json={"refresh_token": tokens["refresh_token"]}).status_code == 401
    assert [one["current"] for one in client.get("/me/sessions", headers=user.headers).json()] == [True]
    assert client.delete(f"/me/sessions/{other}", headers=user.headers).status_code == 404
    with market.workshop.reading() as reading:
        told = journal.of_stream(reading.session, f"organization:{user.principal.organization_id}")
        assert [event.name for event in told][-1] == "user.signed_out"


def test_signing_out_everywhere_else_leaves_this_session_alone(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    others = [sign_in(client, user.email, PASSWORD) for _ in range(3)]
    assert client.delete("/me/sessions", headers=user.headers).status_code == 204
    assert {client.get("/me", headers=headers).status_code for headers in others} == {401}
    assert client.get("/me", headers=user.headers).status_code == 200


def test_nobody_sees_or_ends_the_sessions_of_a_colleague(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    colleague = a_user(market, organization_id=user.principal.organization_id)
    theirs = client.get("/me/sessions", headers=colleague.headers).json()
    assert {one["id"] for one in theirs}.isdisjoint(
        one["id"] for one in client.get("/me/sessions", headers=user.headers).json()
    )
    assert client.delete(f"/me/sessions/{theirs[0]['id']}", headers=user.headers).status_code == 404
    assert client.get("/me", headers=colleague.headers).status_code == 200


def test_a_session_that_is_refreshed_ends_at_last(client: TestClient, market: Marketplace, clock: StagedClock) -> None:
    user = a_user(market)
    refresh_token = client.post("/sessions", json={"email": user.email, "password": PASSWORD}).json()["refresh_token"]
    for _ in range(market.settings.refresh_token_days - 1):
        clock.now += timedelta(days=1)
        answer = client.post("/sessions/refresh", json={"refresh_token": refresh_token})
        assert answer.status_code == 200
        refresh_token = answer.json()["refresh_token"]
    clock.now += timedelta(days=1)
    assert client.post("/sessions/refresh", json={"refresh_token": refresh_token}).status_code == 401


def test_a_browser_that_shows_no_page_is_signed_out_and_one_that_does_is_not(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    form = {"email": user.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form, headers=HERE, follow_redirects=False).status_code == 303
    idle = timedelta(hours=market.settings.browser_idle_hours)
    for _ in range(3):
        clock.now += idle - timedelta(seconds=1)
        assert client.get("/account/sessions", follow_redirects=False).status_code == 200
    clock.now += idle
    assert client.get("/account/sessions", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_use_is_noted_every_few_minutes_and_not_at_each_page(
    client: TestClient, market: Marketplace, clock: StagedClock
) -> None:
    user = a_user(market)
    form = {"email": user.email, "password": PASSWORD}
    client.post("/sign-in", data=form, headers=HERE, follow_redirects=False)

    def seen() -> str:
        listed = client.get("/me/sessions", headers=user.headers).json()
        told: str = next(one["seen_at"] for one in listed if not one["current"])
        return told

    first = seen()
    clock.now += rules.SESSION_USE_NOTED_EVERY - timedelta(seconds=1)
    client.get("/account")
    assert seen() == first
    clock.now += timedelta(seconds=1)
    client.get("/account")
    assert seen() > first


def test_a_browser_ends_its_owners_other_sessions_by_form(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    form = {"email": user.email, "password": PASSWORD}
    client.post("/sign-in", data=form, headers=HERE, follow_redirects=False)
    page = client.get("/account/sessions").text
    assert page.count("Sign out there") > 0
    other = next(one for one in client.get("/me/sessions", headers=user.headers).json() if one["current"])
    answer = client.post("/account/sessions", data={"session": other["id"]}, headers=HERE)
    assert "It is signed out there." in answer.text
    assert client.get("/me", headers=user.headers).status_code == 401
    assert "Sign out there" not in client.get("/account/sessions").text


def test_signing_out_lets_the_browser_drop_what_it_kept_of_the_pages(client: TestClient, market: Marketplace) -> None:
    user = a_user(market)
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD}, headers=HERE, follow_redirects=False)
    answer = client.post("/sign-out", headers=HERE, follow_redirects=False)
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
