"""Webhooks' rules: where they may go, when they are tried again, and what they are signed with."""

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from marketplace.kernel.access import Kind
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.ids import OrganizationId
from notifications import table
from notifications.row import Audience
from notifications.webhooks import addresses, rules
from notifications.webhooks.addresses import RefusedError, target_of
from notifications.webhooks.model import Because, Condition, Message, Outcome

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
DRAWS = st.floats(0, 1)
FAILURES = st.one_of(st.none(), st.integers(100, 199), st.integers(300, 599).filter(lambda status: status != 410))

PUBLIC = (
    "93.184.216.34",
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "100.63.0.1",
    "2606:2800:220:1::1",
    "64:ff9b::808:808",
)
NOT_PUBLIC = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - refused
    "10.0.0.5",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.127.255.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.7",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "2606:2800:220:1::1%eth0",
    "ff02::1",
    "fec0::1",
    "100::1",
    "5f00::1",
    "example.com",
    "",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_addresses_that_the_internet_reaches_are_called(address: str) -> None:
    assert addresses.is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_machine_of_ours_or_of_a_private_network_is_called(address: str) -> None:
    assert not addresses.is_public(address)


@given(st.ip_addresses())
def test_what_is_called_is_global_by_the_library_too(address: IPv4Address | IPv6Address) -> None:
    if addresses.is_public(str(address)) and not str(address).startswith("64:ff9b::"):
        assert address.is_global
        assert not any((address.is_multicast, address.is_private, address.is_loopback, address.is_link_local))


@pytest.mark.parametrize(
    ("url", "host", "port", "path", "authority"),
    [
        ("https://hooks.example.com", "hooks.example.com", 443, "/", "hooks.example.com"),
        ("https://Hooks.Example.com:8443/a/b?c=d%20e", "hooks.example.com", 8443, "/a/b?c=d%20e", None),
        ("https://hooks.example.com?x=1", "hooks.example.com", 443, "/?x=1", "hooks.example.com"),
        ("https://[2606:2800:220:1::1]:1024/x", "2606:2800:220:1::1", 1024, "/x", "[2606:2800:220:1::1]:1024"),
        ("https://xn--bcher-kva.example/x", "xn--bcher-kva.example", 443, "/x", "xn--bcher-kva.example"),
    ],
)
def test_an_address_is_taken_apart(url: str, host: str, port: int, path: str, authority: str | None) -> None:
    target = target_of(url)
    assert (target.scheme, target.host, target.port, target.path) == ("https", host, port, path)
    assert target.authority == (authority or f"{host}:{port}")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https://",
        "hooks.example.com/x",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com@10.0.0.1/",
        "https://hooks.example.com\\@10.0.0.1/",
        "https://hooks.example.com/#x",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://bücher.example/",
        "https://-x.example/",
        "https://x..example/",
        "https://[fe80::1%25eth0]/",
        "https://hooks.example.com/" + "x" * 2000,
        "//hooks.example.com/",
        " https://hooks.example.com/",
    ],
)
def test_what_is_no_plain_https_address_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        target_of(url)


def test_one_forbidden_address_among_several_forbids_the_name() -> None:
    target = target_of("https://hooks.example.com/")
    assert addresses.allowed(target, ("8.8.8.8", "2606:2800:220:1::1", "8.8.8.8")) == ("8.8.8.8", "2606:2800:220:1::1")
    for resolved in (("8.8.8.8", "10.0.0.1"), ("::1",), ()):
        with pytest.raises(RefusedError):
            addresses.allowed(target, resolved)


def test_plain_http_is_for_this_machine_and_where_it_is_asked_for() -> None:
    target = target_of("http://localhost:9000/x", loopback=True)
    assert addresses.allowed(target, ("127.0.0.1", "::1")) == ("127.0.0.1", "::1")
    with pytest.raises(RefusedError):
        addresses.allowed(target, ("8.8.8.8",))
    with pytest.raises(RefusedError):
        addresses.allowed(target_of("https://localhost:9000/x", loopback=True), ("127.0.0.1",))


@given(FAILURES, st.integers(1, 40), DRAWS)
def test_a_pause_is_the_schedule_s_and_a_fifth_longer_at_most(status: int | None, attempts: int, draw: float) -> None:
    verdict = rules.verdict(Outcome(status, 10), rules.Tried(attempts, NOON), NOON, draw)
    planned = rules.PAUSES[min(attempts, len(rules.PAUSES)) - 1]
    assert verdict.again_at is not None
    assert planned <= verdict.again_at - NOON <= planned * 1.2
    assert not verdict.delivered


@given(FAILURES, st.lists(DRAWS, min_size=20, max_size=20))
def test_ten_attempts_over_three_days_and_then_no_more(status: int | None, draws: list[float]) -> None:
    now, tried = NOON, 0
    for draw in draws:
        tried += 1
        verdict = rules.verdict(Outcome(status, 10), rules.Tried(tried, NOON), now, draw)
        if verdict.again_at is None:
            break
        now = verdict.again_at
    assert tried == 10
    assert timedelta(days=3) <= now - NOON <= timedelta(days=4)


@given(st.integers(10, 100), st.timedeltas(timedelta(), timedelta(days=3)))
def test_what_was_tried_early_is_not_given_up_earlier(attempts: int, after: timedelta) -> None:
    verdict = rules.verdict(Outcome(500, 10), rules.Tried(attempts, NOON), NOON + after, 0.5)
    assert verdict.again_at is not None


