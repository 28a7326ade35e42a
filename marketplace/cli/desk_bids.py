"""The provider's deals on the command line: what it received, bid and won."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import desk_offers, session, show, views
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Confirmed, DryRun, Limit, command_of, read_json, write_new
from marketplace.cli.desk_offers import CapacityOption, InvitationId, Quality, ReceiptFile, Totals, Wish
from marketplace.players.api import Api

_INBOX = (
    show.code("Invitation", "id"),
    show.col("Buyer", "pseudonym"),
    show.col("Title", "title"),
    show.col("Services", "service_types"),
    show.count("Sites", "sites"),
    show.count("Lots", "lots"),
    show.when("Bids until", "closes_at"),
    show.col("You", "status"),
    show.col("Request", "request_status"),
    show.col("Because", "because"),
)
_INVITATION = (
    show.code("Invitation", "id"),
    show.col("Buyer", "request.pseudonym"),
    show.col("Bands", "request.bands"),
    show.count("Version", "request.version"),
    show.col("You", "status"),
    show.col("You declined because", "decline_reason"),
    show.col("Request", "request_status"),
    show.col("Suspended", "suspended"),
    show.when("Received", "received_at"),
    show.col("Because", "because"),
)
_WHY = (show.col("Criterion", "criterion"), show.col("Passed", "passed"), show.col("Why", "reason"))
_STATE = (show.code("Invitation", "id"), show.col("You", "status"), show.col("Reason", "decline_reason"))
_BIDS = (
    show.col("Lot", "lot"),
    show.code("Bid", "bid_id"),
    show.count("Version", "placed_as"),
    show.count("On version", "request_version"),
    show.col("Counts", "standing"),
    show.col("Total cost", "cost"),
    show.when("Placed", "placed_at"),
    show.col("Valid until", "valid_until"),
    show.col("Entered by", "entered_by"),
)
_WON = (
    show.col("Lot", "lot"),
    show.col("Outcome", "outcome"),
    show.money("Total cost", "total"),
    show.code("Bid", "bid_id"),
)
_SITES = (
    show.col("Site", "ref"),
    show.col("Label", "record.label"),
    show.col("Street", "place.street"),
    show.col("City", "place.city"),
    show.col("State", "place.state"),
    show.col("Postal code", "place.postal_code"),
    show.col("Country", "place.country"),
    show.col("Contact", "record.contact_name"),
    show.col("Phone", "record.contact_phone"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of invitations and bids to the desk's group."""
    command = command_of(app)
    for name, function in (
        ("inbox", inbox),
        ("open", open_invitation),
        ("decline", decline),
        ("reopen", reopen),
        ("bid", bid),
        ("bids", bids),
        ("award", award),
        ("buyer", buyer),
        ("contracts", contracts),
    ):
        command(name)(function)


def inbox(
    status: Annotated[str, typer.Option(help="only those with this status, such as sent, seen, declined, bid")] = "",
    limit: Limit = 50,
) -> None:
    """The requests that you received, newest first."""
    found, left = session.pages(session.api(), "/invitations", limit, status=status or None)
    rows = [item | {"because": _because(item)} for item in found]
    empty = "Nothing has arrived. See your approval (marketplace desk company) and your filters (… desk filters list)."
    show.answer(found, show.table(rows, *_INBOX, empty=empty))
    show.more(left)


def open_invitation(invitation_id: InvitationId) -> None:
    """What the buyer asks for and why it came to you. That you opened it is recorded the first time."""
    found = session.api().get(session.path("/invitations/{}", invitation_id))
    row = found | {"because": _because(found)}
    why = (show.table(found["why"], *_WHY),) if found["why"] else ()
    following = f"Next: marketplace desk sheet get {invitation_id} --out FILE.xlsx, or … bid FILE.json --template"
    show.answer(found, show.facts(row, *_INVITATION), *views.request_parts(found["request"]), *why, following)


def decline(
    invitation_id: InvitationId,
    reason: Annotated[
        str, typer.Option(prompt=True, help="cannot serve the sites, capacity, terms, timing, price level, other")
    ],
    text: Annotated[str, typer.Option(help="your own words; needed with 'other'")] = "",
) -> None:
    """Tell that you won't bid, and why."""
    body = {"reason": reason, "text": text}
    done = session.api().post(session.path("/invitations/{}/decline", invitation_id), body, key=session.key())
    show.answer(done, show.facts(done, *_STATE), f"To take it back: marketplace desk reopen {invitation_id}")


def reopen(invitation_id: InvitationId) -> None:
    """Take a decline back while the request is open."""
    done = session.api().post(session.path("/invitations/{}/reopen", invitation_id), key=session.key())
    show.answer(done, show.facts(done, *_STATE))


