"""A served marketplace with the demo market in it, and real browsers that look at its pages."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, expect, sync_playwright
from sqlalchemy import create_engine, make_url
from sqlmodel import select

from marketplace import schema
from marketplace.demo import cast
from marketplace.demo import market as demo
from marketplace.identity import service, sessions
from marketplace.identity.tables import UserRow
from marketplace.kernel import postgres
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.ids import OrganizationId
from marketplace.replay import server
from marketplace.wiring import Marketplace, assemble
from tests.conftest import _cluster_folder

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ADMIN = cast.ADMIN_EMAIL
BUYER = "bettina.croy@silverlinestays.example"
CARRIER = "calista.brandt@merrowfiber.example"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
"""How long a page may take on a machine that does other things: a state is waited for, never a time."""


@dataclass(frozen=True, slots=True)
class Site:
    """A marketplace that serves pages: its address and its inside."""

    url: str
    market: Marketplace

    def cookie_of(self, email: str) -> dict[str, Any]:
        """Return the cookie of a session of a demo account."""
        with self.market.workshop.work() as work:
            user = work.session.exec(select(UserRow).where(UserRow.email == email)).one()
            session = sessions.begin_session(work, user, factor_used=True)
            kind = service.organization_kind(work, OrganizationId(user.organization_id))
            browser = sessions.keep_in_browser(work, session, user, kind)
        return {"name": "tenderline", "value": browser.secret, "url": self.url}


@pytest.fixture(scope="session")
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo market on a real server with a worker: one a test process. Tests that change much make their own."""
    name = "pages_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=name)
    schema.migrate(make_url(urls.owner))
    database = Database(
        make_url(urls.owner),
        *(create_engine(url, pool_size=10, hide_parameters=True) for url in (urls.app, urls.carrier, urls.desk)),
    )
    folder = tmp_path_factory.mktemp("pages")
    settings = Settings(_env_file=None, folder=folder, webhook_loopback=True)  # type: ignore[call-arg]
    market = assemble(settings, database=database)
    demo.load(market, datetime.now(UTC))
    with server.serving(market) as address:
        yield Site(address, market)
    database.close()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    # None: the one that Playwright has fetched; `make browser` sees to it that there is one
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
    yield browser
    browser.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(site: Site, chromium: Browser) -> Iterator[Open]:
    """Open a page as somebody; a message in its console that is not expected fails the test.

    ``open_page("/b", BUYER, width=390, theme="dark", scripts=False, expected=r"status of 422")``.
    """
    contexts: list[tuple[BrowserContext, list[str]]] = []

    def opened(
        path: str,
        email: str = "",
        *,
        width: int = 1440,
        theme: str = "light",
        scripts: bool = True,
        expected: str = r"status of 4\d\d",
        **options: Any,
    ) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            viewport={"width": width, "height": 900},
            color_scheme=theme,  # type: ignore[arg-type]
            java_script_enabled=scripts,
            reduced_motion="reduce",
            timezone_id="America/Chicago",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        messages: list[str] = []
        contexts.append((context, messages))
        if email:
            context.add_cookies([site.cookie_of(email)])  # type: ignore[list-item]
        page = context.new_page()

        def heard(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"} and not re.search(expected, message.text):
                messages.append(f"{page.url}: {message.text}")

        page.on("console", heard)
        page.on("pageerror", lambda error: messages.append(f"{page.url}: {error}"))
        page.goto(path)
        return page

    yield opened
    heard = [message for _, messages in contexts for message in messages]
    for context, _ in contexts:
        context.close()
    assert not heard, "\n".join(heard)


def faults_of(page: Page) -> list[str]:
    """Return what axe finds wrong with a page for people who see, hear or move otherwise (WCAG 2.2 A and AA).

    axe is put in by the debugger, so that the page's own policy against foreign code stays in force.
    """
    return _found(page, {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})


def faults_everywhere(page: Page) -> list[str]:
    """Return what is wrong with a page in either theme, wide and on a phone; it is left light and wide.

    A theme changes colours and nothing else, so the second one of a width is looked at for its contrast alone.
    """
    faults = []
    colours = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"at {width} px: {fault}" for fault in faults_of(page)]
        faults += [f"scrolls sideways at {width} px"] if is_too_wide(page) else []
        page.emulate_media(color_scheme="dark")
        faults += [f"at {width} px in the dark: {fault}" for fault in _found(page, colours)]
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})
    return faults


def _found(page: Page, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):  # once a page: it takes as long as a look through it
        page.evaluate(Axe().axe_script)
    look = "options => axe.run(options).then(found => found.violations)"
    found = page.evaluate(look, {"runOnly": rules, "resultTypes": ["violations"]})
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in found for node in one["nodes"]]


def is_too_wide(page: Page) -> bool:
    """Tell whether a page scrolls sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))
