"""One figure against another, such as price against days: each dot is named, and the undominated ones are joined."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from markupsafe import Markup

from marketplace.terminals.charts.lettering import BOLD, REGULAR, cut, text_width
from marketplace.terminals.charts.paper import (
    FEWEST,
    PLAIN,
    SMALL,
    Chart,
    Size,
    Table,
    Words,
    element,
    frame,
    line,
    link,
    path,
    series_class,
    text,
    too_few,
)
from marketplace.terminals.charts.placing import Anchor, Box, around, leader
from marketplace.terminals.charts.scales import Scale, padded, ticks

_TOP, _BOTTOM, _RADIUS, _FRONT_RADIUS = 32.0, 46.0, 5.0, 7.0
_LABEL, _FINGER = 16.0, 12.0
_LONGEST = 0.4
_NAMED = 60
"""More labels than this can't be told apart: the rest are in the table and when pointed at."""


@dataclass(frozen=True, slots=True)
class Dot:
    """One offer or carrier: ``front`` if no other is better in both figures, ``href`` makes it a link."""

    label: str
    x: Decimal
    y: Decimal
    series: int
    front: bool = False
    href: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows, and how its figures are written."""

    label: str
    value: Callable[[Decimal], str]


def scatter_chart(
    key: str,
    dots: Sequence[Dot],
    words: Words,
    across: Axis,
    up: Axis,
    *,
    name_heading: str,
    size: Size = Size(640, 380),  # noqa: B008 - frozen
) -> Chart:
    """Return the dots with their names, and a line down the steps of the front where less is better in both figures."""
    rows = tuple((dot.label, across.value(dot.x), up.value(dot.y)) for dot in dots)
    table = Table((name_heading, across.label, up.label), rows)
    if len(dots) < FEWEST:
        return too_few(words, table, len(dots))
    # the front chooses its labels' places first, then from the left
    ordered = sorted(dots, key=lambda dot: (not dot.front, dot.x, dot.y))
    sheet = _Sheet(ordered, across, up, size)
    parts = (
        text(0, PLAIN, up.label, "chart-axis-label", size=SMALL),
        text(size.width, PLAIN, words.count(len(dots)), "chart-count", anchor="end", size=SMALL),
        *sheet.grid(),
        *sheet.front(),
        *sheet.dots(),
    )
    linked = any(dot.href for dot in dots)
    return Chart(frame(key, words, size, parts, kind="scatter", linked=linked), table, len(dots), drawn=True)


class _Sheet:
    """Where everything of one chart goes."""

    def __init__(self, dots: Sequence[Dot], across: Axis, up: Axis, size: Size) -> None:
        self._dots, self._across, self._up, self._size = dots, across, up, size
        air = Decimal("0.1")
        (left, right), (low, high) = padded([dot.x for dot in dots], air), padded([dot.y for dot in dots], air)
        self._across_ticks = [(tick, across.value(tick)) for tick in ticks(left, right, 8)]
        self._up_ticks = [(tick, up.value(tick)) for tick in ticks(low, high, 7)]
        self._left = max((text_width(label, SMALL) for _, label in self._up_ticks), default=0.0) + 10
        self._bottom = size.height - _BOTTOM
        self._x = Scale(float(left), float(right), self._left, size.width)
        self._y = Scale(float(low), float(high), self._bottom, _TOP)
        self._places = [(self._x(float(dot.x)), self._y(float(dot.y))) for dot in dots]

    def grid(self) -> list[Markup]:
        """Return the lines of round figures, their writing and the name of the axis below."""
        parts = []
        for tick, label in self._up_ticks:
            y = self._y(float(tick))
            parts.append(line(self._left, y, self._size.width, y, "chart-grid"))
            parts.append(text(self._left - 8, y + 4, label, "chart-tick", anchor="end", size=SMALL))
        reached = 0.0
        for tick, label in self._across_ticks:
            x, half = self._x(float(tick)), text_width(label, SMALL) / 2
            parts.append(line(x, self._bottom, x, self._bottom + 4, "chart-axis"))
            if x - half >= reached and x + half <= self._size.width:
                parts.append(text(x, self._bottom + 18, label, "chart-tick", anchor="middle", size=SMALL))
                reached = x + half + 8
        parts.append(line(self._left, self._bottom, self._size.width, self._bottom, "chart-axis"))
        middle = (self._left + self._size.width) / 2
        parts.append(
            text(middle, self._size.height - 6, self._across.label, "chart-axis-label", anchor="middle", size=SMALL)
        )
        return parts

    def _stairs(self) -> list[tuple[float, float]]:
        on_front = sorted(place for dot, place in zip(self._dots, self._places, strict=True) if dot.front)
        points: list[tuple[float, float]] = []
        for x, y in on_front:
            if points:
                points.append((x, points[-1][1]))
            points.append((x, y))
        return points

    def front(self) -> list[Markup]:
        """Return the steps along which one figure is only bettered by worsening the other."""
        points = self._stairs()
        return [path(points, "chart-front")] if len(points) > 1 else []

    def dots(self) -> list[Markup]:
        """Return the dots with their names; a name that had to move is tied to its dot."""
        anchors, names = [], []
        for dot, (x, y) in zip(self._dots, self._places, strict=True):
            name = cut(dot.label, self._size.width * _LONGEST, PLAIN, self._weight(dot))
            names.append(name)
            radius = _FRONT_RADIUS if dot.front else _RADIUS
            anchors.append(Anchor(x, y, radius, text_width(name, PLAIN, self._weight(dot)) + 2, _LABEL))
        stairs = self._stairs()
        along = [_around_line(one, other) for one, other in pairwise(stairs)]
        inside = Box(self._left + 2, _TOP - 8, self._size.width, self._bottom - 2)
        boxes = around(anchors[:_NAMED], inside, lines=along) + (None,) * len(anchors[_NAMED:])
        drawn = zip(self._dots, anchors, boxes, names, strict=True)
        return [link(dot.href, self._dot(dot, anchor, box, name)) for dot, anchor, box, name in drawn]

    def _weight(self, dot: Dot) -> int:
        return BOLD if dot.front else REGULAR

    def _dot(self, dot: Dot, anchor: Anchor, box: Box | None, name: str) -> Markup:
        told = f"{dot.label}: {self._across.value(dot.x)}, {self._up.value(dot.y)}"
        kind = "chart-dot-front" if dot.front else "chart-dot-behind"
        parts = [
            element("title", told),
            element("circle", cx=anchor.x, cy=anchor.y, r=anchor.radius, class_=f"{kind} {series_class(dot.series)}"),
        ]
        if dot.href:
            # an own dot is smaller than what a finger can meet
            parts.append(element("circle", cx=anchor.x, cy=anchor.y, r=_FINGER, fill="none", pointer_events="all"))
        if box is not None:
            tie = leader(anchor, box)
            if tie:
                parts.append(line(*tie, f"chart-tie {series_class(dot.series)}"))
            class_ = "chart-name-front" if dot.front else "chart-name-behind"
            parts.append(text(box.left + 1, box.bottom - 4, name, class_, weight=self._weight(dot)))
        return element("g", Markup("").join(parts), class_="chart-point")


def _around_line(one: tuple[float, float], other: tuple[float, float]) -> Box:
    (x1, y1), (x2, y2) = one, other
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)).grown(1.5)
