"""The stage on which the platform looks after its own work."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.security.made import Stage


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)
