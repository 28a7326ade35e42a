"""The land that maps are drawn on: one small SVG file for the states and one for the world, each shape by its code.

``tools/draw_maps.py`` writes both beside the other static files; pages refer to their shapes, so a browser loads them
once for all maps.
"""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import pycountry
from markupsafe import Markup

from marketplace.terminals.charts.paper import element
from marketplace.terminals.maps.projections import (
    US_HEIGHT,
    US_WIDTH,
    WORLD_HEIGHT,
    WORLD_WIDTH,
    world_place,
)
from marketplace.terminals.maps.topology import Point, Ring, Shape, cut_at_antimeridian, read_shapes

US_SHEET, WORLD_SHEET = "maps/us.svg", "maps/world.svg"
"""Their names among the static files."""
LAND = "land"
"""The key of all shapes of a sheet together."""

_US_FINE, _WORLD_FINE = 0.9, 0.25
_US_SMALLEST, _WORLD_SMALLEST = 12.0, 6.0
"""Units of the paper for the states, degrees for the world; square units of the paper."""
_ANTARCTICA = "010"
_STATES = (
    "01:AL 02:AK 04:AZ 05:AR 06:CA 08:CO 09:CT 10:DE 11:DC 12:FL 13:GA 15:HI 16:ID 17:IL 18:IN 19:IA 20:KS 21:KY "
    "22:LA 23:ME 24:MD 25:MA 26:MI 27:MN 28:MS 29:MO 30:MT 31:NE 32:NV 33:NH 34:NJ 35:NM 36:NY 37:NC 38:ND 39:OH "
    "40:OK 41:OR 42:PA 44:RI 45:SC 46:SD 47:TN 48:TX 49:UT 50:VT 51:VA 53:WA 54:WV 55:WI 56:WY "
)
"""The census counts states by the numbers of FIPS 5-2; everybody else writes two letters."""
_STATE_OF_FIPS = dict(pair.split(":") for pair in _STATES.split())


def us_sheet() -> str:
    """Return the states as an SVG file; each has its two letters as its key ("CA")."""
    shapes = read_shapes(
        _document("states-albers-10m.json"), "states", lambda ring: (ring,), tolerance=_US_FINE, smallest=_US_SMALLEST
    )
    keyed = [Shape(_STATE_OF_FIPS[shape.key], shape.name, shape.rings) for shape in shapes]
    return _sheet(keyed, US_WIDTH, US_HEIGHT)


def world_sheet() -> str:
    """Return the countries without Antarctica as an SVG file; each has its ISO 3166-1 code as its key ("DE")."""
    document = _document("countries-110m.json")
    shapes = read_shapes(document, "countries", _settled, tolerance=_WORLD_FINE, smallest=_WORLD_SMALLEST)
    keyed = [Shape(_country(shape), shape.name, shape.rings) for shape in shapes if shape.key != _ANTARCTICA]
    return _sheet(keyed, WORLD_WIDTH, WORLD_HEIGHT)


def _settled(ring: Ring) -> tuple[Ring, ...]:
    return tuple(tuple(world_place(*point) for point in part) for part in cut_at_antimeridian(ring))


def _country(shape: Shape) -> str:
    known = pycountry.countries.get(numeric=shape.key) if shape.key else None
    # three areas whose status is disputed have no code: they are land all the same
    return known.alpha_2 if known else shape.name.replace(" ", "-").replace(".", "").lower()


def _document(name: str) -> dict[str, Any]:
    source = files("marketplace.terminals") / "static" / "vendor" / name
    document: dict[str, Any] = json.loads(source.read_text("utf-8"))
    return document


def _sheet(shapes: Sequence[Shape], width: float, height: float) -> str:
    paths = (element("path", id=shape.key, d=_drawn(shape.rings)) for shape in sorted(shapes, key=lambda one: one.key))
    land = element("g", Markup("\n").join(paths), id=LAND)
    whole = element("svg", land, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:g} {height:g}")
    return str(whole) + "\n"


def _drawn(rings: Sequence[Sequence[Point]]) -> str:
    """Return path data in whole and relative units: half as long as absolute tenths, and as good at this size."""
    parts = []
    for ring in rings:
        rounded = [(round(x), round(y)) for x, y in ring]
        points = [one for one, before in zip(rounded, [None, *rounded], strict=False) if one != before]
        x, y = points[0]
        steps = [f"M{x} {y}l"]
        for next_x, next_y in points[1:]:
            steps.append(f"{next_x - x} {next_y - y} ".replace(" -", "-"))
            x, y = next_x, next_y
        parts.append("".join(steps).rstrip().replace(" -", "-") + "z")
    return "".join(parts)
