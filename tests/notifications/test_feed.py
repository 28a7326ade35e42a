"""The feed for machines and its stream: everything once, in order, from any place on."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.app import create_app
from marketplace.identity import keys
from marketplace.kernel.access import Kind, Scope
from marketplace.kernel.clock import wait
from marketplace.kernel.db import DatabaseRole
from marketplace.wiring import Marketplace
from notifications import outward, store
from notifications.feed import routes, service
from notifications.feed.hub import FeedHub, Limits
from notifications.model import NewNotice
from notifications.row import Severity, Subject
from notifications.service import PLATFORM
from tests.factories import SignedIn, a_user

Json = dict[str, Any]


@dataclass
class Writer:
    """Writes notices to one organization as the follower of the journal does."""

    market: Marketplace
    user: SignedIn
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def tell(self, key: str = "", event: str = "provider.invited", more: str = "") -> None:
        number = next(self.numbers)
        told = self.user.principal
        organization_id = PLATFORM if told.kind is Kind.PLATFORM else told.organization_id
        notice = NewNotice(
            organization_id, event, Severity.INFO, Subject.INVITATION, "inv_1", "Title", f"{number}{more}"
        )
        with self.market.workshop.work() as work:
            name = f"{organization_id} {key or number}"
            store.add(work, [notice], dedupe_key=name, position=number, at=work.now, renews=True)
            outward.plan(work, number)


@pytest.fixture
def writer(market: Marketplace) -> Writer:
    return Writer(market, a_user(market, Kind.PROVIDER))


def read(client: TestClient, writer: Writer, **query: Any) -> Json:
    answer = client.get("/events", headers=writer.user.headers, params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def read_all(client: TestClient, writer: Writer, after: str = "", **query: Any) -> tuple[list[str], str]:
    """Return the texts of all that is behind a place, and the place where it ends."""
    texts = []
    while True:
        part = read(client, writer, after=after, **query)
        texts += [one["text"] for one in part["items"]]
        after = part["next"]
        if not part["more"]:
            return texts, after


# ---- the feed


def test_the_feed_is_read_in_order_and_on_from_any_place(client: TestClient, writer: Writer) -> None:
    assert read(client, writer) == {"items": [], "next": service.cursor_text(0), "more": False}
    for _ in range(5):
        writer.tell()
    texts, end = read_all(client, writer, limit=2)
    assert texts == ["1", "2", "3", "4", "5"]
    assert read_all(client, writer, end) == ([], end)
    writer.tell()
    assert read_all(client, writer, end)[0] == ["6"]
    first = read(client, writer, limit=1)["next"]
    assert read_all(client, writer, first)[0] == ["2", "3", "4", "5", "6"]


def test_the_feed_shows_notices_as_the_list_does(client: TestClient, writer: Writer) -> None:
    writer.tell()
    listed = client.get("/notices", headers=writer.user.headers).json()["items"]
    assert read(client, writer)["items"] == listed
    client.post(f"/notices/{listed[0]['id']}/read", headers=writer.user.headers)
    assert read(client, writer)["items"][0]["read"] is True


def test_a_notice_that_is_made_new_comes_again_in_its_newest_state(client: TestClient, writer: Writer) -> None:
    writer.tell("bids")
    writer.tell()
    (first, _), before = (part := read(client, writer))["items"], part["next"]
    writer.tell("bids")
    (again,) = read(client, writer, after=before)["items"]
    assert (again["id"], again["count"], again["text"]) == (first["id"], 2, "3")
    assert read_all(client, writer)[0] == ["2", "3"], "who begins now reads each notice once, as it stands"


def test_chosen_types_alone_and_the_place_goes_on_over_the_others(client: TestClient, writer: Writer) -> None:
    for event in ("award.won", "provider.invited", "award.lost", "provider.invited"):
        writer.tell(event=event)
    texts, end = read_all(client, writer, type=["award.won", "award.lost"])
    assert texts == ["1", "3"]
    assert end == read_all(client, writer)[1]
    refused = client.get("/events", headers=writer.user.headers, params={"type": "pigeon.landed"})
    assert refused.json()["errors"][0]["pointer"] == "query/type"
    for foreign in ("x", "WyJ4Il0", "Wy0xXQ"):
        refused = client.get("/events", headers=writer.user.headers, params={"after": foreign})
        assert refused.json()["errors"][0]["pointer"] == "query/after"


@pytest.mark.parametrize("kind", [Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM])
def test_machines_of_all_kinds_read_their_own_organization_s_feed(
    market: Marketplace, client: TestClient, kind: Kind
) -> None:
    own = Writer(market, a_user(market, kind))
    with market.workshop.work(own.user.principal, DatabaseRole.APP) as work:
        reads, bids = (
            keys.create_api_key(work, str(scope), frozenset({scope})).secret for scope in (Scope.READ, Scope.BIDS)
        )
    own.tell()
    Writer(market, a_user(market, Kind.BUYER), count(100)).tell()
    for path in ("/events", "/events/stream?once=true&after="):
        answer = client.get(path, headers={"Authorization": f"Bearer {reads}"})
        assert answer.status_code == 200
        assert answer.text.count("ntc_") == 1
        assert client.get(path, headers={"Authorization": f"Bearer {bids}"}).status_code == 403
        assert client.get(path).status_code == 401


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=15))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_reader_ends_with_every_notice_in_its_newest_state_however_it_reads(
    client: TestClient, market: Marketplace, steps: list[tuple[int, int]]
) -> None:
    """``steps``: which notice is made new next, and how many the reader takes then."""
    writer = Writer(market, a_user(market, Kind.PROVIDER))
    known: dict[str, Json] = {}
    after, places = "", [0]
    for key, limit in steps:
        writer.tell(f"key {key}")
        part = read(client, writer, after=after, limit=limit)
        after = part["next"]
        places.append(service.cursor_of(after, ""))
        known |= {one["id"]: one for one in part["items"]}
    while (part := read(client, writer, after=after))["items"]:
        after = part["next"]
        known |= {one["id"]: one for one in part["items"]}
    assert places == sorted(places)
    assert known == {one["id"]: one for one in read(client, writer)["items"]}
    assert len(known) == len({key for key, _ in steps})


def test_nothing_is_skipped_or_repeated_while_it_is_written(client: TestClient, writer: Writer) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(120):
            writer.tell("" if number % 3 else "renewed")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen: list[tuple[str, int]] = []
    after = ""
    while True:
        ended = done.is_set()
        part = read(client, writer, after=after, limit=7)
        seen += [(one["id"], one["count"]) for one in part["items"]]
        after = part["next"]
        if ended and not part["items"]:
            break
    thread.join()
    assert len(seen) == len(set(seen)), "no state came twice"
    assert len({notice_id for notice_id, _ in seen}) == 81, "80 notices once, and one that was renewed"
    assert max(count for _, count in seen) == 40


# ---- the stream


@dataclass(frozen=True)
class Event:
    """One event of a stream."""

    id: str
    name: str
    data: Json


class Stream:
    """One open stream, read line by line as a browser does."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.last_id = ""
        self.signs_of_life = 0

    def event(self) -> Event | None:
        """Return the next event; None at the end of the stream."""
        name, data = "", []
        for line in self._lines:
            if line.startswith("data: "):
                data.append(line[6:])
            elif line.startswith("event: "):
                name = line[7:]
            elif line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith(":"):
                self.signs_of_life += 1
            elif not line and data:
                return Event(self.last_id, name, json.loads("\n".join(data)))
        return None

    def texts(self, number: int) -> list[str]:
        found = [self.event() for _ in range(number)]
        return [event.data["text"] for event in found if event is not None]


