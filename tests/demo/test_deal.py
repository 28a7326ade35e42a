from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from marketplace.app import create_app
from marketplace.demo import cast
from marketplace.demo import market as demo
from marketplace.demo.deal import Deal, SilentStage
from marketplace.kernel import journal
from marketplace.kernel.clock import database_clock
from marketplace.wiring import Marketplace, assemble


@pytest.fixture
def live(market: Marketplace) -> Marketplace:
    """The demo market under the database's own clock."""
    live = assemble(market.settings, database_clock, market.database)
    with live.workshop.reading() as reading:
        now = reading.now
    demo.load(live, now)
    return live


@pytest.fixture
def visitor(live: Marketplace) -> Iterator[TestClient]:
    working = replace(live, settings=live.settings.model_copy(update={"worker": True}))
    with TestClient(create_app(working), raise_server_exceptions=False) as client:
        yield client


def test_a_deal_is_played_from_registration_to_contract_and_again(live: Marketplace, visitor: TestClient) -> None:
    for window_seconds in (2.5, 3.5):
        outcome = Deal(visitor, SilentStage(), window_seconds).play()
        assert outcome.invited == outcome.bidders == 4
        assert len(outcome.contracts) == len(outcome.winners) >= 1
        assert outcome.total > 10_000
        assert outcome.notices["buyer"] > 5
        assert outcome.notices["winners"] > len(outcome.winners)
        assert outcome.notices["losers"] > 0
    with live.workshop.reading() as reading:
        assert not journal.verify(reading.session).broken


def test_the_deal_and_the_market_have_no_company_in_common() -> None:
    assert cast.deal().buyer["name"] not in {role.registration["name"] for role in cast.buyers()}
