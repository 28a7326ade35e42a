"""Every page of the inventory: light enough to load, and usable by everybody, in both themes and at two widths.

The pages are found by following the links of the demo market, so a new page is looked at without being listed here.
What no link of the demo market leads to is listed below, with the test that looks at it.
"""

import ast
import re
from collections import defaultdict, deque
from dataclasses import dataclass, field
from html import unescape
from itertools import islice, product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi.routing import APIRoute
from playwright.sync_api import CDPSession, Page, expect

from marketplace.kernel.access import Kind
from tests.house.plan import policies, routes
from tests.terminals.conftest import (
    ADMIN,
    BUYER,
    CARRIER,
    PATIENCE_MS,
    Open,
    Site,
    faults_everywhere,
)
from tests.terminals.test_wizard_pages import begun

expect.set_options(timeout=PATIENCE_MS)

KB = 1024
LARGEST_LOAD, LARGEST_SCRIPTS, LARGEST_DOCUMENT = 150 * KB, 25 * KB, 60 * KB
"""Bytes over the wire for who comes for the first time, with nothing kept; of scripts without the answers' heads."""
LAPTOP = 1280
"""Pixels of a small laptop's width, on which tables still show all their columns; sheets to type in may scroll."""
LOOKED_AT_OF_EACH = 2
"""Of pages that differ only in what they show, so many are looked at; the largest of them is weighed."""
TRIED_OF_EACH = 60
"""Of a page that no link leads to, so many addresses are tried, made of the ids in the addresses of the others."""
WITH_CONTRACTS = "marisol.tennant@kestrelridge.example"
WITH_A_LOSS = "theodora.lindqvist@orbcanto.example"
PEOPLE = {"anybody": ("",), "buyer": (WITH_CONTRACTS, BUYER), "carrier": (CARRIER, WITH_A_LOSS), "admin": (ADMIN,)}
"""Who looks: pages that the first account of a role has nothing for are looked at by the next one."""
HOMES = {"anybody": "/", "buyer": "/b", "carrier": "/c", "admin": "/o"}
KINDS = {"buyer": Kind.BUYER, "carrier": Kind.PROVIDER, "admin": Kind.PLATFORM}

NO_PAGES = {
    "/static/{version}/{name:path}": "a file",
    "/t/{notice_id}": "leads on to a page of the marketplace",
    "/b/requests/{request_id}/auction/ways": "a part of a page",
    "/b/requests/{request_id}/award/ways": "a part of a page",
    "/b/requests/{request_id}/compare/ways": "a part of a page",
    "/tour/buyer/auction/live": "a part of a page",
    "/tour/carrier/auction/live": "a part of a page",
    "/live/{name}/{key}": "a stream",
    "/docs": "leads on to the guide",
    "/help": "leads on to the guide",
    "/help/_images/{name}": "a picture",
    "/b/requests/{request_id}/preview.json": "a file",
    "/b/requests.{form}": "a file",
    "/b/requests/{request_id}/compare.csv": "a file",
    "/b/requests/{request_id}/compare.xlsx": "a file",
    "/b/requests/{request_id}/edit": "leads on to a step of the wizard",
    "/c/inbox.{form}": "a file",
    "/c/bids.{form}": "a file",
    "/c/coverage/versions/{number}/file": "a file",
    "/c/terms/{terms_id}/file": "a file",
    "/c/invitations/{invitation_id}/receipts/{bid_id}": "a file",
    "/o/verifications/{buyer_id}/documents/{document_id}": "a file",
    "/o/audit/export": "a file",
    "/o/mailbox/{mail_id}/html": "what a mail program shows",
    "/health/live": "for what watches over processes",
    "/health/ready": "for what watches over processes",
}
"""GET routes of the terminals that answer no page of ours, and what they answer instead."""

_TOUR = ("tour/test_tour_in_a_browser.py", "test_everybody_can_use_the_pages")
_AUCTION = ("test_auction_pages.py", "test_pages_are_readable_by_all_in_both_themes_and_at_both_widths")
_WEBHOOK = ("test_webhook_pages.py", "test_an_admin_adds_a_webhook_tries_it_and_looks_into_its_log")
_MAIL = ("test_mail_pages.py", "test_the_platform_looks_into_the_mailbox_and_at_deliveries")
ELSEWHERE = {
    "/kit": ("test_kit.py", "test_every_macro_has_no_fault_that_axe_knows_and_never_scrolls_sideways"),
    "/help/{name}.html": ("test_guide.py", "test_the_guide_is_for_everybody"),
    "/confirm-address/{token}": _MAIL,
    "/n/{token}": _MAIL,
    "/unsubscribe/{token}": _MAIL,
    "/account/webhooks/{webhook_id}": _WEBHOOK,
    "/account/webhooks/{webhook_id}/messages/{delivery_id}": _WEBHOOK,
    "/b/requests/{request_id}/auction/final-offers": _AUCTION,
    "/b/requests/{request_id}/auction/withdrawals/{bid_id}": _AUCTION,
    "/b/requests/{request_id}/award/scenarios/{scenario_id}": (
        "test_award_pages.py",
        "test_own_way_is_saved_renamed_and_removed",
    ),
    **dict.fromkeys(
        (f"/tour/buyer/{part}" for part in ("need", "anonymity", "rules", "auction", "award", "result")), _TOUR
    ),
    **dict.fromkeys((f"/tour/carrier/{part}" for part in ("inbox", "request", "sheet", "auction", "result")), _TOUR),
}
"""Pages that no link of the demo market leads to, and the test that looks at each with the same eyes."""


