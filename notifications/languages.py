"""The languages in which readers are told, and which of them somebody wants."""

from enum import StrEnum


class Language(StrEnum):
    """A language of notices and mails, by its tag (RFC 5646). English is complete and stands in for the others."""

    EN = "en"
    DE = "de"


OTHERS = tuple(language for language in Language if language is not Language.EN)
NAMES = {Language.EN: "English", Language.DE: "Deutsch"}
"""What each is called by who speaks it."""
_MOST_WANTED = 10


def wanted(accept_language: str) -> Language:
    """Return the language that an ``Accept-Language`` header (RFC 9110, section 12.5.4) wants most, of those we have.

    What can't be read counts for nothing.
    """
    found: list[tuple[float, int, Language]] = []
    for number, part in enumerate(accept_language.split(",")[:_MOST_WANTED]):
        tag, _, weight = part.partition(";")
        known = tag.strip().lower().partition("-")[0]
        try:
            quality = float(weight.partition("=")[2]) if weight.strip() else 1.0
        except ValueError:
            continue
        if known in set(Language) and 0 < quality <= 1:
            found.append((-quality, number, Language(known)))
    return min(found)[2] if found else Language.EN
