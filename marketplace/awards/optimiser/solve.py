"""Questions to the optimiser answered in a process of their own: limits of time and memory, progress, cancelling."""

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import marketplace
from marketplace.awards.optimiser.award import interrupted
from marketplace.awards.optimiser.engine import Progress, Watcher
from marketplace.awards.optimiser.problem import Problem, in_order
from marketplace.awards.optimiser.questions import QUESTIONS, Question
from marketplace.awards.optimiser.result import Award, Broken, Options, Proof
from marketplace.kernel import codec
from marketplace.kernel.errors import UnavailableError

HIGHS = "marketplace.awards.optimiser.engine_highs"
_MEMORY_MB = 2_048
_GRACE = 20.0
"""Seconds beyond those of a question for starting, reading and writing, on a busy machine too; then it is ended."""
_MOST_QUESTIONS = 200
"""Questions that a standing child answers before a fresh one takes its place."""
_WORDS: dict[Broken, str] = {
    "time": "it took longer than it may",
    "memory": "it needs more memory than it may have",
    "cancelled": "it was cancelled",
    "failure": "the program that computes it failed",
}


class NotComputedError(UnavailableError):
    """The optimiser gave no answer: out of time, out of memory, cancelled, or broken.

    ``told``: the best award and bound that it had told until then, by the scenario's name.
    """

    kind = "award-not-computed"
    title = "This could not be computed"

    def __init__(self, reason: Broken, told: dict[str, Progress] | None = None) -> None:
        super().__init__(f"There is no answer: {_WORDS[reason]}.", reason=reason)
        self.reason = reason
        self.told = told or {}


@dataclass(frozen=True, slots=True)
class Room:
    """What a child may use: memory, grace in seconds beyond the question's own, and which engine it runs."""

    memory_mb: int = _MEMORY_MB
    grace: float = _GRACE
    engine: str = HIGHS


class Asking:
    """One question that is being answered, by a child of its own or by a standing one.

    ``cancel`` may be called from any thread.
    """

    def __init__(
        self,
        question: Question,
        room: Room | None = None,
        watcher: Watcher | None = None,
        process: "subprocess.Popen[bytes] | None" = None,
    ) -> None:
        self._question = question
        self._room = room or Room()
        self._watcher: Callable[[Progress], None] = watcher or (lambda _: None)
        self._ended: Broken | None = None
        self._told: dict[str, Progress] = {}
        self._lock = threading.Lock()
        self._stays = process is not None
        self._process = process or _started(self._room)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def cancel(self) -> None:
        """End the child at once; whoever waits for the answer gets NotComputedError."""
        self._end("cancelled")

    def answer(self) -> Any:
        """Wait for the answer and return it. Raises NotComputedError."""
        timer = threading.Timer(self._question.options.seconds + self._room.grace, self._end, args=("time",))
        timer.daemon = True
        timer.start()
        try:
            found = self._answer()
        except BaseException:
            self._end("failure")
            raise
        finally:
            timer.cancel()
            if not self._stays or self._ended is not None:
                _closed(self._process)
        return codec.load(QUESTIONS[self._question.name].answer, found)

    def _answer(self) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:  # pragma: no cover - both were asked for
            raise NotComputedError("failure")
        try:
            stdin.write(codec.plain(codec.dump(self._question)) + b"\n")
            stdin.flush()
        except BrokenPipeError:
            pass  # it ended early; how, its exit code says
        for line in stdout:
            if not line.endswith(b"\n"):
                break  # the child was ended in the middle of it
            said = codec.parse(line)
            if "answer" in said:
                return said["answer"]
            progress = codec.load(Progress, said["progress"])
            self._remember(progress)
            self._watcher(progress)
        raise NotComputedError(self._ended or _reason(self._process.wait()), self._told)

    def _remember(self, progress: Progress) -> None:
        before = self._told.get(progress.name)
        offers = progress.offers or (before.offers if before is not None else ())
        self._told[progress.name] = replace(progress, offers=offers)

    def _end(self, reason: Broken) -> None:
        with self._lock:
            if self._process.poll() is None:
                self._ended = self._ended or reason
                self._process.kill()


class Standing:
    """A child that stays for many questions, one after the other, so that it starts once. For one thread."""

    def __init__(self, room: Room | None = None) -> None:
        self._room = room or Room()
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0

    def asking(self, question: Question, watcher: Watcher | None = None) -> Asking:
        """Return a question to the child that stands, or to a new one where it has ended or has answered enough."""
        if self._process is None or self._process.poll() is not None or self._asked >= _MOST_QUESTIONS:
            self.close()
            self._process = _started(self._room)
        self._asked += 1
        return Asking(question, self._room, watcher, self._process)

    def close(self) -> None:
        """End the child, if there is one."""
        self._asked = 0
        if self._process is not None:
            _closed(self._process)
            self._process = None


def _started(room: Room) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # noqa: S603 - our own program and two numbers
        [sys.executable, "-m", room.engine, f"--memory-mb={room.memory_mb}", f"--grace={room.grace}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )


def _closed(process: "subprocess.Popen[bytes]") -> None:
    """End a child that has nothing to do any more."""
    process.kill()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    process.wait()


def ask(question: Question, room: Room | None = None, watcher: Watcher | None = None) -> Any:
    """Return the answer to a question. Raises NotComputedError."""
    return Asking(question, room, watcher).answer()


def solve(problem: Problem, options: Options, room: Room | None = None, watcher: Watcher | None = None) -> Award:
    """Return the award of a problem; broken off, the best that was told until then. Raises NotComputedError.

    Out of time without any, the award says so; for all else without any it is the error.
    """
    return solved(Asking(Question("award", problem, options), room, watcher), problem, options)


def solved(asking: Asking, problem: Problem, options: Options) -> Award:
    """Return the award that was asked for, as ``solve`` does, of a question that can be cancelled meanwhile."""
    try:
        found: Award = asking.answer()
    except NotComputedError as error:
        left = left_by(error, problem, options)
        if left is not None:
            return left
        if error.reason != "time":
            raise
        return _no_award(problem, options)
    return found


def left_by(error: NotComputedError, problem: Problem, options: Options) -> Award | None:
    """Return the best award that was told before a question was broken off, recounted; None if there was none."""
    told = error.told.get("")
    return None if told is None or not told.offers else interrupted(problem, options, told, error.reason)


def _no_award(problem: Problem, options: Options) -> Award:
    digest = codec.digest(codec.dump(in_order(problem)))
    proof = Proof(digest, form="", engine="", gap_asked=str(options.gap), seconds=f"{options.seconds:.2f}")
    return Award("no award in time", proof, broken_off="time")


def _reason(code: int) -> Broken:
    """Return why a child ended. Libraries in C++ that get no memory abort; the processor's limit is a signal."""
    match code:
        case 77 | -6 | -11:
            return "memory"
        case -24:
            return "time"
        case _:
            return "failure"


def _environment() -> dict[str, str]:
    """Return what the child needs of this process's environment: no passwords, and one thread in every library."""
    root = str(Path(marketplace.__file__).parents[1])
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | threads | {"PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}
