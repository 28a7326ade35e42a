"""How much is saved: half a ring, filled as far as the share goes, with a mark where the target is."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from marketplace.terminals.charts.lettering import BOLD, cut
from marketplace.terminals.charts.paper import (
    PLAIN,
    SMALL,
    Chart,
    Size,
    Table,
    Words,
    element,
    frame,
    line,
    number,
    text,
)

_SIZE = Size(240, 138)
_MIDDLE, _BASE, _RADIUS = 120.0, 106.0, 84.0
_REACH = Decimal("0.4")
"""The ring's end where nothing is beyond it: a saving of two fifths."""
_VALUE_SIZE = 30.0
_INSIDE = 130.0


@dataclass(frozen=True, slots=True)
class Saving:
    """A share saved (negative: lost) and the share that was aimed at; what the table calls them; a line below."""

    share: Decimal
    label: str
    target: Decimal | None = None
    target_label: str = ""
    caption: str = ""


def gauge(
    key: str, saving: Saving, words: Words, percent: Callable[[Decimal], str], *, headings: tuple[str, str]
) -> Chart:
    """Return the half ring of one share; ``percent`` writes a share (0.286) as the reader does."""
    rows = [(saving.label, percent(saving.share))]
    if saving.target is not None:
        rows.append((saving.target_label, percent(saving.target)))
    furthest = max(saving.share, saving.target or Decimal(0), _REACH)
    reach = _REACH if furthest == _REACH else furthest * Decimal("1.1")
    filled = float(max(Decimal(0), saving.share) / reach)
    met = saving.share >= (saving.target or Decimal(0))
    parts = [_arc(1.0, "gauge-track")]
    if filled:
        parts.append(_arc(min(1.0, filled), "gauge-fill gauge-met" if met else "gauge-fill"))
    if saving.target is not None:
        parts.append(_mark(float(max(Decimal(0), saving.target) / reach)))
    look = "gauge-value gauge-lost" if saving.share < 0 else "gauge-value"
    parts.append(text(_MIDDLE, _BASE - 18, percent(saving.share), look, anchor="middle", size=_VALUE_SIZE, weight=BOLD))
    if saving.target is not None:
        told = cut(f"{saving.target_label} {percent(saving.target)}", _INSIDE, SMALL)
        parts.append(text(_MIDDLE, _BASE, told, "gauge-target", anchor="middle", size=SMALL))
    parts.append(
        text(_MIDDLE, _SIZE.height - 6, cut(saving.caption, _SIZE.width, PLAIN), "gauge-caption", anchor="middle")
    )
    return Chart(frame(key, words, _SIZE, parts, kind="gauge"), Table(headings, tuple(rows)), 1, drawn=True)


def _point(share: float, radius: float) -> tuple[float, float]:
    angle = math.pi * (1 - share)
    return _MIDDLE + radius * math.cos(angle), _BASE - radius * math.sin(angle)


def _arc(share: float, class_: str) -> Markup:
    (x1, y1), (x2, y2) = _point(0, _RADIUS), _point(share, _RADIUS)
    radius = number(_RADIUS)
    drawn = f"M{number(x1)} {number(y1)}A{radius} {radius} 0 0 1 {number(x2)} {number(y2)}"
    return element("path", d=drawn, class_=class_)


def _mark(share: float) -> Markup:
    (x1, y1), (x2, y2) = _point(share, _RADIUS - 13), _point(share, _RADIUS + 13)
    return line(x1, y1, x2, y2, "gauge-mark")
