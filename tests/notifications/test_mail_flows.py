"""From a notice to its reader's mailbox and back: links, choices, shared addresses, returned mail, the back office."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import text
from typer.testing import CliRunner

from marketplace.cli import mail as mail_commands
from marketplace.cli.main import app
from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.wiring import Marketplace
from notifications.mail import rules, service
from notifications.mail.model import ReturnKind
from tests.factories import SignedIn, a_user, as_owner
from tests.notifications.mail_made import a_desk, a_market, mailing, rows, send_all, statuses, tell
from tests.notifications.test_mail_rules import COMPLAINT, ID, a_report

HERE = {"Sec-Fetch-Site": "same-origin"}
Worker = Callable[[], None]


def kept(market: Marketplace, address: str) -> list[EmailMessage]:
    """Return the mails that would have been sent to an address, in their order."""
    query = "SELECT source FROM market.kept_mails WHERE address = :address ORDER BY at, id"
    with as_owner(market) as connection:
        sources = connection.execute(text(query), {"address": address}).scalars().all()
    found = [message_from_string(source, policy=default) for source in sources]
    return [one for one in found if isinstance(one, EmailMessage)]


def link(message: EmailMessage, folder: str) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    found = re.search(rf"http://[^/]+(/{folder}/\S+)", str(part.get_content()))
    assert found, part.get_content()
    return found.group(1)


def send(client: TestClient, path: str, who: SignedIn, **fields: Any) -> Response:
    answer: Response = client.post(path, data=fields, headers=who.headers | HERE, follow_redirects=False)
    return answer


@pytest.fixture
def mailed(market: Marketplace, run_worker: Worker, clock: StagedClock) -> Callable[..., list[EmailMessage]]:
    """Let something happen to a desk and return the mails to it so far."""

    def happens(desk: SignedIn, count: int = 3) -> list[EmailMessage]:
        clock.now += timedelta(seconds=1)
        tell(market, desk, count=count)
        run_worker()
        send_all(market)
        return kept(market, desk.email)

    return happens


Mailed = Callable[..., list[EmailMessage]]


def test_the_link_in_a_mail_shows_the_facts_without_signing_in_and_nothing_else(
    market: Marketplace, client: TestClient, mailed: Mailed, clock: StagedClock
) -> None:
    desk = a_desk(market)
    path = link(mailed(desk)[0], "n")
    shown = client.get(path)
    assert shown.status_code == 200
    assert "New requests since the last one that you have not opened: 3." in shown.text
    assert 'href="/c"' in shown.text
    assert shown.headers["cache-control"] == "no-store"
    assert client.get("/c", follow_redirects=False).status_code == 303, "acting needs signing in"
    another = a_user(market, Kind.PROVIDER)
    assert client.get(path, headers=another.headers).status_code == 200, "who is signed in makes no difference"
    for broken in (path[:-2] + "AA", path.replace("/n/", "/unsubscribe/"), "/n/x", "/n/" + "A" * 400):
        assert client.get(broken).status_code == 404, broken
    clock.now += rules.LINK_VALID + timedelta(seconds=1)
    assert client.get(path).status_code == 410


def test_the_link_of_a_user_who_left_shows_nothing(market: Marketplace, client: TestClient, mailed: Mailed) -> None:
    path = link(mailed(a_desk(market))[0], "n")
    with as_owner(market) as connection:
        connection.execute(text("UPDATE identity.users SET active = false"))
    assert client.get(path).status_code == 404


def test_one_click_of_a_mail_program_ends_mail_and_opening_the_link_does_not(
    market: Marketplace, client: TestClient, mailed: Mailed
) -> None:
    desk = a_desk(market)
    (message,) = mailed(desk)
    path = re.sub(r"^<http://[^/]+|>$", "", str(message["List-Unsubscribe"]))
    assert client.get(path).status_code == 200
    assert len(mailed(desk, 4)) == 2
    one_click = {"List-Unsubscribe": "One-Click"}
    assert client.post(path, data=one_click).status_code == 200, "without cookie, origin or Sec-Fetch-Site"
    assert len(mailed(desk, 5)) == 2
    assert client.post(path, data=one_click).status_code == 200, "twice is harmless"
    chosen = client.get("/notices/preferences", headers=desk.headers).json()
    assert set(chosen["email"].values()) == {"off"}
    assert client.post(path[:-3] + "AAA", data=one_click).status_code == 404
    assert client.get("/notices", headers=desk.headers).json()["items"][0]["event"] == "digest.made"


def test_choices_decide_what_is_mailed_when(
    market: Marketplace, client: TestClient, mailed: Mailed, clock: StagedClock
) -> None:
    desk = a_desk(market)
    body = {
        "email": {"requests": "at once"},
        "zone": "Europe/Berlin",
        "quiet": {"since": "12:30", "until": "14:00:01", "urgent_anyway": False},
    }
    answer = client.put("/notices/preferences", json=body, headers=desk.headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["email"]["requests"] == "at once"
    assert answer.json()["email"]["awards"] == "by weight"
    assert mailed(desk) == [], "it is one o'clock in Berlin"
    clock.now += timedelta(minutes=59)
    send_all(market)
    assert kept(market, desk.email) == []
    clock.now += timedelta(minutes=1)
    send_all(market)
    assert len(kept(market, desk.email)) == 1


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"email": {"gossip": "daily"}}, "/email/gossip/[key]"),
        ({"quiet": {"since": "00:00", "until": "00:00"}}, "/quiet"),
        ({"quiet": {"since": "25:00", "until": "00:00"}}, "/quiet/since"),
    ],
)
def test_choices_that_can_t_be_kept_are_refused_where_they_are_wrong(
    market: Marketplace, client: TestClient, wrong: dict[str, Any], pointer: str
) -> None:
    answer = client.put("/notices/preferences", json=wrong, headers=a_desk(market).headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


def test_the_page_of_choices_works_by_form_and_tells_what_is_wrong(market: Marketplace, client: TestClient) -> None:
    buyer = a_user(market, Kind.BUYER, UserRole.REQUESTER)
    path = "/account/notices/preferences"
    page = client.get(path, headers=buyer.headers).text
    assert "While an auction runs" in page
    assert "Platform work" not in page
    assert "Verification and account" not in page, "its role is not told of that"
    fields: dict[str, Any] = {
        "email.auctions": "daily",
        "zone": "America/Chicago",
        "digest_at": "06:30",
        "has_quiet": "yes",
    }
    fields |= {"quiet.since": "20:00", "quiet.until": "06:00", "quiet.days": ["1", "2"]}
    wrong = send(client, path, buyer, **(fields | {"zone": "Nowhere"}))
    assert wrong.status_code == 422
    assert "is no time zone" in wrong.text
    assert send(client, path, buyer, **fields).status_code == 303
    chosen = client.get("/notices/preferences", headers=buyer.headers).json()
    assert chosen["email"]["auctions"] == "daily"
    assert chosen["quiet"] == {"since": "20:00:00", "until": "06:00:00", "days": [1, 2], "urgent_anyway": False}
    assert chosen["digest_at"] == "06:30:00"
    foreign = client.post(path, data=fields, headers=buyer.headers | {"Sec-Fetch-Site": "cross-site"})
    assert foreign.status_code == 403


def test_a_shared_address_is_mailed_once_it_was_confirmed_and_only_an_admin_sets_it(
    market: Marketplace, client: TestClient, mailed: Mailed, clock: StagedClock
) -> None:
    admin = a_desk(market, UserRole.ADMIN)
    user = a_desk(market, of=admin)
    body = {"address": "Bids@carrier.example"}
    assert client.put("/notices/desk-address", json=body, headers=user.headers).status_code == 403
    assert client.put("/notices/desk-address", json=body, headers=a_user(market).headers).status_code == 403
    assert client.put("/notices/desk-address", json=body, headers=admin.headers).status_code == 200
    assert client.put("/notices/desk-address", json=body, headers=admin.headers).status_code == 409, "no flood"
    assert len(mailed(admin)) == 1
    (asked,) = kept(market, "bids@carrier.example")
    assert asked["Subject"] == "Confirm this address"
    assert asked["List-Unsubscribe"] is None
    path = link(asked, "confirm-address")
    assert client.get(path).status_code == 200
    mailed(admin)
    assert len(kept(market, "bids@carrier.example")) == 1, "opening the page confirms nothing"
    assert client.post(path, headers=HERE).status_code == 200
    assert client.get("/notices/desk-address", headers=user.headers).json()["confirmed_at"]
    mailed(admin)
    told = kept(market, "bids@carrier.example")
    assert len(told) == 2
    part = told[1].get_body(("plain",))
    assert part is not None
    assert "shared address of your desk" in str(part.get_content())
    assert client.delete("/notices/desk-address", headers=admin.headers).status_code == 204
    mailed(admin)
    assert len(kept(market, "bids@carrier.example")) == 2
    clock.now += timedelta(hours=1)
    client.put("/notices/desk-address", json={"address": "other@carrier.example"}, headers=admin.headers)
    assert client.post(path, headers=HERE).status_code == 404, "the old link does not confirm another address"
    events = [row[0] for row in rows(market, "SELECT type FROM kernel.journal WHERE stream LIKE 'mail:%' ORDER BY id")]
    assert events == ["desk_address.set", "desk_address.confirmed", "desk_address.set", "desk_address.set"]


def test_a_desk_chooses_for_its_shared_address(market: Marketplace, client: TestClient, mailed: Mailed) -> None:
    admin = a_desk(market, UserRole.ADMIN)
    with as_owner(market) as connection:
        connection.execute(
            text("INSERT INTO market.desk_addresses VALUES (:id, 'bids@carrier.example', now(), now())"),
            {"id": admin.principal.organization_id},
        )
    path = "/account/notices/preferences"
    page = client.get(path, params={"desk": True}, headers=admin.headers)
    assert "bids@carrier.example" in page.text
    fields = {"desk": "yes", "email.requests": "off", "zone": "UTC", "digest_at": "07:00"}
    assert send(client, path, admin, **fields).status_code == 303
    assert len(mailed(admin)) == 1
    assert kept(market, "bids@carrier.example") == []
    assert send(client, path, a_desk(market, of=admin), **fields).status_code == 403


def returned(market: Marketplace, source: bytes, letter_id: str) -> ReturnKind:
    with market.workshop.work() as work:
        return service.take_returned(work, source.replace(ID.encode(), letter_id.encode()))


def test_mail_that_comes_back_three_times_spares_the_address_until_its_reader_confirms_it(
    market: Marketplace, client: TestClient, mailed: Mailed
) -> None:
    desk = a_desk(market)
    for number in range(1, 4):
        message = mailed(desk, number)[-1]
        letter_id = str(message["Message-ID"])[1:].partition("@")[0]
        assert returned(market, a_report(), letter_id) is ReturnKind.BOUNCE
        assert returned(market, a_report(), letter_id) is ReturnKind.BOUNCE, "a report that comes twice counts once"
    assert statuses(market) == {"bounced": 3}
    assert len(mailed(desk, 4)) == 3
    assert statuses(market)["suppressed"] == 1
    page = client.get("/account/notices/preferences", headers=desk.headers).text
    assert "came back several times" in page
    assert send(client, "/account/notices/confirm-address", desk).status_code == 303
    send_all(market)
    asked = kept(market, desk.email)[-1]
    assert client.post(link(asked, "confirm-address"), headers=HERE).status_code == 200
    assert len(mailed(desk, 5)) == 5
    assert "came back" not in client.get("/account/notices/preferences", headers=desk.headers).text


def test_a_complaint_spares_the_address_at_once_and_the_platform_may_lift_that_on_record(
    market: Marketplace, client: TestClient, mailed: Mailed
) -> None:
    desk, admin = a_desk(market), a_user(market, Kind.PLATFORM)
    letter_id = str(mailed(desk)[0]["Message-ID"])[1:].partition("@")[0]
    assert returned(market, COMPLAINT, letter_id) is ReturnKind.COMPLAINT
    assert len(mailed(desk, 4)) == 1
    page = client.get("/o/deliveries", headers=admin.headers).text
    assert desk.principal.user_id in page
    assert desk.email not in page
    ((suppression,),) = rows(market, "SELECT id FROM market.mail_addresses")
    assert send(client, "/o/deliveries/lift", admin, suppression=suppression).status_code == 303
    assert len(mailed(desk, 5)) == 2
    ((lifted_by,),) = rows(market, "SELECT user_id FROM kernel.journal WHERE type = 'suppression.lifted'")
    assert lifted_by == admin.principal.user_id


def test_what_does_not_come_from_a_mail_of_ours_changes_nothing(market: Marketplace, mailed: Mailed) -> None:
    mailed(a_desk(market))
    assert returned(market, a_report(), "dlv_" + "z" * 24) is ReturnKind.NOTHING
    assert returned(market, COMPLAINT, "dlv_" + "z" * 24) is ReturnKind.NOTHING
    assert statuses(market) == {"sent": 1}


def test_the_platform_sends_a_failed_mail_again_as_another_mail_and_that_is_recorded(
    market: Marketplace, client: TestClient, mailed: Mailed
) -> None:
    desk, admin = a_desk(market), a_user(market, Kind.PLATFORM)
    first = mailed(desk)[0]
    ((delivery,),) = rows(market, "SELECT id FROM market.mail_deliveries")
    again = {"channel": "e-mail", "delivery": delivery}
    assert send(client, "/o/deliveries/resend", admin, **again).status_code == 409, "it was sent"
    returned(market, a_report(), delivery)
    page = client.get("/o/deliveries", headers=admin.headers).text
    assert "no such user" in page
    assert desk.email not in page
    assert send(client, "/o/deliveries/resend", admin, **again).status_code == 303
    send_all(market)
    mails = kept(market, desk.email)
    assert len(mails) == 2
    assert {str(one["Message-ID"]) for one in mails} == {str(first["Message-ID"]), f"<{delivery}.1@localhost>"}
    ((who, data),) = rows(market, "SELECT user_id, data FROM kernel.journal WHERE type = 'delivery.repeated'")
    assert who == admin.principal.user_id
    assert data["delivery_id"] == delivery
    assert send(client, "/o/deliveries/resend", admin, channel="pigeon", delivery=delivery).status_code == 404


def test_the_mailbox_shows_what_would_be_sent_to_a_platform_admin_alone(
    market: Marketplace, client: TestClient, mailed: Mailed
) -> None:
    desk, admin = a_desk(market), a_user(market, Kind.PLATFORM)
    mailed(desk)
    ((mail,),) = rows(market, "SELECT id FROM market.kept_mails")
    assert desk.email in client.get("/o/mailbox", headers=admin.headers).text
    assert "List-Unsubscribe-Post" in client.get(f"/o/mailbox/{mail}", headers=admin.headers).text
    html = client.get(f"/o/mailbox/{mail}/html", headers=admin.headers)
    assert "Your digest" in html.text
    assert "default-src 'none'" in html.headers["content-security-policy"]
    assert "sandbox" in html.headers["content-security-policy"]
    for path in ("/o/mailbox", f"/o/mailbox/{mail}", f"/o/mailbox/{mail}/html"):
        assert client.get(path, headers=desk.headers).status_code == 403


def test_outside_of_development_nothing_is_kept_and_without_a_server_nothing_is_planned(
    database: Database, settings: Settings, clock: StagedClock
) -> None:
    own = {"profile": Profile.PRODUCTION, "secret": "an-own-secret-of-more-than-32-characters"}
    market = a_market(database, mailing(settings, 25, smtp_host="", **own), clock)
    tell(market, a_desk(market))
    catch_up(market.workshop)
    assert send_all(market) == 0
    assert statuses(market) == {}
    with market.workshop.reading() as reading:
        assert "MARKETPLACE_SMTP_HOST" in service.health(reading).note


def test_the_mail_server_pipes_a_report_into_the_command(
    market: Marketplace, mailed: Mailed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_commands, "market_of", lambda _context, _settings, **_options: market)
    letter_id = str(mailed(a_desk(market))[0]["Message-ID"])[1:].partition("@")[0]
    report = a_report(to="x@y.example").replace(ID.encode(), b"unknown")
    recipient = f"bounces+{letter_id}@localhost"
    said = CliRunner().invoke(app, ["mail", "returned"], input=report)
    assert "tells of no mail of ours" in said.output
    assert statuses(market) == {"sent": 1}
    said = CliRunner(env={"ORIGINAL_RECIPIENT": recipient}).invoke(app, ["mail", "returned"], input=report)
    assert said.exit_code == 0, said.output
    assert "Recorded: a bounce." in said.output
    assert statuses(market) == {"bounced": 1}
