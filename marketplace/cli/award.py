"""``marketplace award``: a problem in a file solved and explained, without the marketplace, by the file alone."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.awards.optimiser import comparison, reading, solve, words
from marketplace.awards.optimiser.problem import Problem
from marketplace.awards.optimiser.questions import Question
from marketplace.awards.optimiser.report import Report
from marketplace.awards.optimiser.result import Award, Options
from marketplace.cli.show import clean
from marketplace.kernel.errors import MalformedError

LARGEST_BYTES = 256 * 1024 * 1024
_BAD_INPUT = 2
_MOST_TIES = 200
_MANY = 40
"""Lines of one kind that a person reads; all of them are in the file of --json."""

app = typer.Typer(help="The cheapest award under rules.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The cheapest award under rules."""


@app.command("solve")
def solve_file(
    file: Annotated[Path, typer.Argument(help="a problem as docs/award-problems.md describes it")],
    *,
    json_out: Annotated[Path | None, typer.Option("--json", metavar="OUT", help="write everything as JSON")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, max=3_600, help="time for all solves together")] = 60.0,
    memory: Annotated[int, typer.Option(min=256, max=65_536, help="memory of the solver in MB")] = 2_048,
) -> None:
    """Solve a problem: status, cost, offers, ties, rejections, prices of rules, distances, criticality.

    Where the file holds expected results, each is compared. Exit code 1: one differs; 2: the file can't be read.
    """
    problem, expected = _read(file)
    options = Options(seconds=seconds, ties=_MOST_TIES)
    try:
        report: Report = solve.ask(Question("report", problem, options), solve.Room(memory_mb=memory))
    except solve.NotComputedError as error:
        _say(str(error), err=True)
        left = solve.left_by(error, problem, options)
        if left is not None:
            _tell_award(left, problem.currency)
        raise typer.Exit(1) from error
    _tell(problem, report)
    document = comparison.document(report)
    if json_out is not None:
        json_out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if expected is None:
        return
    parts = comparison.compared(document, expected, frozenset(rule.id for rule in problem.rules))
    agreeing = [part.name for part in parts if part.agrees]
    _say(f"\nExpected and found agree: {', '.join(agreeing) or 'nothing'}.")
    differing = [part for part in parts if not part.agrees]
    for part in differing:
        _say(f"DIFFERS {part.name}: expected {json.dumps(part.expected)}, found {json.dumps(part.found)}")
    if any(part.name not in comparison.COUNTS for part in differing):
        raise typer.Exit(1)


def _read(file: Path) -> tuple[Problem, dict[str, Any] | None]:
    """Return the problem of a file and what it expects. Ends the command with code 2 if it can't be read."""
    try:
        document = reading.decode(_bytes(file))
        return reading.read(document), _expected(document)
    except (MalformedError, OSError) as error:
        _say(str(error), err=True)
        for field in getattr(error, "errors", ()):
            _say(f"  {field.pointer or '/'} {field.message}", err=True)
        raise typer.Exit(_BAD_INPUT) from error


def _bytes(file: Path) -> bytes:
    if file.stat().st_size > LARGEST_BYTES:
        raise MalformedError(f"{file} is larger than {LARGEST_BYTES} bytes, which no problem is")
    return file.read_bytes()


def _expected(document: dict[str, Any]) -> dict[str, Any] | None:
    expected = document.get("expected") if "problem" in document else None
    if expected is not None and not isinstance(expected, dict):
        raise MalformedError("/expected is not an object")
    return expected


def _tell(problem: Problem, report: Report) -> None:
    award, currency = report.award, problem.currency
    if problem.name:
        _say(problem.name)
    _tell_award(award, currency)
    if report.conflict is not None:
        for line in words.ways_out(report.conflict, currency):
            _say(f"  {line}")
    _some("Rejected offers", [f"{one.offer}: {one.reason}" for one in award.rejected])
    if problem.rules:
        prices = [words.rule_price(price, currency) for price in report.prices.rules]
        _some("Price of rules", [*prices, words.rule_price(report.prices.together, currency)])
    _some("If an offer must win", [words.distance(one, currency) for one in report.distances])
    _some(
        "Criticality (for the buyer alone, no payment)",
        [
            f"{one.carrier}: paid as bid {words.money(one.paid_as_bid)}, best without {words.money(one.best_without)}, "
            f"critical at {words.money(one.figure)}"
            for one in report.criticality
        ],
    )
    greedy = report.greedy
    broken = f"breaks {', '.join(greedy.violates)}" if greedy.violates else words.money(greedy.cost, currency)
    _say(f"Cheapest offer for each lot by itself: {broken}")
    if report.counted is not None:
        _say(f"Counted one by one: {report.counted.choices} choices, {report.counted.feasible} of them allowed")
    proof = award.proof
    _say(f"Proof: problem {proof.problem_sha256}, form {proof.form}, {proof.engine}, {proof.seconds} s")


def _tell_award(award: Award, currency: str) -> None:
    _say(f"Status: {award.status}, {words.status(award)}")
    if award.cost is not None:
        _say(f"Cost: {words.money(award.cost, currency)}")
        _say(f"Bound: {words.money(award.bound, currency)}; gap: {words.gap(award)}")
        _say(f"Carriers: {award.carriers}; lots that leave their incumbent: {award.moves}")
        _some("Award", [f"{one.lot}: {one.offer or 'left open at its reserve'}" for one in award.lots])
        _some("Discounts", [f"{one.discount} from {one.min}: -{words.money(one.saving)}" for one in award.claims])
        more = "" if award.ties_complete else " or more"
        _some(f"Awards of this cost: {len(award.ties)}{more}", [", ".join(tie) for tie in award.ties])
        _some("Rules at their limit", list(award.binding))


def _some(title: str, lines: list[str]) -> None:
    if lines:
        _say(f"{title}:")
    for line in lines[:_MANY]:
        _say(f"  {line}")
    if len(lines) > _MANY:
        _say(f"  and {len(lines) - _MANY} more: --json OUT has all")


def _say(text: str, *, err: bool = False) -> None:
    typer.echo(clean(text), err=err)
