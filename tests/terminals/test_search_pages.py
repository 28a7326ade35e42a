"""The search behind the command bar: everybody finds its own things, and never a hint of what isn't its own."""

import re
from html import unescape

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from buyers.desk import service as desk
from marketplace.kernel.access import Kind
from marketplace.terminals.found import MOST
from matching import inbox
from matching.inbox import Tab
from tests.terminals.auction_made import user_of
from tests.terminals.conftest import ADMIN, BUYER, CARRIER, Open, Site, faults_of

OTHER_BUYER = "anselm.roper@quillfeather.example"
CARRIERS_NAME, BUYERS_NAME = "Merrow", "Silverline Hospitality"
_LINE = re.compile(r'<a class="found" href="(?P<href>[^"]+)">.*?<span>(?P<text>.*?)</span>', re.DOTALL)


def search(site: Site, email: str, typed: str, *, bare: bool = True) -> dict[str, str]:
    """Return what somebody finds: texts by address."""
    cookie = site.cookie_of(email)
    headers = {"HX-Request": "true"} if bare else {}
    with httpx.Client(base_url=site.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as browser:
        answer = browser.get("/search", params={"q": typed}, headers=headers)
    assert answer.status_code == 200
    assert ("<html" in answer.text) is not bare
    return {found["href"]: unescape(found["text"]) for found in _LINE.finditer(answer.text)}


@pytest.fixture(scope="module")
def own(site: Site) -> tuple[str, str, str]:
    """Id, title and pseudonym of a request of the buyer's that runs."""
    with site.market.workshop.reading(user_of(site.market, BUYER, Kind.BUYER)) as reading:
        found, _ = desk.list_own(reading, None, 100)
        one = next(one for one in found if one.status == "open")
    return one.id, one.content.title, one.pseudonym


def test_a_buyer_finds_its_requests_by_title_pseudonym_and_id(site: Site, own: tuple[str, str, str]) -> None:
    ident, title, pseudonym = own
    for typed in (title, title.upper(), " ".join(reversed(title.split()[:2])), pseudonym, ident):
        assert search(site, BUYER, typed).get(f"/b/requests/{ident}") == title, typed


def test_a_buyer_finds_its_sites_pages_and_help(site: Site) -> None:
    assert any(href.startswith("/b/sites/sit_") for href in search(site, BUYER, "Las Vegas"))
    assert search(site, BUYER, "post a req") == {"/b/requests/new": "Post a request"}
    assert "/b/contracts" in search(site, BUYER, "Contracts", bare=False)
    assert "/b/contracts" not in search(site, BUYER, "Contracts"), "the command bar knows the navigation itself"


def test_another_buyer_and_other_carriers_find_nothing_of_it(site: Site, own: tuple[str, str, str]) -> None:
    ident, title, pseudonym = own
    for typed in (ident, title, pseudonym, BUYERS_NAME):
        assert search(site, OTHER_BUYER, typed) == {}, typed
    for typed in (BUYERS_NAME, "Bettina", "silverlinestays", ident):
        assert search(site, CARRIER, typed) == {}, typed


def test_a_desk_finds_what_it_received_under_the_pseudonym(site: Site) -> None:
    with site.market.workshop.reading(user_of(site.market, CARRIER, Kind.PROVIDER)) as reading:
        received = [one for tab in Tab for one in inbox.page(reading, tab, "", None, 50)[0]]
    assert received
    for one in received[:3]:
        found = search(site, CARRIER, one.document["pseudonym"])
        assert any(href.startswith(f"/c/invitations/{one.invitation.id}") for href in found)
        assert all(one.document["pseudonym"] in text for href, text in found.items() if "/invitations/" in href)
    with site.market.workshop.reading(user_of(site.market, BUYER, Kind.BUYER)) as reading:
        requests, _ = desk.list_own(reading, None, 100)
    mine = {one.document["pseudonym"] for one in received}
    for foreign in {one.pseudonym for one in requests} - mine:
        assert search(site, CARRIER, foreign) == {}


def test_the_platform_finds_carriers_and_auctions_and_no_buyer_by_name(site: Site, own: tuple[str, str, str]) -> None:
    ident, _title, pseudonym = own
    assert any(href.startswith("/o/providers/") for href in search(site, ADMIN, CARRIERS_NAME))
    assert f"/o/auctions/{ident}" in search(site, ADMIN, pseudonym)
    assert search(site, ADMIN, BUYERS_NAME) == {}
    buyer = user_of(site.market, BUYER, Kind.BUYER).organization_id
    assert search(site, ADMIN, buyer) == {f"/o/organizations/{buyer}": buyer}


def test_a_search_ends_after_twenty_lines(site: Site) -> None:
    assert len(search(site, BUYER, "e ", bare=False)) <= MOST
    assert len(search(site, ADMIN, "an", bare=False)) <= MOST
    assert search(site, BUYER, "") == {}


def test_who_is_not_signed_in_is_asked_to_before_anything_is_looked_for(client: TestClient) -> None:
    answer = client.get("/search?q=internet", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_the_command_bar_finds_and_goes_there_by_keyboard(open_page: Open, own: tuple[str, str, str]) -> None:
    ident, title, pseudonym = own
    page = open_page("/b", BUYER)
    page.keyboard.press("Control+k")
    page.keyboard.type(pseudonym)
    expect(page.locator("#command-bar a.found")).to_have_count(1)
    expect(page.locator("#command-bar a.found")).to_contain_text(title)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/b/requests/{ident}$"))


def test_without_scripts_the_search_is_a_page(open_page: Open, own: tuple[str, str, str]) -> None:
    page = open_page("/b", BUYER, scripts=False)
    page.locator("a.searchbox").click()
    page.locator("main input[name=q]").fill(own[2])
    page.locator("main form button").click()
    expect(page.locator("main a.found")).to_contain_text([own[1]])
    for width, theme in ((1440, "light"), (390, "dark")):
        page = open_page(f"/search?q={own[2]}", BUYER, width=width, theme=theme)
        assert not faults_of(page)
