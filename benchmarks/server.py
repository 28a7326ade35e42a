"""The marketplace served as its users serve it: ``marketplace serve`` in a process of its own, on a free port."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from marketplace.kernel.clock import stopwatch, wait

_START_SECONDS = 180.0
_STOP_SECONDS = 20.0
_SERVE = ("-c", "from marketplace.cli.main import main; main()", "serve")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    host: str
    port: int
    pid: int


@contextmanager
def serving(folder: Path, profile: Path | None = None, *, worker: bool = True) -> Iterator[Server]:
    """Serve the installation in ``folder`` while the block runs; with ``profile`` sampled, the samples written there.

    Without ``worker`` the process only answers: a worker is another process (``working``).

    Raises OSError when it doesn't start.
    """
    port = _free_port()
    program = _SERVE if profile is None else ("-m", "benchmarks.profiler", str(profile), "serve")
    log = folder / "server.log"
    with log.open("a") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *program],
            env=environment(folder) | {"MARKETPLACE_PORT": str(port), "MARKETPLACE_WORKER": str(worker).lower()},
            stdout=output,
            stderr=output,
        )
    try:
        if not _answers(process, port):
            raise OSError(f"The server did not start: {log.read_text()[-600:]}")
        yield Server("127.0.0.1", port, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def working(folder: Path) -> Iterator[int]:
    """Run a worker of the installation beside the block; yield its process id."""
    with (folder / "worker.log").open("a") as output:
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, *_SERVE[:-1], "worker"], env=environment(folder), stdout=output, stderr=output
        )
    try:
        yield process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of the scratch installation; all but the folder and the tokens' life is the default."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MARKETPLACE_")}
    return kept | {
        "MARKETPLACE_FOLDER": str(folder),
        "MARKETPLACE_ACCESS_TOKEN_SECONDS": "3600",  # nobody signs in again during the measurement
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait for the first answer; tell whether it came."""
    ends = stopwatch() + _START_SECONDS
    while stopwatch() < ends and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/keys")
            connection.getresponse().read()
        except OSError:
            wait(0.05)
        else:
            return True
        finally:
            connection.close()
    return False
