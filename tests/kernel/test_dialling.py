"""Several machines in one address: the one that takes writes is found, also behind one that says nothing at all."""

import socket
from collections.abc import Iterator
from typing import Any

import anyio
import asyncpg
import pytest
from sqlalchemy import make_url

from marketplace.kernel import dialling
from marketplace.kernel.db import Database, _pool


@pytest.fixture
def silent() -> Iterator[int]:
    """The port of a machine that takes a connection and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


def behind(database: Database, query: dict[str, str]) -> dict[str, Any]:
    """Return the desk's address with ``query``; ``{folder}`` stands for the server that is there."""
    url = make_url(database.desk_dsn["dsn"])
    folder = str(url.query["host"])
    given = {name: value.format(folder=folder) for name, value in query.items()}
    return {"dsn": url.update_query_dict(given).render_as_string(hide_password=False), "timeout": 0.5}


@pytest.mark.parametrize("attribute", ["any", "read-write"])
def test_the_next_machine_is_asked_when_one_is_silent_or_away(database: Database, silent: int, attribute: str) -> None:
    async def look() -> str:
        query = {"host": "127.0.0.1,127.0.0.1,{folder}", "port": f"{silent},1,5432", "target_session_attrs": attribute}
        connection = await dialling.connect(behind(database, query))
        try:
            found: str = await connection.fetchval("SELECT current_user::text")
        finally:
            await connection.close()
        return found

    assert anyio.run(look) == "marketplace_desk"


def test_where_none_is_what_is_asked_for_the_last_one_says_why(database: Database, silent: int) -> None:
    async def look(query: dict[str, str]) -> None:
        await dialling.connect(behind(database, query))

    standby = {"host": "127.0.0.1,{folder}", "port": f"{silent},5432", "target_session_attrs": "standby"}
    with pytest.raises(asyncpg.TargetServerAttributeNotMatched):
        anyio.run(look, standby)
    with pytest.raises(TimeoutError):
        anyio.run(look, {"host": f"127.0.0.1:1,127.0.0.1:{silent}"})


def test_each_way_to_write_an_address_names_the_same_machines() -> None:
    listed = "postgresql://u:p@/d?host=a,b&port=1,2&application_name=x"
    assert (
        [sorted(one.query.items()) for one in dialling.machines(make_url(listed))]
        == [
            sorted(one.query.items())
            for one in dialling.machines(make_url("postgresql://u:p@/d?host=a:1&host=b:2&application_name=x"))
        ]
        == [[("application_name", "x"), ("host", name), ("port", port)] for name, port in (("a", "1"), ("b", "2"))]
    )
    (single,) = dialling.machines(make_url("postgresql://u:p@h:5/d"))
    assert (single.host, single.port) == ("h", 5)


def test_pools_notice_a_machine_that_is_gone_unless_the_address_says_otherwise() -> None:
    class AskedError(Exception):
        """What a pool would have connected with."""

    def asked(address: str) -> dict[str, Any]:
        engine = _pool(make_url(address), 1)
        found: dict[str, Any] = {}

        def keep(*_: Any, **given: Any) -> None:
            found.update(given)
            raise AskedError

        engine.dialect.connect = keep  # type: ignore[method-assign, assignment]
        with pytest.raises(AskedError):
            engine.connect()
        engine.dispose()
        return found

    plain = asked("postgresql+psycopg://u@/d?host=a&host=b")
    assert (plain["tcp_user_timeout"], plain["keepalives_idle"], plain["connect_timeout"]) == (5000, 3, 2)
    assert plain["host"] == "a,b"
    assert str(asked("postgresql+psycopg://u@h/d?tcp_user_timeout=100")["tcp_user_timeout"]) == "100"
