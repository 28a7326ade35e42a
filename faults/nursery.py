"""A process that has imported the marketplace and forks others that run its commands: a start costs no seconds then."""

import ctypes
import json
import os
import signal
import sys
import threading
import traceback
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from marketplace.cli.main import main
from marketplace.kernel.clock import stopwatch, wait

_LOOK_SECONDS = 0.05
_CLONE_NEWNET = 0x40000000  # linux/sched.h
_LONGEST_NUMBER = 20


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the nursery, which takes notice of its end."""

    pid: int

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send(self, how: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)

    def wait(self, seconds: float) -> bool:
        """Wait for its end; tell whether it came."""
        ends = stopwatch() + seconds
        while self.runs and stopwatch() < ends:
            wait(_LOOK_SECONDS)
        return not self.runs


class Nursery:
    """The nursery as the harness uses it, from many threads. Made before any of them: it is a fork of the harness."""

    def __init__(self) -> None:
        orders, self._orders = os.pipe()
        self._told, told = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._orders)
            os.close(self._told)
            _tend(orders, told)
        os.close(orders)
        os.close(told)
        self._lock = threading.Lock()

    def start(self, command: str, environment: dict[str, str], log: Path, network: str = "") -> Process:
        """Start a command of the marketplace, in a network namespace if one is named.

        Raises OSError when the nursery has ended.
        """
        order = json.dumps({"command": command, "environment": environment, "log": str(log), "network": network})
        with self._lock:
            os.write(self._orders, f"{order}\n".encode())
            told = os.read(self._told, _LONGEST_NUMBER)
        if not told:
            raise OSError("The nursery has ended.")
        return Process(int(told))

    def end(self) -> None:
        """End the nursery; what it has started goes on."""
        os.close(self._orders)
        os.close(self._told)
        os.waitpid(self._pid, 0)


def _tend(orders: int, told: int) -> NoReturn:
    """Fork a process for each order until there are no more."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ends is gone at once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with os.fdopen(orders) as lines:
        for line in lines:
            order = json.loads(line)
            pid = os.fork()
            if pid == 0:
                os.close(told)
                if order["network"]:
                    _enter(order["network"])
                _become(order["command"], order["environment"], order["log"])
            os.write(told, str(pid).encode())
    os._exit(0)


def _enter(network: str) -> None:
    """Go on in a network namespace that ``ip netns`` made (setns(2))."""
    with Path("/run/netns", network).open() as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"{network} can't be entered")


def _become(command: str, environment: dict[str, str], log: str) -> NoReturn:
    """Run a command of the marketplace in this process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in ((0, nothing), (1, written), (2, written)):
        os.dup2(source, target)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["marketplace", command]
    code = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else code
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)  # nothing of what forked it
