"""From longitude and latitude to paper: the United States with Alaska and Hawaii inset, and the world.

The borders of the states come projected as us-atlas says: d3's ``geoAlbersUsa`` of scale 1300 in the middle of a sheet
of 975 by 610. The same constants here put points where those borders are. The world is Natural Earth, by the polynomial
of Šavrič, Patterson and Jenny (2011).
"""

import math
from dataclasses import dataclass

from marketplace.terminals.maps.topology import Point

US_WIDTH, US_HEIGHT = 975.0, 610.0
WORLD_WIDTH, WORLD_HEIGHT = 975.0, 440.0
_SCALE = 1300.0
_MIDDLE = (487.5, 305.0)
_WORLD_SCALE = 177.0
_WORLD_MIDDLE = (487.5, 249.0)


@dataclass(frozen=True, slots=True)
class Albers:
    """A conic equal-area projection: parallels, turn and middle in degrees, scale, and where the middle goes."""

    parallels: tuple[float, float]
    turn: float
    center: Point
    scale: float
    move: Point

    def __call__(self, longitude: float, latitude: float) -> Point:
        """Return the place on paper of a point in degrees."""
        x, y = self._raw(math.remainder(longitude + self.turn, 360), latitude)
        middle_x, middle_y = self._raw(*self.center)
        return self.move[0] + self.scale * (x - middle_x), self.move[1] - self.scale * (y - middle_y)

    def _raw(self, longitude: float, latitude: float) -> Point:
        one, other = (math.sin(math.radians(parallel)) for parallel in self.parallels)
        cone = (one + other) / 2
        c = 1 + one * (2 * cone - one)
        radius = math.sqrt(max(0.0, c - 2 * cone * math.sin(math.radians(latitude)))) / cone
        angle = math.radians(longitude) * cone
        return radius * math.sin(angle), math.sqrt(c) / cone - radius * math.cos(angle)


def _inset(x: float, y: float) -> Point:
    return _MIDDLE[0] + x * _SCALE, _MIDDLE[1] + y * _SCALE


_STATES = Albers((29.5, 45.5), 96, (-0.6, 38.7), _SCALE, _MIDDLE)
_ALASKA = Albers((55, 65), 154, (-2, 58.5), _SCALE * 0.35, _inset(-0.307, 0.201))
_HAWAII = Albers((8, 18), 157, (-3, 19.9), _SCALE, _inset(-0.205, 0.212))
_FRAMES = (
    (_STATES, _inset(-0.455, -0.238), _inset(0.455, 0.238)),
    (_ALASKA, _inset(-0.425, 0.120), _inset(-0.214, 0.234)),
    (_HAWAII, _inset(-0.214, 0.166), _inset(-0.115, 0.234)),
)


def us_place(longitude: float, latitude: float) -> Point | None:
    """Return where a point (degrees) is on the map of the states; None outside: territories, other countries.

    The first frame that holds it has it, as in d3: the frames decide, not the borders.
    """
    for projection, (left, top), (right, bottom) in _FRAMES:
        x, y = projection(longitude, latitude)
        if left <= x < right and top <= y < bottom:
            return x, y
    return None


def world_place(longitude: float, latitude: float) -> Point:
    """Return where a point (degrees) is on the map of the world."""
    turn, phi = math.radians(longitude), math.radians(latitude)
    p2 = phi * phi
    p4 = p2 * p2
    x = turn * (0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4)))
    y = phi * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)))
    return _WORLD_MIDDLE[0] + _WORLD_SCALE * x, _WORLD_MIDDLE[1] - _WORLD_SCALE * y
