"""Sending a bid from the command line: asking first what it would lead to, adjusting totals, keeping receipts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import auction_view, session, show, views
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import figures_by_lot, write_new
from marketplace.players.api import Api

InvitationId = Annotated[str, typer.Argument(metavar="INVITATION", help="the id under which you received a request")]
ReceiptFile = Annotated[
    Path | None, typer.Option("--receipts", help="save the signed receipts here; no file is overwritten")
]
Totals = Annotated[
    list[str] | None,
    typer.Option(help="T1=11900.00: offer the lot for this total; its adjustment makes up the difference"),
]
Quality = Annotated[
    list[str] | None, typer.Option(help="delivery=30_days: your answer to a criterion that the rules value")
]
CapacityOption = Annotated[
    list[str] | None,
    typer.Option(help="lots=5, sites=3, mbps=10000 or gbps=10: the most that you take on, over all your lots"),
]
_REFUSED = (
    show.col("Lot", "lot"),
    show.money("Total cost", "amount"),
    show.Column("It would be refused because", "refused.detail", lambda detail: show.localized(show.plain(detail))),
    show.money("At most", "refused.next_admissible_price"),
)


_CAPACITIES = {"lots": ("lots", 1), "sites": ("sites", 1), "mbps": ("mbps", 1), "gbps": ("mbps", 1000)}


@dataclass(frozen=True, slots=True)
class Wish:
    """How a bid is to be sent, in the words of the command's options."""

    quality: tuple[str, ...] = ()
    totals: tuple[str, ...] = ()
    dry_run: bool = False
    confirmed: bool = False
    receipts: Path | None = None
    capacity: tuple[str, ...] = ()


def send(api: Api, invitation_id: str, body: dict[str, Any], wish: Wish) -> None:
    """Place a bid, or with ``wish.dry_run`` only tell what it would lead to. Raises MistakeError, ApiError."""
    if wish.receipts is not None and wish.receipts.exists():
        raise MistakeError(f"{wish.receipts} is there already and was left as it is: give another name.")
    body = _limited(_answered(body, wish.quality), wish.capacity)
    if wish.confirmed:
        body = body | {"confirmed": True}
    if wish.totals:
        body = _with_totals(api, invitation_id, body, figures_by_lot(wish.totals, "--total"))
    if wish.dry_run:
        _tell_dry_run(api, invitation_id, _dry_run(api, invitation_id, body))
        return
    done = api.post(session.path("/invitations/{}/bids", invitation_id), body, key=session.key())
    tell_receipts(done, wish.receipts, f"How you stand: marketplace desk auction {invitation_id}")


def tell_receipts(
    done: Mapping[str, Any],
    file: Path | None,
    following: str,
    columns: Sequence[show.Column] = views.RECEIPT_COLUMNS,
) -> None:
    """Show the receipts of what was accepted, and save them if a file is given."""
    if file is not None:
        write_new(file, (json.dumps(done, indent=2) + "\n").encode())
    kept = (
        f"The signed receipts are saved to {file}."
        if file is not None
        else "With --json you get the signed receipts themselves, with --receipts FILE they are saved."
    )
    show.answer(done, show.table(done["receipts"], *columns), kept, following)


def newest_terms(api: Api) -> str:
    """Return the id of the terms published last. Raises MistakeError where there are none."""
    library, _ = session.pages(api, "/terms", 1)
    if not library:
        raise MistakeError("A bid needs terms. Next: marketplace desk terms publish FILE.md")
    return str(library[0]["id"])


def _dry_run(api: Api, invitation_id: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.call("POST", session.path("/invitations/{}/bids/dry-run", invitation_id), body)
    return found


def _with_totals(api: Api, invitation_id: str, body: dict[str, Any], totals: Mapping[str, Decimal]) -> dict[str, Any]:
    """Return the bid with adjustments that make each named lot cost its total; what it costs is asked first."""
    lots = lots_of(body)
    unknown = [ref for ref in totals if ref not in {str(lot.get("lot", "")).upper() for lot in lots}]
    if unknown:
        raise MistakeError(f"The bid prices no lot {unknown[0]}: leave it out of --total, or price its lines.")
    costs = {one["lot"]: Decimal(one["amount"]) for one in _dry_run(api, invitation_id, body)}
    return body | {"lots": [lot | _adjusted(lot, costs, totals) for lot in lots]}


def _adjusted(lot: Mapping[str, Any], costs: Mapping[str, Decimal], totals: Mapping[str, Decimal]) -> dict[str, str]:
    wanted = totals.get(lot["lot"].upper())
    if wanted is None:
        return {}
    return {"adjustment": str(Decimal(str(lot.get("adjustment") or 0)) + wanted - costs[lot["lot"]])}


def _answered(body: dict[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return the bid with these answers in each of its lots."""
    if not given:
        return body
    answers = []
    for text in given:
        criterion, sign, answer = text.partition("=")
        if not (criterion.strip() and sign and answer.strip()):
            raise MistakeError(f"'{text}' is no answer: write --quality delivery=30_days, as the rules name them.")
        answers.append({"criterion": criterion.strip(), "answer": answer.strip()})
    return body | {"lots": [lot | {"quality": answers} for lot in lots_of(body)]}


def _limited(body: dict[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Return the bid with this capacity in each of its lots."""
    if not given:
        return body
    capacity: dict[str, int] = {}
    for text in given:
        kind, sign, most = (part.strip().lower() for part in text.partition("="))
        if kind not in _CAPACITIES or not sign or not (most.isascii() and most.isdecimal()):
            raise MistakeError(f"'{text}' is no capacity: write --capacity lots=5, sites=3, mbps=10000 or gbps=10")
        name, factor = _CAPACITIES[kind]
        capacity[name] = int(most) * factor
    return body | {"lots": [lot | {"capacity": capacity} for lot in lots_of(body)]}


def lots_of(body: Any) -> list[dict[str, Any]]:
    """Return the lots of a bid as it stands in a file. Raises MistakeError for a file of another kind."""
    lots = body.get("lots") if isinstance(body, dict) else None
    if not isinstance(lots, list) or not all(isinstance(lot, dict) and isinstance(lot.get("lot"), str) for lot in lots):
        raise MistakeError("The file holds no bid: 'lots', each with its 'lot'. To make one: --template")
    return lots


def _tell_dry_run(api: Api, invitation_id: str, found: list[dict[str, Any]]) -> None:
    refused = [one for one in found if one["refused"]]
    taken = [one for one in found if one["seen"]]
    if show.for_machines():
        show.answer(found)
    else:
        auction = api.get(session.path("/invitations/{}", invitation_id))["request"]["auction"]
        # what would be taken next is that of before the bid
        lots = [one["seen"] | {"own_amount": one["amount"], "next_admissible_price": None} for one in taken]
        seen = auction_view.lots_table(lots, auction, empty="")
        show.answer(
            found,
            *([show.table(refused, *_REFUSED)] if refused else []),
            *(["As it would stand with this bid, as far as the rules show it:", *seen] if taken else []),
            "Nothing was changed.",
        )
    if refused:
        raise typer.Exit(1)
