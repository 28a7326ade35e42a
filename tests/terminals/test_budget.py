"""What a page may cost: bytes until it stands, counted by the browser, and statements, however many rows it shows."""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from playwright.sync_api import CDPSession, expect
from sqlalchemy import event

from marketplace.kernel.clock import StagedClock
from marketplace.kernel.db import Database
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from sellers import service as sellers
from tests.factories import SignedIn
from tests.house.plan import routes
from tests.security.made import Stage
from tests.stories.made import Story, begin
from tests.terminals.conftest import ADMIN, BUYER, CARRIER, PATIENCE_MS, Open, Site
from tests.terminals.test_wizard_pages import begun

expect.set_options(timeout=PATIENCE_MS)

KB = 1024
LARGEST_LOAD, LARGEST_SCRIPTS, LARGEST_DOCUMENT = 150 * KB, 25 * KB, 60 * KB
"""Bytes over the wire for who comes for the first time, with nothing kept; of scripts without the answers' heads."""
LOOKED_AT_OF_EACH = 2
"""Of pages that differ only in what they show, so many are looked at; the largest of them is weighed."""
NO_PAGES = ("/static/", "/docs", "/openapi.json", "/sign-out", "/o/mailbox/")
"""And the mails in the mailbox, which are no pages of ours but what a mail program shows."""
HOMES = {"": "/", BUYER: "/b", CARRIER: "/c", ADMIN: "/o"}
FEWEST = {"": 5, BUYER: 25, CARRIER: 15, ADMIN: 15}
"""How many different pages of each the demo market leads to, at least."""


def pages_of(site: Site, email: str) -> list[str]:
    """Return the addresses of all pages that the links of the others lead to: of each kind the largest one."""
    kinds = [route for route in routes() if "GET" in (route.methods or ())]
    cookie = site.cookie_of(email) if email else None
    largest: dict[str, tuple[int, str]] = {}
    seen: dict[str, int] = defaultdict(int)
    waiting, known = deque([HOMES[email]]), {HOMES[email]}
    cookies = {cookie["name"]: cookie["value"]} if cookie else {}
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=60) as client:
        while waiting:
            address = waiting.popleft()
            kind = kind_of(address, kinds)
            if not kind or seen[kind] >= LOOKED_AT_OF_EACH:
                continue
            seen[kind] += 1
            answer = client.get(address)
            if answer.status_code != httpx.codes.OK or "<html" not in answer.text[:200]:
                continue
            largest[kind] = max(largest.get(kind, (0, "")), (len(answer.content), address))
            for link in re.findall(r'\shref="(/[^"#]*)', answer.text):
                if (found := unescape(link)) not in known:
                    known.add(found)
                    waiting.append(found)
    return [address for _, address in largest.values()]


def kind_of(address: str, kinds: list[APIRoute]) -> str:
    """Return the path of the route that an address belongs to; empty: it is no page."""
    path = urlsplit(address).path
    if path.startswith(NO_PAGES):
        return ""
    return next((route.path for route in kinds if route.path_regex.match(path)), "")


