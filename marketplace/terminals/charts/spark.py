"""A trend the size of a word: a line of steps with its last point, for a table's cell."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from marketplace.terminals.charts.paper import Chart, Size, Table, Words, element, frame, path, series_class
from marketplace.terminals.charts.scales import Scale

_SIZE = Size(84, 24)
_EDGE = 4.0


def spark(
    key: str,
    values: Sequence[Decimal],
    words: Words,
    value: Callable[[Decimal], str],
    *,
    series: int,
    headings: tuple[str],
) -> Chart:
    """Return the trend of ``values`` in their order; without any, the sentence that says so."""
    table = Table(headings, tuple((value(each),) for each in values))
    if not values:
        return Chart(element("span", words.few, class_="chart-few"), table, 0, drawn=False)
    low, high = float(min(values)), float(max(values))
    across = Scale(0, max(1, len(values) - 1), _EDGE, _SIZE.width - _EDGE)
    up = Scale(low, high if high > low else low + 1, _SIZE.height - _EDGE, _EDGE)
    places = [(across(number), up(float(each))) for number, each in enumerate(values)]
    points = [places[0]]
    for x, y in places[1:]:
        points += [(x, points[-1][1]), (x, y)]
    colour = series_class(series)
    end_x, end_y = points[-1]
    parts = (
        path(points, f"chart-line {colour}"),
        element("circle", cx=end_x, cy=end_y, r=2.5, class_=f"spark-end {colour}"),
    )
    return Chart(frame(key, words, _SIZE, parts, kind="spark"), table, len(values), drawn=True)
