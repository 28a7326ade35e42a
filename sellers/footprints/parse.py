"""Footprint files: CSV rows and GeoJSON features to rows of one form, and back to CSV."""

import csv
import io
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any

import orjson

from marketplace.kernel import csv_text
from marketplace.kernel.errors import FieldError, MalformedError, TooLargeError
from sellers.footprints.cells import (
    COLUMNS,
    MAX_ERRORS,
    NEEDED,
    SEPARATOR,
    SYNONYMS,
    OfferReader,
    read_address,
    read_name,
)
from sellers.footprints.model import FootprintRow, Parsed, RowError

MAX_ROWS = 100_000
_SHOWN = 60
_WGS_84 = ("CRS84", "4326")
_AREAS = ("Polygon", "MultiPolygon")


def parse_csv(text: str, nodes: Collection[str]) -> Parsed:
    """Return the rows of a CSV text with the columns ``COLUMNS``, under these names or ``SYNONYMS``.

    Args:
        text: the file.
        nodes: the catalogue's codes, families included.

    Raises:
        MalformedError: it is no CSV, with line and column.
        TooLargeError: it has more than ``MAX_ROWS`` rows.
    """
    table = csv_text.read(text, COLUMNS, NEEDED, MAX_ROWS, SYNONYMS)
    offers = OfferReader(nodes)
    rows: list[FootprintRow] = []
    errors = [_in_csv(item.row, item.column, item.value, item.message) for item in table.errors]
    for number, cells in table.rows:
        row, problems = _row(number, cells, offers)
        if row is not None:
            rows.append(row)
            continue
        errors += (_in_csv(item.row, item.column, item.value, item.message) for item in problems)
        if len(errors) >= MAX_ERRORS:
            break
    if not table.rows and not errors:
        errors.append(_in_csv(2, "", "", "the file has no rows: give at least one place"))
    errors.sort(key=lambda error: error.row)
    return Parsed(tuple(rows), tuple(errors[:MAX_ERRORS]))


def parse_geojson(content: bytes, nodes: Collection[str]) -> Parsed:
    """Return the features of a GeoJSON collection (RFC 7946) whose properties are named like the columns of a CSV.

    A Point is a building, a Polygon or MultiPolygon an area; without a geometry the properties say the address.
    Properties of other names are left unread and told.

    Raises MalformedError, TooLargeError.
    """
    features = _features(content)
    offers = OfferReader(nodes)
    rows: list[FootprintRow] = []
    errors: list[RowError] = []
    ignored: set[str] = set()
    for index, feature in enumerate(features):
        cells, wrong = _cells(feature, ignored)
        row: FootprintRow | None = None
        if not wrong:
            row, problems = _row(index, cells, offers)
            wrong = tuple(FieldError(f"/properties/{item.column}", item.message) for item in problems)
        errors += (_in_geojson(index, cells, error) for error in wrong)
        if row is not None:
            rows.append(row)
        if len(errors) >= MAX_ERRORS:
            break
    return Parsed(tuple(rows), tuple(errors[:MAX_ERRORS]), tuple(sorted(ignored))[:MAX_ERRORS])


