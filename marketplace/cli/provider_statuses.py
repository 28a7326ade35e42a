"""The platform compares its providers with a published list of statuses, such as the USAC's list of SPINs."""

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Csv, Yes, command_of, want_word

REFERENCE = "spin"
STATUS = "status"
CLOSED = "closed"
_MOST_PROVIDERS = 1_000_000

Apply = Annotated[bool, typer.Option("--apply", help="close them here, with that reason; default: only show")]
_FOUND = (
    show.code("Provider", "id"),
    show.col("Name", "name"),
    show.col("Reference", "reference"),
    show.col("Status here", "status"),
    show.col("Name in the list", "listed_name"),
    show.col("Status in the list", "listed_status"),
)


def add_to(app: typer.Typer) -> None:
    """Add the command to the platform's."""
    command_of(app)("provider-statuses")(provider_statuses)


def provider_statuses(file: Csv, *, apply: Apply = False, yes: Yes = False) -> None:
    """Providers of ours that FILE says are closed. FILE is a CSV with the columns spin, company_name and status."""
    listed = read_list(file)
    api = session.api()
    ours, _ = session.pages(api, "/providers", _MOST_PROVIDERS)
    found = closed_there(ours, listed)
    if not apply or not found:
        show.answer(found, show.table(found, *_FOUND, empty="None of our open providers is closed there."))
        return
    show.before_asking(show.table(found, *_FOUND))
    if not yes:
        want_word("CLOSE", "Nothing was changed.")
    done = []
    for one in found:
        reason = f"closed in the list {file.name} (reference {one['reference']})"
        at = session.path("/providers/{}/close", one["id"])
        done.append(one | {"status": api.post(at, {"reason": reason}, key=session.key())["status"]})
    show.answer(done, show.table(done, *_FOUND))


def read_list(file: Path) -> dict[str, dict[str, str]]:
    """Return the rows of a list by reference. Raises MistakeError when it is not one."""
    with file.open(encoding="utf-8-sig", newline="") as opened:
        rows = csv.DictReader(opened)
        if not {REFERENCE, STATUS} <= set(rows.fieldnames or ()):
            raise MistakeError(f"{file} has no columns '{REFERENCE}' and '{STATUS}' in its first row.")
        return {row[REFERENCE].strip(): row for row in rows if row[REFERENCE]}


def closed_there(ours: list[dict[str, Any]], listed: dict[str, dict[str, str]]) -> list[dict[str, Any]]:
    """Return those of our providers, not closed here, whose reference is closed in the list, beside what it says."""
    found = []
    for one in ours:
        row = listed.get(one["reference"].strip())
        if row is not None and (row[STATUS] or "").strip().lower() == CLOSED and one["status"] != CLOSED:
            listed_name = row.get("company_name") or ""
            found.append(one | {"listed_name": listed_name, "listed_status": row[STATUS]})
    return found
