"""The HTTP server of ``marketplace serve``: how it ends without leaving anybody in the dark."""

import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import uvicorn

_NOT_STARTED = 3
"""The exit code of uvicorn's own command."""


class Streams(Protocol):
    """Streams that never end by themselves."""

    async def close(self) -> None:
        """End all of them, and begin no other."""


class _Server(uvicorn.Server):
    """Ends the streams before it waits for what is being answered; their readers were told when to come back."""

    def __init__(self, config: uvicorn.Config, streams: Sequence[Streams]) -> None:
        super().__init__(config)
        self._streams = streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for one in self._streams:
            await one.close()
        await super().shutdown(sockets)


def run_server(config: uvicorn.Config, streams: Sequence[Streams]) -> None:
    """Serve until a signal ends it: SIGTERM, or Ctrl-C."""
    server = _Server(config, streams)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_NOT_STARTED)
