"""A saved territory is checked as a whole, comes to keys, is shared by filters and moves them when it changes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.geography import keys
from marketplace.kernel import journal
from marketplace.wiring import Marketplace
from matching import whereabouts
from sellers.model import Criteria, Territory
from tests.factories import SignedIn
from tests.matching.made import INTERNET, RENO, SAN_FRANCISCO, a_provider, content, invited, publish

CALIFORNIA = {"name": "West", "states": ["US-CA"]}
SQUARE = {"type": "Polygon", "coordinates": [[[-123, 37], [-122, 37], [-122, 38], [-123, 38], [-123, 37]]]}


def saved(client: TestClient, user: SignedIn, **body: Any) -> dict[str, Any]:
    answer = client.post("/territories", json={"name": "West", **body}, headers=user.headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refused(client: TestClient, user: SignedIn, body: Any, **more: Any) -> dict[str, str]:
    """Return the errors by pointer; nothing was saved."""
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {**user.headers, "Content-Type": "application/json", **more}
    answer = client.post("/territories", content=text, headers=headers)
    assert answer.status_code in {413, 422}, answer.text
    assert client.get("/territories", headers=user.headers).json()["items"] == []
    return {error["pointer"]: error["message"] for error in answer.json().get("errors", [])}


def the_filter(client: TestClient, user: SignedIn, **territory: Any) -> Any:
    body = {"name": "mine", "criteria": {"territory": territory}}
    return client.post("/filters", json=body, headers=user.headers)


def test_a_territory_is_made_read_changed_and_removed(market: Marketplace, client: TestClient) -> None:
    user, stranger = a_provider(market), a_provider(market)
    building = {"street": "1 Market St", "postal_code": "94105", "country": "US"}
    made = saved(client, user, states=["US-CA"], buildings=[building], area=SQUARE, excluded={"countries": ["CA"]})
    path = f"/territories/{made['id']}"
    assert (made["figures"]["named"], made["figures"]["excluded_keys"], made["figures"]["resolution"]) == (3, 1, 9)
    read = client.get(path, headers=user.headers)
    assert (json.loads(read.json()["places"]["area"]), read.json()["excluded"]["countries"]) == (SQUARE, ["CA"])
    assert read.json()["places"]["buildings"][0]["street"] == "1 Market St"
    assert client.get(path, headers=stranger.headers).status_code == 404
    unversioned = client.put(path, json=CALIFORNIA, headers=user.headers)
    assert unversioned.status_code == 428
    changed = client.put(path, json=CALIFORNIA, headers={**user.headers, "If-Match": read.headers["ETag"]})
    assert (changed.json()["revision"], changed.json()["figures"]["keys"]) == (2, 1)
    stale = client.put(path, json=CALIFORNIA, headers={**user.headers, "If-Match": read.headers["ETag"]})
    assert stale.status_code == 412
    gone = client.delete(path, headers={**user.headers, "If-Match": changed.headers["ETag"]})
    assert gone.status_code == 204
    assert client.get(path, headers=user.headers).status_code == 404
    with market.workshop.reading() as reading:
        told = [one.name for one in journal.of_stream(reading.session, f"provider:{user.principal.organization_id}")]
    assert told[-3:] == ["territory.saved", "territory.saved", "territory.removed"]


def test_territories_are_listed_page_by_page(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    made = [saved(client, user, states=["US-CA"])["id"] for _ in range(3)]
    first = client.get("/territories?limit=2", headers=user.headers).json()
    second = client.get(f"/territories?limit=2&after={first['next']}", headers=user.headers).json()
    assert {one["id"] for one in first["items"] + second["items"]} == set(made)
    assert second["next"] is None
    assert client.get("/territories?after=x", headers=user.headers).status_code == 422


def test_a_territory_is_not_removed_while_a_filter_is_made_of_it(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    made = saved(client, user, states=["US-CA"])
    assert the_filter(client, user, saved=[made["id"]]).status_code == 201
    kept = client.delete(f"/territories/{made['id']}", headers={**user.headers, "If-Match": '"1"'})
    assert (kept.status_code, kept.json()["type"]) == (409, "/problems/territory-in-use")
    assert "'mine'" in kept.json()["detail"]


def test_a_filter_names_only_ones_own_saved_territories(market: Marketplace, client: TestClient) -> None:
    user, stranger = a_provider(market), a_provider(market)
    made = saved(client, user, states=["US-CA"])
    answer = the_filter(client, stranger, saved=[made["id"]])
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/criteria/territory/saved/0"


def test_filters_of_a_territory_that_widens_reach_open_requests(
    market: Marketplace, client: TestClient, run_worker: Callable[[], None]
) -> None:
    user = a_provider(market)
    made = saved(client, user, states=["US-NV"])
    assert the_filter(client, user, saved=[made["id"]]).status_code == 201
    request_id, there = publish(market, content(SAN_FRANCISCO)), publish(market, content(RENO))
    assert (list(invited(market, request_id)), len(invited(market, there))) == ([], 1)
    widened = {"name": "West", "area": SQUARE}
    answer = client.put(f"/territories/{made['id']}", json=widened, headers={**user.headers, "If-Match": '"1"'})
    assert answer.status_code == 200
    run_worker()
    assert list(invited(market, request_id)) == [user.principal.organization_id]


def test_a_list_of_lit_buildings_is_uploaded_as_csv(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    made = saved(client, user, states=["US-NV"])
    path, headers = f"/territories/{made['id']}/buildings", {**user.headers, "Content-Type": "text/csv"}
    rows = "Address,ZIP,Country,lat,lon\n1 Market Street,94105,US,,\n,,,37.79,-122.39\n"
    answer = client.put(path, content=rows, headers={**headers, "If-Match": '"1"'})
    assert (answer.status_code, answer.json()["figures"]["named"]) == (200, 3)
    with market.workshop.reading() as reading:
        criteria = Criteria(territory=Territory(saved=(made["id"],)))
        places = whereabouts.read(reading, [(str(user.principal.organization_id), criteria)]).of("", criteria)
    building = keys.building_key("US", "94105-1234", "1 market st, Suite 4")
    assert building is not None
    assert places.covers(frozenset({building}))
    wrong = "street,postal_code,country,latitude\n1 Market Street,94105,USA,\n,,,37\n2 Main,123,US,\n"
    refusal = client.put(path, content=wrong, headers={**headers, "If-Match": '"2"'})
    assert refusal.status_code == 422
    pointers = [error["pointer"] for error in refusal.json()["errors"]]
    assert pointers == ["/2/country", "/3/longitude", "/4/postal_code"]
    assert client.get(f"/territories/{made['id']}", headers=user.headers).headers["ETag"] == '"2"'


def test_equal_territories_share_their_keys(market: Marketplace, client: TestClient) -> None:
    one, other = a_provider(market), a_provider(market)
    first, second = saved(client, one, states=["US-CA", "US-NV"]), saved(client, other, states=["US-NV", "US-CA"])
    with market.workshop.reading() as reading:
        known = whereabouts.everything(reading).saved
    assert known[first["id"]].keys is known[second["id"]].keys


HOSTILE = [
    ({"cells": ["8928308280fffff"] * 1_000_000}, ("/cells",)),
    ({"cells": ["8928308280fffff"] * 100_000, "states": ["US-CA"]}, ("",)),
    ({"cells": ["8928308280ffffg", "8b28308280c0fff"]}, ("/cells/0", "/cells/1")),
    ({"states": ["US-XX"], "countries": ["XX"], "postal_prefixes": ["ZZ-1"]}, ("/countries/0", "/states/0")),
    ({}, ("",)),
    (
        {"area": {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}},
        ("/area/coordinates/0/0",),
    ),
    ({"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0]]]}}, ("/area/coordinates/0",)),
    ({"area": {"type": "Polygon", "coordinates": [[[0, 0], [1, 91], [1, 0], [0, 0]]]}}, ("/area/coordinates/0/1",)),
    ({"area": {"type": "Point", "coordinates": [0, 0]}}, ("/area/type",)),
    ({"area": {"type": "FeatureCollection", "features": [7]}}, ("/area/features/0",)),
    ({"buildings": [{"street": "1 Main St"}]}, ("/buildings/0/postal_code",)),
    ({"buildings": [{"postal_code": "94105", "country": "US"}]}, ("/buildings/0/street",)),
    ({"buildings": [{"street": "PO Box 1", "postal_code": "94105", "country": "US"}]}, ("/buildings/0/street",)),
    ({"excluded": {"states": ["ca"]}, "states": ["US-CA"]}, ("/excluded/states/0",)),
]


@pytest.mark.parametrize(("body", "pointers"), HOSTILE, ids=lambda value: str(value)[:50])
def test_what_can_not_be_saved_is_refused_in_words_and_nothing_is_saved(
    market: Marketplace, client: TestClient, body: dict[str, Any], pointers: tuple[str, ...]
) -> None:
    user = a_provider(market)
    text = json.dumps({"name": "West", **body})[:11_999_000]
    if body.get("cells") and len(body["cells"]) > 500_000:
        text = text.rsplit(",", 1)[0] + "]}"
    errors = refused(client, user, text)
    assert set(pointers) <= set(errors)


def test_numbers_that_are_none_and_bodies_that_are_too_large_are_refused(
    market: Marketplace, client: TestClient
) -> None:
    user = a_provider(market)
    area = '{"type": "Polygon", "coordinates": [[[0, 0], [NaN, 1], [1, 0], [0, 0]]]}'
    assert set(refused(client, user, f'{{"name": "West", "area": {area}}}')) == {"/area/coordinates/0/1"}
    refused(client, user, '{"name": "' + "x" * 12_000_000 + '"}')


def test_ten_thousand_filters_are_replaced_in_one_call_or_none(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    criteria = {
        "service_types": [INTERNET],
        "territory": {"states": ["US-CA", "US-NV"], "postal_prefixes": ["US-941", "US-942"]},
        "bandwidth_mbps": {"low": "100", "high": "1000"},
        "currencies": ["USD"],
    }
    many = [{"name": f"filter {number}", "criteria": criteria} for number in range(10_000)]
    answer = client.put("/filters", json=many, headers=user.headers)
    assert (answer.status_code, answer.json()) == (200, {"count": 10_000})
    before = client.get("/filters?limit=200", headers=user.headers).json()
    wrong = {"name": "x", "criteria": {"service_types": ["data.sdwan"], "bandwidth_mbps": {"low": "9", "high": "1"}}}
    refusal = client.put("/filters", json=[*many[:-200], *([wrong] * 200)], headers=user.headers)
    assert refusal.status_code == 422
    pointers = [error["pointer"] for error in refusal.json()["errors"]]
    inside = ("service_types/0", "bandwidth_mbps")
    assert pointers == [f"/{index}/criteria/{name}" for index in range(9_800, 9_850) for name in inside]
    page = client.get("/filters?limit=200", headers=user.headers).json()
    assert page == before
    assert (len(page["items"]), page["items"][0]["name"]) == (200, "filter 0")
    following = client.get(f"/filters?limit=200&after={page['next']}", headers=user.headers).json()
    assert following["items"][0]["name"] == "filter 200"
