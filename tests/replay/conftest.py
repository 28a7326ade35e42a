"""A marketplace on a real server with a clock set by hand, and a replay on it."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
import pytest

from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.players.api import Api
from marketplace.players.pace import Pace
from marketplace.replay import admin, play, server
from marketplace.replay.result import Replayed
from marketplace.replay.script import Cast
from marketplace.replay.stage import Stage
from marketplace.wiring import Marketplace, assemble
from tests.conftest import empty_market
from tests.replay.made import RECORDS, WINDOW, Hands, Run, cast_of, mapped, written

PATIENCE = 60.0

Serve = Callable[[], AbstractContextManager[tuple[Marketplace, str]]]


@pytest.fixture
def cast() -> Cast:
    return cast_of(mapped(written(*RECORDS)))


@pytest.fixture
def emptied(database: Database, settings: Settings, clock: StagedClock) -> Marketplace:
    """Empty the database, which every server of a test then serves."""
    admin.state_file(settings.folder, "testrun").unlink(missing_ok=True)
    return empty_market(database, settings, clock)


@pytest.fixture
def serve(emptied: Marketplace, clock: StagedClock) -> Serve:
    """Serve the database's content on a free port, as often as wanted."""

    @contextmanager
    def serving() -> Iterator[tuple[Marketplace, str]]:
        market = assemble(emptied.settings, clock, emptied.database)
        with server.serving(market) as address:
            yield market, address

    return serving


@pytest.fixture
def run(serve: Serve, clock: StagedClock) -> Run:
    """Replay a cast on a server of its own, which ends with the replay."""

    def replay(cast: Cast, told: play.Told = lambda _application, _step: None) -> Replayed:
        hands = Hands(clock)
        pace = Pace(hands.now, hands.rest)

        def step(application: str, name: str) -> None:
            hands.told(application, name)
            told(application, name)

        with serve() as (market, address), httpx.Client(base_url=address, timeout=PATIENCE) as http:
            file = admin.state_file(market.settings.folder, cast.run)
            own = admin.admin_of(market.workshop, Api(http, PATIENCE, pace=pace), file, cast.run)
            return play.Replay(cast, Stage(cast, http, own, PATIENCE, pace), WINDOW, 8, step).run()

    return replay
