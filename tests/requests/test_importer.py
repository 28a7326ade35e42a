from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.checks import LINE_LIMIT, SITE_LIMIT
from buyers.requests.importer import SITE_COLUMNS, parse_lines, parse_sites
from buyers.requests.model import Place, Priority, WantedFeature
from marketplace.catalogue.seed import load_seed
from marketplace.kernel.csv_text import CellError
from marketplace.kernel.errors import MalformedError, TooLargeError

CATALOGUE = load_seed()
SITES = ("Attic", "Depot")


def places(errors: tuple[CellError, ...]) -> list[tuple[int, str, str]]:
    return [(error.row, error.column, error.value) for error in errors]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_sites_are_read_whatever_wrote_the_file(delimiter: str, newline: str, mark: str) -> None:
    rows = [
        ["Label", "street", "Postal Code", "country", "latitude", "longitude", "contact_email"],
        ["Attic", '"1 Main St; floor 2, left\tdoor"', "06702", "us", "41.5582", "-73.0515", "a@b.org"],
        ["Depot", '"two\nlines ""quoted"""', "", "DE", "", "", ""],
    ]
    result = parse_sites(mark + newline.join(delimiter.join(row) for row in rows) + newline)
    assert result.errors == ()
    attic, depot = result.rows
    assert (attic.row, attic.label, attic.contact_email) == (2, "Attic", "a@b.org")
    assert attic.place == Place(
        "US", "", "", "06702", "1 Main St; floor 2, left\tdoor", Decimal("41.5582"), Decimal("-73.0515")
    )
    assert (depot.row, depot.place.country, depot.place.street) == (3, "DE", 'two\nlines "quoted"')


def test_good_sites_are_kept_and_bad_cells_are_reported_with_row_and_column() -> None:
    text = (
        "label,country,latitude,longitude,contact_email\n"
        "Attic,US,,,\n"
        "\n"
        ",USA,,,\n"
        "attic,US,,,\n"
        "Depot,US,north,,nobody\n"
        "Cellar,US,91,0,\n"
        "Yard,US,1,,\n"
        "Gate,US,,,,surplus\n"
    )
    result = parse_sites(text)
    assert [(site.row, site.label) for site in result.rows] == [(2, "Attic")]
    assert sorted(places(result.errors)) == [
        (4, "country", "USA"),
        (4, "label", ""),
        (5, "label", "attic"),
        (6, "contact_email", "nobody"),
        (6, "latitude", "north"),
        (7, "latitude", "91"),
        (8, "longitude", ""),
        (9, "", "surplus"),
    ]
    assert all(error.message for error in result.errors)


