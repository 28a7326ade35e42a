"""What any caller can send: fields that nobody asked for, bodies that are deep, packed or endless, lines for a log."""

import gzip
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.app import create_app
from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace, unconnected
from tests.factories import REGISTRATION, a_registered_buyer, a_user, as_owner
from tests.security.made import Stage

JSON = {"Content-Type": "application/json"}
DOCUMENT = create_app(unconnected()).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def _taken() -> set[str]:
    """Return the names of all objects that a caller can send, at any depth."""
    waiting = [
        name
        for item in DOCUMENT["paths"].values()
        for operation in item.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name in _named(content["schema"])
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _named(SCHEMAS[name])
    return found


def _named(schema: object) -> list[str]:
    if isinstance(schema, list):
        return [name for value in schema for name in _named(value)]
    if not isinstance(schema, dict):
        return []
    own = [str(schema["$ref"]).rpartition("/")[2]] if "$ref" in schema else []
    return own + [name for value in schema.values() for name in _named(value)]


OPEN = {"AreaInput"}
"""GeoJSON may say more than its outlines, of which alone anything is kept."""

BODIES = sorted(
    name
    for name in _taken() - OPEN
    if SCHEMAS[name].get("type") == "object" and not name.startswith("Body_")  # a form: its fields are parameters
)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_takes_no_field_that_it_does_not_name(name: str) -> None:
    """What is not asked for can't be set: an owner, a status, a role, a price that was agreed."""
    assert SCHEMAS[name].get("additionalProperties") is False


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[" * 400_000 + b"]" * 400_000,
        b'{"name": ' + b"9" * 5_000 + b"}",
        b'{"name": 1e999999999}',
        b'{"name": "\\ud800"}',
        b'{"name": NaN}',
        b"\xff\xfe{}",
        b"",
    ],
    ids=["open", "deep object", "deep list", "long number", "huge number", "half a pair", "NaN", "UTF-16", "nothing"],
)
def test_no_body_breaks_the_reader(client: TestClient, body: bytes) -> None:
    for path in ("/buyers", "/sessions", "/providers"):
        answer = client.post(path, content=body, headers=JSON)
        assert answer.status_code == 422, (path, answer.text[:200])
        assert answer.headers["content-type"] == "application/problem+json"


def test_a_packed_body_is_not_unpacked(client: TestClient) -> None:
    """A bomb stays what was sent: a few bytes that are no JSON."""
    bomb = gzip.compress(b" " * 50_000_000)
    answer = client.post("/buyers", content=bomb, headers=JSON | {"Content-Encoding": "gzip"})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "name",
    [
        "Łódź & Söhne",
        "株式会社例",
        "شركة المثال",
        "e\u0301cole",
        "ⅤⅠⅡ",
        "\u202eevil\u202c",
        'O\'Neill "x" <b>',
        "😀" * 20,
        "a\tb",
    ],
)
def test_names_of_any_script_come_back_as_they_were_typed_or_are_refused(
    client: TestClient, market: Marketplace, name: str
) -> None:
    answer = client.post("/buyers", json=REGISTRATION | {"name": name})
    assert answer.status_code in {201, 422}, answer.text
    if answer.status_code == 201:
        user = a_user(market, Kind.BUYER, organization_id=answer.json()["buyer_id"])
        assert client.get("/buyer", headers=user.headers).json()["name"] == name


@pytest.mark.parametrize("typed", ["a\r\nforged: line", "a\nERROR forged line", "\x1b[2Jgone", "%s%n", "{0}"])
def test_what_a_caller_types_writes_no_line_of_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture, typed: str
) -> None:
    with caplog.at_level(logging.DEBUG, logger="marketplace"):
        client.post("/sessions", json={"email": f"x{typed}@example.com", "password": typed, "code": ""})
        client.post("/sign-in", data={"email": typed, "password": typed}, headers={"Sec-Fetch-Site": "same-origin"})
        client.get("/invitations", params={"after": typed}, headers={"User-Agent": "x", "X-Request-Id": "forged"})
    for record in caplog.records:
        line = record.getMessage()
        assert "\n" not in line
        assert "\r" not in line
        assert "\x1b" not in line


@pytest.mark.parametrize(
    "path", ["/account\r\nSet-Cookie: a=b", "//evil.example", "https://evil.example", "/\\evil.example"]
)
def test_no_redirect_leads_elsewhere_or_adds_a_header(client: TestClient, market: Marketplace, path: str) -> None:
    user = a_user(market)
    form = {"email": user.email, "password": user.password, "following": path, "next": path, "back": path}
    headers = {"Sec-Fetch-Site": "same-origin"}
    for where in ("/sign-in", "/preferences"):
        answer = client.post(where, data=form, headers=headers, params={"next": path}, follow_redirects=False)
        location = answer.headers.get("location", "/")
        assert location.startswith("/")
        assert not location.startswith(("//", "/\\"))
        assert "a=b" not in answer.headers.get("set-cookie", "")


def test_what_came_over_tls_comes_so_for_a_year_and_nothing_is_framed(market: Marketplace) -> None:
    app = create_app(market)
    with TestClient(app, base_url="https://market.example") as client:
        for path in ("/", "/catalogue", "/nowhere", "/static/nothing/nothing.js"):
            headers = client.get(path).headers
            assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
    with TestClient(app) as client:
        assert "strict-transport-security" not in client.get("/catalogue").headers


def test_no_answer_may_be_read_by_a_page_of_another_site(client: TestClient) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method, path in (("OPTIONS", "/sessions"), ("GET", "/catalogue"), ("OPTIONS", "/invitations")):
        answer = client.request(method, path, headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "TRACK"])
def test_methods_that_nobody_asked_for_are_refused(client: TestClient, method: str) -> None:
    for path in ("/", "/catalogue", "/sessions"):
        assert client.request(method, path).status_code == 405


def test_a_repeated_parameter_counts_once_or_is_refused(stage: Stage) -> None:
    user = a_registered_buyer(stage.client, stage.market, "twice@elsewhere.example.org")
    twice = stage.call(user, "GET", "/notices?limit=1&limit=500")
    assert twice.status_code in {200, 422}
    assert twice.status_code == 422 or len(twice.json()["items"]) <= 200


def test_another_method_is_told_all_that_an_address_takes(client: TestClient) -> None:
    answer = client.options("/providers")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_a_key_repeats_nothing_to_whom_the_answer_is_no_longer_for(client: TestClient, market: Marketplace) -> None:
    admin = a_user(market, Kind.BUYER, UserRole.ADMIN)
    body = {"email": "new@riverbend-library.example.org", "full_name": "Noor Vale", "role": "requester"}
    headers = admin.headers | {"Idempotency-Key": "a-colleague"}
    assert client.post("/organization/users", json=body, headers=headers).status_code == 201
    assert client.post("/organization/users", json=body, headers=headers).headers["idempotency-replayed"] == "true"
    with as_owner(market) as connection:
        demoted = {"user": admin.principal.user_id}
        connection.execute(text("UPDATE identity.users SET role = 'requester' WHERE id = :user"), demoted)
    assert client.post("/organization/users", json=body, headers=headers).status_code == 403
