"""The end of a request on the command line: watching, comparing, awarding, and deciding on terms."""

import hashlib
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import session, show, views
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Reason, Yes, ask, command_of, want_word
from marketplace.cli.contracts import ContractId
from marketplace.players.api import Api

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
    show.money("Total cost", "amount"),
    show.when("Placed", "placed_at"),
    show.code("Bid", "bid_id"),
    show.code("Carrier", "provider_id"),
)
_OFFERS = (
    show.count("Rank", "rank"),
    show.col("Carrier", "provider_name"),
    show.money("Total cost", "total"),
    show.money("Above best", "above_best"),
    show.count("Install days", "slowest_install_days"),
    show.col("Taxes and surcharges", "taxes"),
    show.col("Deviations", "deviations"),
    show.col("Unpriced", "unpriced"),
    show.col("Valid until", "valid_until"),
    show.col("Notes", "notes"),
    show.code("Bid", "bid_id"),
)
_FORMULAS = (
    show.col("Lot", "lot"),
    show.col("Carrier", "provider_name"),
    show.col("Line", "line"),
    show.money("Total cost", "total"),
    show.col("Formula", "formula"),
)
_WINNERS = (show.col("Winner", "provider_name"), show.col("Lots", "lots"), show.money("Total cost", "total"))
_AWARDED = (
    show.col("Lot", "lot"),
    show.col("Outcome", "outcome"),
    show.money("Total cost", "total"),
    show.code("Carrier", "provider_id"),
    show.code("Bid", "bid_id"),
    show.col("Reason", "reason"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of the award to the buyer's group."""
    command = command_of(app)
    for name, function in (
        ("auction", auction),
        ("compare", compare),
        ("award", award),
        ("awards", awards),
        ("contracts", contracts),
        ("accept", accept),
        ("refuse", refuse),
    ):
        command(name)(function)


def auction(request_id: RequestId) -> None:
    """Your auction now: each lot's clock, and of the bids what its rules show before the close."""
    api = session.api()
    lots = api.get(session.path("/requests/{}/auction", request_id))
    counts = api.get(session.path("/requests/{}/invitations", request_id))
    rows = [lot | {"shown_bids": "sealed" if lot["bids"] is None else len(lot["bids"])} for lot in lots]
    empty = f"It is not published yet. Next: marketplace buyer submit {request_id}"
    parts: list[RenderableType] = [show.table(rows, *_LOTS, empty=empty)]
    parts += [show.table(lot["bids"], *_BIDS, title=f"Lot {lot['lot']}") for lot in lots if lot["bids"]]
    said = f"Carriers: {counts['invited']} invited, {counts['seen']} opened it, {counts['declined']} declined."
    show.answer({"lots": lots, "invitations": counts}, *parts, said)


def compare(
    request_id: RequestId,
    *,
    formulas: Annotated[bool, typer.Option("--formulas", help="also how each line's cost came about")] = False,
) -> None:
    """After the close: every bid in total cost over the term, best first."""
    found = session.api().get(session.path("/requests/{}/comparison", request_id))
    lines = [
        line | {"lot": lot["lot"], "provider_name": offer["provider_name"]}
        for lot in found["lots"]
        for offer in lot["offers"]
        for line in offer["lines"] + offer["optional"]
    ]
    below = (show.table(lines, *_FORMULAS),) if formulas and lines else ()
    show.answer(found, *_compared(found), *below, f"Next: marketplace buyer award {request_id}")


def award(
    request_id: RequestId,
    *,
    lot: Annotated[list[str] | None, typer.Option(help="T1=bid_…: this bid gets the lot")] = None,
    none: Annotated[list[str] | None, typer.Option(help="T2: no bid gets the lot; needs --reason")] = None,
    cheapest: Annotated[
        bool, typer.Option("--cheapest", help="the first of the comparison for every lot not named")
    ] = False,
    reason: Annotated[str, typer.Option(help="why, where a choice is not the lowest total cost")] = "",
    yes: Yes = False,
) -> None:
    """Award lots. Shows first who would learn who you are; nothing happens before you type AWARD."""
    api = session.api()
    comparison = api.get(session.path("/requests/{}/comparison", request_id))
    awarded = [{"lot": ref, "bid_id": bid, "reason": reason} for ref, bid in map(_pair, lot or ())]
    refused = [{"lot": ref, "reason": reason} for ref in none or ()]
    named = {item["lot"] for item in awarded + refused}
    waiting = [one for one in comparison["lots"] if one["status"] == "closed" and one["lot"] not in named]
    if cheapest:
        awarded += [
            {"lot": one["lot"], "bid_id": one["offers"][0]["bid_id"], "reason": reason}
            for one in waiting
            if one["offers"] and not one["offers"][0]["open_ended"]
        ]
    elif not named:
        show.before_asking(*_compared(comparison))
        awarded, refused = _asked(waiting)
    selection = {"awarded": awarded, "not_awarded": refused}
    _confirm(api, request_id, selection, ask_first=not yes)
    done = api.post(session.path("/requests/{}/award", request_id), selection, key=session.key())
    show.answer(
        done,
        show.table(done["lots"], *_AWARDED),
        f"Awarded. The winners' terms wait for you: marketplace buyer contracts {request_id}",
    )


def awards(request_id: RequestId) -> None:
    """Your decisions on a request, newest first."""
    found = session.api().get(session.path("/requests/{}/awards", request_id))
    tables = [show.table(one["lots"], *_AWARDED, title=f"{one['id']}, {show.local_time(one['at'])}") for one in found]
    show.answer(found, *(tables or [f"Nothing is decided. Next: marketplace buyer compare {request_id}"]))


def contracts(request_id: RequestId) -> None:
    """The terms and contracts of a request, one for each winner and document."""
    found = session.api().get(session.path("/requests/{}/contracts", request_id))
    empty = f"There are none before the award. Next: marketplace buyer award {request_id}"
    waiting = [one["id"] for one in found if one["status"] == "presented"]
    following = f"Read and decide: marketplace buyer accept {waiting[0]}" if waiting else ""
    show.answer(found, show.table(found, *views.CONTRACT_COLUMNS, empty=empty), following)


def accept(
    contract_id: ContractId,
    *,
    sha256: Annotated[str, typer.Option(help="SHA-256 of the terms that you read, if not in this command")] = "",
    yes: Yes = False,
) -> None:
    """Read a winner's terms and accept them: the contract stands from then on."""
    api = session.api()
    found = api.get(session.path("/contracts/{}", contract_id))
    stated = found["presentation"]["terms"]["sha256"]
    if hashlib.sha256(found["terms_text"].encode()).hexdigest() != stated:
        raise MistakeError("The text that came does not have the hash that it should have. Nothing was accepted.")
    if not yes:
        show.before_asking(*views.contract_parts(found))
        want_word("ACCEPT", "Nothing was accepted.")
    body = {"sha256": sha256 or stated, "accepted_terms": True}
    accepted = api.post(session.path("/contracts/{}/acceptance", contract_id), body, key=session.key())
    show.answer(
        accepted,
        f"The contract stands. SHA-256 {accepted['sha256']}",
        f"Keep the signed document: marketplace buyer contract {contract_id} --document FILE",
    )


def refuse(contract_id: ContractId, reason: Reason) -> None:
    """Refuse a winner's terms: its lots are yours again, with the next bids that are still valid."""
    body = {"reason": reason}
    refused = session.api().post(session.path("/contracts/{}/refusal", contract_id), body, key=session.key())
    show.answer(refused, f"Refused. Award its lots anew: marketplace buyer compare {refused['request_id']}")


def _pair(text: str) -> tuple[str, str]:
    """Return the two sides of T1=bid_…. Raises MistakeError."""
    ref, sign, bid = text.partition("=")
    if not (ref and sign and bid):
        raise MistakeError(f"'{text}' is no choice: write --lot T1=bid_…, with ids from: marketplace buyer compare")
    return ref.strip(), bid.strip()


def _asked(waiting: list[dict[str, Any]]) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Return what a person selects lot by lot, by the number of the row, or 0 for none."""
    awarded: list[dict[str, str]] = []
    refused: list[dict[str, str]] = []
    for lot in waiting:
        offers = lot["offers"]
        typed = ask(f"Lot {lot['lot']}: which row (1 to {len(offers)}, 0 for none)?", "1" if offers else "0")
        if not typed.isdecimal() or int(typed) > len(offers):
            raise MistakeError(f"'{typed}' is no row. Nothing was awarded.")
        number = int(typed)
        if number == 0:
            refused.append({"lot": lot["lot"], "reason": ask("Why none?")})
            continue
        chosen = offers[number - 1]
        flaw = "leaves its cost open" if chosen["open_ended"] else "is not the lowest total cost"
        why = ask(f"It {flaw}. Why this one?") if chosen["open_ended"] or chosen["above_best"] else ""
        awarded.append({"lot": lot["lot"], "bid_id": chosen["bid_id"], "reason": why})
    return awarded, refused


def _confirm(api: Api, request_id: str, selection: dict[str, Any], *, ask_first: bool) -> None:
    """Show who would learn what; go on only if the person says so. Raises MistakeError."""
    found = api.post(session.path("/requests/{}/award/preview", request_id), selection, key=session.key())
    if not ask_first:
        return
    revealed = "; ".join(found["reveals"])
    show.before_asking(
        show.table(found["winners"], *_WINNERS, empty="No carrier wins, and none learns who you are."),
        *([f"Each winner learns: {revealed}."] if found["winners"] else []),
        f"Other bidders, who learn only that they lost: {found['losers']}. Total: {show.amount(found['total'])}.",
    )
    want_word("AWARD", "Nothing was awarded, and nobody learned anything.")


def _compared(comparison: dict[str, Any]) -> list[RenderableType]:
    parts: list[RenderableType] = [
        show.table(
            [offer | {"notes": _notes(offer)} for offer in lot["offers"]],
            *_OFFERS,
            title=f"Lot {lot['lot']} ({lot['status']})",
            empty=f"Lot {lot['lot']} ({lot['status']}): no bids.",
        )
        for lot in comparison["lots"]
    ]
    prior = comparison["prior_cost"]
    today = f" Today you pay {show.amount(prior)} in the same time." if prior else ""
    months = comparison["term_months"]
    cheapest = f"{show.amount(comparison['cheapest_total'])} {comparison['currency']}"
    return [*parts, f"The cheapest together: {cheapest} over {months} months.{today}"]


def _notes(offer: dict[str, Any]) -> list[str]:
    marks = {
        "joint": "tied",
        "expired": "expired",
        "stale": "for an earlier version",
        "surrogate": "entered by an agent",
    }
    return [word for name, word in marks.items() if offer[name]] + [f"open: {why}" for why in offer["open_because"]]
