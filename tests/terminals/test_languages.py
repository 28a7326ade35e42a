"""The second language: its catalogue is sound, its pages are written in it, and what is missing stands in English."""

import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient

from marketplace.terminals.browser import LOCALES, Preferences
from marketplace.terminals.rendering import Customs, gettext

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "marketplace" / "terminals" / "locale"
OTHERS = LOCALES[1:]
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%(?!\()")
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
MUST = ("navigation.py", "templates/layouts/", "templates/account/sign_in.html", "templates/errors/")
"""Where every reader comes by: translated completely."""


def read(path: Path) -> Catalog:
    with path.open("rb") as source:
        return read_po(source)


def catalogue(locale: str) -> Catalog:
    return read(CATALOGUES / locale / "LC_MESSAGES" / "messages.po")


def texts(message: Message) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the forms of the original and those of its translation that are there."""
    original = message.id if isinstance(message.id, tuple | list) else (message.id,)
    translated = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return tuple(original), tuple(text for text in translated if text)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the pages say today, with the files that say it; a template that does not parse fails here."""
    file = tmp_path_factory.mktemp("messages") / "messages.pot"
    command = [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "pyproject.toml", "-k", "words"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "-o", str(file), "marketplace"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return read(file)


@pytest.mark.parametrize("locale", OTHERS)
def test_translations_keep_the_placeholders_of_the_original(locale: str) -> None:
    wrong = []
    for message in catalogue(locale):
        original, translated = texts(message)
        allowed = [Counter(_PLACEHOLDER.findall(text)) for text in original]
        wrong += [text for text in translated if message.id and Counter(_PLACEHOLDER.findall(text)) not in allowed]
    assert wrong == []


@pytest.mark.parametrize("locale", OTHERS)
def test_no_translation_is_a_guess(locale: str) -> None:
    found = catalogue(locale)
    assert [message.id for message in found if message.fuzzy and message.id] == []
    half = [message.id for message in found if 0 < len(texts(message)[1]) < len(texts(message)[0])]
    assert half == [], "a plural is translated in all its forms, or not at all"


@pytest.mark.parametrize("locale", OTHERS)
def test_what_every_reader_comes_by_is_translated(extracted: Catalog, locale: str) -> None:
    known = catalogue(locale)
    missing = [
        message.id
        for message in extracted
        if message.id and any(part in file for file, _ in message.locations for part in MUST)
        if not (found := known.get(message.id)) or not texts(found)[1]
    ]
    assert missing == [], "translate these: make messages, then the catalogue"


def test_a_page_in_german_is_german(client: TestClient) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert '<html lang="de"' in page.text
    assert all(word in page.text for word in ("Anmelden", "Passwort", "Zum Inhalt springen"))
    assert "Sign in" not in page.text
    client.cookies.set("locale", "de")
    chosen = client.get("/register", headers={"Accept-Language": "en"})
    assert all(word in chosen.text for word in ("Name der Firma", "Konto anlegen", "Deutschland"))


def test_english_stands_in_where_a_text_is_missing() -> None:
    assert gettext(Preferences("de"))("A sentence that nobody has translated.").startswith("A sentence")
    assert gettext(Preferences("de"))("Requests") == "Anfragen"


def test_money_numbers_and_dates_are_written_as_the_reader_writes_them() -> None:
    german = Customs(Preferences("de", "Europe/Berlin"), NOW)
    english = Customs(Preferences("en", "America/Chicago"), NOW)
    assert german.money(Decimal("1234.5"), "EUR") == "1.234,50\xa0€"
    assert english.money(Decimal("1234.5"), "USD") == "$1,234.50"
    assert (german.number(Decimal("12345.6")), english.number(Decimal("12345.6"))) == ("12.345,6", "12,345.6")
    assert (german.percent(Decimal("0.286")), english.percent(Decimal("0.286"))) == ("28,6\xa0%", "28.6%")
    assert (german.day(NOW), english.day(NOW)) == ("2. Nov. 2026", "2 Nov 2026")
    assert "13:00 MEZ" in german.when(NOW)
    assert "06:00 CST" in english.when(NOW)
