"""Two worlds that differ only in who the buyer is look the same, byte for byte, to every carrier.

The same story is lived twice. At every stage every route that a carrier may call is called by every carrier, with every
identifier that it has seen, with the buyer's own identifiers and with invented ones. Random identifiers, pseudonyms,
hashes and signatures are replaced by their order of appearance; all else must be the same bytes.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from itertools import product
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from buyers.registry import service as registry
from buyers.registry import verification
from buyers.registry.model import Contact, Decision, Demographics, NumberKind
from marketplace import worker
from marketplace.app import create_app
from marketplace.kernel.access import NOBODY, Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from tests.conftest import NOON, empty_market
from tests.factories import PASSWORD, SignedIn, a_user, sign_in
from tests.house.plan import policies, routes

CARRIERS = ("Aldgate Fiber", "Brightwave Telecom", "Cobalt Networks")
ID = re.compile(r"\b(?P<kind>[a-z]{2,12})_[a-z2-7]{24}\b")
LOTS = {"the lot": "T1", "no lot": "T9"}
"""What stands for ``{lot}`` in a path: the name of the request's lot, and one that it doesn't have."""

OTHER_RANDOM = re.compile(r"Buyer [A-Z][0-9]-[0-9]{3}|bidder [A-Z2-7]{6}|\b[0-9a-f]{64}\b|eyJ[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(frozen=True)
class Buyer:
    """All that tells one buyer from another, as far as no disclosed band tells it."""

    name: str
    person: str
    email: str
    phone: str
    numbers: dict[NumberKind, str]
    employees: int
    streets: tuple[str, str]
    labels: tuple[str, str]
    coordinates: tuple[str, str]
    prior_provider: str
    spend: str
    purchase_order: str
    registered_before: int


NORTHWIND = Buyer(
    name="Northwind Orchards Cooperative",
    person="Ada Berg",
    email="ada@northwind-orchards.example",
    phone="+1 206 555 0142",
    numbers={NumberKind.EIN: "91-1144442"},
    employees=120,
    streets=("1 Pine Street", "9 Oak Avenue"),
    labels=("Packing house", "Cold store"),
    coordinates=("47.6062", "-122.3321"),
    prior_provider="Brightwave Telecom",
    spend="1210.00",
    purchase_order="NW-7781",
    registered_before=0,
)
ZEBEDEE = Buyer(
    name="Zebedee & Sons Precision Castings of Washington, Incorporated",
    person="Maximilian von Ruthenberg-Castellane",
    email="m.von.ruthenberg@zebedee-castings.example",
    phone="+49 30 5550 1234",
    numbers={NumberKind.DUNS: "150483782", NumberKind.EIN: "91-2055551"},
    employees=149,
    streets=("40000 Industrial Parkway North, Building 17", "7 A St"),
    labels=("Foundry", "HQ"),
    coordinates=("47.6105", "-122.2007"),
    prior_provider="Cobalt Networks",
    spend="1390.50",
    purchase_order="",
    registered_before=3,
)


@dataclass
class World:
    """One world: its marketplace and clients, and what each carrier observed at each stage."""

    buyer: Buyer
    market: Marketplace
    clock: StagedClock
    client: TestClient
    admin: SignedIn
    carriers: dict[str, dict[str, str]] = field(default_factory=dict)
    buyer_user: SignedIn | None = None
    buyer_ids: list[str] = field(default_factory=list)
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    seen_ids: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    refused: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    observed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def call(self, who: SignedIn | dict[str, str], method: str, path: str, expected: int, **options: Any) -> Any:
        """Call the API as part of the story."""
        own = who if isinstance(who, dict) else who.headers
        answer = self.client.request(method, path, headers=own | options.pop("headers", {}), **options)
        assert answer.status_code == expected, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def observe(self, carrier: str, stage: str, method: str, path: str, **options: Any) -> Any:
        """Call the API as a carrier and keep every byte of what it gets."""
        headers = self.carriers[carrier] | options.pop("headers", {})
        answer = self.client.request(method, path, headers=headers, **options)
        headers = "\n".join(f"{name}: {value}" for name, value in sorted(answer.headers.items()))
        raw = f"{answer.status_code}\n{headers}\n\n{answer.text}"
        normal = self._normal(carrier, raw)
        self.observed.setdefault(carrier, []).append((f"{stage} {method} {self._normal(carrier, path)}", normal))
        return answer

    def _normal(self, carrier: str, text: str) -> str:
        """Replace what is random by its order of appearance for this carrier, and remember the ids that it saw."""
        names = self.names.setdefault(carrier, {})
        seen = self.seen_ids.setdefault(carrier, {})

        def named(match: re.Match[str]) -> str:
            value = match.group(0)
            if value not in names:
                names[value] = f"<random {len(names) + 1}>"
                if ID.fullmatch(value):
                    seen.setdefault(match.group("kind"), []).append(value)
            return names[value]

        return OTHER_RANDOM.sub(named, ID.sub(named, text))

    def settle(self) -> None:
        """Let the worker do what is due."""
        worker.heartbeat(self.market)
        catch_up(self.market.workshop)

    def look_around(self, stage: str) -> None:
        """Call, as every carrier, every route that it may read, with every identifier that it could try."""
        for carrier, route in product(CARRIERS, carrier_routes("GET")):
            for kinds, path in list(self._paths(carrier, route, late=stage not in BEFORE_AWARD)):
                answer = self.observe(carrier, stage, "GET", path)
                if answer.status_code == HTTPStatus.NOT_FOUND and len(kinds) == 1:
                    self.refused[carrier, route.path] |= set(kinds)

    def _paths(self, carrier: str, route: APIRoute, *, late: bool) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the route's paths with what the carrier knows: per kind the newest id, the buyer's own, an unknown.

        A kind that a route did not know at an early stage is tried again only from the award on.
        """
        names = re.findall(r"{(\w+)}", route.path)
        known = {kind: values[-1] for kind, values in self.seen_ids.get(carrier, {}).items()}
        known |= {f"buyer's {number}": value for number, value in enumerate(self.buyer_ids)} | {"none": "unknown"}
        refused = self.refused.setdefault((carrier, route.path), set())
        tried = {kind: value for kind, value in known.items() if late or kind not in refused}
        choices = [LOTS if name == "lot" else tried for name in names]
        for kinds in product(*choices):
            values = {name: all_[kind] for name, all_, kind in zip(names, choices, kinds, strict=True)}
            yield kinds, route.path.format(**values)


