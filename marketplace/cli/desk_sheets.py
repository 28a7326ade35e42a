"""Pricing on the command line: bid sheets that go out and come back, and the draft that they fill."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import desk_offers, session, show, views
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import (
    Confirmed,
    DryRun,
    Json,
    Lots,
    command_of,
    group,
    read_bytes,
    read_json,
    write_new,
)
from marketplace.cli.desk_offers import InvitationId, ReceiptFile
from marketplace.players.api import Api

_FORMATS = ("csv", "xlsx")
_CHANGES = (
    show.count("Row", "row"),
    show.col("Lot", "lot"),
    show.col("Line", "line"),
    show.col("Column", "column"),
    show.col("Was", "old"),
    show.col("Is", "new"),
)
_BAD = (
    show.count("Row", "row"),
    show.col("Column", "column"),
    show.col("Value", "value"),
    show.col("What is wrong", "message"),
)
_LOT = show.col("Lot", "lot")
_LACKS = (
    show.col("Without a price", "missing"),
    show.col("What is wrong", "wrong"),
    show.col("Open, without a cap", "open_ended"),
)
_TOTAL = show.money("Total cost", "total")
_DRAFT_LINES = (
    show.col("Lot", "lot"),
    show.col("Line", "line"),
    show.money("MRC", "mrc"),
    show.money("NRC", "nrc"),
    show.Column("Usage rates", "usage_rates", views.usage_rates),
    show.Column("Taxes and surcharges", "taxes", views.taxes),
    show.count("Install days", "install_days"),
    show.col("Firmness", "firmness"),
    show.money("Construction at most", "construction_cap"),
)


def add_to(app: typer.Typer) -> None:
    """Add the groups ``sheet`` and ``draft`` to the desk's group."""
    sheets = group("Price a request in a spreadsheet: take the sheet, fill it in, put it back.")
    app.add_typer(sheets, name="sheet")
    command = command_of(sheets)
    command("get")(get_sheet)
    command("put")(put_sheet)
    drafts = group("The bid that you are writing; a bid sheet fills it.")
    app.add_typer(drafts, name="draft")
    command = command_of(drafts)
    for name, function in (("show", show_draft), ("set", set_draft), ("send", send_draft), ("clear", clear_draft)):
        command(name)(function)


def get_sheet(
    invitation_id: InvitationId,
    out: Annotated[Path, typer.Option(help="FILE.csv or FILE.xlsx; no file is overwritten")],
) -> None:
    """Save the request as a sheet to price: a row for each line, filled from your draft."""
    kind = out.suffix.lower().removeprefix(".")
    if kind not in _FORMATS:
        raise MistakeError(f"{out}: a sheet is a file that ends in .csv or .xlsx")
    found = session.raw(session.api(), session.path("/invitations/{}/bid-sheet", invitation_id) + f"?format={kind}")
    write_new(out, found.content)
    show.answer(
        {"file": str(out), "size": len(found.content)},
        f"The sheet is saved to {out}. Fill in mrc, nrc and the other prices; leave the columns lot and line.",
        f"Next: marketplace desk sheet put {invitation_id} {out}",
    )


def put_sheet(
    invitation_id: InvitationId,
    file: Annotated[Path, typer.Argument(help="the sheet with your prices, as CSV in UTF-8 or XLSX")],
    *,
    dry_run: DryRun = False,
) -> None:
    """Take a priced sheet into your draft: good rows are kept, each change and each bad row is shown.

    Exit code 1 if a row was left out.
    """
    done = session.api().call(
        "PUT",
        session.path("/invitations/{}/bid-sheet", invitation_id),
        key="" if dry_run else session.key(),
        params={"dry_run": dry_run},
        files={"file": (file.name, read_bytes(file))},
    )
    left_out = bool(done["bad"] or done["unknown"])
    show.answer(
        done,
        *([show.table(done["changes"], *_CHANGES, title="What changes")] if done["changes"] else []),
        *([show.table(_left_out(done), *_BAD, title="Rows that were left out")] if left_out else []),
        *(
            [f"Columns that are none of the sheet's: {show.plain(done['ignored_columns'])}"]
            * bool(done["ignored_columns"])
        ),
        _put_in_words(done),
        _check_table(done["lots"], title="Your draft would be" if dry_run else "Your draft now"),
        "" if dry_run else _following(invitation_id, done["lots"], mend=left_out),
    )
    if left_out:
        raise typer.Exit(1)


def show_draft(invitation_id: InvitationId) -> None:
    """What you have written so far, and what each lot lacks."""
    found = session.api().get(session.path("/invitations/{}/bid-draft", invitation_id))
    content = found["content"]
    lines = [line | {"lot": lot["lot"]} for lot in content["lots"] for line in lot["lines"]]
    empty = f"Nothing is written yet. Next: marketplace desk sheet get {invitation_id} --out FILE.xlsx"
    parts = (_check_table(found["lots"]),) if lines else ()
    following = _following(invitation_id, found["lots"]) if lines else ""
    show.answer(
        found, show.table(lines, *_DRAFT_LINES, *views.stated(lines, *views.ACCESS), empty=empty), *parts, following
    )


def set_draft(invitation_id: InvitationId, file: Json) -> None:
    """Make a JSON file your draft; it may have gaps. 'draft show --json' prints one, under 'content'."""
    api = session.api()
    done = _changed(api, invitation_id, "PUT", read_json(file))
    show.answer(done, _check_table(done["lots"]), _following(invitation_id, done["lots"]))


