"""The end of a request on the command line: comparing, awarding, and deciding on terms."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import session, show, views
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Reason, Yes, ask, command_of, want_word, write_new
from marketplace.cli.contracts import ContractId, whole_terms
from marketplace.players.api import Api

_OFFERS = (
    show.count("Rank", "rank"),
    show.col("Carrier", "provider_name"),
    show.money("Total cost", "total"),
    show.money("Compared by", "evaluated"),
    show.money("Above best", "above_best"),
    show.count("Install days", "slowest_install_days"),
    show.col("Taxes and surcharges", "taxes"),
    show.col("Deviations", "deviations"),
    show.col("Unpriced", "unpriced"),
    show.col("Valid until", "valid_until"),
    show.col("Notes", "notes"),
    show.code("Bid", "bid_id"),
)
_LIMITS = (
    show.col("Access", "ways"),
    show.col("Takes on at most", "limit"),
    show.col("Alternative", "alternative"),
)
_FORMULAS = (
    show.col("Lot", "lot"),
    show.col("Carrier", "provider_name"),
    show.col("Line", "line"),
    show.money("Total cost", "total"),
    show.col("Formula", "formula"),
)
_WINNERS = (
    show.col("Winner", "provider_name"),
    show.col("Lots", "lots"),
    show.money("Total cost", "total"),
    show.col("Sites", "sites"),
)
AWARDED = (
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
        ("compare", compare),
        ("award", award),
        ("awards", awards),
        ("contracts", contracts),
        ("accept", accept),
        ("refuse", refuse),
    ):
        command(name)(function)


def compare(
    request_id: RequestId,
    *,
    formulas: Annotated[bool, typer.Option("--formulas", help="also how each line's cost came about")] = False,
    xlsx: Annotated[Path | None, typer.Option(help="write it as a workbook to this new file")] = None,
    csv: Annotated[Path | None, typer.Option(help="write it as CSV to this new file")] = None,
) -> None:
    """After the close: every bid in total cost over the term, best first."""
    api = session.api()
    for kind, file in (("xlsx", xlsx), ("csv", csv)):
        if file is not None:
            write_new(file, api.download(session.path(f"/requests/{{}}/comparison.{kind}", request_id)))
            show.remark(f"Written: {file}")
    found = api.get(session.path("/requests/{}/comparison", request_id))
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
            if one["offers"] and not one["offers"][0]["open_ended"] and one["offers"][0]["rank"] is not None
        ]
    elif not named:
        show.before_asking(*_compared(comparison))
        awarded, refused = _asked(waiting)
    selection = {"awarded": awarded, "not_awarded": refused}
    confirmed(api, session.path("/requests/{}/award/preview", request_id), selection, ask_first=not yes)
    done = api.post(session.path("/requests/{}/award", request_id), selection, key=session.key())
    show.answer(done, show.table(done["lots"], *AWARDED), following_award(done, request_id))


def awards(request_id: RequestId) -> None:
    """Your decisions on a request, newest first."""
    found = session.api().get(session.path("/requests/{}/awards", request_id))
    tables = [show.table(one["lots"], *AWARDED, title=f"{one['id']}, {show.local_time(one['at'])}") for one in found]
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
    whole_terms(api, found)
    if not yes:
        show.before_asking(*views.contract_parts(found))
        want_word("ACCEPT", "Nothing was accepted.")
    changes = found["changes"]["version"] if found["changes"] else None
    body = {
        "sha256": sha256 or stated,
        "changes_version": changes,
        "shown_sha256": found["shown_sha256"],
        "accepted_terms": True,
    }
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
        flaw = _flaw(chosen)
        why = ask(f"It {flaw}. Why this one?") if flaw else ""
        awarded.append({"lot": lot["lot"], "bid_id": chosen["bid_id"], "reason": why})
    return awarded, refused


def _flaw(offer: dict[str, Any]) -> str:
    """Return why selecting an offer needs a reason; empty if it needs none."""
    if offer["open_ended"]:
        return "leaves its cost open"
    if offer["incomplete"] and offer["above_best"] is None:
        return "is incomplete"
    return "is not the lowest total cost" if Decimal(offer["above_best"] or 0) else ""


def confirmed(api: Api, at: str, selection: dict[str, Any], *, ask_first: bool) -> None:
    """Show who would learn what if ``selection`` were confirmed; go on only if the person says so.

    Raises MistakeError.
    """
    found = api.post(at, selection, key=session.key())
    if not ask_first:
        return
    revealed = "; ".join(found["reveals"])
    show.before_asking(
        show.table(found["winners"], *_WINNERS, empty="No carrier wins, and none learns who you are."),
        *([f"Each winner learns: {revealed}."] if found["winners"] else []),
        f"Other bidders, who learn only that they lost: {found['losers']}. Total: {show.amount(found['total'])}.",
        *(f"Discount: {show.amount(one['amount'])} ({show.clean(one['words'])})." for one in found["discounts"]),
        *(f"Mind: {show.clean(risk)}." for risk in found["warnings"]),
        *([found["approval"]] if found["approval"] else []),
    )
    want_word("AWARD", "Nothing was awarded, and nobody learned anything.")


def following_award(done: dict[str, Any], request_id: str) -> str:
    """Return what to do after an award, or after a selection that waits for a second user."""
    if done["status"] != "awarded":
        return f"It waits for a second user of your organization: marketplace buyer approve {request_id} {done['id']}"
    return f"Awarded. The winners' terms wait for you: marketplace buyer contracts {request_id}"


def _compared(comparison: dict[str, Any]) -> list[RenderableType]:
    parts: list[RenderableType] = [_bids(lot) for lot in comparison["lots"]]
    prior = comparison["prior_cost"]
    today = f" Today you pay {show.amount(prior)} in the same time." if prior else ""
    months = comparison["term_months"]
    cheapest = f"{show.amount(comparison['cheapest_total'])} {comparison['currency']}"
    return [*parts, f"The cheapest together: {cheapest} over {months} months.{today}"]


def _bids(lot: dict[str, Any]) -> RenderableType:
    """Return the bids on a lot; what they state of access and limits only where one does."""
    rows = [
        offer
        | {
            "notes": _notes(offer),
            "ways": views.access(offer["access"]),
            "limit": [f"{most} {what}" for what, most in (offer["capacity"] or {}).items() if most],
        }
        for offer in lot["offers"]
    ]
    named = f"Lot {lot['lot']} ({lot['status']})"
    return show.table(rows, *_OFFERS, *views.stated(rows, *_LIMITS), title=named, empty=f"{named}: no bids.")


def _notes(offer: dict[str, Any]) -> list[str]:
    marks = {
        "joint": "tied",
        "expired": "expired",
        "stale": "for an earlier version",
        "surrogate": "entered by an agent",
        "defaulted": "did not stand by an award",
    }
    said = [word for name, word in marks.items() if offer[name]] + [f"open: {why}" for why in offer["open_because"]]
    return said + [f"incomplete: {why}" for why in offer["incomplete"]]