def carrier_routes(method: str) -> list[APIRoute]:
    """Return the application's routes that admit a carrier or anybody: a new one is part of the proof by existing."""
    return [
        route
        for route in routes()
        if method in route.methods
        and any(not policy.kinds or Kind.PROVIDER in policy.kinds for policy in policies(route.dependant))
    ]


def begin_world(buyer: Buyer, database: Database, settings: Settings, client_stack: Any) -> World:
    clock = StagedClock(NOON)
    market = empty_market(database, settings, clock)
    client = client_stack(TestClient(create_app(market), raise_server_exceptions=False))
    world = World(buyer, market, clock, client, a_user(market, Kind.PLATFORM))
    for number in range(buyer.registered_before):
        _register(world, f"Decoy {number}", f"decoy{number}@decoy.example", "Dee Coy")
    for name in CARRIERS:
        email = f"desk@{name.split()[0].lower()}.example"
        body = {"name": name, "contact_name": "Sam Ray", "contact_email": email}
        registered = client.post("/providers", json=body).json()
        provider_id = registered["provider"]["id"]
        world.call(world.admin, "POST", f"/providers/{provider_id}/approve", 200, json={"reason": "licensed carrier"})
        first = sign_in(client, email, registered["initial_password"])
        change = {"current_password": registered["initial_password"], "new_password": PASSWORD}
        client.post("/me/password", json=change, headers=first).raise_for_status()
        world.carriers[name] = sign_in(client, email, PASSWORD)
        criteria = {"service_types": ["data"], "territory": {"states": ["US-WA"]}}
        world.observe(name, "begin", "POST", "/filters", json={"name": "Washington", "criteria": criteria})
        world.observe(name, "begin", "POST", "/terms", json={"title": "Terms", "text": f"Terms of {name}."})
        lit = "kind,service_types,down_mbps,postal_code,country\non-net,data,1000,98101,US\n"
        media = {"Content-Type": "text/csv"}
        world.observe(name, "begin", "POST", "/footprint/versions", content=lit, headers=media)
    return world


def _register(world: World, name: str, email: str, person: str, phone: str = "+1 206 555 0100") -> SignedIn:
    contact = Contact(person, email, phone)
    employees = world.buyer.employees
    with world.market.workshop.work(NOBODY) as work:
        registered = registry.register_buyer(work, name, contact, Demographics("G", employees, 3, "US", "WA"))
    return a_user(world.market, Kind.BUYER, UserRole.ADMIN, registered.buyer.id)


