"""What is done to the database at random instants besides killing it: cut connections, a full disk, a clock that jumps.

The clock of all decisions is PostgreSQL's. In the scratch database a function of the same name stands before it and
adds an offset, so that the product's own statements see the time jump.
"""

import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy.engine import URL

from faults.processes import Tally
from faults.proxy import SOCKET, Cut
from marketplace.kernel.clock import stopwatch, wait

DISK_MEGABYTES = 700
_PER_MEGABYTE = 1 << 20
_START_SECONDS = 60.0
_LONGEST_FULL_SECONDS = 3.0
_LONGEST_JUMP_SECONDS = 60.0
_MAKE_CLOCK = (
    "CREATE SCHEMA faults",
    "CREATE TABLE faults.clock (seconds double precision NOT NULL)",
    "INSERT INTO faults.clock VALUES (0)",
    (
        "CREATE FUNCTION faults.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE SECURITY DEFINER AS"
        " 'SELECT pg_catalog.clock_timestamp() + seconds * interval ''1 second'' FROM faults.clock'"
    ),
    "GRANT USAGE ON SCHEMA faults TO PUBLIC",
)
_SET_CLOCK = "UPDATE faults.clock SET seconds = %s"
_SOME_BACKEND = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    " AND usename IN ('marketplace_app', 'marketplace_carrier', 'marketplace_desk')"
    " ORDER BY state = 'active' DESC, state LIKE 'idle in%%' DESC, random() LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Connector:
    """How the harness itself reaches the database: as its superuser, past the proxies."""

    folder: Path
    password: str
    database: str

    def connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        """Return a connection that commits each statement. Raises psycopg.Error."""
        return psycopg.connect(
            host=str(self.folder), port=5432, user="postgres", password=self.password, dbname=self.database,
            autocommit=True, connect_timeout=5,
        )  # fmt: skip


class Repeating(threading.Thread):
    """Does something at random instants until it is told to end; a database that is away makes it wait."""

    def __init__(self, do: Callable[[], None], draw: random.Random, longest_seconds: float) -> None:
        super().__init__(daemon=True)
        self._do, self._draw, self._longest_seconds = do, draw, longest_seconds
        self.ended = threading.Event()

    def run(self) -> None:
        """Do it again and again."""
        while not self.ended.wait(self._draw.uniform(0.1, self._longest_seconds)):
            with suppress(psycopg.Error):
                self._do()

    def end(self) -> None:
        """Finish what is being done and stop."""
        self.ended.set()
        self.join()


# ---- connections


class Way:
    """A proxy in a process of its own, in whose folder the processes of one kind find the database."""

    def __init__(self, folder: Path, server: Path, tally: Tally, name: str) -> None:
        folder.mkdir(mode=0o700)
        self._tally, self._name = tally, name
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "faults.proxy", str(folder), str(server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._listening = threading.Event()
        self._reader = threading.Thread(target=self._count, daemon=True)
        self._reader.start()
        if not self._listening.wait(_START_SECONDS) or not (folder / SOCKET).exists():
            raise OSError("The proxy did not start.")

    def _count(self) -> None:
        for line in self._process.stdout or ():
            if line.strip() == "listens":
                self._listening.set()
            else:
                self._tally.count(f"connection cut {line.strip()} a commit ({self._name})")

    def cut(self, how: Cut) -> None:
        """Cut the next commit that passes."""
        self._say(how)

    def spare(self) -> None:
        """Cut no more."""
        self._say("end")

    def _say(self, line: str) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def end(self) -> None:
        """End the proxy."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def way_of(url: URL, folder: Path) -> str:
    """Return a database's address with the folder of a proxy in place of the server's."""
    return url.update_query_dict({"host": str(folder)}).render_as_string(hide_password=False)


def end_a_backend(connector: Connector, tally: Tally) -> None:
    """End a server process that works for the marketplace, rather one that is busy. Raises psycopg.Error."""
    with connector.connect() as connection:
        row = connection.execute(_SOME_BACKEND).fetchone()
        if row is not None:
            connection.execute("SELECT pg_terminate_backend(%s)", row)
            tally.count("backend terminated")


# ---- the disk


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Lay a small disk (tmpfs) under a folder while the block runs; tell whether this machine allows it."""
    folder.mkdir(mode=0o711)
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m,mode=0711", "faults", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - a fixed program
    except OSError:
        done = False
    try:
        yield done
    finally:
        if done:
            _unmount(folder)


def _unmount(folder: Path) -> None:
    """Take the disk away; a server that has just ended may hold it for a moment."""
    ends = stopwatch() + _START_SECONDS
    command = [shutil.which("umount") or "umount", str(folder)]
    while subprocess.run(command, capture_output=True, check=False).returncode and stopwatch() < ends:  # noqa: S603
        wait(0.2)


def fill(folder: Path, draw: random.Random, tally: Tally, ended: threading.Event) -> None:
    """Leave no byte of the disk free for a moment."""
    ballast = folder / "ballast"
    try:
        with ballast.open("wb") as file:
            for size in (_PER_MEGABYTE, 4096):
                piece = bytes(size)
                with suppress(OSError):
                    while os.write(file.fileno(), piece):
                        pass
        tally.count("disk full")
        ended.wait(draw.uniform(0.2, _LONGEST_FULL_SECONDS))
    finally:
        ballast.unlink(missing_ok=True)


# ---- the clock


def stage_clock(connector: Connector) -> None:
    """Put a clock that can jump before PostgreSQL's in everything that connects from now on."""
    with connector.connect() as connection:
        for statement in _MAKE_CLOCK:
            connection.execute(statement)
        # a schema that is named before pg_catalog is looked into before it
        connection.execute('ALTER DATABASE marketplace SET search_path = faults, pg_catalog, "$user", public')


def jump(connector: Connector, draw: random.Random, tally: Tally) -> None:
    """Set the clock some seconds before or behind the time. Raises psycopg.Error."""
    seconds = draw.uniform(-_LONGEST_JUMP_SECONDS, _LONGEST_JUMP_SECONDS) * draw.random()
    with connector.connect() as connection:
        connection.execute(_SET_CLOCK, (seconds,))
    tally.count("clock jumped")


def right_clock(connector: Connector) -> None:
    """Let the clock be right again, and no longer ours. Raises psycopg.Error."""
    with connector.connect() as connection:
        connection.execute(_SET_CLOCK, (0,))
