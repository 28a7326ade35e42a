"""Where a serving process spends its CPU time: the marketplace's command line, sampled.

``python -m benchmarks.profiler FILE serve`` is ``marketplace serve``. Once told ``BEGIN`` (a signal), every 2 ms of
CPU time the running Python stack is noted; at its end FILE holds how often each function was on it (JSON).
"""

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

BEGIN = signal.SIGUSR2
_EVERY = 0.002  # seconds
_ROOT = Path(__file__).parents[1]
_WAITING = frozenset(
    {"wait", "select", "poll", "run", "get", "acquire", "worker", "_worker", "_wait_for_tstate_lock", "_try_wait"}
)
"""Innermost functions in which a thread has nothing to do; ``run`` is that of an event loop that waits."""


class _Samples:
    """How often each function was on a stack: ``busy`` counts stacks, ``itself`` the innermost, ``in all`` any."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def begin(self, _signal: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_PROF, _EVERY, _EVERY)

    def take(self, _signal: int, frame: FrameType | None) -> None:
        """Note the main thread's stack or, where that one only waits, those of the others that don't."""
        if frame is not None and frame.f_code.co_name not in _WAITING:
            self._note(frame)
            return
        for other in sys._current_frames().values():  # noqa: SLF001 - the documented way to see all threads
            if other.f_code.co_name not in _WAITING | {"take"}:
                self._note(other)

    def _note(self, frame: FrameType) -> None:
        names = list(_functions(frame))
        self.counts["busy"] += 1
        self.counts[f"itself  {names[0]}"] += 1
        self.counts.update(f"in all  {name}" for name in set(names) if not name.startswith("<"))


def main() -> None:
    """Run the command line with the arguments after FILE."""
    file, sys.argv = Path(sys.argv[1]), ["marketplace", *sys.argv[2:]]
    samples = _Samples()
    signal.signal(BEGIN, samples.begin)
    signal.signal(signal.SIGPROF, samples.take)
    from marketplace.cli.main import main as marketplace  # noqa: PLC0415 - whatever it imports, the signals are set

    try:
        marketplace()
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        file.write_text(json.dumps(samples.counts))


def _functions(frame: FrameType | None) -> Iterator[str]:
    """Yield the functions of a stack, innermost first; those of libraries as ``<file:function>``."""
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(_ROOT) and "site-packages" not in path.parts:
            yield f"{path.relative_to(_ROOT)}:{frame.f_code.co_name}"
        else:
            yield f"<{'/'.join(path.parts[-2:])}:{frame.f_code.co_name}>"
        frame = frame.f_back


def summary(file: Path, most: int = 16) -> str:
    """Return what a profile says: functions by the time in themselves, then our own by all time spent in them."""
    samples: dict[str, int] = json.loads(file.read_text())
    busy = max(1, samples.pop("busy", 1))
    ranked = sorted(samples.items(), key=lambda item: -item[1])
    kinds = [[row for row in ranked if row[0].startswith(kind)][:most] for kind in ("itself", "in all")]
    rows = [f"{100 * count / busy:5.1f} %  {name}" for kind in kinds for name, count in kind]
    return "\n".join((f"{busy} samples, one each {1000 * _EVERY:.0f} ms of CPU:", *rows))


if __name__ == "__main__":
    main()
