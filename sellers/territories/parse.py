"""Lists of lit buildings: rows of a CSV or of JSON to buildings, with what is wrong row by row."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from marketplace.kernel import csv_text
from marketplace.kernel.errors import FieldError, MalformedError
from sellers.footprints.cells import SYNONYMS, read_address
from sellers.territories.model import Building
from sellers.territories.rules import MAX_ERRORS, MAX_NAMED

COLUMNS = ("street", "city", "state", "postal_code", "country", "latitude", "longitude")
_SYNONYMS = {given: column for given, column in SYNONYMS.items() if column in COLUMNS}


def parse_csv(text: str) -> tuple[Building, ...]:
    """Return the buildings of a CSV text with some of ``COLUMNS``, under these names or usual others.

    Raises:
        MalformedError: it is no CSV, or a row is wrong; pointers are row and column ('/17/postal_code', the header is
            row 1).
        TooLargeError: it has more rows than a territory may have buildings.
    """
    table = csv_text.read(text, COLUMNS, (), MAX_NAMED, _SYNONYMS)
    wrong = [FieldError(f"/{cell.row}/{cell.column}".rstrip("/"), cell.message) for cell in table.errors]
    if wrong:
        raise _malformed(wrong)
    return _buildings((f"/{number}", cells) for number, cells in table.rows)


def read_rows(rows: Sequence[Mapping[str, str | float | None]], at: str) -> tuple[Building, ...]:
    """Return the buildings of JSON rows; ``at`` is their pointer. Raises MalformedError ('/buildings/3/country')."""
    texts = ({name: "" if value is None else str(value) for name, value in row.items()} for row in rows)
    return _buildings((f"{at}/{index}", cells) for index, cells in enumerate(texts))


def _buildings(rows: Iterable[tuple[str, Mapping[str, str]]]) -> tuple[Building, ...]:
    found: list[Building] = []
    errors: list[FieldError] = []
    for at, cells in rows:
        address, wrong = read_address(cells)
        if address is None:
            errors += (FieldError(f"{at}{error.pointer}", error.message) for error in wrong)
        elif not address.street and address.latitude is None:
            message = "a building has a street or coordinates; a postal code alone is one of postal_prefixes"
            errors.append(FieldError(f"{at}/street", message))
        else:
            found.append(
                Building(
                    address.country,
                    address.state,
                    address.city,
                    address.postal_code,
                    address.street,
                    address.latitude,
                    address.longitude,
                )
            )
        if len(errors) >= MAX_ERRORS:
            break
    if errors:
        raise _malformed(errors)
    return tuple(found)


def _malformed(errors: Iterable[FieldError]) -> MalformedError:
    return MalformedError("A row can't be read; nothing was changed.", errors=tuple(islice(errors, MAX_ERRORS)))
