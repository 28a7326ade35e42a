"""The stage that awards are played on: one buyer, three lots, three carriers."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.awards.made import Round, a_round
from tests.security.made import Stage


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


@pytest.fixture
def open_round(stage: Stage) -> Round:
    """Bids are still taken, and sealed."""
    return a_round(stage)


@pytest.fixture
def closed_round(stage: Stage) -> Round:
    """All three have bid on all lots; the bids are opened."""
    played = a_round(stage)
    played.bid_all()
    stage.close()
    return played