@dataclass
class Scales:
    """Weighs what comes over the wire into a browser's page: compressed, with headers, nothing kept from before."""

    session: CDPSession
    scripts: int = 0
    kinds: dict[str, str] = field(default_factory=dict)
    loaded: list[tuple[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        self.session.on("Network.responseReceived", self._answered)
        self.session.on("Network.loadingFinished", self._finished)

    def _answered(self, told: dict[str, Any]) -> None:
        self.kinds[told["requestId"]] = told["type"]
        if told["type"] == "Script":
            self.scripts += int(told["response"]["headers"].get("content-length", LARGEST_SCRIPTS))

    def _finished(self, told: dict[str, Any]) -> None:
        self.loaded.append((self.kinds.get(told["requestId"], "Other"), told["encodedDataLength"]))

    def faults(self, address: str) -> list[str]:
        """Return how what was loaded since the last call is too heavy."""
        weight: dict[str, float] = defaultdict(float)
        for kind, size in self.loaded:
            weight[kind] += size
        limits: tuple[tuple[str, float, int], ...] = (
            ("in all", sum(weight.values()), LARGEST_LOAD),
            ("of scripts", self.scripts, LARGEST_SCRIPTS),
            ("of its document", weight["Document"], LARGEST_DOCUMENT),
        )
        assert weight["Document"], f"{address} was not weighed"
        assert self.scripts, f"the scripts of {address} were not weighed"
        self.loaded.clear()
        self.scripts = 0
        return [f"{address}: {size / KB:.1f} KB {what}" for what, size, most in limits if size > most]


@pytest.mark.parametrize("email", HOMES, ids=["anybody", "buyer", "carrier", "admin"])
def test_every_page_comes_within_its_bytes(site: Site, open_page: Open, email: str) -> None:
    page = open_page("/kit", email)
    if email == BUYER:
        begun(page, site, "A draft leads to the steps of the wizard")
    addresses = pages_of(site, email)
    assert len(addresses) >= FEWEST[email], addresses
    scales = Scales(page.context.new_cdp_session(page))
    faults = []
    for address in addresses:
        page.goto(address, wait_until="load")
        expect(page.locator("h1").first).to_be_attached()
        faults += scales.faults(address)
    assert faults == [], "\n".join(faults)


# ---- statements

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}
LISTS = {
    "buyer": ("/b", "/b/requests", "/b/contracts", "/b/sites", "/b/availability", "/account/notices"),
    "carrier": ("/c", "/c?tab=bidding", "/c?tab=ended", "/c/bids", "/c/contracts", "/c/filters", "/account/notices"),
    "admin": ("/o", "/o/auctions", "/o/auctions?state=over", "/o/organizations", "/o/reveals", "/o/audit"),
}
OF_A_REQUEST = {
    "buyer": (
        "/b/requests/{request}",
        *(f"/b/requests/{{request}}/{part}" for part in ("questions", "auction", "preview")),
    ),
    "carrier": (
        "/c/invitations/{invitation}",
        *(f"/c/invitations/{{invitation}}/{part}" for part in ("bid", "auction")),
    ),
    "admin": ("/o/auctions/{request}", "/o/requests/{request}/matching"),
}
AFTER_ITS_CLOSE = {
    "buyer": tuple(f"/b/requests/{{request}}/{part}" for part in ("auction", "compare", "award", "award?by=lot")),
    "carrier": ("/c/invitations/{invitation}/auction",),
    "admin": ("/o/auctions/{request}",),
}
SLACK = 2
"""Statements that a page with more to show may need besides, such as for a warning that the other has no cause for."""


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Collect the statements that are sent to the database meanwhile."""
    sent: list[str] = []

    def heard(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    engines = (database.app, database.carrier, database.desk)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", heard)
    try:
        yield sent
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", heard)


@dataclass
class Counting:
    """Looks at pages as different people, and counts the statements of each."""

    stage: Stage
    carrier: SignedIn

    def pages(self, kinds: dict[str, tuple[str, ...]], **ids: str) -> dict[str, list[str]]:
        """Return the statements that each page takes when it is looked at for the second time."""
        people = {"buyer": self.stage.buyer, "carrier": self.carrier, "admin": self.stage.admin}
        found = {}
        for who, paths in kinds.items():
            for path in paths:
                address = path.format(**ids)
                for _ in range(2):
                    with statements(self.stage.market.database) as sent:
                        answer = self.stage.call(people[who], "GET", address, follow_redirects=False)
                    assert answer.status_code == httpx.codes.OK, f"{address}: {answer.status_code} {answer.text[:300]}"
                found[f"{who} {path}"] = sent
        return found


def more_than(before: dict[str, list[str]], after: dict[str, list[str]]) -> list[str]:
    """Return the pages that took more statements than before, with what they asked most often."""
    return [
        f"{path}: {len(before[path])} -> {len(sent)}, {Counter(sent).most_common(4)}"
        for path, sent in after.items()
        if len(sent) > len(before[path]) + SLACK
    ]


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def _play(stage: Stage, bidders: str, lots: int) -> Story:
    story = begin(stage, RACE, bidders, lots)
    with stage.market.workshop.reading() as reading:
        received = {
            one.provider_id: one.id for one in sellers.invitations_of_request(reading, RequestId(story.request_id))
        }
    for name, carrier in story.carriers.items():
        story.invitations[name] = received[carrier.principal.organization_id]
    for number, name in enumerate(bidders):
        for lot in range(1, lots + 1):
            story.bid(name, f"{15000 - number * 500}.00", f"T{lot}")
    return story


def test_pages_ask_the_database_as_often_for_many_rows_as_for_few(stage: Stage) -> None:
    small = _play(stage, "AB", 2)
    watching = Counting(stage, small.carriers["A"])
    few = watching.pages(LISTS) | watching.pages(
        OF_A_REQUEST, request=small.request_id, invitation=small.invitations["A"]
    )
    large = _play(stage, "CDEF", 9)
    for _ in range(4):
        stage.publish()
    many = watching.pages(LISTS)
    watching.carrier = large.carriers["C"]
    many |= watching.pages(OF_A_REQUEST, request=large.request_id, invitation=large.invitations["C"])
    assert (faults := more_than(few, many)) == [], "\n".join(faults)

    stage.close()
    watching.carrier = small.carriers["A"]
    few = watching.pages(AFTER_ITS_CLOSE, request=small.request_id, invitation=small.invitations["A"])
    watching.carrier = large.carriers["C"]
    many = watching.pages(AFTER_ITS_CLOSE, request=large.request_id, invitation=large.invitations["C"])
    assert (faults := more_than(few, many)) == [], "\n".join(faults)
