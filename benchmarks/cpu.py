"""CPU time and memory of processes and all that they started, read from /proc (Linux)."""

import os
import resource
from collections.abc import Iterator
from pathlib import Path

from marketplace.kernel.clock import stopwatch, wait

_PROC = Path("/proc")
_QUIET_WINDOW = 0.2  # seconds
_QUIET_SHARE = 0.10  # of one core


def measurable() -> bool:
    """Tell whether this machine says how much CPU time a process has used."""
    return (_PROC / "self" / "stat").exists()


def used(pid: int) -> float:
    """Return the CPU seconds of a process, of its running descendants and of those that ended and were waited for."""
    children: dict[int, list[int]] = {}
    seconds: dict[int, float] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            # the name before the last bracket may hold spaces; after it: state, parent, ...; 11 to 14 are the times
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        child = int(folder.name)
        children.setdefault(int(fields[1]), []).append(child)
        seconds[child] = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return sum(seconds.get(one, 0.0) for one in _family(pid, children))


def _family(pid: int, children: dict[int, list[int]]) -> Iterator[int]:
    pending = [pid]
    while pending:
        current = pending.pop()
        yield current
        pending += children.get(current, [])


def memory(pid: int) -> float:
    """Return the MiB that a process and its running descendants hold; what several share counts once in all."""
    children: dict[int, list[int]] = {}
    held: dict[int, int] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            shares = [line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")]
        except OSError:
            continue  # it has ended, or is another's
        children.setdefault(parent, []).append(int(folder.name))
        held[int(folder.name)] = sum(int(line.split()[1]) for line in shares)
    return sum(held.get(one, 0) for one in _family(pid, children)) / 1024


def used_alone(pid: int) -> float:
    """Return the CPU seconds of one process without any other that it started; 0 for one that has ended."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def used_by_all() -> float:
    """Return the CPU seconds that everything on this machine has used since its start."""
    user, nice, system, _idle, _waiting, *rest = (_PROC / "stat").read_text().splitlines()[0].split()[1:]
    return sum(map(int, (user, nice, system, *rest[:2]))) / os.sysconf("SC_CLK_TCK")


def used_by_waited_for() -> float:
    """Return the CPU seconds of this process's children that ended and were waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def wait_until_quiet(pids: tuple[int, ...], patience: float) -> None:
    """Wait until these processes do nearly nothing, or ``patience`` seconds, so that no side slows the other."""
    ends = stopwatch() + patience
    before = sum(map(used, pids))
    while stopwatch() < ends:
        wait(_QUIET_WINDOW)
        now = sum(map(used, pids))
        if now - before < _QUIET_WINDOW * _QUIET_SHARE:
            return
        before = now