def page_routes() -> list[APIRoute]:
    """Return the routes that answer a page."""
    own = [one for one in routes() if "GET" in (one.methods or ()) and not one.include_in_schema]
    return [route for route in own if route.path not in NO_PAGES]


ROUTES = page_routes()


def kind_of(address: str) -> str:
    """Return the path of the route that an address belongs to; empty: it is no page."""
    path = urlsplit(address).path
    return next((route.path for route in ROUTES if route.path_regex.match(path)), "")


def meant_for(who: str) -> set[str]:
    """Return the pages that are looked at as a role: its own ones; those for anybody are looked at as nobody."""
    found = set()
    for route in ROUTES:
        (policy,) = policies(route.dependant)
        if KINDS.get(who) in policy.kinds if policy.kinds else who == "anybody":
            found.add(route.path)
    return found


class Walk:
    """Finds the addresses of the pages of a role: of each kind the one that the server has most to say on."""

    def __init__(self, site: Site, email: str) -> None:
        cookie = site.cookie_of(email) if email else None
        cookies = {cookie["name"]: cookie["value"]} if cookie else {}
        self.client = httpx.Client(base_url=site.url, cookies=cookies, timeout=60, follow_redirects=True)
        self.largest: dict[str, tuple[int, str]] = {}
        self.seen: dict[str, int] = defaultdict(int)
        self.ids: dict[str, dict[str, None]] = defaultdict(dict)

    def follow_links(self, homes: list[str]) -> None:
        """Look at these pages, and at all that the links of the others lead to."""
        waiting, known = deque(homes), set(homes)
        while waiting:
            for found in self._look(waiting.popleft()):
                if found not in known:
                    known.add(found)
                    waiting.append(found)

    def try_others(self, wanted: set[str]) -> None:
        """Look for pages that no link led to, at addresses made of the ids that stood in those of other pages."""
        for path in sorted(wanted - set(self.largest)):
            names = re.findall(r"{(\w+)}", path)
            for ids in islice(product(*(self.ids[name] for name in names)), TRIED_OF_EACH):
                self._look(path.format(**dict(zip(names, ids, strict=True))))
                if path in self.largest:
                    break

    def _look(self, address: str) -> list[str]:
        """Look at a page unless enough of its kind are known, and return the links in it."""
        kind = kind_of(address) or (urlsplit(address).path if address.endswith("/edit") else "")
        if not kind or self.seen[kind] >= LOOKED_AT_OF_EACH:
            return []
        self._keep_ids(address)
        answer = self.client.get(address)
        kind = kind_of(str(answer.url))
        if answer.status_code != httpx.codes.OK or "<html" not in answer.text[:200] or not kind:
            return []
        self.seen[kind] += 1
        self.largest[kind] = max(self.largest.get(kind, (0, "")), (len(answer.content), _address_of(answer.url)))
        return [unescape(link) for link in re.findall(r'\shref="(/[^"#]*)', answer.text)]

    def _keep_ids(self, address: str) -> None:
        for route in routes():
            if found := route.path_regex.match(urlsplit(address).path):
                for name, value in found.groupdict().items():
                    self.ids[name][value] = None


def _address_of(url: httpx.URL) -> str:
    return url.raw_path.decode()


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


def tables_cut_off(page: Page) -> list[str]:
    """Return the tables of which a part stands beyond their card on a laptop. The page is left that wide."""
    page.set_viewport_size({"width": LAPTOP, "height": 900})
    cut = "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText.slice(0, 60))"
    return page.locator("div.scroll:has(> table)").evaluate_all(cut)  # type: ignore[no-any-return]


def test_pages_that_no_link_leads_to_are_looked_at_by_the_tests_named_here() -> None:
    known = {route.path for route in ROUTES}
    assert not set(ELSEWHERE) - known, "no such page"
    assert not set(NO_PAGES) & known
    tests = Path(__file__).parent
    for path, (module, name) in ELSEWHERE.items():
        tree = ast.parse((tests / module).read_text(encoding="utf-8"))
        own = [part for part in tree.body if isinstance(part, ast.FunctionDef) and part.name == name]
        assert own, f"{module} has no {name}, which looks at {path}"
        assert "faults_" in ast.unparse(own[0]), f"{name} does not look for faults of {path}"


@pytest.mark.parametrize("who", PEOPLE)
def test_every_page_is_light_and_can_be_used_by_everybody(site: Site, open_page: Open, who: str) -> None:
    wanted = meant_for(who) - set(ELSEWHERE)
    faults = []
    for email in PEOPLE[who]:
        page = open_page("/kit", email)
        homes = [HOMES[who]]
        if who == "buyer":
            homes.append(f"{begun(page, site, 'A draft leads to the steps of the wizard')}/sites/S1")
        walk = Walk(site, email)
        walk.follow_links(homes)
        walk.try_others(wanted)
        scales = Scales(page.context.new_cdp_session(page))
        for kind in sorted(wanted & set(walk.largest)):
            address = walk.largest[kind][1]
            if kind.startswith("/account/") and who != "buyer":
                continue  # the same for all kinds of accounts: the others' answer, which is enough
            page.goto(address, wait_until="load")
            expect(page.locator("h1").first).to_be_attached()
            faults += scales.faults(address)
            faults += [f"{address}: {fault}" for fault in faults_everywhere(page)]
            faults += [f"{address}: {table} hides columns at {LAPTOP} px" for table in tables_cut_off(page)]
        wanted -= set(walk.largest)
        walk.client.close()
    assert not faults, "\n".join(faults)
    assert not wanted, f"no link leads there, and no test named in ELSEWHERE looks at it: {sorted(wanted)}"
