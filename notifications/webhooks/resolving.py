"""Looking up names, with a limit of time that the system's own look-up has not."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from notifications.webhooks.addresses import NOT_PUBLIC, RefusedError, Resolver

SECONDS = 5.0
_WORKERS = ThreadPoolExecutor(8, thread_name_prefix="names")
"""Threads of their own: one that hangs in a look-up keeps nobody else waiting."""


def system(host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host`` as this machine knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))


def looked_up(resolve: Resolver, host: str, port: int) -> Sequence[str]:
    """Return the addresses of ``host``. Raises RefusedError when there are none in time."""
    try:
        return _WORKERS.submit(resolve, host, port).result(SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        raise RefusedError(NOT_PUBLIC) from None


async def look_up(resolve: Resolver, host: str, port: int) -> Sequence[str]:
    """Do so without holding up the loop."""
    looking = asyncio.get_running_loop().run_in_executor(_WORKERS, resolve, host, port)
    try:
        return await asyncio.wait_for(looking, SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        raise RefusedError(NOT_PUBLIC) from None
