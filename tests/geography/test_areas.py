"""Areas become cells that cover them, no farther out than stated; what is no sound area is refused in words."""

import math
from itertools import pairwise
from typing import Any

import h3
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from marketplace.geography import areas, keys
from marketplace.kernel.errors import MalformedError

Ring = list[tuple[float, float]]


def polygon(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(position) for position in ring] for ring in rings]}


def star(longitude: float, latitude: float, radii: list[float]) -> Ring:
    """Return a closed ring around a point: any radii around it make one that does not cross itself."""
    turn, wider = 2 * math.pi / len(radii), 1 / math.cos(math.radians(latitude))
    ring = [
        (longitude + wider * radius * math.cos(index * turn), latitude + radius * math.sin(index * turn))
        for index, radius in enumerate(radii)
    ]
    return [*ring, ring[0]]


def inside(ring: Ring, x: float, y: float) -> bool:
    """Return whether a point lies inside a ring, by counting the edges that a ray to the east crosses."""
    count = 0
    for (x_1, y_1), (x_2, y_2) in pairwise(ring):
        if (y_1 > y) != (y_2 > y) and x < x_1 + (y - y_1) / (y_2 - y_1) * (x_2 - x_1):
            count += 1
    return count % 2 == 1


def covers(covering: areas.Covering, x: float, y: float) -> bool:
    return any(f"{cell:x}" in covering.cells for cell in keys.cells_of_point(y, x))


def border_km(ring: Ring, x: float, y: float) -> float:
    """Return about how far a point is from a ring, on a flat map around it."""
    scale = math.cos(math.radians(y))
    best = math.inf
    for (x_1, y_1), (x_2, y_2) in pairwise(ring):
        a, b, c, d = (x_1 - x) * scale, y_1 - y, (x_2 - x_1) * scale, y_2 - y_1
        along = min(1.0, max(0.0, -(a * c + b * d) / (c * c + d * d)))
        best = min(best, math.hypot(a + along * c, b + along * d))
    return best * 111.2


stars = st.builds(
    star, st.floats(-170, 170), st.floats(-60, 60), st.lists(st.floats(0.05, 0.5), min_size=4, max_size=12)
)
offsets = st.floats(-0.6, 0.6)


@settings(max_examples=25, deadline=None)
@given(stars, st.lists(st.tuples(offsets, offsets), min_size=20, max_size=20))
def test_cells_hold_what_a_plain_check_says_but_for_the_border(ring: Ring, points: list[tuple[float, float]]) -> None:
    covering = areas.covering(areas.read(polygon(ring)))
    width = 2 * h3.average_hexagon_edge_length(covering.resolution, "km")
    middle = (sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring))
    for off_x, off_y in points:
        x, y = middle[0] + off_x, middle[1] + off_y
        if border_km(ring, x, y) > 2 * width:
            assert covers(covering, x, y) == inside(ring, x, y)


@settings(max_examples=15, deadline=None)
@given(stars, st.floats(0.1, 0.9))
def test_a_smaller_area_needs_nothing_that_the_larger_does_not_cover(ring: Ring, share: float) -> None:
    """Covering is monotone: a point of the smaller one well inside of it is covered by both."""
    x, y = ring[0][0], ring[0][1]
    middle = (sum(a for a, _ in ring[:-1]) / (len(ring) - 1), sum(b for _, b in ring[:-1]) / (len(ring) - 1))
    assume(inside(ring, *middle))
    smaller = [(middle[0] + (a - middle[0]) * share, middle[1] + (b - middle[1]) * share) for a, b in ring]
    assume(all(inside(ring, a, b) for a, b in smaller))
    large = areas.covering(areas.read(polygon(ring)))
    width = 2 * h3.average_hexagon_edge_length(large.resolution, "km")
    for a, b in [*smaller, middle, (x, y)]:
        if inside(smaller, a, b) and border_km(smaller, a, b) > width:
            assert covers(large, a, b)


def test_holes_are_left_out() -> None:
    outer, hole = star(-100, 40, [1.0] * 8), star(-100, 40, [0.3] * 8)
    covering = areas.covering(areas.read(polygon(outer, hole)))
    assert not covers(covering, -100, 40)
    assert covers(covering, -100.6, 40)


def test_only_what_lies_wholly_inside_is_left_out_for_certain() -> None:
    area = areas.read(polygon(star(-100, 40, [0.5] * 12)))
    within, around = areas.covering(area, inside=True), areas.covering(area)
    middles = [h3.cell_to_latlng(cell) for cell in within.cells]
    ring = star(-100, 40, [0.5] * 12)
    assert middles
    assert all(inside(ring, longitude, latitude) for latitude, longitude in middles)
    assert all(covers(around, longitude, latitude) for latitude, longitude in middles)
    assert areas.covering(areas.read(polygon(star(0, 0, [0.0001] * 4))), inside=True).cells == ()


