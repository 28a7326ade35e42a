"""A buyer's running auctions on the command line: watching them, calling to final offers, transcripts."""

from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import auction_view, session, show, transcripts, withdrawals
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.command import LotOption, Reason, Until, command_of, instant, where_missing

_LOTS = (
    show.col("Lot", "lot"),
    show.col("Status", "status"),
    show.when("Bids from", "opens_at"),
    show.when("Bids until", "closes_at"),
    show.count("Invited", "invited"),
    show.col("Bids", "shown_bids"),
    show.col("Too few bidders", "too_few_bidders"),
)
_BIDS = (
    show.count("Rank", "rank"),
    show.col("Tied", "joint"),
    show.money("Total cost", "amount"),
    show.when("Placed", "placed_at"),
    show.code("Bid", "bid_id"),
    show.code("Carrier", "provider_id"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of running auctions to the buyer's group."""
    command = command_of(app)
    for name, function in (("auction", auction), ("final-offers", final_offers), ("transcript", transcript)):
        command(name)(function)
    withdrawals.add_to(app, "requests", "buyer")


def auction(request_id: RequestId) -> None:
    """Your auction now: each lot's clock, the bids as far as its rules show them, and what carriers see."""
    api = session.api()
    lots = api.get(session.path("/requests/{}/auction", request_id))
    counts = api.get(session.path("/requests/{}/invitations", request_id))
    answer = {"lots": lots, "invitations": counts}
    if show.for_machines():
        show.answer(answer)
        return
    rows = [lot | {"shown_bids": "sealed" if lot["bids"] is None else len(lot["bids"])} for lot in lots]
    empty = f"It is not published yet. Next: marketplace buyer submit {request_id}"
    parts: list[RenderableType] = [show.table(rows, *_LOTS, empty=empty)]
    parts += [show.table(lot["bids"], *_BIDS, title=f"Lot {lot['lot']}") for lot in lots if lot["bids"]]
    said = f"Carriers: {counts['invited']} invited, {counts['seen']} opened it, {counts['declined']} declined."
    show.answer(
        answer, *parts, said, *(_in_words(api.get(session.path("/requests/{}/preview", request_id))) if lots else ())
    )


def final_offers(
    request_id: RequestId,
    bid: Annotated[list[str], typer.Option(help="a bid of the short list, as in: buyer auction; several times")],
    until: Until,
    reason: Reason,
    lot: LotOption = "",
) -> None:
    """After the close, call a short list to one last offer. Who doesn't answer keeps the offer that it made."""
    api = session.api()
    ref = transcripts.one_lot(api, session.path("/requests/{}/auction", request_id), lot)
    body = {"bids": bid, "closes_at": instant(until), "reason": reason}
    at = session.path("/requests/{}/lots/{}/final-offers", request_id, ref)
    with where_missing(f"Not all of these bids stand on lot {ref}: marketplace buyer auction {request_id}"):
        done = api.post(at, body, key=session.key())
    show.answer(
        done,
        show.table([done], *withdrawals.LOT_CLOCK),
        f"Called: {len(bid)}. Those who are not called learn nothing of it.",
    )


def transcript(request_id: RequestId, out: transcripts.Out, lot: LotOption = "", keys: transcripts.Keys = None) -> None:
    """Save the whole history of a closed lot, every event chained to the one before, signed by the marketplace."""
    ref = transcripts.one_lot(session.api(), session.path("/requests/{}/auction", request_id), lot)
    transcripts.save(session.path("/requests/{}/lots/{}/transcript", request_id, ref), ref, out, keys)


def _in_words(view: dict[str, Any]) -> tuple[str, ...]:
    return (f"What carriers read: {auction_view.seen_in_words(view['auction'])}",)