@pytest.mark.parametrize(
    ("header", "column"),
    [("label,country,stret", "stret"), ("label,country,Label", "label"), ("label,city", "country")],
)
def test_a_wrong_header_is_refused_and_the_right_columns_are_named(header: str, column: str) -> None:
    result = parse_sites(f"{header}\nAttic,US,x\n")
    assert result.rows == ()
    (error,) = result.errors
    assert (error.row, error.column) == (1, column)
    assert error.message.endswith(", ".join(SITE_COLUMNS)) or "twice" in error.message


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "line 1, column 1"),
        ("Attic,US\nDepot,US\n", "line 1, column 1"),
        ('label,country\nAttic,US\n"Depot,US\nCellar,US\n', "line 3, column 1"),
        ('label,country\r\n"two\r\nlines",US\r\nDepot,"U"S\r\n', "line 4, column 10"),
    ],
)
def test_a_malformed_file_is_refused_with_line_and_column(text: str, where: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse_sites(text)
    assert refused.value.errors[0].message.startswith(where)


def test_lines_are_read_with_their_features() -> None:
    text = (
        "site,service_type,quantity,priority,note,lot,bandwidth_mbps,symmetric,destinations,seats\n"
        "attic,data.broadband,2,nice,to the roof,Internet,500,nice: yes,,\n"
        ",voice.ucaas-seat,,,,,,,,40\n"
    )
    result = parse_lines(text, CATALOGUE, SITES)
    assert result.errors == ()
    broadband, seats = result.rows
    assert (broadband.site, broadband.quantity, broadband.priority) == ("Attic", 2, Priority.NICE)
    assert (broadband.note, broadband.lot) == ("to the roof", "Internet")
    assert broadband.features == (
        WantedFeature("bandwidth_mbps", Decimal(500)),
        WantedFeature("symmetric", value=True, priority=Priority.NICE),
    )
    assert (seats.site, seats.quantity, seats.priority) == ("", 1, Priority.MUST)
    assert seats.features == (WantedFeature("seats", Decimal(40)),)


def test_several_choices_are_separated_by_a_bar() -> None:
    kind = CATALOGUE.service_type("voice.sip-trunk")
    assert kind is not None
    codecs = kind.feature("codecs")
    assert codecs is not None
    cell = " | ".join(codecs.choices[:2])
    text = f"service_type,concurrent_calls,codecs\nvoice.sip-trunk,10,{cell}\n"
    (line,) = parse_lines(text, CATALOGUE, ()).rows
    assert line.features[-1] == WantedFeature("codecs", codecs.choices[:2])


def test_bad_lines_are_reported_with_what_would_be_right() -> None:
    text = (
        "site;service_type;quantity;priority;bandwidth_mbps;seats;symmetric\n"
        "Cellar;data.broadband;0;urgent;fast;;\n"
        "Attic;data.broadband;1;must;;;\n"
        "Attic;data.pigeon;1,000;;;;\n"
        "Attic;data.broadband;;;500;3;maybe\n"
        "Attic;data.broadband;;;500;;\n"
    )
    result = parse_lines(text, CATALOGUE, SITES)
    assert [line.row for line in result.rows] == [6]
    assert sorted(places(result.errors)) == [
        (2, "bandwidth_mbps", "fast"),
        (2, "priority", "urgent"),
        (2, "quantity", "0"),
        (2, "site", "Cellar"),
        (3, "bandwidth_mbps", ""),
        (4, "quantity", "1,000"),
        (4, "service_type", "data.pigeon"),
        (5, "seats", "3"),
        (5, "symmetric", "maybe"),
    ]


def test_a_file_with_too_many_rows_is_refused() -> None:
    row = "data.broadband,500\n"
    lines = "service_type,bandwidth_mbps\n" + row * LINE_LIMIT
    assert len(parse_lines(lines, CATALOGUE, ()).rows) == LINE_LIMIT
    with pytest.raises(TooLargeError):
        parse_lines(lines + row, CATALOGUE, ())
    with pytest.raises(TooLargeError):
        parse_sites("label,country\n" + "x,US\n" * (SITE_LIMIT + 1))


cells = st.text(st.characters(blacklist_categories=("Cs", "Cc")) | st.sampled_from('",;\n\t'), max_size=10)


@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_quoted_cells_come_back_as_they_were(rows: list[tuple[str, str]]) -> None:
    quoted = "".join('"{}","{}",US\n'.format(*(cell.replace('"', '""') for cell in row)) for row in rows)
    result = parse_sites(f"label,opening_hours,country\n{quoted}")
    labels = {error.row for error in result.errors}
    read = {site.row: (site.label, site.opening_hours) for site in result.rows}
    for number, (label, hours) in enumerate(rows, start=2):
        if number not in labels:
            assert read[number] == (label.strip(), hours.strip())
    assert len(read) + len(labels) == len(rows)


@given(st.text(st.sampled_from('label,country;"\r\n\tUS x'), max_size=60))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    try:
        result = parse_sites(f"label,country\n{text}")
    except MalformedError:
        result = None  # an open quote, say; with which words is tested above
    assert result is None or all(error.row >= 2 for error in result.errors)
