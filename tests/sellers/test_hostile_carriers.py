"""What a hostile carrier sends as a territory or as filters is refused in words, or kept without harm."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.wiring import Marketplace
from sellers import rules
from sellers import service as sellers
from sellers.model import Criteria, Territory
from sellers.territories import service as territories
from sellers.territories.rules import TerritoryInUseError
from tests.factories import SignedIn
from tests.matching.made import CALIFORNIA, a_provider, save_filter

RING = [[-123, 37], [-122, 37], [-122, 38], [-123, 38], [-123, 37]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
BARE_FEATURE = {"type": "Feature", "properties": None, "geometry": POLYGON}
RINGS = json.dumps([RING])
DEEP = "[" * 400 + "]" * 400
HIGH = ", ".join(f"[{longitude}, {latitude}, {DEEP}]" for longitude, latitude in RING)
FOREIGN = {
    "NUL": ('{"type": "Polygon", "coordinates": %s, "note": "a\\u0000b"}' % RINGS, POLYGON),
    "NUL in a name": (
        '{"type": "Feature", "properties": {"\\u0000": 1}, "geometry": {"type": "Polygon", "coordinates": %s}}' % RINGS,
        BARE_FEATURE,
    ),
    "half a character": ('{"type": "Polygon", "coordinates": %s, "note": "\\ud800"}' % RINGS, POLYGON),
    "no number": ('{"type": "Polygon", "coordinates": %s, "size": NaN}' % RINGS, POLYGON),
    "deep": ('{"type": "Polygon", "coordinates": %s, "note": %s}' % (RINGS, DEEP), POLYGON),
    "deep heights": ('{"type": "Polygon", "coordinates": [[%s]]}' % HIGH, POLYGON),
    "a collection": (
        '{"type": "FeatureCollection", "name": "\\ud800", "features": [{"type": "Feature", "id": "\\u0000", "geometry":'
        ' {"type": "GeometryCollection", "geometries": [{"type": "MultiPolygon", "coordinates": [%s]}]}}]}' % RINGS,
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
    saved = send(client, user, "/territories", f'{{"name": "West", "area": {text}}}')
    assert saved.status_code == 201, saved.text
    found = client.get(saved.headers["Location"], headers=user.headers).json()
    assert json.loads(found["places"]["area"]) == kept
    again = client.post("/territories", json={"name": "again", "area": kept}, headers=user.headers)
    assert again.json()["figures"] == saved.json()["figures"]


BAD_BODIES = [
    ("/territories", '{"name": "x", "area": %s}' % ("[" * 10_000 + "]" * 10_000)),
    ("/filters", "[" * 100_000),
    ("/filters", '{"a":' * 100_000),
    ("/filters", '{"name": "\\ud800"}'),
    ("/filters", '{"name": "a\\u0000"}'),
    ("/filters", '{"name": "x", "criteria": {"industries": ["\\u0000"]}}'),
    ("/filters", '{"name": "x", "criteria": {"sites": {"low": %s}}}' % ("9" * 5_000)),
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
    path = client.post("/territories", json={"name": "x", "states": ["US-CA"]}, headers=owner.headers).headers["Location"]
    headers = {**stranger.headers, "If-Match": "*"}
    answers = [
        client.get(path, headers=headers),
        client.put(path, json={"name": "x", "states": ["US-CA"]}, headers=headers),
        client.put(f"{path}/buildings", content="latitude,longitude\n1,1\n", headers=headers | {"Content-Type": "text/csv"}),
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
            territory = territories.create(work, "West", _content())
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


def _content() -> Any:
    from sellers.territories.model import Content, Part  # noqa: PLC0415 - moved below

    return Content(Part(states=("US-CA",)))


def _change(filter_id: str) -> Any:
    return lambda work, territory_id: sellers.change_filter(work, filter_id, _draft(territory_id), "*")


def _replace() -> Any:
    return lambda work, territory_id: sellers.replace_filters(work, (_draft(territory_id),))


def _draft(territory_id: str) -> sellers.FilterDraft:
    return sellers.FilterDraft("mine", Criteria(territory=Territory(saved=(territory_id,))))


@pytest.fixture
def _small_limit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(rules, "MAX_PLACE_KEYS", 2_000)
    yield
