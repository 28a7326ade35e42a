"""What a page, or a list of the API, may cost the database: as many statements for many rows as for few."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import event

from marketplace.kernel.clock import StagedClock, wait
from marketplace.kernel.db import Database
from marketplace.kernel.ids import RequestId
from marketplace.wiring import Marketplace
from sellers import service as sellers
from tests.factories import SignedIn
from tests.security.made import Stage
from tests.stories.made import Story, begin
from tests.terminals.conftest import PATIENCE_MS

expect.set_options(timeout=PATIENCE_MS)

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}
LISTS = {
    "buyer": (
        "/b",
        "/b/requests",
        "/b/contracts",
        "/b/sites",
        "/b/availability",
        "/account/notices",
        "/requests",
        "/sites",
    ),
    "carrier": (
        "/c",
        "/c?tab=bidding",
        "/c?tab=ended",
        "/c/bids",
        "/c/contracts",
        "/c/filters",
        "/account/notices",
        "/invitations",
        "/filters",
        "/notices",
        "/events",
    ),
    "admin": (
        "/o",
        "/o/auctions",
        "/o/auctions?state=over",
        "/o/organizations",
        "/o/reveals",
        "/o/audit",
        "/platform/auctions",
        "/platform/queue",
        "/platform/organizations",
        "/journal",
    ),
}
OF_A_REQUEST = {
    "buyer": (
        "/b/requests/{request}",
        *(f"/requests/{{request}}{part}" for part in ("", "/auction", "/preview", "/reach")),
        *(f"/b/requests/{{request}}/{part}" for part in ("questions", "auction", "preview")),
    ),
    "carrier": (
        "/c/invitations/{invitation}",
        *(f"/invitations/{{invitation}}{part}" for part in ("", "/auction", "/bids", "/bid-sheet")),
        *(f"/c/invitations/{{invitation}}/{part}" for part in ("bid", "auction")),
    ),
    "admin": ("/o/auctions/{request}", "/o/requests/{request}/matching"),
}
AFTER_ITS_CLOSE = {
    "buyer": (
        *(f"/b/requests/{{request}}/{part}" for part in ("auction", "compare", "award", "award?by=lot")),
        *(f"/requests/{{request}}/{part}" for part in ("auction", "comparison", "comparison.csv")),
    ),
    "carrier": ("/c/invitations/{invitation}/auction", "/invitations/{invitation}/auction"),
    "admin": ("/o/auctions/{request}",),
}
AFTER_ITS_AWARD = {
    "buyer": ("/b", "/b/requests", "/b/contracts", "/requests"),
    "carrier": ("/c?tab=ended", "/c/bids", "/c/contracts", "/search?q=internet", "/contracts", "/invitations"),
    "admin": ("/o/auctions?state=over", "/o/reveals", "/platform/reveals"),
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
                    self._wait_for_boards()
                    with statements(self.stage.market.database) as sent:
                        answer = self.stage.call(people[who], "GET", address, follow_redirects=False)
                    assert answer.status_code == httpx.codes.OK, f"{address}: {answer.status_code} {answer.text[:300]}"
                found[f"{who} {path}"] = sent
        return found

    def _wait_for_boards(self) -> None:
        """Let what a look began beside it end: its statements are not the page's."""
        app: Any = self.stage.client.app
        while app.state.boards.waiting:
            wait(0.05)


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
    watching.carrier = large.carriers["C"]
    others = []
    for _ in range(4):
        others.append(stage.publish())
        stage.bid(watching.carrier)
    many = watching.pages(LISTS)
    many |= watching.pages(OF_A_REQUEST, request=large.request_id, invitation=large.invitations["C"])
    assert (faults := more_than(few, many)) == [], "\n".join(faults)

    stage.close()
    watching.carrier = small.carriers["A"]
    few = watching.pages(AFTER_ITS_CLOSE, request=small.request_id, invitation=small.invitations["A"])
    watching.carrier = large.carriers["C"]
    many = watching.pages(AFTER_ITS_CLOSE, request=large.request_id, invitation=large.invitations["C"])
    assert (faults := more_than(few, many)) == [], "\n".join(faults)

    stage.award(others[0])
    few = watching.pages(AFTER_ITS_AWARD)
    for request_id in others[1:]:
        stage.award(request_id)
    many = watching.pages(AFTER_ITS_AWARD)
    assert (faults := more_than(few, many)) == [], "\n".join(faults)
