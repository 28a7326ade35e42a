"""The user guide: it builds without a warning, its examples and pictures are of today, and none of its links is dead.

``WRITE_GUIDE=1 .venv/bin/pytest tests/terminals/test_guide.py`` makes the examples and the pictures anew.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from playwright.sync_api import expect

from buyers.desk import service as desk
from marketplace.identity.tables import UserRow
from marketplace.kernel.access import Kind
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.terminals.public import guide
from notifications.webhooks import rules
from notifications.webhooks.sending import Courier
from sellers import service as sellers
from tests.anonymity.made import CARRIERS, ID, NORTHWIND, World, ask, begin_world
from tests.factories import PASSWORD
from tests.terminals.auction_made import ENGLISH, Auction, an_auction, user_of
from tests.terminals.conftest import ADMIN, BUYER, CARRIER, Open, Site, faults_of, is_too_wide

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "guide"
WRITING = bool(os.environ.get("WRITE_GUIDE"))
WITH_A_DRAFT = "marisol.tennant@kestrelridge.example"
MOST_PICTURES, LARGEST_PICTURE = 12, 150_000
_LINK = re.compile(r'href="([^"]+)"')
_PICTURE = re.compile(r'src="_images/([^"]+)"')
_LONGEST_ANSWER = 36
"""Lines; what is left out of a longer one is said."""
_HEADERS = ("etag", "location", "retry-after")
_SECRET = re.compile(r'"(access_token|refresh_token|secret|password)": "[^"]+"')
HOOK = "https://93.184.216.34/hook"
"""An address that needs no look-up; in the example stands a name."""
_PLACEHOLDERS = (
    (re.compile(re.escape(HOOK)), "https://hooks.your-company.example/tenderline"),
    (re.compile(r"v1,[A-Za-z0-9+/=]+"), "v1,<signature>"),
    (re.compile(r"Buyer [A-Z][0-9]-[0-9]{3}"), "Buyer K7-204"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "<sha256>"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "<token>"),
    # a token is signed by the machine's clock, not by the market's
    (re.compile(r'"access_expires_at": "[^"]+"'), '"access_expires_at": "2026-11-02T12:10:00Z"'),
    (re.compile(r"<usr id>@example.com"), "you@your-company.example"),
    (re.compile(r'"prefix": "tlk_[\w-]+"'), '"prefix": "tlk_4kQx7b"'),
)


def build(folder: Path) -> str:
    """Build the guide into a folder; return what Sphinx complains of."""
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "pieces", "-d", str(folder / "trees"), str(SOURCE)]
    built = subprocess.run([*command, str(folder / "guide")], capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    return built.stdout + built.stderr


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("guide")
    said = build(folder)
    return folder / "guide", said


@pytest.fixture
def shown(built: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> guide.Guide:
    """The guide that was just built, served."""
    monkeypatch.setattr(guide, "FOLDER", built[0])
    return guide.guide_of(built[0])


# ---- examples


class Recorder:
    """Calls the API and writes down what was said, without what is another one each time."""

    def __init__(self, client: TestClient) -> None:
        self._client = client
        self.told: dict[str, str] = {}

    def call(
        self, name: str, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None, **options: Any
    ) -> Response:
        """Call a route; with a ``name`` the example of that name is what was asked and answered."""
        answer = self._client.request(method, path, headers=headers, json=body, **options)
        if name:
            self.told[name] = _normalised(_asked(method, path, headers, body) + "\n" + _answered(answer))
        return answer


def _asked(method: str, path: str, headers: dict[str, str] | None, body: Any) -> str:
    lines = [f"{method} {path} HTTP/1.1"]
    if headers:
        lines.append("Authorization: Bearer <token>")
    if body is None:
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, "Content-Type: application/json", "", json.dumps(body, indent=2), ""])


def _answered(answer: Response) -> str:
    lines = [f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}"]
    lines += [f"{name.title()}: {answer.headers[name]}" for name in _HEADERS if name in answer.headers]
    body = json.dumps(answer.json(), indent=2).splitlines()
    if len(body) > _LONGEST_ANSWER:
        body[_LONGEST_ANSWER - 2 : -1] = ["  …"]
    return "\n".join([*lines, f"Content-Type: {answer.headers['content-type']}", "", *body, ""])


def _normalised(text: str) -> str:
    text = ID.sub(lambda found: f"<{found['kind']} id>", text)
    text = _SECRET.sub(lambda found: f'"{found[1]}": "<{found[1].replace("_", " ")}>"', text)
    for pattern, word in _PLACEHOLDERS:
        text = pattern.sub(word, text)
    return text


@pytest.fixture(scope="module")
def told(database: Database, settings: Settings, request: pytest.FixtureRequest) -> dict[str, str]:
    """The examples by name, from real calls: a buyer drafts, a carrier reads its inbox and tries a bid."""

    def keep(client: TestClient) -> TestClient:
        client.__enter__()
        request.addfinalizer(lambda: client.__exit__(None, None, None))
        return client

    world = begin_world(NORTHWIND, database, settings, keep)
    world.look_around = lambda _stage: None  # type: ignore[method-assign] # the proof of two worlds looks around
    ask(world, timedelta(days=2))
    recorder = Recorder(world.client)
    _as_buyer(world, recorder)
    _as_carrier(world, recorder)
    return recorder.told


def _as_buyer(world: World, recorder: Recorder) -> None:
    user = world.buyer_user
    assert user is not None
    recorder.call("sign-in", "POST", "/sessions", body={"email": user.email, "password": PASSWORD})
    key = {"name": "purchasing system", "scopes": ["read", "requests"]}
    recorder.call("api-key", "POST", "/me/api-keys", user.headers, key)
    place = {"country": "US", "state": "WA", "city": "Spokane", "postal_code": "99201", "street": "100 Main Avenue"}
    site = recorder.call("site", "POST", "/sites", user.headers, {"label": "Branch office", **place}).json()
    line = {"service_type": "data.dedicated-internet-access", "features": [{"code": "bandwidth_mbps", "value": 200}]}
    draft = {
        "title": "Internet access for a branch office",
        "sites": [{"ref": "S1", "site_id": site["id"]}],
        "lines": [{"ref": "L1", "site": "S1", **line}],
        "schedule": {"closes_at": (world.clock.now + timedelta(days=5)).isoformat()},
    }
    recorder.call("draft", "POST", "/requests", user.headers, draft)
    wrong = draft | {"lines": [{"ref": "L1", "site": "S9", "service_type": "data.pigeon-post"}]}
    recorder.call("problem", "POST", "/requests", user.headers, wrong)


def _as_carrier(world: World, recorder: Recorder) -> None:
    who = world.carriers[CARRIERS[0]]
    items = recorder.call("inbox", "GET", "/invitations?limit=1", who).json()["items"]
    terms = recorder.call("", "GET", "/terms", who).json()["items"]
    lots = [{"lot": "T1", "lines": [{"line": "L1", "mrc": "450.00"}]}]
    body = {"request_version": 1, "terms_id": terms[0]["id"], "term_months": 36, "lots": lots}
    recorder.call("bid", "POST", f"/invitations/{items[0]['id']}/bids/dry-run", who, body)
    recorder.call("feed", "GET", "/events?limit=1", who)
    wanted = {"url": HOOK, "description": "order system", "events": ["provider.invited", "award.won"]}
    recorder.call("webhook", "POST", "/webhooks", who, wanted)
    recorder.told["webhook-message"] = _message(world)


def _message(world: World) -> str:
    """What is sent to a carrier's webhook."""
    message = next(one for one in Courier().take(world.market.workshop) if one.event == "provider.invited")
    headers = {"host": "hooks.your-company.example"} | rules.headers_of(message, "https://tenderline.example")
    body = json.dumps(json.loads(message.body), indent=2)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return _normalised("\n".join(["POST /tenderline HTTP/1.1", *lines, "", body, ""]))


