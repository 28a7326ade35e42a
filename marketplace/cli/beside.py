"""The worker in a process of its own beside the server: bids don't wait for what follows from them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from marketplace.kernel.clock import wait

_NICE = 5
"""How much the worker gives way to the server on a busy machine."""
_RESTART_SECONDS = 1.0
_END_SECONDS = 40.0


@contextmanager
def worker_beside(metrics_port: int) -> Iterator[None]:
    """Keep a worker running while the block runs; one that dies is started again.

    ``metrics_port``: the server's; 0: nobody reads metrics.
    """
    keeper = _Keeper(metrics_port)
    keeper.start()
    try:
        yield
    finally:
        keeper.end()


class _Keeper(threading.Thread):
    def __init__(self, metrics_port: int) -> None:
        super().__init__(name="worker-keeper", daemon=True)
        program = "from marketplace.cli.main import main; main()"
        # Prometheus reads the worker at the port behind the server's
        self._environment = dict(os.environ)
        if metrics_port:
            self._environment["MARKETPLACE_METRICS_PORT"] = str(metrics_port + 1)
        self._program = [sys.executable, "-c", program, "worker", "--parent", str(os.getpid())]
        self._ended = threading.Event()
        self._process = self._begin()

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - our own program
            self._program, stdout=subprocess.DEVNULL, env=self._environment
        )

    def run(self) -> None:
        while not self._ended.is_set():
            self._process.wait()
            if not self._ended.is_set():
                wait(_RESTART_SECONDS)
                self._process = self._begin()

    def end(self) -> None:
        self._ended.set()
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()


def give_way() -> None:
    """Let the server have the processor first."""
    os.nice(_NICE)


def is_orphan(parent: int | None) -> bool:
    """Tell whether the server that this worker was started by is gone."""
    return parent is not None and os.getppid() != parent
