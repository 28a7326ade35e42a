"""Import of sites and lines from CSV text: good rows are kept, bad ones are reported cell by cell."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from buyers.requests.checks import LINE_LIMIT, NAME_LIMIT, NOTE_LIMIT, QUANTITY_LIMIT, SITE_LIMIT, check_place
from buyers.requests.model import Place, Priority, WantedFeature
from marketplace.catalogue.model import Catalogue, FeatureKind, ServiceType
from marketplace.catalogue.rules import read_number, validate_selection
from marketplace.kernel import csv_text
from marketplace.kernel.csv_text import CellError
from marketplace.kernel.errors import FieldError

Row = TypeVar("Row")

SITE_COLUMNS = (
    "label",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "opening_hours",
    "contact_name",
    "contact_phone",
    "contact_email",
)
LINE_COLUMNS = ("site", "service_type", "quantity", "priority", "note", "lot")
"""Beside these, every feature code of the catalogue is a column."""
NICE_PREFIX = "nice:"
CHOICE_SEPARATOR = "|"
_NEEDED_FOR_SITES = ("label", "country")
_NEEDED_FOR_LINES = ("service_type",)
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
_QUANTITY = re.compile(r"[0-9]{1,7}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]{1,63}(?:\.[^@\s.]{1,63}){1,5}")


@dataclass(frozen=True, slots=True)
class ImportResult(Generic[Row]):
    """The rows that are right, in the file's order, and what is wrong with the others."""

    rows: tuple[Row, ...]
    errors: tuple[CellError, ...]


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A site as a file gives it."""

    row: int
    label: str
    place: Place
    opening_hours: str
    contact_name: str
    contact_phone: str
    contact_email: str


@dataclass(frozen=True, slots=True)
class LineRow:
    """A line as a file gives it; ``site`` is the label of a known site, empty for the whole company."""

    row: int
    site: str
    service_type: str
    quantity: int
    priority: Priority
    features: tuple[WantedFeature, ...]
    note: str
    lot: str


def parse_sites(text: str) -> ImportResult[SiteRow]:
    """Return the sites in a CSV file with the columns ``SITE_COLUMNS``; label and country are needed.

    A wrong header is reported as row 1 and then nothing is read.

    Raises:
        MalformedError: the text is no CSV, with line and column.
        TooLargeError: it has more rows than a request may have sites.
    """
    table = csv_text.read(text, SITE_COLUMNS, _NEEDED_FOR_SITES, SITE_LIMIT)
    rows: list[SiteRow] = []
    errors = list(table.errors)
    labels: dict[str, int] = {}
    for number, cells in table.rows:
        site, problems = _site(number, cells)
        first = labels.setdefault(site.label.casefold(), number)
        if first != number and site.label:
            message = f"row {first} has this label; give each site its own"
            problems = (*problems, FieldError("/label", message))
        errors += csv_text.located(number, cells, problems)
        if not problems:
            rows.append(site)
    return ImportResult(tuple(rows), tuple(errors))


def parse_lines(text: str, catalogue: Catalogue, known_sites: Collection[str]) -> ImportResult[LineRow]:
    """Return the lines in a CSV file with the columns ``LINE_COLUMNS`` and feature codes; service_type is needed.

    A feature's value may begin with 'nice:'; several choices are separated by '|'. Sites are found by label, whatever
    the case. A wrong header is reported as row 1 and then nothing is read.

    Raises:
        MalformedError: the text is no CSV, with line and column.
        TooLargeError: it has more rows than a request may have lines.
    """
    codes = {
        feature.code for family in catalogue.families for kind in family.service_types for feature in kind.features
    }
    features = tuple(sorted(codes - set(LINE_COLUMNS)))
    table = csv_text.read(text, (*LINE_COLUMNS, *features), _NEEDED_FOR_LINES, LINE_LIMIT)
    sites = {label.casefold(): label for label in known_sites}
    rows: list[LineRow] = []
    errors = list(table.errors)
    for number, cells in table.rows:
        line, problems = _line(number, cells, catalogue, sites)
        errors += csv_text.located(number, cells, problems)
        if not problems:
            rows.append(line)
    return ImportResult(tuple(rows), tuple(errors))


def _site(number: int, cells: Mapping[str, str]) -> tuple[SiteRow, tuple[FieldError, ...]]:
    problems: list[FieldError] = []
    degrees: dict[str, Decimal | None] = {}
    for name in ("latitude", "longitude"):
        value = cells.get(name, "")
        degrees[name] = read_number(value)
        if value and degrees[name] is None:
            problems.append(FieldError(f"/{name}", "give degrees with a decimal point, '41.5582'"))
    place = Place(
        country=cells.get("country", "").upper(),
        state=cells.get("state", "").upper(),
        city=cells.get("city", ""),
        postal_code=cells.get("postal_code", ""),
        street=cells.get("street", ""),
        latitude=degrees["latitude"],
        longitude=degrees["longitude"],
    )
    if not problems:
        problems += check_place(place, "")
    if not cells.get("label"):
        problems.append(FieldError("/label", "give the site a label"))
    for name in ("label", "opening_hours", "contact_name", "contact_phone"):
        problems += _too_long(name, cells.get(name, ""), NAME_LIMIT)
    email = cells.get("contact_email", "")
    if email and not _EMAIL.fullmatch(email):
        problems.append(FieldError("/contact_email", "give an address such as name@example.org"))
    site = SiteRow(
        row=number,
        label=cells.get("label", ""),
        place=place,
        opening_hours=cells.get("opening_hours", ""),
        contact_name=cells.get("contact_name", ""),
        contact_phone=cells.get("contact_phone", ""),
        contact_email=email,
    )
    return site, tuple(problems)


def _line(
    number: int, cells: Mapping[str, str], catalogue: Catalogue, sites: Mapping[str, str]
) -> tuple[LineRow, tuple[FieldError, ...]]:
    problems: list[FieldError] = []
    label = cells.get("site", "")
    site = sites.get(label.casefold(), "")
    if label and not site:
        problems.append(FieldError("/site", "no site has this label; import the site first, or leave the cell empty"))
    quantity = cells.get("quantity", "") or "1"
    if not _QUANTITY.fullmatch(quantity) or not 1 <= int(quantity) <= QUANTITY_LIMIT:
        problems.append(FieldError("/quantity", f"give a whole number from 1 to {QUANTITY_LIMIT}, without separators"))
        quantity = "1"
    priority = cells.get("priority", "").lower() or Priority.MUST
    if priority not in tuple(Priority):
        problems.append(FieldError("/priority", f"give {' or '.join(Priority)}"))
        priority = Priority.MUST
    problems += _too_long("note", cells.get("note", ""), NOTE_LIMIT)
    problems += _too_long("lot", cells.get("lot", ""), NAME_LIMIT)
    service_type = cells.get("service_type", "")
    features, wrong = _features(service_type, cells, catalogue)
    line = LineRow(
        row=number,
        site=site,
        service_type=service_type,
        quantity=int(quantity),
        priority=Priority(priority),
        features=features,
        note=cells.get("note", ""),
        lot=cells.get("lot", ""),
    )
    return line, (*problems, *wrong)


def _features(
    service_type: str, cells: Mapping[str, str], catalogue: Catalogue
) -> tuple[tuple[WantedFeature, ...], tuple[FieldError, ...]]:
    kind = catalogue.service_type(service_type)
    given: dict[str, object] = {}
    nice: set[str] = set()
    for code, cell in cells.items():
        if code in LINE_COLUMNS or not cell:
            continue
        value = cell
        if value.lower().startswith(NICE_PREFIX):
            nice.add(code)
            value = value[len(NICE_PREFIX) :].strip()
        given[code] = _typed(kind, code, value)
    values, problems = validate_selection(catalogue, service_type, given, pointer="")
    wanted = (
        WantedFeature(code, value, Priority.NICE if code in nice else Priority.MUST) for code, value in values.items()
    )
    return tuple(wanted), tuple(
        FieldError(f"/{problem.pointer.rpartition('/')[2]}", problem.message) for problem in problems
    )


def _typed(kind: ServiceType | None, code: str, value: str) -> object:
    """Return a cell as the JSON value that its feature takes; the catalogue refuses what is none."""
    feature = kind.feature(code) if kind else None
    if feature is not None and feature.kind is FeatureKind.FLAG:
        return _FLAGS.get(value.lower(), value)
    if feature is not None and feature.kind is FeatureKind.CHOICES:
        return tuple(part.strip() for part in value.split(CHOICE_SEPARATOR))
    return value


def _too_long(name: str, value: str, limit: int) -> Iterator[FieldError]:
    if len(value) > limit:
        yield FieldError(f"/{name}", f"this has {len(value):,} characters; at most {limit:,} are taken")
