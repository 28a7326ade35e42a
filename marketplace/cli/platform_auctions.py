"""The platform's hand on running auctions: pausing, resuming, extending, errors, bids entered for providers."""

from typing import Annotated, Any

import typer

from marketplace.cli import desk_offers, session, show, transcripts, withdrawals
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Confirmed, Json, Lots, Reason, Until, command_of, instant, read_json, where_missing
from marketplace.cli.desk_offers import ReceiptFile

Announced = Annotated[str, typer.Option("--reason", help="why: both sides read it among the announcements")]
LotName = Annotated[str, typer.Argument(metavar="LOT", help="a lot's name, such as T1")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to the platform's group."""
    command = command_of(app)
    for name, function in (
        ("pause", pause),
        ("resume", resume),
        ("extend", extend),
        ("surrogate-bid", surrogate_bid),
        ("transcript", transcript),
    ):
        command(name)(function)
    withdrawals.add_to(app, "auctions", "platform")


def pause(request_id: RequestId, reason: Reason, lot: Lots = None) -> None:
    """Stop the clocks of a request's lots: bids are refused with your reason until you resume."""
    _steer(request_id, "pause", {"lots": _refs(lot), "reason": reason})


def resume(request_id: RequestId, lot: Lots = None, reason: Announced = "") -> None:
    """Let paused lots go on; each close moves by the time lost, and a clock's interrupted round is repeated."""
    _steer(request_id, "resume", {"lots": _refs(lot), "reason": reason})


def extend(request_id: RequestId, until: Until, lot: Lots = None, reason: Announced = "") -> None:
    """Let lots close later. A close never moves back."""
    _steer(request_id, "extend", {"lots": _refs(lot), "closes_at": instant(until), "reason": reason})


def surrogate_bid(
    request_id: RequestId,
    lot: LotName,
    file: Json,
    invitation: Annotated[str, typer.Option(prompt=True, help="the provider's invitation, as the provider names it")],
    evidence: Annotated[
        str, typer.Option(prompt=True, help="how it asked you: when, on which line, who, where that is on record")
    ],
    *,
    confirmed: Confirmed = False,
    receipts: ReceiptFile = None,
) -> None:
    """Enter a bid for a provider that asked you to, from a bid in JSON as its desk would send it.

    The same checks hold, the receipt is the provider's, and you and your evidence stand in the lot's history.
    """
    ref = lot.strip().upper()
    body = read_json(file)
    offers = {one["lot"].upper(): one for one in desk_offers.lots_of(body)}
    if ref not in offers:
        raise MistakeError(f"{file} prices no lot {ref}; it prices {show.plain(list(offers))}.")
    sent: dict[str, Any] = {
        "invitation_id": invitation,
        **{name: body.get(name) for name in ("request_version", "terms_id", "term_months")},
        "offer": offers[ref],
        "confirmed": confirmed,
        "evidence": evidence,
    }
    at = session.path("/auctions/{}/lots/{}/surrogate-bids", request_id, ref)
    with where_missing(f"Request, lot, invitation and terms don't belong together: {request_id}, {ref}, {invitation}."):
        done = session.api().post(at, sent, key=session.key())
    desk_offers.tell_receipts({"receipts": [done]}, receipts, "The receipt is the provider's: send it to its desk.")


def transcript(request_id: RequestId, lot: LotName, out: transcripts.Out, keys: transcripts.Keys = None) -> None:
    """Save the whole history of a closed lot, every event chained to the one before, signed by the marketplace."""
    ref = lot.strip().upper()
    transcripts.save(session.path("/requests/{}/lots/{}/transcript", request_id, ref), ref, out, keys)


def _steer(request_id: str, what: str, body: dict[str, Any]) -> None:
    lots = f" with the lots {show.plain(body['lots'])}" if body["lots"] else ""
    with where_missing(f"There is no auction on {request_id}{lots}."):
        done = session.api().post(session.path("/auctions/{}/" + what, request_id), body, key=session.key())
    show.answer(done, show.table(done, *withdrawals.LOT_CLOCK))


def _refs(given: list[str] | None) -> list[str]:
    return [ref.strip().upper() for ref in given or ()]
