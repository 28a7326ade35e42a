"""Two worlds to compare: who lives in them, what a carrier can look at, and how a request begins."""

import base64
import binascii
import hashlib
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_string
from email.policy import default
from http import HTTPStatus
from io import BytesIO
from itertools import product
from typing import Any

import typst
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from httpx import Response
from openpyxl import Workbook
from sqlalchemy import text as sql

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
from marketplace.terminals import packing, streams
from marketplace.wiring import Marketplace
from notifications.mail import sending as mail
from notifications.preferences.schemas import PreferencesBody
from notifications.texting import sending as texting
from tests.conftest import NOON, empty_market
from tests.factories import PASSWORD, SignedIn, a_user, as_owner, sign_in
from tests.house.plan import policies, routes

CARRIERS = ("Aldgate Fiber", "Brightwave Telecom", "Cobalt Networks")
LOSER = CARRIERS[2]
"""Who wins nothing in the story: for it the worlds are the same for ever."""
ID = re.compile(r"\b(?P<kind>[a-z]{2,12})_[a-z2-7]{24}\b")
FILES = {"the file": "A1", "no file": "A9"}
"""What stands for ``{attachment}`` in a path, as ``LOTS`` for lots."""
LOTS = {"the lot": "T1", "no lot": "T9"}
"""What stands for ``{lot}`` in a path: the name of the request's lot, and one that it doesn't have."""

OWN_KINDS = {"invitation_id": "inv", "bid_id": "bid", "webhook_id": "whk", "delivery_id": "msg"}
"""Of which kind an id is, in routes that ask for several."""
ONCE = {"/events/stream": "?once=true&after="}
"""What makes a stream end, besides live pages: all of it, from the beginning."""

KNOW_NO_REQUEST = ("/static/", "/help", "/docs", "/kit", "/tour")
"""Files, the guide, and the tour, which is replayed from a sealed token of the visitor and touches no database."""

SEARCHED = ("Buyer", "internet", "Northwind", "Zebedee", "Pine Street", "91-1144442", "Washington", "terms")
"""What a curious desk types into the search: words of the request, of both buyers, and of its own things."""

AWARDED, CONTRACTED, FELL_THROUGH, ENDED = "awarded", "contracts stand", "an award fell through", "the end"
AFTER_AWARD = (AWARDED, CONTRACTED, FELL_THROUGH, ENDED)
_REFUSALS = (HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY)

OTHER_RANDOM = re.compile(r"Buyer [A-Z][0-9]-[0-9]{3}|bidder [A-Z2-7]{6}|\b[0-9a-f]{64}\b|eyJ[\w-]+\.[\w-]+\.[\w-]+")
SIGNED = re.compile(r"eyJ[\w-]+\.(?P<payload>[\w-]+)\.[\w-]+")
SESSION = re.compile(r"(?<=set-cookie: tenderline=)[\w-]{43}; HttpOnly; Max-Age=[0-9]+")
"""A browser's secret, and for how long by this machine's clock: the marketplace's is set by hand."""

MEASURED = re.compile(r'(?<="duration_ms":)[0-9]+')
"""How long the carrier's own system took to answer."""

READABLE = re.compile(r"text/|[/+](?:json|xml|javascript)\b")
"""Media types whose bytes are a text: all others are compared as bytes, workbooks by their parts."""

Observed = tuple[str, str]
"""What was looked at, and every byte of what was seen, without what is random in any world."""

