"""Borders as shared arcs (TopoJSON): read, thinned out once for both neighbours, and put together to shapes."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
Ring = tuple[Point, ...]

_TURN = 360.0


@dataclass(frozen=True, slots=True)
class Shape:
    """One state or country: its key, its name, and its rings (closed: the first point is not repeated)."""

    key: str
    name: str
    rings: tuple[Ring, ...]


def read_shapes(
    document: dict[str, Any], layer: str, settle: Callable[[Ring], Sequence[Ring]], *, tolerance: float, smallest: float
) -> tuple[Shape, ...]:
    """Return the shapes of a layer on paper, where ``settle`` puts a ring of the document's points.

    Arcs lose every point nearer than ``tolerance`` (in the document's units) to the line of the others. Rings of less
    area on paper than ``smallest`` are left out, except a shape's largest: no state vanishes.
    """
    arcs = [thinned(arc, tolerance) for arc in _arcs(document)]
    shapes = []
    for geometry in document["objects"][layer]["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        rings = [ring for polygon in polygons for indices in polygon for ring in settle(_ring(arcs, indices))]
        largest = max(rings, key=area)
        kept = tuple(ring for ring in rings if ring is largest or area(ring) >= smallest)
        shapes.append(Shape(str(geometry.get("id", "")), geometry["properties"]["name"], kept))
    return tuple(shapes)


def _arcs(document: dict[str, Any]) -> list[list[Point]]:
    """Return the arcs' points: stored as differences of whole numbers."""
    (scale_x, scale_y), (move_x, move_y) = document["transform"]["scale"], document["transform"]["translate"]
    arcs = []
    for stored in document["arcs"]:
        x = y = 0
        points = []
        for step_x, step_y in stored:
            x, y = x + step_x, y + step_y
            points.append((x * scale_x + move_x, y * scale_y + move_y))
        arcs.append(points)
    return arcs


def _ring(arcs: Sequence[Sequence[Point]], indices: Sequence[int]) -> Ring:
    """Return a ring: arcs end to end, a negative index being the arc with that complement, backwards."""
    points: list[Point] = []
    for index in indices:
        arc = arcs[index] if index >= 0 else arcs[~index][::-1]
        points.extend(arc[:-1])
    return tuple(points)


def thinned(points: Sequence[Point], tolerance: float) -> list[Point]:
    """Return the points that the line needs to stay within ``tolerance`` (Douglas and Peucker 1973); ends stay.

    A closed line is parted at the point furthest from its start, so that it stays an area.
    """
    kept = {0, len(points) - 1}
    spans = [(0, len(points) - 1)]
    if points[0] == points[-1] and len(points) > 3:  # noqa: PLR2004 - a triangle has no point to lose
        far = max(range(len(points)), key=lambda index: math.dist(points[0], points[index]))
        kept.add(far)
        spans = [(0, far), (far, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        worst = max(range(first + 1, last), key=lambda i: _off(points[i], points[first], points[last]), default=None)
        if worst is not None and _off(points[worst], points[first], points[last]) > tolerance:
            kept.add(worst)
            spans += [(first, worst), (worst, last)]
    return [points[index] for index in sorted(kept)]


def _off(point: Point, one: Point, other: Point) -> float:
    """Return how far a point is from a stretch."""
    (x, y), (x1, y1), (x2, y2) = point, one, other
    long = (x2 - x1) ** 2 + (y2 - y1) ** 2
    along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long if long else 0.0
    share = min(1.0, max(0.0, along))
    return math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1))


def area(ring: Sequence[Point]) -> float:
    """Return what a ring encloses, in square units of its points."""
    turned = (*ring[1:], *ring[:1])
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, turned, strict=True))) / 2


def cut_at_antimeridian(ring: Ring) -> tuple[Ring, ...]:
    """Return a ring of degrees as rings none of which jumps from the east end of the map to the west end."""
    unrolled = [ring[0]]
    for longitude, latitude in ring[1:]:
        before = unrolled[-1][0]
        unrolled.append((before + math.remainder(longitude - before, _TURN), latitude))
    found = []
    for turns in (-1, 0, 1):
        moved = [(longitude - turns * _TURN, latitude) for longitude, latitude in unrolled]
        inside = _until(_until(moved, _TURN / 2, 1), -_TURN / 2, -1)
        if len(inside) > 2:  # noqa: PLR2004 - a line is no area
            found.append(tuple(inside))
    return tuple(found)


def _until(ring: Sequence[Point], limit: float, side: int) -> list[Point]:
    """Return the part of a ring on one side of a meridian (Sutherland and Hodgman 1974)."""
    kept: list[Point] = []
    for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], *ring[:1]), strict=True):
        first, second = side * (x1 - limit) <= 0, side * (x2 - limit) <= 0
        if first:
            kept.append((x1, y1))
        if first != second:
            kept.append((limit, y1 + (y2 - y1) * (limit - x1) / (x2 - x1)))
    return kept
