"""One row of a footprint from its texts by column: what is offered, and where; and what is wrong with either."""

import re
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches

from marketplace.catalogue.rules import read_number
from marketplace.geography.address import ZIP_COUNTRIES, Address, street_line
from marketplace.kernel.errors import FieldError
from sellers.footprints.model import Offer
from sellers.model import Net

COLUMNS = (
    "kind",
    "service_types",
    "down_mbps",
    "up_mbps",
    "building_name",
    "street",
    "city",
    "state",
    "postal_code",
    "country",
    "latitude",
    "longitude",
    "area",
)
NEEDED = ("kind", "service_types", "down_mbps")
SYNONYMS: Mapping[str, str] = {
    "net": "kind",
    "status": "kind",
    "type": "kind",
    "services": "service_types",
    "service": "service_types",
    "service_type": "service_types",
    "speed": "down_mbps",
    "mbps": "down_mbps",
    "max_mbps": "down_mbps",
    "down": "down_mbps",
    "download_mbps": "down_mbps",
    "up": "up_mbps",
    "upload_mbps": "up_mbps",
    "building": "building_name",
    "name": "building_name",
    "address": "street",
    "street_address": "street",
    "town": "city",
    "province": "state",
    "region": "state",
    "zip": "postal_code",
    "zip_code": "postal_code",
    "zipcode": "postal_code",
    "postcode": "postal_code",
    "postal": "postal_code",
    "country_code": "country",
    "lat": "latitude",
    "lon": "longitude",
    "lng": "longitude",
    "long": "longitude",
    "geometry": "area",
    "geojson": "area",
}
"""Other names that files give the columns."""
SEPARATOR = "|"

MAX_ERRORS = 100
"""A file is reported with this many errors at most: enough to mend it, and an answer of bounded size."""
MAX_SERVICE_TYPES = 100
MAX_MBPS = Decimal(100_000_000)
_MAX_NAME = 200
_MAX_STREET = 200
_MAX_CITY = 100

_NETS = {
    "on-net": Net.ON,
    "on net": Net.ON,
    "on_net": Net.ON,
    "onnet": Net.ON,
    "lit": Net.ON,
    "near-net": Net.NEAR,
    "near net": Net.NEAR,
    "near_net": Net.NEAR,
    "nearnet": Net.NEAR,
}
_SERVICES = re.compile(r"[|,;]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FORMULA = re.compile(r"[=+\-@]")
_COUNTRY = re.compile(r"[A-Z]{2}")
_STATE = re.compile(r"[A-Z0-9]{0,3}")
_POSTAL_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 -]{0,11}")
_ZIP = re.compile(r"[0-9]{5}(-?[0-9]{4})?")
_SHOWN = 60


class OfferReader:
    """Reads what rows offer; most rows of a file offer the same, so each wording is read once.

    Args:
        nodes: the catalogue's codes, families included.
    """

    def __init__(self, nodes: Collection[str]) -> None:
        self._nodes = frozenset(nodes)
        self._known: dict[tuple[str, str, str, str], tuple[Offer | None, tuple[FieldError, ...]]] = {}

    def read(self, cells: Mapping[str, str]) -> tuple[Offer | None, tuple[FieldError, ...]]:
        """Return the offer of a row, or None and what is wrong with it; pointers are columns ('/kind')."""
        wording = (
            cells.get("kind", ""),
            cells.get("service_types", ""),
            cells.get("down_mbps", ""),
            cells.get("up_mbps", ""),
        )
        known = self._known.get(wording)
        if known is None:
            known = self._known[wording] = self._read(*wording)
        return known

    def _read(self, kind: str, services: str, down: str, up: str) -> tuple[Offer | None, tuple[FieldError, ...]]:
        net = _NETS.get(kind.lower())
        codes = tuple(sorted({code for part in _SERVICES.split(services) if (code := part.strip())}))
        fastest = _speed(down)
        fastest_up = _speed(up) if up else None
        errors: list[FieldError] = []
        if net is None:
            errors.append(FieldError("/kind", f"give {Net.ON} or {Net.NEAR}"))
        errors += self._unknown(codes)
        speed = f"give the top speed in Mbps with a decimal point, above 0 and up to {MAX_MBPS:,}: '1000'"
        if fastest is None:
            errors.append(FieldError("/down_mbps", speed))
        if up and fastest_up is None:
            errors.append(FieldError("/up_mbps", f"{speed}; or leave it empty"))
        if errors or net is None or fastest is None:
            return None, tuple(errors)
        return Offer(net, codes, fastest, fastest_up), ()

    def _unknown(self, codes: tuple[str, ...]) -> Iterator[FieldError]:
        if not 1 <= len(codes) <= MAX_SERVICE_TYPES:
            message = f"give 1 to {MAX_SERVICE_TYPES} codes of the catalogue, separated by '{SEPARATOR}': 'data'"
            yield FieldError("/service_types", message)
            return
        for code in codes:
            if code not in self._nodes:
                close = get_close_matches(code[:_SHOWN], sorted(self._nodes), n=1)
                right = f"did you mean {close[0]!r}?" if close else "take one from the catalogue"
                yield FieldError("/service_types", f"{code[:_SHOWN]!r} is no service type of the catalogue: {right}")