RANDOM_IN_MAIL = re.compile(r"thread\.[0-9a-f]{24}|(?<=/)(?:n|unsubscribe)/[\w-]+")
"""Threads are keyed hashes of random ids, links are sealed."""


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
    refused: dict[tuple[str, str], set[tuple[str, ...]]] = field(default_factory=dict)
    observed: dict[str, list[Observed]] = field(default_factory=dict)
    mails: dict[str, list[str]] = field(default_factory=dict)
    only_the_story: bool = False
    """Nobody looks around between the steps of the story: what is looked at is chosen one by one."""

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
        headers = "\n".join(f"{name}: {value}" for name, value in sorted(_unpacked(answer).items()))
        raw = f"{answer.status_code}\n{headers}\n\n{_body(answer)}"
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

        def opened(match: re.Match[str]) -> str:
            """Show what is inside of what is signed; the signature is another one each time."""
            inside = _decoded(match.group("payload"))
            return named(match) + ("" if inside is None else f" {OTHER_RANDOM.sub(named, ID.sub(named, inside))}")

        text = MEASURED.sub("<measured>", SESSION.sub("<session>", text))
        return OTHER_RANDOM.sub(named, ID.sub(named, SIGNED.sub(opened, text)))

    def settle(self) -> None:
        """Let the worker do what is due, and carriers read their mail."""
        worker.heartbeat(self.market)
        catch_up(self.market.workshop)
        for send_due in (mail.send_due, texting.send_due):
            while send_due(self.market.workshop):
                pass
        with as_owner(self.market) as connection:
            fresh = connection.execute(sql("DELETE FROM market.kept_mails RETURNING address, source")).all()
        for carrier in self.carriers:
            own = (address_of(carrier), phone_of(carrier))
            read = [_read_mail(source) for address, source in fresh if address in own]
            self.mails.setdefault(carrier, []).extend(sorted(read))

    def look_around(self, stage: str) -> None:
        """Call, as every carrier, every route that it may read, with every identifier that it could try."""
        if self.only_the_story:
            return
        for carrier, route in product(self.carriers, carrier_routes("GET")):
            for kinds, path in list(self._paths(carrier, route, stage)):
                answer = self.observe(carrier, stage, "GET", path)
                if answer.status_code in _REFUSALS:
                    self.refused[carrier, route.path].add(kinds)

    def _paths(self, carrier: str, route: APIRoute, stage: str) -> Iterator[tuple[tuple[str, ...], str]]:
        """Yield the route's paths with what the carrier knows: per kind the newest id, the buyer's own, an unknown.

        What a route refused before is tried again at the end by who is told nothing then either; the buyer's own ids
        also right after the award. Of two ids one is of the kind that the route asks for: that one decides first.
        """
        names = re.findall(r"{(\w+)}", route.path_format)
        known = {kind: values[-1] for kind, values in self.seen_ids.get(carrier, {}).items()}
        known |= {f"buyer's {number}": value for number, value in enumerate(self.buyer_ids)} | {"none": "unknown"}
        refused = self.refused.setdefault((carrier, route.path), set())
        again = stage == ENDED and carrier == LOSER
        views = {name: name for name in (*_carrier_views(), "unknown")}
        keys = known | {"a tab": "new"}
        live = {"name": views, "key": keys} if route.path.startswith("/live/") else {}
        special = {"lot": LOTS, "attachment": FILES} | live
        choices = [special.get(name, known) for name in names]
        for kinds in product(*choices):
            buyers = stage == AWARDED and any(kind.startswith("buyer's") for kind in kinds)
            if kinds in refused and not again and not buyers:
                continue
            if {"no lot", "no file"} & set(kinds) and not {"inv", "none"} & set(kinds):
                continue  # whose invitation it is decides before the lot does
            fitting = [OWN_KINDS.get(name, kind) == kind for name, kind in zip(names, kinds, strict=True)]
            if len(names) > 1 and not any(fitting):
                continue
            values = {name: all_[kind] for name, all_, kind in zip(names, choices, kinds, strict=True)}
            once = ONCE.get(route.path, "?once=true" if route.path.startswith("/live/") else "")
            path = route.path_format.format(**values)
            yield kinds, path + once
            if path == "/search":
                yield from ((kinds, f"{path}?q={typed}") for typed in SEARCHED)


def differences(one: Sequence[Observed], other: Sequence[Observed]) -> list[str]:
    """Return what of two worlds' observations tells them apart, each with the first place where it does."""
    if [what for what, _ in one] != [what for what, _ in other]:
        return ["not the same was looked at"]
    return [
        f"{what}: {_apart(mine, others)}"
        for (what, mine), (_, others) in zip(one, other, strict=True)
        if mine != others
    ]


def plain_digests(world: World) -> set[str]:
    """Return what looks random to us and is a plain digest of something that a carrier could guess of the buyer."""
    buyer = world.buyer
    known = [buyer.name, buyer.person, buyer.email, buyer.phone, *buyer.numbers.values(), *buyer.streets]
    spelled = {form(text).encode() for text in known for form in (str, str.lower, str.upper, str.casefold)}
    guessed = {hashing(text).hexdigest() for text in spelled for hashing in _DIGESTS}
    return guessed & {value for names in world.names.values() for value in names}


_DIGESTS: tuple[Callable[[bytes], Any], ...] = (
    hashlib.sha256,
    hashlib.sha3_256,
    hashlib.blake2s,
    lambda text: hashlib.blake2b(text, digest_size=32),
)


def _apart(mine: str, others: str) -> str:
    pairs = enumerate(zip(mine, others, strict=False))
    place = next((number for number, (one, other) in pairs if one != other), min(len(mine), len(others)))
    around = slice(max(0, place - 60), place + 60)
    return f"{mine[around]!r} and {others[around]!r}"


