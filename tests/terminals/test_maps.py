"""Maps: points are where their places are, gathered where they fall together, readable, areas never too fine."""

import json
import math
import re
import xml.etree.ElementTree as ET
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.geography.us_places import zip_place
from marketplace.terminals.charts.lettering import ABOVE, BELOW, text_width
from marketplace.terminals.charts.paper import Chart, Words
from marketplace.terminals.charts.placing import Box
from marketplace.terminals.maps import drawing
from marketplace.terminals.maps.centroids import state_centroid, zip3_centroid
from marketplace.terminals.maps.drawing import MapPoint, us_map, world_map
from marketplace.terminals.maps.projections import us_place, world_place
from marketplace.terminals.maps.sheets import US_SHEET, WORLD_SHEET, us_sheet, world_sheet
from marketplace.terminals.maps.topology import Point, Shape, area, cut_at_antimeridian, read_shapes, thinned

STATIC = Path(str(files("marketplace.terminals"))) / "static"
SVG = "{http://www.w3.org/2000/svg}"
WORDS = Words("Sites", "Where the sites are.", "No sites.", lambda count: f"{count} sites")
CAPITALS = {
    "CA": (-121.49, 38.58), "TX": (-97.74, 30.27), "NY": (-73.76, 42.65), "FL": (-84.28, 30.44), "WA": (-122.9, 47.04),
    "CO": (-104.98, 39.74), "AK": (-149.9, 61.2), "HI": (-157.86, 21.31), "ME": (-69.78, 44.31), "MN": (-93.1, 44.95),
}  # fmt: skip


def states() -> dict[str, Shape]:
    document = json.loads((STATIC / "vendor" / "states-albers-10m.json").read_text("utf-8"))
    shapes = read_shapes(document, "states", lambda ring: (ring,), tolerance=0, smallest=0)
    return {shape.name: shape for shape in shapes}


def inside(shape: Shape, x: float, y: float) -> bool:
    crossings = 0
    for ring in shape.rings:
        for (x1, y1), (x2, y2) in zip(ring, (*ring[1:], *ring[:1]), strict=True):
            if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
                crossings += 1
    return crossings % 2 == 1


