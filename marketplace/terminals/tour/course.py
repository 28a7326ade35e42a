"""The chart of a tour's auction: how the price fell in the market's own time, against what is paid today."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from fastapi import Request

from marketplace.kernel.clock import machine_now
from marketplace.terminals import browser, pages
from marketplace.terminals.charts.paper import Chart, Words
from marketplace.terminals.charts.step import Axes, Line, Reference, Step, step_chart
from marketplace.terminals.rendering import Customs
from marketplace.terminals.tour.visits import from_opening


def chart(
    request: Request,
    course: Sequence[tuple[int, Decimal]],
    passed: timedelta,
    level: tuple[str, Decimal],
    names: tuple[str, str],
) -> Chart:
    """Return the line of ``course`` up to ``passed``; ``names``: the chart's and the line's, ``level``: a reference."""
    _ = pages.words(request)
    customs = Customs(browser.preferences_of(request), machine_now())
    title, line = names
    words = Words(
        title,
        _("Total over the term, by the market's minutes and seconds since the opening."),
        _("The line begins after a few bids."),
        lambda count: f"{count} {_('prices')}",
    )
    axes = Axes(
        _("Total over the term"),
        lambda value: customs.money(value.quantize(Decimal(1))),
        lambda at, _distance: f"{at:%M:%S}",
        (_("Market time"), _("Line"), _("Total")),
    )
    told = Line(line, tuple(Step(from_opening(at), value) for at, value in course), 1, lead=True)
    label, value = level
    until = from_opening(int(passed.total_seconds()))
    return step_chart("tour-course", (told,), words, axes, until=until, references=(Reference(label, value, "today"),))
