"""Databases for worlds that live side by side."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anyio.to_thread
import pytest
from sqlalchemy import create_engine, make_url

from marketplace import schema
from marketplace.kernel import postgres
from marketplace.kernel.db import Database
from tests.conftest import _cluster_folder

NewDatabase = Callable[[str], Database]


@pytest.fixture(scope="module")
def enter() -> Iterator[Callable[[Any], Any]]:
    """Enter contexts that end with the module."""
    with ExitStack() as stack:
        yield stack.enter_context


@pytest.fixture(scope="module")
def new_database(request: pytest.FixtureRequest, database: Database) -> Iterator[NewDatabase]:
    """Make databases beside the one of the run, on the same server."""
    with ExitStack() as stack:

        def make(name: str) -> Database:
            name = f"{database.owner.database}_{name}"
            urls = postgres.start(_cluster_folder(request.config), durable=False, database=name)
            schema.migrate(make_url(urls.owner))
            engines = [
                create_engine(url, pool_size=5, hide_parameters=True) for url in (urls.app, urls.carrier, urls.desk)
            ]
            made = Database(make_url(urls.owner), *engines)
            stack.callback(made.close)
            return made

        yield make


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    """Let routes run where the loop runs: who asks tens of thousands of times, one after another, saves the way."""

    async def here(work: Callable[..., Any], *arguments: Any, **_: Any) -> Any:
        return work(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", here)
        yield
