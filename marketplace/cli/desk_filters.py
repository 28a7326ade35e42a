"""A provider's filters on the command line: the list, the whole of it as a file, and what one would have brought."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Json, Limit, command_of, group, read_json, write_new
from marketplace.players.api import ApiError

_MOST = 10_000
_FILTERS = (
    show.col("Name", "name"),
    show.col("Active", "active"),
    show.col("Delivery", "delivery"),
    show.col("Criteria", "stated"),
    show.code("Filter", "id"),
)
_HINDSIGHT = (
    show.col("Filter", "name"),
    show.col("Past 90 days", "words"),
    show.col("Loses most by", "criterion"),
    show.count("Without it about", "without"),
)


def add_to(app: typer.Typer) -> None:
    """Add the group of filters to the desk's group."""
    filters = group("Which requests you want.")
    app.add_typer(filters, name="filters")
    command = command_of(filters)
    for name, function in (
        ("list", list_filters),
        ("export", export),
        ("set", set_filters),
        ("preview", preview),
    ):
        command(name)(function)


def list_filters(limit: Limit = 200) -> None:
    """Your filters, in the order in which they are tried."""
    found, left = session.pages(session.api(), "/filters", limit)
    rows = [item | {"stated": _stated(item["criteria"])} for item in found]
    empty = "There are none, and so no request reaches you. Next: marketplace desk filters set FILE.json"
    show.answer(found, show.table(rows, *_FILTERS, empty=empty))
    show.more(left)


def export(file: Annotated[Path, typer.Argument(help="a new JSON file")]) -> None:
    """Write all your filters into a file that 'filters set' takes: change it there, and set the whole."""
    found, _ = session.pages(session.api(), "/filters", _MOST)
    body = [
        {
            "name": item["name"],
            "criteria": _lean(item["criteria"]),
            "active": item["active"],
            "delivery": item["delivery"],
        }
        for item in found
    ]
    write_new(file, (json.dumps(body, indent=2, ensure_ascii=False) + "\n").encode())
    show.answer({"file": str(file), "filters": len(body)}, f"{len(body):,} filters written to {file}.")


def set_filters(file: Json) -> None:
    """Make the JSON list in a file your filters, in its order; all or nothing."""
    body = _listed(read_json(file))
    try:
        done = session.api().call("PUT", "/filters", body, key=session.key())
    except ApiError as error:
        _tell_by_filter(error, body)
        raise typer.Exit(1) from error
    show.answer(done, f"Filters: {done['count']}. Open requests that they accept arrive within moments.")


def preview(file: Json) -> None:
    """About how many requests of the past 90 days the filters in a file would have brought. Nothing is saved."""
    api, found = session.api(), []
    for item in _listed(read_json(file)):
        if not isinstance(item, dict):
            raise MistakeError(f"{file} holds something that is no filter: {json.dumps(item)[:60]}")
        found.append({"name": item.get("name", "")} | api.call("POST", "/filters/preview", {"name": "preview"} | item))
    rows = [
        item | {"criterion": item["costliest"]["criterion"], "without": item["costliest"]["matched"]}
        if item["costliest"]
        else item
        for item in found
    ]
    show.answer(found, show.table(rows, *_HINDSIGHT, empty="The file holds no filter."))


def _listed(document: Any) -> list[Any]:
    return document if isinstance(document, list) else [document]


def _tell_by_filter(error: ApiError, body: list[Any]) -> None:
    """Tell why a list was refused: each wrong value by the filter that it is in."""
    if show.for_machines():
        show.problem(error.problem, "")
        return
    told = []
    for wrong in error.problem.get("errors") or ():
        index, _, inside = wrong["pointer"].removeprefix("/").partition("/")
        known = index.isdecimal() and int(index) < len(body) and isinstance(body[int(index)], dict)
        where = f"filter {index} '{body[int(index)].get('name', '')}', {inside}" if known else wrong["pointer"]
        told.append(wrong | {"pointer": where})
    advice = "Nothing was changed. Filters are counted from 0, as in the file." if told else ""
    show.problem(error.problem | {"errors": told}, advice)


def _lean(criteria: dict[str, Any]) -> dict[str, Any]:
    """Return only what a filter states, in the form in which it is sent."""
    said = {}
    for name, value in criteria.items():
        kept = {part: item for part, item in value.items() if _says(item)} if isinstance(value, dict) else value
        if _says(kept) and not (name == "coverage" and kept == {"kind": "any"}):
            said[name] = kept
    return said


def _says(value: Any) -> bool:
    return value not in (None, "", [], {})


def _stated(criteria: dict[str, Any]) -> list[str]:
    return [f"{name}: {show.plain(value)}" for name, value in _lean(criteria).items()]
