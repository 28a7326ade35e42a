"""The installation that a command works on: opened when it is asked for, closed when the command ends."""

import typer

from marketplace import schema, wiring
from marketplace.kernel.config import Settings
from marketplace.wiring import Marketplace


def market_of(context: typer.Context, settings: Settings, *, migrated: bool = True) -> Marketplace:
    """Return the marketplace of ``settings``, migrated unless told otherwise, for as long as the command runs."""
    market = context.with_resource(wiring.opened(settings))
    if migrated:
        schema.migrate(market.database.owner)
    return market
