"""Mail over a real server: one that takes it, refuses it, is dead or slow, and processes that are killed."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import text

from marketplace.kernel.access import Kind, UserRole
from marketplace.kernel.clock import StagedClock
from marketplace.kernel.config import Settings
from marketplace.kernel.db import Database
from marketplace.kernel.reactions import catch_up
from marketplace.kernel.sending import Sender
from marketplace.wiring import Marketplace
from notifications.groups import Group
from notifications.mail import rules, sending, service
from notifications.mail.model import Fate, Outcome
from notifications.preferences import service as preferences
from notifications.preferences.model import Choice, Preferences
from tests.factories import SignedIn, a_user, as_owner
from tests.notifications.mail_made import (
    Server,
    a_desk,
    a_free_port,
    a_market,
    mail_server,
    mailing,
    rows,
    send_all,
    statuses,
    tell,
)


@pytest.fixture
def server() -> Iterator[Server]:
    with mail_server() as server:
        yield server


@pytest.fixture
def market(database: Database, settings: Settings, clock: StagedClock, server: Server) -> Marketplace:
    return a_market(database, mailing(settings, server.port), clock)


def happens(market: Marketplace, *desks: SignedIn, count: int = 3) -> None:
    tell(market, *desks, count=count)
    catch_up(market.workshop)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def test_a_notice_reaches_each_user_of_the_organization_that_it_is_for_and_nobody_else(
    market: Marketplace, server: Server
) -> None:
    admin, other = a_desk(market, UserRole.ADMIN), a_desk(market)
    colleague = a_desk(market, of=admin)
    a_user(market, Kind.BUYER)
    happens(market, admin)
    send_all(market)
    assert sorted(to for _, to, _ in server.taken) == sorted([admin.email, colleague.email])
    assert not server.to(other.email)
    (message,) = server.to(colleague.email)
    assert message["Subject"] == "Your digest"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert "New requests since the last one that you have not opened: 3." in body(message, kind)
        assert body(message, kind).count("https://market.example/n/") == 1
    assert send_all(market) == 0, "each is sent once"


def test_a_mail_brings_its_id_back_with_what_returns_and_names_no_organization(
    market: Marketplace, server: Server
) -> None:
    desk = a_desk(market)
    happens(market, desk)
    send_all(market)
    ((envelope_sender, _, message),) = server.taken
    (delivery,) = [row[0] for row in rows(market, "SELECT id FROM market.mail_deliveries")]
    assert envelope_sender == f"bounces+{delivery}@market.example"
    assert message["Message-ID"] == f"<{delivery}@market.example>"
    assert desk.principal.organization_id not in message.as_string()
    assert desk.principal.user_id not in message.as_string().replace(desk.email, "")


def test_what_is_told_of_one_thing_stands_in_one_thread_and_the_readers_threads_differ(
    market: Marketplace, server: Server
) -> None:
    desk, other = a_desk(market), a_desk(market)
    happens(market, desk, other)
    send_all(market)
    happens(market, desk, count=4)
    send_all(market)
    first, second = server.to(desk.email)
    (foreign,) = server.to(other.email)
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert first["Message-ID"] != second["Message-ID"]
    assert foreign["References"] != first["References"]


def test_a_server_that_refuses_a_third_of_the_time_loses_nothing(
    market: Marketplace, server: Server, clock: StagedClock
) -> None:
    server.answer = lambda _to, before: "451 try later" if before % 3 == 0 else "250 OK"
    desks = [a_desk(market) for _ in range(20)]
    happens(market, *desks)
    rounds = 0
    while statuses(market)["sent"] < len(desks):
        send_all(market)
        clock.now += timedelta(hours=4)
        rounds += 1
        assert rounds < 12
    assert set(server.ids().values()) == {1}
    assert len(server.taken) == len(desks)
    assert statuses(market) == {"sent": len(desks)}


def test_a_dead_server_delays_and_after_two_days_it_is_given_up_and_says_so(
    database: Database, settings: Settings, clock: StagedClock
) -> None:
    market = a_market(database, mailing(settings, a_free_port()), clock)
    happens(market, a_desk(market))
    tries = 0
    began = clock.now
    while statuses(market)["waiting"]:
        tries += send_all(market)
        clock.now += timedelta(hours=3)
    assert tries > 10
    assert clock.now - began > rules.GIVE_UP_AFTER
    ((status, reason),) = rows(market, "SELECT status, last_error FROM market.mail_deliveries")
    assert status == "given up"
    assert reason.startswith("not sent in time: ConnectionRefusedError")


def test_what_nobody_was_there_to_send_in_time_is_skipped_and_says_so(
    market: Marketplace, server: Server, clock: StagedClock
) -> None:
    happens(market, a_desk(market))
    clock.now += rules.GIVE_UP_AFTER + timedelta(minutes=1)
    happens(market, a_desk(market))
    send_all(market)
    assert len(server.taken) == 1
    found = rows(market, "SELECT status, last_error FROM market.mail_deliveries ORDER BY planned_for")
    assert [tuple(row) for row in found] == [("skipped", "nothing was sent for days"), ("sent", "")]


def test_a_slow_mailbox_delays_nobody_else(market: Marketplace, server: Server) -> None:
    slow, *others = [a_desk(market) for _ in range(30)]
    go_on = server.slow[slow.email] = threading.Event()
    happens(market, slow, *others)
    senders = [Sender(f"mail {number}", market.workshop, sending.send_due, 0.05) for number in range(2)]
    for sender in senders:
        sender.start()
    try:
        for _ in range(1200):
            if statuses(market).get("sent") == len(others):  # recorded, which comes after the mail was taken
                break
            threading.Event().wait(0.05)
        assert {to for _, to, _ in server.taken} == {desk.email for desk in others}
        assert statuses(market) == {"sent": len(others), "sending": 1}
        go_on.set()
    finally:
        go_on.set()
        for sender in senders:
            sender.end()
    assert len(server.to(slow.email)) == 1
    assert statuses(market) == {"sent": 30}


def test_two_senders_at_once_send_each_once(market: Marketplace, server: Server) -> None:
    desks = [a_desk(market) for _ in range(40)]
    happens(market, *desks)
    senders = [threading.Thread(target=send_all, args=[market]) for _ in range(3)]
    for one in senders:
        one.start()
    for one in senders:
        one.join()
    assert sorted(to for _, to, _ in server.taken) == sorted(desk.email for desk in desks)
    assert set(server.ids().values()) == {1}


def test_killed_between_sending_and_recording_the_same_mail_leaves_again_and_the_notice_stands_once(
    market: Marketplace, server: Server, clock: StagedClock
) -> None:
    desk = a_desk(market)
    happens(market, desk)
    happens(market, desk, count=5)
    (letter,) = sending.take(market.workshop)
    with sending.transport_of(market.workshop) as transport:
        assert sending.hand_over(market.vault, transport, letter).fate is Fate.SENT
    # here the process dies; nobody takes the mail while its lease runs
    assert send_all(market) == 0
    happens(market, desk, count=6)
    assert send_all(market) == 1, "what comes meanwhile does not wait for the lease"
    clock.now += rules.LEASE
    assert send_all(market) == 1
    mails = server.to(desk.email)
    assert len(mails) == 3
    assert mails[0]["Message-ID"] == mails[2]["Message-ID"] != mails[1]["Message-ID"]
    assert mails[0]["Subject"] == mails[2]["Subject"] == "2 notices: Your digest"
    assert statuses(market) == {"sent": 3}
    assert rows(market, "SELECT count(*) FROM market.notices")[0][0] == 3


def test_an_address_that_refuses_for_good_bounces_and_after_three_times_is_spared(
    market: Marketplace, server: Server
) -> None:
    desk = a_desk(market)
    server.answer = lambda to, _before: f"550 5.1.1 <{to}> is unknown here"
    for count in range(1, 5):
        happens(market, desk, count=count)
        send_all(market)
    assert statuses(market) == {"bounced": 3, "suppressed": 1}
    ((reason,),) = rows(market, "SELECT DISTINCT last_error FROM market.mail_deliveries WHERE status = 'bounced'")
    assert reason == "550 5.1.1 <address> is unknown here", "a list of failures names nobody"
    assert server.asked == 3


def test_a_login_that_the_server_refuses_is_our_fault_and_not_the_addresss(
    database: Database, settings: Settings, clock: StagedClock, server: Server
) -> None:
    market = a_market(database, mailing(settings, server.port, smtp_user="us", smtp_password="wrong"), clock)
    happens(market, a_desk(market))
    send_all(market)
    ((status, reason),) = rows(market, "SELECT status, last_error FROM market.mail_deliveries")
    assert status == "waiting"
    assert reason.startswith("SMTPNotSupportedError")
    assert not rows(market, "SELECT * FROM market.mail_addresses")


def test_a_server_that_can_t_encrypt_gets_no_mail_where_that_is_asked_for(
    database: Database, settings: Settings, clock: StagedClock, server: Server
) -> None:
    market = a_market(database, mailing(settings, server.port, smtp_security="starttls"), clock)
    happens(market, a_desk(market))
    send_all(market)
    assert not server.taken
    assert statuses(market) == {"waiting": 1}


def test_many_notices_that_wait_become_one_mail(market: Marketplace, server: Server, clock: StagedClock) -> None:
    desk = a_desk(market)
    with market.workshop.work() as work:
        chosen = Preferences({Group.REQUESTS: Choice.DAILY})
        preferences.keep(work, desk.principal.user_id, desk.principal.organization_id, chosen)
    for count in range(1, 4):
        happens(market, desk, count=count)
    assert send_all(market) == 0
    clock.now += timedelta(hours=20)
    assert send_all(market) == 1
    (message,) = server.taken[0][2:]
    assert message["Subject"] == "3 notices: Your digest"
    assert body(message, "plain").count("https://market.example/n/") == 3
    assert statuses(market) == {"sent": 3}


def test_who_left_is_mailed_no_more(market: Marketplace, server: Server) -> None:
    desk = a_desk(market)
    happens(market, desk)
    rows_before = statuses(market)
    assert rows_before == {"waiting": 1}
    with as_owner(market) as connection:
        connection.execute(text("UPDATE identity.users SET active = false"))
    assert send_all(market) == 0
    assert not server.taken
    assert statuses(market) == {"dropped": 1}


def test_a_mail_that_failed_while_its_notice_was_renewed_leaves_once(
    market: Marketplace, server: Server, clock: StagedClock
) -> None:
    desk = a_desk(market)
    happens(market, desk)
    (letter,) = sending.take(market.workshop)
    with as_owner(market) as connection:  # the notice becomes new, and is planned anew, while its mail is under way
        connection.execute(text("UPDATE market.notices SET ordinal = ordinal + 1, position = position + 1, count = 2"))
        position = connection.execute(text("SELECT position FROM market.notices")).scalar_one()
    with market.workshop.work() as work:
        service.plan(work, position)
        service.plan(work, position)
    sending.record(market.workshop, letter, Outcome(Fate.LATER, "451 later"))
    assert statuses(market) == {"superseded": 1, "waiting": 1}
    clock.now += timedelta(hours=1)
    send_all(market)
    (message,) = server.to(desk.email)
    assert "Your digest (2)" in body(message, "plain")
