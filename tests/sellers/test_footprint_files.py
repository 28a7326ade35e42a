"""A footprint's file is read whatever wrote it, or told wrong place by place."""

import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.catalogue.seed import load_seed
from marketplace.geography import keys
from marketplace.geography.address import Address, street_line
from marketplace.kernel.errors import MalformedError, TooLargeError
from sellers.footprints import parse, places
from sellers.footprints.cells import COLUMNS, MAX_ERRORS
from sellers.footprints.model import FootprintRow, Form, Offer, RowError
from sellers.model import Net

NODES = load_seed().nodes()
HEADER = "kind,service_types,down_mbps,street,postal_code,country,latitude,longitude\n"
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-122.42, 37.76], [-122.40, 37.76], [-122.40, 37.78], [-122.42, 37.78], [-122.42, 37.76]]],
}


def feature(geometry: object, **properties: object) -> dict[str, Any]:
    given = {"kind": "on-net", "service_types": ["data"], "down_mbps": 1000} | properties
    return {"type": "Feature", "geometry": geometry, "properties": given}


def collection(*features: object, **members: object) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features} | members).encode()


def told(errors: tuple[RowError, ...]) -> list[tuple[int, str]]:
    return [(error.row, error.column) for error in errors]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_csv_is_read_whatever_wrote_it_and_calls_its_columns(delimiter: str, newline: str, mark: str) -> None:
    header = "Status|Services|Speed|up|Name|Street Address|town|Province|ZIP|Country|lat|lng"
    rows = [
        header.split("|"),
        [
            "On-Net",
            "data|voice.pri",
            "1000",
            "500.5",
            "Tower",
            '"1 Market St; 2, left\t"',
            "SF",
            "US-CA",
            "94103",
            "us",
        ],
        ["near_net", "data.broadband", "0.5", *[""] * 7, "37.7936", "-122.3958"],
        ["lit", "data", "100", *[""] * 5, "94105", "US", "", ""],
    ]
    parsed = parse.parse_csv(mark + newline.join(delimiter.join(row) for row in rows) + newline, NODES)
    assert parsed.errors == ()
    address = Address("US", "CA", "SF", "94103", "1 Market St; 2, left")
    offer = Offer(Net.ON, ("data", "voice.pri"), Decimal(1000), Decimal("500.5"))
    assert parsed.rows == (
        FootprintRow(2, offer, "Tower", address),
        FootprintRow(
            3,
            Offer(Net.NEAR, ("data.broadband",), Decimal("0.5")),
            "",
            Address("", latitude=37.7936, longitude=-122.3958),
        ),
        FootprintRow(4, Offer(Net.ON, ("data",), Decimal(100)), "", Address("US", postal_code="94105")),
    )


@pytest.mark.parametrize(
    ("row", "column", "right"),
    [
        ("off-net,data,100,1 Main St,94103,US,,", "kind", "give on-net or near-net"),
        ("on-net,data.sdwan,100,1 Main St,94103,US,,", "service_types", "did you mean 'data.sd-wan'?"),
        ("on-net,,100,1 Main St,94103,US,,", "service_types", "give 1 to"),
        ("on-net,data,fast,1 Main St,94103,US,,", "down_mbps", "in Mbps"),
        ("on-net,data,0,1 Main St,94103,US,,", "down_mbps", "above 0"),
        ("on-net,data,1e3,1 Main St,94103,US,,", "down_mbps", "in Mbps"),
        ("on-net,data,100,1 Main St,94103,USA,,", "country", "two letters"),
        ("on-net,data,100,1 Main St,94103,,,", "country", "needs its country"),
        ("on-net,data,100,1 Main St,6702,US,,", "postal_code", "five digits"),
        ("on-net,data,100,1 Main St,,US,,", "postal_code", "needs its postal code"),
        ("on-net,data,100,,,US,,", "", "say where"),
        ("on-net,data,100,,,,91,0", "latitude", "-90 to 90"),
        ("on-net,data,100,,,,nan,0", "latitude", "-90 to 90"),
        ("on-net,data,100,,,,1_0,0", "latitude", "decimal point"),
        ("on-net,data,100,,,,37.5,", "longitude", "together"),
        ("on-net,data,100,=cmd|' /C calc'!A0,94103,US,,", "street", "formula"),
        ("on-net,data,100,@SUM(A1),94103,US,,", "street", "formula"),
        ("on-net,data,100,..,94103,US,,", "street", "house number"),
        ("on-net,data,100,1\x00Main St,94103,US,,", "street", "control character"),
        ('on-net,data,100,"1 Main\nSt",94103,US,,', "street", "line break"),
        ("on-net,data,100,1 Main St,94103,US,,,more", "", "quote cells"),
    ],
)
def test_a_wrong_cell_is_told_with_what_would_be_right(row: str, column: str, right: str) -> None:
    parsed = parse.parse_csv(f"{HEADER}on-net,data,100,1 Main St,94103,US,,\n{row}\n", NODES)
    assert told(parsed.errors) == [(3, column)]
    assert right in parsed.errors[0].message
    assert parsed.errors[0].pointer == (f"/3/{column}" if column else "/3")