def bid(
    invitation_id: InvitationId,
    file: Annotated[
        Path | None, typer.Argument(allow_dash=True, help="the bid as JSON, or - for standard input")
    ] = None,
    *,
    template: Annotated[bool, typer.Option("--template", help="write a bid to fill in, with all must lines")] = False,
    dry_run: DryRun = False,
    total: Totals = None,
    quality: Quality = None,
    capacity: CapacityOption = None,
    confirmed: Confirmed = False,
    receipts: ReceiptFile = None,
) -> None:
    """Bid on one or more lots. First make a file to fill in: bid INVITATION FILE.json --template.

    With --dry-run it tells whether the bid would be taken, and how you would stand as far as the rules show it.
    """
    api = session.api()
    if template:
        _write_template(_template(api, invitation_id), file)
        return
    if file is None:
        raise MistakeError(f"Give a file. To make one: marketplace desk bid {invitation_id} FILE.json --template")
    wish = Wish(tuple(quality or ()), tuple(total or ()), dry_run, confirmed, receipts, tuple(capacity or ()))
    desk_offers.send(api, invitation_id, read_json(file), wish)


def bids(invitation_id: InvitationId) -> None:
    """Every version of your bids on a request; amounts stay sealed until the opening."""
    found = session.api().get(session.path("/invitations/{}/bids", invitation_id))
    rows = [
        item
        | {
            "placed_as": item["version"] or None,
            "cost": _cost(item),
            "entered_by": "an agent, for you" if item["surrogate"] else "you",
        }
        for item in found
    ]
    empty = f"You have not bid. Next: marketplace desk bid {invitation_id} FILE.json --template"
    show.answer(found, show.table(rows, *_BIDS, empty=empty))


def award(invitation_id: InvitationId) -> None:
    """Did you win?"""
    found = session.api().get(session.path("/invitations/{}/award", invitation_id))
    empty = "You have won nothing on it, or it is not decided. When it will be: marketplace desk open INVITATION"
    following = f"Meet the buyer: marketplace desk buyer {invitation_id}" if found else ""
    show.answer(found, show.table(found, *_WON, empty=empty), following)


def buyer(invitation_id: InvitationId) -> None:
    """Who the buyer is: for winners alone. Each reading is recorded and told to the buyer."""
    found = session.api().get(session.path("/invitations/{}/buyer", invitation_id))
    columns = [show.col(name.replace("_", " ").capitalize(), f"buyer.{name}") for name in found["buyer"]]
    order = show.col("Purchase order", "purchase_order")
    sites = (show.table(found["sites"], *_SITES),) if found["sites"] else ()
    show.answer(found, show.facts(found, *columns, order), *sites)


def contracts(limit: Limit = 50) -> None:
    """Your contracts, newest first; 'presented' waits for the buyer."""
    found, left = session.pages(session.api(), "/contracts", limit)
    empty = "There are none. They come with the first lot that you win."
    show.answer(found, show.table(found, *views.CONTRACT_COLUMNS, empty=empty))
    show.more(left)


def _cost(item: dict[str, Any]) -> str:
    return "sealed" if item["amount"] is None else show.amount(item["amount"])


def _because(item: dict[str, Any]) -> str:
    return f"{item['reason']}: {item['filter_name']}" if item["filter_name"] else str(item["reason"])


def _template(api: Api, invitation_id: str) -> dict[str, Any]:
    """Return a bid on every lot of a request; what is null is to be filled in."""
    asked = api.get(session.path("/invitations/{}", invitation_id))["request"]
    lines = {line["ref"]: line for line in asked["lines"]}
    library, _ = session.pages(api, "/terms", 1)
    return {
        "request_version": asked["version"],
        "terms_id": library[0]["id"] if library else None,
        "term_months": asked["term_months"],
        "lots": [
            {
                "lot": lot["ref"],
                "valid_until": None,
                "note": "",
                "capacity": None,
                "alternative": "",
                **_quality_template(asked["auction"]),
                "lines": [
                    _line_template(lines[ref], asked["prior_usage"])
                    for ref in lot["lines"]
                    if lines[ref]["priority"] == "must"
                ],
            }
            for lot in asked["lots"]
        ],
    }


def _quality_template(auction: dict[str, Any]) -> dict[str, Any]:
    """Return the criteria that the rules value, each to be answered."""
    if not auction["scoring"]:
        return {}
    return {"quality": [{"criterion": one["code"], "answer": None} for one in auction["scoring"]["criteria"]]}


def _line_template(line: dict[str, Any], usage: list[dict[str, Any]]) -> dict[str, Any]:
    rates = [
        {"service_type": item["service_type"], "unit": item["unit"], "rate": None}
        for item in usage
        if item["service_type"] == line["service_type"]
    ]
    return {
        "line": line["ref"],
        "mrc": None,
        "nrc": "0.00",
        "install_days": None,
        "access_owner": "",
        "entrance": "",
        "usage_rates": rates,
        "answers": [{"code": wish["code"], "fit": None, "text": ""} for wish in line["features"]],
    }


def _write_template(template: dict[str, Any], file: Path | None) -> None:
    text = json.dumps(template, indent=2) + "\n"
    if file is None or str(file) == "-":
        typer.echo(text, nl=False)
        return
    write_new(file, text.encode())
    show.remark(f"Written to {file}. Fill in what is null: each mrc, rate, fit (meets, exceeds, deviates) and answer.")
    if template["terms_id"] is None:
        show.remark("A bid needs terms: marketplace desk terms publish FILE.md, then fill in terms_id.")
