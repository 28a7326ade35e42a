"""The Form 471 file is read exactly, or refused with line and column."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from marketplace.kernel.errors import MalformedError
from marketplace.standards.erate_rows import REQUIRED, ErateRow, read_rows

CsvOf = Callable[..., str]


def refusal(text: str) -> str:
    with pytest.raises(MalformedError) as caught:
        read_rows(text)
    assert caught.value.errors
    return caught.value.detail


def test_values_are_typed_and_lost_zeros_of_zips_are_back(csv_of: CsvOf) -> None:
    (row,) = read_rows(csv_of({"total_monthly_cost": "1e+05", "download_speed": "0.5"}))
    assert (row.number, row.line, row.funding_year) == (1, 2, 2022)
    assert (row.ros_physical_zipcode, row.org_zipcode) == ("07060", "07060")
    assert row.total_monthly_cost == Decimal(100_000)
    assert (row.download_speed, row.ros_longitude) == (Decimal("0.5"), Decimal("-74.25"))
    assert row.connection_directly_school is False


@pytest.mark.parametrize(
    ("written", "read"),
    [("601", "00601"), ("70601234", "07060-1234"), ("7060-1234", "07060-1234"), ("98310", "98310")],
)
def test_zips_have_five_or_nine_digits(csv_of: CsvOf, written: str, read: str) -> None:
    assert read_rows(csv_of({"ros_physical_zipcode": written}))[0].ros_physical_zipcode == read


def test_na_and_nothing_are_no_value(csv_of: CsvOf) -> None:
    (row,) = read_rows(csv_of({"ros_latitude": "NA", "spin_number": "", "monthly_quantity": "NA"}))
    assert (row.ros_latitude, row.spin_number, row.monthly_quantity) == (None, None, None)


def test_optional_columns_may_be_absent_unknown_ones_present_and_the_order_free(csv_of: CsvOf) -> None:
    optional = tuple(name for name in ErateRow.__annotations__ if name not in REQUIRED)
    header, record, _ = csv_of({}, without=optional).split("\n")
    names = header.split(",")
    text = f"\ufeffshoe_size,{','.join(names[1:])},{names[0]}\r\n43,{record.partition(',')[2]},221000001\r\n\r\n"
    (row,) = read_rows(text)
    assert (row.application_number, row.organization_name) == ("221000001", "Elm Grove Library")
    assert row.upload_speed is None


def test_quoted_values_may_hold_commas_quotes_and_line_breaks(csv_of: CsvOf) -> None:
    first, second = read_rows(csv_of({"spin_name": 'Blue "Fiber",\nLLC'}, {"spin_name": "Red"}))
    assert first.spin_name == 'Blue "Fiber", LLC'
    assert (first.line, second.line, second.number) == (2, 4, 2)


def test_a_value_that_is_no_number_is_named_with_line_and_column(csv_of: CsvOf) -> None:
    text = csv_of({"spin_name": "two\nlines"}, {"total_monthly_cost": "$1,000"})
    column = text.split("\n")[0].split(",").index("total_monthly_cost") + 1
    assert refusal(text).startswith(f"line 4, column {column} (total_monthly_cost): '$1,000' is not a plain number")


def test_all_values_that_cannot_be_read_are_listed(csv_of: CsvOf) -> None:
    with pytest.raises(MalformedError) as caught:
        read_rows(csv_of({"dis_pct": "much"}, {"months_of_service": "1.5"}, {"ros_latitude": "91"}))
    assert [error.pointer for error in caught.value.errors] == ["/2/dis_pct", "/3/months_of_service", "/4/ros_latitude"]


@pytest.mark.parametrize("number", ["1_000", "NaN", "Infinity", "1e99", "1" * 20, "0x10", "1,5"])
def test_odd_spellings_are_no_numbers(csv_of: CsvOf, number: str) -> None:
    assert "is not a plain number" in refusal(csv_of({"total_monthly_cost": number}))


def test_short_and_long_records_are_refused(csv_of: CsvOf) -> None:
    header, record, _ = csv_of({}, without=("dis_pct",)).split("\n")
    width = header.count(",") + 1
    short = refusal(f"{header}\n{record}\n{record.rpartition(',')[0]}\n")
    assert short.startswith(f"line 3, column {width - 1} ")
    assert f"has {width - 1} values, the header names {width} columns" in short
    assert refusal(f"{header}\n{record},more\n").startswith(f"line 2, column {width + 1}: ")


def test_an_unclosed_quote_and_text_after_a_quote_are_refused_where_they_stand(csv_of: CsvOf) -> None:
    before = csv_of({"spin_name": "two\nlines"})
    unclosed = refusal(before + '221000001,"open\nmore')
    assert unclosed == "line 4, column 2: the value begins with a quote that is never closed"
    assert refusal('a,"b"c\n').startswith("line 1, column 2: after the closing quote")


def test_a_file_without_header_record_or_column_is_refused(csv_of: CsvOf) -> None:
    assert refusal("") == "line 1, column 1: the file is empty; its first line names the columns"
    assert refusal(csv_of()).startswith("line 2, column 1: there is no record")
    missing = refusal(csv_of({}, without=("spin_number", "months_of_service")))
    assert missing.startswith("line 1, column ")
    assert missing.endswith("missing columns: spin_number, months_of_service")
    doubled = refusal("spin_number,spin_number\n1,2\n")
    assert doubled == "line 1, column 2 (spin_number): the column is named twice"
