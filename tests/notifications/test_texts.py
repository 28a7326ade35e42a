"""Text messages over a real gateway on this machine: one that takes them, fails, dawdles, says when, or is dead."""

import base64
import re
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_string
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database, DatabaseRole
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from notifications import health, outward
from notifications.groups import Group
from notifications.preferences import service as preferences
from notifications.preferences.model import Preferences, TextChoice
from notifications.texting import numbers, rules, sending
from notifications.texting.model import Fate
from notifications.texting.numbers import CodeJustSentError, CodeUsedUpError, NoTextsError, TooManyCodesError
from notifications.webhooks.events import WebhookDisabled
from notifications.webhooks.model import Because
from tests.factories import SignedIn, a_user, as_owner
from tests.notifications.mail_made import a_desk, a_free_port, a_market, rows, tell
from tests.notifications.receivers import Answer, Receiver, receiving

CODE = re.compile(r"\b[0-9]{6}\b")


@pytest.fixture
def gateway() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def texting(database: Database, settings: Settings, clock: StagedClock, gateway: Receiver) -> Marketplace:
    return a_market(database, to_gateway(settings, gateway.url, text_gateway_token="letters-and-figures"), clock)


def to_gateway(settings: Settings, url: str, **more: Any) -> Settings:
    update = {"text_gateway_url": url, "public_url": "https://market.example", "text_timeout_seconds": 30}
    return Settings.model_validate(settings.model_dump() | update | more)


def send_all(market: Marketplace) -> int:
    tried = 0
    while now := sending.send_due(market.workshop):
        tried += now
    return tried


def statuses(market: Marketplace) -> Counter[str]:
    return Counter(row[0] for row in rows(market, "SELECT status FROM market.text_deliveries WHERE purpose = 'notice'"))


def with_phone(market: Marketplace, reader: SignedIn, number: str = "+12125550100") -> SignedIn:
    """Let a user have a confirmed phone, and all that needs it come there."""
    principal = reader.principal
    with as_owner(market) as connection:
        connection.execute(
            text(
                "INSERT INTO market.phone_numbers (user_id, organization_id, number, set_at, confirmed_at, code,"
                " code_attempts) VALUES (:user, :organization, :number, now(), now(), '', 0)"
            ),
            {"user": principal.user_id, "organization": principal.organization_id, "number": number},
        )
    with market.workshop.work() as work:
        chosen = Preferences(texts={Group.REQUESTS: TextChoice.NEEDED})
        preferences.keep(work, principal.user_id, principal.organization_id, chosen)
    return reader


def desks(market: Marketplace, count: int) -> list[SignedIn]:
    return [with_phone(market, a_desk(market), f"+121255501{number:02}") for number in range(count)]


def happens(market: Marketplace, *told: SignedIn, count: int = 3) -> None:
    tell(market, *told, count=count)
    catch_up(market.workshop)


def test_a_text_is_a_title_and_a_link_and_tells_the_gateway_nothing_else(
    texting: Marketplace, gateway: Receiver
) -> None:
    told, _other = desks(texting, 2)
    a_desk(texting, of=told)  # a colleague without a phone
    happens(texting, told)
    assert send_all(texting) == 1
    (received,) = gateway.received
    ((notice_id,),) = rows(texting, "SELECT id FROM market.notices")
    assert received.content == {
        "id": received.headers["idempotency-key"],
        "from": "Tenderline",
        "to": "+12125550100",
        "text": f"Your digest: https://market.example/t/{notice_id}",
    }
    assert received.headers["authorization"] == "Bearer letters-and-figures"
    assert statuses(texting) == {"sent": 1}
    assert send_all(texting) == 0, "each is sent once"


def test_a_gateway_may_want_a_login_instead_of_a_token(
    database: Database, settings: Settings, clock: StagedClock, gateway: Receiver
) -> None:
    own = to_gateway(settings, gateway.url, text_gateway_user="us", text_gateway_password="secret", text_from="+1555")
    market = a_market(database, own, clock)
    happens(market, *desks(market, 1))
    send_all(market)
    (received,) = gateway.received
    assert received.headers["authorization"] == "Basic " + base64.b64encode(b"us:secret").decode()
    assert received.content["from"] == "+1555"