def test_an_area_across_the_antimeridian_is_on_both_sides_of_it_and_says_so() -> None:
    area = areas.read(polygon([(177, -19), (-178, -19), (-178, -16), (177, -16), (177, -19)]))
    covering = areas.covering(area)
    assert covers(covering, 179.5, -17.5)
    assert covers(covering, -179.0, -17.5)
    assert not covers(covering, 0, -17.5)
    assert not covers(covering, 175, -17.5)
    assert "antimeridian" in area.notes[0]
    assert areas.square_km(area) == pytest.approx(177_000, rel=0.01)


def test_every_form_of_geojson_with_polygons_is_read() -> None:
    one, other = polygon(star(0, 0, [0.1] * 4)), polygon(star(5, 5, [0.1] * 4))
    several = {"type": "MultiPolygon", "coordinates": [one["coordinates"], other["coordinates"]]}
    feature = {"type": "Feature", "geometry": one, "properties": {"name": "x"}}
    collection = {"type": "FeatureCollection", "features": [feature, {"type": "Feature", "geometry": several}]}
    assert [len(areas.read(each).polygons) for each in (one, several, feature, collection)] == [1, 2, 1, 3]


@pytest.mark.parametrize(
    ("document", "pointer", "words"),
    [
        ([], "", "no GeoJSON object"),
        ({"type": "LineString"}, "/type", "'LineString' is no area"),
        ({"type": "Polygon", "coordinates": []}, "/coordinates", "at least one"),
        ({"type": "FeatureCollection", "features": []}, "/features", "at least one"),
        (polygon([(0, 0), (1, 0), (1, 1), (0, 1)]), "/coordinates/0", "the last is the first again"),
        (polygon([(0, 0), (1, 0), (0, 0)]), "/coordinates/0", "at least four positions"),
        (polygon([(0, 0), (1, 0), (2, 0), (0, 0)]), "/coordinates/0", "encloses nothing"),
        (polygon([(0, 0), (2, 2), (2, 0), (0, 2), (0, 0)]), "/coordinates/0/0", "must not cross itself"),
        (polygon([(0, 0), (181, 0), (1, 1), (0, 0)]), "/coordinates/0/1", "-180 to 180"),
        (polygon([(0, 0), (1, math.nan), (1, 1), (0, 0)]), "/coordinates/0/1", "latitude (-90 to 90)"),
        (polygon([(0, 0), (1, math.inf), (1, 1), (0, 0)]), "/coordinates/0/1", "latitude (-90 to 90)"),
        ({"type": "Polygon", "coordinates": [[["0", "0"]] * 4]}, "/coordinates/0/0", "a position is"),
        ({"type": "Polygon", "coordinates": [[[True, False]] * 4]}, "/coordinates/0/0", "a position is"),
    ],
)
def test_what_is_no_sound_area_is_refused(document: object, pointer: str, words: str) -> None:
    with pytest.raises(MalformedError) as refused:
        areas.read(document)
    assert refused.value.errors[0].pointer == pointer
    assert words in refused.value.errors[0].message


def test_nested_and_numerous_documents_are_refused() -> None:
    nested: dict[str, Any] = polygon(star(0, 0, [0.1] * 4))
    for _ in range(20):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    many = {"type": "MultiPolygon", "coordinates": [polygon(star(0, 0, [0.1] * 4))["coordinates"]] * 2_001}
    long = polygon(star(0, 0, [0.1] * 200_001))
    for document, words in ((nested, "nested"), (many, "polygons are too many"), (long, "positions are too many")):
        with pytest.raises(MalformedError, match=r".") as refused:
            areas.read(document)
        assert words in refused.value.errors[0].message


def test_a_comb_that_would_need_too_many_cells_is_refused() -> None:
    teeth: Ring = [(x, y) for step in range(2_000) for x, y in ((step / 20, 0.0), (step / 20 + 0.02, 80.0))]
    comb = polygon([*teeth, (101, -1), (-1, -1), teeth[0]])
    with pytest.raises(MalformedError, match=r".") as refused:
        areas.covering(areas.read(comb))
    assert "too intricate" in refused.value.errors[0].message


def test_the_world_and_a_yard_are_covered() -> None:
    world = [(-180.0, -85.0), (0.0, -85.0), (180.0, -85.0), (180.0, 85.0), (0.0, 85.0), (-180.0, 85.0), (-180.0, -85.0)]
    covering = areas.covering(areas.read(polygon(world)))
    assert len(covering.cells) <= areas.MAX_CELLS
    assert covers(covering, 100, 50)
    yard = areas.covering(areas.read(polygon(star(-122.4, 37.7, [0.0001] * 4))))
    assert (yard.resolution, covers(yard, -122.4, 37.7)) == (keys.FINEST, True)
