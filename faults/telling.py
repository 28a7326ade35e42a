"""What a run of faults tells: what was counted and found, what the product's own checks say, what the logs hold."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from typer.testing import CliRunner

from benchmarks.report import Figure, Report, at_least, at_most
from faults.checks import shown
from faults.load import Command, Outcome
from faults.processes import Tally
from marketplace.cli.main import app

_SHOWN_ERRORS = 6


def say(what: str) -> None:
    """Tell whoever waits."""
    Console(stderr=True).print(what)


def counted(report: Report, tally: Tally, ledger: Sequence[Command]) -> None:
    """Put into the report what was done, and what became of the commands."""
    report.figures += [Figure(f"- {what}", number, "times") for what, number in sorted(tally.counted.items())]
    outcomes = Counter((one.kind, one.outcome) for one in ledger)
    for (kind, outcome), number in sorted(outcomes.items()):
        report.figures.append(Figure(f"{kind}s {outcome}", number, "commands"))
    acknowledged = sum(number for (_, outcome), number in outcomes.items() if outcome is Outcome.ACKNOWLEDGED)
    report.figures.append(at_least("acknowledged", acknowledged, "commands", 1))


def found(report: Report, tally: Tally, wrong: dict[str, list[str]]) -> None:
    """Put into the report what is wrong by what was checked, and all other findings."""
    report.figures += [at_most(what, len(cases), "", 0) for what, cases in wrong.items()]
    report.figures.append(at_most("other findings", len(tally.findings), "", 0))
    report.remarks += [f"FINDING {what}: {shown(cases)}" for what, cases in wrong.items() if cases]
    report.remarks += [f"FINDING {what} ({times} times)" for what, times in Counter(tally.findings).most_common()]


def commands(variables: dict[str, str], lots: Sequence[str]) -> Iterator[str]:
    """Run the marketplace's own checks as an operator does; yield what they find."""
    for command in (("audit",), *(("replay", "auction", one) for one in lots)):
        done = CliRunner().invoke(app, command, env=variables)
        if done.exit_code:
            yield f"marketplace {' '.join(command)}: {done.output} {done.exception or ''}"


def raised(report: Report, logs: Iterable[Path]) -> None:
    """Put into the report what was raised most often: the last lines of tracebacks."""
    for log in sorted(logs):
        for line, times in Counter(_raised(log)).most_common(_SHOWN_ERRORS):
            report.remarks.append(f"{log.name}: {times} times {line}")


def _raised(log: Path) -> Iterator[str]:
    with log.open(errors="replace") as lines:
        for line in lines:
            name = line.split(":", 1)[0]
            if name.replace(".", "").isidentifier() and name.endswith(("Error", "Exception", "Disk", "Full")):
                yield line.strip()[:160]
