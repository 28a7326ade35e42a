"""A provider's footprint on the command line: where it has a network, in versions."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.command import Limit, command_of, group, read_bytes, write_new

_VERSIONS = (
    show.count("Version", "number"),
    show.col("In force", "current"),
    show.count("Places", "rows"),
    show.count("On-net", "on_net"),
    show.count("Near-net", "near_net"),
    show.when("Uploaded", "uploaded_at"),
    show.code("SHA-256", "sha256"),
)
_REPORT = (
    show.count("Version", "version"),
    show.count("Places", "rows"),
    show.count("On-net", "on_net"),
    show.count("Near-net", "near_net"),
    show.col("Properties left unread", "ignored"),
)
_PROBLEMS = (
    show.count("Row", "row"),
    show.col("Column", "column"),
    show.col("Value", "value"),
    show.col("What would be right", "message"),
)
_GEOJSON = frozenset({".json", ".geojson"})

Number = Annotated[int, typer.Argument(metavar="VERSION", help="a version's number")]


class Seen(StrEnum):
    """Who reads your name where you have a network."""

    PRIVATE = "private"
    PUBLISHED = "published"


def add_to(app: typer.Typer) -> None:
    """Add the group of footprints to the desk's group."""
    footprint = group("Where you have a network.")
    app.add_typer(footprint, name="footprint")
    command = command_of(footprint)
    for name, function in (
        ("upload", upload),
        ("list", list_versions),
        ("show", show_footprint),
        ("restore", restore),
        ("withdraw", withdraw),
        ("visibility", visibility),
    ):
        command(name)(function)


def upload(
    file: Annotated[Path, typer.Argument(allow_dash=True, help="CSV, or GeoJSON (.json, .geojson); - is CSV")],
    *,
    check: Annotated[bool, typer.Option("--check", help="only report what would come of it")] = False,
) -> None:
    """Make a file your footprint in force; all or nothing. Wrong places are told row by row."""
    media = "application/geo+json" if file.suffix.lower() in _GEOJSON else "text/csv"
    done = session.api().post(
        "/footprint/versions",
        key=session.key(),
        params={"check": check},
        content=read_bytes(file),
        headers={"Content-Type": media},
    )
    if done["errors"]:
        show.answer(done, show.table(done["errors"], *_PROBLEMS), "Nothing was stored.")
        raise typer.Exit(1)
    show.answer(done, show.facts(done, *_REPORT), "Nothing was stored: this was a check." if check else "")


def list_versions(limit: Limit = 50) -> None:
    """Your versions, newest first."""
    api = session.api()
    now = api.get("/footprint")["in_force"]
    found, left = session.pages(api, "/footprint/versions", limit)
    rows = [item | {"current": now is not None and item["number"] == now["number"]} for item in found]
    empty = "There are none. Next: marketplace desk footprint upload FILE.csv --check"
    show.answer(found, show.table(rows, *_VERSIONS, empty=empty))
    show.more(left)


def show_footprint(
    number: Annotated[int | None, typer.Argument(metavar="VERSION", help="default: the one in force")] = None,
    file: Annotated[Path | None, typer.Option(help="also save its places here, as CSV")] = None,
) -> None:
    """Who may know, and a version; with --file its places."""
    api = session.api()
    footprint = api.get("/footprint")
    found = footprint["in_force"] if number is None else api.get(f"/footprint/versions/{number}")
    if file is not None and found is not None:
        write_new(file, api.download(f"/footprint/versions/{found['number']}/file"))
        show.remark(f"Saved to {file}.")
    said = f"Your name where you have a network: {footprint['visibility']}."
    none = "No version is in force. Next: marketplace desk footprint upload FILE.csv --check"
    data = {"visibility": footprint["visibility"], "version": found}
    show.answer(data, said, none if found is None else show.facts(found, *_VERSIONS))


def restore(number: Number) -> None:
    """Put an earlier version in force again."""
    _show(session.api().post(f"/footprint/versions/{number}/restore", key=session.key()))


def withdraw() -> None:
    """Let no version be in force; they stay."""
    _show(session.api().call("DELETE", "/footprint", key=session.key()))


def visibility(
    who: Annotated[Seen, typer.Argument(help="private: buyers count you; published: they read your name")],
) -> None:
    """Publish your name where you have a network, or keep it private."""
    _show(session.api().call("PUT", "/footprint/visibility", {"visibility": who.value}, key=session.key()))


def _show(footprint: dict[str, Any]) -> None:
    now = footprint["in_force"]
    number = "none" if now is None else f"version {now['number']}"
    show.answer(footprint, f"In force: {number}. Your name where you have a network: {footprint['visibility']}.")
