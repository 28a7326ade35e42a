"""What a row's words may hold: pure checks, the placeholders that each row has, and facts for a preview."""

from collections.abc import Mapping
from string import Formatter

from marketplace.kernel.errors import FieldError, MalformedError
from notifications import gsm
from notifications.languages import Language
from notifications.row import (
    AFTER_THE_OPENING,
    Audience,
    Facts,
    ForBuyer,
    ForPlatform,
    ForProvider,
    Row,
    Subject,
    Wording,
    words,
)
from notifications.wording.model import Preview

LONGEST_TITLE = 80
LONGEST_TEXT = 600
PLACEHOLDERS: Mapping[str, str] = {
    "title": "the title of the request, as its buyer wrote it",
    "lots": "the references of the lots concerned, or how many they are",
    "provider": "the name of the provider",
    "invited": "how many providers have received the request",
    "declined": "how many of them declined it",
    "pseudonym": "the buyer's name for this request alone",
    "requests": "how many requests the digest is about",
}
"""Every placeholder, and what stands in its place."""
_EXAMPLE_LINK = "/t/ntc_7xk2mq4vbe3n6rjd5w2hza"


def placeholders(row: Row) -> tuple[str, ...]:
    """Return what a row's text may be made from: facts that its audience may know and that this event has."""
    known = set(_asked_for(row.text))
    if row.audience is Audience.BUYER and row.subject in {Subject.REQUEST, Subject.CONTRACT}:
        known |= {"title", "invited", "declined"}
        if row.event in AFTER_THE_OPENING:
            known.add("provider")
    elif row.audience is not Audience.PLATFORM and row.subject in {Subject.INVITATION, Subject.CONTRACT}:
        known.add("pseudonym")
    return tuple(name for name in PLACEHOLDERS if name in known)


def needed(row: Row) -> tuple[str, ...]:
    """Return the placeholders that a row's text must have: those of its default."""
    asked = set(_asked_for(row.text))
    return tuple(name for name in PLACEHOLDERS if name in asked)


def check(row: Row, wording: Wording) -> None:
    """Check words that somebody wrote for a row. Raises MalformedError, which says what would be right.

    A title has no placeholder: it is the subject of mails and all that a text message says.
    """
    problems = [*_check_title(wording.title), *_check_text(row, wording.text)]
    if problems:
        raise MalformedError(errors=tuple(problems))


def _check_title(title: str) -> list[FieldError]:
    problems = []
    if not title.strip() or len(title) > LONGEST_TITLE or "\n" in title:
        problems.append(FieldError("/title", f"write one line of 1 to {LONGEST_TITLE} characters"))
    if "{" in title or "}" in title:
        told = "takes no placeholders: it is the subject of mails and the text message, which tell nothing of a deal"
        problems.append(FieldError("/title", told))
    return problems


def _check_text(row: Row, text: str) -> list[FieldError]:
    if not text.strip() or len(text) > LONGEST_TEXT:
        return [FieldError("/text", f"write 1 to {LONGEST_TEXT} characters")]
    allowed = placeholders(row)
    hint = f"use {_listed(allowed)}" if allowed else "this notice has none"
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return [FieldError("/text", f"has a brace that is not closed or not opened; of placeholders, {hint}")]
    problems = []
    asked = set()
    for _, name, form, conversion in parts:
        if name is None:
            continue
        if name not in allowed or form or conversion:
            problems.append(FieldError("/text", f"{_written(name, form, conversion)} is no placeholder here: {hint}"))
        asked.add(name)
    missing = [name for name in needed(row) if name not in asked]
    if missing and not problems:
        told = f"{_listed(missing)} is missing: without it a reader does not learn {PLACEHOLDERS[missing[0]]}"
        problems.append(FieldError("/text", told))
    return problems


def sample(row: Row) -> Facts:
    """Return invented facts of the kind that a row's audience has."""
    if row.audience is Audience.BUYER:
        provider = "Blue Fiber" if row.event in AFTER_THE_OPENING else ""
        return ForBuyer("Voice and Internet for 12 branches", ("T1", "T2"), provider, invited=14, declined=2)
    if row.audience is Audience.PLATFORM:
        return ForPlatform("Blue Fiber")
    return ForProvider("Buyer K7-204", ("T1", "T2"), requests=3)


def preview(row: Row, wording: Wording, language: Language, address: str) -> Preview:
    """Return what a reader would be told with words that were checked. ``address``: of the marketplace."""
    title, text = words(wording, sample(row), language)
    message = gsm.body_of(title, address + _EXAMPLE_LINK)
    characters = gsm.septets(message)
    if characters is not None:
        return Preview(title, text, message, characters, 1)
    return Preview(title, text, message, len(message), 2 if len(message) > gsm.ONE_WIDE_TEXT else 1)


def _asked_for(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name]


def _listed(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _written(name: str, form: str | None, conversion: str | None) -> str:
    return "{" + name + (f"!{conversion}" if conversion else "") + (f":{form}" if form else "") + "}"
