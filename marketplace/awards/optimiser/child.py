"""The program of the child process: one question as JSON on standard input, lines of JSON on standard output."""

import argparse
import os
import resource
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from marketplace.awards.optimiser.engine import Engine, Progress, Watcher
from marketplace.awards.optimiser.questions import QUESTIONS, Question
from marketplace.kernel import codec

OUT_OF_MEMORY = 77
"""Exit code for memory that wasn't given, as far as the program itself is told of it."""


def main(engine: Callable[[Watcher], Engine]) -> None:
    """Read a question, answer it within the limits of the command line, and end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--cpu-seconds", type=int, required=True)
    given = parser.parse_args()
    memory = given.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (given.cpu_seconds, given.cpu_seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with _own_output() as out:
        try:
            question = codec.load(Question, codec.parse(sys.stdin.buffer.read()))
            answer = QUESTIONS[question.name].function(question, engine(lambda progress: _tell(out, progress)))
            _say(out, {"answer": codec.dump(answer)})
        except MemoryError:
            sys.exit(OUT_OF_MEMORY)


def _own_output() -> BinaryIO:
    """Return standard output for us alone: what a library prints goes to standard error instead."""
    own = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(own, "wb")


def _tell(out: BinaryIO, progress: Progress) -> None:
    _say(out, {"progress": {"cost": progress.cost, "bound": progress.bound, "seconds": progress.seconds}})


def _say(out: BinaryIO, document: Any) -> None:
    out.write(codec.plain(document) + b"\n")
    out.flush()