def parsed(chart: Chart) -> ET.Element:
    return ET.fromstring(str(chart.picture).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def a_point(label: str, longitude: float, latitude: float, weight: float = 1, series: int = 1) -> MapPoint:
    return MapPoint(label, longitude, latitude, weight, series, cells=(str(weight),))


def test_capitals_lie_in_their_states_insets_included() -> None:
    names = {"CA": "California", "TX": "Texas", "NY": "New York", "FL": "Florida", "WA": "Washington", "CO": "Colorado",
             "AK": "Alaska", "HI": "Hawaii", "ME": "Maine", "MN": "Minnesota"}  # fmt: skip
    shapes = states()
    for code, degrees in CAPITALS.items():
        place = us_place(*degrees)
        assert place is not None, code
        assert [name for name, shape in shapes.items() if inside(shape, *place)] == [names[code]]


@pytest.mark.parametrize("degrees", [(-66.1, 18.4), (-0.1, 51.5), (144.8, 13.4), (139.7, 35.7)])
def test_what_is_not_in_a_state_has_no_place_among_them(degrees: tuple[float, float]) -> None:
    assert us_place(*degrees) is None


def test_places_agree_with_d3() -> None:
    # what d3-geo 3.1 answers: geoAlbersUsa of scale 1300 at [487.5, 305], geoNaturalEarth1 of scale 177 at [487.5, 249]
    for degrees, known in {
        (-122.4194, 37.775): (34.8, 261.4),
        (-74.0059, 40.7128): (869.7, 215.7),
        (-95.9928, 36.154): (498.2, 363.4),
        (-149.9003, 61.2181): (112.3, 544.3),
        (-157.8583, 21.3069): (267.0, 549.2),
    }.items():
        assert us_place(*degrees) == pytest.approx(known, abs=0.06)
    for degrees, known in {
        (-74, 40.7): (304.5, 121.9),
        (151.2, -33.9): (871.8, 354.9),
        (25, 70): (538.1, 36.8),
    }.items():
        assert world_place(*degrees) == pytest.approx(known, abs=0.06)


def test_world_is_in_its_frame_and_symmetric() -> None:
    for degrees in [(-180, 0), (180, 0), (0, 83.6), (0, -55.6)]:
        x, y = world_place(*degrees)
        assert 0 <= x <= 975
        assert 0 <= y <= 440
    east, west = world_place(100, 40), world_place(-100, 40)
    assert east[0] + west[0] == pytest.approx(975)


def test_sheets_are_what_the_borders_give() -> None:
    for name, sheet in ((US_SHEET, us_sheet()), (WORLD_SHEET, world_sheet())):
        assert (STATIC / name).read_text("utf-8") == sheet, "run tools/draw_maps.py"
        ids = re.findall(r'id="([^"]+)"', sheet)
        assert len(ids) == len(set(ids))
    assert set(re.findall(r'path id="([A-Z]{2})"', us_sheet())) >= set(CAPITALS) | {"DC", "RI", "DE"}
    assert {"US", "DE", "RU", "FJ", "AU"} <= set(re.findall(r'path id="([A-Z]{2})"', world_sheet()))


def test_no_country_reaches_across_the_whole_map() -> None:
    # Russia and Fiji lie on both sides of the antimeridian
    square = ((170.0, 0.0), (-170.0, 0.0), (-170.0, 10.0), (170.0, 10.0))
    parts = cut_at_antimeridian(square)
    assert sorted((min(x for x, _ in part), max(x for x, _ in part)) for part in parts) == [(-180, -170), (170, 180)]
    assert sum(map(area, parts)) == pytest.approx(200)
    assert cut_at_antimeridian(((0.0, 0.0), (5.0, 0.0), (5.0, 5.0))) == (((0.0, 0.0), (5.0, 0.0), (5.0, 5.0)),)


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(-100, 100)), min_size=2, max_size=40), st.floats(0, 20))
def test_a_thinned_line_keeps_its_ends_and_stays_near(points: list[tuple[float, float]], tolerance: float) -> None:
    kept = thinned(points, tolerance)
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert set(kept) <= set(points)
    for x, y in points:
        assert min(_off((x, y), one, other) for one, other in pairwise(kept)) <= tolerance + 1e-6


def _off(point: Point, one: Point, other: Point) -> float:
    (x, y), (x1, y1), (x2, y2) = point, one, other
    long = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = min(1, max(0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long)) if long else 0
    return math.hypot(x - x1 - share * (x2 - x1), y - y1 - share * (y2 - y1))


def test_points_that_fall_together_are_one_with_its_count_at_the_heaviest() -> None:
    points = [a_point("Dallas", -96.8, 32.8, 3), a_point("Irving", -96.9, 32.8), a_point("Plano", -96.7, 33.0),
              a_point("Boston", -71.1, 42.4)]  # fmt: skip
    chart = us_map("m", points, WORDS, headings=("Site", "Weight"))
    texts = [text.text for text in parsed(chart).iter(f"{SVG}text")]
    assert {"3", "Dallas +2", "Boston", "4 sites"} == set(texts)
    titles = [title.text for title in parsed(chart).iter(f"{SVG}title")]
    assert "Dallas, 3; Irving, 1; Plano, 1" in titles
    assert len(chart.table.rows) == 4


def test_gathered_carriers_of_several_colours_have_a_colour_of_their_own() -> None:
    alone = us_map(
        "m", [a_point("a", -96.8, 32.8, series=2), a_point("b", -96.8, 32.8, series=2)], WORDS, headings=("", "")
    )
    mixed = us_map(
        "m", [a_point("a", -96.8, 32.8, series=2), a_point("b", -96.8, 32.8, series=3)], WORDS, headings=("", "")
    )
    assert "map-dot series-2" in alone.picture
    assert "map-dot series-mixed" in mixed.picture


