"""What decides about mail, and what a mail says: pure."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel.principals import UserRole
from notifications import groups, table
from notifications.groups import Group
from notifications.mail import compose, returns, rules, service
from notifications.mail.model import Item, Letter, Links, Purpose, ReturnKind
from notifications.row import Audience, Row

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ID = "dlv_" + "a" * 24
chances = st.floats(0, 1)


@pytest.mark.parametrize("row", table.ROWS, ids=lambda row: f"{row.event} to {row.audience}")
def test_every_row_of_the_table_reaches_somebody_by_e_mail_in_a_group_that_has_a_name(row: Row) -> None:
    group = groups.group_of(row)
    assert groups.NAMES[group]
    assert (group is Group.PLATFORM) == (row.audience is Audience.PLATFORM)
    assert UserRole.ADMIN.value in {told.role for told in service.told_by(row)}


def test_an_event_tells_a_role_of_a_kind_of_organization_once() -> None:
    every = {one for row in table.ROWS for one in service.told_by(row)}
    told = [(one.event, one.kind, one.role) for one in every]
    assert len(told) == len(set(told)), "the plan would find a notice twice"


def test_new_families_of_events_were_put_into_a_group_on_purpose() -> None:
    families = {row.event.partition(".")[0] for row in table.ROWS if row.audience is not Audience.PLATFORM}
    known = set(groups._FAMILIES) | {name.partition(".")[0] for name in groups._EVENTS} | {"provider"}
    assert families <= known


@given(st.integers(1, 50), chances, chances)
def test_pauses_grow_up_to_four_hours_and_never_end_at_once(attempts: int, chance: float, other: float) -> None:
    pause = rules.retry_at(attempts, NOW, chance) - NOW
    assert timedelta(seconds=30) <= pause <= timedelta(hours=4)
    assert pause <= 4 * (rules.retry_at(attempts + 1, NOW, other) - NOW)


@given(chances)
def test_within_two_days_a_mail_is_tried_often_enough_and_not_all_the_time(chance: float) -> None:
    at, tries = NOW, 0
    while at < NOW + rules.GIVE_UP_AFTER:
        tries += 1
        at = rules.retry_at(tries, at, chance)
    assert 12 <= tries <= 40


def test_bounces_of_long_ago_don_t_count() -> None:
    assert rules.bounces_after(2, NOW - timedelta(days=3), NOW) == 3
    assert rules.bounces_after(2, NOW - timedelta(days=31), NOW) == 1
    assert [rules.is_spared(bounces) for bounces in (1, 2, 3, 4)] == [False, False, True, True]


@given(st.emails(), st.text(max_size=50).filter(lambda text: "@" not in text))
def test_a_reason_never_holds_an_address(address: str, around: str) -> None:
    said = rules.plain_reason(f"550 {around} <{address}> {around}")
    assert "@" not in said
    assert len(said) <= 300
    assert "\n" not in said


# ---- what a mail says


def letter(*items: Item, **more: object) -> Letter:
    own = {"purpose": Purpose.NOTICE, "reader_id": "usr_x", "address": "ada@reader.example", "zone": "UTC", "at": NOW}
    return Letter(id=ID, items=items, attempts=1, **(own | more))  # type: ignore[arg-type]


def item(title: str = "You won", text: str = "Yours: T1.", subject: str = "abc", count: int = 1) -> Item:
    return Item(ID, title, text, count, NOW, subject)


def written(one: Letter) -> EmailMessage:
    base = "https://market.example"
    links = Links(
        tuple(f"{base}/n/token{n}" for n in range(len(one.items))), f"{base}/unsubscribe/t", f"{base}/p", base
    )
    source = compose.compose(one, links, "Tenderline <notices@market.example>").as_bytes()
    found = message_from_bytes(source, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=400).map(str.strip).filter(bool)


@given(texts, texts)
def test_titles_and_texts_arrive_as_they_are_and_never_as_markup_or_headers(title: str, text: str) -> None:
    message = written(letter(item(f"{title} <b>\r\nBcc: x@y.example", text)))
    assert message["Bcc"] is None
    assert message["To"] == "ada@reader.example"
    assert "<b>" not in part(message, "html")

    class Reader(HTMLParser):
        seen = ""

        def handle_data(self, data: str) -> None:
            self.seen += data

    reader = Reader()
    reader.feed(part(message, "html"))
    assert "".join(text.split()) in "".join(reader.seen.split())


def test_the_same_letter_is_the_same_bytes() -> None:
    one = letter(item(), item("Decided"))
    assert written(one).as_bytes() == written(one).as_bytes()


def test_a_mail_sent_anew_by_hand_is_another_mail() -> None:
    assert written(letter(item()))["Message-ID"] == f"<{ID}@market.example>"
    assert written(letter(item(), edition=1))["Message-ID"] == f"<{ID}.1@market.example>"


def test_a_mail_about_several_things_stands_in_no_thread() -> None:
    assert written(letter(item(), item("Decided")))["References"] == "<thread.abc@market.example>"
    mixed = written(letter(item(), item("Decided", subject="other")))
    assert mixed["References"] is None
    assert mixed["Subject"] == "2 notices: You won, Decided"


def test_html_for_old_clients_has_tables_inline_styles_and_loads_nothing() -> None:
    html = part(written(letter(item())), "html")
    assert 'role="presentation"' in html
    for modern in ("<style", "<link", "<img", "<script", "flex", "grid", "var(", "src=", "class="):
        assert modern not in html


def test_times_are_told_in_the_readers_zone() -> None:
    assert "2 Nov 2026, 06:00 CST" in part(written(letter(item(), zone="America/Chicago")), "plain")


# ---- what comes back


def a_report(status: str = "5.1.1", action: str = "failed", to: str = f"bounces+{ID}@market.example") -> bytes:
    return f"""\
