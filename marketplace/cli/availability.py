"""A buyer's look-ups on the command line: what can be had at an address, a map point, a list or a request's sites."""

import csv
import io
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import read_text

_AT_ONCE = 2_000
_PARTS = ("ref", "street", "city", "state", "postal_code", "country", "latitude", "longitude")
_FOUND = (
    show.col("Place", "ref"),
    show.col("Compared as", "compared_as"),
    show.col("Services", "service_types"),
    show.count("On-net", "on_net"),
    show.count("Near-net", "near_net"),
    show.count("Mbps on-net", "on_net_mbps"),
    show.count("Mbps near-net", "near_net_mbps"),
    show.col("Names", "names"),
)


def availability(  # noqa: PLR0917 - the options of one command
    file: Annotated[
        Path | None, typer.Argument(allow_dash=True, help=f"CSV with the columns {', '.join(_PARTS)}; or -")
    ] = None,
    street: Annotated[str, typer.Option(help="street and house number")] = "",
    city: Annotated[str, typer.Option()] = "",
    state: Annotated[str, typer.Option(help="such as CA")] = "",
    postal_code: Annotated[str, typer.Option("--postal-code", "--zip")] = "",
    country: Annotated[str, typer.Option(help="such as US")] = "",
    at: Annotated[str, typer.Option(help="a map point: LATITUDE,LONGITUDE in degrees")] = "",
    request: Annotated[str, typer.Option(help="a request of yours: all its sites")] = "",
    service: Annotated[str, typer.Option(help="a node of the catalogue, such as data; default: all")] = "",
    mbps: Annotated[str, typer.Option(help="what is slower doesn't count")] = "0",
) -> None:
    """How many providers have a network at a place, by service type. No provider learns that you asked."""
    wanted = {"service_type": service, "minimum_mbps": mbps}
    own = dict(zip(_PARTS[1:6], (street, city, state, postal_code, country), strict=True)) | _point(at)
    given = {part: value for part, value in own.items() if value}
    if sum((file is not None, bool(given), bool(request))) != 1:
        raise MistakeError("Give one of: a CSV file, an address or map point (--street …, --at …), --request ID.")
    api = session.api()
    if request:
        found = api.call("POST", session.path("/requests/{}/availability", request), wanted)["places"]
    else:
        places = _read(file) if file is not None else [given]
        found = []
        for start in range(0, len(places), _AT_ONCE):
            body = wanted | {"places": places[start : start + _AT_ONCE]}
            found += api.call("POST", "/availability", body)["places"]
    empty = "There are no places."
    show.answer(found, show.table([row for place in found for row in _rows(place)], *_FOUND, empty=empty))
    for place in found:
        if place["add"]:
            show.remark(f"{place['ref'] or 'This place'} is found better with: {place['add']}.")
        for finding in place["findings"]:
            show.remark(f"{place['ref'] or 'This place'}: {finding}.")


def _point(at: str) -> dict[str, str]:
    if not at:
        return {}
    latitude, comma, longitude = at.partition(",")
    if not comma:
        raise MistakeError(f"'{at}' is no map point: write it as 37.7936,-122.3958")
    return {"latitude": latitude.strip(), "longitude": longitude.strip()}


def _read(file: Path) -> list[dict[str, Any]]:
    rows = csv.DictReader(io.StringIO(read_text(file)))
    unknown = set(rows.fieldnames or ()) - set(_PARTS)
    if unknown:
        raise MistakeError(f"{file} has columns that mean nothing here: {', '.join(sorted(map(str, unknown)))}.")
    places = []
    for number, row in enumerate(rows, 2):
        place = {part: cell.strip() for part, cell in row.items() if part and isinstance(cell, str) and cell.strip()}
        if place:
            places.append({"ref": f"row {number}"} | place)
    return places


def _rows(place: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a place's services as rows; one row that says so where there are none."""
    head = {"ref": place["ref"], "compared_as": place["compared_as"]}
    rows = [
        head | service | {"names": sorted({*service["on_net_names"], *service["near_net_names"]})}
        for service in place["services"]
    ]
    return rows or [head | {"service_types": "nothing", "on_net": 0, "near_net": 0}]
