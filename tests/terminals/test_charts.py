"""Charts: no text over another or outside, every figure drawn and in a table, named, escaped, and without style."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.terminals.charts.bars import Bar, bar_chart
from marketplace.terminals.charts.gauge import Saving, gauge
from marketplace.terminals.charts.lettering import ABOVE, BELOW, BOLD, cut, text_width
from marketplace.terminals.charts.paper import Chart, Size, Words
from marketplace.terminals.charts.placing import Box, spread
from marketplace.terminals.charts.scales import padded, ticks
from marketplace.terminals.charts.scatter import Axis, Dot, scatter_chart
from marketplace.terminals.charts.spark import spark
from marketplace.terminals.charts.step import Axes, Line, Reference, Step, step_chart

SVG = "{http://www.w3.org/2000/svg}"
START = datetime(2026, 11, 21, 14, tzinfo=UTC)
WORDS = Words("Price over time", "Each step is a bid.", "A chart needs 5 bids.", lambda count: f"{count} bids")
LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=40)
NAMES = st.one_of(st.sampled_from(["Northbeam Fiber", "Tri-Rivers Cable", "Gulfline"]), LETTERS)
PRICES = st.decimals(Decimal("0.01"), Decimal("99999999.99"), places=2)
MANY = settings(max_examples=40, deadline=None)


def dollars(amount: Decimal) -> str:
    return f"${amount:,.2f}"


def clock(instant: datetime, step: timedelta) -> str:
    return f"{instant:%d %b}" if step >= timedelta(days=1) else f"{instant:%H:%M:%S}"


AXES = Axes("Monthly price", dollars, clock, ("Time", "Carrier", "Price"))
DAYS = Axis("Install, days", lambda days: f"{days:f}")
PRICE = Axis("Monthly price", dollars)


def parsed(chart: Chart) -> ET.Element:
    markup = str(chart.picture).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    return ET.fromstring(markup)  # noqa: S314 - our own drawing


def boxes(drawing: ET.Element) -> list[tuple[str, Box]]:
    found = []
    for text in drawing.iter(f"{SVG}text"):
        content = text.text or ""
        size, weight = float(text.attrib["font-size"]), int(text.attrib["font-weight"])
        width, x, y = text_width(content, size, weight), float(text.attrib["x"]), float(text.attrib["y"])
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[text.attrib["text-anchor"]]
        if content:
            found.append((content, Box(left, y - ABOVE * size, left + width, y + BELOW * size)))
    return found


def assert_readable(chart: Chart) -> None:
    """No two texts overlap and none leaves the drawing; coordinates are written to a tenth."""
    drawing = parsed(chart)
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    texts = boxes(drawing)
    for index, (one, box) in enumerate(texts):
        assert Box(0, 0, width, height).grown(0.2).holds(box), one
        for other, other_box in texts[:index]:
            assert not box.grown(-0.1).overlaps(other_box), (one, other)


def assert_sound(chart: Chart) -> None:
    """Named, described, without style, and with as many rows as its table has headings for."""
    drawing = parsed(chart)
    ids = {element.attrib["id"] for element in drawing.iter() if "id" in element.attrib}
    assert set(drawing.attrib["aria-labelledby"].split()) <= ids
    assert drawing.attrib["role"] == ("group" if drawing.findall(f".//{SVG}a") else "img")
    assert not [element for element in drawing.iter() if "style" in element.attrib]
    assert all(len(row) == len(chart.table.headings) for row in chart.table.rows)


def drawn_dots(chart: Chart) -> list[ET.Element]:
    return [circle for circle in parsed(chart).iter(f"{SVG}circle") if "class" in circle.attrib]


@st.composite
def lines(draw: st.DrawFn) -> tuple[Line, ...]:
    made = []
    for number in range(draw(st.integers(1, 14))):
        seconds = sorted(draw(st.lists(st.integers(0, 10_000_000), min_size=5, max_size=8)))
        steps = tuple(Step(START + timedelta(seconds=second), draw(PRICES)) for second in seconds)
        made.append(Line(draw(NAMES), steps, number, lead=number == 0))
    return tuple(made)


@MANY
@given(lines(), PRICES, PRICES, st.sampled_from([360.0, 760.0]))
def test_names_of_lines_never_overlap(drawn: tuple[Line, ...], today: Decimal, target: Decimal, width: float) -> None:
    levels = (Reference("Today", today, "today"), Reference("Target", target, "target"))
    until = START + timedelta(days=130)
    chart = step_chart("c", drawn, WORDS, AXES, until=until, references=levels, size=Size(width, 260))
    assert_readable(chart)
    assert_sound(chart)
    assert chart.count == sum(len(line.steps) for line in drawn) == len(chart.table.rows) - len(levels)


@MANY
@given(st.lists(st.builds(Dot, NAMES, st.decimals(0, 400, places=0), PRICES, st.integers(1, 20), st.booleans(),
                          st.sampled_from(["", "/c/offers/1"])), min_size=5, max_size=40))  # fmt: skip
def test_names_of_dots_never_overlap(dots: list[Dot]) -> None:
    chart = scatter_chart("c", dots, WORDS, DAYS, PRICE, name_heading="Carrier")
    assert_readable(chart)
    assert_sound(chart)
    assert len(drawn_dots(chart)) == len(dots)


@MANY
@given(st.lists(st.builds(Bar, NAMES, st.decimals(-10_000, 10_000_000, places=2), st.integers(1, 9),
                          st.sampled_from(["", "13 of 14 sites"])), min_size=5, max_size=20))  # fmt: skip
def test_bars_begin_at_zero_and_their_texts_never_overlap(bars: list[Bar]) -> None:
    chart = bar_chart("c", bars, WORDS, dollars, headings=("Carrier", "Cost"))
    assert_readable(chart)
    assert_sound(chart)
    drawing = parsed(chart)
    zero = next(float(each.attrib["x1"]) for each in drawing.iter(f"{SVG}line"))
    for bar, drawn in zip(bars, drawing.iter(f"{SVG}rect"), strict=True):
        left, long = float(drawn.attrib["x"]), float(drawn.attrib["width"])
        assert long >= 0
        assert math.isclose(left if bar.value >= 0 else left + long, zero, abs_tol=2.2)


@MANY
@given(st.decimals(-2, 2, places=4), st.one_of(st.none(), st.decimals(0, 2, places=4)), NAMES)
def test_gauge_holds_any_share(share: Decimal, target: Decimal | None, caption: str) -> None:
    saving = Saving(share, "Saved", target, "target", caption)
    chart = gauge("c", saving, WORDS, lambda part: f"{part * 100:.1f}%", headings=("What", "Share"))
    assert_readable(chart)
    assert_sound(chart)
    assert ("gauge-met" in chart.picture) == (share > 0 and share >= (target or 0))


def test_names_in_a_tight_cluster_are_all_written_and_tied_to_their_dots() -> None:
    dots = [Dot(f"Carrier {number}", Decimal(30 + number % 2), Decimal(41_000 + number), 1) for number in range(8)]
    dots.append(Dot("Far away", Decimal(90), Decimal(60_000), 2))
    chart = scatter_chart("c", dots, WORDS, DAYS, PRICE, name_heading="Carrier")
    written = {content for content, _ in boxes(parsed(chart))}
    assert {dot.label for dot in dots} <= written
    assert "chart-tie" in chart.picture
    assert_readable(chart)


def test_a_thousand_dots_are_drawn_and_only_some_are_named() -> None:
    dots = [Dot(f"Offer {n}", Decimal(n * 7919 % 90), Decimal(n * 104_729 % 9973), 1) for n in range(1000)]
    chart = scatter_chart("c", dots, WORDS, DAYS, PRICE, name_heading="Carrier")
    assert len(chart.table.rows) == len(drawn_dots(chart)) == 1000
    assert_readable(chart)


def test_front_is_drawn_in_steps_that_no_offer_beats() -> None:
    dots = [Dot("a", Decimal(10), Decimal(50), 1, front=True), Dot("b", Decimal(20), Decimal(40), 2, front=True)]
    dots += [Dot(name, Decimal(30), Decimal(60), 3) for name in "cde"]
    drawing = parsed(scatter_chart("c", dots, WORDS, DAYS, PRICE, name_heading="Carrier"))
    stairs = next(each.attrib["d"] for each in drawing.iter(f"{SVG}path") if each.attrib["class"] == "chart-front")
    first, corner, last = (tuple(map(float, point.split())) for point in stairs[1:].split("L"))
    assert corner == (last[0], first[1])


def few_steps(count: int) -> Chart:
    steps = tuple(Step(START + timedelta(minutes=minute), Decimal(100 - minute)) for minute in range(count))
    return step_chart("c", [Line("Gulfline", steps, 1)], WORDS, AXES, until=START)


def few_dots(count: int) -> Chart:
    dots = [Dot(str(number), Decimal(number), Decimal(1), 1) for number in range(count)]
    return scatter_chart("c", dots, WORDS, DAYS, PRICE, name_heading="Carrier")


def few_bars(count: int) -> Chart:
    bars = [Bar(str(number), Decimal(number)) for number in range(count)]
    return bar_chart("c", bars, WORDS, dollars, headings=("Carrier", "Cost"))


@pytest.mark.parametrize("made", [few_steps, few_dots, few_bars])
def test_under_five_data_points_a_sentence_stands_in_place_of_the_chart(made: object) -> None:
    assert callable(made)
    for count in (0, 4):
        chart = made(count)
        assert not chart.drawn
        assert chart.picture == '<p class="chart-few">A chart needs 5 bids.</p>'
        assert len(chart.table.rows) == count
    assert made(5).drawn
    assert "5 bids" in made(5).picture


@pytest.mark.parametrize("hostile", ['<script>alert("1")</script>', '"><a href=x>', "&amp;'"])
def test_names_are_escaped(hostile: str) -> None:
    dots = [Dot(hostile, Decimal(number), Decimal(number), 1, href='/x"y') for number in range(5)]
    words = Words(hostile, hostile, hostile, lambda _: hostile)
    drawing = parsed(scatter_chart("c", dots, words, DAYS, PRICE, name_heading=hostile))
    assert drawing.findtext(f"{SVG}title") == hostile
    assert not list(drawing.iter(f"{SVG}script"))
    assert {each.attrib["href"] for each in drawing.iter(f"{SVG}a")} == {'/x"y'}


def test_levels_and_last_values_are_written_beside_the_lines() -> None:
    steps = tuple(Step(START + timedelta(minutes=minute), Decimal(100 - minute)) for minute in range(6))
    levels = (Reference("Today", Decimal(120), "today"),)
    line = Line("Gulfline", steps, 3)
    chart = step_chart("c", [line], WORDS, AXES, until=START + timedelta(minutes=9), references=levels)
    written = [content for content, _ in boxes(parsed(chart))]
    assert {"Gulfline", "$95.00", "Today", "$120.00", "6 bids", "14:05:00"} <= set(written)
    assert chart.table.rows[0] == ("14:00:00", "Gulfline", "$100.00")
    assert chart.table.rows[-1] == ("", "Today", "$120.00")


def test_spark_of_nothing_says_so_and_of_one_value_is_a_dot() -> None:
    nothing = spark("c", [], WORDS, dollars, series=1, headings=("Price",))
    assert not nothing.drawn
    assert "A chart needs" in nothing.picture
    assert_sound(spark("c", [Decimal(3)], WORDS, dollars, series=1, headings=("Price",)))


@given(st.lists(st.floats(-1000, 1000), min_size=1, max_size=30), st.floats(1, 20))
def test_labels_along_an_edge_keep_their_order_and_distance(wanted: Sequence[float], room: float) -> None:
    top, bottom = 0.0, room * (len(wanted) - 1) + 50
    places = spread(wanted, room, top, bottom)
    in_order = [place for _, place in sorted(zip(wanted, places, strict=True))]
    assert all(second - first >= room - 1e-6 for first, second in pairwise(in_order))
    assert top - 1e-6 <= min(places)
    assert max(places) <= bottom + 1e-6


def test_labels_that_cannot_fit_along_an_edge_are_refused() -> None:
    with pytest.raises(ValueError, match="don't fit"):
        spread([1, 2, 3], 10, 0, 19)


@given(LETTERS, st.floats(0, 300))
def test_cut_text_fits(text: str, width: float) -> None:
    kept = cut(text, width, 12, BOLD)
    assert kept == "…" or text_width(kept, 12, BOLD) <= width + 1e-6
    assert kept == text or kept.endswith("…")


@given(st.lists(st.decimals(-(10**11), 10**11, places=2), min_size=1, max_size=9), st.integers(2, 9))
def test_round_figures_lie_on_the_axis_and_are_few(values: list[Decimal], about: int) -> None:
    low, high = padded(values)
    found = ticks(low, high, about)
    assert all(low <= tick <= high for tick in found)
    assert 1 <= len(found) <= about + 1
