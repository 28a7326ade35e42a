"""``marketplace replay auction``: a lot's state computed again from its journal and compared with the stored one."""

from typing import Annotated

import typer

from marketplace.bidding import transcripts
from marketplace.cli.installation import market_of
from marketplace.kernel.config import Settings


def replay_auction(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="ID", help="a lot's id, or a request's id followed by the lot's name")],
    lot: Annotated[str, typer.Argument(help="the lot's name, such as LOT1, behind a request's id")] = "",
) -> None:
    """Rebuild a lot's state from its journal and compare it with the stored one; exit code 1 if they differ.

    The lot is held for that moment, so that it may be run beside a serving marketplace.
    """
    market = market_of(context, Settings(), migrated=False)
    try:
        with market.workshop.work() as work:
            found = transcripts.examined(work, name, lot)
    except ValueError as error:
        typer.echo(f"BROKEN: {error}.")
        raise typer.Exit(1) from error
    for one in found.differences:
        typer.echo(f"DIFFERS {one.field}: stored {one.stored}; its events lead to {one.replayed}")
    if found.differences:
        raise typer.Exit(1)
    typer.echo(f"The same: lot {found.ref} of {found.request_id} is {found.status} after {found.events} events.")
    typer.echo(f"{found.bids} bids of {found.bidders} bidders, {len(found.standing)} standing.")
    for line in found.standing:
        typer.echo(f"  {line.rank}. {line.bidder}: {line.amount} {found.currency} ({line.bid_id})")
