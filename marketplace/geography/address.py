"""An address as it is compared: country, subdivision, postal code and street in one way of writing."""

import re
import unicodedata
from dataclasses import dataclass

ZIP_COUNTRIES = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
"""Countries (ISO 3166-1) whose postal codes are ZIP codes of the United States Postal Service."""

ZIP_DIGITS = 5
"""A ZIP code names a place with five digits; the four of a ZIP+4 name a side of a street."""

_WORDS = re.compile(r"[^\W_]+")
_SHORT = {
    "alley": "aly",
    "avenue": "ave",
    "boulevard": "blvd",
    "circle": "cir",
    "court": "ct",
    "drive": "dr",
    "expressway": "expy",
    "freeway": "fwy",
    "heights": "hts",
    "highway": "hwy",
    "lane": "ln",
    "mount": "mt",
    "parkway": "pkwy",
    "place": "pl",
    "plaza": "plz",
    "road": "rd",
    "route": "rte",
    "saint": "st",
    "square": "sq",
    "street": "st",
    "terrace": "ter",
    "trail": "trl",
    "turnpike": "tpke",
    "north": "n",
    "northeast": "ne",
    "northwest": "nw",
    "south": "s",
    "southeast": "se",
    "southwest": "sw",
    "east": "e",
    "west": "w",
}
"""Words that are written out or shortened at will: the usual ones of USPS Publication 28, appendices B and C1."""
_POST_BOX = re.compile(r"(p ?o|post office|postal) box\b|postfach\b|(boite|case) postale\b|apartado\b")
_UNITS = frozenset({"apt", "apartment", "floor", "fl", "rm", "room", "ste", "suite", "unit"})


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is, as far as it is known.

    ``country`` is ISO 3166-1 alpha-2, ``state`` its subdivision without the country ('CA'); ``latitude`` and
    ``longitude`` are degrees (WGS 84).
    """

    country: str
    state: str = ""
    city: str = ""
    postal_code: str = ""
    street: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def point(self) -> tuple[float, float] | None:
        """Latitude and longitude in degrees, where both are given."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


def country_code(country: str) -> str:
    """Return a country as territories write it: 'US'."""
    return country.strip().upper()


def state_code(country: str, state: str) -> str:
    """Return a subdivision as territories write it ('US-CA'); empty where none is given."""
    subdivision = state.strip().upper()
    return f"{country_code(country)}-{subdivision}" if subdivision else ""


def postal_code(country: str, code: str) -> str:
    """Return a postal code as territories write it, letters and digits only ('CA-M5V2T6'); empty without any."""
    bare = "".join(character for character in code.upper() if character.isalnum())
    return f"{country_code(country)}-{bare}" if bare else ""


def postal_area(country: str, code: str) -> str:
    """Return the postal code that names a place: like ``postal_code``, of a ZIP+4 the first five digits."""
    whole = postal_code(country, code)
    return whole[: 3 + ZIP_DIGITS] if country_code(country) in ZIP_COUNTRIES else whole


def street_line(street: str) -> str:
    """Return a street with house number in one way of writing, without floor and suite; empty where none is given.

    '1 Market Street, Suite 300' and '1 MARKET ST' are the same building. A post-office box is none.
    """
    plain = "".join(mark for mark in unicodedata.normalize("NFKD", street) if not unicodedata.combining(mark))
    said = _WORDS.findall(plain.casefold())
    if _POST_BOX.match(" ".join(said)):
        return ""
    words: list[str] = []
    for word in said:
        if words and word in _UNITS:
            break
        words.append(_SHORT.get(word, word))
    return " ".join(words)
