"""Streams of live pages: a whole picture at once and at each change, a pulse in between, and nothing for strangers."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from sqlmodel import select

from buyers.desk import service as desk
from buyers.requests.model import Status
from marketplace.identity import service as identity
from marketplace.identity.tables import UserRow
from marketplace.kernel import journal
from marketplace.kernel.access import SYSTEM, Kind, Principal, UserRole
from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.work import Reading
from marketplace.terminals import streams
from marketplace.terminals.browser import Preferences
from marketplace.terminals.live import Hub, LiveView, Message, pause_after
from marketplace.wiring import Marketplace
from matching.questions import service as questions
from sellers import service as sellers
from tests.factories import ThingMoved
from tests.terminals.conftest import BUYER, CARRIER, Site

PICTURE = re.compile(r"^id: ?(\w+)$")


def _principal(site: Site, email: str) -> Principal:
    with site.market.workshop.reading() as reading:
        user = reading.session.exec(select(UserRow).where(UserRow.email == email)).one()
        kind = identity.organization_kind(reading, OrganizationId(user.organization_id))
    return Principal(kind, UserId(user.id), OrganizationId(user.organization_id), UserRole(user.role))


@pytest.fixture(scope="module")
def auction(site: Site) -> tuple[str, str]:
    """An open request of the demo's buyer, and the demo's carrier's invitation to it."""
    buyer, carrier = _principal(site, BUYER), _principal(site, CARRIER)
    with site.market.workshop.reading(buyer) as reading:
        own, _ = desk.list_own(reading, None, 50)
        for request in own:
            if request.status is not Status.OPEN:
                continue
            found = sellers.invitations_of_request(reading, request.id)
            for invitation in found:
                if invitation.provider_id == carrier.organization_id:
                    return request.id, invitation.id
    pytest.fail("the demo market has no open request of the buyer that the carrier received")


