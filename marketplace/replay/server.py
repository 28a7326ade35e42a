"""The marketplace served inside this process, for a replay without a server of its own."""

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import uvicorn

from marketplace.app import create_app
from marketplace.kernel.clock import stopwatch, wait
from marketplace.wiring import Marketplace

_START_SECONDS = 30.0


@contextmanager
def serving(market: Marketplace, port: int = 0, *, worker: bool = True) -> Iterator[str]:
    """Serve ``market`` on a free port of this machine, with a worker unless told otherwise, and give the address."""
    served = replace(market, settings=market.settings.model_copy(update={"worker": worker}))
    config = uvicorn.Config(create_app(served), log_level="error", timeout_graceful_shutdown=5)
    server = uvicorn.Server(config)
    logging.getLogger("apscheduler").setLevel(
        logging.ERROR
    )  # a heartbeat that takes long would write into the progress
    with socket.create_server(("127.0.0.1", port)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="server", daemon=True)
        thread.start()
        try:
            _wait_for_start(server, thread)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def _wait_for_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    ends = stopwatch() + _START_SECONDS
    while not server.started:
        if not thread.is_alive() or stopwatch() > ends:
            raise OSError("The server could not be started.")
        wait(0.02)
