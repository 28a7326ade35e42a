"""The drawings of a buyer's live auction: price over time, what is saved, where who is cheapest, trends in a word."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from babel import numbers

from buyers.requests.model import Place
from marketplace.geography.us_places import zip_place
from marketplace.terminals.browser import Preferences
from marketplace.terminals.buyer.live_auction_model import Bidder, Figures, Spot
from marketplace.terminals.charts.gauge import Saving, gauge
from marketplace.terminals.charts.paper import Chart, Size, Words
from marketplace.terminals.charts.spark import spark
from marketplace.terminals.charts.step import Axes, Line, Reference, Step, step_chart
from marketplace.terminals.maps.drawing import MapPoint, us_map, world_map
from marketplace.terminals.rendering import Customs, gettext

_COMPACT_FROM = 10_000
_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws for one reader: in its language, zone and way of writing money."""

    preferences: Preferences
    now: datetime
    currency: str

    @property
    def customs(self) -> Customs:
        """How the reader writes."""
        return Customs(self.preferences, self.now)

    @property
    def say(self) -> Callable[[str], str]:
        """The function that translates."""
        return gettext(self.preferences)

    def name_of(self, bidder: Bidder | None) -> str:
        """Return a bidder's name, or its number while it has none."""
        if bidder is None:
            return self.say("Best of every lot")
        return bidder.name or self.say("Bidder %(number)s") % {"number": bidder.number}

    def money(self, amount: Decimal) -> str:
        """Return an amount in full."""
        return str(self.customs.money(amount, self.currency))

    def short(self, amount: Decimal) -> str:
        """Return an amount as an axis has room for: from ten thousand on in thousands, such as 34.4K."""
        if self.preferences.babel.language != "en":  # not every language shortens thousands
            return self.money(amount.quantize(Decimal(1)))
        if abs(amount) < _COMPACT_FROM:
            return str(numbers.format_currency(amount, self.currency, "¤#,##0", locale=self.preferences.babel))
        return str(
            numbers.format_compact_currency(amount, self.currency, locale=self.preferences.babel, fraction_digits=1)
        )

    def time(self, at: datetime, step: timedelta) -> str:
        """Return an instant as an axis writes it; in full where ``step`` is zero."""
        own = at.astimezone(self.preferences.zone_info)
        if not step:
            return f"{self.customs.day(at)} {own:%H:%M:%S}"
        if step >= _DAY:
            return self.customs.day(at).rsplit(" ", 1)[0]
        if own.time() == time.min:  # where a new day begins, else hours of several days look alike
            return self.customs.day(at).rsplit(" ", 1)[0]
        return f"{own:%H:%M}" if step >= _MINUTE else f"{own:%H:%M:%S}"

    # ---- charts

    def course(self, course: Mapping[str, Any], *, narrow: bool = False) -> Chart:
        """Return the prices over time, against what is paid today and the ceiling; ``narrow``: for a phone."""
        say = self.say
        lines = [
            Line(
                self.name_of(bidder),
                tuple(Step(at, amount) for at, amount in steps),
                bidder.colour if bidder else 0,
                lead,
            )
            for bidder, steps, lead in course["lines"]
        ]
        several = any(bidder is None for bidder, _, _ in course["lines"])
        references = []
        if course["today"] is not None:
            references.append(Reference(say("Today"), course["today"], "today"))
        if course["ceiling"] is not None:
            references.append(Reference(say("Ceiling"), course["ceiling"], "target"))
        words = Words(
            say("Price over time"),
            say("One line a bidder; each step is a bid. All figures are in the table below."),
            say("The chart comes with the fifth bid. Until then the ladder says it all."),
            lambda count: (say("%(number)s steps") if several else say("%(number)s bids")) % {"number": count},
        )
        axes = Axes(
            say("Total over the term"),
            self.short,
            self.time,
            (say("Time"), say("Bidder"), say("Total")),
            self.preferences.zone_info,
        )
        key, size = ("course-narrow", Size(350, 320)) if narrow else ("course-chart", Size(760, 300))
        return step_chart(key, lines, words, axes, until=course["until"], references=references, size=size)

    def saving(self, figures: Figures) -> Chart | None:
        """Return what is saved against today; None where that is not known."""
        if figures.share is None:
            return None
        say = self.say
        title = say("Saved against today")
        words = Words(title, say("Share of what is paid today for the same term."), "", str)
        return gauge(
            "saving", Saving(figures.share, title), words, self._percent, headings=(say("Figure"), say("Share"))
        )

    def _percent(self, share: Decimal) -> str:
        return self.customs.percent(share)

    def trend(self, key: str, bidder: Bidder, values: Sequence[Decimal]) -> Chart:
        """Return one bidder's prices as a line the size of a word."""
        said = self.say("Trend of %(name)s") % {"name": self.name_of(bidder)}
        described = self.say("%(number)s prices, from %(first)s to %(last)s") % {
            "number": len(values),
            "first": self.money(values[0]) if values else "",
            "last": self.money(values[-1]) if values else "",
        }
        return spark(key, values, Words(said, described, "", str), self.money, series=bidder.colour, headings=(said,))

    def where(self, spots: Sequence[Spot]) -> Chart:
        """Return the sites on the map, each in the colour of who is cheapest there; where someone is."""
        say = self.say
        points = []
        for spot in spots:
            at = coordinates(spot.place)
            if at is None:
                continue
            name = self.name_of(spot.bidder) if spot.bidder else say("No price yet") if spot.cost is None else ""
            told = self.money(spot.cost) if spot.cost is not None else ""
            points.append(
                MapPoint(
                    spot.label,
                    *at,
                    weight=float(spot.cost or 0),
                    series=spot.bidder.colour if spot.bidder else 0 if spot.cost is None else 1,
                    cells=(name or say("Has a price"), told),
                )
            )
        words = Words(
            say("Where each carrier is cheapest"),
            say("Each dot is a site, as large as its cost over the term."),
            say("No site has a place yet."),
            lambda count: say("%(number)s sites") % {"number": count},
        )
        abroad = any(spot.place.country not in {"US", ""} for spot in spots)
        draw = world_map if abroad else us_map
        return draw("where-map", points, words, headings=(say("Site"), say("Cheapest"), say("Cost over the term")))

    def legend(self, spots: Sequence[Spot]) -> list[tuple[str, int]]:
        """Return the names beside the map with their colours."""
        found = {spot.bidder for spot in spots if spot.bidder is not None}
        return [(self.name_of(one), one.colour) for one in sorted(found, key=lambda one: (one.name, one.number))]


def coordinates(place: Place) -> tuple[float, float] | None:
    """Return longitude and latitude of a site of the buyer's own: its own, or of its ZIP code; None if not known."""
    if place.latitude is not None and place.longitude is not None:
        return float(place.longitude), float(place.latitude)
    known = zip_place(place.postal_code[:5]) if place.country == "US" and place.postal_code else None
    return (known.longitude, known.latitude) if known is not None else None