def test_what_goes_wrong_calls_the_platform_s_admins_out(texting: Marketplace, gateway: Receiver) -> None:
    with_phone(texting, a_user(texting, Kind.PLATFORM))
    with_phone(texting, a_user(texting, Kind.PLATFORM, UserRole.AGENT), "+12125550101")
    with texting.workshop.work() as work:
        work.append(WebhookDisabled("whk_1", None, None, Because.FAILING))
    catch_up(texting.workshop)
    send_all(texting)
    assert [one.content["to"] for one in gateway.received] == ["+12125550100"]


def test_a_gateway_that_fails_a_third_of_the_time_loses_nothing_and_gets_the_same_id_again(
    texting: Marketplace, gateway: Receiver, clock: StagedClock
) -> None:
    told = desks(texting, 12)
    gateway.answer = lambda number, _message: Answer(503 if number % 3 == 0 else 202)
    happens(texting, *told)
    for _ in range(20):
        send_all(texting)
        clock.now += timedelta(minutes=15)
    assert statuses(texting) == {"sent": 12}
    taken = Counter(one.content["id"] for one in gateway.taken)
    assert set(taken.values()) == {1}
    assert {one.content["id"] for one in gateway.received} == set(taken)


def test_retry_after_is_kept_for_all_texts(texting: Marketplace, gateway: Receiver, clock: StagedClock) -> None:
    told = desks(texting, 3)
    gateway.answer = lambda _number, _message: Answer(429, {"Retry-After": "1200"})
    happens(texting, told[0])
    send_all(texting)
    happens(texting, told[1])
    with texting.workshop.work() as work:
        outward.plan(work, 0)
    gateway.answer = lambda _number, _message: Answer(200)
    clock.now += timedelta(minutes=19)
    happens(texting, told[2])
    assert send_all(texting) == 2, "what came later asks once more"
    assert {one.content["to"] for one in gateway.taken} == {"+12125550101", "+12125550102"}
    clock.now += timedelta(minutes=1)
    assert send_all(texting) == 1
    assert len(gateway.received) == 4


def test_one_answer_that_takes_long_delays_nobody_else(texting: Marketplace, gateway: Receiver) -> None:
    told = desks(texting, 8)
    go_on = threading.Event()
    gateway.answer = lambda _number, message: Answer(
        200, hold=go_on if message.content["to"] == "+12125550100" else None
    )
    happens(texting, *told)
    thread = threading.Thread(target=send_all, args=[texting])
    thread.start()
    try:
        for _ in range(1200):
            if statuses(texting)["sent"] == 7:
                break
            threading.Event().wait(0.05)
        assert statuses(texting) == {"sent": 7, "sending": 1}
    finally:
        go_on.set()
        thread.join()
    assert statuses(texting) == {"sent": 8}


def test_a_dead_gateway_delays_and_after_hours_a_text_is_given_up_and_can_be_sent_again(
    database: Database, settings: Settings, clock: StagedClock
) -> None:
    port = a_free_port()
    market = a_market(database, to_gateway(settings, f"http://127.0.0.1:{port}/hook"), clock)
    happens(market, *desks(market, 1))
    while statuses(market)["waiting"]:
        send_all(market)
        clock.now += timedelta(minutes=30)
    ((status, attempts, reason),) = rows(market, "SELECT status, attempts, last_error FROM market.text_deliveries")
    assert (status, attempts > 10) == ("given up", True)
    assert reason == "not sent in time: no connection to the gateway"
    with market.workshop.reading() as reading:
        (channel,) = [one for one in health.health(reading) if one.name == "text messages"]
    (trouble,) = channel.troubles
    assert (trouble.what, trouble.again, channel.counts) == ("Your digest", True, (("given up", 1),))
    assert "+1" not in repr(channel), "a list of failures calls nobody"
    with receiving(port=port) as gateway:
        with market.workshop.work(a_user(market, Kind.PLATFORM).principal) as work:
            health.resend(work, "text messages", trouble.id)
        send_all(market)
        assert [one.content["id"] for one in gateway.taken] == [trouble.id]


