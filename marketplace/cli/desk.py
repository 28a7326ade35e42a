"""A provider's company on the command line: registration, filters and terms."""

from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import desk_bids, session, show
from marketplace.cli.command import Json, Limit, Url, ask, command_of, group, read_json, read_text
from marketplace.cli.contracts import contract
from marketplace.cli.notices import notices

app = group("Sell: register, say which requests you want, bid, meet the buyers that you won.")
command = command_of(app)
filters = group("Which requests you want.")
terms = group("Your terms and conditions.")
app.add_typer(filters, name="filters")
app.add_typer(terms, name="terms")
filter_command = command_of(filters)
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
_FILTERS = (
    show.col("Name", "name"),
    show.col("Active", "active"),
    show.col("Delivery", "delivery"),
    show.col("Criteria", "stated"),
    show.code("Filter", "id"),
)
_TERMS = (
    show.code("Terms", "id"),
    show.col("Title", "title"),
    show.count("Version", "version"),
    show.when("Published", "created_at"),
    show.code("SHA-256", "sha256"),
)


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


@filter_command("list")
def list_filters(limit: Limit = 200) -> None:
    """Your filters, in the order in which they are tried."""
    found, left = session.pages(session.api(), "/filters", limit)
    rows = [item | {"stated": _stated(item["criteria"])} for item in found]
    empty = "There are none, and so no request reaches you. Next: marketplace desk filters set FILE.json"
    show.answer(found, show.table(rows, *_FILTERS, empty=empty))
    show.more(left)


@filter_command("set")
def set_filters(file: Json) -> None:
    """Make the JSON list in a file your filters, in its order; all or nothing."""
    document = read_json(file)
    body = document if isinstance(document, list) else [document]
    done = session.api().call("PUT", "/filters", body, key=session.key())
    show.answer(done, f"Filters: {done['count']}. Open requests that they accept arrive within moments.")


@terms_command("publish")
def publish_terms(
    file: Annotated[Path, typer.Argument(allow_dash=True, help="the text, in Markdown")],
    title: Annotated[
        str, typer.Option(help="the same title again makes the next version; default: the file's name")
    ] = "",
) -> None:
    """Put terms into your library. A bid fixes the hash of the version that it stands on."""
    body = {"title": title or file.stem, "text": read_text(file)}
    done = session.api().post("/terms", body, key=session.key())
    show.answer(done, show.facts(done, *_TERMS))


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
    show.answer(found, show.facts(found, *_TERMS), show.clean(found["text"]))


desk_bids.add_to(app)
command("contract")(contract)
command("notices")(notices)


def _stated(criteria: dict[str, Any]) -> list[str]:
    """Return only what a filter states; the rest accepts everything."""
    said = []
    for name, value in criteria.items():
        if isinstance(value, dict):
            value = {part: item for part, item in value.items() if item not in (None, "", [])}  # noqa: PLW2901 - the stated parts
        if value not in (None, "", [], {}) and not (name == "coverage" and value == {"kind": "any"}):
            said.append(f"{name}: {show.plain(value)}")
    return said


def _asked_registration() -> dict[str, Any]:
    return {
        "name": ask("Name of the company"),
        "contact_name": ask("Contact person, who signs in first"),
        "contact_email": ask("E-mail"),
        "contact_phone": ask("Phone", ""),
        "reference": ask("A number that others know you by, such as a SPIN", ""),
    }