def written(rows: Iterable[FootprintRow]) -> str:
    """Return rows as a CSV text that ``parse_csv`` reads back."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(_written, rows))
    return stream.getvalue()


def _written(row: FootprintRow) -> tuple[str, ...]:
    offer, address = row.offer, row.address
    offered = (
        offer.net,
        SEPARATOR.join(offer.service_types),
        f"{offer.down_mbps:f}",
        "" if offer.up_mbps is None else f"{offer.up_mbps:f}",
        row.name,
    )
    if address is None:
        return *offered, "", "", "", "", "", "", "", row.area
    degrees = ("" if value is None else repr(value) for value in (address.latitude, address.longitude))
    where = (address.street, address.city, address.state, address.postal_code, address.country)
    return *offered, *where, *degrees, ""


def _row(
    number: int, cells: Mapping[str, str], offers: OfferReader
) -> tuple[FootprintRow | None, tuple[csv_text.CellError, ...]]:
    offer, wrong = offers.read(cells)
    name, wrong_name = read_name(cells)
    area = cells.get("area", "")
    if area:
        address = None
        wrong_place = _wrong_area(area, cells)
    else:
        address, wrong_place = read_address(cells)
    if offer is not None and not wrong_name and not wrong_place:
        return FootprintRow(number, offer, name, address, area), ()
    return None, tuple(csv_text.located(number, cells, (*wrong, *wrong_name, *wrong_place)))


def _wrong_area(text: str, cells: Mapping[str, str]) -> tuple[FieldError, ...]:
    if cells.get("latitude") or cells.get("longitude") or cells.get("postal_code") or cells.get("street"):
        return (FieldError("/area", "a row is an area or an address, not both: leave one of them empty"),)
    try:
        geometry = orjson.loads(text)
    except orjson.JSONDecodeError:
        geometry = None
    if not isinstance(geometry, dict) or geometry.get("type") not in _AREAS:
        return (FieldError("/area", "give a GeoJSON geometry of type Polygon or MultiPolygon"),)
    return ()


def _in_csv(row: int, column: str, value: str, message: str) -> RowError:
    return RowError(row, column, value, message, f"/{row}/{column}".rstrip("/"))


# GeoJSON


def _features(content: bytes) -> list[Any]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        message = f"line {error.lineno}, column {error.colno}: {error.msg}"
        raise MalformedError("The file is no well-formed JSON.", errors=(FieldError("", message),)) from error
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise MalformedError(errors=(FieldError("/type", "give a GeoJSON FeatureCollection (RFC 7946)"),))
    system = document.get("crs")
    if system is not None and not any(name in orjson.dumps(system).decode() for name in _WGS_84):
        message = "coordinates are longitude and latitude in degrees (WGS 84): leave 'crs' out (RFC 7946, section 4)"
        raise MalformedError(errors=(FieldError("/crs", message),))
    features = document.get("features")
    if not isinstance(features, list) or not features:
        raise MalformedError(errors=(FieldError("/features", "give a list of at least one feature"),))
    if len(features) > MAX_ROWS:
        raise TooLargeError(f"The file has more than {MAX_ROWS:,} features; join areas or split it.")
    return features


def _cells(feature: Any, ignored: set[str]) -> tuple[dict[str, str], tuple[FieldError, ...]]:
    """Return a feature as texts by column; its geometry as coordinates or as an area."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return {}, (FieldError("/type", "a feature has the type 'Feature'"),)
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return {}, (FieldError("/properties", f"give an object with {', '.join(NEEDED)}"),)
    cells: dict[str, str] = {}
    wrong: list[FieldError] = []
    for given, value in properties.items():
        plain = given.strip().lower().replace(" ", "_")
        column = SYNONYMS.get(plain, plain)
        if column not in COLUMNS or column == "area":
            ignored.add(given[:_SHOWN])
            continue
        text = _text(value)
        if text is None:
            wrong.append(FieldError(f"/properties/{column}", "give a text or a number; service_types may be a list"))
        elif cells.setdefault(column, text) != text:
            wrong.append(FieldError(f"/properties/{column}", "this is there twice under two names: keep one"))
    geometry, wrong_geometry = _geometry(feature.get("geometry"))
    return cells | geometry, (*wrong, *wrong_geometry)


def _text(value: object) -> str | None:
    """Return a property as a cell of a CSV would hold it; None for what none holds."""
    text: str | None = None
    match value:
        case None:
            text = ""
        case str():
            text = value.strip()
        case int() if not isinstance(value, bool):
            text = str(value)
        case float():
            text = f"{Decimal(repr(value)):f}"
        case list() if all(isinstance(item, str) for item in value):
            text = SEPARATOR.join(value)
    return text


def _geometry(geometry: Any) -> tuple[dict[str, str], tuple[FieldError, ...]]:
    match geometry:
        case None:
            return {}, ()
        case {"type": "Point", "coordinates": [int() | float() as longitude, int() | float() as latitude, *_]}:
            return {"latitude": str(latitude), "longitude": str(longitude)}, ()
        case {"type": "Polygon" | "MultiPolygon" as kind, "coordinates": list() as coordinates}:
            return {"area": orjson.dumps({"type": kind, "coordinates": coordinates}).decode()}, ()
        case _:
            return {}, (FieldError("/geometry", "give a Point [longitude, latitude], a Polygon or a MultiPolygon"),)


def _in_geojson(index: int, cells: Mapping[str, str], error: FieldError) -> RowError:
    pointer, column = error.pointer, error.pointer.rpartition("/")[2]
    if column == "area":
        pointer = "/geometry"
    where = f"/features/{index}{pointer}".rstrip("/")
    return RowError(index, column, cells.get(column, "")[:_SHOWN], error.message, where)