def test_killed_between_sending_and_recording_the_same_text_leaves_again(
    texting: Marketplace, gateway: Receiver, clock: StagedClock
) -> None:
    happens(texting, *desks(texting, 1))
    (message,) = sending.take(texting.workshop)
    with sending.channel_of(texting.workshop) as channel:
        assert channel.send(message).fate is Fate.SENT
    # here the process dies; nobody takes the text while its lease runs
    assert send_all(texting) == 0
    clock.now += rules.LEASE
    assert send_all(texting) == 1
    assert gateway.received[0].content == gateway.received[1].content
    assert statuses(texting) == {"sent": 1}


def test_a_reader_has_a_limited_number_of_texts_in_a_day(
    texting: Marketplace, gateway: Receiver, clock: StagedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "TEXTS_A_DAY", 2)
    (desk,) = desks(texting, 1)
    for count in range(1, 4):
        happens(texting, desk, count=count)
    send_all(texting)
    happens(texting, desk, count=4)
    send_all(texting)
    assert statuses(texting) == {"sent": 2, "skipped": 2}
    clock.now += timedelta(days=1, minutes=1)
    happens(texting, desk, count=9)
    send_all(texting)
    assert len(gateway.received) == 3


def test_who_left_or_took_the_phone_back_is_texted_no_more(texting: Marketplace, gateway: Receiver) -> None:
    gone, without, refused = desks(texting, 3)
    happens(texting, gone, without, refused)
    gateway.answer = lambda _number, _message: Answer(422)
    with as_owner(texting) as connection:
        connection.execute(
            text("UPDATE identity.users SET active = false WHERE id = :id"), {"id": gone.principal.user_id}
        )
    with as_owner(texting) as connection:
        connection.execute(
            text("DELETE FROM market.phone_numbers WHERE user_id = :id"), {"id": without.principal.user_id}
        )
    send_all(texting)
    assert statuses(texting) == {"dropped": 2, "refused": 1}
    assert len(gateway.received) == 1


# ---- phone numbers


def kept(market: Marketplace, number: str) -> list[str]:
    """Return what a phone was texted in development, the oldest first."""
    found = rows(market, "SELECT address, source FROM market.kept_mails ORDER BY at")
    return [str(message_from_string(row.source).get_payload()) for row in found if row.address == number]


def test_a_phone_is_confirmed_by_its_code_and_then_called_and_the_link_leads_there(
    client: TestClient, market: Marketplace
) -> None:
    desk = a_desk(market)
    assert client.get("/notices/phone", headers=desk.headers).status_code == 404
    answer = client.put("/notices/phone", json={"number": "+49 151 2345678"}, headers=desk.headers)
    assert answer.json()["confirmed_at"] is None
    send_all(market)
    (said,) = kept(market, "+491512345678")
    (code,) = CODE.findall(said)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    refused = client.post("/notices/phone/confirmation", json={"code": wrong}, headers=desk.headers)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/code")
    right = client.post("/notices/phone/confirmation", json={"code": f"{code[:3]} {code[3:]}"}, headers=desk.headers)
    assert right.status_code == 204
    assert client.get("/notices/phone", headers=desk.headers).json()["confirmed_at"] is not None
    body = {"texts": {"requests": "needed"}, "zone": "Europe/Berlin"}
    saved = client.put("/notices/preferences", json=body, headers=desk.headers).json()
    assert (saved["texts"]["requests"], saved["texts"]["auctions"]) == ("needed", "urgent")
    happens(market, desk)
    send_all(market)
    assert len(kept(market, "+491512345678")) == 2
    (link,) = re.findall(r"/t/ntc_\w+", kept(market, "+491512345678")[1])
    led = client.get(link, headers=desk.headers, follow_redirects=False)
    assert (led.status_code, led.headers["location"]) == (303, "/c")
    assert client.get(link, headers=a_desk(market).headers, follow_redirects=False).status_code == 404
    assert client.delete("/notices/phone", headers=desk.headers).status_code == 204
    names = {row[0] for row in rows(market, "SELECT type FROM kernel.journal")}
    assert names >= {"phone_number.confirmed", "phone_number.removed"}
    assert not rows(market, "SELECT 1 FROM kernel.journal WHERE data::text LIKE '%12345678%'")


