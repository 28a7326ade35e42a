"""The buyer's requests on the command line: drafting, importing, checking, submitting, changing, withdrawing."""

import json
from enum import StrEnum
from typing import Annotated, Any

import typer

from marketplace.cli import session, show, views
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Csv, Json, Limit, Reason, command_of, read_bytes, read_json
from marketplace.players.api import Api

RequestId = Annotated[str, typer.Argument(metavar="REQUEST", help="a request's id")]
Revision = Annotated[
    int | None, typer.Option(help="the revision that you read: refused if it changed since; default: the present one")
]
_STATE = (
    show.code("Request", "id"),
    show.col("Status", "status"),
    show.col("Suspended", "suspended"),
    show.count("Revision", "revision"),
    show.count("Version", "version"),
    show.col("Carriers know you as", "pseudonym"),
    show.when("Published", "published_at"),
    show.col("Ended because", "end_reason"),
)
_REQUESTS = (
    show.code("Request", "id"),
    show.col("Title", "title"),
    show.col("Status", "status"),
    show.count("Sites", "sites"),
    show.count("Lines", "lines"),
    show.when("Bids until", "closes_at"),
)
_FINDINGS = (
    show.col("Where", "pointer"),
    show.col("Words", "text"),
    show.col("Kind", "kind"),
    show.col("Why", "why"),
)
_PROBLEMS = (
    show.count("Row", "row"),
    show.col("Column", "column"),
    show.col("Value", "value"),
    show.col("What is wrong", "message"),
)
_EXAMPLE = {
    "title": "Internet access for two branches",
    "term_months": 36,
    "disclosure": "postal code",
    "disclosed_bands": ["industry", "size"],
    "billing": {"currency": "USD", "payment_days": 30},
    "schedule": {"closes_at": "2030-01-31T17:00:00-05:00"},
    "auction": {"format": "sealed"},
}


class What(StrEnum):
    """What the rows of a file are."""

    SITES = "sites"
    LINES = "lines"


def add_to(app: typer.Typer) -> None:
    """Add the commands of requests to the buyer's group."""
    command = command_of(app)
    for name, function in (
        ("template", template),
        ("new", new),
        ("edit", edit),
        ("import", import_rows),
        ("show", show_request),
        ("list", list_requests),
        ("preview", preview),
        ("findings", findings),
        ("submit", submit),
        ("amend", amend),
        ("withdraw", withdraw),
    ):
        command(name)(function)


def template() -> None:
    """Print a small request as JSON, to change and give to 'new'. Sites and lines can be imported from CSV."""
    typer.echo(json.dumps(_EXAMPLE, indent=2))


def new(file: Json) -> None:
    """Begin a request from a JSON file; what is missing can follow."""
    made = session.api().post("/requests", read_json(file), key=session.key())
    _show(made, f"Next: marketplace buyer import {made['id']} sites FILE.csv, then … lines FILE.csv, then preview")


def edit(request_id: RequestId, file: Json, revision: Revision = None) -> None:
    """Replace the parts of a draft that are in a JSON file."""
    api = session.api()
    body = read_json(file)
    edited = api.call(
        "PATCH",
        session.path("/requests/{}", request_id),
        body,
        key=session.key(),
        headers=_if_match(api, request_id, revision),
    )
    _show(edited)


def import_rows(request_id: RequestId, what: What, file: Csv, revision: Revision = None) -> None:
    """Import sites or lines from CSV into a draft: good rows are kept, each bad cell is listed."""
    api = session.api()
    content = read_bytes(file)
    if not content.strip():
        raise MistakeError(
            f"{file} is empty: its first row names the columns, and each row below is one of the {what}."
        )
    headers = {"Content-Type": "text/csv"} | _if_match(api, request_id, revision)
    done = api.post(
        session.path("/requests/{}/import", request_id),
        key=session.key(),
        params={"what": what.value},
        content=content,
        headers=headers,
    )
    summary = f"{what.value.capitalize()}: {done[what.value]} imported. Wrong cells: {len(done['problems'])}."
    if not done["problems"]:
        show.answer(done, summary)
        return
    show.answer(done, show.table(done["problems"], *_PROBLEMS), summary, "Mend these rows and import them again.")
    raise typer.Exit(1)


def show_request(request_id: RequestId) -> None:
    """Everything that you said in a request."""
    _show(session.api().get(session.path("/requests/{}", request_id)))


def list_requests(limit: Limit = 50) -> None:
    """Your organization's requests, newest first."""
    found, left = session.pages(session.api(), "/requests", limit)
    show.answer(
        found, show.table(found, *_REQUESTS, empty="There are none. Begin one: marketplace buyer new FILE.json")
    )
    show.more(left)


def preview(request_id: RequestId) -> None:
    """What carriers get: with --json byte for byte what every invited one reads."""
    found = session.api().get(session.path("/requests/{}/preview", request_id))
    known = (show.col("Buyer", "pseudonym"), show.col("Bands", "bands"))
    show.answer(found, show.facts(found, *known), *views.request_parts(found))


def findings(request_id: RequestId) -> None:
    """Words that carriers would read and that give you away."""
    found = session.api().get(session.path("/requests/{}/findings", request_id))
    empty = f"Nothing gives you away. Next: marketplace buyer submit {request_id}"
    show.answer(found, show.table(found, *_FINDINGS, empty=empty))


def submit(
    request_id: RequestId,
    accept_finding: Annotated[
        list[str] | None, typer.Option(help="exact words of a finding that you take responsibility for")
    ] = None,
) -> None:
    """Submit a draft: published at once if you are verified, otherwise when you are."""
    body = {"accept_findings": accept_finding or []}
    done = session.api().post(session.path("/requests/{}/submit", request_id), body, key=session.key())
    said = (
        "It waits for your verification, and no carrier sees it before: marketplace buyer status"
        if done["waits_for_verification"]
        else f"It is out. Watch it: marketplace buyer auction {request_id}"
    )
    show.answer(done, show.facts(done["request"], *_STATE), said)


def amend(request_id: RequestId, file: Json, revision: Revision = None) -> None:
    """Change a published request: a new version for all invited carriers."""
    api = session.api()
    body = read_json(file)
    amended = api.post(
        session.path("/requests/{}/amendments", request_id),
        body,
        key=session.key(),
        headers=_if_match(api, request_id, revision),
    )
    _show(amended, "Bids made before stand on the earlier version until their carriers confirm them.")


def withdraw(request_id: RequestId, reason: Reason) -> None:
    """Take a request back for good. Carriers learn that, not why."""
    body = {"reason": reason}
    withdrawn = session.api().post(session.path("/requests/{}/withdraw", request_id), body, key=session.key())
    show.answer(withdrawn, show.facts(withdrawn, *_STATE))


def _if_match(api: Api, request_id: str, revision: int | None) -> dict[str, str]:
    present = revision if revision is not None else api.get(session.path("/requests/{}", request_id))["revision"]
    return {"If-Match": f'"{present}"'}


def _show(request: dict[str, Any], following: str = "") -> None:
    show.answer(request, show.facts(request, *_STATE), *views.request_parts(request["content"]), following)
