"""One connection of the desk, opened when it is needed and again when it was lost."""

from typing import Any

import asyncpg

from marketplace.kernel import dialling
from marketplace.kernel.errors import UnavailableError
from marketplace.kernel.work import LOCK_TIMEOUT_MS, STATEMENT_TIMEOUT_MS

LOST = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
)
"""What a broken connection, or a server that is away or full, looks like.

The driver's internal error is what a connection raises whose server died between two commands.
"""


class Line:
    """A connection for one user at a time."""

    def __init__(self, dsn: dict[str, Any]) -> None:
        self._dsn = dsn
        self._connection: asyncpg.Connection | None = None

    async def open(self) -> asyncpg.Connection:
        """Return the connection. Raises one of ``LOST``."""
        if self._connection is None or self._connection.is_closed():
            settings = {
                "statement_timeout": str(STATEMENT_TIMEOUT_MS),
                "lock_timeout": str(LOCK_TIMEOUT_MS),
                # a process that is stopped while it holds a lot gives it up before those give up who wait for it
                "idle_in_transaction_session_timeout": str(LOCK_TIMEOUT_MS // 2),
                "jit": "off",
                # all that the desk asks for is found by an index; a planner that guesses how many rows a JSON
                # document has would rather read whole tables
                "enable_seqscan": "off",
                "enable_hashjoin": "off",
                "enable_mergejoin": "off",
            }
            self._connection = await dialling.connect(self._dsn, server_settings=settings)
        return self._connection

    def hang_up(self) -> None:
        """Give the connection up at once, whatever it is doing."""
        if self._connection is not None and not self._connection.is_closed():
            self._connection.terminate()
        self._connection = None


def unavailable() -> UnavailableError:
    """Return what callers are told whose order ended in the dark, or could not begin."""
    return UnavailableError(
        "Safe to try again with the same Idempotency-Key: what was accepted is not done twice.",
        headers={"Retry-After": "1"},
    )
