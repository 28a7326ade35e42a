"""The command ``marketplace``: all groups of commands in one place, and errors in plain words."""

import sys

import typer
from pydantic import ValidationError
from rich.console import Console

from marketplace.cli import (
    account,
    auction,
    award,
    backoffice,
    buyer,
    database,
    demo,
    desk,
    mail,
    operator,
    replay,
    verify,
)
from marketplace.kernel.errors import ProblemError
from marketplace.kernel.postgres import PostgresError
from marketplace.kernel.tracing import TracingMissingError

app = typer.Typer(
    name="marketplace",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Tenderline: a reverse-auction marketplace for telecom services with anonymous buyers.",
)
app.add_typer(database.app, name="db")
operator.add_to(app)
verify.add_to(app)
demo.add_to(app)
account.add_to(app)
app.add_typer(buyer.app, name="buyer")
app.add_typer(desk.app, name="desk")
app.add_typer(backoffice.app, name="platform")
app.add_typer(auction.app, name="auction")
app.add_typer(award.app, name="award")
app.add_typer(mail.app, name="mail")
app.add_typer(replay.importing, name="import")
app.add_typer(replay.replaying, name="replay")


def main() -> None:
    """Run the command line. What the user can mend is one sentence on standard error and exit code 1."""
    try:
        app()
    except (PostgresError, ProblemError, TracingMissingError, OSError) as error:
        _fail(str(error))
        if isinstance(error, ProblemError):
            for field in error.errors:
                _fail(f"  {field.pointer}: {field.message}")
        sys.exit(1)
    except ValidationError as error:
        _fail("The configuration is not right:")
        for item in error.errors():
            name = "_".join(str(part) for part in item["loc"]).upper()
            _fail(f"  {'MARKETPLACE_' + name + ': ' if name else ''}{item['msg']}")
        sys.exit(1)


def _fail(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False)