def test_territories_are_in_the_table_and_not_counted_on_the_map() -> None:
    chart = us_map(
        "m", [a_point("San Juan", -66.1, 18.4), a_point("Boston", -71.1, 42.4)], WORDS, headings=("Site", "Weight")
    )
    assert chart.count == 1
    assert [row[0] for row in chart.table.rows] == ["San Juan", "Boston"]
    assert world_map("w", [a_point("San Juan", -66.1, 18.4)], WORDS, headings=("Site", "Weight")).count == 1


def test_a_linked_point_is_a_link_and_areas_are_tinted() -> None:
    linked = MapPoint("Boston", -71.1, 42.4, href="/b/sites/1")
    drawn = parsed(us_map("m", [linked], WORDS, headings=("Site",), areas=("MA", "NY")))
    assert drawn.attrib["role"] == "group"
    assert [each.attrib["href"] for each in drawn.iter(f"{SVG}a")] == ["/b/sites/1"]
    used = [each.attrib["href"].rsplit("#", 1)[1] for each in drawn.iter(f"{SVG}use")]
    assert used == ["land", "MA", "NY"]
    assert not [element for element in drawn.iter() if "style" in element.attrib]


NAMES = st.sampled_from(["Dallas", "A rather long name of a site", "X"])
POINTS = st.builds(a_point, NAMES, st.floats(-124, -68), st.floats(25, 49), st.floats(0, 50), st.integers(1, 9))


@settings(max_examples=30, deadline=None)
@given(st.lists(POINTS, max_size=60))
def test_names_on_a_map_never_overlap_and_stay_on_it(points: list[MapPoint]) -> None:
    drawn = parsed(us_map("m", points, WORDS, headings=("Site", "Weight")))
    texts = [text for text in drawn.iter(f"{SVG}text") if text.attrib["class"] != "map-count"]
    for hidden in ("map-name", "map-name for-narrow"):  # the style sheet shows one of the two sets
        found: list[Box] = []
        for text in texts:
            if text.attrib["class"] == hidden:
                continue
            size, x, y = float(text.attrib["font-size"]), float(text.attrib["x"]), float(text.attrib["y"])
            width = text_width(text.text or "", size, int(text.attrib["font-weight"]))
            left = x - width if text.attrib["text-anchor"] == "end" else x
            box = Box(left, y - ABOVE * size, left + width, y + BELOW * size)
            assert Box(0, 0, 975, 610).grown(0.2).holds(box)
            assert not any(box.grown(-0.1).overlaps(other) for other in found)
            found.append(box)


def test_no_two_spots_are_nearer_than_a_finger_tells_apart() -> None:
    points = [a_point(str(number), -100 + number % 25 * 0.4, 30 + number // 25 * 0.4) for number in range(500)]
    circles = parsed(us_map("m", points, WORDS, headings=("Site", "Weight"))).iter(f"{SVG}circle")
    places = {(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in circles}
    assert len(places) > 10
    assert min(math.dist(a, b) for a in places for b in places if a != b) >= drawing._ROOM - 0.2


def test_area_centroids_are_in_their_area_and_refuse_anything_finer() -> None:
    california = state_centroid("ca")
    assert california is not None
    assert california[0] == pytest.approx(-119.5, abs=1.5)
    assert california[1] == pytest.approx(36, abs=1.5)
    beverly_hills, los_angeles = zip_place("90210"), zip3_centroid("902")
    assert beverly_hills is not None
    assert los_angeles is not None
    assert los_angeles != (beverly_hills.longitude, beverly_hills.latitude)
    assert math.dist(los_angeles, (beverly_hills.longitude, beverly_hills.latitude)) < 0.5
    assert state_centroid("ZZ") is None
    assert zip3_centroid("000") is None
    for finer in ("9021", "90210", "9", "abc"):
        with pytest.raises(ValueError, match="first three digits"):
            zip3_centroid(finer)