@given(st.integers(200, 299), st.integers(1, 40))
def test_any_2xx_has_arrived(status: int, attempts: int) -> None:
    verdict = rules.verdict(Outcome(status, 10), rules.Tried(attempts, NOON), NOON, 0.5)
    assert verdict == rules.Verdict(delivered=True, again_at=None)


@given(st.text(max_size=40), st.integers(1, 9))
def test_what_an_answer_asks_for_only_ever_makes_a_pause_longer_and_a_day_at_most(asked: str, attempts: int) -> None:
    wait = rules.asked_wait(asked, NOON)
    assert timedelta() <= wait <= rules.LONGEST_WAIT
    verdict = rules.verdict(Outcome(503, 10, retry_after=asked), rules.Tried(attempts, NOON), NOON, 0)
    assert verdict.again_at == NOON + max(rules.PAUSES[attempts - 1], wait)


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (" 7 ", timedelta(seconds=7)),
        ("9" * 30, rules.LONGEST_WAIT),
        (format_datetime(NOON + timedelta(hours=1), usegmt=True), timedelta(hours=1)),
        (format_datetime(NOON - timedelta(hours=1), usegmt=True), timedelta()),
        (format_datetime(NOON + timedelta(days=400), usegmt=True), rules.LONGEST_WAIT),
        ("-5", timedelta()),
        ("soon", timedelta()),
        ("", timedelta()),
    ],
)
def test_retry_after_is_read_as_seconds_or_a_date(asked: str, wait: timedelta) -> None:
    assert rules.asked_wait(asked, NOON) == wait


def test_gone_ends_at_once_and_five_days_of_failing_end_too() -> None:
    active, gone, broken = Condition.ACTIVE, Outcome(410, 5), Outcome(None, 5, error="no connection")
    assert rules.verdict(gone, rules.Tried(1, NOON), NOON, 0).again_at is None
    assert rules.disabled_because(active, gone, NOON, NOON) is Because.GONE
    assert rules.disabled_because(active, broken, NOON, NOON + timedelta(days=5)) is Because.FAILING
    assert rules.disabled_because(active, broken, NOON, NOON + timedelta(days=4, hours=23)) is None
    assert rules.disabled_because(Condition.PAUSED, gone, NOON, NOON) is None


def _message(body: bytes, secrets: tuple[bytes, ...], subject: str = "request/req_1") -> Message:
    organization_id = OrganizationId("org_1")
    now = datetime.now(UTC)
    return Message("msg_1", "whk_1", organization_id, "https://x", "award.made", subject, NOON, now, body, secrets)


@given(
    st.text(max_size=50),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=32, max_size=32),
)
def test_the_independent_verifier_takes_either_secret_and_no_other(
    text: str, new: bytes, old: bytes, other: bytes
) -> None:
    body = rules.body_of("award.made", NOON, {"text": text})
    headers = rules.headers_of(_message(body, (new, old)), "https://tenderline.example")
    for secret in (new, old):
        read = Webhook(rules.secret_text(secret)).verify(body, headers)
        assert read == {"type": "award.made", "timestamp": "2026-11-02T12:00:00Z", "data": {"text": text}}
    if other not in {new, old}:
        with pytest.raises(Exception, match="No matching signature"):
            Webhook("whsec_" + base64.b64encode(other).decode()).verify(body, headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(rules.secret_text(new)).verify(body + b" ", headers)


def test_the_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = rules.headers_of(_message(b"{}", (b"x" * 32,), 'a b"%ü'), "https://tenderline.example")
    cloud = {name: value for name, value in headers.items() if name.startswith("ce-")}
    assert cloud == {
        "ce-specversion": "1.0",
        "ce-id": headers["webhook-id"],
        "ce-type": "award.made",
        "ce-source": "https://tenderline.example",
        "ce-subject": "a%20b%22%25%C3%BC",
        "ce-time": "2026-11-02T12:00:00Z",
    }
    assert headers["content-type"] == "application/json"


@given(st.text(max_size=100))
def test_headers_are_printable_ascii_whatever_they_tell(subject: str) -> None:
    headers = rules.headers_of(_message(b"{}", (b"x" * 32,), subject.encode("utf-8", "ignore").decode()), "https://x")
    assert all(0x21 <= ord(letter) <= 0x7E for letter in headers["ce-subject"])


@pytest.mark.parametrize("kind", [Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM])
def test_types_are_those_of_the_table_and_others_are_refused(kind: Kind) -> None:
    types = rules.types_for(kind)
    assert "webhook.disabled" in types
    assert rules.check_types(kind, (types[1], types[0], types[1])) == types[:2]
    with pytest.raises(MalformedError) as refused:
        rules.check_types(kind, (types[0], "pigeon.landed"))
    assert [error.pointer for error in refused.value.errors] == ["/events/1"]


def test_every_audience_of_the_table_can_choose_its_types() -> None:
    reached = {event for kind in Kind for event in rules.types_for(kind)}
    assert reached == {row.event for row in table.ROWS}
    assert {row.audience for row in table.ROWS} <= set(Audience)
    assert rules.types_for(Kind.NOBODY) == ()


def test_a_body_is_small_json_in_one_line() -> None:
    body = rules.body_of("award.made", NOON, {"title": "“ü”"})
    assert json.loads(body) == {"type": "award.made", "timestamp": "2026-11-02T12:00:00Z", "data": {"title": "“ü”"}}
    assert b", " not in body
