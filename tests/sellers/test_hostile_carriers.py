"""What a hostile carrier sends as a territory or as filters is refused in words, or kept without harm."""

import json
import threading
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.wiring import Marketplace
from sellers import rules
from sellers import service as sellers
from sellers.model import Criteria, Territory
from sellers.territories import service as territories
from sellers.territories.model import Content, Part
from sellers.territories.rules import TerritoryInUseError
from tests.factories import SignedIn
from tests.matching.made import CALIFORNIA, a_provider, save_filter

RING = [[-123, 37], [-122, 37], [-122, 38], [-123, 38], [-123, 37]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
BARE_FEATURE = {"type": "Feature", "properties": None, "geometry": POLYGON}
DEEP = "[" * 400 + "]" * 400
HIGH = ", ".join(f"[{longitude}, {latitude}, {DEEP}]" for longitude, latitude in RING)
FOREIGN = {
    "NUL": ('{"type": "Polygon", "coordinates": RINGS, "note": "a\\u0000b"}', POLYGON),
    "NUL in a name": (
        '{"type": "Feature", "properties": {"\\u0000": 1}, "geometry": {"type": "Polygon", "coordinates": RINGS}}',
        BARE_FEATURE,
    ),
    "half a character": ('{"type": "Polygon", "coordinates": RINGS, "note": "\\ud800"}', POLYGON),
    "no number": ('{"type": "Polygon", "coordinates": RINGS, "size": NaN}', POLYGON),
    "deep": ('{"type": "Polygon", "coordinates": RINGS, "note": DEEP}', POLYGON),
    "deep heights": ('{"type": "Polygon", "coordinates": [[HIGH]]}', POLYGON),
    "a collection": (
        (
            '{"type": "FeatureCollection", "name": "\\ud800", "features": [{"type": "Feature", "id": "\\u0000",'
            ' "geometry": {"type": "GeometryCollection",'
            ' "geometries": [{"type": "MultiPolygon", "coordinates": [RINGS]}]}}]}'
        ),
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": None,
                    "geometry": {
                        "type": "GeometryCollection",
                        "geometries": [{"type": "MultiPolygon", "coordinates": [[RING]]}],
                    },
                }
            ],
        },
    ),
}


def send(client: TestClient, user: SignedIn, path: str, text: str) -> Any:
    return client.post(path, content=text, headers={**user.headers, "Content-Type": "application/json"})


@pytest.mark.parametrize(("text", "kept"), FOREIGN.values(), ids=FOREIGN.keys())
def test_of_an_area_only_the_outline_is_kept_whatever_else_is_in_the_document(
    market: Marketplace, client: TestClient, text: str, kept: dict[str, Any]
) -> None:
    user = a_provider(market)
    area = text.replace("RINGS", json.dumps([RING])).replace("DEEP", DEEP).replace("HIGH", HIGH)
    saved = send(client, user, "/territories", f'{{"name": "West", "area": {area}}}')
    assert saved.status_code == 201, saved.text
    found = client.get(saved.headers["Location"], headers=user.headers).json()
    assert json.loads(found["places"]["area"]) == kept
    again = client.post("/territories", json={"name": "again", "area": kept}, headers=user.headers)
    assert again.json()["figures"] == saved.json()["figures"]


BAD_BODIES = [
    ("/territories", '{"name": "x", "area": ' + "[" * 10_000 + "]" * 10_000 + "}"),
    ("/filters", "[" * 100_000),
    ("/filters", '{"a":' * 100_000),
    ("/filters", '{"name": "\\ud800"}'),
    ("/filters", '{"name": "a\\u0000"}'),
    ("/filters", '{"name": "x", "criteria": {"industries": ["\\u0000"]}}'),
    ("/filters", '{"name": "x", "criteria": {"sites": {"low": ' + "9" * 5_000 + "}}}"),
    ("/filters", '{"name": "x", "criteria": {"sites": {"low": 9, "high": 1}}}'),
    ("/filters", '{"name": "x", "criteria": {"start_date": {"low": "2030-01-01", "high": "2029-01-01"}}}'),
    ("/filters/preview", '{"name": "x", "criteria": {"sites": {"low": NaN}}}'),
    ("/filters/preview", '{"name": "x", "criteria": {"sites": {"low": 1e400}}}'),
    ("/filters/preview", '{"name": "x", "criteria": {"territory": {"saved": ["ter_of_nobody"]}}}'),
    ("/filters/preview", '{"name": "x", "criteria": {"territory": {"cells": ["ffffffffffffffff"]}}}'),
]


@pytest.mark.parametrize(("path", "text"), BAD_BODIES, ids=lambda value: value[:50])
def test_a_body_that_is_no_filter_and_no_territory_is_the_callers_mistake_and_changes_nothing(
    market: Marketplace, client: TestClient, path: str, text: str
) -> None:
    user = a_provider(market, CALIFORNIA)
    answer = send(client, user, path, text)
    assert answer.status_code in {400, 422}, answer.text
    for kept, count in (("/filters", 1), ("/territories", 0)):
        assert len(client.get(kept, headers=user.headers).json()["items"]) == count


