"""Price over time: one line of steps a carrier, named at its end, against what is paid today and what is aimed at."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from markupsafe import Markup

from marketplace.terminals.charts.lettering import BOLD, cut, text_width
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
    path,
    series_class,
    text,
    too_few,
)
from marketplace.terminals.charts.placing import spread
from marketplace.terminals.charts.scales import Scale, padded, ticks, time_ticks

_TOP, _BOTTOM, _GAP = 32.0, 26.0, 12.0
_ROOM = 17.0
_NAMES_SHARE = 0.42
_DOTS = 80


@dataclass(frozen=True, slots=True)
class Step:
    """From this instant on the value holds."""

    at: datetime
    value: Decimal


@dataclass(frozen=True, slots=True)
class Line:
    """One line of steps. ``series`` 1 to 8 is its colour, 0 neutral ink; ``lead`` draws it strong, with its bids."""

    label: str
    steps: tuple[Step, ...]
    series: int
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A level to compare with; ``kind`` is its class: "today" or "target"."""

    label: str
    value: Decimal
    kind: str


@dataclass(frozen=True, slots=True)
class Axes:
    """What is on the axes, and how values and times are written.

    ``time`` gets an instant and the distance of its neighbours on the axis, zero in the table; ``headings`` are the
    table's: time, name, value.
    """

    label: str
    value: Callable[[Decimal], str]
    time: Callable[[datetime, timedelta], str]
    headings: tuple[str, str, str]
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class _Name:
    """What stands at the right end of a line."""

    label: str
    value: str
    y: float
    class_: str


def step_chart(
    key: str,
    lines: Sequence[Line],
    words: Words,
    axes: Axes,
    *,
    until: datetime,
    references: Sequence[Reference] = (),
    size: Size = Size(760, 300),  # noqa: B008 - frozen
) -> Chart:
    """Return lines of steps up to ``until``; the drawing grows where the names at the right need it."""
    drawn = tuple(each for each in lines if each.steps)
    count = sum(len(each.steps) for each in drawn)
    table = _table(drawn, references, axes)
    if count < FEWEST:
        return too_few(words, table, count)
    height = max(size.height, _TOP + _BOTTOM + _ROOM * (len(drawn) + len(references)))
    sheet = _Sheet(drawn, tuple(references), axes, until, Size(size.width, height))
    parts = (
        text(0, PLAIN, axes.label, "chart-axis-label", size=SMALL),
        text(size.width, PLAIN, words.count(count), "chart-count", anchor="end", size=SMALL),
        *sheet.grid(),
        *sheet.levels(),
        *(part for each in sorted(drawn, key=lambda one: one.lead) for part in sheet.steps(each)),
        *sheet.names(),
    )
    return Chart(frame(key, words, sheet.size, parts, kind="step"), table, count, drawn=True)


def _table(lines: Sequence[Line], references: Sequence[Reference], axes: Axes) -> Table:
    told = sorted(((step, each.label) for each in lines for step in each.steps), key=lambda pair: pair[0].at)
    rows = ((axes.time(step.at, timedelta(0)), label, axes.value(step.value)) for step, label in told)
    levels = (("", each.label, axes.value(each.value)) for each in references)
    return Table(axes.headings, (*rows, *levels))


