"""A marketplace on a real server with the database's clock, and a replay on it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest

from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.players.api import Api
from marketplace.replay import admin, play, server
from marketplace.replay.result import Replayed
from marketplace.replay.script import Cast
from marketplace.replay.stage import Stage
from marketplace.wiring import Marketplace, assemble
from tests.conftest import empty_market
from tests.replay.made import RECORDS, WINDOW, Run, cast_of, mapped, written

PATIENCE = 30.0

Serve = Callable[[], AbstractContextManager[tuple[Marketplace, str]]]


@pytest.fixture
def cast() -> Cast:
    return cast_of(mapped(written(*RECORDS)))


@pytest.fixture
def emptied(database: Database, settings: Settings, clock: StagedClock) -> Marketplace:
    """Empty the database; the marketplaces that are served then keep its own clock."""
    admin.state_file(settings.folder, "testrun").unlink(missing_ok=True)
    return empty_market(database, settings, clock)


@pytest.fixture
def serve(emptied: Marketplace) -> Serve:
    """Serve the database's content on a free port, as often as wanted."""

    @contextmanager
    def serving() -> Iterator[tuple[Marketplace, str]]:
        market = assemble(emptied.settings, database=emptied.database)
        with server.serving(market) as address:
            yield market, address

    return serving


@pytest.fixture
def run(serve: Serve) -> Run:
    """Replay a cast on a server of its own, which ends with the replay."""

    def replay(cast: Cast, told: play.Told = lambda _application, _step: None) -> Replayed:
        with serve() as (market, address), httpx.Client(base_url=address, timeout=PATIENCE) as http:
            file = admin.state_file(market.settings.folder, cast.run)
            own = admin.admin_of(market.workshop, Api(http, PATIENCE), file, cast.run)
            return play.Replay(cast, Stage(cast, http, own, PATIENCE), WINDOW, 8, told).run()

    return replay