def test_a_post_office_box_is_no_building_and_does_not_stand_for_its_whole_postal_code() -> None:
    parsed = parse.parse_csv(HEADER + "on-net,data,100,P.O. Box 12,94105,US,,\n", NODES)
    assert (parsed.rows, told(parsed.errors)) == ((), [(2, "street")])


def test_a_file_is_told_its_first_hundred_errors() -> None:
    parsed = parse.parse_csv(HEADER + "x,y,z,,,,,\n" * 5_000, NODES)
    assert len(parsed.errors) == MAX_ERRORS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", MalformedError),
        ("a,b\n1,2\n", MalformedError),
        (HEADER + '"open', MalformedError),
        (HEADER + "on-net,data,1,,94103,US,,\n" * (parse.MAX_ROWS + 1), TooLargeError),
    ],
)
def test_what_is_no_footprint_is_refused(text: str, expected: type[Exception]) -> None:
    with pytest.raises(expected):
        parse.parse_csv(text, NODES)


def test_a_header_that_lacks_or_doubles_a_column_is_told() -> None:
    parsed = parse.parse_csv("kind,kind,speed,colour\non-net,on-net,1,red\n", NODES)
    assert told(parsed.errors) == [(1, "kind"), (1, "colour"), (1, "service_types")]
    assert told(parse.parse_csv(HEADER, NODES).errors) == [(2, "")]


def test_geojson_features_are_buildings_postal_codes_and_areas() -> None:
    content = collection(
        feature({"type": "Point", "coordinates": [-122.3958, 37.7936, 12]}, name="Ferry", fid=7),
        feature(None, zip=94105, country="US", Up=20.5),
        feature(SQUARE, kind="near-net"),
    )
    parsed = parse.parse_geojson(content, NODES)
    assert parsed.errors == ()
    assert parsed.ignored == ("fid",)
    point, code, area = parsed.rows
    assert (point.name, point.address) == ("Ferry", Address("", latitude=37.7936, longitude=-122.3958))
    assert (code.address, code.offer.up_mbps) == (Address("US", postal_code="94105"), Decimal("20.5"))
    assert (area.offer.net, area.address, json.loads(area.area)) == (Net.NEAR, None, SQUARE)


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (7, "/features/1/type"),
        ({"type": "Feature", "properties": None}, "/features/1/properties"),
        (feature({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}), "/features/1/geometry"),
        (feature({"type": "Point", "coordinates": ["0", 0]}), "/features/1/geometry"),
        (feature({"type": "Point", "coordinates": [0, 91]}), "/features/1/properties/latitude"),
        (feature(None, zip="94105", country={"a": 1}), "/features/1/properties/country"),
        (feature(None, zip="94105", country="US", kind=True), "/features/1/properties/kind"),
        (feature(None, zip="94105", country="US", postal_code="94106"), "/features/1/properties/postal_code"),
        (feature(None, zip="94105", country="US", name="=1+1"), "/features/1/properties/building_name"),
        (feature(None, zip="94105", country="US", down_mbps=10**30), "/features/1/properties/down_mbps"),
        (feature(None, zip="94105", country="US", down_mbps=1e300), "/features/1/properties/down_mbps"),
    ],
)
def test_a_wrong_feature_is_told_by_a_pointer_into_the_document(wrong: object, pointer: str) -> None:
    parsed = parse.parse_geojson(collection(feature(SQUARE), wrong), NODES)
    assert [error.pointer for error in parsed.errors] == [pointer]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"type": "FeatureCollection"}',
        b'{"type": "FeatureCollection", "features": []}',
        b'{"type": "FeatureCollection", "features": [NaN]}',
        b"[" * 100_000,
        b'{"a":' * 5_000,
        collection(feature(SQUARE), crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}),
        b'{"type": "FeatureCollection", "features": [{"x": "\\ud800"}]}',
        '{"type": "\ufffe'.encode("utf-16"),
    ],
)
def test_what_is_no_collection_of_features_is_refused(content: bytes) -> None:
    with pytest.raises(MalformedError):
        parse.parse_geojson(content, NODES)


@pytest.mark.parametrize(
    "coordinates",
    [
        [],
        [[]],
        [[[0, 0], [1, 1]]],
        [[[0, 0], [1, 0], [1, 1], [0, 1]]],
        [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]],
        [[[0, 0], [0, 0], [0, 0], [0, 0]]],
        [[[0, 0], [500, 0], [500, 1], [0, 0]]],
        [[[0, 0], [None, 0], [1, 1], [0, 0]]],
        [[[0, 0], ["1", 0], [1, 1], [0, 0]]],
        {"a": 1},
    ],
)
def test_an_area_that_is_none_is_told_with_its_row(coordinates: object) -> None:
    content = collection(feature(SQUARE), feature({"type": "Polygon", "coordinates": coordinates}))
    parsed = parse.parse_geojson(content, NODES)
    errors = parsed.errors or places.compiled(parsed.rows, Form.GEOJSON)[1]
    assert [error.pointer for error in errors] == ["/features/1/geometry"]


