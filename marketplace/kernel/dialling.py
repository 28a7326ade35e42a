"""Connecting by asyncpg to whichever of a database's machines takes writes, and noticing when that machine is gone."""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import asyncpg
from sqlalchemy.engine import URL, make_url

KEEPALIVES = {"idle": 3, "interval": 1, "count": 3}
"""Seconds of silence before a connection is asked whether it lives, between such questions, and how many go unheard."""
UNHEARD_MS = 5_000
"""How long what was sent may stay unconfirmed. A machine that vanishes says nothing: without this it takes minutes."""
_taken: dict[URL, URL] = {}
"""Of an address the machine that was the right one last: after a failover nobody waits for the lost one twice."""
_OPTIONS = {
    "TCP_KEEPIDLE": KEEPALIVES["idle"],
    "TCP_KEEPINTVL": KEEPALIVES["interval"],
    "TCP_KEEPCNT": KEEPALIVES["count"],
    "TCP_USER_TIMEOUT": UNHEARD_MS,
}


async def connect(dsn: Mapping[str, Any], **options: Any) -> asyncpg.Connection:
    """Return a connection to the first machine of the address that answers in time and is what the address asks for.

    ``dsn``: see ``Database.desk_dsn``; its timeout is for each machine, as libpq's is. Raises what the last one does.
    """
    url = make_url(dsn["dsn"])
    *others, last = sorted(machines(url), key=lambda one: one != _taken.get(url))
    for machine in others:
        try:
            connection = await _connected(machine, dsn["timeout"], options)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InternalClientError):
            continue
        _taken[url] = machine
        return connection
    connection = await _connected(last, dsn["timeout"], options)
    _taken[url] = last
    return connection


async def _connected(address: URL, timeout: float, options: Mapping[str, Any]) -> asyncpg.Connection:  # noqa: ASYNC109 - the driver's own
    dsn = address.render_as_string(hide_password=False)
    return await asyncpg.connect(dsn, timeout=timeout, connection_class=_Watched, **options)


def machines(url: URL) -> list[URL]:
    """Return the address of each machine: ``host=a:1&host=b:2``, or ``host=a,b&port=1,2``."""
    hosts, ports = _listed(url, "host"), _listed(url, "port")
    return list(_each(url, hosts, ports)) if len(hosts) > 1 else [url]


def _each(url: URL, hosts: Sequence[str], ports: Sequence[str]) -> Iterator[URL]:
    for number, host in enumerate(hosts):
        name, _, port = host.rpartition(":") if ":" in host else (host, "", "")
        port = port or (ports[min(number, len(ports) - 1)] if ports else "")
        query = {"host": name} | ({"port": port} if port else {})
        yield url.difference_update_query(("host", "port")).update_query_dict(query)


def _listed(url: URL, name: str) -> list[str]:
    given = url.query.get(name, ())
    return [one for part in ((given,) if isinstance(given, str) else given) for one in part.split(",")]


class _Watched(asyncpg.Connection):  # type: ignore[misc] # the library ships no types
    """A connection that breaks when the machine at its other end has vanished, instead of waiting for it."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        given = transport.get_extra_info("socket")
        if given is None or given.family == socket.AF_UNIX:
            return
        # the event loop's own object may not set options; a twin of it has the same socket underneath
        with socket.fromfd(given.fileno(), given.family, given.type) as twin:
            twin.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in _OPTIONS.items():
                if hasattr(socket, name):  # not every system has all of them
                    twin.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
