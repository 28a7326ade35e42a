"""The harness has teeth: each kind of loss that is planted is found, and a market without any is found whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from faults.checks import Checks
from faults.load import Command, Kind, Outcome
from faults.market import Bidder, Market
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.security.made import Stage
from tests.stories.made import Story, begin

RACE = {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}
LOST = "acknowledged bids that are not there once as answered"
REFUSED = "refused bids that are there"
STRANGE = "bids that nobody sent, or that are there twice"
ORDER = "bids out of the order of their answers"
CHAINS = "states that their own chain or receipt contradicts"
REPLAY = "lots whose replay differs from what is stored"
NOTICES = "notices missing, doubled or of nothing"


@pytest.fixture
def story(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Story:
    return begin(Stage(market, client, clock, run_worker), RACE)


def bid(story: Story, name: str, total: str, key: str, at: float) -> Command:
    """Bid over HTTP; return the command as a client of the load keeps it."""
    path, body = f"{story.path(name)}/bids", story.body(name, story.offer(total))
    carrier = story.carriers[name]
    answer = story.stage.call(carrier, "POST", path, body, headers={"Idempotency-Key": key})
    known = Outcome.ACKNOWLEDGED if answer.is_success else Outcome.REFUSED
    by, token = carrier.principal.organization_id, carrier.headers["Authorization"]
    return Command(
        Kind.BID,
        path,
        json.dumps(body).encode(),
        key,
        token,
        by,
        at,
        at + 0.5,
        known,
        answer.status_code,
        answer.content,
    )


def harmed(market: Marketplace, statement: str) -> None:
    engine = create_engine(market.database.owner)
    with engine.begin() as connection:
        assert connection.execute(text(statement)).rowcount == 1
    engine.dispose()


def test_what_is_lost_doubled_or_changed_is_found(story: Story, market: Marketplace) -> None:
    first = bid(story, "A", "15000.00", "first", 1.0)
    second = bid(story, "B", "14000.00", "second", 2.0)
    third = bid(story, "A", "14990.00", "third", 3.0)
    assert [one.outcome for one in (first, second, third)] == ["acknowledged", "acknowledged", "refused"]
    story.stage.settle()
    invitations: dict[str, Any] = {"": ""}
    played = Market((Bidder("", "", "", "", invitations),), "", story.request_id, ())

    def wrong(*ledger: Command) -> set[str]:
        story.stage.settle()  # that lots are examined is in the journal, too
        return {what for what, found in Checks.of(market, played, list(ledger)).all().items() if found}

    assert wrong(first, second, third) == set()
    assert wrong(first, replace(second, outcome=Outcome.UNKNOWN), third) == set()
    assert wrong(first, replace(second, outcome=Outcome.REFUSED), third) == {REFUSED}
    assert wrong(first, third) == {STRANGE}
    assert wrong(replace(first, sent=4.0, known=5.0), second, third) == {ORDER}
    assert wrong(first, replace(second, answer=first.answer), third) == {LOST}
    harmed(market, "UPDATE market.notices SET dedupe_key = 'x' WHERE id = (SELECT min(id) FROM market.notices)")
    assert wrong(first, second, third) == {NOTICES}
    harmed(market, "UPDATE market.bids SET dropped = true WHERE key = 'second'")
    assert wrong(first, second, third) == {REPLAY}
    harmed(
        market, "UPDATE kernel.journal SET organization_id = 'org_x' WHERE id = (SELECT max(id) FROM kernel.journal)"
    )
    assert wrong(first, second, third) >= {CHAINS}
    harmed(market, "DELETE FROM market.bids WHERE key = 'second'")
    assert wrong(first, second, third) >= {LOST, REPLAY}
