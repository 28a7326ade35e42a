"""The group ``mail``: what the mail server pipes in."""

import os
import sys
from typing import Annotated

import typer
from rich import print as show

from marketplace.cli.installation import market_of
from marketplace.kernel.config import Settings
from notifications.mail import service
from notifications.mail.model import ReturnKind

app = typer.Typer(no_args_is_help=True, help="What comes back from those who were mailed.")


@app.callback()
def mail() -> None:
    """Tell typer that this is a group, also with one command."""


@app.command()
def returned(
    context: typer.Context,
    recipient: Annotated[
        str, typer.Option(help="the envelope's recipient; else ORIGINAL_RECIPIENT, as Postfix sets it, or the headers")
    ] = "",
) -> None:
    """Read a delivery report or a complaint from standard input: an alias of the mail server pipes it in."""
    recipient = recipient or os.environ.get("ORIGINAL_RECIPIENT", "")
    market = market_of(context, Settings(), migrated=False)
    with market.workshop.work() as work:
        kind = service.take_returned(work, sys.stdin.buffer.read(), recipient)
    if kind is ReturnKind.NOTHING:
        show("This tells of no mail of ours that failed; nothing was changed.")
    else:
        show(f"Recorded: a {kind}.")
