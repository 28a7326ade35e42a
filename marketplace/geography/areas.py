"""Areas in GeoJSON (RFC 7946): read with care, and turned into H3 cells that cover them.

The cells cover the whole area, so no place inside is lost; along the border they reach out by less than two widths of
a cell. Checks go from cheap to dear: the shape of the document, the number of positions, crossings, the size of what
is enclosed, and only then cells.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import h3
import numpy as np
import numpy.typing as npt

from marketplace.geography.keys import FINEST
from marketplace.kernel.errors import FieldError, MalformedError

MAX_CELLS = 100_000
"""Cells of one collection of areas, after compaction."""
MAX_POSITIONS = 200_000
MAX_POLYGONS = 2_000
"""Finding the cells of the smallest takes a quarter of a millisecond."""

_COARSEST = 3
_MAX_FILLED = 150_000
"""Cells before compaction: about a quarter of a second."""
_MAX_WORK = 100_000_000
"""Vertices of a polygon times its cells, which is what filling costs: about a quarter of a second."""
_MAX_PAIRS = 4_000_000
"""Pairs of edges that may cross, by one of their two extents."""
_THINNED = 8
"""Vertices nearer to each other than this part of a cell's edge are one."""
_EARTH_KM = 6371.0088
_HALF_TURN = 180
_RING_POSITIONS = 4
_SMALLEST_KM2 = 1e-6
_DEPTH = 8

_Ring = npt.NDArray[np.float64]
"""Positions as rows of longitude and latitude in degrees, closed; unwrapped where it crosses the antimeridian."""


