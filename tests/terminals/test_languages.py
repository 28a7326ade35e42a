"""The second language: its catalogue is sound, its pages are written in it, and what is missing stands in English."""

import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from fastapi.testclient import TestClient
from pydantic import BaseModel, Field

from buyers.registry.model import VerificationStatus
from buyers.requests.auction_words import in_words
from buyers.requests.model import Status
from buyers.requests.presets import PRESETS, chosen
from marketplace.bidding.model import Status as LotStatus
from marketplace.contracts.model import ContractStatus
from marketplace.kernel.access import UserRole
from marketplace.kernel.errors import MalformedError
from marketplace.terminals import pages, sentences
from marketplace.terminals.browser import LOCALES, Preferences
from marketplace.terminals.codes import WORDS
from marketplace.terminals.problems import in_own_language
from marketplace.terminals.rendering import Customs, gettext
from sellers import key_terms
from sellers.key_terms import (
    AutoRenewal,
    Commitment,
    FeeForm,
    KeyTerms,
    PriceReview,
    ReviewForm,
    ServiceCredits,
    TerminationFee,
)
from sellers.model import ProviderStatus

ROOT = Path(__file__).parents[2]
CATALOGUES = ROOT / "marketplace" / "terminals" / "locale"
OTHERS = LOCALES[1:]
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|%(?!\()|\{\w+\}")
HERE = {"Sec-Fetch-Site": "same-origin"}
NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
TEXTS = re.search(r"^TEXTS := (.+)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
"""What ``make messages`` extracts."""
CODES = (Status, LotStatus, VerificationStatus, ProviderStatus, ContractStatus, UserRole)
"""What pages show by the filter ``word``."""


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
    """What the sources say today; a template that does not parse fails here."""
    assert TEXTS is not None
    file = tmp_path_factory.mktemp("messages") / "messages.pot"
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-o", str(file), *TEXTS[1].split()],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": "tools"},
        capture_output=True,
        text=True,
        check=False,
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
def test_the_catalogue_holds_what_the_sources_say_and_no_more(extracted: Catalog, locale: str) -> None:
    said, known = ({texts(message)[0] for message in one if message.id} for one in (extracted, catalogue(locale)))
    assert said - known == set(), "bring the catalogue up to date: make messages, then translate"
    assert known - said == set(), "nobody says these any more: make messages"


@pytest.mark.parametrize("locale", OTHERS)
def test_every_text_is_translated(locale: str) -> None:
    missing = [message.id for message in catalogue(locale) if message.id and not texts(message)[1]]
    assert missing == [], "translate these in the catalogue"


@pytest.mark.parametrize("value", [code.value for codes in CODES for code in codes])
def test_a_state_or_role_is_marked_for_translation(value: str) -> None:
    assert value[:1].upper() + value[1:].replace("_", " ") in WORDS


def test_a_page_in_german_is_german(client: TestClient) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": "de-AT, en;q=0.5"})
    assert '<html lang="de"' in page.text
    assert all(word in page.text for word in ("Anmelden", "Passwort", "Zum Inhalt springen"))
    assert "Sign in" not in page.text
    client.cookies.set("locale", "de")
    chosen = client.get("/register", headers={"Accept-Language": "en"})
    assert all(word in chosen.text for word in ("Name der Firma", "Konto anlegen", "Deutschland"))


def test_what_is_wrong_with_a_form_is_told_in_german(client: TestClient) -> None:
    client.cookies.set("locale", "de")
    wrong = client.post(
        "/sign-in", data={"email": "nobody@lakeshore.example", "password": "not-the-password-1"}, headers=HERE
    )
    assert "E-Mail oder Passwort ist falsch" in wrong.text
    empty = client.post("/register", data={}, headers=HERE)
    assert empty.status_code == 422
    assert "bitte ausfüllen" in empty.text
    assert "fill this in" not in empty.text


def test_a_limit_is_told_in_german_with_its_figure() -> None:
    class Step(BaseModel):
        seconds: Annotated[int, Field(ge=30)]

    with pytest.raises(MalformedError) as caught:
        pages.checked(Step, {"seconds": "5"})
    say = gettext(Preferences("de"))
    shown = in_own_language({"problem": caught.value, "errors": pages.errors_of(caught.value)}, say)
    assert shown["errors"] == {"seconds": "schreiben Sie 30 oder mehr"}
    assert shown["problem"].title == "Die Angaben sind nicht gültig"
    english = in_own_language({"problem": caught.value, "errors": {}}, str)
    assert [error.message for error in english["problem"].errors] == ["write 30 or more"]


def told(sentence: str, locale: str = "de") -> str:
    customs, say = Customs(Preferences(locale), NOW), gettext(Preferences(locale))
    return sentences.told(sentence, say, customs.money, customs.number, locale)


@pytest.mark.parametrize("code", PRESETS)
def test_the_rules_of_an_auction_are_told_in_german(code: str) -> None:
    rules = in_words(chosen({"preset": code, "ceiling": Decimal(50000), "min_bidders": 3}), "USD")
    assert rules
    assert [rule for rule in rules if told(rule) == rule] == []
    assert [told(rule, "en") for rule in rules] == list(rules)


def test_the_key_terms_of_a_carrier_are_told_in_german() -> None:
    terms = KeyTerms(
        AutoRenewal(renews=True, months=12),
        60,
        TerminationFee(FeeForm.PERCENT, Decimal("37.5")),
        Commitment(24, Decimal("1500.50")),
        PriceReview(ReviewForm.INDEX, Decimal(3), "CPI-U"),
        ServiceCredits(),
        payment_days=30,
    )
    for stated in (terms, None):
        words = key_terms.sentences(stated, "USD").values()
        assert [sentence for sentence in words if told(sentence) == sentence] == []


def test_a_sentence_of_another_room_is_told_with_the_readers_figures() -> None:
    assert told("The highest total cost taken for a lot is 50,000.25 USD.").endswith("sind 50.000,25\xa0$.")
    assert told("A bid has to be at least 0.5 % below the best price.").startswith("Ein Gebot muss mindestens 0,5\xa0%")
    moved = told("In the last 1 minute 30 seconds, any accepted bid moves the close to 3 minutes after the close.")
    assert "In den letzten 1 Minute 30 Sekunden verschiebt jedes angenommene Gebot das Ende auf 3 Minuten" in moved
    assert told("Nobody has ever written this.") == "Nobody has ever written this."


def test_codes_of_qualities_and_services_are_told_in_words() -> None:
    worth = "install_speed: days_30 0 USD, days_60 1,250.50 USD."
    assert told(worth, "en") == "Install speed: days 30 $0.00; days 60 $1,250.50."
    assert told(worth).endswith("days 60 1.250,50\xa0$.")
    assert told("sla: gold -5 points, none 0 points.", "en") == "Sla: gold -5 points; none 0 points."
    names = {"data.sd-wan": "SD-WAN"}
    reason = "2 of 3 sites ask for a line of data.sd-wan, data.unknown; at least 1 needed"
    assert sentences.by_name(reason, names) == reason.replace("data.sd-wan", "SD-WAN")


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
