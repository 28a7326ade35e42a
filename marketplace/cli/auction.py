"""``marketplace auction``: auctions played outside the market, for training, support and checking."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.bidding.scenarios import play as scenario_play
from marketplace.bidding.scenarios import report as scenario_report
from marketplace.bidding.scenarios import scenario
from marketplace.cli import auction_rules, auction_words, command, show
from marketplace.cli.choices import MistakeError
from marketplace.kernel.errors import MalformedError

app = command.group("Find the right auction, rehearse it, or play a scenario and see what everybody would see.")

WRONG_FILE = 2
"""Exit code for a file that can't be played; 1 says that something was not as expected."""


@app.callback()
def _group() -> None:
    """Keep each command a word of its own."""


auction_rules.add_to(app)


@app.command("play")
def play(
    file: Annotated[Path, typer.Argument(allow_dash=True, help="a scenario in JSON, or - for standard input")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="the whole result as JSON")] = False,
) -> None:
    """Play a scenario through the auction engine: every answer, what each participant sees, the end, the payments.

    Exit code 0 if everything was as the file expects, 1 if not, 2 for a file that is wrong, with each wrong field.
    """
    try:
        given = scenario.parse(command.read_text(file))
        result = scenario_play.play(given)
    except (MalformedError, MistakeError, OSError) as error:
        _tell(error, as_json=as_json)
        raise typer.Exit(WRONG_FILE) from error
    if as_json:
        typer.echo(json.dumps(scenario_report.document(result), indent=2, ensure_ascii=False))
    else:
        for line in auction_words.story(result, given.start):
            typer.echo(show.clean(line))
    if result.mismatches:
        raise typer.Exit(1)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of scenario files."""
    document: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    typer.echo(json.dumps(document | scenario.Scenario.model_json_schema(), indent=2, ensure_ascii=False))


def _tell(error: MalformedError | MistakeError | OSError, *, as_json: bool) -> None:
    if isinstance(error, MalformedError):
        if as_json:
            typer.echo(json.dumps(error.document(), indent=2, ensure_ascii=False), err=True)
            return
        typer.echo(error.detail, err=True)
        for field in error.errors:
            typer.echo(show.clean(f"  {field.pointer or '/'}: {field.message}"), err=True)
        return
    typer.echo(show.clean(str(error)), err=True)
