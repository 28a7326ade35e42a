from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.identity import rules
from marketplace.identity.model import Attempts
from marketplace.kernel.access import Kind, UserRole

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
NOTHING = Attempts()


def _failed(times: int, now: datetime = NOW) -> Attempts:
    attempts = NOTHING
    for _ in range(times):
        attempts = rules.with_failure(attempts, now)
    return attempts


def test_a_client_waits_after_its_fifth_failure_until_the_window_is_over() -> None:
    assert not rules.wait_before(_failed(4), NOTHING, NOW)
    assert rules.wait_before(_failed(5), NOTHING, NOW) == timedelta(minutes=15)
    assert rules.wait_before(_failed(5), NOTHING, NOW + timedelta(minutes=14)) == timedelta(minutes=1)
    assert not rules.wait_before(_failed(5), NOTHING, NOW + timedelta(minutes=15))


@given(strangers=st.integers(0, 100_000), own=st.integers(0, 4), days=st.integers(0, 89), seconds=st.integers(0, 900))
def test_strangers_never_hold_up_a_client_that_signed_in_before(
    strangers: int, own: int, days: int, seconds: int
) -> None:
    client = Attempts(own, NOW, NOW, NOW - timedelta(days=days))
    assert not rules.wait_before(client, Attempts(strangers, NOW, NOW), NOW + timedelta(seconds=seconds))


def test_new_clients_of_an_account_under_attack_take_turns_and_are_not_shut_out() -> None:
    attacked = _failed(20)
    assert not rules.wait_before(NOTHING, _failed(19), NOW)
    assert rules.wait_before(NOTHING, attacked, NOW + timedelta(seconds=10)) == timedelta(seconds=20)
    assert not rules.wait_before(NOTHING, attacked, NOW + timedelta(seconds=30))
    assert not rules.wait_before(NOTHING, attacked, NOW + timedelta(minutes=15))


@given(gaps=st.lists(st.integers(0, 1200), max_size=30))
def test_no_client_gets_more_than_five_guesses_in_a_window(gaps: list[int]) -> None:
    now, attempts, tried = NOW, NOTHING, []
    for gap in gaps:
        now += timedelta(seconds=gap)
        if not rules.wait_before(attempts, NOTHING, now):
            attempts = rules.with_failure(attempts, now)
            tried.append((now, attempts.since))
    windows = [since for _, since in tried]
    assert all(windows.count(since) <= rules.CLIENT_FAILURES for since in windows)


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_an_ipv6_customer_is_one_client(host: str, client: str) -> None:
    assert rules.client_network(host) == client


@pytest.mark.parametrize(
    "password",
    [
        "short-9x!",
        "password1234",
        "qwertyuiop123",
        "aaaaaaaaaaaaaaaa",
        "annabergannaberg",
        "anna.berg@example.com",
        "present password 17",
        "x" * 257,
    ],
)
def test_guessable_passwords_are_refused(password: str) -> None:
    assert rules.password_fault(password, "present password 17", ("Anna Berg", "anna.berg@example.com"))


@pytest.mark.parametrize("password", ["violet-harbour-granite-49", "fünf graue Schränke am Kai", "kT9#mQ2$vL7!" * 20])
def test_passwords_that_are_hard_to_guess_are_taken(password: str) -> None:
    assert not rules.password_fault(password, "present", ("Anna Berg", "anna.berg@example.com"))


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@given(offset=st.integers(-300, 300))
def test_a_one_time_code_is_good_for_the_steps_around_its_own_only(offset: int) -> None:
    code = pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=offset))
    own = int((NOW + timedelta(seconds=offset)).timestamp()) // 30
    accepted = rules.accepted_step(SECRET, code, NOW, 0)
    assert accepted == (own if abs(own - int(NOW.timestamp()) // 30) <= 1 else None)


def test_a_one_time_code_is_never_good_again() -> None:
    code = pyotp.TOTP(SECRET).at(NOW)
    step = rules.accepted_step(SECRET, code, NOW, 0)
    assert step is not None
    assert rules.accepted_step(SECRET, code, NOW, step) is None
    assert rules.accepted_step(SECRET, pyotp.TOTP(SECRET).at(NOW - timedelta(seconds=30)), NOW, step) is None
    assert rules.accepted_step(SECRET, pyotp.TOTP(SECRET).at(NOW + timedelta(seconds=30)), NOW, step) == step + 1


@given(code=st.text(max_size=40).filter(lambda text: not text.isascii() or not text.isdigit()))
def test_what_is_no_one_time_code_is_refused(code: str) -> None:
    assert rules.accepted_step(SECRET, code, NOW, 0) is None


@pytest.mark.parametrize(
    ("kind", "role", "initial_password", "factor_used", "first"),
    [
        (Kind.BUYER, UserRole.ADMIN, True, False, "password"),
        (Kind.BUYER, UserRole.ADMIN, False, False, ""),
        (Kind.PROVIDER, UserRole.ADMIN, False, False, ""),
        (Kind.PLATFORM, UserRole.AGENT, False, False, ""),
        (Kind.PLATFORM, UserRole.ADMIN, True, True, "password"),
        (Kind.PLATFORM, UserRole.ADMIN, False, False, "second factor"),
        (Kind.PLATFORM, UserRole.ADMIN, False, True, ""),
    ],
)
def test_first_steps_come_first(
    *, kind: Kind, role: UserRole, initial_password: bool, factor_used: bool, first: str
) -> None:
    assert rules.first_do(kind, role, initial_password=initial_password, factor_used=factor_used) == first
