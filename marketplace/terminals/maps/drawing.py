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
_SMALL_NAME = 36.0
"""The font size of the second set of names, which the style sheet shows in place of the first where a map is shown at a
third of its size: on a phone, and in a narrow column."""
_LEAST, _MOST, _COUNTED = 7.0, 15.0, 13.0
_RING = 1.8
_ROOM = 24.0
_LONGEST, _SMALL_LONGEST = 190.0, 300.0
_NAMED, _SMALL_NAMED = 40, 14


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
    wide = _named(spots, radii, size, _Lettering(_NAME, _LONGEST, _NAMED if names else 0, "map-name"))
    narrow = _named(
        spots, radii, size, _Lettering(_SMALL_NAME, _SMALL_LONGEST, _SMALL_NAMED if names else 0, "map-name for-narrow")
    )
    return [
        _spot(spot, radius, Markup("").join(texts))
        for spot, radius, *texts in zip(spots, radii, wide, narrow, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Lettering:
    """How names are written: the font's size, the longest one, how many at most, and the class of the style sheet."""

    size: float
    longest: float
    most: int
    class_: str


def _named(spots: Sequence[_Spot], radii: Sequence[float], size: Size, lettering: _Lettering) -> list[Markup]:
    """Return the name of each spot as far as there is room for it, nothing for the others."""
    font = lettering.size
    labels = [cut(spot.name, lettering.longest, font, BOLD) for spot in spots]
    anchors = [
        Anchor(spot.x, spot.y, radius + 1, text_width(label, font, BOLD) + 4, font * 1.2)
        for spot, radius, label in zip(spots, radii, labels, strict=True)
    ]
    told = Box(size.width - 220, size.height - 30, size.width, size.height)
    boxes = around(anchors[: lettering.most], Box(0, 0, size.width, size.height), taken=(told,), all_points=anchors)
    written = [
        text(box.left + 2, box.bottom - font * 0.32, label, lettering.class_, size=font, weight=BOLD)
        if box is not None
        else Markup("")
        for label, box in zip(labels, boxes, strict=False)
    ]
    return written + [Markup("")] * (len(spots) - len(written))


def _radius(spot: _Spot, heaviest: float) -> float:
    radius = _LEAST + (_MOST - _LEAST) * math.sqrt(max(0.0, spot.weight) / heaviest)
    return radius if len(spot.points) == 1 else max(_COUNTED, radius)


def _spot(spot: _Spot, radius: float, names: Markup) -> Markup:
    parts = [
        element("title", "; ".join(", ".join((point.label, *point.cells)) for point in spot.points)),
        element("circle", cx=spot.x, cy=spot.y, r=radius * _RING, class_=f"map-ring {spot.colour}"),
        element("circle", cx=spot.x, cy=spot.y, r=radius, class_=f"map-dot {spot.colour}"),
    ]
    if len(spot.points) > 1:
        count = str(len(spot.points))
        parts.append(text(spot.x, spot.y + 5, count, "map-count", anchor="middle", size=_COUNT, weight=BOLD))
    parts.append(names)
    drawn = element("g", Markup("").join(parts), class_="chart-point")
    return link(spot.points[0].href, drawn) if len(spot.points) == 1 else drawn