def test_more_kinds_of_offers_and_positions_than_can_be_held_are_refused() -> None:
    many = "".join(f"on-net,data,{number + 1},,94103,US,,\n" for number in range(places.MAX_OFFERS + 2))
    parsed = parse.parse_csv(HEADER + many, NODES)
    assert told(places.compiled(parsed.rows, Form.CSV)[1]) == [(places.MAX_OFFERS + 3, "down_mbps")]
    outlines = [feature(SQUARE, down_mbps=number + 1) for number in range(places.MAX_AREA_OFFERS + 1)]
    parsed = parse.parse_geojson(collection(*outlines), NODES)
    (error,) = places.compiled(parsed.rows, Form.GEOJSON)[1]
    assert error.pointer == f"/features/{places.MAX_AREA_OFFERS}/geometry"


def test_a_building_is_found_by_its_address_its_point_and_its_postal_code() -> None:
    parsed = parse.parse_csv(
        HEADER + "on-net,data,100,1 Market Street,94105,US,37.7936,-122.3958\nnear-net,data,100,,10001,US,,\n", NODES
    )
    compiled, errors = places.compiled(parsed.rows, Form.CSV)
    assert errors == ()
    assert (compiled.counts.rows, compiled.counts.on_net, compiled.counts.near_net) == (2, 1, 1)
    offered = dict(zip(compiled.offered.keys.tolist(), compiled.offered.offer_of.tolist(), strict=True))
    cell = keys.cells_of_point(37.7936, -122.3958)[keys.FINEST]
    assert offered == {
        keys.building_key("US", "94105", "1 market st"): 0,
        keys.near_building_key(cell): 0,
        keys.near_postal_key("US-94105"): 0,
        keys.postal_key("US-10001"): 1,
    }
    own = set(keys.of_building("US", "94105", "1 Market Street", (37.7936, -122.3958)))
    assert (set(compiled.places.on_net), set(compiled.places.near_net)) == (own, {keys.postal_key("US-10001")})


def test_an_area_becomes_cells_that_filters_and_look_ups_share() -> None:
    parsed = parse.parse_geojson(collection(feature(SQUARE)), NODES)
    compiled, errors = places.compiled(parsed.rows, Form.GEOJSON)
    assert errors == ()
    inside = set(keys.cells_of_point(37.77, -122.41))
    assert inside & set(compiled.offered.keys.tolist())
    assert inside & set(compiled.places.on_net)
    assert compiled.places.on_net.isdisjoint(keys.cells_of_point(37.70, -122.41))


def test_numbers_beside_the_keys_ascend_and_the_same_place_and_offer_is_there_once() -> None:
    row = "on-net,data,100,1 Market Street,94105,US,,\n"
    parsed = parse.parse_csv(HEADER + row + row.replace("100", "50") + row, NODES)
    offered = places.compiled(parsed.rows, Form.CSV)[0].offered
    pairs = list(zip(offered.keys.tolist(), offered.offer_of.tolist(), strict=True))
    assert pairs == sorted(set(pairs))
    assert len(pairs) == 4


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_characters="\x7f"), max_size=40).map(
    str.strip
)
DEGREES = st.floats(-89, 89).map(lambda value: round(value, 6))


@st.composite
def rows(draw: st.DrawFn) -> FootprintRow:
    offer = Offer(
        draw(st.sampled_from((Net.ON, Net.NEAR))),
        tuple(sorted(draw(st.sets(st.sampled_from(NODES), min_size=1, max_size=3)))),
        draw(st.decimals("0.1", 10_000, places=1)).normalize(),
    )
    street = draw(
        TEXT.filter(lambda text: text[:1] not in tuple("=+-@") and not any("\x80" <= x <= "\x9f" for x in text)).map(
            lambda text: text if street_line(text) else ""
        )
    )
    point = draw(st.none() | st.tuples(DEGREES, DEGREES))
    latitude, longitude = point or (None, None)
    return FootprintRow(2, offer, "", Address("DE", "", "", "10115", street, latitude, longitude))


@given(rows())
def test_what_is_written_reads_back(row: FootprintRow) -> None:
    text = parse.written((row,))
    assert text.startswith(",".join(COLUMNS))
    parsed = parse.parse_csv(text, NODES)
    assert parsed.errors == ()
    assert parsed.rows == (row,)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content: bytes) -> None:
    with suppress(MalformedError):
        parse.parse_geojson(content, NODES)
    with suppress(MalformedError):
        parse.parse_csv(HEADER + content.decode("latin-1"), NODES)