def ask(world: World, closes_in: timedelta) -> str:
    """Register the buyer, let it ask, and let its verification publish the request; return the request's id."""
    buyer = world.buyer
    user = world.buyer_user = _register(world, buyer.name, buyer.email, buyer.person, buyer.phone)
    buyer_id = user.principal.organization_id
    world.buyer_ids.append(buyer_id)
    with world.market.workshop.work(user.principal) as work:
        verification.add_numbers(work, buyer.numbers)
        verification.submit(work)
    site_ids = []
    for label, street, city, postal_code in zip(
        buyer.labels, buyer.streets, ("Seattle", "Yakima"), ("98101", "98901"), strict=True
    ):
        body = {"label": label, "street": street, "city": city, "state": "WA", "postal_code": postal_code}
        body |= {"country": "US", "latitude": buyer.coordinates[0], "longitude": buyer.coordinates[1]}
        site_ids.append(world.call(user, "POST", "/sites", 201, json=body)["id"])
    request = world.call(user, "POST", "/requests", 201, json=_parts(world, site_ids, closes_in))
    world.buyer_ids += [request["id"], site_ids[0]]
    # what the buyer looks up is nowhere among what the carriers observe
    found = world.call(user, "POST", f"/requests/{request['id']}/availability", 200, json={})
    assert found["places"][0]["on_net"] == len(CARRIERS)
    world.look_around("drafted")
    world.call(user, "POST", f"/requests/{request['id']}/submit", 200, json={})
    world.settle()
    world.look_around("waiting for verification")
    with world.market.workshop.work(world.admin.principal) as work:
        case = verification.read_case(work, buyer_id)
    with world.market.workshop.work(world.admin.principal) as work:
        verification.decide(work, buyer_id, Decision.VERIFY, "The register agrees.", f'"{case.buyer.revision}"')
    world.settle()
    return str(request["id"])


def _parts(world: World, site_ids: list[str], closes_in: timedelta) -> dict[str, Any]:
    features = [{"code": "bandwidth_mbps", "value": 500}]
    line = {"service_type": "data.dedicated-internet-access", "features": features}
    return {
        "title": "Internet access for two places",
        "description": "Fibre preferred; installation before spring.",
        "sites": [{"ref": f"S{number}", "site_id": site_id} for number, site_id in enumerate(site_ids, 1)],
        "lines": [line | {"ref": "L1", "site": "S1"}, line | {"ref": "L2", "site": "S2"}],
        "billing": {"purchase_order": world.buyer.purchase_order},
        "prior_usage": [
            {
                "service_type": "data.broadband",
                "unit": "Mbps",
                "monthly_quantity": "200",
                "monthly_spend": world.buyer.spend,
                "provider": world.buyer.prior_provider,
            }
        ],
        "disclosed_bands": ["industry", "size", "region"],
        "schedule": {"closes_at": (world.clock.now + closes_in).isoformat()},
    }


def bid(world: World, carrier: str, prices: tuple[int, int], stage: str = "bidding") -> None:
    """Bid on both lots as a carrier, which also tries what it may not do."""
    who = world.carriers[carrier]
    invitation = world.call(who, "GET", "/invitations", 200)["items"][0]["id"]
    terms = world.call(who, "GET", "/terms", 200)["items"][0]["id"]
    lots = [
        {"lot": "T1", "lines": [{"line": "L1", "mrc": f"{prices[0]}.00"}]},
        {"lot": "T2", "lines": [{"line": "L2", "mrc": f"{prices[1]}.00"}]},
    ]
    body = {"request_version": 1, "terms_id": terms, "term_months": 36, "lots": lots}
    path = f"/invitations/{invitation}/bids"
    world.observe(carrier, stage, "POST", path, json=body | {"request_version": 7})
    world.observe(carrier, stage, "POST", path, json=body | {"lots": [lots[0] | {"lot": "T9"}]})
    world.observe(carrier, stage, "POST", path, json=body, headers={"Idempotency-Key": f"bid-{prices}"})
    world.observe(carrier, stage, "POST", path, json=body, headers={"Idempotency-Key": f"bid-{prices}"})