def test_the_http_examples_are_what_the_api_answers(told: dict[str, str]) -> None:
    folder = SOURCE / "examples"
    if WRITING:
        for name, text in told.items():
            (folder / f"{name}.http").write_text(text, encoding="utf-8")
    kept = {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.http")}
    assert kept == told, "the API answers otherwise than the guide says: WRITE_GUIDE=1 writes the examples anew"


# ---- pictures


@pytest.fixture(scope="module")
def auctions(site: Site) -> tuple[Auction, Auction]:
    """One auction that runs and one that is over, of the demo market's buyer."""
    with ThreadPoolExecutor(1) as beside:  # bids need an event loop of their own; the browser's runs in this thread
        return beside.submit(_make_auctions, site).result()


def _make_auctions(site: Site) -> tuple[Auction, Auction]:
    buyer = user_of(site.market, BUYER, Kind.BUYER)
    running = an_auction(site.market, buyer, title="Dedicated internet for 14 stores", auction=ENGLISH)
    over = an_auction(site.market, buyer, sites=8, carriers=5, title="Dedicated internet for 8 depots", auction=ENGLISH)
    for number in range(5):
        running.bid(number)
        over.bid(number)
    for number in (0, 2, 1):
        running.bid(number, factor="0.93")
    running.spread_out()
    over.close()
    return running, over


def _invitation(auction: Auction) -> tuple[str, str]:
    """Return the path of an invitation of the auction's first carrier, and who may open it."""
    own = auction.desks[0].principal
    with auction.market.workshop.reading() as reading:
        found = sellers.invitations_of_request(reading, auction.request_id)
        row = reading.session.get(UserRow, own.user_id)
    assert row is not None
    invitation = next(one.id for one in found if one.provider_id == own.organization_id)
    return f"/c/invitations/{invitation}", row.email


def _draft(site: Site) -> str:
    buyer = user_of(site.market, WITH_A_DRAFT, Kind.BUYER)
    with site.market.workshop.reading(buyer) as reading:
        own, _ = desk.list_own(reading, None, 100)
    return next(one.id for one in own if one.status == "draft")


def _pictured(site: Site, auctions: tuple[Auction, Auction]) -> dict[str, tuple[str, str]]:
    """Return what each picture shows: a page, and who looks at it."""
    running, over = auctions
    invitation, carrier = _invitation(running)
    return {
        "wizard-sites": (f"/b/requests/{_draft(site)}/edit/sites", WITH_A_DRAFT),
        "preview": (f"{running.path}/preview", BUYER),
        "auction": (f"{running.path}/auction", BUYER),
        "compare": (f"{over.path}/compare", BUYER),
        "inbox": ("/c", carrier),
        "bid-sheet": (f"{invitation}/bid", carrier),
        "queue": ("/o", ADMIN),
        "auction-control": ("/o/auctions", ADMIN),
    }


@pytest.mark.skipif(not WRITING, reason="pictures are made anew with WRITE_GUIDE=1")
def test_the_pictures_are_made(site: Site, auctions: tuple[Auction, Auction], open_page: Open) -> None:
    for name, (path, who) in _pictured(site, auctions).items():
        page = open_page(path, who, width=1180)
        page.set_viewport_size({"width": 1180, "height": 640})
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.screenshot(path=SOURCE / "pictures" / f"{name}.png", animations="disabled")
        page.close()


def test_pictures_are_there_few_and_small(shown: guide.Guide) -> None:
    kept = {path.name: path.stat().st_size for path in (SOURCE / "pictures").iterdir()}
    used = {name for page in shown.pages.values() for name in _PICTURE.findall(page.body)}
    assert used == set(kept), "a picture is missing, or nobody looks at it"
    assert set(shown.pictures) == used
    assert len(kept) <= MOST_PICTURES
    assert not {name: size for name, size in kept.items() if size > LARGEST_PICTURE}


# ---- the built guide


def test_the_guide_builds_without_a_warning(built: tuple[Path, str]) -> None:
    assert built[1] == ""
    assert {path.suffix for path in built[0].rglob("*") if path.is_file()} == {".fjson", ".png"}


def test_every_page_of_the_guide_is_reached_in_its_order(shown: guide.Guide) -> None:
    assert list(shown.pages) == ["index", "buyer", "carrier", "platform", "anonymity", "auctions", "api", "verify"]
    assert len(list(SOURCE.glob("*.md"))) == len(shown.pages)


def test_links_within_the_guide_lead_to_what_is_there(shown: guide.Guide) -> None:
    for page in shown.pages.values():
        for link in map(unescape, _LINK.findall(page.body)):
            if link.startswith(("/", "http")):
                continue
            name, _, anchor = link.partition("#")
            target = shown.pages[name.removesuffix(".html") if name else page.name]
            assert not anchor or f'id="{anchor}"' in target.body, f"{page.name} links to {link}"


def test_the_guide_links_to_no_other_host(shown: guide.Guide) -> None:
    foreign = [link for page in shown.pages.values() for link in _LINK.findall(page.body) if link.startswith("http")]
    assert foreign == []


def test_links_to_pages_of_the_marketplace_answer(shown: guide.Guide, site: Site) -> None:
    links = {unescape(link) for page in shown.pages.values() for link in _LINK.findall(page.body) if link[0] == "/"}
    assert {"/b/requests", "/c", "/o", "/tour", "/openapi.json"} <= links
    readers = {"/c": CARRIER, "/o": ADMIN}
    for link in sorted(links):
        cookie = site.cookie_of(readers.get(link[:2] if link[2:3] in {"", "/"} else "", BUYER))
        with httpx.Client(base_url=site.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as browser:
            answer = browser.get(link, follow_redirects=True)
        assert answer.status_code == HTTPStatus.OK, link
        assert answer.url.path != "/sign-in", link


def test_pages_of_the_guide_stand_in_the_frame_and_run_no_inline_code(shown: guide.Guide, client: TestClient) -> None:
    for page in shown.pages.values():
        answer = client.get(page.href)
        assert answer.status_code == HTTPStatus.OK
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert page.title in answer.text
        assert not re.search(r"<script(?![^>]*src=)|\sstyle=|\son[a-z]+=", answer.text)


def test_the_guide_serves_what_was_built_and_nothing_else(shown: guide.Guide, client: TestClient) -> None:
    picture = next(iter(shown.pictures))
    assert client.get(f"/help/_images/{picture}").headers["content-type"] == "image/png"
    for path in ("/help/none.html", "/help/..%2fapp.html", "/help/_images/..%2f..%2fpages.py", "/help/conf.py"):
        assert client.get(path).status_code == HTTPStatus.NOT_FOUND
    assert client.get("/help", follow_redirects=False).headers["location"] == "/help/index.html"
    assert client.get("/docs", follow_redirects=False).headers["location"] == "/help/api.html"


def test_a_guide_that_is_not_built_says_how_to_build_it(
    client: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guide, "FOLDER", tmp_path)
    assert "make guide" in client.get("/help").text
    assert "make guide" in client.get("/docs").text


@pytest.mark.usefixtures("shown")
def test_the_guide_is_for_everybody(open_page: Open) -> None:
    page = open_page("/help")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for width in (1440, 390):
            page.set_viewport_size({"width": width, "height": 900})
            for name in ("index", "buyer", "api"):
                page.goto(f"/help/{name}.html")
                expect(page.get_by_role("heading", level=1)).to_be_visible()
                assert not is_too_wide(page), f"{name} at {width}"
                assert not faults_of(page), f"{name}, {theme}, {width}"
