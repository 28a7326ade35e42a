"""The words of notices: complete in every language, checked when they are changed, told to each reader in its own."""

import re
from datetime import timedelta
from email import message_from_string
from email.policy import default
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.reactions import catch_up
from marketplace.terminals.browser import LOCALES
from marketplace.wiring import Marketplace
from notifications import gsm, languages, table
from notifications.languages import Language
from notifications.mail.frames import FRAMES
from notifications.row import FACTS, Audience, ForBuyer, ForProvider, Row, Wording, lots_in_words, words
from notifications.wording import rules, service
from notifications.wording.german import GERMAN
from notifications.wording.service import WordingMovedError
from tests.factories import SignedIn, a_user
from tests.notifications.mail_made import a_desk, rows, send_all, tell

LINK = "https://market.example/t/ntc_7xk2mq4vbe3n6rjd5w2hza"


def row(event: str, audience: Audience) -> Row:
    return service.row_of(event, audience)


DIGEST = row("digest.made", Audience.PROVIDER)
DISTRIBUTED = row("request.distributed", Audience.BUYER)


# ---- the words of the house


def test_pages_and_notices_speak_the_same_languages() -> None:
    assert tuple(Language) == LOCALES
    assert set(FRAMES) == set(languages.NAMES) == set(Language)


def test_every_row_has_german_words_and_no_words_are_left_over() -> None:
    assert set(GERMAN) == {(one.event, one.audience) for one in table.ROWS}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("one", table.ROWS, ids=lambda one: f"{one.event} to {one.audience}")
def test_the_words_of_the_house_are_such_as_an_admin_could_write_and_fit_into_a_text(
    one: Row, language: Language
) -> None:
    wording = service.default_of(one, language)
    rules.check(one, wording)
    assert all(words(wording, FACTS[one.audience](), language))
    assert (gsm.septets(gsm.body_of(wording.title, LINK)) or 999) <= gsm.ONE_TEXT
    assert gsm.body_of(wording.title, LINK).startswith(wording.title)


def test_german_is_not_english_left_over() -> None:
    same = [one.event for one in table.ROWS if GERMAN[one.event, one.audience].text == one.text]
    assert same == []


def test_lots_are_counted_in_the_reader_s_language() -> None:
    assert lots_in_words(("T1", "T2"), Language.DE) == "T1, T2"
    assert lots_in_words(tuple(f"T{number}" for number in range(300)), Language.DE) == "300 Lose"
    assert lots_in_words((), Language.DE) == "kein Los"
    assert words(Wording("Neu", "{lots}"), ForProvider(lots=()), Language.DE) == ("Neu", "kein Los")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", Language.EN),
        ("de", Language.DE),
        ("de-AT,de;q=0.9,en;q=0.8", Language.DE),
        ("en-GB,de;q=0.9", Language.EN),
        ("en;q=0.2, DE;q=0.3", Language.DE),
        ("fr, de;q=0.1", Language.DE),
        ("fr;q=x, de;q=0", Language.EN),
        ("*", Language.EN),
        (";;,=,q", Language.EN),
    ],
)
def test_the_language_that_a_header_wants_most(header: str, language: Language) -> None:
    assert languages.wanted(header) is language


# ---- what may be written


def told(one: Row, title: str, text: str) -> list[tuple[str, str]]:
    with pytest.raises(MalformedError) as refused:
        rules.check(one, Wording(title, text))
    return [(error.pointer, error.message) for error in refused.value.errors]


def test_an_unknown_placeholder_is_refused_and_the_right_ones_are_named() -> None:
    ((pointer, message),) = told(DIGEST, "News", "For {buyer}: {requests}.")
    assert pointer == "/text"
    assert message == "{buyer} is no placeholder here: use {requests}"


def test_a_missing_placeholder_is_refused_and_named() -> None:
    ((_, message),) = told(DIGEST, "News", "There is something new.")
    assert message == "{requests} is missing: without it a reader does not learn how many requests the digest is about"
    rules.check(DISTRIBUTED, Wording("News", "{invited} providers, {declined} declined: {title}"))


