"""A provider's saved territories on the command line: from a list of buildings, an outline or a file of places."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Csv, Limit, command_of, group, read_bytes, read_json, read_text
from marketplace.players.api import ApiError

_BUILDING = ("street", "city", "state", "postal_code", "country", "latitude", "longitude")
_GEOJSON = frozenset({"Polygon", "MultiPolygon", "Feature", "FeatureCollection", "GeometryCollection"})
_SUMMARY = (
    show.col("Name", "name"),
    show.count("Places named", "figures.named"),
    show.count("Cells of areas", "figures.cells"),
    show.count("Finest cells", "figures.resolution"),
    show.count("Keys", "figures.keys"),
    show.count("Keys left out", "figures.excluded_keys"),
    show.when("Saved", "saved_at"),
    show.count("Revision", "revision"),
    show.code("Territory", "id"),
)
_LISTS = ("countries", "states", "postal_prefixes", "cells")
_SHOWN = 20

TerritoryId = Annotated[str, typer.Argument(metavar="TERRITORY", help="a territory's id")]
Places = Annotated[
    Path,
    typer.Argument(
        allow_dash=True,
        help=f"CSV of buildings ({', '.join(_BUILDING)}), GeoJSON outlines, or JSON with countries, states,"
        " postal_prefixes, cells, buildings, area, excluded",
    ),
]
Name = Annotated[str, typer.Option(help="default: the file's name; when replacing, the name that it has")]
Revision = Annotated[
    int | None, typer.Option(help="the revision that you read: refused if it changed since; default: the present one")
]


def add_to(app: typer.Typer) -> None:
    """Add the group of territories to the desk's group."""
    territories = group("Places under a name of your own, for as many filters as you like.")
    app.add_typer(territories, name="territories")
    command = command_of(territories)
    for name, function in (
        ("list", list_territories),
        ("show", show_territory),
        ("save", save),
        ("replace", replace),
        ("buildings", buildings),
        ("remove", remove),
    ):
        command(name)(function)


def list_territories(limit: Limit = 200) -> None:
    """Your saved territories, the oldest first."""
    found, left = session.pages(session.api(), "/territories", limit)
    empty = "There are none. Next: marketplace desk territories save FILE"
    show.answer(found, show.table(found, *_SUMMARY, empty=empty))
    show.more(left)


def show_territory(territory_id: TerritoryId) -> None:
    """One territory; with --json all its places as you sent them."""
    found = session.api().get(session.path("/territories/{}", territory_id))
    parts = [show.facts(found["territory"], *_SUMMARY)]
    parts += [line for title, part in (("", "places"), ("without ", "excluded")) for line in _said(title, found[part])]
    show.answer(found, *parts)


def save(file: Places, name: Name = "") -> None:
    """Save a new territory; all of the file or nothing."""
    numbers: list[int] = []
    body = _body(file, name or file.stem, numbers)
    with _told_by_row(numbers):
        made = session.api().post("/territories", body, key=session.key())
    _show(made, f'Next: name it in filters, as "territory": {{"saved": ["{made["id"]}"]}}')


def replace(territory_id: TerritoryId, file: Places, name: Name = "", revision: Revision = None) -> None:
    """Make the places in a file the whole territory; filters that it is part of follow at once."""
    api = session.api()
    at = session.path("/territories/{}", territory_id)
    present = api.get(at)["territory"]
    numbers: list[int] = []
    body = _body(file, name or present["name"], numbers)
    with _told_by_row(numbers):
        done = api.call("PUT", at, body, key=session.key(), headers=_if_match(present, revision))
    _show(done)


def buildings(territory_id: TerritoryId, file: Csv, revision: Revision = None) -> None:
    """Make the rows of a CSV a territory's buildings; its other places stay."""
    api = session.api()
    at = session.path("/territories/{}", territory_id)
    headers = {"Content-Type": "text/csv"} | _if_match(api.get(at)["territory"], revision)
    _show(api.call("PUT", f"{at}/buildings", key=session.key(), content=read_bytes(file), headers=headers))


def remove(territory_id: TerritoryId, revision: Revision = None) -> None:
    """Remove a territory that no filter is made of."""
    api = session.api()
    at = session.path("/territories/{}", territory_id)
    present = api.get(at)["territory"]
    api.call("DELETE", at, key=session.key(), headers=_if_match(present, revision))
    show.answer({"removed": present["id"]}, f"'{show.clean(present['name'])}' is removed.")


def _body(file: Path, name: str, numbers: list[int]) -> dict[str, Any]:
    """Return the territory in a file; of a list of buildings the number of each row is appended to ``numbers``."""
    if file.suffix.lower() == ".csv":
        return {"name": name, "buildings": _rows(file, numbers)}
    document = read_json(file)
    if not isinstance(document, dict):
        raise MistakeError(f"{file} is neither GeoJSON nor an object with places.")
    return {"name": name, "area": document} if document.get("type") in _GEOJSON else document | {"name": name}


def _rows(file: Path, numbers: list[int]) -> list[dict[str, str]]:
    rows = csv.DictReader(io.StringIO(read_text(file)))
    columns = {given: str(given).strip().lower().replace(" ", "_") for given in rows.fieldnames or ()}
    unknown = sorted(set(columns.values()) - set(_BUILDING))
    if unknown or not columns:
        raise MistakeError(f"{file} has columns that mean nothing here: {', '.join(unknown) or 'none at all'}.")
    found = []
    for row in rows:
        cells = {columns[given]: cell.strip() for given, cell in row.items() if isinstance(cell, str) and cell.strip()}
        if cells:
            found.append(cells)
            numbers.append(rows.line_num)
    return found


@contextmanager
def _told_by_row(numbers: Sequence[int]) -> Iterator[None]:
    """Let what is wrong with a list of buildings be told by the file's rows."""
    try:
        yield
    except ApiError as error:
        for wrong in error.problem.get("errors") or ():
            index, _, column = wrong["pointer"].removeprefix("/buildings/").partition("/")
            if index.isdecimal() and int(index) < len(numbers):
                wrong["pointer"] = f"row {numbers[int(index)]}, {column}"
        raise


def _if_match(present: dict[str, Any], revision: int | None) -> dict[str, str]:
    return {"If-Match": f'"{present["revision"] if revision is None else revision}"'}


def _show(territory: dict[str, Any], following: str = "") -> None:
    notes = [f"Note: {show.clean(note)}" for note in territory["figures"]["notes"]]
    show.answer(territory, show.facts(territory, *_SUMMARY), *notes, following)


def _said(title: str, part: dict[str, Any]) -> list[str]:
    """Return the places of a part in words; of a long list its beginning."""
    said = []
    for name in _LISTS:
        if part[name]:
            more = len(part[name]) - _SHOWN
            listed = ", ".join(part[name][:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
            said.append(f"{title}{name.replace('_', ' ')}: {show.clean(listed)}")
    if part["buildings"]:
        said.append(f"{title}buildings: {len(part['buildings']):,}")
    if part["area"]:
        said.append(f"{title}an area of {len(part['area']):,} characters of GeoJSON")
    return said
