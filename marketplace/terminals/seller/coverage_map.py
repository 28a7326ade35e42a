"""A carrier's own footprint on a map: how many of its places are where, by the first digits of their postal codes."""

import csv
import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from marketplace.terminals.charts.paper import Chart, Words
from marketplace.terminals.maps.centroids import zip3_centroid
from marketplace.terminals.maps.drawing import MapPoint, us_map, world_map

_DIGITS = 3
_US = "US"
_ON, _NEAR = 1, 2
"""The colours of the two."""


@dataclass(frozen=True, slots=True)
class Area:
    """A part of the map and how many places of the footprint lie in it."""

    name: str
    longitude: float
    latitude: float
    on_net: int
    near_net: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A footprint by area. ``elsewhere`` places have no point: drawn areas, or a postal code of another country."""

    areas: tuple[Area, ...]
    elsewhere: int
    abroad: bool


def spread(content: bytes) -> Spread:
    """Return where the places of a footprint are, from its own file."""
    counts: dict[tuple[str, float, float], list[int]] = defaultdict(lambda: [0, 0])
    elsewhere, abroad = 0, False
    for row in _rows(content):
        area = _area(row)
        if area is None:
            elsewhere += 1
            continue
        abroad = abroad or (row.get("country") or _US) != _US
        counts[area][row.get("kind") != "on-net"] += 1
    found = [Area(*area, *numbers) for area, numbers in counts.items()]
    return Spread(tuple(sorted(found, key=lambda one: (-one.on_net - one.near_net, one.name))), elsewhere, abroad)


def _rows(content: bytes) -> Iterator[Mapping[str, str | None]]:
    """Yield the rows; one whose drawn area is too long for the reader comes as an empty one."""
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield {}


def _area(row: Mapping[str, str | None]) -> tuple[str, float, float] | None:
    """Return the area of a place and its middle: three digits of a ZIP code, else the whole degrees of its point."""
    prefix = (row.get("postal_code") or "").strip()[:_DIGITS]
    if (row.get("country") or _US) == _US and len(prefix) == _DIGITS and prefix.isdecimal():
        middle = zip3_centroid(prefix)
        if middle is not None:
            return f"ZIP {prefix}", *middle
    try:
        longitude, latitude = round(float(row.get("longitude") or "")), round(float(row.get("latitude") or ""))
    except ValueError:
        return None
    return f"{latitude}°, {longitude}°", float(longitude), float(latitude)


def drawn(found: Spread, say: Callable[[str], str]) -> Chart:
    """Return the map, each area as large as its number of places, in the colour of on-net where there is any."""
    words = Words(
        say("Your footprint"),
        say("Each dot is an area, as large as the number of your places in it."),
        say("No place can be drawn."),
        lambda count: say("%(number)s areas") % {"number": count},
    )
    draw = world_map if found.abroad else us_map
    headings = (say("Area"), say("On-net"), say("Near-net"))
    return draw("footprint-map", list(_points(found.areas)), words, headings=headings, names=False)


def _points(areas: Iterable[Area]) -> Iterable[MapPoint]:
    for area in areas:
        yield MapPoint(
            area.name,
            area.longitude,
            area.latitude,
            weight=float(area.on_net + area.near_net),
            series=_ON if area.on_net else _NEAR,
            cells=(str(area.on_net), str(area.near_net)),
        )


def legend(say: Callable[[str], str]) -> list[tuple[str, int]]:
    """Return the names beside the map with their colours."""
    return [(say("on-net"), _ON), (say("near-net only"), _NEAR)]
