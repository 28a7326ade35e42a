"""Bids that their bidders call an error: the same commands for the buyer and for the platform."""

from typing import Annotated, Any

import typer

from marketplace.cli import auction_view, session, show
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.command import Reason, command_of, group, where_missing

_ASKED = (
    show.col("Lot", "lot"),
    show.code("Bid", "bid_id"),
    show.col("The bidder says", "reason"),
    show.when("Asked", "asked_at"),
)
LOT_CLOCK = (
    show.col("Lot", "lot"),
    show.col("Status", "status"),
    show.when("Bids from", "opens_at"),
    show.when("Bids until", "closes_at"),
    show.Column("Because", "reason", auction_view.reason),
)

BidId = Annotated[str, typer.Argument(metavar="BID", help="the bid's id, as in: withdrawals list")]


def add_to(app: typer.Typer, area: str, words: str) -> None:
    """Add the group ``withdrawals`` to ``app``: ``area`` is its part of the API, ``words`` the group's name."""
    withdrawals = group("Bids that their bidders call an error.")
    app.add_typer(withdrawals, name="withdrawals")
    command = command_of(withdrawals)

    @command("list")
    def list_withdrawals(request_id: RequestId) -> None:
        """Who asks to take a bid out, oldest first; you don't learn whose it is."""
        found = session.api().get(session.path(f"/{area}/{{}}/withdrawals", request_id))
        following = f"Next: marketplace {words} withdrawals grant {request_id} BID, or refuse" if found else ""
        show.answer(found, show.table(found, *_ASKED, empty="Nobody asks to take a bid out."), following)

    @command("grant")
    def grant(request_id: RequestId, bid_id: BidId, reason: Reason) -> None:
        """Take an erroneous bid out; its bidder's previous one counts again, and all learn that a bid was withdrawn."""
        _decide(request_id, bid_id, granted=True, reason=reason)

    @command("refuse")
    def refuse(request_id: RequestId, bid_id: BidId, reason: Reason) -> None:
        """Let a bid stand: it binds."""
        _decide(request_id, bid_id, granted=False, reason=reason)

    def _decide(request_id: str, bid_id: str, *, granted: bool, reason: str) -> None:
        at = session.path(f"/{area}/{{}}/withdrawals/{{}}", request_id, bid_id)
        body: dict[str, Any] = {"granted": granted, "reason": reason}
        known = f"marketplace {words} withdrawals list {request_id}"
        with where_missing(f"Nobody asks about {bid_id} there, or it is decided. Open questions: {known}"):
            done = session.api().post(at, body, key=session.key())
        said = "It was taken out." if granted else "It stands."
        show.answer(done, show.table([done], *LOT_CLOCK), said)
