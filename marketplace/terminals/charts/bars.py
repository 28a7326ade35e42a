"""Figures by name: horizontal bars from zero, the name at the left and the figure at the right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    link,
    series_class,
    text,
    too_few,
)
from marketplace.terminals.charts.scales import Scale

_TOP, _ROW, _THICK, _GAP = 24.0, 30.0, 14.0, 12.0
_COLUMN_SHARE = 0.27
_LEAST = 2.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure; ``note`` is written small after it, ``href`` makes its name and bar a link."""

    label: str
    value: Decimal
    series: int = 1
    note: str = ""
    href: str = ""


def bar_chart(
    key: str,
    bars: Sequence[Bar],
    words: Words,
    value: Callable[[Decimal], str],
    *,
    headings: tuple[str, str],
    width: float = 640.0,
) -> Chart:
    """Return the bars in the given order; the drawing is as high as they need. ``headings``: name, figure."""
    rows = tuple((bar.label, f"{value(bar.value)} {bar.note}".strip()) for bar in bars)
    table = Table(headings, rows)
    if len(bars) < FEWEST:
        return too_few(words, table, len(bars))
    figures = [cut(value(bar.value), width * _COLUMN_SHARE, PLAIN, BOLD) for bar in bars]
    notes = [cut(bar.note, width * _COLUMN_SHARE, SMALL) for bar in bars]
    names = [cut(bar.label, width * _COLUMN_SHARE, PLAIN) for bar in bars]
    left = max(text_width(name, PLAIN) for name in names) + _GAP
    noted = width - max(text_width(figure, PLAIN, BOLD) for figure in figures) - _GAP
    right = noted - max(text_width(note, SMALL) for note in notes) - _GAP * any(notes)
    lowest, highest = min(Decimal(0), *(bar.value for bar in bars)), max(Decimal(0), *(bar.value for bar in bars))
    scale = Scale(float(lowest), float(highest if highest > lowest else lowest + 1), left, right)
    size = Size(width, _TOP + _ROW * len(bars))
    parts = [
        text(0, PLAIN, headings[1], "chart-axis-label", size=SMALL),
        text(width, PLAIN, words.count(len(bars)), "chart-count", anchor="end", size=SMALL),
    ]
    for number, (bar, name, note, figure) in enumerate(zip(bars, names, notes, figures, strict=True)):
        middle = _TOP + _ROW * (number + 0.5)
        drawn = _bar(scale, bar, middle) + text(0, middle + 4, name, "chart-label")
        parts.append(link(bar.href, drawn))
        if note:
            parts.append(text(noted, middle + 4, note, "chart-note", anchor="end", size=SMALL))
        parts.append(text(width, middle + 4, figure, "chart-figure", anchor="end", weight=BOLD))
    parts.append(line(scale(0), _TOP, scale(0), size.height, "chart-axis"))
    linked = any(bar.href for bar in bars)
    return Chart(frame(key, words, size, parts, kind="bars", linked=linked), table, len(bars), drawn=True)


def _bar(scale: Scale, bar: Bar, middle: float) -> Markup:
    one, other = sorted((scale(0), scale(float(bar.value))))
    long = max(other - one, _LEAST if bar.value else 0.0)
    return element(
        "rect",
        x=one,
        y=middle - _THICK / 2,
        width=long,
        height=_THICK,
        rx=3.0,
        class_=f"chart-bar {series_class(bar.series)}",
    )