@pytest.mark.parametrize(
    "text",
    [
        "{requests.__class__}",
        "{requests!r}",
        "{requests:>99999999}",
        "{requests[0]}",
        "{}",
        "{0}",
        "{requests",
        "requests}",
        "{requests} {",
        "{pseudonym} {requests}",
        "",
        "x" * 601,
    ],
)
def test_whatever_reaches_for_more_than_a_fact_is_refused(text: str) -> None:
    assert {pointer for pointer, _ in told(DIGEST, "News", text)} == {"/text"}


@pytest.mark.parametrize("title", ["", "  ", "a\nb", "x" * 81, "{requests}", "brace }"])
def test_a_title_is_one_plain_line(title: str) -> None:
    assert {pointer for pointer, _ in told(DIGEST, title, "{requests}")} == {"/title"}


def test_a_provider_is_no_placeholder_before_the_bids_are_open_and_a_carrier_never_gets_the_title() -> None:
    assert "provider" not in rules.placeholders(row("bid.placed", Audience.BUYER))
    assert "provider" in rules.placeholders(row("award.confirmed", Audience.BUYER))
    carriers = {Audience.INVITED, Audience.CALLED, Audience.PROVIDER}
    allowed = {name for one in table.ROWS if one.audience in carriers for name in rules.placeholders(one)}
    assert allowed == {"pseudonym", "lots", "requests"}
    for one in table.ROWS:
        assert set(rules.needed(one)) <= set(rules.placeholders(one)) <= set(FACTS[one.audience].__slots__)
        assert set(rules.placeholders(one)) <= set(rules.PLACEHOLDERS)


def test_braces_of_a_buyer_s_own_are_only_characters() -> None:
    said = words(Wording("x", "{title}"), ForBuyer(title="{provider} {0}"), Language.DE)
    assert said == ("x", "{provider} {0}")


# ---- told and edited


@pytest.fixture
def admin(market: Marketplace) -> SignedIn:
    return a_user(market, Kind.PLATFORM)


def by_form(client: TestClient, path: str, reader: SignedIn, **fields: Any) -> Any:
    headers = reader.headers | {"Sec-Fetch-Site": "same-origin"}
    return client.post(path, data=fields, headers=headers, follow_redirects=False)


def titles(client: TestClient, reader: SignedIn, language: str = "") -> list[tuple[str, str]]:
    answer = client.get("/notices", headers=reader.headers | {"Accept-Language": language})
    assert answer.headers["content-language"] == (language or "en")
    return [(one["title"], one["text"]) for one in answer.json()["items"]]


def test_each_reader_is_told_in_its_own_language_on_pages_in_mails_and_by_the_api(
    client: TestClient, market: Marketplace
) -> None:
    desk = a_desk(market)
    colleague = a_desk(market, UserRole.ADMIN, desk)
    assert by_form(client, "/preferences", desk, locale="de", back="/account").status_code == 303
    client.cookies.clear()
    chosen = client.get("/notices/preferences", headers=desk.headers).json()
    assert chosen["language"] == "de"
    tell(market, desk)
    catch_up(market.workshop)
    english = ("Your digest", "New requests since the last one that you have not opened: 3.")
    german = ("Ihre Übersicht", "Neue Anfragen seit der letzten Übersicht, die Sie nicht geöffnet haben: 3.")
    assert titles(client, desk) == [english]
    assert titles(client, desk, "de") == [german]
    page = client.get("/account/notices", headers=desk.headers | {"Accept-Language": "de"}).text
    assert german[1] in page
    assert english[1] not in page
    send_all(market)
    mails = {row.address: row for row in rows(market, "SELECT address, subject, source FROM market.kept_mails")}
    assert mails[colleague.email].subject == "Your digest"
    assert "See it" in mails[colleague.email].source
    assert 'html lang=3D"de"' in mails[desk.email].source
    assert "Keine E-Mail mehr" in mails[desk.email].source
    assert "See it" not in mails[desk.email].source
    plain = message_from_string(mails[desk.email].source, policy=default).get_body(("plain",))
    assert plain is not None
    (link,) = re.findall(r"/n/[\w-]+", str(plain.get_content()))
    assert german[1] in client.get(link, headers={"Accept-Language": "de"}).text
    assert english[1] in client.get(link).text