From: MAILER-DAEMON@mx.reader.example
To: {to}
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.reader.example

Final-Recipient: rfc822; ada@reader.example
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 {status} no such user

--b
Content-Type: message/rfc822

From: notices@market.example
Message-ID: <{ID}@market.example>
Subject: You won

Yours.
--b--
""".replace("\n", "\r\n").encode()


COMPLAINT = f"""\
From: abuse@reader.example
To: abuse@market.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

Somebody pressed the button.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Reader/1.0
Version: 1
Original-Mail-From: <bounces+{ID}@market.example>

--b
Content-Type: text/rfc822-headers

Message-ID: <{ID}@market.example>

--b--
""".encode()


@pytest.mark.parametrize("to", [f"bounces+{ID}@market.example", f"Bounces+{ID.upper()}@MARKET.example", "x@y.example"])
def test_a_report_names_the_letter_by_its_envelope_or_else_by_the_copy_of_its_headers(to: str) -> None:
    told = returns.read(a_report(to=to))
    assert (told.kind, told.letter_id, told.hard) == (ReturnKind.BOUNCE, ID, True)
    assert told.reason == "5.1.1 550 5.1.1 no such user"


def test_the_envelope_counts_before_the_headers() -> None:
    other = "dlv_" + "b" * 24
    assert returns.read(a_report(), f"bounces+{other}@market.example").letter_id == other


def test_what_is_only_late_has_not_failed_and_what_was_tried_for_long_is_not_the_addresss_fault() -> None:
    assert returns.read(a_report("4.4.1", "delayed")).kind is ReturnKind.NOTHING
    told = returns.read(a_report("4.4.1"))
    assert (told.kind, told.hard) == (ReturnKind.BOUNCE, False)


def test_a_complaint_is_told_from_a_bounce() -> None:
    told = returns.read(COMPLAINT)
    assert (told.kind, told.letter_id) == (ReturnKind.COMPLAINT, ID)


@given(st.binary(max_size=2000) | st.integers(0, 900).map(lambda cut: a_report()[:cut] + a_report()[cut + 40 :]))
def test_whatever_comes_in_is_read_without_a_fault(source: bytes) -> None:
    assert returns.read(source).kind in ReturnKind


def test_an_answer_of_a_person_tells_nothing() -> None:
    assert returns.read(b"From: ada@reader.example\r\nSubject: Re: You won\r\n\r\nThanks!").kind is ReturnKind.NOTHING
