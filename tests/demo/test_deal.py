from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from marketplace.app import create_app
from marketplace.demo import cast
from marketplace.demo import market as demo
from marketplace.demo.deal import Deal, SilentStage
from marketplace.kernel import journal
from marketplace.kernel.clock import StagedClock
from marketplace.players.pace import Pace
from marketplace.wiring import Marketplace
from tests.conftest import NOON


@pytest.fixture
def live(market: Marketplace) -> Marketplace:
    """The demo market, the deal's buyer still to come."""
    demo.load(market, NOON)
    return market


@pytest.fixture
def visitor(live: Marketplace) -> Iterator[TestClient]:
    working = replace(live, settings=live.settings.model_copy(update={"worker": True}))
    with TestClient(create_app(working), raise_server_exceptions=False) as client:
        yield client


def test_a_deal_is_played_from_registration_to_contract_and_again(
    live: Marketplace, visitor: TestClient, clock: StagedClock
) -> None:
    def rest(seconds: float) -> None:
        clock.now += timedelta(seconds=seconds)

    for window_seconds in (20.0, 30.0):
        outcome = Deal(visitor, SilentStage(), window_seconds, pace=Pace(lambda: clock.now, rest)).play()
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
