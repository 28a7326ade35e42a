"""Rows that people paste or send as files: read whatever their shape, and refused where they could do harm."""

import io
import zipfile
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.registry.model import Site
from marketplace.catalogue.seed import load_seed
from marketplace.kernel.errors import MalformedError, TooLargeError
from marketplace.terminals.buyer import importing, wizard_billing, wizard_site_rows

PASTED = "HQ\t1 Main St\tChicago\tIL\t60601\t1000\nLab\t9 Elm St\tBoston\tMA\t2110\t500"


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_columns_without_headings_are_known_by_their_looks() -> None:
    found = wizard_site_rows.read(importing.rows_of_text(PASTED))

    assert found.columns == ("label", "street", "city", "state", "postal_code", "bandwidth_mbps")
    assert found.sure


def test_headings_of_other_programs_are_known_in_any_order() -> None:
    found = wizard_site_rows.read(
        importing.rows_of_text("Zip Code,Store,STATE,Address 1,Town\n60601,A,Illinois,1 Main,X")
    )

    assert found.columns == ("postal_code", "label", "state", "street", "city")
    assert found.dicts() == [
        {"postal_code": "60601", "label": "A", "state": "Illinois", "street": "1 Main", "city": "X"}
    ]


def test_rows_that_could_be_anything_are_left_to_a_person() -> None:
    assert not wizard_site_rows.read(importing.rows_of_text("x;y;z\na;b;c")).sure


def test_a_workbook_and_a_pasted_block_of_the_same_rows_read_the_same() -> None:
    rows: list[list[object]] = [["HQ", "1 Main St", 60601, 1.5], ["Lab", "9 Elm St", 2110, 200.0]]

    assert importing.rows_of("", workbook(rows)) == [
        ("HQ", "1 Main St", "60601", "1.5"),
        ("Lab", "9 Elm St", "2110", "200"),
    ]


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(importing.LARGEST_UNPACKED + 1))

    with pytest.raises(TooLargeError):
        importing.rows_of("", file.getvalue())


@pytest.mark.parametrize("content", [b"PK\x03\x04nonsense", workbook([["a"]])[:-40]])
def test_a_broken_workbook_says_what_would_be_right(content: bytes) -> None:
    with pytest.raises(MalformedError) as caught:
        importing.rows_of("", content)

    assert caught.value.errors[0].pointer == "/file"


def test_more_rows_than_anybody_has_are_refused() -> None:
    with pytest.raises(TooLargeError):
        importing.rows_of_text("a\n" * (importing.MOST_ROWS + 1))


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    rows = importing.rows_of_text(text)

    found = wizard_site_rows.read(rows)

    assert len(found.rows) == len(rows) - found.headed
    assert all(len(row) == len(found.columns) for row in found.rows)


def test_a_zip_code_gets_back_the_zero_that_a_spreadsheet_took() -> None:
    row = {"label": "Lab", "city": "Boston", "state": "Massachusetts", "postal_code": "2110"}

    assert wizard_site_rows.tidied([row], [], "US").rows[0]["postal_code"] == "02110"
    assert wizard_site_rows.tidied([row | {"state": "CA"}], [], "US").rows[0]["postal_code"] == "2110"


def test_rows_that_stand_there_twice_are_one() -> None:
    row = {"label": "HQ", "street": "1 Main St", "city": "Chicago", "state": "IL"}

    found = wizard_site_rows.tidied([row, {**row, "state": "Illinois"}], [], "US")

    assert (len(found.rows), found.doubled) == (1, 1)


def test_a_row_with_the_address_of_a_known_site_is_that_site_with_all_it_has() -> None:
    known = Site(
        label="Head office", street="1 Main St", city="Chicago", state="IL", country="US", contact_name="Ann", id="s"
    )

    found = wizard_site_rows.tidied(
        [{"label": "HQ", "street": "1 main st.", "city": "Chicago", "state": "IL"}], [known], "US"
    )

    assert found.known == 1
    assert found.rows[0]["label"] == "Head office"
    assert found.rows[0]["contact_name"] == "Ann"


@pytest.mark.parametrize(("cell", "mbps"), [("1 Gbps", "1000"), ("200", "200"), ("50M", "50"), ("512 kbps", "0.512")])
def test_speeds_become_mbps(cell: str, mbps: str) -> None:
    assert wizard_site_rows.speed_mbps(cell) == mbps


@pytest.mark.parametrize("cell", ["DIA", "Dedicated internet access", "data.dedicated-internet-access"])
def test_services_are_known_by_code_name_and_initials(cell: str) -> None:
    assert wizard_site_rows.service_code(load_seed(), cell) == "data.dedicated-internet-access"


def test_a_bill_is_added_up_by_service_and_what_has_no_quantity_is_told() -> None:
    rows = [
        {"service_type": "Long distance", "monthly_quantity": "1,200", "monthly_spend": "$45.10"},
        {"service_type": "Long distance", "monthly_quantity": "800", "monthly_spend": "30"},
        {"service_type": "Total", "monthly_quantity": "", "monthly_spend": "75.10"},
    ]

    usage, left_out = wizard_billing.summed(rows, load_seed(), "voice.local", "minutes")
    read = wizard_billing.totals(usage, left_out)

    assert (read.rows, read.left_out, read.spend) == (1, 1, Decimal("75.10"))
    assert read.quantities == (("minutes", Decimal(2000)),)