@contextmanager
def serving(market: Marketplace, limits: Limits | None = None) -> Iterator[tuple[str, FeedHub]]:
    """Serve the marketplace on a free port, without its worker; give the address and the streams' hub."""
    app = create_app(market)
    app.state.feed.limits = limits or Limits()
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=5))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", app.state.feed
        finally:
            server.should_exit = True
            thread.join()


def until(holds: Callable[[], bool]) -> None:
    """Wait for a state; a hang is found by the limit of the test."""
    while not holds():
        wait(0.01)


@pytest.fixture
def served(market: Marketplace) -> Iterator[str]:
    with serving(market) as (address, _):
        yield address


@contextmanager
def streaming(address: str, writer: Writer, last_id: str | None = None, **query: Any) -> Iterator[Stream]:
    headers = writer.user.headers | ({} if last_id is None else {"Last-Event-ID": last_id})
    with (
        httpx.Client(base_url=address, timeout=60) as client,
        client.stream("GET", "/events/stream", headers=headers, params=query) as answer,
    ):
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield Stream(answer.iter_lines())


def test_a_stream_tells_as_it_happens_and_goes_on_where_it_broke_off(served: str, writer: Writer) -> None:
    writer.tell()
    with streaming(served, writer, after="") as stream:
        first = stream.event()
        assert first is not None
        assert (first.name, first.data["text"]) == ("provider.invited", "1")
        writer.tell()
        assert stream.texts(1) == ["2"]
        broken = stream.last_id
    writer.tell()
    writer.tell()
    with streaming(served, writer, broken) as stream:
        assert stream.texts(2) == ["3", "4"]
        writer.tell(event="award.won")
        assert stream.texts(1) == ["5"]
    with streaming(served, writer, after=broken, type="award.won") as stream:
        assert stream.texts(1) == ["5"]