class _Sheet:
    """Where everything of one chart goes."""

    def __init__(
        self, lines: tuple[Line, ...], references: tuple[Reference, ...], axes: Axes, until: datetime, size: Size
    ) -> None:
        self.size, self._lines, self._references, self._axes = size, lines, references, axes
        values = [step.value for each in lines for step in each.steps] + [each.value for each in references]
        low, high = padded(values)
        self._ticks = [(tick, axes.value(tick)) for tick in ticks(low, high, 7)]
        self._left = max((text_width(label, SMALL) for _, label in self._ticks), default=0.0) + 10
        self._names_width = min(size.width * _NAMES_SHARE, max(map(self._name_width, self._pairs()), default=0.0))
        self._right = size.width - self._names_width - _GAP
        self._top, self._bottom = _TOP, size.height - _BOTTOM
        self._start = min(step.at for each in lines for step in each.steps)
        self._end = max(until, *(step.at for each in lines for step in each.steps), self._start + timedelta(seconds=1))
        self._x = Scale(0, (self._end - self._start).total_seconds(), self._left, self._right)
        self._y = Scale(float(low), float(high), self._bottom, self._top)

    def _pairs(self) -> list[tuple[str, str]]:
        ends = [(each.label, each.steps[-1].value) for each in self._lines]
        ends += [(each.label, each.value) for each in self._references]
        return [(label, self._axes.value(value)) for label, value in ends]

    def _name_width(self, pair: tuple[str, str]) -> float:
        return text_width(pair[0], PLAIN, BOLD) + 9 + text_width(pair[1], PLAIN)  # 1 more than is taken: sums round

    def _at(self, instant: datetime) -> float:
        return self._x((instant - self._start).total_seconds())

    def grid(self) -> list[Markup]:
        """Return the lines of round values and the times below."""
        parts = []
        for tick, label in self._ticks:
            y = self._y(float(tick))
            parts.append(line(self._left, y, self._right, y, "chart-grid"))
            parts.append(text(self._left - 8, y + 4, label, "chart-tick", anchor="end", size=SMALL))
        step, instants = time_ticks(self._start, self._end, self._axes.zone, self._fits)
        for instant in instants:
            x = self._at(instant)
            parts.append(line(x, self._bottom, x, self._bottom + 4, "chart-axis"))
            label = self._axes.time(instant, step)
            parts.append(text(x, self._bottom + 18, label, "chart-tick", anchor="middle", size=SMALL))
        parts.append(line(self._left, self._bottom, self._right, self._bottom, "chart-axis"))
        return parts

    def _fits(self, step: timedelta, instants: Sequence[datetime]) -> bool:
        reached = 0.0
        for instant in instants:
            half = text_width(self._axes.time(instant, step), SMALL) / 2
            x = self._at(instant)
            if x - half < reached or x + half > self.size.width:
                return False
            reached = x + half + _GAP
        return True

    def levels(self) -> list[Markup]:
        """Return the lines to compare with."""
        ys = ((self._y(float(each.value)), each.kind) for each in self._references)
        return [line(self._left, y, self._right, y, f"chart-level level-{kind}") for y, kind in ys]

    def steps(self, each: Line) -> list[Markup]:
        """Return one line; the lead's with the area below it and a dot a bid."""
        colour = series_class(each.series)
        places = [(self._at(step.at), self._y(float(step.value))) for step in each.steps]
        points = [places[0]]
        for x, y in places[1:]:
            points += [(x, points[-1][1]), (x, y)]
        points.append((self._right, points[-1][1]))
        if not each.lead:
            return [path(points, f"chart-line {colour}")]
        area = [*points, (self._right, self._bottom), (points[0][0], self._bottom)]
        dots = places if len(places) <= _DOTS else places[-1:]
        return [
            path(area, f"chart-area {colour}", "Z"),
            path(points, f"chart-line chart-lead {colour}"),
            *(element("circle", cx=x, cy=y, r=3.0, class_=f"chart-dot {colour}") for x, y in dots),
        ]

    def names(self) -> list[Markup]:
        """Return the names and last values at the right, none over another."""
        names = [
            _Name(each.label, self._axes.value(each.steps[-1].value), self._y(float(each.steps[-1].value)),
                  series_class(each.series))
            for each in self._lines
        ] + [
            _Name(each.label, self._axes.value(each.value), self._y(float(each.value)), f"level-{each.kind}")
            for each in self._references
        ]  # fmt: skip
        places = spread([name.y for name in names], _ROOM, self._top, self._bottom)
        left = self.size.width - self._names_width
        parts = []
        for name, y in zip(names, places, strict=True):
            value = cut(name.value, self._names_width - 8, PLAIN)
            room = self._names_width - 8 - text_width(value, PLAIN)
            parts.append(
                path([(self._right, name.y), (self._right + 3, name.y), (left - 3, y)], f"chart-tie {name.class_}")
            )
            parts.append(
                text(left, y + 4, cut(name.label, room, PLAIN, BOLD), f"chart-name {name.class_}", weight=BOLD)
            )
            parts.append(text(self.size.width, y + 4, value, "chart-value", anchor="end"))
        return parts
