"""Whom a buyer's request is for on the command line: how many carriers, and where its sites count as being."""

import typer

from marketplace.cli import session, show
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.command import command_of

_SITES = (
    show.col("Site", "site"),
    show.col("Placed by", "placed_by"),
    show.col("Found better with", "add"),
    show.col("Contradicts itself", "findings"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the buyer's group."""
    command = command_of(app)
    command("reach")(reach)
    command("placing")(placing)


def reach(request_id: RequestId) -> None:
    """About how many carriers would receive a request as it stands, and what narrows that most."""
    found = session.api().get(session.path("/requests/{}/reach", request_id))
    words = found["words"]
    show.answer(found, f"{words[:1].upper()}{words[1:]}.")


def placing(request_id: RequestId) -> None:
    """Where the sites of a request count as being, as exactly as it discloses them, and what would help."""
    found = session.api().get(session.path("/requests/{}/placing", request_id))
    empty = "The request has no sites: only carriers whose filters name no territory receive it."
    said = f"Sites to look at: {found['attention']} of {len(found['sites'])}." if found["sites"] else ""
    show.answer(found, show.table(found["sites"], *_SITES, empty=empty), said)
