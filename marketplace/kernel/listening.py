"""Hearing PostgreSQL's wake-ups: one connection that listens to a channel and reads nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import asyncpg

from marketplace.kernel import dialling


async def listen(dsn: Mapping[str, Any], channel: str, woken: Callable[[], None]) -> asyncpg.Connection | None:
    """Return a connection that calls ``woken`` at each wake-up of ``channel``; None while the database is away.

    A wake-up can get lost: who listens looks from time to time all the same.
    """
    try:
        connection = await dialling.connect(dsn)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return None
    try:
        await connection.add_listener(channel, lambda *_: woken())
    except BaseException:
        connection.terminate()
        raise
    return connection