def test_codes_end_after_five_guesses_and_ten_minutes_and_are_sent_a_limited_number_of_times(
    market: Marketplace, clock: StagedClock
) -> None:
    desk = a_desk(market)

    def ask() -> None:
        with market.workshop.work(desk.principal, DatabaseRole.APP) as work:
            numbers.set_number(work, "+1 212 555 0100")

    ask()
    with pytest.raises(CodeJustSentError):
        ask()
    for _ in range(rules.CODE_ATTEMPTS):
        with pytest.raises(MalformedError):
            numbers.confirm(market.workshop, desk.principal, "not it")
    send_all(market)
    (code,) = CODE.findall(kept(market, "+12125550100")[0])
    with pytest.raises(CodeUsedUpError):
        numbers.confirm(market.workshop, desk.principal, code)
    clock.now += timedelta(minutes=2)
    ask()
    send_all(market)
    (code,) = CODE.findall(kept(market, "+12125550100")[1])
    clock.now += rules.CODE_VALID
    with pytest.raises(CodeUsedUpError):
        numbers.confirm(market.workshop, desk.principal, code)
    for _ in range(rules.CODES_A_DAY - 2):
        clock.now += timedelta(minutes=2)
        ask()
    clock.now += timedelta(minutes=2)
    with pytest.raises(TooManyCodesError):
        ask()
    clock.now += timedelta(days=1)
    assert send_all(market) == 0, "a code that waited too long is of no use"


def test_without_a_gateway_nothing_is_texted_outside_of_development(
    database: Database, settings: Settings, clock: StagedClock
) -> None:
    own = Settings.model_validate(settings.model_dump() | {"profile": "staging", "secret": "s" * 40})
    market = a_market(database, own, clock)
    (desk,) = desks(market, 1)
    happens(market, desk)
    assert send_all(market) == 0
    assert not statuses(market)
    with market.workshop.reading() as reading:
        (channel,) = [one for one in health.health(reading) if one.name == "text messages"]
    assert channel.note == "Nothing is texted: MARKETPLACE_TEXT_GATEWAY_URL is not set."
    with pytest.raises(NoTextsError), market.workshop.work(desk.principal, DatabaseRole.APP) as work:
        numbers.set_number(work, "+1 212 555 0100")


def test_a_gateway_is_called_in_secret_outside_of_development() -> None:
    with pytest.raises(ValueError, match="MARKETPLACE_TEXT_GATEWAY_URL must begin with https"):
        Settings(
            _env_file=None,  # type: ignore[call-arg]
            profile="staging",  # type: ignore[arg-type]
            secret="s" * 40,  # type: ignore[arg-type]
            text_gateway_url="http://texts.example",
        )


def by_form(client: TestClient, path: str, reader: SignedIn, **fields: str) -> Any:
    headers = reader.headers | {"Sec-Fetch-Site": "same-origin"}
    return client.post(path, data=fields, headers=headers, follow_redirects=False)


def test_the_page_sets_a_phone_confirms_it_and_asks_what_comes_there(client: TestClient, market: Marketplace) -> None:
    desk = a_desk(market)
    path = "/account/notices/preferences"
    page = client.get(path, headers=desk.headers).text
    assert "Set and text the code" in page
    assert "texts.auctions" not in page
    wrong = by_form(client, "/account/notices/phone", desk, number="555 0100")
    assert wrong.status_code == 422
    assert "write it with the country" in wrong.text
    assert by_form(client, "/account/notices/phone", desk, number="+1 212 555 0100").status_code == 303
    send_all(market)
    (code,) = CODE.findall(kept(market, "+12125550100")[0])
    again = by_form(client, "/account/notices/phone/confirm", desk, code="0")
    assert (again.status_code, "is not the code that was sent last" in again.text) == (422, True)
    assert by_form(client, "/account/notices/phone/confirm", desk, code=code).status_code == 303
    page = client.get(path, headers=desk.headers).text
    assert 'name="texts.auctions"' in page
    chosen = {"zone": "UTC", "digest_at": "07:00", "texts.auctions": "off"}
    assert by_form(client, path, desk, **chosen).status_code == 303
    with market.workshop.reading() as reading:
        found = preferences.of_reader(reading, desk.principal.user_id)
    assert found.text_choice(Group.AUCTIONS) is TextChoice.OFF
    assert by_form(client, "/account/notices/phone", desk, act="remove").status_code == 303
    assert "Set and text the code" in client.get(path, headers=desk.headers).text