class Stream:
    """One open stream: its messages as (id, html)."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def message(self) -> tuple[str, str]:
        """Return the next message: id (empty: a pulse) and html."""
        name, html = "", []
        for line in self._lines:
            if line.startswith("data:"):
                html.append(line[5:].lstrip())
            elif found := PICTURE.match(line):
                name = found.group(1)
            elif not line and html:
                return name, "\n".join(html)
        pytest.fail("the stream has ended")

    def pulse(self) -> str:
        """Return the html of the next message that is a pulse."""
        while True:
            name, html = self.message()
            if not name:
                return html

    def picture(self) -> tuple[str, str]:
        """Return the next message that is a picture."""
        while True:
            name, html = self.message()
            if name:
                return name, html


@contextmanager
def _opened(site: Site, path: str, email: str, last_id: str = "") -> Iterator[Stream]:
    cookie = site.cookie_of(email)
    headers = {"Last-Event-ID": last_id} if last_id else {}
    with (
        httpx.Client(base_url=site.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client,
        client.stream("GET", path, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.iter_lines())


def test_a_stream_begins_with_a_whole_picture_and_tells_the_server_s_time(site: Site, auction: tuple[str, str]) -> None:
    with _opened(site, f"/live/buyer-auction/{auction[0]}", BUYER) as stream:
        name, html = stream.message()
        assert name
        for region in (*streams.VIEWS["buyer-auction"].regions, "pulse"):
            assert f'hx-target="#{region}"' in html
            assert f'id="{region}"' in html
        assert re.search(r'<time id="pulse" hidden datetime="\d{4}-[^"]+\+00:00"', html)
        pulse = stream.pulse()
        assert 'id="pulse"' in pulse
        assert 'hx-target="#ladder"' not in pulse


def test_who_comes_back_with_the_newest_picture_gets_none_and_with_an_older_one_gets_it(
    site: Site, auction: tuple[str, str]
) -> None:
    path = f"/live/received-request/{auction[1]}-1"
    with _opened(site, path, CARRIER) as stream:
        newest, _ = stream.picture()
    with _opened(site, path, CARRIER, newest) as stream:
        assert stream.message()[0] == ""
    with _opened(site, path, CARRIER, "0123456789abcdef") as stream:
        assert stream.message()[0] == newest


def test_a_change_is_told_to_every_page_that_shows_it_and_to_each_as_it_may_see_it(
    site: Site, auction: tuple[str, str]
) -> None:
    _, invitation_id = auction
    with (
        _opened(site, f"/live/received-request/{invitation_id}-1", CARRIER) as one,
        _opened(site, f"/live/received-request/{invitation_id}-1", CARRIER) as other,
    ):
        before = one.picture(), other.picture()
        assert before[0][0] == before[1][0]
        with site.market.workshop.work(_principal(site, CARRIER)) as work:
            questions.ask(work, invitation_id, "Is the riser on the third floor ours to use?")
        after = one.picture(), other.picture()
        assert after[0][0] == after[1][0] != before[0][0]
        assert "Is the riser on the third floor ours to use?" in after[0][1]
        assert "Silverline Hospitality" not in before[0][1] + after[0][1]


def test_one_picture_can_be_read_without_a_stream(site: Site, auction: tuple[str, str]) -> None:
    cookie = site.cookie_of(BUYER)
    with httpx.Client(base_url=site.url, cookies={cookie["name"]: cookie["value"]}, timeout=60) as client:
        answer = client.get(f"/live/buyer-auction/{auction[0]}", params={"once": "true"})
        assert answer.status_code == 200
        assert 'hx-target="#ladder"' in answer.text


@pytest.mark.parametrize(
    ("email", "path", "status"),
    [
        ("", "/live/buyer-auction/{request}", 303),
        (BUYER, "/live/nothing/{request}", 404),
        (BUYER, "/live/buyer-auction/req_unknown", 404),
        (CARRIER, "/live/buyer-auction/{request}", 403),
        (BUYER, "/live/bidding/{invitation}", 403),
        (CARRIER, "/live/desk-inbox/{invitation}", 404),
        ("marcus.oyelaran@tidewrack.example", "/live/bidding/{invitation}", 404),
        ("hugh.marchetti@copperleafstaffing.example", "/live/buyer-auction/{request}", 404),
    ],
)
def test_strangers_get_an_ordinary_refusal(
    site: Site, auction: tuple[str, str], email: str, path: str, status: int
) -> None:
    cookies = {}
    if email:
        cookie = site.cookie_of(email)
        cookies = {cookie["name"]: cookie["value"]}
    address = path.format(request=auction[0], invitation=auction[1])
    with httpx.Client(base_url=site.url, cookies=cookies, timeout=60) as client:
        for once in ({}, {"once": "true"}):
            assert client.get(address, params=once).status_code == status


def test_every_view_is_for_somebody_and_its_regions_have_templates() -> None:
    for view in streams.VIEWS.values():
        assert view.kinds <= {Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM}
        assert view.kinds
        assert view.regions
        assert len(set(view.regions)) == len(view.regions)


def _said(reading: Reading, key: str) -> dict[str, Any]:
    told = [f"Figure {one.data['figure']}." for one in journal.page(reading.session, key, 0, 10)]
    return {
        "said": [SimpleNamespace(kind="announced", text=text, lots=(), at=None, closes_at=None) for text in told],
        "streams": [key],
    }


SAID = LiveView("said", frozenset({Kind.PLATFORM}), _said, "seller", ("bidding_said",))


async def _picture_with(followed: AsyncIterator[Message], text: str) -> Message:
    async for message in followed:
        if text in message.picture.decode():
            return message
    pytest.fail("the stream has ended")


def test_what_is_committed_here_is_on_its_pages_while_no_worker_runs(market: Marketplace) -> None:
    """A worker may be just starting, at rest, or busy for seconds: this process stamps what it has committed."""

    def say(figure: int) -> None:
        with market.workshop.work() as work:
            work.append(ThingMoved("said", figure))

    async def play() -> None:
        hub = Hub(market.workshop, market.database.desk_dsn, market.wake)
        followed = hub.follow(SAID, "lot:said", SYSTEM, Preferences())
        try:
            assert (await anext(followed)).id
            for figure in (1, 2):
                await asyncio.to_thread(say, figure)
                assert (await _picture_with(followed, f"Figure {figure}.")).id
        finally:
            await followed.aclose()  # type: ignore[attr-defined]
            await hub.close()

    asyncio.run(play())


def test_a_watcher_that_nobody_wants_any_more_ends_though_it_was_not_told(market: Marketplace) -> None:
    """A cancellation can be lost to a wake-up of the same instant: a server that ends would wait for it for ever."""

    async def play() -> None:
        hub = Hub(market.workshop, market.database.desk_dsn, market.wake)
        followed = hub.follow(SAID, "lot:said", SYSTEM, Preferences())
        try:
            assert (await anext(followed)).id
            watcher, hub._watching = hub._watching, None
            assert watcher is not None
            async with asyncio.timeout(10):
                await watcher
        finally:
            await followed.aclose()  # type: ignore[attr-defined]
            await hub.close()

    asyncio.run(play())


@pytest.mark.parametrize(("seconds", "rests"), [(0.0, 0.2), (0.02, 0.2), (1.0, 1.0), (600.0, 5.0)])
def test_a_picture_that_takes_long_is_drawn_less_often(seconds: float, rests: float) -> None:
    assert pause_after(seconds) == rests