def live(buyer: Buyer, database: Database, settings: Settings, client_stack: Any) -> World:
    """Live the whole story in one world: T1 goes to the first carrier, T2 to the second, the third wins nothing."""
    world = begin_world(buyer, database, settings, client_stack)
    world.look_around("before the buyer exists")
    request_id = ask(world, timedelta(days=2))
    world.look_around("open")
    world.clock.now += timedelta(hours=1)
    for number, carrier in enumerate(CARRIERS):
        bid(world, carrier, (400 + number, 300 + (number - 1) ** 2))
    world.settle()
    world.look_around("after the bids")
    world.clock.now += timedelta(days=3)
    world.settle()
    world.look_around("closed")
    for carrier in CARRIERS:
        invitation = world.seen_ids[carrier]["inv"][0]
        world.observe(carrier, "closed", "POST", f"/invitations/{invitation}/decline", json={"reason": "capacity"})
    user = world.buyer_user
    assert user is not None
    comparison = world.call(user, "GET", f"/requests/{request_id}/comparison", 200)
    chosen = [{"lot": lot["lot"], "bid_id": lot["offers"][0]["bid_id"]} for lot in comparison["lots"]]
    world.call(user, "POST", f"/requests/{request_id}/award", 201, json={"awarded": chosen})
    world.settle()
    world.look_around("awarded")
    for carrier in CARRIERS:
        confirmation = f"/invitations/{world.seen_ids[carrier]['inv'][0]}/award/confirmation"
        for asked in world.client.get(confirmation, headers=world.carriers[carrier]).json():
            answer = world.client.post(
                confirmation, headers=world.carriers[carrier], json={"award_id": asked["award_id"]}
            )
            assert answer.status_code == 200
    for contract in world.call(user, "GET", f"/requests/{request_id}/contracts", 200):
        body = {"sha256": contract["terms"]["sha256"], "accepted_terms": True}
        world.call(user, "POST", f"/contracts/{contract['id']}/acceptance", 200, json=body)
    world.settle()
    world.look_around("contracts stand")
    return world


BEFORE_AWARD = (
    "begin",
    "before the buyer exists",
    "drafted",
    "waiting for verification",
    "open",
    "bidding",
    "after the bids",
    "closed",
)


def _stage(observation: tuple[str, str]) -> str:
    return observation[0].rpartition(" GET ")[0] or observation[0].rpartition(" POST ")[0]


@pytest.fixture(scope="module")
def worlds(database: Database, settings: Settings, request: pytest.FixtureRequest) -> tuple[World, World]:
    def keep(client: TestClient) -> TestClient:
        client.__enter__()
        request.addfinalizer(lambda: client.__exit__(None, None, None))
        return client

    return live(NORTHWIND, database, settings, keep), live(ZEBEDEE, database, settings, keep)


def _same(first: list[tuple[str, str]], second: list[tuple[str, str]]) -> None:
    assert [what for what, _ in first] == [what for what, _ in second]
    for (what, mine), (_, other) in zip(first, second, strict=True):
        assert mine == other, f"{what} tells the worlds apart"


def test_carriers_observe_the_same_bytes_whoever_the_buyer_is(worlds: tuple[World, World]) -> None:
    one, other = worlds
    loser = CARRIERS[2]
    for carrier in CARRIERS:
        pairs = [
            [item for item in world.observed[carrier] if carrier == loser or _stage(item) in BEFORE_AWARD]
            for world in (one, other)
        ]
        assert len(pairs[0]) > 100, "the carrier must have looked around"
        _same(pairs[0], pairs[1])


def test_the_winners_and_only_they_can_tell_the_worlds_apart_after_the_award(worlds: tuple[World, World]) -> None:
    for world in worlds:
        for carrier in CARRIERS[:2]:
            after = "".join(text for what, text in world.observed[carrier] if _stage((what, text)) not in BEFORE_AWARD)
            assert json.dumps(world.buyer.name)[1:-1] in after
        everything = "".join(text for _, text in world.observed[CARRIERS[2]])
        for secret in (world.buyer.person, world.buyer.email, world.buyer.phone, *world.buyer.streets):
            assert secret not in everything


def test_every_route_that_a_carrier_may_call_is_part_of_the_proof(worlds: tuple[World, World]) -> None:
    world = worlds[0]
    called = {what.split(" GET ")[1].split("?")[0] for what, _ in world.observed[CARRIERS[0]] if " GET " in what}
    for route in carrier_routes("GET"):
        pattern = re.compile(re.sub(r"{\w+}", "[^/]+", route.path) + "$")
        assert any(pattern.match(path) for path in called), f"{route.path} was never observed"


def test_what_is_signed_for_a_carrier_names_nobody(worlds: tuple[World, World]) -> None:
    """Signed texts are compared as random above; here is what is inside them."""
    for world in worlds:
        tokens = {value for carrier in CARRIERS for value in world.names[carrier] if value.startswith("eyJ")}
        assert tokens
        for token in tokens:
            payload = token.split(".")[1]
            inside = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
            assert not any(secret in inside for secret in (world.buyer.name, world.buyer.email, *world.buyer_ids))