@dataclass(frozen=True, slots=True, eq=False)
class Polygon:
    """An outer ring and its holes."""

    outer: _Ring
    holes: tuple[_Ring, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Area:
    """What a document describes. ``notes`` are what the sender should know, such as a crossing of the antimeridian."""

    polygons: tuple[Polygon, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Covering:
    """Compacted cells that cover areas, and the resolution of the finest."""

    cells: tuple[str, ...]
    resolution: int


def read(document: object, pointer: str = "") -> Area:
    """Return the areas of a Polygon, MultiPolygon, Feature, FeatureCollection or GeometryCollection of them.

    An edge longer than 180 degrees of longitude goes the other way, across the antimeridian.

    Args:
        document: GeoJSON, parsed.
        pointer: the JSON Pointer of it in what was sent.

    Raises:
        MalformedError: it is none of these, a ring is open, crosses itself or encloses nothing, a coordinate is no
            number or out of range, or it is too large.
    """
    found = list(_polygons(document, pointer, 0))
    if not found:
        raise _wrong(pointer, "there is no Polygon and no MultiPolygon in it")
    if len(found) > MAX_POLYGONS:
        raise _wrong(pointer, f"{len(found):,} polygons are too many: at most {MAX_POLYGONS:,}; join neighbours")
    positions = sum(len(ring) for _, rings in found for ring in rings if isinstance(ring, list))
    if positions > MAX_POSITIONS:
        raise _wrong(pointer, f"{positions:,} positions are too many: at most {MAX_POSITIONS:,}; simplify the outline")
    polygons, notes = [], []
    for where, rings in found:
        read_rings = [_ring(ring, f"{where}/{index}") for index, ring in enumerate(rings)]
        polygons.append(Polygon(read_rings[0], tuple(read_rings[1:])))
        if np.abs(read_rings[0][:, 0]).max() > _HALF_TURN:
            notes.append(f"{where}: taken to cross the antimeridian, because an edge is longer than 180 degrees")
    return Area(tuple(polygons), tuple(notes))


def covering(area: Area, limit: int = MAX_CELLS, *, inside: bool = False, pointer: str = "") -> Covering:
    """Return compacted cells that cover areas, as fine as fits into ``limit`` cells; resolution 10 is the finest.

    With ``inside`` only cells that lie wholly in an area: what is certain. There may be none.

    Raises MalformedError for areas that even coarse cells are too many for.
    """
    for resolution in range(FINEST, _COARSEST - 1, -1):
        if not _affordable(area, resolution):
            continue
        cells = {
            cell for polygon in area.polygons for cell in _fill(polygon, resolution, "full" if inside else "overlap")
        }
        compacted = h3.compact_cells(cells)
        if len(compacted) <= limit:
            return Covering(tuple(sorted(compacted)), resolution)
    raise _wrong(pointer, f"more than {limit:,} cells would be needed: the outline is too intricate or too large")


def bare(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document that ``read`` takes with its areas alone: no properties, no heights, nobody's own members."""
    kind = document["type"]
    if kind == "Polygon":
        return {"type": kind, "coordinates": _flat(document["coordinates"])}
    if kind == "MultiPolygon":
        return {"type": kind, "coordinates": [_flat(rings) for rings in document["coordinates"]]}
    if kind == "Feature":
        return {"type": kind, "properties": None, "geometry": bare(document["geometry"])}
    name = "features" if kind == "FeatureCollection" else "geometries"
    return {"type": kind, name: [bare(member) for member in document[name]]}


def _flat(rings: list[list[list[float]]]) -> list[list[list[float]]]:
    return [[position[:2] for position in ring] for ring in rings]


def square_km(area: Area) -> float:
    """Return about how large the areas are, in km²; overlaps count twice."""
    return sum(_ring_km2(polygon.outer) - sum(_ring_km2(hole) for hole in polygon.holes) for polygon in area.polygons)


def _polygons(node: object, at: str, depth: int) -> Iterator[tuple[str, list[Any]]]:
    """Yield the pointer and the rings of each polygon in a document."""
    if not isinstance(node, dict):
        raise _wrong(at, "this is no GeoJSON object")
    if depth > _DEPTH:
        raise _wrong(at, f"collections are nested deeper than {_DEPTH}")
    kind = node.get("type")
    if kind == "Polygon":
        yield f"{at}/coordinates", _listed(node.get("coordinates"), f"{at}/coordinates", "rings")
    elif kind == "MultiPolygon":
        for index, rings in enumerate(_listed(node.get("coordinates"), f"{at}/coordinates", "polygons")):
            yield f"{at}/coordinates/{index}", _listed(rings, f"{at}/coordinates/{index}", "rings")
    elif kind == "Feature":
        yield from _polygons(node.get("geometry"), f"{at}/geometry", depth + 1)
    elif kind in {"FeatureCollection", "GeometryCollection"}:
        name = "features" if kind == "FeatureCollection" else "geometries"
        for index, member in enumerate(_listed(node.get(name), f"{at}/{name}", name)):
            yield from _polygons(member, f"{at}/{name}/{index}", depth + 1)
    else:
        shown = f"{kind[:40]!r}" if isinstance(kind, str) else "this"
        raise _wrong(f"{at}/type", f"{shown} is no area: give a Polygon, MultiPolygon, Feature or FeatureCollection")


def _listed(value: object, at: str, noun: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise _wrong(at, f"this has to be a list of {noun}, at least one")
    return value


def _ring(positions: object, at: str) -> _Ring:
    listed = _listed(positions, at, "positions")
    for index, position in enumerate(listed):
        if not _is_position(position):
            raise _wrong(
                f"{at}/{index}", "a position is longitude (-180 to 180), then latitude (-90 to 90), in degrees"
            )
    ring = np.array([position[:2] for position in listed], dtype=np.float64)
    if len(ring) < _RING_POSITIONS or not np.array_equal(ring[0], ring[-1]):
        raise _wrong(at, "a ring has at least four positions, and the last is the first again")
    if np.abs(np.diff(ring[:, 0])).max() > _HALF_TURN:
        ring[:, 0] = np.where(ring[:, 0] < 0, ring[:, 0] + 2 * _HALF_TURN, ring[:, 0])
    crossing = _crossing(ring, at)
    if crossing is not None:
        raise _wrong(f"{at}/{crossing}", "the edge that starts here crosses another: a ring must not cross itself")
    if _ring_km2(ring) < _SMALLEST_KM2:
        raise _wrong(at, "this ring encloses nothing")
    return ring


def _is_position(value: object) -> bool:
    if not isinstance(value, list) or len(value) < 2:  # noqa: PLR2004 - two coordinates
        return False
    longitude, latitude = value[0], value[1]
    if type(longitude) not in {int, float} or type(latitude) not in {int, float}:
        return False
    east, north = abs(longitude) <= _HALF_TURN, abs(latitude) <= _HALF_TURN / 2  # NaN is in no range
    return bool(east and north)


def _crossing(ring: _Ring, at: str) -> int | None:
    """Return the index of an edge that crosses another one of its ring; None if none does.

    Edges are compared only where their extents overlap, along whichever axis leaves fewer pairs.
    """
    low, high = np.minimum(ring[:-1], ring[1:]), np.maximum(ring[:-1], ring[1:])
    best: tuple[int, npt.NDArray[np.intp], npt.NDArray[np.intp]] | None = None
    for axis in (0, 1):
        order = np.argsort(low[:, axis], kind="stable")
        last = np.searchsorted(low[order, axis], high[order, axis], side="right")
        counts = last - np.arange(1, len(order) + 1)
        if best is None or counts.sum() < best[0]:
            best = int(counts.sum()), order, counts
    if best is None or best[0] > _MAX_PAIRS:
        raise _wrong(at, "the outline is too intricate to check: simplify it")
    total, order, counts = best
    first = np.repeat(np.arange(len(order)), counts)
    begins = np.repeat(np.cumsum(counts) - counts, counts)
    second = first + 1 + (np.arange(total) - begins)
    one, other = order[first], order[second]
    near = (low[one] <= high[other]).all(axis=1) & (low[other] <= high[one]).all(axis=1)
    one, other = one[near], other[near]
    a, b, c, d = ring[one], ring[one + 1], ring[other], ring[other + 1]
    crossed = (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)
    return int(np.minimum(one, other)[crossed].min()) if crossed.any() else None


def _side(start: _Ring, end: _Ring, point: _Ring) -> npt.NDArray[np.float64]:
    """Return on which side of each line from start to end each point lies: the sign of the cross product."""
    way, to = end - start, point - start
    sides: npt.NDArray[np.float64] = np.sign(way[:, 0] * to[:, 1] - way[:, 1] * to[:, 0])
    return sides


def _ring_km2(ring: _Ring) -> float:
    """Return the area inside a ring on the sphere (Chamberlain and Duquette 2007, equation 1)."""
    radians = np.radians(ring)
    widths = np.diff(radians[:, 0])
    heights = np.sin(radians[1:, 1]) + np.sin(radians[:-1, 1])
    return float(abs((widths * heights).sum()) * _EARTH_KM**2 / 2)


def _perimeter_km(ring: _Ring) -> float:
    """Return the length of a ring, edges taken as straight on the map around their middle."""
    radians = np.radians(ring)
    step = np.diff(radians, axis=0)
    middle = (radians[1:, 1] + radians[:-1, 1]) / 2
    return float(np.hypot(step[:, 0] * np.cos(middle), step[:, 1]).sum() * _EARTH_KM)


def _affordable(area: Area, resolution: int) -> bool:
    """Return whether filling the areas with cells of this resolution takes less than about a second."""
    cell, edge = h3.average_hexagon_area(resolution, "km^2"), h3.average_hexagon_edge_length(resolution, "km")
    cells = work = 0.0
    for polygon in area.polygons:
        rings = (polygon.outer, *polygon.holes)
        perimeters = [_perimeter_km(ring) for ring in rings]
        filled = 2 + _ring_km2(polygon.outer) / cell + sum(perimeters) / edge
        vertices = sum(
            min(len(ring), 4 + _THINNED * length / edge) for ring, length in zip(rings, perimeters, strict=True)
        )
        cells += filled
        work += filled * vertices
        if cells > _MAX_FILLED or work > _MAX_WORK:
            return False
    return True


def _fill(polygon: Polygon, resolution: int, contain: str) -> Sequence[str]:
    step = math.degrees(h3.average_hexagon_edge_length(resolution, "km") / _EARTH_KM) / _THINNED
    rings = (_thinned(ring, step) for ring in (polygon.outer, *polygon.holes))
    outer, *holes = ([(latitude, _wrapped(longitude)) for longitude, latitude in ring] for ring in rings)
    cells: Sequence[str] = h3.h3shape_to_cells_experimental(h3.LatLngPoly(outer, *holes), resolution, contain=contain)
    return cells


def _wrapped(longitude: float) -> float:
    return longitude - 2 * _HALF_TURN if longitude > _HALF_TURN else longitude


def _thinned(ring: _Ring, step: float) -> list[tuple[float, float]]:
    """Return the ring without vertices that are nearer than ``step`` degrees to the one kept before."""
    positions: list[tuple[float, float]] = [(float(x), float(y)) for x, y in ring]
    if len(positions) <= 2 * _RING_POSITIONS:
        return positions
    kept = [positions[0]]
    for x, y in positions[1:-1]:
        if math.hypot((x - kept[-1][0]) * math.cos(math.radians(y)), y - kept[-1][1]) >= step:
            kept.append((x, y))
    # what is smaller than a part of a cell keeps its corners
    return kept if len(kept) >= _RING_POSITIONS else positions


def _wrong(pointer: str, message: str) -> MalformedError:
    return MalformedError("The area can't be used like this.", errors=(FieldError(pointer, message),))
