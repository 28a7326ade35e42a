"""Rows of sites as people have them: how they are recognized, and what is tidied before the import; pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from buyers.registry.model import Site
from buyers.requests.importer import SITE_COLUMNS
from marketplace.catalogue.model import Catalogue
from marketplace.geography.us_places import zip_place
from marketplace.terminals.buyer.importing import Cells, Guess, Test, chosen, column, guess, plain

COLUMNS = (
    column("label", "name", "site", "site name", "location", "location name", "branch", "store", "office", "site id"),
    column("street", "address", "address 1", "address line 1", "street address", "site address", "addr"),
    column("city", "town", "municipality"),
    column("state", "st", "province", "region", "state/province"),
    column("postal_code", "zip", "zip code", "zipcode", "postcode", "postal", "zip/postal code"),
    column("country", "country code", "nation"),
    column("latitude", "lat"),
    column("longitude", "lon", "lng", "long"),
    column("opening_hours", "hours", "business hours"),
    column("contact_name", "contact", "local contact", "site contact"),
    column("contact_phone", "phone", "telephone", "tel"),
    column("contact_email", "email", "e-mail", "mail"),
    column("service_type", "service", "product", "circuit type", "service type"),
    column("bandwidth_mbps", "mbps", "speed", "bandwidth", "speed mbps", "speed in mbps", "bandwidth (mbps)"),
)
NEEDED = (frozenset({"label", "street", "city", "postal_code"}),)
SHOWN = ("label", "street", "city", "state", "postal_code", "country")
"""What a row to mend shows as fields; the rest of it comes back as it was."""

_STATES = {
    "alabama": "AL", "alaska": "AK", "arizona": "AZ", "arkansas": "AR", "california": "CA", "colorado": "CO",
    "connecticut": "CT", "delaware": "DE", "districtofcolumbia": "DC", "florida": "FL", "georgia": "GA",
    "hawaii": "HI", "idaho": "ID", "illinois": "IL", "indiana": "IN", "iowa": "IA", "kansas": "KS", "kentucky": "KY",
    "louisiana": "LA", "maine": "ME", "maryland": "MD", "massachusetts": "MA", "michigan": "MI", "minnesota": "MN",
    "mississippi": "MS", "missouri": "MO", "montana": "MT", "nebraska": "NE", "nevada": "NV", "newhampshire": "NH",
    "newjersey": "NJ", "newmexico": "NM", "newyork": "NY", "northcarolina": "NC", "northdakota": "ND", "ohio": "OH",
    "oklahoma": "OK", "oregon": "OR", "pennsylvania": "PA", "rhodeisland": "RI", "southcarolina": "SC",
    "southdakota": "SD", "tennessee": "TN", "texas": "TX", "utah": "UT", "vermont": "VT", "virginia": "VA",
    "washington": "WA", "westvirginia": "WV", "wisconsin": "WI", "wyoming": "WY", "puertorico": "PR",
}  # fmt: skip
_CODES = frozenset(_STATES.values())
_COUNTRIES = {"usa": "US", "unitedstates": "US", "unitedstatesofamerica": "US", "canada": "CA", "mexico": "MX"}
_ZIP = re.compile(r"[0-9]{4,5}(-[0-9]{4})?")
_STATE_ZIP = re.compile(r"([A-Za-z]{2})\s+([0-9]{5}(?:-[0-9]{4})?)")
_STREET = re.compile(
    r"[0-9]+[A-Za-z]?\s+\S.*|.*\b(st|street|ave|avenue|rd|road|blvd|dr|drive|ln|lane|way|hwy)\b\.?.*", re.IGNORECASE
)
_SPEED = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(k|m|g)?(?:b(?:it)?)?(?:/s|ps)?", re.IGNORECASE)
_EMAIL = re.compile(r"\S+@\S+\.\S+")
_PHONE = re.compile(r"[+(]?[0-9][0-9 ()./x-]{6,}")
_WORDS = re.compile(r"[^0-9@]*[^\W\d_][^0-9@]*")
_FACTORS = {"k": "0.001", "m": "1", "g": "1000"}

TESTS: Mapping[str, Test] = {
    "contact_email": Test(lambda cell: bool(_EMAIL.fullmatch(cell))),
    "state_zip": Test(lambda cell: bool(_STATE_ZIP.fullmatch(cell))),
    "postal_code": Test(lambda cell: bool(_ZIP.fullmatch(cell)) and zip_place(cell.zfill(5)) is not None, 0.6),
    "state": Test(lambda cell: cell.upper() in _CODES or plain(cell) in _STATES, 0.6),
    "country": Test(lambda cell: plain(cell) in _COUNTRIES or cell.upper() in {"US", "CA"}),
    "bandwidth_mbps": Test(lambda cell: bool(_SPEED.fullmatch(cell))),
    "contact_phone": Test(lambda cell: bool(_PHONE.fullmatch(cell))),
    "street": Test(lambda cell: bool(_STREET.fullmatch(cell)), 0.6),
}


@dataclass(frozen=True, slots=True)
class Tidied:
    """Rows ready for the import, and what was done to get there: doubles dropped, known sites recognized."""

    rows: tuple[dict[str, str], ...]
    doubled: int
    known: int


def read(rows: Sequence[Cells], names: Sequence[str] = (), *, headed: bool = False) -> Guess:
    """Return what the columns of rows of sites hold: as a person named them, or as they look."""
    if names:
        return chosen(rows, names, headed=headed)
    found = guess(rows, COLUMNS, TESTS, NEEDED)
    if found.headed:
        return found
    return _with_names(found)


def _with_names(found: Guess) -> Guess:
    """Give the columns of words that are left a meaning by where they stand: a city before its state, else a name."""
    columns = list(found.columns)
    after = min((columns.index(name) for name in ("state", "state_zip", "postal_code") if name in columns), default=0)
    sample = found.rows[:50]

    def words(index: int) -> bool:
        return not columns[index] and any(row[index] for row in sample)

    if after and words(after - 1) and all(_WORDS.fullmatch(row[after - 1]) for row in sample if row[after - 1]):
        columns[after - 1] = "city"
    left = [index for index in range(len(columns)) if words(index)]
    if left:
        columns[left[0]] = "label"
    known = {"city", "postal_code", "state_zip"} & set(columns)
    return Guess(tuple(columns), found.rows, headed=False, sure=bool(known) and len(left) <= 1)


def tidied(rows: Iterable[Mapping[str, str]], known: Iterable[Site], country: str) -> Tidied:
    """Return rows as the import takes them.

    States become codes, ZIP codes get back the zero that a spreadsheet took, a missing ``country`` (code) is added, a
    missing name made of the address; equal rows are one, and a row with the address of a known site is that site.
    """
    book = list(known)
    by_address = {_address(_details(site)): site for site in book if site.street}
    by_label = {site.label.casefold(): site for site in book}
    done: list[dict[str, str]] = []
    doubled = recognized = 0
    for given in rows:
        row = _row(given, country)
        site = by_address.get(_address(row)) if row.get("street") else None
        site = site or by_label.get(row["label"].casefold())
        if site is not None:
            recognized += 1
            row = {**_details(site), **{name: cell for name, cell in row.items() if cell}, "label": site.label}
        if row in done:
            doubled += 1
        else:
            done.append(row)
    return Tidied(tuple(done), doubled, recognized)


def _row(given: Mapping[str, str], country: str) -> dict[str, str]:
    row = {name: cell.strip() for name, cell in given.items()}
    both = _STATE_ZIP.fullmatch(row.pop("state_zip", ""))
    if both:
        row["state"], row["postal_code"] = both[1].upper(), both[2]
    row["country"] = _COUNTRIES.get(plain(row.get("country", "")), row.get("country", "").upper()) or country
    if row["country"] == "US":
        state = row.get("state", "")
        row["state"] = _STATES.get(plain(state), state.upper())
        row["postal_code"] = _whole_zip(row.get("postal_code", ""), row["state"])
    if not row.get("label"):
        row["label"] = ", ".join(filter(None, (row.get("street", ""), row.get("city", ""), row.get("postal_code", ""))))
    row["label"] = row["label"][:100]
    return row


def _whole_zip(code: str, state: str) -> str:
    """Return a ZIP code with the zeros that a spreadsheet cut off, where that is a place of the state."""
    if not code.isdecimal() or len(code) not in {3, 4}:
        return code
    place = zip_place(code.zfill(5))
    return place.code if place is not None and state in {"", place.state} else code


def _details(site: Site) -> dict[str, str]:
    values = {name: getattr(site, name) for name in SITE_COLUMNS}
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _address(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(plain(row.get(name, "")) for name in ("street", "city", "state", "country"))


def speed_mbps(cell: str) -> str:
    """Return a speed as a number of Mbps ('1 Gbps' is 1000); as it was written where it is none."""
    found = _SPEED.fullmatch(cell.strip().replace(",", ""))
    if not found:
        return cell
    number = float(found[1]) * float(_FACTORS[(found[2] or "m").lower()])
    return f"{number:.6f}".rstrip("0").rstrip(".")


def service_code(catalogue: Catalogue, cell: str) -> str:
    """Return the code of a service type by its code or name, whatever the spelling; as written where it is none."""
    wanted = plain(cell)
    for family in catalogue.families:
        for kind in family.service_types:
            if wanted in {plain(kind.code), plain(kind.name), plain(kind.code.partition(".")[2]), *_short(kind.name)}:
                return kind.code
    return cell


def _short(name: str) -> set[str]:
    """Return the initials of a name of several words: 'DIA' for dedicated Internet access."""
    initials = "".join(word[0] for word in name.split())
    return {plain(initials)} if len(initials) > 1 else set()
