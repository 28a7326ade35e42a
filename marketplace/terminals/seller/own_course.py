"""A bidder's own price over time as a chart: its own bids and nothing of anybody else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from datetime import time as clock_time
from decimal import Decimal

from babel import numbers

from marketplace.bidding.service import OwnBid
from marketplace.terminals.browser import Preferences
from marketplace.terminals.charts.paper import Chart, Size, Words
from marketplace.terminals.charts.step import Axes, Line, Step, step_chart
from marketplace.terminals.rendering import Customs, gettext

_COLOURS = 8
_COMPACT_FROM = 10_000


def own_course(own: Sequence[OwnBid], preferences: Preferences, currency: str, *, narrow: bool = False) -> Chart | None:
    """Return the own price over time, a line a lot; None where no price can be read. ``narrow``: for a phone.

    It ends a little behind the last own bid: a chart up to now would change without anything having happened.
    """
    # a limit that was set (version 0) is no price of anybody's standing
    told = sorted((bid for bid in own if bid.amount is not None and bid.version), key=lambda bid: bid.placed_at)
    if not told:
        return None
    lines: dict[str, list[Step]] = {}
    for bid in told:
        if bid.amount is not None:
            lines.setdefault(bid.lot, []).append(Step(bid.placed_at, bid.amount))
    first, last = told[0].placed_at, told[-1].placed_at
    drawn = [
        Line(ref, tuple(steps), index % _COLOURS + 1, lead=len(lines) == 1)
        for index, (ref, steps) in enumerate(sorted(lines.items(), key=lambda one: (len(one[0]), one[0])))
    ]
    say, customs = gettext(preferences), Customs(preferences, last)

    def short(amount: Decimal) -> str:
        locale = preferences.babel
        if locale.language != "en":  # not every language shortens thousands
            return customs.money(amount.quantize(Decimal(1)), currency)
        places = 1 if abs(amount) >= _COMPACT_FROM else 0
        return str(numbers.format_compact_currency(amount, currency, locale=locale, fraction_digits=places))

    def time(at: datetime, distance: timedelta) -> str:
        own_time = at.astimezone(preferences.zone_info)
        if not distance:
            return f"{customs.day(at)} {own_time:%H:%M:%S}"
        if distance >= timedelta(days=1):
            return customs.day(at).rsplit(" ", 1)[0]
        if own_time.time() == clock_time.min:  # where a new day begins, else hours of several days look alike
            return customs.day(at).rsplit(" ", 1)[0]
        return f"{own_time:%H:%M}" if distance >= timedelta(minutes=1) else f"{own_time:%H:%M:%S}"

    words = Words(
        say("Your price over time"),
        say("One line a lot; each step is a bid of yours. All figures are in the table below."),
        say("The chart comes with your fifth bid. Until then the history says it all."),
        lambda count: say("%(number)s bids") % {"number": count},
    )
    axes = Axes(say("Total over the term"), short, time, (say("Time"), say("Lot"), say("Total")), preferences.zone_info)
    key, size = ("own-course-narrow", Size(350, 300)) if narrow else ("own-course", Size(760, 300))
    until = last + max((last - first) / 20, timedelta(seconds=1))
    return step_chart(key, drawn, words, axes, until=until, size=size)
