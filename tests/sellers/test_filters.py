"""A provider's desk keeps its own filters, one by one or all at once, and never half of a list."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.wiring import Marketplace
from sellers import rules
from tests.factories import SignedIn, a_user
from tests.matching.made import a_provider

WEST: dict[str, Any] = {
    "name": "West",
    "criteria": {
        "service_types": ["data"],
        "territory": {"states": ["US-CA"]},
        "coverage": {"kind": "share", "percent": "33.4"},
        "bandwidth_mbps": {"low": 100},
        "start_date": {"high": "2030-01-01"},
        "consolidated_invoice": False,
    },
    "delivery": "digest",
}


@pytest.fixture
def user(market: Marketplace) -> SignedIn:
    return a_provider(market)


def named(name: str, **criteria: object) -> dict[str, Any]:
    return {"name": name, "criteria": criteria}


def names(client: TestClient, user: SignedIn) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        page = client.get(f"/filters?limit=200{after}", headers=user.headers).json()
        found += [item["name"] for item in page["items"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def test_a_saved_filter_reads_back_as_it_was_sent(client: TestClient, user: SignedIn) -> None:
    answer = client.post("/filters", json=WEST, headers=user.headers)
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    read = client.get(answer.headers["Location"], headers=user.headers)
    assert read.json() == answer.json()
    criteria = read.json()["criteria"]
    assert (criteria["coverage"]["percent"], criteria["bandwidth_mbps"]) == ("33.4", {"low": "100", "high": None})
    assert (criteria["start_date"]["high"], criteria["consolidated_invoice"]) == ("2030-01-01", False)
    again = client.put(
        answer.headers["Location"],
        json={key: read.json()[key] for key in ("name", "criteria", "active", "delivery")},
        headers=user.headers | {"If-Match": '"1"'},
    )
    assert again.json() == read.json() | {"revision": 2}


def test_a_change_names_the_version_that_it_edits_and_keeps_the_filters_place(
    client: TestClient, user: SignedIn
) -> None:
    path = client.post("/filters", json=WEST, headers=user.headers).headers["Location"]
    client.post("/filters", json=named("second"), headers=user.headers)
    assert client.put(path, json=named("new"), headers=user.headers).status_code == 428
    changed = client.put(path, json=named("new"), headers=user.headers | {"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert client.put(path, json=named("newer"), headers=user.headers | {"If-Match": '"1"'}).status_code == 412
    assert names(client, user) == ["new", "second"]


def test_a_removed_filter_is_gone(client: TestClient, user: SignedIn) -> None:
    path = client.post("/filters", json=WEST, headers=user.headers).headers["Location"]
    assert client.delete(path, headers=user.headers | {"If-Match": '"9"'}).status_code == 412
    assert client.delete(path, headers=user.headers | {"If-Match": '"1"'}).status_code == 204
    assert client.get(path, headers=user.headers).status_code == 404
    assert names(client, user) == []


def test_a_filter_that_the_catalogue_does_not_fit_is_refused_with_what_would_be_right(
    client: TestClient, user: SignedIn
) -> None:
    answer = client.post("/filters", json=named("x", service_types=["data", "data.sdwan"]), headers=user.headers)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, "/criteria/service_types/1")
    assert "did you mean 'data.sd-wan'?" in error["message"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (named("x", colour="red"), "/criteria/colour"),
        (named("x", territory={"states": ["California"]}), "/criteria/territory/states/0"),
        (named("x", industries=["a\x00b"]), "/criteria/industries/0"),
        (named("x", bandwidth_mbps={"low": "NaN"}), "/criteria/bandwidth_mbps/low"),
        (named("x", coverage={"kind": "at least"}), "/criteria/coverage/sites"),
        ({"name": "x", "delivery": "never"}, "/delivery"),
    ],
)
def test_a_malformed_filter_says_where(client: TestClient, user: SignedIn, body: dict[str, Any], pointer: str) -> None:
    answer = client.post("/filters", json=body, headers=user.headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


def test_text_that_is_no_unicode_is_refused(client: TestClient, user: SignedIn) -> None:
    for body in (b'{"name": "\\ud800"}', b'{"name": "x", "criteria": {"industries": ["\\ud800"]}}'):
        answer = client.post("/filters", content=body, headers=user.headers | {"Content-Type": "application/json"})
        assert answer.status_code == 422


def test_the_whole_list_is_replaced_at_once_in_its_order(
    market: Marketplace, client: TestClient, user: SignedIn
) -> None:
    client.post("/filters", json=WEST, headers=user.headers)
    body = [named(f"filter {number}") for number in range(1_000)]
    assert client.put("/filters", json=body, headers=user.headers).json() == {"count": 1_000}
    assert names(client, user) == [item["name"] for item in body]
    client.post("/filters", json=named("last"), headers=user.headers)
    assert names(client, user)[-1] == "last"
    with market.workshop.reading() as reading:
        told = list(journal.of_stream(reading.session, f"provider:{user.principal.organization_id}"))
    assert (told[-2].name, told[-2].data["count"]) == ("filters.replaced", 1_000)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (named("bad", service_types=["data.nothing"]), "/3/criteria/service_types/0"),
        (named("bad", territory={"states": ["CA"]}), "/3/criteria/territory/states/0"),
        (named("bad", sites={"low": "many"}), "/3/criteria/sites/low"),
        ({"name": ""}, "/3/name"),
    ],
)
def test_one_bad_filter_in_the_list_changes_nothing(
    client: TestClient, user: SignedIn, wrong: dict[str, Any], pointer: str
) -> None:
    client.post("/filters", json=WEST, headers=user.headers)
    good = [named(f"filter {number}") for number in range(3)]
    answer = client.put("/filters", json=[*good, wrong, *good], headers=user.headers)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])
    assert names(client, user) == ["West"]


def test_a_provider_has_at_most_ten_thousand_filters(client: TestClient, user: SignedIn) -> None:
    body = [{"name": "f"}] * rules.MAX_FILTERS
    answer = client.put("/filters", json=[*body, *body[:1]], headers=user.headers)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "")
    assert client.put("/filters", json=body, headers=user.headers).json() == {"count": rules.MAX_FILTERS}
    full = client.post("/filters", json=WEST, headers=user.headers)
    assert (full.status_code, full.json()["type"]) == (409, "/problems/too-many-filters")


def test_replacing_touches_nobody_elses_filters_and_theirs_are_nothing(
    market: Marketplace, client: TestClient, user: SignedIn
) -> None:
    stranger = a_provider(market)
    path = client.post("/filters", json=WEST, headers=user.headers).headers["Location"]
    client.put("/filters", json=[], headers=stranger.headers)
    assert names(client, user) == ["West"]
    match = stranger.headers | {"If-Match": "*"}
    assert client.get(path, headers=stranger.headers).status_code == 404
    assert client.put(path, json=WEST, headers=match).status_code == 404
    assert client.delete(path, headers=match).status_code == 404


def test_filters_are_for_providers(market: Marketplace, client: TestClient) -> None:
    for stranger in (a_user(market), a_user(market, Kind.PLATFORM, UserRole.ADMIN)):
        assert client.get("/filters", headers=stranger.headers).status_code == 403
        assert client.post("/filters", json=WEST, headers=stranger.headers).status_code == 403
