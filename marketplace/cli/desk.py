"""A provider's company on the command line: registration and terms."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from marketplace.cli import (
    award_answers,
    contracts,
    desk_auction,
    desk_bids,
    desk_filters,
    desk_sheets,
    footprints,
    questions,
    session,
    show,
    territories,
)
from marketplace.cli.command import Limit, Url, ask, command_of, group, read_bytes, read_json, read_text
from marketplace.cli.notices import notices

app = group("Sell: register, say which requests you want, bid, meet the buyers that you won.")
command = command_of(app)
terms = group("Your terms and conditions.")
app.add_typer(terms, name="terms")
terms_command = command_of(terms)

_COMPANY = (
    show.code("Provider", "id"),
    show.col("Name", "name"),
    show.col("Approval", "status"),
    show.col("The platform says", "reason"),
    show.when("Decided", "decided_at"),
    show.col("Reference", "reference"),
    show.col("Contact", "contact_name"),
    show.col("E-mail", "contact_email"),
    show.col("Phone", "contact_phone"),
)
_TERMS = (
    show.code("Terms", "id"),
    show.col("Title", "title"),
    show.count("Version", "version"),
    show.when("Published", "created_at"),
    show.code("SHA-256", "sha256"),
    show.count("Pages", "pages"),
)
_KEY_TERMS = (show.col("Key term", "name"), show.col("Buyers read", "said"))


@command("register")
def register(
    file: Annotated[Path | None, typer.Argument(help="registration as JSON; without it you are asked")] = None,
    url: Url = "",
) -> None:
    """Register your company. You get an account with an initial password, shown this once."""
    body = read_json(file) if file else _asked_registration()
    done = session.anonymous(url).post("/providers", body, key=session.key())
    show.answer(
        done,
        f"Registered as {done['provider']['id']}. Initial password of {done['email']}: {done['initial_password']}",
        "It is not shown again. Requests come when the platform has approved you.",
        f"Next: marketplace login {done['email']}, then marketplace desk filters set FILE.json",
    )


@command("company")
def company() -> None:
    """Your registration and the state of its approval."""
    found = session.api().get("/provider")
    show.answer(found, show.facts(found, *_COMPANY))


@terms_command("publish")
def publish_terms(
    file: Annotated[Path, typer.Argument(allow_dash=True, help="the text in Markdown, or a PDF")],
    title: Annotated[
        str, typer.Option(help="the same title again makes the next version; default: the file's name")
    ] = "",
    key_terms: Annotated[Path | None, typer.Option(help="the key terms as JSON; buyers see them first")] = None,
) -> None:
    """Put terms into your library. A bid fixes the hash of the version that it stands on."""
    stated = read_json(key_terms) if key_terms else None
    name = title or file.stem
    if file.suffix.lower() == ".pdf":
        form = {"title": name, "key_terms": json.dumps(stated) if stated else ""}
        files = {"file": (file.name, read_bytes(file), "application/pdf")}
        done = session.api().post("/terms/files", key=session.key(), data=form, files=files)
    else:
        body = {"title": name, "text": read_text(file), "key_terms": stated}
        done = session.api().post("/terms", body, key=session.key())
    show.answer(done, show.facts(done, *_TERMS), *_said(done))


@terms_command("list")
def list_terms(limit: Limit = 50) -> None:
    """All versions of your terms, newest first."""
    found, left = session.pages(session.api(), "/terms", limit)
    empty = "There are none, and a bid needs them. Next: marketplace desk terms publish FILE.md"
    show.answer(found, show.table(found, *_TERMS, empty=empty))
    show.more(left)


@terms_command("show")
def show_terms(terms_id: Annotated[str, typer.Argument(metavar="TERMS", help="a version's id")]) -> None:
    """One version, with its text."""
    found = session.api().get(session.path("/terms/{}", terms_id))
    show.answer(found, show.facts(found, *_TERMS), *_said(found), show.clean(found["text"]))


def _said(terms: dict[str, Any]) -> tuple[RenderableType, ...]:
    """Return the key terms as a buyer will read them."""
    if terms["key_terms"] is None:
        return ("You state no key terms: buyers are told so.",)
    rows = [{"name": name.replace("_", " "), "said": said} for name, said in terms["summary"].items()]
    return show.table(rows, *_KEY_TERMS), *[f"Buyers are warned: {warning}" for warning in terms["warnings"]]


desk_filters.add_to(app)
territories.add_to(app)
desk_bids.add_to(app)
footprints.add_to(app)
desk_sheets.add_to(app)
desk_auction.add_to(app)
contracts.add_to(app)
award_answers.add_to_desk(app)
questions.add_to_desk(app)
command("notices")(notices)


def _asked_registration() -> dict[str, Any]:
    return {
        "name": ask("Name of the company"),
        "contact_name": ask("Contact person, who signs in first"),
        "contact_email": ask("E-mail"),
        "contact_phone": ask("Phone", ""),
        "reference": ask("A number that others know you by, such as a SPIN", ""),
    }
