"""Points on a map: as large as they weigh, gathered where they fall together, named where there is room."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from marketplace.terminals import assets
from marketplace.terminals.charts.lettering import BOLD, cut, text_width
from marketplace.terminals.charts.paper import Chart, Size, Table, Words, element, frame, link, series_class, text
from marketplace.terminals.charts.placing import Anchor, Box, around
from marketplace.terminals.maps.projections import (
    US_HEIGHT,
    US_WIDTH,
    WORLD_HEIGHT,
    WORLD_WIDTH,
    us_place,
    world_place,
)
from marketplace.terminals.maps.sheets import LAND, US_SHEET, WORLD_SHEET
from marketplace.terminals.maps.topology import Point

_NAME, _COUNT = 19.0, 15.0
"""Font sizes: a map is often shown at half its size."""
_LEAST, _MOST, _COUNTED = 7.0, 15.0, 13.0
_RING = 1.8
_ROOM = 24.0
_LONGEST = 190.0
_NAMED = 40


@dataclass(frozen=True, slots=True)
class MapPoint:
    """Something at a place: degrees, a weight of 0 or more, the series of its colour, and its further table cells."""

    label: str
    longitude: float
    latitude: float
    weight: float = 1.0
    series: int = 1
    href: str = ""
    cells: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Spot:
    """Points that are drawn as one."""

    points: tuple[MapPoint, ...]
    x: float
    y: float

    @property
    def weight(self) -> float:
        return sum(point.weight for point in self.points)

    @property
    def heaviest(self) -> MapPoint:
        return max(self.points, key=lambda point: point.weight)

    @property
    def name(self) -> str:
        return self.heaviest.label if len(self.points) == 1 else f"{self.heaviest.label} +{len(self.points) - 1}"

    @property
    def colour(self) -> str:
        kinds = Counter(point.series for point in self.points)
        return series_class(self.heaviest.series) if len(kinds) == 1 else "series-mixed"


@dataclass(frozen=True, slots=True)
class _Ground:
    """A sheet, its extent, and where degrees are on it."""

    sheet: str
    size: Size
    place: Callable[[float, float], Point | None]


_US = _Ground(US_SHEET, Size(US_WIDTH, US_HEIGHT), us_place)
_WORLD = _Ground(WORLD_SHEET, Size(WORLD_WIDTH, WORLD_HEIGHT), world_place)


def us_map(
    key: str,
    points: Sequence[MapPoint],
    words: Words,
    *,
    headings: tuple[str, ...],
    areas: Sequence[str] = (),
    names: bool = True,
) -> Chart:
    """Return points on the states; ``areas`` (two letters each) are tinted, ``names`` writes labels.

    The table has all points; ``count`` counts those that the map can show: territories have no place on it.
    ``headings``: the label's, then one for each of a point's cells.
    """
    return _map(_US, key, points, words, headings=headings, areas=areas, names=names)


def world_map(
    key: str,
    points: Sequence[MapPoint],
    words: Words,
    *,
    headings: tuple[str, ...],
    areas: Sequence[str] = (),
    names: bool = True,
) -> Chart:
    """Return points on the world; ``areas`` (ISO 3166-1 codes) are tinted. All else as in ``us_map``."""
    return _map(_WORLD, key, points, words, headings=headings, areas=areas, names=names)


def _map(
    ground: _Ground,
    key: str,
    points: Sequence[MapPoint],
    words: Words,
    *,
    headings: tuple[str, ...],
    areas: Sequence[str],
    names: bool,
) -> Chart:
    table = Table(headings, tuple((point.label, *point.cells) for point in points))
    placed = [(point, ground.place(point.longitude, point.latitude)) for point in points]
    on_map = [_Spot((point,), *place) for point, place in placed if place is not None]
    spots = sorted(_gathered(on_map), key=lambda spot: -spot.weight)
    parts = [
        _use(ground, LAND, "map-land"),
        *(_use(ground, area, "map-area") for area in areas),
        *_drawn(spots, ground.size, names=names),
        text(
            ground.size.width - 4,
            ground.size.height - 8,
            words.count(len(on_map)),
            "chart-count",
            anchor="end",
            size=_COUNT,
        ),
    ]
    linked = any(spot.points[0].href for spot in spots if len(spot.points) == 1)
    return Chart(frame(key, words, ground.size, parts, kind="map", linked=linked), table, len(on_map), drawn=True)


def _use(ground: _Ground, shape: str, class_: str) -> Markup:
    return element("use", href=f"{assets.address(ground.sheet)}#{shape}", class_=class_)


def _gathered(spots: Sequence[_Spot]) -> list[_Spot]:
    """Return spots none of which are too near to tell apart: heavy ones stay in place and take lighter ones in."""
    kept: list[_Spot] = []
    for spot in sorted(spots, key=lambda one: -one.weight):
        near = next((index for index, one in enumerate(kept) if _distance(one, spot) < _ROOM), None)
        if near is None:
            kept.append(spot)
        else:
            kept[near] = replace(kept[near], points=kept[near].points + spot.points)
    return kept


def _distance(one: _Spot, other: _Spot) -> float:
    return math.dist((one.x, one.y), (other.x, other.y))


def _drawn(spots: Sequence[_Spot], size: Size, *, names: bool) -> list[Markup]:
    heaviest = max((spot.weight for spot in spots), default=0.0) or 1.0
    radii = [_radius(spot, heaviest) for spot in spots]
    labels = [cut(spot.name, _LONGEST, _NAME, BOLD) for spot in spots]
    anchors = [
        Anchor(spot.x, spot.y, radius + 1, text_width(label, _NAME, BOLD) + 4, _NAME * 1.2)
        for spot, radius, label in zip(spots, radii, labels, strict=True)
    ]
    told = Box(size.width - 220, size.height - 30, size.width, size.height)
    named = anchors[:_NAMED] if names else []
    boxes = around(named, Box(0, 0, size.width, size.height), taken=(told,), all_points=anchors)
    boxes += (None,) * (len(anchors) - len(named))
    return [
        _spot(spot, radius, label, box) for spot, radius, label, box in zip(spots, radii, labels, boxes, strict=True)
    ]


def _radius(spot: _Spot, heaviest: float) -> float:
    radius = _LEAST + (_MOST - _LEAST) * math.sqrt(max(0.0, spot.weight) / heaviest)
    return radius if len(spot.points) == 1 else max(_COUNTED, radius)


def _spot(spot: _Spot, radius: float, label: str, box: Box | None) -> Markup:
    parts = [
        element("title", "; ".join(", ".join((point.label, *point.cells)) for point in spot.points)),
        element("circle", cx=spot.x, cy=spot.y, r=radius * _RING, class_=f"map-ring {spot.colour}"),
        element("circle", cx=spot.x, cy=spot.y, r=radius, class_=f"map-dot {spot.colour}"),
    ]
    if len(spot.points) > 1:
        count = str(len(spot.points))
        parts.append(text(spot.x, spot.y + 5, count, "map-count", anchor="middle", size=_COUNT, weight=BOLD))
    if box is not None:
        parts.append(text(box.left + 2, box.bottom - 6, label, "map-name", size=_NAME, weight=BOLD))
    drawn = element("g", Markup("").join(parts), class_="chart-point")
    return link(spot.points[0].href, drawn) if len(spot.points) == 1 else drawn
