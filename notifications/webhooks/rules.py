"""When a message is tried again, when an endpoint is given up, which types there are, and how a message is signed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

from marketplace.kernel.errors import ConflictError, FieldError, MalformedError
from marketplace.kernel.principals import Kind
from notifications import table
from notifications.row import Audience
from notifications.webhooks.model import Because, Condition, Message, Outcome

MOST_ENDPOINTS = 10
"""Of one organization."""
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret begins
ROTATION = timedelta(hours=24)
"""How long messages are signed with the secret before, too."""
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""Between the ten attempts: those that the specification of Standard Webhooks proposes, three days altogether."""
JITTER = 0.2
"""A pause is longer by up to this part, so that what failed together does not come back together."""
LONGEST_WAIT = timedelta(hours=24)
"""What ``Retry-After`` can ask for at most."""
FAILING = timedelta(days=5)
"""An endpoint at which nothing has arrived for so long is disabled."""
DOWN = timedelta(minutes=10)
"""When an endpoint answers again after so long, what waited for it is tried at once."""
LEASE = timedelta(minutes=2)
"""A message that was taken and of which nothing was heard is taken again after this time."""
KEPT = timedelta(days=30)
"""How long what was delivered or given up stays in the log."""
TROUBLE_FAILURES = 3
TROUBLE_MS = 3_000
"""An endpoint with so many failures in a row, or so slow an answer, is served apart: it delays no other."""
SHOWN_CHARACTERS = 500
"""Of an answer, in the log."""
_OK, _MULTIPLE = 200, 300
GONE = 410

_AUDIENCES: Mapping[Kind, frozenset[Audience]] = {
    Kind.BUYER: frozenset({Audience.BUYER}),
    Kind.PROVIDER: frozenset({Audience.INVITED, Audience.CALLED, Audience.PROVIDER}),
    Kind.PLATFORM: frozenset({Audience.PLATFORM}),
}


class TooManyEndpointsError(ConflictError):
    """An organization has a limited number of endpoints."""

    kind = "too-many-webhooks"
    title = "Your organization has all the webhooks that it may have"


class NotDeliverableError(ConflictError):
    """The endpoint takes no messages now."""

    kind = "webhook-not-active"
    title = "This webhook is not active"


class TestWaitsError(ConflictError):
    """One test at a time."""

    __test__ = False
    kind = "webhook-test-waits"
    title = "A test is on its way to this webhook already"


@dataclass(frozen=True, slots=True)
class Tried:
    """How often a message was tried since its schedule began, the attempt at hand included."""

    attempts: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from an attempt. ``again_at`` None: no other one, delivered or given up."""

    delivered: bool
    again_at: datetime | None


def types_for(kind: Kind) -> tuple[str, ...]:
    """Return the types of notices that an organization of this kind can get, in alphabetical order."""
    return tuple(titles_for(kind))


def titles_for(kind: Kind) -> Mapping[str, str]:
    """Return the same types, each with the title of its notice."""
    audiences = _AUDIENCES.get(kind, frozenset())
    return dict(sorted((row.event, row.title) for row in table.ROWS if row.audience in audiences))


def check_types(kind: Kind, events: Sequence[str]) -> tuple[str, ...]:
    """Return chosen types in alphabetical order, each once. Raises MalformedError for one that never comes."""
    known = set(types_for(kind))
    wrong = tuple(
        FieldError(f"/events/{number}", "is no type that your organization gets: see GET /webhooks/event-types")
        for number, event in enumerate(events)
        if event not in known
    )
    if wrong:
        raise MalformedError(errors=wrong)
    return tuple(sorted(set(events)))


def succeeded(outcome: Outcome) -> bool:
    """Tell whether a message has arrived: 2xx and nothing else; a redirect is none."""
    return outcome.status is not None and _OK <= outcome.status < _MULTIPLE


def verdict(outcome: Outcome, tried: Tried, now: datetime, draw: float) -> Verdict:
    """Return what follows from an attempt. ``draw``: a random number from 0 to 1.

    The next pause is the schedule's, or what ``Retry-After`` asks for if that is longer. What was tried early, because
    its endpoint answered again, is not given up any earlier for that.
    """
    if succeeded(outcome):
        return Verdict(delivered=True, again_at=None)
    used_up = tried.attempts > len(PAUSES) and now - tried.began_at >= sum(PAUSES, timedelta())
    if outcome.status == GONE or used_up:
        return Verdict(delivered=False, again_at=None)
    pause = PAUSES[min(max(tried.attempts, 1), len(PAUSES)) - 1] * (1 + JITTER * draw)
    return Verdict(delivered=False, again_at=now + max(pause, asked_wait(outcome.retry_after, now)))


def asked_wait(retry_after: str, now: datetime) -> timedelta:
    """Return for how long an answer asks to be left alone, in seconds or until a date (RFC 9110, section 10.2.3).

    Never more than ``LONGEST_WAIT``; nothing for what can't be read or has passed.
    """
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        seconds = int(text) if len(text) < 9 else LONGEST_WAIT.total_seconds()  # noqa: PLR2004 - more is too long anyway
        return min(timedelta(seconds=seconds), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(text)
        until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
        return min(max(until - now, timedelta()), LONGEST_WAIT)
    except (ValueError, TypeError, OverflowError):
        return timedelta()


def disabled_because(condition: Condition, outcome: Outcome, failing_since: datetime, now: datetime) -> Because | None:
    """Return why an attempt that failed disables its endpoint; None: it does not."""
    if condition is not Condition.ACTIVE:
        return None
    if outcome.status == GONE:
        return Because.GONE
    return Because.FAILING if now - failing_since >= FAILING else None


def secret_text(secret: bytes) -> str:
    """Return a secret as its organization is shown it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def body_of(event: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """Return the body of a message: written once, so that all its attempts sign the same bytes."""
    content = {"type": event, "timestamp": _instant(at), "data": data}
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def headers_of(message: Message, source: str) -> dict[str, str]:
    """Return the headers of Standard Webhooks and those of CloudEvents in binary mode.

    ``source``: the address of this marketplace, of which the message tells.
    """
    timestamp = str(int(message.sent_at.timestamp()))
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signatures(message.id, timestamp, message.body, message.secrets),
        "ce-specversion": "1.0",
        "ce-id": message.id,
        "ce-type": message.event,
        "ce-source": _header(source),
        "ce-subject": _header(message.subject),
        "ce-time": _instant(message.occurred_at),
    }


def signatures(message_id: str, timestamp: str, body: bytes, secrets: Sequence[bytes]) -> str:
    """Return one signature (``v1``, HMAC-SHA256) for each secret, with spaces between them."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digests = (hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets)
    return " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests)


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


def _header(value: str) -> str:
    """Return an attribute as a header's value (CloudEvents' HTTP binding, section 3.1.3.2)."""
    return quote(value, safe=_PLAIN)
