"""Invented Form 471 files, and the published one where it lies beside the project."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.seed import load_seed
from marketplace.standards.erate import ErateMapping, map_applications
from marketplace.standards.erate_rows import ErateRow, read_rows

PUBLISHED = Path(__file__).parents[2].parent / "shared/data/erate/form471_lines.csv"
HUB = (
    "Data connection(s) for an applicant’s hub site to an Internet Service Provider or state/regional network where "  # noqa: RUF001 - as the form writes it
    "Internet access service is billed separately"
)
PLAIN = {
    "application_number": "221000001",
    "form_471_line_item_number": "2299000001.001",
    "funding_year": "2022",
    "billed_entity_number": "9001",
    "organization_name": "Elm Grove Library",
    "organization_entity_type_name": "library",
    "org_state": "NJ",
    "org_zipcode": "7060",
    "ros_entity_number": "501",
    "ros_entity_name": "elm grove main",
    "ros_physical_address": "1 Elm St",
    "ros_physical_city": "Elm Grove",
    "ros_physical_state": "NJ",
    "ros_physical_zipcode": "7060",
    "ros_latitude": "40.5",
    "ros_longitude": "-74.25",
    "spin_number": "143000001",
    "spin_name": "Blue Fiber LLC",
    "form_471_service_type_name": "Data Transmission and/or Internet Access",
    "form_471_function_name": "Fiber",
    "form_471_product_name": "Ethernet",
    "form_471_purpose_name": HUB,
    "download_speed": "1",
    "form_471_download_speed_unit_name": "Gbps",
    "upload_speed": "1",
    "form_471_upload_speed_unit_name": "Gbps",
    "total_monthly_cost": "1000",
    "monthly_quantity": "1",
    "months_of_service": "12",
    "total_one_time_cost": "0",
    "one_time_quantity": "0",
    "pre_discount_extended_eligible_line_item_costs": "12000",
    "dis_pct": "0.9",
    "connection_directly_school": "No",
}
"""A record that maps; tests change what they are about. An empty change drops nothing, ``NA`` empties a value."""

CsvOf = Callable[..., str]
RowsOf = Callable[..., tuple[ErateRow, ...]]


@pytest.fixture(scope="session")
def csv_of() -> CsvOf:
    """Return what writes records, each ``PLAIN`` with changes, as a file without the columns in ``without``."""

    def write(*changes: dict[str, str], without: tuple[str, ...] = ()) -> str:
        names = [name for name in PLAIN if name not in without]
        out = io.StringIO()
        writer = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(PLAIN | change for change in changes)
        return out.getvalue()

    return write


@pytest.fixture(scope="session")
def rows_of(csv_of: CsvOf) -> RowsOf:
    """Return what reads such a file."""
    return lambda *changes, without=(): read_rows(csv_of(*changes, without=without))


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    """Return the packaged catalogue."""
    return load_seed()


@pytest.fixture(scope="session")
def published_rows() -> tuple[ErateRow, ...]:
    """Return the rows of the published file."""
    if not PUBLISHED.is_file():
        pytest.skip("the published Form 471 lines are not beside the project")
    return read_rows(PUBLISHED.read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def published(published_rows: tuple[ErateRow, ...], catalogue: Catalogue) -> ErateMapping:
    """Return what the published file says."""
    return map_applications(published_rows, catalogue)
