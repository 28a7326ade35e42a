"""A provider uploads where it has a network in versions, all or nothing, and nobody else reads them."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response

from marketplace.kernel import journal
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from sellers.footprints import rules
from sellers.footprints.service import LARGEST_FILE, all_places, places_of_provider, standings
from sellers.model import ProviderStatus
from tests.factories import SignedIn, a_user
from tests.matching.made import a_provider, decide

HEADER = "kind;service_types;down_mbps;street;postal_code;country\n"
TWO = HEADER + "on-net;data;1000;1 Market Street;94105;US\nnear-net;data.broadband;100;;94110;US\n"


def upload(client: TestClient, user: SignedIn, text: str | bytes, query: str = "", media: str = "text/csv") -> Response:
    answer: Response = client.post(
        f"/footprint/versions{query}",
        content=text if isinstance(text, bytes) else text.encode(),
        headers=user.headers | {"Content-Type": media},
    )
    return answer


@pytest.fixture
def user(market: Marketplace) -> SignedIn:
    return a_provider(market)


def told(market: Marketplace, user: SignedIn) -> list[tuple[str, dict[str, Any]]]:
    with market.workshop.reading() as reading:
        found = journal.of_stream(reading.session, f"provider:{user.principal.organization_id}")
        return [(event.name, event.data) for event in found if event.name.startswith("footprint.")]


def test_an_upload_is_a_version_in_force_and_reads_back(
    market: Marketplace, client: TestClient, user: SignedIn
) -> None:
    assert client.get("/footprint", headers=user.headers).json() == {"visibility": "private", "in_force": None}
    answer = upload(client, user, "\ufeff" + TWO)
    assert (answer.status_code, answer.headers["Location"]) == (201, "/footprint/versions/1")
    assert answer.json() == {"version": 1, "rows": 2, "on_net": 1, "near_net": 1, "errors": [], "ignored": []}
    assert client.get("/footprint", headers=user.headers).json()["in_force"]["number"] == 1
    file = client.get("/footprint/versions/1/file", headers=user.headers)
    assert file.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(file.text)))
    assert [(row["kind"], row["street"], row["postal_code"]) for row in rows] == [
        ("on-net", "1 Market Street", "94105"),
        ("near-net", "", "94110"),
    ]
    again = upload(client, user, file.text)
    assert (again.json()["version"], again.json()["rows"]) == (2, 2)
    provider_id = user.principal.organization_id
    events = [("footprint.published", {"provider_id": provider_id, "version": number, "rows": 2}) for number in (1, 2)]
    assert told(market, user) == events


def test_geojson_is_taken_as_well(client: TestClient, user: SignedIn) -> None:
    body = (
        b'{"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": {"type": "Point",'
        b' "coordinates": [-122.3958, 37.7936]}, "properties": {"kind": "on-net", "service_types": "data",'
        b' "down_mbps": 100, "colour": "red"}}]}'
    )
    for number, media in enumerate(("application/geo+json", "application/json; charset=utf-8"), 1):
        answer = upload(client, user, body, media=media)
        assert (answer.status_code, answer.json()["version"]) == (201, number)
        assert answer.json()["ignored"] == ["colour"]
    assert upload(client, user, body, media="text/plain").status_code == 415


def test_one_wrong_row_leaves_everything_as_it_was(market: Marketplace, client: TestClient, user: SignedIn) -> None:
    upload(client, user, TWO)
    answer = upload(client, user, TWO + "on-net;data.sdwan;0;2 Market Street;94105;US\n")
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/4/service_types", "/4/down_mbps"]
    assert answer.json()["errors"][0]["message"].startswith("row 4, service_types is 'data.sdwan': ")
    assert client.get("/footprint", headers=user.headers).json()["in_force"]["number"] == 1
    assert len(told(market, user)) == 1


def test_a_check_reports_and_stores_nothing(market: Marketplace, client: TestClient, user: SignedIn) -> None:
    good = upload(client, user, TWO, "?check=true")
    assert (good.status_code, good.json()["version"], good.json()["rows"]) == (200, None, 2)
    bad = upload(client, user, TWO + "on-net;data;0;;94105;US\n", "?check=true")
    assert (bad.status_code, bad.json()["rows"]) == (200, None)
    (error,) = bad.json()["errors"]
    assert (error["row"], error["column"], error["value"]) == (4, "down_mbps", "0")
    assert client.get("/footprint/versions", headers=user.headers).json()["items"] == []
    assert told(market, user) == []


def test_an_earlier_version_is_put_in_force_again_or_none(
    market: Marketplace, client: TestClient, user: SignedIn, clock: StagedClock
) -> None:
    for _ in range(3):
        clock.now += timedelta(hours=1)
        upload(client, user, TWO)
    restored = client.post("/footprint/versions/2/restore", headers=user.headers)
    assert (restored.status_code, restored.json()["in_force"]["number"]) == (200, 2)
    assert client.post("/footprint/versions/2/restore", headers=user.headers).status_code == 409
    assert client.post("/footprint/versions/9/restore", headers=user.headers).status_code == 404
    page = client.get("/footprint/versions?limit=2", headers=user.headers).json()
    assert [item["number"] for item in page["items"]] == [3, 2]
    rest = client.get(f"/footprint/versions?limit=2&after={page['next']}", headers=user.headers).json()
    assert ([item["number"] for item in rest["items"]], rest["next"]) == ([1], None)
    assert client.delete("/footprint", headers=user.headers).json()["in_force"] is None
    assert client.delete("/footprint", headers=user.headers).status_code == 409
    with market.workshop.reading() as reading:
        assert places_of_provider(reading, user.principal.organization_id) is None
        assert standings(reading) == []
    assert upload(client, user, TWO).json()["version"] == 4
    assert [name for name, _ in told(market, user)][-3:] == [
        "footprint.published",
        "footprint.withdrawn",
        "footprint.published",
    ]


def test_the_newest_versions_are_kept_and_the_one_in_force(client: TestClient, user: SignedIn) -> None:
    for _ in range(rules.KEPT_VERSIONS + 2):
        upload(client, user, TWO)
    found = client.get("/footprint/versions?limit=100", headers=user.headers).json()["items"]
    assert [item["number"] for item in found] == list(range(rules.KEPT_VERSIONS + 2, 2, -1))


def test_another_provider_finds_nothing_of_it(market: Marketplace, client: TestClient, user: SignedIn) -> None:
    upload(client, user, TWO)
    other = a_provider(market)
    assert client.get("/footprint", headers=other.headers).json()["in_force"] is None
    assert client.get("/footprint/versions", headers=other.headers).json()["items"] == []
    for path in ("/footprint/versions/1", "/footprint/versions/1/file"):
        assert client.get(path, headers=other.headers).status_code == 404
    assert client.post("/footprint/versions/1/restore", headers=other.headers).status_code == 404
    with market.workshop.reading(other.principal) as reading:
        assert places_of_provider(reading, user.principal.organization_id) is None
        assert all_places(reading) == {}
    # even a statement that forgets whose rows it may read finds none: row security does
    with market.workshop.reading(other.principal) as reading:
        connection = reading.session.connection()
        for table in ("footprints", "footprint_versions"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM market.{table}").scalar_one() == 0  # noqa: S608 - names of the loop


def test_who_may_know_is_the_providers_own_setting(market: Marketplace, client: TestClient, user: SignedIn) -> None:
    for visibility in ("published", "published", "private"):
        answer = client.put("/footprint/visibility", json={"visibility": visibility}, headers=user.headers)
        assert (answer.status_code, answer.json()["visibility"]) == (200, visibility)
    assert client.put("/footprint/visibility", json={"visibility": "x"}, headers=user.headers).status_code == 422
    assert [data["visibility"] for _, data in told(market, user)] == ["published", "private"]


def test_only_a_providers_desk_uploads(market: Marketplace, client: TestClient, user: SignedIn) -> None:
    agent = a_user(market, Kind.PROVIDER, UserRole.AGENT, user.principal.organization_id)
    buyer = a_user(market, Kind.BUYER)
    for other in (agent, buyer):
        assert upload(client, other, TWO).status_code == 403
    assert upload(client, user, TWO).status_code == 201
    assert client.get("/footprint", headers=buyer.headers).status_code == 403
    assert client.get("/footprint").status_code == 401


def test_too_large_a_file_is_refused(client: TestClient, user: SignedIn) -> None:
    assert upload(client, user, HEADER.encode() + b" " * LARGEST_FILE).status_code == 413
    assert upload(client, user, b"\xff\xfe").status_code == 422


def test_only_footprints_in_force_of_approved_providers_stand(market: Marketplace, client: TestClient) -> None:
    pending = a_provider(market, status=ProviderStatus.PENDING)
    upload(client, pending, TWO)
    provider_id = pending.principal.organization_id
    with market.workshop.reading() as reading:
        assert standings(reading) == []
        assert set(all_places(reading)) == {provider_id}
    decide(market, provider_id, ProviderStatus.APPROVED)
    with market.workshop.reading() as reading:
        assert [standing.provider_id for standing in standings(reading)] == [provider_id]


def test_a_hundred_thousand_rows_are_taken(client: TestClient, user: SignedIn) -> None:
    rows = "".join(f"on-net;data|voice;1000;{number} Market Street;94105;US\n" for number in range(100_000))
    answer = upload(client, user, HEADER + rows)
    assert (answer.status_code, answer.json()["rows"]) == (201, 100_000)