def clear_draft(invitation_id: InvitationId) -> None:
    """Throw your draft away. Bids that you placed stay."""
    _changed(session.api(), invitation_id, "DELETE", None)
    show.answer({"invitation_id": invitation_id, "cleared": True}, "The draft is empty. Your bids stay as they are.")


def send_draft(
    invitation_id: InvitationId,
    *,
    lot: Lots = None,
    terms: Annotated[str, typer.Option(help="terms that it stands on; default: the draft's, else your newest")] = "",
    valid_until: Annotated[str, typer.Option(help="last day on which the buyer may award it, such as 2030-02-28")] = "",
    quality: desk_offers.Quality = None,
    capacity: desk_offers.CapacityOption = None,
    total: desk_offers.Totals = None,
    dry_run: DryRun = False,
    confirmed: Confirmed = False,
    receipts: ReceiptFile = None,
) -> None:
    """Bid with your draft: on all lots that it prices, or on those named."""
    api = session.api()
    found = api.get(session.path("/invitations/{}/bid-draft", invitation_id))
    body = _bid(api, invitation_id, found, [ref.strip().upper() for ref in lot or ()], terms)
    if valid_until:
        body["lots"] = [one | {"valid_until": valid_until} for one in body["lots"]]
    wish = desk_offers.Wish(
        tuple(quality or ()), tuple(total or ()), dry_run, confirmed, receipts, tuple(capacity or ())
    )
    desk_offers.send(api, invitation_id, body, wish)


def _bid(api: Api, invitation_id: str, found: Mapping[str, Any], named: list[str], terms: str) -> dict[str, Any]:
    """Return a draft's lots as a bid. Raises MistakeError for a lot that can't be bid, with what it lacks."""
    content = found["content"]
    begun = {one["lot"]: one for one in content["lots"] if one["lines"]}
    if not begun:
        raise MistakeError(f"Your draft is empty. Next: marketplace desk sheet get {invitation_id} --out FILE.xlsx")
    unknown = [ref for ref in named if ref not in begun]
    if unknown:
        raise MistakeError(f"Your draft prices no lot {unknown[0]}; it prices {show.plain(list(begun))}.")
    checks = {one["lot"]: one for one in found["lots"]}
    sent = named or list(begun)
    lacking = [ref for ref in sent if ref not in checks or checks[ref]["total"] is None]
    if lacking:
        complete = [ref for ref in sent if ref not in lacking]
        rest = f" Without it: {' '.join(f'--lot {ref}' for ref in complete[:5])}." if complete else ""
        raise MistakeError(
            f"Lot {lacking[0]} can't be bid yet: {_lacks(checks.get(lacking[0]))}. Nothing was sent.{rest}"
        )
    asked = api.get(session.path("/invitations/{}", invitation_id))["request"]
    return {
        "request_version": found["request_version"],
        "terms_id": terms or content["terms_id"] or desk_offers.newest_terms(api),
        "term_months": asked["term_months"],
        "lots": [
            begun[ref] | {"lines": [one for one in begun[ref]["lines"] if one["mrc"] is not None]} for ref in sent
        ],
    }


def _changed(api: Api, invitation_id: str, method: str, body: Any) -> Any:
    """Replace or clear the draft that is there now; one that somebody else changes meanwhile is refused."""
    at = session.path("/invitations/{}/bid-draft", invitation_id)
    revision = api.get(at)["revision"]
    return api.call(method, at, body, key=session.key(), headers={"If-Match": f'"{revision}"'})


def _check_table(lots: Sequence[Mapping[str, Any]], title: str = "") -> RenderableType:
    rows = [dict(one) | {"wrong": [item["message"] for item in one["problems"]]} for one in lots]
    columns = [_LOT, *(column for column in _LACKS if any(row[column.path] for row in rows)), _TOTAL]
    return show.table(rows, *columns, title=title)


def _lacks(check: Mapping[str, Any] | None) -> str:
    if check is None:
        return "the request has no such lot any longer"
    if check["missing"]:
        return f"no price for {show.plain(check['missing'])}"
    return show.plain([item["message"] for item in check["problems"]])


def _left_out(done: Mapping[str, Any]) -> list[dict[str, Any]]:
    unknown = [
        {
            "row": one["row"],
            "column": "line",
            "value": f"{one['lot']} {one['line']}".strip(),
            "message": "the request has no such line: write lot and line as they went out",
        }
        for one in done["unknown"]
    ]
    return sorted([*done["bad"], *unknown], key=lambda one: one["row"])


def _put_in_words(done: Mapping[str, Any]) -> str:
    changed = len({one["row"] for one in done["changes"]})
    left_out = len({one["row"] for one in [*done["bad"], *done["unknown"]]})
    taken = "would be taken" if done["dry_run"] else "taken"
    return f"Rows: {changed} {taken}, {done['unchanged']} as they were, {left_out} left out."


def _following(invitation_id: str, lots: Sequence[Mapping[str, Any]], *, mend: bool = False) -> str:
    if mend:
        return "Mend these rows and put the sheet back; what was taken stays."
    if any(one["total"] is not None for one in lots):
        return f"Next: marketplace desk draft send {invitation_id} --dry-run, then without it"
    return f"Fill in what is missing: marketplace desk sheet get {invitation_id} --out FILE.xlsx"