def test_edited_words_are_told_from_then_on_and_can_be_taken_back(
    client: TestClient, market: Marketplace, admin: SignedIn, clock: StagedClock
) -> None:
    desk = a_desk(market)
    path = "/o/texts/digest.made/provider/en"
    page = client.get(path, headers=admin.headers).text
    assert "{requests}" in page
    assert "New requests since the last one that you have not opened: 3." in page, "the preview"
    typed = {"title": "Fresh work", "text": "Fresh: {requests}.", "number": "0"}
    shown = by_form(client, path, admin, act="preview", **typed)
    assert (shown.status_code, "Fresh: 3." in shown.text) == (200, True)
    assert "Fresh work: http" in shown.text, "the text message"
    refused = by_form(client, path, admin, act="save", **typed | {"text": "Fresh: {request}."})
    assert (refused.status_code, "is no placeholder here: use {requests}" in refused.text) == (422, True)
    assert "Fresh: {request}." in refused.text, "what was typed stays"
    tell(market, desk)
    catch_up(market.workshop)
    assert by_form(client, path, admin, act="save", **typed).status_code == 303
    stale = by_form(client, path, admin, act="save", **typed)
    assert (stale.status_code, "Somebody has saved other words meanwhile" in stale.text) == (409, True)
    tell(market, desk, count=4)
    catch_up(market.workshop)
    assert titles(client, desk)[0] == ("Fresh work", "Fresh: 4.")
    assert titles(client, desk)[1][0] == "Your digest", "what was told stays as it was"
    assert titles(client, desk, "de")[0][0] == "Ihre Übersicht"
    listed = client.get("/o/texts?audience=provider", headers=admin.headers).text
    assert "Fresh work" in listed
    clock.now += timedelta(hours=1)
    assert by_form(client, path, admin, act="reset", number="1").status_code == 303
    tell(market, desk, count=5)
    catch_up(market.workshop)
    assert titles(client, desk)[0][0] == "Your digest"
    assert by_form(client, path, admin, act="reset", number="2").status_code == 409
    found = rows(market, "SELECT data FROM kernel.journal WHERE type = 'wording.changed' ORDER BY id")
    assert [(one.data["number"], one.data["default"]) for one in found] == [(1, False), (2, True)]
    versions = client.get(path, headers=admin.headers).text
    assert "Robin Vale" in versions
    assert "Fresh work" in versions


def test_edited_words_are_told_to_many_at_once_too(market: Marketplace, admin: SignedIn) -> None:
    with market.workshop.work(admin.principal) as work:
        service.save(
            work, service.edition(work, "digest.made", "the provider concerned", "de"), Wording("N", "{requests}"), 0
        )
        with pytest.raises(WordingMovedError):
            service.save(
                work,
                service.edition(work, "digest.made", "the provider concerned", "de"),
                Wording("N", "{requests}"),
                0,
            )
    tell(market, a_desk(market), a_desk(market))
    catch_up(market.workshop)
    found = rows(market, "SELECT title, translations FROM market.notices")
    assert [(one.title, one.translations) for one in found] == [("Your digest", {"de": ["N", "3"]})] * 2


def test_only_the_platform_s_admins_see_the_editor_and_unknown_notices_are_not_found(
    client: TestClient, market: Marketplace, admin: SignedIn
) -> None:
    assert client.get("/o/texts", headers=a_desk(market).headers).status_code == 403
    agent = a_user(market, Kind.PLATFORM, UserRole.AGENT)
    assert client.get("/o/texts/digest.made/provider/en", headers=agent.headers).status_code == 403
    every = client.get("/o/texts", headers=admin.headers).text
    assert every.count('<tr><th scope="row">') == len(table.ROWS)
    for path in (
        "digest.made/buyer/en",
        "nothing.happened/buyer/en",
        "digest.made/provider/fr",
        "digest.made/nobody/en",
    ):
        assert client.get(f"/o/texts/{path}", headers=admin.headers).status_code == 404