def _speed(text: str) -> Decimal | None:
    number = read_number(text)
    return None if number is None or not 0 < number <= MAX_MBPS else number


def read_name(cells: Mapping[str, str]) -> tuple[str, tuple[FieldError, ...]]:
    """Return the building's name and what is wrong with it."""
    name = cells.get("building_name", "")
    return name, tuple(_wrong_text("building_name", name, _MAX_NAME))


def read_address(cells: Mapping[str, str]) -> tuple[Address | None, tuple[FieldError, ...]]:
    """Return where a row's building is, or its postal code; or None and what is wrong. Pointers are columns."""
    country, postal_code = cells.get("country", "").upper(), cells.get("postal_code", "")
    street, city = cells.get("street", ""), cells.get("city", "")
    state = cells.get("state", "").upper().removeprefix(f"{country}-")
    errors = [*_wrong_text("street", street, _MAX_STREET), *_wrong_text("city", city, _MAX_CITY)]
    if street and not street_line(street):
        message = "give street and house number (a post-office box is no building), or leave it empty"
        errors.append(FieldError("/street", message))
    if country and not _COUNTRY.fullmatch(country):
        errors.append(FieldError("/country", "give the country as two letters (ISO 3166-1), 'US'"))
    if not _STATE.fullmatch(state):
        errors.append(FieldError("/state", "give the state as its ISO 3166-2 code without the country, 'CA'"))
    if postal_code and not _POSTAL_CODE.fullmatch(postal_code):
        errors.append(FieldError("/postal_code", "a postal code has at most 12 letters, digits, spaces and hyphens"))
    elif postal_code and country in ZIP_COUNTRIES and not _ZIP.fullmatch(postal_code):
        message = "a ZIP code has five digits or nine: '06702'; spreadsheets drop zeros in front"
        errors.append(FieldError("/postal_code", message))
    latitude, wrong_latitude = _degrees(cells, "latitude", 90)
    longitude, wrong_longitude = _degrees(cells, "longitude", 180)
    errors += [*wrong_latitude, *wrong_longitude]
    if not errors:
        errors += _wrong_place(country, postal_code, street, latitude, longitude)
    if errors:
        return None, tuple(errors)
    return Address(country, state, city, postal_code, street, latitude, longitude), ()


def _wrong_place(
    country: str, postal_code: str, street: str, latitude: float | None, longitude: float | None
) -> Iterator[FieldError]:
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        yield FieldError(f"/{missing}", "give latitude and longitude together, or neither")
    elif postal_code and not country:
        yield FieldError("/country", "a postal code needs its country: two letters (ISO 3166-1), 'US'")
    elif street and not postal_code and latitude is None:
        yield FieldError("/postal_code", "a street needs its postal code and country, or the building's coordinates")
    elif not postal_code and latitude is None:
        message = "say where: street and postal code, or latitude and longitude, or a postal code alone, or an area"
        yield FieldError("", message)


def _degrees(cells: Mapping[str, str], name: str, limit: int) -> tuple[float | None, tuple[FieldError, ...]]:
    text = cells.get(name, "")
    if not text:
        return None, ()
    try:
        # the bounds refuse NaN as well; an underscore between digits is Python's own way of writing
        degrees = None if "_" in text or len(text) > _SHOWN else float(text)
    except ValueError:
        degrees = None
    if degrees is None or not -limit <= degrees <= limit:
        message = f"give degrees from -{limit} to {limit} with a decimal point, '41.5582'"
        return None, (FieldError(f"/{name}", message),)
    return degrees, ()


def _wrong_text(column: str, text: str, limit: int) -> Iterator[FieldError]:
    if not text:
        return
    if len(text) > limit:
        yield FieldError(f"/{column}", f"this has {len(text):,} characters; at most {limit:,} are taken")
    elif _CONTROL.search(text):
        yield FieldError(f"/{column}", "this holds a control character or a line break: take it out")
    elif _FORMULA.match(text):
        yield FieldError(f"/{column}", "this begins like a spreadsheet's formula (= + - @): let it begin otherwise")