def test_a_stream_without_a_place_begins_now_and_says_its_place_before_anything_happens(
    served: str, writer: Writer
) -> None:
    writer.tell()
    with httpx.Client(base_url=served, timeout=60) as client:
        answer = client.get("/events/stream", headers=writer.user.headers, params={"once": "true"})
    assert "data:" not in answer.text
    place = next(line[4:] for line in answer.text.splitlines() if line.startswith("id: "))
    writer.tell()
    with streaming(served, writer, place) as stream:
        assert stream.texts(1) == ["2"]


def test_streams_of_one_organization_share_what_wakes_them_and_others_hear_nothing(
    served: str, market: Marketplace, writer: Writer
) -> None:
    other = Writer(market, a_user(market, Kind.BUYER), count(1000))
    with (
        streaming(served, writer) as one,
        streaming(served, writer) as two,
        streaming(served, other) as third,
    ):
        writer.tell()
        assert one.texts(1) == two.texts(1) == ["1"]
        other.tell()
        assert third.texts(1) == ["1000"]


def test_a_quiet_stream_shows_that_it_lives_and_ends_cleanly_when_it_is_old(
    market: Marketplace, writer: Writer
) -> None:
    with (
        serving(market, Limits(heartbeat_seconds=0.02)) as (address, _),
        httpx.Client(base_url=address, timeout=60) as client,
        client.stream("GET", "/events/stream", headers=writer.user.headers) as answer,
    ):
        signs = 0
        for line in answer.iter_lines():
            signs += line.startswith(":")
            if signs == 3:
                break
    with serving(market, Limits(age_seconds=0)) as (address, hub):
        answer = httpx.get(f"{address}/events/stream", headers=writer.user.headers, timeout=60)
        assert answer.text.startswith(("id: ", "retry: "))
        until(lambda: hub.open == 0)


def test_a_stream_ends_when_its_key_does(market: Marketplace, writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_STANDS_SECONDS", 0.0)
    with market.workshop.work(writer.user.principal, DatabaseRole.APP) as work:
        key = keys.create_api_key(work, "machine", frozenset({Scope.READ}))
    headers = {"Authorization": f"Bearer {key.secret}"}
    with (
        serving(market, Limits(heartbeat_seconds=0.02)) as (address, _),
        httpx.Client(base_url=address, timeout=60) as client,
        client.stream("GET", "/events/stream", headers=headers) as answer,
    ):
        lines = answer.iter_lines()
        next(lines)
        with market.workshop.work(writer.user.principal, DatabaseRole.APP) as work:
            keys.revoke_api_key(work, key.key.id)
        assert list(lines), "it comes to its end"


def test_an_organization_has_a_limited_number_of_streams(market: Marketplace, writer: Writer) -> None:
    with serving(market, Limits(of_one_organization=1, heartbeat_seconds=0.02)) as (address, hub):
        with streaming(address, writer):
            refused = httpx.get(f"{address}/events/stream", headers=writer.user.headers, timeout=60)
            assert refused.status_code == 429
            assert refused.headers["retry-after"] == "60"
        until(lambda: hub.open == 0)
        with streaming(address, writer) as stream:
            writer.tell()
            assert stream.texts(1) == ["1"]


def test_a_reader_that_takes_nothing_loses_its_connection_and_not_its_events(
    market: Marketplace, writer: Writer
) -> None:
    for _ in range(150):
        writer.tell(more="x" * 100_000)  # more than what the machine keeps for a connection
    with serving(market, Limits(send_seconds=0.2, part=10)) as (address, hub):
        port = int(address.rsplit(":", 1)[1])
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", port))
            authorization = writer.user.headers["Authorization"]
            asked = f"GET /events/stream?after= HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n"
            slow.sendall(asked.encode())
            until(lambda: hub.open == 1)
            until(lambda: hub.open == 0)
            got = b""
            while piece := slow.recv(1_000_000):
                got += piece
        assert not got.endswith(b"0\r\n\r\n"), "it was cut off, not ended"
        places = [line[4:] for line in got.decode().splitlines() if line.startswith("id: ")]
        with streaming(address, writer, places[-1]) as stream:
            writer.tell()
            seen = service.cursor_of(places[-1], "")
            assert 0 < seen < 150
            rest = stream.texts(151 - seen)
            assert [text.rstrip("x") for text in rest] == [str(number) for number in range(seen + 1, 152)]


def test_a_watcher_that_nobody_wants_any_more_ends_though_it_was_not_told(writer: Writer) -> None:
    """A cancellation can be lost to a wake-up of the same instant: a server that ends would wait for it for ever."""
    hub: FeedHub = create_app(writer.market).state.feed
    hub.limits = Limits(poll_seconds=0.05)

    async def play() -> None:
        followed = hub.follow(writer.user.principal, None, ())
        try:
            assert not (await anext(followed)).notices
            watcher, hub._watching = hub._watching, None
            assert watcher is not None
            async with asyncio.timeout(10):
                await watcher
        finally:
            await followed.aclose()  # type: ignore[attr-defined]
            await hub.close()

    asyncio.run(play())
