"""Machines without hardware: network namespaces on one bridge, each of which can be cut off as by pulling its cable.

Needs root, and ``ip`` of Debian's package iproute2. This machine itself is on the bridge, too: its clients reach the
others as strangers would.
"""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OWN = 254
"""The last part of this machine's address on the bridge."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine: its network namespace, its address, and its end of the cable on the bridge."""

    name: str
    namespace: str
    address: str
    cable: str

    def command(self, *program: str) -> list[str]:
        """Return the command line that runs a program on this machine."""
        return [_ip(), "netns", "exec", self.namespace, *program]

    def cut(self) -> None:
        """Pull the cable: nothing arrives and nothing leaves, and nobody is told."""
        _run("link", "set", self.cable, "down")

    def end(self) -> None:
        """Kill everything that runs on it."""
        for pid in _try("netns", "pids", self.namespace).stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def mend(self) -> None:
        """Plug the cable in again."""
        _run("link", "set", self.cable, "up")


@dataclass(slots=True)
class Network:
    """A bridge and the machines on it."""

    tag: str
    subnet: str
    machines: list[Machine] = field(default_factory=list)

    def add(self, name: str, number: int) -> Machine:
        """Add a machine whose address ends with ``number``. Raises OSError."""
        machine = Machine(name, f"{self.tag}-{name}", f"{self.subnet}.{number}", f"{self.tag}v{number}")
        _run("netns", "add", machine.namespace)
        self.machines.append(machine)
        _run("link", "add", machine.cable, "type", "veth", "peer", "name", "eth0", "netns", machine.namespace)
        _run("link", "set", machine.cable, "master", self.tag, "up")
        inside = ("-n", machine.namespace)
        _run(*inside, "addr", "add", f"{machine.address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            _run(*inside, "link", "set", device, "up")
        return machine


@contextmanager
def network() -> Iterator[Network]:
    """Lay a bridge, and take it away with all machines in the end. Raises OSError."""
    number = secrets.randbelow(200) + 20
    made = Network(f"tl{number}", f"10.77.{number}")
    _run("link", "add", made.tag, "type", "bridge")
    try:
        _run("addr", "add", f"{made.subnet}.{OWN}/24", "dev", made.tag)
        _run("link", "set", made.tag, "up")
        yield made
    finally:
        for machine in made.machines:
            machine.end()
            _try("link", "del", machine.cable)
            _try("netns", "del", machine.namespace)
        _try("link", "del", made.tag)


def missing() -> str:
    """Return why no machines can be made here; empty if they can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    if shutil.which("ip") is None:
        return "there is no program 'ip': apt-get install iproute2"
    try:
        with network() as made:
            made.add("try", 1)
    except OSError as error:
        return f"no network namespace can be made here: {error}"
    return ""


def _ip() -> str:
    return shutil.which("ip") or "ip"


def _try(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_ip(), *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - a fixed program


def _run(*arguments: str) -> None:
    done = _try(*arguments)
    if done.returncode:
        raise OSError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