def test_filters_may_share_a_name_and_ten_thousand_are_the_most(market: Marketplace, client: TestClient) -> None:
    user = a_provider(market)
    assert client.put("/filters", json=[{"name": "same"}] * 3, headers=user.headers).json() == {"count": 3}
    refused = client.put("/filters", json=[{"name": "same"}] * (rules.MAX_FILTERS + 1), headers=user.headers)
    assert refused.status_code == 422
    assert len(client.get("/filters", headers=user.headers).json()["items"]) == 3


def test_a_territory_of_another_provider_can_neither_be_read_used_changed_nor_removed(
    market: Marketplace, client: TestClient
) -> None:
    owner, stranger = a_provider(market), a_provider(market)
    path = client.post("/territories", json={"name": "x", "states": ["US-CA"]}, headers=owner.headers).headers[
        "Location"
    ]
    headers = {**stranger.headers, "If-Match": "*"}
    answers = [
        client.get(path, headers=headers),
        client.put(path, json={"name": "x", "states": ["US-CA"]}, headers=headers),
        client.put(
            f"{path}/buildings", content="latitude,longitude\n1,1\n", headers=headers | {"Content-Type": "text/csv"}
        ),
        client.delete(path, headers=headers),
    ]
    assert [answer.status_code for answer in answers] == [404] * 4
    criteria = {"territory": {"saved": [path.removeprefix("/territories/")]}}
    for at in ("/filters", "/filters/preview"):
        assert client.post(at, json={"name": "x", "criteria": criteria}, headers=headers).status_code == 422


def test_a_territory_that_a_filter_begins_to_use_meanwhile_is_not_removed(market: Marketplace) -> None:
    user = a_provider(market)
    saved = save_filter(market, user, CALIFORNIA)
    for begin in (_change(saved.id), _replace()):
        with market.workshop.work(user.principal) as work:
            territory = territories.create(work, "West", Content(Part(states=("US-CA",))))
        refused: list[str] = []

        def remove(territory_id: str = territory.id, told: list[str] = refused) -> None:
            try:
                with market.workshop.work(user.principal) as work:
                    territories.remove(work, territory_id, "*")
            except TerritoryInUseError as error:
                told.append(str(error))

        other = threading.Thread(target=remove)
        with market.workshop.work(user.principal) as work:
            begin(work, territory.id)
            other.start()
            other.join(0.3)
        other.join()
        assert refused


def _change(filter_id: str) -> Any:
    return lambda work, territory_id: sellers.change_filter(work, filter_id, _draft(territory_id), "*")


def _replace() -> Any:
    return lambda work, territory_id: sellers.replace_filters(work, (_draft(territory_id),))


def _draft(territory_id: str) -> sellers.FilterDraft:
    return sellers.FilterDraft("mine", Criteria(territory=Territory(saved=(territory_id,))))


def test_different_unions_with_a_large_territory_or_footprint_have_a_limit_and_shared_ones_count_once(
    market: Marketplace, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_PLACE_KEYS", 10_000)
    user = a_provider(market)

    def replaced(*territories: dict[str, Any]) -> str:
        body = [{"name": "x", "criteria": {"territory": one}} for one in territories]
        answer = client.put("/filters", json=body, headers=user.headers)
        return "fine" if answer.is_success else str(answer.json()["type"]).rpartition("/")[2]

    saved = client.post("/territories", json={"name": "West", "area": POLYGON}, headers=user.headers).json()
    assert 1_900 < saved["figures"]["keys"] < 2_000
    shared = {"saved": [saved["id"]]}
    different = [shared | {"postal_prefixes": [f"US-{number:05}"]} for number in range(10)]
    assert replaced(*[shared] * 1_000, *different[:3]) == "fine"
    assert replaced(*different) == "too-many-places"
    rows = "".join(f"on-net,data,100,{number},{number}\r\n" for number in range(90))
    net = client.post(
        "/footprint/versions",
        content="kind,service_types,down_mbps,latitude,longitude\r\n" + rows,
        headers={**user.headers, "Content-Type": "text/csv"},
    )
    assert net.status_code == 201, net.text
    assert replaced(*[{"net": "on-net", "states": [f"US-{code}"]} for code in ("CA", "NV", "OR")]) == "fine"
    assert replaced(*[{"net": "on-net", "postal_prefixes": [f"US-{number}"]} for number in range(100)]) == (
        "too-many-places"
    )
    assert replaced(*different[:4]) == "fine"
    grown = {"name": "West", "postal_prefixes": [f"US-{number:05}" for number in range(3_000)]}
    headers = {**user.headers, "If-Match": "*"}
    answer = client.put(f"/territories/{saved['id']}", json=grown, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/too-many-places")
    assert len(client.get("/filters", headers=user.headers).json()["items"]) == 4
