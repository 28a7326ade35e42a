"""The desk's role over asyncpg: the same server, the same role, the same walls as over the pools."""

from collections.abc import Iterator

import anyio
import asyncpg
import pytest
from pydantic import SecretStr
from sqlalchemy import make_url
from sqlmodel import select

from marketplace import schema
from marketplace.bidding.tables import LotRow
from marketplace.kernel import ids, postgres
from marketplace.kernel.access import NOBODY
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, DatabaseRole, connect
from marketplace.kernel.postgres import DatabaseUrls
from marketplace.wiring import Marketplace
from tests.conftest import _cluster_folder


@pytest.fixture
def urls(request: pytest.FixtureRequest) -> DatabaseUrls:
    """A migrated database of this test."""
    urls = postgres.start(_cluster_folder(request.config), durable=False, database=ids.new("desk"))
    schema.migrate(make_url(urls.owner))
    return urls


@pytest.fixture(params=["own login", "taken on by the owner"])
def installed(request: pytest.FixtureRequest, urls: DatabaseUrls) -> Iterator[tuple[Database, str]]:
    """A database as reached by each kind of address, and the login behind the desk's role."""
    own = request.param == "own login"
    extra = {"connect_timeout": "7", "application_name": "auction desk"}  # one for libpq alone, one for the server
    owner, desk = (
        SecretStr(make_url(url).update_query_dict(extra).render_as_string(hide_password=False))
        for url in (urls.owner, urls.desk)
    )
    settings = Settings(_env_file=None, database_url=owner, desk_database_url=desk if own else None)
    database = connect(settings)
    yield database, "marketplace_desk" if own else "marketplace_owner"
    database.close()


def test_asyncpg_connects_as_the_desk_and_meets_the_wall(installed: tuple[Database, str]) -> None:
    database, login = installed

    async def look() -> None:
        connection = await asyncpg.connect(**database.desk_dsn)
        try:
            row = await connection.fetchrow(
                "SELECT current_user::text, session_user::text, current_setting('application_name')"
            )
            assert tuple(row) == ("marketplace_desk", login, "auction desk")
            assert await connection.fetchval("SELECT count(*) FROM market.lots") == 0
            for table in ("identity.users", "registry.buyers"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - names written above
        finally:
            await connection.close()

    anyio.run(look)


def test_the_desk_sees_all_lots(market: Marketplace) -> None:
    with market.workshop.work() as work:
        for number in ("1", "2"):
            work.session.add(
                LotRow(
                    id=f"lot_{number}",
                    request_id=f"req_{number}",
                    ref="A",
                    status="open",
                    rules_hash="",
                    rules={},
                    to_price={},
                    head={},
                    sequence=1,
                    at=work.now,
                    opens_at=work.now,
                    closes_at=work.now,
                )
            )
    with market.workshop.reading(NOBODY, DatabaseRole.DESK) as reading:
        assert sorted(reading.session.exec(select(LotRow.id))) == ["lot_1", "lot_2"]
