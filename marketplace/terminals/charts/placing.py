"""Where labels go so that no two overlap: along one edge, or around points in a plane."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_GAP = 3.0
_NEAR_STEPS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
_RINGS = (2.0, 12.0, 24.0, 38.0, 56.0, 80.0)
_RAYS = 16
NEAR = 14.0
"""A label further than this from its point gets a leader line."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle by its edges; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """Tell whether the two share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def holds(self, other: "Box") -> bool:
        """Tell whether ``other`` lies wholly inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )

    def grown(self, by: float) -> "Box":
        """Return the box with ``by`` more on every side."""
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point that wants a label: where it is, how large it is drawn, and how large its label is."""

    x: float
    y: float
    radius: float
    width: float
    height: float


def spread(wanted: Sequence[float], room: float, top: float, bottom: float) -> tuple[float, ...]:
    """Return places for labels of height ``room`` along an edge, near the ``wanted`` ones, in their order, none closer.

    There must be room for all between ``top`` and ``bottom`` (the middles of the first and the last that fit).

    Raises:
        ValueError: the labels don't fit.
    """
    if room * (len(wanted) - 1) > bottom - top + 1e-6:
        raise ValueError(f"{len(wanted)} labels of {room} don't fit between {top} and {bottom}")
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    groups: list[tuple[float, int]] = []  # the middle of the first label, and how many stand together
    for index in order:
        groups.append((min(max(wanted[index], top), bottom), 1))
        while len(groups) > 1 and groups[-1][0] < groups[-2][0] + groups[-2][1] * room:
            groups[-2:] = [_joined(groups[-2], groups[-1], room, top, bottom)]
    places = [first + room * step for first, count in groups for step in range(count)]
    found = [0.0] * len(wanted)
    for index, place in zip(order, places, strict=True):
        found[index] = place
    return tuple(found)


def _joined(
    one: tuple[float, int], other: tuple[float, int], room: float, top: float, bottom: float
) -> tuple[float, int]:
    """Return two groups as one around their common middle, kept inside."""
    count = one[1] + other[1]
    middles = (one[0] + room * (one[1] - 1) / 2, other[0] + room * (other[1] - 1) / 2)
    middle = (middles[0] * one[1] + middles[1] * other[1]) / count
    half = room * (count - 1) / 2
    return max(top, min(middle - half, bottom - 2 * half)), count


def around(
    anchors: Sequence[Anchor],
    inside: Box,
    *,
    taken: Sequence[Box] = (),
    lines: Sequence[Box] = (),
    all_points: Sequence[Anchor] = (),
) -> tuple[Box | None, ...]:
    """Return a box for each label: inside, over no point, over no other label and nothing ``taken``.

    The first anchors choose first. ``lines`` are avoided where that is possible; ``all_points`` are the points where
    not all want a label. A label for which no place is left is None: its point is named in the table and when pointed
    at.
    """
    points = [Box(a.x - a.radius, a.y - a.radius, a.x + a.radius, a.y + a.radius) for a in all_points or anchors]
    placed: list[Box] = list(taken)
    found: list[Box | None] = []
    for anchor in anchors:
        hard = [*points, *(box.grown(_GAP / 2) for box in placed)]
        box = _first_free(anchor, inside, [*hard, *lines]) or (_first_free(anchor, inside, hard) if lines else None)
        found.append(box)
        if box is not None:
            placed.append(box)
    return tuple(found)


def _first_free(anchor: Anchor, inside: Box, obstacles: Sequence[Box]) -> Box | None:
    for box in _candidates(anchor):
        if inside.holds(box) and not any(box.overlaps(other) for other in obstacles):
            return box
    return None


def _candidates(anchor: Anchor) -> Iterator[Box]:
    """Yield the places of a label from the best to the furthest: beside, above, below, then on rings around."""
    for step_x, step_y in _NEAR_STEPS:
        yield _touching(anchor, step_x, step_y, _GAP + anchor.radius * (0.3 if step_x and step_y else 1))
    for ring in _RINGS:
        for ray in range(_RAYS):
            angle = 2 * math.pi * ray / _RAYS
            yield _touching(anchor, math.cos(angle), math.sin(angle), _GAP + anchor.radius + ring)


def _touching(anchor: Anchor, step_x: float, step_y: float, distance: float) -> Box:
    middle_x = anchor.x + step_x * (distance + anchor.width / 2)
    middle_y = anchor.y + step_y * (distance + anchor.height / 2)
    half_width, half_height = anchor.width / 2, anchor.height / 2
    return Box(middle_x - half_width, middle_y - half_height, middle_x + half_width, middle_y + half_height)


def leader(anchor: Anchor, box: Box) -> tuple[float, float, float, float] | None:
    """Return the line from a point's edge to its label, None where the label is beside it."""
    end_x = min(max(anchor.x, box.left), box.right)
    end_y = min(max(anchor.y, box.top), box.bottom)
    length = math.hypot(end_x - anchor.x, end_y - anchor.y)
    if length <= anchor.radius + NEAR:
        return None
    share = anchor.radius / length
    return anchor.x + (end_x - anchor.x) * share, anchor.y + (end_y - anchor.y) * share, end_x, end_y
