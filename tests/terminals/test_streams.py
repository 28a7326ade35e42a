"""Streams of live pages in a browser: each load is live, and a server that dies loses nothing of an open page."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Request, expect
from sqlmodel import select

from marketplace.identity.tables import UserRow
from marketplace.kernel.access import Kind
from sellers import service as sellers
from tests.terminals.auction_made import Auction, an_auction, user_of
from tests.terminals.conftest import BUYER, PATIENCE_MS, Open, Site

expect.set_options(timeout=PATIENCE_MS)

LOADS = 40


@pytest.fixture(scope="module")
def auction(site: Site) -> Auction:
    """A lot of three sites that two carriers have bid on."""
    made = an_auction(
        site.market, user_of(site.market, BUYER, Kind.BUYER), sites=3, carriers=2, title="Watched by many"
    )
    made.bid(0)
    made.bid(1)
    return made


def test_each_of_forty_loads_opens_its_stream(open_page: Open, auction: Auction) -> None:
    page = open_page(f"{auction.path}/auction", BUYER)
    live = 0
    for _ in range(LOADS):
        page.goto(f"{auction.path}/auction")
        expect(page.locator("live-chip.ok")).to_have_text("Live")
        live += 1
    assert live == LOADS


@dataclass
class Process:
    """A serving process of its own, on the test's database, that can be killed and come back at the same address."""

    site: Site
    port: int
    running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve, and wait until it answers."""
        database = self.site.market.database
        urls = {
            "DATABASE_URL": database.owner,
            "APP_DATABASE_URL": database.app.url,
            "CARRIER_DATABASE_URL": database.carrier.url,
            "DESK_DATABASE_URL": database.desk.url,
        }
        environment = os.environ | {
            **{f"MARKETPLACE_{name}": url.render_as_string(hide_password=False) for name, url in urls.items()},
            "MARKETPLACE_FOLDER": str(self.site.market.settings.folder),
            "MARKETPLACE_PORT": str(self.port),
            "MARKETPLACE_WORKER": "false",
        }
        command = [sys.executable, "-c", "from marketplace.cli.main import main; main()", "serve"]
        self.running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
        while self.running.poll() is None:
            try:
                httpx.get(f"{self.url}/sign-in", timeout=PATIENCE_MS / 1000)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                return
        pytest.fail("the server has ended by itself")

    def kill(self) -> None:
        """End it as a power cut does."""
        if self.running is not None:
            self.running.send_signal(signal.SIGKILL)
            self.running.wait()
            self.running = None


@pytest.fixture
def process(site: Site) -> Iterator[Process]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = Process(site, port)
    own.start()
    yield own
    own.kill()


def test_a_killed_server_is_told_and_after_it_what_changed_is_there_and_what_was_typed_still(
    open_page: Open, site: Site, auction: Auction, process: Process
) -> None:
    desk = auction.desks[0].principal
    with site.market.workshop.reading() as reading:
        email = reading.session.exec(select(UserRow.email).where(UserRow.id == desk.user_id)).one()
        received = sellers.invitations_of_request(reading, auction.request_id)
    (invitation,) = [one.id for one in received if one.provider_id == desk.organization_id]
    page = open_page("/help", email, expected="ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|Failed to fetch|network")
    asked: list[str | None] = []

    def heard(request: Request) -> None:
        if "/live/" in request.url:
            asked.append(request.headers.get("last-event-id"))

    page.on("request", heard)
    page.goto(f"{process.url}/c/invitations/{invitation}/auction")
    chip = page.locator("live-chip")
    expect(chip).to_have_text("Live")
    typed = page.get_by_label("Total of the lot over the term")
    typed.fill("12345.6")
    lot = page.locator("#lot-T1")
    lot.evaluate("lot => { lot.isTheSame = true; }")  # a property is the node's own: no message can bring it
    before = lot.inner_text()

    process.kill()
    expect(chip).to_have_class("chip old")
    expect(chip).to_have_text(re.compile(r"^Figures from \d\d:\d\d:\d\d$"))
    auction.bid(1, "0.4")  # meanwhile, by a process that lives
    assert lot.inner_text() == before
    process.start()

    expect(chip).to_have_text("Live")
    expect(lot).not_to_have_text(before)
    assert lot.evaluate("lot => lot.isTheSame") is True
    expect(typed).to_have_value("12345.6")
    expect(typed).to_be_focused()
    assert asked[0] is None
    assert asked[-1], "the page said which picture it has"
