"""What all tests share: one PostgreSQL a run, a database a worker, a clean market and a clock set by hand a test."""

import gc
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import URL, Connection, Engine, create_engine, make_url, text

from marketplace import schema, worker
from marketplace.app import create_app
from marketplace.awards.board import computing
from marketplace.kernel import postgres
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace, assemble

# no example fails because the machine is slow: a hang is found by the limit of its test
hypothesis_settings.register_profile(
    "sturdy", hypothesis_settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("sturdy")

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
"""When tests begin, by the marketplace's clock."""


LONGEST = (
    "test_two_worlds.py",
    "test_fuzzing.py",
    "test_every_page.py",
    "test_planted_leaks.py",
    "test_demo_loading.py",
    "test_wheel.py",
    "test_stories.py",
)
"""Files that one process works on for minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that no process works alone in the end."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_collection_finish() -> None:
    """Never look again through what is there for all tests when garbage is collected, as the server does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session", autouse=True)
def _no_network_but_loopback() -> Iterator[None]:
    """A test that needs the world outside this machine is a broken test."""
    connect = socket.socket.connect

    def only_loopback(own: socket.socket, address: Any) -> None:
        if own.family in {socket.AF_INET, socket.AF_INET6} and not str(address[0]).startswith(
            ("127.", "::1", "localhost")
        ):
            raise OSError(f"a test wants to reach {address[0]}")
        connect(own, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", only_loopback)
        yield


@pytest.fixture(scope="session", autouse=True)
def _time_enough_for_scenario_boards() -> Iterator[None]:
    """Small problems are solved at once, yet a busy machine may need longer than a board grants: proven or not."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SECONDS", "SECONDS_EACH", "MOST_SECONDS_EACH"):
            patch.setattr(computing, name, 60.0)
        yield


def _cluster_folder(config: pytest.Config) -> Path:
    """The same for all workers of a run, and not below pytest's own folder.

    Where root may not make a user namespace, the server runs as nobody, who can't enter that.
    """
    base: Path = config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Path(tempfile.gettempdir()) / f"marketplace-tests-{os.getuid()}-{run.name}"


def pytest_sessionfinish(session: pytest.Session) -> None:
    folder = _cluster_folder(session.config)
    if "PYTEST_XDIST_WORKER" not in os.environ and folder.exists():
        postgres.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A migrated database of this worker on the run's server, which gives up durability for speed."""
    name = "test_" + os.environ.get("PYTEST_XDIST_WORKER", "main")
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=name)
    schema.migrate(make_url(urls.owner))
    database = Database(
        make_url(urls.owner),
        create_engine(urls.app, pool_size=10, hide_parameters=True),
        create_engine(urls.carrier, pool_size=10, hide_parameters=True),
        create_engine(urls.desk, pool_size=10, hide_parameters=True),
    )
    yield database
    database.close()
    _owner(database.owner).dispose()


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(_env_file=None, folder=tmp_path_factory.mktemp("var"), worker=False)  # type: ignore[call-arg]


@pytest.fixture
def clock() -> StagedClock:
    return StagedClock(NOON)


def empty_market(database: Database, settings: Settings, clock: StagedClock) -> Marketplace:
    """Return a marketplace with nothing in it, whose clock stands at ``clock.now``."""
    with _owner(database.owner).begin() as connection:
        _empty(connection)
    return assemble(settings, clock, database)


@cache
def _owner(url: URL) -> Engine:
    return create_engine(url)


def _empty(connection: Connection) -> None:
    """Delete what is there: to truncate all tables makes their files anew, which takes ten times as long."""
    tables = [table.fullname for table in schema.METADATA.sorted_tables]
    some = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables)  # noqa: S608
    used = set(connection.scalars(text(some)))
    for name in reversed(tables):
        if name in used:
            connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - names of tables, no input
    begin = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false) FROM pg_sequences"
    connection.execute(text(begin))


@pytest.fixture
def market(database: Database, settings: Settings, clock: StagedClock) -> Marketplace:
    return empty_market(database, settings, clock)


@pytest.fixture
def client(market: Marketplace) -> Iterator[TestClient]:
    """The application over HTTP. Server errors come back as answers, as in the real thing."""
    with TestClient(create_app(market), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def run_worker(market: Marketplace) -> Callable[[], None]:
    """Let the worker do all that is due by now: call it where a real marketplace would have had a moment."""

    def run() -> None:
        worker.heartbeat(market)
        catch_up(market.workshop)

    return run
