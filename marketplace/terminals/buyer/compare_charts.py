"""The front of cost against service: every computed scenario a dot that opens it."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from marketplace.awards.board.model import Computed, Result
from marketplace.terminals.browser import Preferences
from marketplace.terminals.buyer.live_auction_charts import Pen
from marketplace.terminals.charts.paper import Chart, Size, Words
from marketplace.terminals.charts.scatter import Axis, Dot, scatter_chart

_BEST = Decimal(100)


def front_chart(
    computed: Computed, preferences: Preferences, now: datetime, address: str, *, narrow: bool = False
) -> Chart:
    """Return cost against what is missing to the best service; less is better in both, each dot opens its scenario."""
    pen = Pen(preferences, now, computed.currency)
    say = pen.say
    dots = [_dot(one, say(one.name), address, front=False) for one in _known(computed.results)]
    taken = {(dot.x, dot.y) for dot in dots}
    points = [_dot(one, "", address, front=True) for one in _known(computed.front)]
    steps = {(dot.x, dot.y) for dot in points}
    dots = [Dot(dot.label, dot.x, dot.y, dot.series, (dot.x, dot.y) in steps, dot.href) for dot in dots]
    dots += [
        Dot(f"{say('Front')} {number}", dot.x, dot.y, dot.series, front=True, href=dot.href)
        for number, dot in enumerate(points, start=1)
        if (dot.x, dot.y) not in taken
    ]
    words = Words(
        say("Cost against service"),
        say("Each dot is a way to award. On the line nothing is both cheaper and better."),
        say("The chart comes with five different ways to award."),
        lambda count: say("%(number)s ways") % {"number": count},
    )
    across = Axis(say("Service level, points below the best"), lambda value: f"{value:.0f}")
    key, size = ("front-narrow", Size(340, 340)) if narrow else ("front", Size(520, 360))
    up = Axis(say("Total over the term"), pen.short)
    return scatter_chart(key, dots, words, across, up, name_heading=say("Way"), size=size)


def _known(results: Sequence[Result]) -> list[Result]:
    return [one for one in results if one.total is not None and one.service_level is not None and one.lots]


def _dot(result: Result, label: str, address: str, *, front: bool) -> Dot:
    level, total = result.service_level or Decimal(0), result.total or Decimal(0)
    return Dot(label, _BEST - level, total, 1, front, f"{address}?scenario={result.key}")
