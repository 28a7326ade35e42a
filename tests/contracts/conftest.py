"""The deal that these tests begin with: awarded, and confirmed by both winners."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.contracts.made import Caller, Deal, award, bid, confirm, provider, publish, verified_buyer
from tests.factories import a_user


@pytest.fixture
def awarded(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Deal:
    platform = a_user(market, Kind.PLATFORM)
    admin = Caller(client, platform)
    buyer_id = verified_buyer(market, platform)
    buyer = Caller(client, a_user(market, role=UserRole.NEGOTIATOR, organization_id=buyer_id))
    blue, blue_terms = provider(client, market, admin, "Blue")
    red, red_terms = provider(client, market, admin, "Red")
    request_id = publish(buyer, clock)
    run_worker()
    bid(blue, blue_terms, {"T1": ("L1", "400.00"), "T2": ("L2", "310.00")})
    bid(red, red_terms, {"T1": ("L1", "410.00"), "T2": ("L2", "300.00")})
    clock.now += timedelta(days=3)
    run_worker()
    award(buyer, request_id)
    return Deal(request_id, buyer, blue, red)


@pytest.fixture
def deal(awarded: Deal) -> Deal:
    confirm(awarded.blue, awarded.red)
    return awarded
