"""The program of the child process: questions as lines of JSON on standard input, lines of JSON on standard output."""

import argparse
import os
import resource
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from marketplace.awards.optimiser.engine import Engine, Progress, Watcher
from marketplace.awards.optimiser.questions import QUESTIONS, Question
from marketplace.kernel import codec

OUT_OF_MEMORY = 77
"""Exit code for memory that wasn't given, as far as the program itself is told of it."""


def main(engine: Callable[[Watcher], Engine]) -> None:
    """Answer one question after the other, each within the limits of the command line, until there are no more."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--grace", type=float, required=True)
    given = parser.parse_args()
    memory = given.memory_mb * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with _own_output() as out:
        try:
            for line in sys.stdin.buffer:
                question = codec.load(Question, codec.parse(line))
                _limit(question.options.seconds + given.grace)
                answer = QUESTIONS[question.name].function(question, engine(lambda progress: _tell(out, progress)))
                _say(out, {"answer": codec.dump(answer)})
        except MemoryError:
            sys.exit(OUT_OF_MEMORY)


def _limit(seconds: float) -> None:
    """Allow so many seconds of the processor from now on; beyond them a signal ends this process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _own_output() -> BinaryIO:
    """Return standard output for us alone: what a library prints goes to standard error instead."""
    own = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return os.fdopen(own, "wb")


def _tell(out: BinaryIO, progress: Progress) -> None:
    _say(out, {"progress": asdict(progress)})


def _say(out: BinaryIO, document: Any) -> None:
    out.write(codec.plain(document) + b"\n")
    out.flush()
