"""The tour is served by a marketplace without any database: it needs none."""

from collections.abc import Iterator

import pytest

from marketplace import wiring
from marketplace.replay import server
from tests.terminals.conftest import Site


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    market = wiring.unconnected()
    with server.serving(market, worker=False) as address:  # it would ask for a database as long as tests run
        yield Site(address, market)
