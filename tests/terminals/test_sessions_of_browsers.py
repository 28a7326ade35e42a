import re
from datetime import timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.factories import PASSWORD, a_registered_buyer, sign_in

HERE = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def email(client: TestClient, market: Marketplace) -> str:
    """A buyer's account with its own password."""
    return a_registered_buyer(client, market).email


def _signed_in(client: TestClient, email: str, **fields: str) -> int:
    sent = {"email": email, "password": PASSWORD} | fields
    return client.post("/sign-in", data=sent, headers=HERE, follow_redirects=False).status_code


def test_a_browser_signs_in_reads_and_signs_out(client: TestClient, email: str) -> None:
    assert client.get("/b", follow_redirects=False).headers["location"] == "/sign-in?next=%2Fb"
    assert _signed_in(client, email) == 303
    cookie = next(iter(client.cookies.jar))
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert client.get("/b", follow_redirects=False).status_code == 200
    kept = cookie.value
    assert client.post("/sign-out", headers=HERE, follow_redirects=False).status_code == 303
    client.cookies.set("tenderline", kept or "")
    assert client.get("/b", follow_redirects=False).headers["location"].startswith("/sign-in")


def test_the_cookie_itself_is_not_stored(client: TestClient, email: str, market: Marketplace) -> None:
    _signed_in(client, email)
    secret = client.cookies["tenderline"]
    with market.workshop.reading() as reading:
        kept = reading.session.connection().execute(text("SELECT fingerprint FROM identity.browsers")).scalars().all()
    assert len(kept) == 1
    assert secret not in kept[0]


def test_a_cookie_expires(client: TestClient, email: str, market: Marketplace) -> None:
    _signed_in(client, email)
    with market.workshop.work() as work:
        work.session.connection().execute(text("UPDATE identity.browsers SET expires_at = now() - interval '99 years'"))
    assert client.get("/b", follow_redirects=False).status_code == 303


def test_a_cookie_that_holds_no_more_leads_to_the_sign_in_page_and_is_forgotten(client: TestClient) -> None:
    for path in ("/b", "/sign-in"):
        client.cookies.set("tenderline", "a-session-that-was-ended", domain="testserver.local", path="/")
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.url.path == "/sign-in"
        assert "tenderline" not in client.cookies


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Origin": "http://testserver"}, 303),
        ({"Sec-Fetch-Site": "same-origin"}, 303),
    ],
)
def test_a_command_that_another_site_sends_is_refused(
    client: TestClient, email: str, headers: dict[str, str], status: int
) -> None:
    _signed_in(client, email)
    answer = client.post("/sign-out", headers=headers, follow_redirects=False)
    assert answer.status_code == status
    assert client.get("/b", follow_redirects=False).status_code == (200 if status == 403 else 303)


def test_the_api_takes_the_cookie_for_reading_and_from_our_own_pages_alone(client: TestClient, email: str) -> None:
    _signed_in(client, email)
    assert client.get("/me").status_code == 200
    assert client.post("/requests", json={}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post("/requests", json={}, headers=HERE).status_code == 201


@pytest.mark.parametrize(
    ("following", "where"),
    [
        ("/b/requests", "/b/requests"),
        ("//elsewhere.example", "/b"),
        ("https://elsewhere.example", "/b"),
        ("/\\elsewhere.example", "/b"),
        ("", "/b"),
    ],
)
def test_signing_in_leads_to_pages_of_ours_alone(client: TestClient, email: str, following: str, where: str) -> None:
    sent = {"email": email, "password": PASSWORD, "next": following}
    answer = client.post("/sign-in", data=sent, headers=HERE, follow_redirects=False)
    assert answer.headers["location"] == where


def test_a_wrong_password_shows_the_form_again_with_the_e_mail_kept_and_nothing_of_the_password(
    client: TestClient, email: str
) -> None:
    answer = client.post("/sign-in", data={"email": email, "password": "not-this-one-at-all"}, headers=HERE)
    assert answer.status_code == 401
    assert email in answer.text
    assert "not-this-one-at-all" not in answer.text
    assert "tenderline" not in client.cookies


def test_who_has_a_second_factor_signs_in_with_one_form_and_is_asked_for_a_code_that_is_missing(
    client: TestClient, email: str, clock: StagedClock
) -> None:
    headers = sign_in(client, email, PASSWORD)
    secret = client.post("/me/second-factor", headers=headers, json={"password": PASSWORD}).json()["secret"]
    code = pyotp.TOTP(secret).at(clock.now)
    assert client.post("/me/second-factor/confirm", headers=headers, json={"code": code}).status_code == 200
    assert 'name="code"' in client.get("/sign-in").text

    sent = {"email": email, "password": PASSWORD, "code": ""}
    asked = client.post("/sign-in", data=sent, headers=HERE)
    assert asked.status_code == 422
    assert "Enter the code that your app shows now." in asked.text
    assert "tenderline" not in client.cookies
    assert _signed_in(client, email, code="000000") == 401
    clock.now += timedelta(minutes=2)
    assert _signed_in(client, email, code=pyotp.TOTP(secret).at(clock.now)) == 303


def test_pages_carry_a_policy_that_forbids_foreign_and_inline_code(client: TestClient, email: str) -> None:
    _signed_in(client, email)
    for path in ("/sign-in", "/b", "/b/requests", "/nowhere"):
        answer = client.get(path)
        policy = answer.headers.get("content-security-policy", "default-src 'none'")
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        if answer.headers["content-type"].startswith("text/html"):
            assert not re.search(r"<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=|<style", answer.text), path


def test_who_is_signed_in_is_told_so_where_there_is_no_page_and_a_stranger_is_not(
    client: TestClient, email: str
) -> None:
    page = {"Accept": "text/html"}
    stranger = client.get("/nowhere", headers=page)
    assert stranger.status_code == 404
    assert 'href="/sign-in"' in stranger.text
    _signed_in(client, email)
    own = client.get("/nowhere", headers=page)
    assert own.status_code == 404
    assert 'href="/b/requests"' in own.text
    assert 'href="/sign-in"' not in own.text
    client.cookies.clear()
    client.cookies.set("tenderline", "a-session-that-was-ended", domain="testserver.local", path="/")
    assert client.get("/nowhere", headers=page).text == stranger.text


def test_what_static_files_hold_changes_their_address_and_may_be_kept_for_ever(client: TestClient) -> None:
    page = client.get("/sign-in").text
    addresses = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', page))
    assert len(addresses) > 10
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
    stale = re.sub(r"/static/\w+/", "/static/000000000000/", next(iter(addresses)))
    assert client.get(stale).headers["cache-control"] == "no-store"
    assert client.get("/static/000000000000/../pages.py").status_code == 404


def test_language_zone_and_theme_are_kept_by_the_browser(client: TestClient) -> None:
    answer = client.post("/preferences", data={"theme": "dark", "locale": "de", "back": "/sign-in"}, headers=HERE)
    assert 'data-theme="dark"' in answer.text
    assert '<html lang="de"' in answer.text
    client.cookies.set("zone", "No/Where")
    assert 'data-zone="UTC"' in client.get("/sign-in").text
