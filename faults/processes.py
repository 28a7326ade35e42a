"""The processes that are harmed: each is kept running by a thread that also kills and pauses it at random instants."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from faults.nursery import Nursery, Process
from marketplace.kernel import postgres
from marketplace.kernel.clock import stopwatch, wait
from marketplace.kernel.postgres import PostgresError

_LOOK_SECONDS = 0.05
_START_SECONDS = 120.0
_END_SECONDS = 60.0
_LEAST_LIFE_SECONDS = 0.3
_IN_ITS_START = 0.15
"""Part of the processes that are killed before they are ready."""
_PAUSES = 0.3
"""Part of the harms of a process that are pauses."""
_LONGEST_PAUSE_SECONDS = 4.0
_LONGEST_DOWN_SECONDS = 0.8


@dataclass(slots=True)
class Tally:
    """How often what was done, by name; told by many threads."""

    counted: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """Count one."""
        with self._lock:
            self.counted[what] += 1

    def find(self, what: str) -> None:
        """Note something that may not be."""
        with self._lock:
            self.findings.append(what)

    @property
    def kills(self) -> int:
        """How many processes were killed with SIGKILL."""
        return sum(number for what, number in self.counted.items() if what.startswith("kill -9 "))


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept running: a command of the marketplace, its environment, its log, and whether it does its work.

    ``ready`` gets what the process has written into its log.
    """

    command: str
    environment: dict[str, str]
    log: Path
    ready: Callable[[str], bool]
    longest_life: float
    """Seconds until it is harmed, at most."""


class Keeper(threading.Thread):
    """Keeps one process of the marketplace running; harms it until it is told to spare it."""

    def __init__(self, nursery: Nursery, kept: Kept, draw: random.Random, tally: Tally) -> None:
        super().__init__(name=kept.log.stem, daemon=True)
        self._nursery, self._kept, self._draw, self._tally = nursery, kept, draw, tally
        self._spared, self._ended, self._harmed = threading.Event(), threading.Event(), threading.Event()
        self.up = threading.Event()
        """Set while the process is believed to do its work."""

    def run(self) -> None:
        """Start it again as often as it ends, until all is over."""
        while not self._ended.is_set():
            try:
                self._one_life()
            except OSError as error:
                self._tally.find(f"{self.name} can't be kept: {error}")
                return

    def _one_life(self) -> None:
        kept = self._kept
        kept.log.touch()
        said = kept.log.stat().st_size
        process = self._nursery.start(kept.command, kept.environment, kept.log)
        killed_early = self._harmed.is_set() and not self._spared.is_set() and self._draw.random() < _IN_ITS_START
        patience = self._draw.uniform(0, kept.longest_life) if killed_early else _START_SECONDS
        if self._wait_until_ready(process, said, patience):
            self.up.set()
            self._live(process)
        self.up.clear()
        if not process.runs:
            self._tally.count(f"{kept.command} ended by itself")
        elif self._ended.is_set():
            self._end(process)
        else:
            process.send(signal.SIGKILL)  # nothing of it runs any more
            self._tally.count(f"kill -9 {kept.command}")
        process.wait(_START_SECONDS)
        self._ended.wait(self._draw.uniform(0, _LONGEST_DOWN_SECONDS))

    def _wait_until_ready(self, process: Process, said: int, patience: float) -> bool:
        ends = stopwatch() + patience
        while stopwatch() < ends and process.runs and not self._ended.is_set():
            with self._kept.log.open() as log:
                log.seek(said)
                if self._kept.ready(log.read()):
                    return True
            wait(_LOOK_SECONDS)
        return False

    def _live(self, process: Process) -> None:
        """Return when it is time to kill it, or when it has ended by itself."""
        while not self._harmed.wait(_LOOK_SECONDS) and not self._ended.is_set():
            pass
        while not self._spared.wait(self._draw.uniform(_LEAST_LIFE_SECONDS, self._kept.longest_life)):
            if not process.runs or self._draw.random() > _PAUSES:
                return
            process.send(signal.SIGSTOP)
            self._tally.count(f"paused {self._kept.command}")
            self._spared.wait(self._draw.uniform(0.1, _LONGEST_PAUSE_SECONDS))
            process.send(signal.SIGCONT)
        while process.runs and not self._ended.wait(_LOOK_SECONDS):
            pass

    def _end(self, process: Process) -> None:
        """End it as an operator does, and see that it does end."""
        process.send(signal.SIGTERM)
        if not process.wait(_END_SECONDS):
            self._tally.find(f"{self.name} did not end within {_END_SECONDS:g} s of SIGTERM")
            process.send(signal.SIGKILL)

    def harm(self) -> None:
        """Begin to harm it."""
        self._harmed.set()

    def spare(self) -> None:
        """Harm it no more."""
        self._spared.set()

    def end(self) -> None:
        """End it and keep it no longer."""
        self._ended.set()
        self._spared.set()
        self.join()


class DatabaseKeeper(threading.Thread):
    """Keeps the embedded PostgreSQL running, and kills its first process at random instants until told to spare it."""

    def __init__(self, folder: Path, draw: random.Random, tally: Tally, longest_life: float) -> None:
        super().__init__(name="database", daemon=True)
        self._folder, self._draw, self._tally, self._longest_life = folder, draw, tally, longest_life
        self._spared, self._ended = threading.Event(), threading.Event()

    def run(self) -> None:
        """Start it again as often as it ends, until all is over."""
        while not self._ended.is_set():
            self._revive()
            ends = stopwatch() + self._draw.uniform(_LEAST_LIFE_SECONDS, self._longest_life)
            while not self._ended.wait(_LOOK_SECONDS):
                pid = postgres.status(self._folder).pid
                if pid is None:
                    self._tally.count("database ended by itself")
                    break
                if stopwatch() > ends and not self._spared.is_set():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    self._tally.count("kill -9 database")
                    self._ended.wait(self._draw.uniform(0, _LONGEST_DOWN_SECONDS))
                    break

    def _revive(self) -> None:
        """Start the server; a full disk may keep it from that for a while."""
        began = stopwatch()
        while not self._ended.is_set():
            try:
                postgres.start(self._folder)
            except PostgresError as error:
                if stopwatch() - began > _START_SECONDS:
                    self._tally.find(f"the database does not start again: {error}")
                    return
                wait(0.5)
            else:
                return

    def spare(self) -> None:
        """Harm it no more."""
        self._spared.set()

    def end(self) -> None:
        """Keep it no longer; it goes on."""
        self._ended.set()
        self.join()
