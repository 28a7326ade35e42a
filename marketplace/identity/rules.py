"""Pure decisions about accounts: roles, passwords, lock-out, second factors and what must be done first."""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pyotp
from zxcvbn import zxcvbn

from marketplace.identity.model import Attempts
from marketplace.kernel.principals import Kind, UserRole

ROLES: Mapping[Kind, frozenset[UserRole]] = {
    Kind.BUYER: frozenset({UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR}),
    Kind.PROVIDER: frozenset({UserRole.ADMIN, UserRole.DESK}),
    Kind.PLATFORM: frozenset({UserRole.ADMIN, UserRole.AGENT}),
}
"""The roles that users of each kind of organization may have."""

INITIAL_PASSWORD_VALID = timedelta(days=7)
SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 256
_JUDGED_CHARACTERS = 100
"""How much of a password is judged: the judgement's cost grows faster than the length."""
_STRONG_ENOUGH = 3
"""zxcvbn's 'safely unguessable': more than 10^8 guesses, offline attacks on a slow hash included."""

WINDOW = timedelta(minutes=15)
CLIENT_FAILURES = 5
"""Failures of one account from one client address in a window, after which that address waits."""
NEW_CLIENT_FAILURES = 20
"""Failures of one account from all new addresses in a window, after which new addresses must take turns."""
NEW_CLIENT_PAUSE = timedelta(seconds=30)
KNOWN_CLIENT = timedelta(days=90)
"""How long an address counts as known to an account after a sign-in that succeeded."""
NEW_CLIENTS = "new"
"""Stands for all addresses that are new to an account; not an address itself."""

SESSION_USE_NOTED_EVERY = timedelta(minutes=5)
MOST_API_KEYS = 20
KEY_USE_NOTED_EVERY = timedelta(minutes=1)
RECOVERY_CODES = 10
_STEP_SECONDS = 30

FACTOR_PURPOSE = "second-factor"
"""The sealer's purpose for the secrets of second factors."""


def normal_email(email: str) -> str:
    """Return the one spelling under which an e-mail address is stored and looked up."""
    return email.strip().lower()


def client_network(host: str) -> str:
    """Return what counts as one client address: an IPv4 address, or the /64 network that one IPv6 customer owns."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host[:100]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def password_fault(password: str, current: str, own_words: tuple[str, ...]) -> str:
    """Return what is wrong with a new password and what would be right, empty if nothing.

    ``own_words``: the user's name and e-mail, which make a password guessable.
    """
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        return f"has {len(password)} characters; use {SHORTEST_PASSWORD} to {LONGEST_PASSWORD}"
    if password == current:
        return "is the present password; choose another one"
    words = [part for word in own_words for part in (word, *re.split(r"[\W_]+", word)) if part]
    score: int = zxcvbn(password[:_JUDGED_CHARACTERS], user_inputs=words, max_length=_JUDGED_CHARACTERS)["score"]
    if score < _STRONG_ENOUGH:
        return "is too easy to guess; four or more unrelated words make a good one"
    return ""


def wait_before(client: Attempts, new_clients: Attempts, now: datetime) -> timedelta:
    """Return how long this client must wait before it may try again; zero if it may try now.

    Strangers can't lock an account's owner out: an address that has signed in before is held up by its own failures
    alone, and a new one is at most slowed down by those of others.
    """
    if client.failures >= CLIENT_FAILURES and client.since is not None and now < client.since + WINDOW:
        return client.since + WINDOW - now
    if is_known(client, now) or new_clients.since is None or now >= new_clients.since + WINDOW:
        return timedelta(0)
    if new_clients.failures < NEW_CLIENT_FAILURES or new_clients.last_at is None:
        return timedelta(0)
    return max(timedelta(0), new_clients.last_at + NEW_CLIENT_PAUSE - now)


def is_known(client: Attempts, now: datetime) -> bool:
    """Tell whether this client address signed in to this account before, not too long ago."""
    return client.succeeded_at is not None and now < client.succeeded_at + KNOWN_CLIENT


def with_failure(attempts: Attempts, now: datetime) -> Attempts:
    """Return ``attempts`` with one failure more; a window that is over starts anew."""
    if attempts.since is None or now >= attempts.since + WINDOW:
        return replace(attempts, failures=1, since=now, last_at=now)
    return replace(attempts, failures=attempts.failures + 1, last_at=now)


def first_do(kind: Kind, role: UserRole, *, initial_password: bool, factor_used: bool) -> str:
    """Return what a signed-in user must do before all else, empty if nothing (``Principal.limited``)."""
    if initial_password:
        return "password"
    if kind is Kind.PLATFORM and role is UserRole.ADMIN and not factor_used:
        return "second factor"
    return ""


def is_idle(last_seen: datetime, now: datetime, hours: int) -> bool:
    """Tell whether a browser that was last seen then is signed out: nobody has looked at a page since."""
    return now >= last_seen + timedelta(hours=hours)


def device_of(user_agent: str) -> str:
    """Return what a client's User-Agent says it is, in words its owner knows, such as 'Firefox on Windows'.

    A claim, to tell one's own devices apart by; empty if it names nothing known. The order matters: Edge says that it
    is Chrome, and Chrome that it is Safari.
    """
    program = next((name for mark, name in _PROGRAMS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{program} on {system}" if program and system else program or system


_PROGRAMS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def accepted_step(secret: str, code: str, now: datetime, last_step: int) -> int | None:
    """Return the time step of a valid one-time code (RFC 6238), None if it is not valid.

    One step early or late is accepted for clocks that differ; a step that was used, or an earlier one, never again.
    """
    present = int(now.timestamp()) // _STEP_SECONDS
    generator = pyotp.TOTP(secret)
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(generator.generate_otp(step).encode(), code.encode()) and step > last_step:
            return step
    return None


def normal_recovery_code(code: str) -> str:
    """Return a recovery code as it was made, however it was typed."""
    return re.sub(r"[\s-]", "", code).lower()
