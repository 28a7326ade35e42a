"""Text messages as frozen values: one that is about to be sent, what came of it, and a reader's phone number."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """Where a text stands.

    ``SENDING``: taken by a process until its lease ends. ``SENT``: the gateway has taken it. ``REFUSED``: the gateway
    never will. ``GIVEN_UP``: tried in vain for as long as it was of use. ``SKIPPED``: it was of no use any more, or one
    too many for its reader's day. ``DROPPED``: it has no reader any more. ``SUPERSEDED``: its notice became new, and is
    texted as it stands then.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    GIVEN_UP = "given up"
    SKIPPED = "skipped"
    DROPPED = "dropped"
    SUPERSEDED = "superseded"


OPEN = (Status.WAITING, Status.SENDING)
FAILED = (Status.REFUSED, Status.GIVEN_UP)


class Purpose(StrEnum):
    """What a text is for: a notice, or the code that confirms a phone number."""

    NOTICE = "notice"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class TextMessage:
    """One text to one number. ``id`` is the same for all its attempts, so that a gateway can drop doubles."""

    id: str
    to: str
    text: str
    attempts: int


class Fate(StrEnum):
    """What an attempt came to. ``REFUSED``: the gateway will never take this message."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt came to and why. ``wait``: for how long the gateway wants to hear nothing from us."""

    fate: Fate
    reason: str = ""
    wait: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """Where a user is texted, used once it is confirmed. ``code_until``: until when a code that was sent is good."""

    number: str
    set_at: datetime
    confirmed_at: datetime | None
    code_until: datetime | None


class Check(StrEnum):
    """What came of a code that somebody typed."""

    RIGHT = "right"
    WRONG = "wrong"
    TOO_OFTEN = "too often"
    TOO_LATE = "too late"
