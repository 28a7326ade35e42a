"""A buyer learns how many providers have a network at a place; no provider learns of the question or is singled out."""

import logging
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select

from marketplace import schema
from marketplace.catalogue.model import covers
from marketplace.catalogue.seed import load_seed
from marketplace.geography.address import Address
from marketplace.kernel.access import Kind
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.ids import OrganizationId
from marketplace.wiring import Marketplace
from matching.availability import rules
from matching.availability.model import ComparedAs, InForce
from sellers.footprints.model import Offer, Standing, Visibility
from sellers.model import Net
from tests.factories import SignedIn, a_registered_buyer, a_user, as_owner
from tests.matching.made import a_provider

HEADER = "kind,service_types,down_mbps,street,postal_code,country,latitude,longitude\n"
MARKET = "1 Market Street,94105,US,,"
ASKED = {"street": "1 MARKET ST, Suite 300", "postal_code": "94105", "country": "us"}
CATALOGUE = load_seed()


@pytest.fixture
def buyer(market: Marketplace) -> SignedIn:
    return a_user(market, Kind.BUYER)


def with_footprint(
    market: Marketplace, client: TestClient, *rows: str, published: bool = False, user: SignedIn | None = None
) -> SignedIn:
    """Return a provider whose footprint has these rows."""
    user = user or a_provider(market)
    content = HEADER + "".join(f"{row}\n" for row in rows)
    headers = user.headers | {"Content-Type": "text/csv"}
    answer = client.post("/footprint/versions", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    if published:
        client.put("/footprint/visibility", json={"visibility": "published"}, headers=user.headers)
    return user


def look_up(client: TestClient, user: SignedIn, *places: dict[str, Any], **wanted: Any) -> list[dict[str, Any]]:
    answer = client.post("/availability", json={"places": places} | wanted, headers=user.headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["places"]
    return found


def service(place: dict[str, Any], code: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in place["services"] if code in item["service_types"])
    return found


def name_of(user: SignedIn) -> str:
    return f"Carrier {user.principal.organization_id}"


def test_on_net_and_near_net_are_counted_and_published_names_told(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    on = [with_footprint(market, client, f"on-net,data,{speed},{MARKET}", published=True) for speed in (100, 1000, 750)]
    near = [with_footprint(market, client, f"near-net,data,50,{MARKET}", published=True) for _ in range(2)]
    (place,) = look_up(client, buyer, ASKED | {"ref": "HQ"}, service_type="data.broadband")
    assert (place["ref"], place["compared_as"], place["on_net"], place["near_net"]) == ("HQ", "building", 3, 2)
    (found,) = place["services"]
    assert found == {
        "service_types": ["data.broadband"],
        "on_net": 3,
        "near_net": 2,
        "on_net_mbps": "1000",
        "near_net_mbps": "50",
        "on_net_names": sorted(map(name_of, on)),
        "near_net_names": sorted(map(name_of, near)),
    }


def test_a_provider_counts_once_and_on_net_before_near_net(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    rows = (
        f"near-net,data,5000,{MARKET}",
        f"on-net,data,100,{MARKET}",
        f"on-net,data,200,{MARKET}",
        "on-net,data,1,,94105,US,,",
    )
    with_footprint(market, client, *rows, published=True)
    with_footprint(market, client, f"on-net,data.broadband,20,{MARKET}", published=True)
    (place,) = look_up(client, buyer, ASKED, service_type="data")
    assert (place["on_net"], place["near_net"]) == (2, 0)
    assert service(place, "data.broadband")["on_net"] == 2
    private_line = service(place, "data.ethernet-private-line")
    assert (private_line["on_net"], private_line["near_net"], private_line["on_net_mbps"]) == (1, 0, "200")


def test_slower_and_other_services_do_not_count(market: Marketplace, client: TestClient, buyer: SignedIn) -> None:
    with_footprint(market, client, f"on-net,data.broadband,300,{MARKET}", published=True)
    with_footprint(market, client, f"on-net,voice,1000,{MARKET}", published=True)
    for minimum, count in (("300", 1), ("301", 0), (0, 1)):
        (place,) = look_up(client, buyer, ASKED, service_type="data.broadband", minimum_mbps=minimum)
        assert place["on_net"] == count
    (place,) = look_up(client, buyer, ASKED)
    assert {code.partition(".")[0] for item in place["services"] for code in item["service_types"]} == {"data", "voice"}
    assert place["on_net"] == 2
    answer = client.post("/availability", json={"places": [ASKED], "service_type": "data.x"}, headers=buyer.headers)
    assert answer.json()["errors"][0]["pointer"] == "/service_type"


def test_a_private_provider_is_never_named_and_counts_only_among_three(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    with_footprint(market, client, f"on-net,data,100,{MARKET}", published=True)
    private = [with_footprint(market, client, f"on-net,data,{speed},{MARKET}") for speed in (700, 9000)]
    (place,) = look_up(client, buyer, ASKED, service_type="data.broadband")
    assert (place["on_net"], place["services"][0]["on_net_mbps"]) == (1, "100")
    elsewhere = with_footprint(market, client, "near-net,data.broadband,300,9 Other Street,10001,US,,")
    (place,) = look_up(client, buyer, ASKED, service_type="data.broadband")
    found = place["services"][0]
    # two are at this place; no speed is told that fewer than three of them reach somewhere
    assert (found["on_net"], found["on_net_mbps"], len(found["on_net_names"])) == (3, "200", 1)
    assert not any(user.principal.organization_id in str(place) for user in (*private, elsewhere))
    (place,) = look_up(client, buyer, ASKED, service_type="data.wavelength")
    assert place["on_net"] == 1, "only two private ones offer this anywhere"
    client.delete("/footprint", headers=elsewhere.headers)
    (place,) = look_up(client, buyer, ASKED, service_type="data.broadband")
    assert place["on_net"] == 1


def test_a_private_speed_cannot_be_found_out_by_asking_for_a_least_one(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    for speed in (730, 910, 999):
        with_footprint(market, client, f"on-net,data,{speed},{MARKET}")
    counts = {
        minimum: look_up(client, buyer, ASKED, service_type="data.broadband", minimum_mbps=minimum)[0]["on_net"]
        for minimum in (1, 500, 501, 730, 999)
    }
    assert counts == {1: 3, 500: 3, 501: 0, 730: 0, 999: 0}


def test_a_new_version_a_withdrawal_and_a_name_are_seen_by_the_next_question(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    user = with_footprint(market, client, f"on-net,data,100,{MARKET}", published=True)
    assert look_up(client, buyer, ASKED)[0]["on_net"] == 1
    with_footprint(market, client, "on-net,data,100,2 Other Street,94105,US,,", user=user)
    assert look_up(client, buyer, ASKED)[0]["on_net"] == 0
    client.post("/footprint/versions/1/restore", headers=user.headers)
    assert service(look_up(client, buyer, ASKED)[0], "data.broadband")["on_net_names"] == [name_of(user)]
    agent = a_user(market, Kind.PLATFORM)
    body = {"reason": "license under review"}
    provider = f"/providers/{user.principal.organization_id}"
    assert client.post(f"{provider}/suspend", json=body, headers=agent.headers).status_code == 200
    assert look_up(client, buyer, ASKED)[0]["on_net"] == 0
    assert client.post(f"{provider}/approve", json=body, headers=agent.headers).status_code == 200
    assert look_up(client, agent, ASKED)[0]["on_net"] == 1


def test_a_place_is_compared_as_exactly_as_it_is_known(
    market: Marketplace, client: TestClient, buyer: SignedIn
) -> None:
    with_footprint(market, client, "on-net,data,100,1 Market Street,94105,US,37.7936,-122.3958", published=True)
    with_footprint(market, client, "on-net,data,100,,,,37.7936,-122.3958", published=True)
    with_footprint(market, client, "on-net,data,100,,94105,US,,", published=True)
    point = {"latitude": 37.7936, "longitude": -122.3958}
    found = look_up(
        client,
        buyer,
        ASKED,
        point,
        ASKED | point,
        {"street": "99 Other Street", "postal_code": "94105", "country": "US"} | point,
        {"postal_code": "94105", "country": "US"},
        {"city": "San Francisco", "state": "CA", "country": "US"},
        {"street": "1 Market Street"},
    )
    assert [(place["compared_as"], place["on_net"]) for place in found] == [
        ("building", 2),
        ("map point", 2),
        ("building", 3),
        ("building", 2),
        ("postal code", 2),
        ("region", 0),
        ("not placed", 0),
    ]
    assert "latitude and longitude" in found[0]["add"]
    assert "country" in found[6]["add"]


def test_an_area_covers_what_lies_inside(market: Marketplace, client: TestClient, buyer: SignedIn) -> None:
    user = a_provider(market)
    square = [[[-122.42, 37.76], [-122.40, 37.76], [-122.40, 37.78], [-122.42, 37.78], [-122.42, 37.76]]]
    properties = {"kind": "near-net", "service_types": ["data"], "down_mbps": 100}
    feature = {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": square}}
    body = {"type": "FeatureCollection", "features": [feature]}
    assert client.post("/footprint/versions", json=body, headers=user.headers).status_code == 201
    client.put("/footprint/visibility", json={"visibility": "published"}, headers=user.headers)
    inside, outside = look_up(
        client, buyer, {"latitude": 37.77, "longitude": -122.41}, {"latitude": 37.7, "longitude": -122.41}
    )
    assert (inside["near_net"], inside["on_net"], outside["near_net"]) == (1, 0, 0)


def test_nothing_of_a_question_is_kept_or_seen(
    market: Marketplace, client: TestClient, buyer: SignedIn, caplog: pytest.LogCaptureFixture
) -> None:
    provider = with_footprint(market, client, f"on-net,data,100,{MARKET}", published=True)
    caplog.set_level(logging.DEBUG)

    def rows() -> dict[str, Any]:
        with as_owner(market) as connection:
            return {
                table.fullname: sorted(map(str, connection.execute(select(table))))
                for table in schema.METADATA.sorted_tables
            }

    paths = ("/footprint", "/footprint/versions", "/invitations", "/notices", "/provider", "/filters")
    seen = [client.get(path, headers=provider.headers).json() for path in paths]
    statements: list[str] = []
    listener = lambda *given: statements.append(f"{given[2]} {given[3]}")  # noqa: E731 - a listener
    before = rows()
    for role in (market.database.app, market.database.carrier):
        event.listen(role, "before_cursor_execute", listener)
    try:
        assert look_up(client, buyer, ASKED | {"latitude": 37.793612})[0]["compared_as"] == "building"
    finally:
        for role in (market.database.app, market.database.carrier):
            event.remove(role, "before_cursor_execute", listener)
    assert rows() == before
    assert statements
    told = "\n".join([*statements, caplog.text])
    assert not [word for word in ("MARKET", "Market", "94105", "37.7936") if word in told]
    assert [client.get(path, headers=provider.headers).json() for path in paths] == seen


def test_carriers_and_strangers_ask_nothing(market: Marketplace, client: TestClient) -> None:
    assert client.post("/availability", json={"places": [ASKED]}).status_code == 401
    provider = a_provider(market)
    assert client.post("/availability", json={"places": [ASKED]}, headers=provider.headers).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        {"places": []},
        {"places": [ASKED] * 2001},
        {"places": [{"latitude": 91, "longitude": 0}]},
        {"places": [{"street": "a\x00b"}]},
        {"places": [{"country": "USA"}]},
        {"places": [{"colour": "red"}]},
        {"places": [ASKED], "minimum_mbps": "NaN"},
        {"places": [ASKED], "minimum_mbps": -1},
        {"places": [ASKED], "service_type": ["data"]},
    ],
)
def test_a_malformed_question_is_refused(client: TestClient, buyer: SignedIn, body: dict[str, Any]) -> None:
    assert client.post("/availability", json=body, headers=buyer.headers).status_code == 422


def test_places_of_a_day_are_limited_for_an_organization(
    market: Marketplace, client: TestClient, buyer: SignedIn, clock: StagedClock
) -> None:
    colleague = a_user(market, Kind.BUYER, organization_id=buyer.principal.organization_id)
    body = {"places": [ASKED] * 2000}
    first = client.post("/availability", json=body, headers=buyer.headers)
    assert first.headers["RateLimit"].startswith('"places";r=3000;')
    assert client.post("/availability", json=body, headers=colleague.headers).status_code == 200
    refused = client.post("/availability", json=body, headers=buyer.headers)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == pytest.approx(1000 * 86_400 / 5000, abs=2)
    assert client.post("/availability", json=body, headers=a_user(market, Kind.BUYER).headers).status_code == 200
    clock.now += timedelta(hours=5)
    assert client.post("/availability", json=body, headers=buyer.headers).status_code == 200


def test_the_sites_of_ones_own_request_are_looked_up_exactly(market: Marketplace, client: TestClient) -> None:
    buyer = a_registered_buyer(client, market)
    with_footprint(market, client, f"on-net,data,100,{MARKET}", published=True)
    site = {
        "label": "HQ",
        "street": "1 Market Street",
        "city": "San Francisco",
        "state": "CA",
        "postal_code": "94105",
        "country": "US",
    }
    site_id = client.post("/sites", json=site, headers=buyer.headers).json()["id"]
    content = {"title": "Internet", "sites": [{"ref": "S1", "site_id": site_id}]}
    made = client.post("/requests", json=content, headers=buyer.headers)
    assert made.status_code == 201, made.text
    path = f"/requests/{made.json()['id']}/availability"
    answer = client.post(path, json={"service_type": "data.broadband", "minimum_mbps": "100"}, headers=buyer.headers)
    (place,) = answer.json()["places"]
    assert (place["ref"], place["compared_as"], place["on_net"]) == ("S1", "building", 1)
    assert client.post(path, json={"minimum_mbps": 101}, headers=buyer.headers).json()["places"][0]["on_net"] == 0
    assert client.post(path, json={}, headers=a_user(market, Kind.BUYER).headers).status_code == 404
    assert client.post(path, json={}, headers=a_provider(market).headers).status_code == 403


def test_a_place_keeps_no_key_of_what_is_only_near() -> None:
    exact = rules.located(Address("US", "CA", "San Francisco", "94105", "1 Market Street"))
    nowhere = rules.located(Address(""))
    assert (exact.compared_as, nowhere.compared_as, nowhere.keys) == (
        ComparedAs.BUILDING,
        ComparedAs.NOTHING,
        frozenset(),
    )


SPEEDS = st.decimals("0.001", "99999999", places=3).filter(bool)
OFFERS = st.builds(
    Offer,
    st.sampled_from((Net.ON, Net.NEAR)),
    st.lists(st.sampled_from(CATALOGUE.nodes()), min_size=1, max_size=3).map(tuple),
    SPEEDS,
)


@given(SPEEDS)
def test_a_step_is_below_and_never_less_than_two_fifths(speed: Decimal) -> None:
    rounded = rules.step(speed)
    assert rounded <= speed < rounded * Decimal("2.5")
    assert rounded.normalize().as_tuple().digits in {(1,), (2,), (5,)}


@given(st.lists(st.tuples(st.booleans(), st.lists(OFFERS, min_size=1, max_size=3)), max_size=7))
def test_what_is_told_of_a_private_provider_is_true_of_three(made: list[tuple[bool, list[Offer]]]) -> None:
    footprints = []
    for number, (private, offers) in enumerate(made):
        visibility = Visibility.PRIVATE if private else Visibility.PUBLISHED
        standing = Standing(OrganizationId(f"org_{number}"), f"fpv_{number}", visibility, f"Carrier {number}")
        footprints.append(InForce(standing, tuple(offers)))
    for footprint, shown in zip(footprints, rules.shown(footprints, CATALOGUE), strict=True):
        for offer in shown:
            assert bool(offer.name) == (footprint.standing.visibility is Visibility.PUBLISHED)
            if offer.name:
                continue
            for leaf, speed in offer.speeds.items():
                fitting = {
                    other.standing.provider_id
                    for other in footprints
                    if other.standing.visibility is Visibility.PRIVATE
                    for item in other.offers
                    if any(covers(node, leaf) for node in item.service_types) and item.down_mbps >= speed
                }
                assert len(fitting) >= rules.FLOOR
                assert rules.step(speed) == speed