def _body(answer: Response) -> str:
    """Return an answer's body so that no byte of it is lost: a workbook by its parts, other files byte by byte."""
    if _is_text(answer):
        return answer.text
    content = answer.content
    if not zipfile.is_zipfile(BytesIO(content)):
        return content.decode("latin-1")
    with zipfile.ZipFile(BytesIO(content)) as parts:
        shown = [(str(part.date_time), part.comment, part.extra, parts.read(part)) for part in parts.infolist()]
        return "\n".join(f"{name} {one}" for name, one in zip(parts.namelist(), shown, strict=True))


def _is_text(answer: Response) -> bool:
    return bool(READABLE.search(answer.headers.get("content-type", "text/")))


def _decoded(payload: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def _unpacked(answer: Response) -> dict[str, str]:
    """Return an answer's headers as if it had travelled unpacked, and nothing had been measured.

    The packed length hangs on the random ids in the text; it is a function of the text and of nothing else.
    """
    headers = dict(answer.headers)
    if headers.get("content-encoding") == "gzip":
        assert headers["content-length"] == str(len(packing.pack(answer.content)))
        headers["content-length"] = str(len(answer.content))
    measured = sum(len(figure) for figure in MEASURED.findall(answer.text)) if _is_text(answer) else 0
    if measured and "content-length" in headers:
        headers["content-length"] = str(int(headers["content-length"]) - measured)
    return headers


def address_of(carrier: str) -> str:
    """Return the address of a carrier's user."""
    return f"desk@{carrier.split(maxsplit=1)[0].lower()}.example"


def phone_of(carrier: str) -> str:
    """Return the number that a carrier's user reads texts at."""
    return f"+1206555010{CARRIERS.index(carrier)}"


def _choose(world: World, carrier: str) -> None:
    """Let a carrier's user be texted what mails tell, too, and the second carrier read German."""
    who = world.carriers[carrier]
    chosen = world.call(who, "GET", "/notices/preferences", 200)
    chosen = {name: chosen[name] for name in PreferencesBody.model_fields if name in chosen}
    chosen |= {"texts": dict.fromkeys(chosen["texts"], "needed"), "language": "de" if carrier == CARRIERS[1] else "en"}
    world.call(who, "PUT", "/notices/preferences", 200, json=chosen)
    confirmed = sql(
        "INSERT INTO market.phone_numbers (user_id, organization_id, number, set_at, confirmed_at, code, code_attempts)"
        " SELECT id, organization_id, :number, :at, :at, '', 0 FROM identity.users WHERE email = :email"
    )
    with as_owner(world.market) as connection:
        at = {"at": world.clock.now}
        connection.execute(confirmed, at | {"number": phone_of(carrier), "email": address_of(carrier)})


def _read_mail(source: str) -> str:
    """Return a mail as its reader gets it, headers and both parts, without what is random in any world."""
    message = message_from_string(source, policy=default)
    headers = [f"{name}: {value}" for name, value in message.items()]
    parts = [str(part.get_content()) for part in message.walk() if not part.is_multipart()]
    return RANDOM_IN_MAIL.sub("<random>", OTHER_RANDOM.sub("<random>", ID.sub("<random>", "\n".join(headers + parts))))


def _carrier_views() -> list[str]:
    return [view.name for view in streams.VIEWS.values() if Kind.PROVIDER in view.kinds]


def carrier_routes(method: str) -> list[APIRoute]:
    """Return the application's routes that admit a carrier or anybody: a new one is part of the proof by existing."""
    return [
        route
        for route in routes()
        if method in route.methods
        and not route.path.startswith(KNOW_NO_REQUEST)
        and any(not policy.kinds or Kind.PROVIDER in policy.kinds for policy in policies(route.dependant))
    ]


def begin_world(  # noqa: PLR0917 - what a world is made of, in the same order everywhere
    buyer: Buyer,
    database: Database,
    settings: Settings,
    client_stack: Any,
    carriers: Sequence[str] = CARRIERS,
    webhook: str = "https://93.184.216.34/hook",
) -> World:
    """Return a world of carriers with filters, terms, footprints and webhooks; by default nothing is really sent."""
    clock = StagedClock(NOON)
    market = empty_market(database, settings, clock)
    client = client_stack(TestClient(create_app(market), raise_server_exceptions=False))
    world = World(buyer, market, clock, client, a_user(market, Kind.PLATFORM))
    for number in range(buyer.registered_before):
        _register(world, f"Decoy {number}", f"decoy{number}@decoy.example", "Dee Coy")
    for name in carriers:
        email = address_of(name)
        body = {"name": name, "contact_name": "Sam Ray", "contact_email": email}
        registered = client.post("/providers", json=body).json()
        provider_id = registered["provider"]["id"]
        world.call(world.admin, "POST", f"/providers/{provider_id}/approve", 200, json={"reason": "licensed carrier"})
        first = sign_in(client, email, registered["initial_password"])
        change = {"current_password": registered["initial_password"], "new_password": PASSWORD}
        client.post("/me/password", json=change, headers=first).raise_for_status()
        world.carriers[name] = sign_in(client, email, PASSWORD)
        _choose(world, name)
        criteria = {"service_types": ["data"], "territory": {"states": ["US-WA"]}}
        world.observe(name, "begin", "POST", "/filters", json={"name": "Washington", "criteria": criteria})
        world.observe(name, "begin", "POST", "/terms", json={"title": "Terms", "text": f"Terms of {name}."})
        lit = "kind,service_types,down_mbps,postal_code,country\non-net,data,1000,98101,US\n"
        # what is, or would be, sent stands in its log
        world.call(world.carriers[name], "POST", "/webhooks", 201, json={"url": webhook})
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
    request = world.call(user, "POST", "/requests", 201, json=parts(world, site_ids, closes_in))
    world.buyer_ids += [request["id"], site_ids[0]]
    for name, file in attached(buyer):
        again = {"If-Match": f'"{request["revision"]}"'}
        at = f"/requests/{request['id']}/attachments"
        request = world.call(user, "POST", at, 201, files={"file": (name, file)}, headers=again)
    # what the buyer looks up is nowhere among what the carriers observe
    found = world.call(user, "POST", f"/requests/{request['id']}/availability", 200, json={})
    counted = len(world.carriers) if len(world.carriers) == len(CARRIERS) else 0  # fewer are not counted
    assert found["places"][0]["on_net"] == counted
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


def attached(buyer: Buyer) -> Iterator[tuple[str, bytes]]:
    """Yield files that say the same to a reader, and by their metadata who made them."""
    source = f'#set document(author: "{buyer.name}", keywords: "{buyer.email}")\nTwo risers, one shaft.'
    yield "risers.pdf", typst.compile(source.encode())
    book, written = Workbook(), BytesIO()
    book.properties.creator = buyer.person
    book.create_sheet("Racks").append(["floor", "racks"])
    book.save(written)
    yield "racks.xlsx", written.getvalue()


def parts(world: World, site_ids: list[str], closes_in: timedelta) -> dict[str, Any]:
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


def question(world: World) -> dict[str, str]:
    """Let every carrier ask, also what it may not, and guess who the buyer is; return each one's question by id."""
    asked = {}
    for number, carrier in enumerate(CARRIERS):
        invitation = world.call(world.carriers[carrier], "GET", "/invitations", 200)["items"][0]["id"]
        path = f"/invitations/{invitation}/questions"
        for words in (f"Write to desk{number}@carrier.example.", f"We at {carrier} ask.", "Is the riser ours to use?"):
            world.clock.now += timedelta(seconds=1)
            answer = world.observe(carrier, "asking", "POST", path, json={"text": words})
        asked[carrier] = str(answer.json()["id"])
        for guess in (NORTHWIND, ZEBEDEE):
            said = {"text": f"Are you {guess.name}?"}
            world.clock.now += timedelta(seconds=1)
            assert world.observe(carrier, "asking", "POST", path, json=said).status_code == HTTPStatus.CREATED
    return asked


def explain(world: World, request_id: str, asked: dict[str, str]) -> None:
    """Let the buyer answer one carrier, change that, decline another's question, and clarify; the platform announces.

    What names the buyer is refused and leaves no trace; the guesses are left alone.
    """
    user, at = world.buyer_user, f"/requests/{request_id}"
    assert user is not None
    first, second, _third = (asked[carrier] for carrier in CARRIERS)
    named = {"text": f"Ask {world.buyer.name}."}
    world.call(user, "POST", f"{at}/questions/{first}/answer", 409, json=named)
    world.call(user, "POST", f"{at}/questions/{first}/answer", 200, json={"text": "Yes, it is yours."})
    again = {"If-Match": '"1"'}
    world.call(user, "PUT", f"{at}/questions/{first}/answer", 200, json={"text": "It is shared."}, headers=again)
    world.call(user, "POST", f"{at}/questions/{second}/decline", 200, json={"reason": "It was answered before."})
    world.clock.now += timedelta(seconds=1)
    world.call(user, "POST", f"{at}/clarifications", 201, json={"text": "The roof is closed in winter."})
    world.call(world.admin, "POST", f"/auctions/{request_id}/announcements", 409, json=named)
    announced = {"text": "The platform is slow today: we watch."}
    world.call(world.admin, "POST", f"/auctions/{request_id}/announcements", 201, json=announced)
    world.clock.now += timedelta(seconds=1)
    paused = {"reason": "The specification is being corrected."}
    world.call(world.admin, "POST", f"/auctions/{request_id}/pause", 200, json=paused)
    world.clock.now += timedelta(seconds=1)
    world.call(world.admin, "POST", f"/auctions/{request_id}/resume", 200, json={"reason": "It stands corrected."})


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
