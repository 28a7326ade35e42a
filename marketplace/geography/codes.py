"""Which codes of countries and their subdivisions exist (ISO 3166)."""

from functools import cache

import pycountry

_ALSO_USED = frozenset({"XK"})
"""Kosovo: user-assigned, and in use everywhere."""
_CHECKED = frozenset({"US", "CA"})
"""Countries whose subdivisions do not change: elsewhere the packaged list may be behind the times."""


@cache
def countries() -> frozenset[str]:
    """Return the codes of all countries ('US')."""
    return frozenset(country.alpha_2 for country in pycountry.countries) | _ALSO_USED


@cache
def _subdivisions() -> frozenset[str]:
    return frozenset(part.code for part in pycountry.subdivisions if part.country_code in _CHECKED)


def exists(code: str) -> bool:
    """Return whether a country ('US'), a subdivision ('US-CA') or a postal prefix's country is one."""
    return code.partition("-")[0] in countries()


def state_exists(code: str) -> bool:
    """Return whether a subdivision ('US-CA') is one, as far as we know."""
    return exists(code) and (code.partition("-")[0] not in _CHECKED or code in _subdivisions())
