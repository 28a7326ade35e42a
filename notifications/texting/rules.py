"""Pure decisions about texts: what one says, when it is tried again, and when a code confirms a phone number."""

import hmac
import re
from datetime import datetime, timedelta

from notifications.texting.model import Check, Fate, Outcome
from notifications.webhooks.rules import asked_wait

LEASE = timedelta(minutes=2)
"""How long a process may take over the texts that it took; then another one takes them."""
GIVE_UP_AFTER = timedelta(hours=6)
"""After it was due. A text calls somebody to act: what could not be sent by then is found on the pages."""
CODE_VALID = timedelta(minutes=10)
CODE_DIGITS = 6
CODE_ATTEMPTS = 5
"""Wrong codes after which a code is good for nothing: one guess in 200,000 succeeds."""
CODE_PAUSE = timedelta(minutes=1)
CODES_A_DAY = 5
"""For one user: nobody floods a foreign phone, or earns by texts, through us."""
TEXTS_A_DAY = 30
"""To one reader; what is more is on the pages, and in the mail."""
LONGEST_WAIT = timedelta(hours=1)
"""What a gateway can ask for at most."""
_FIRST_PAUSE = timedelta(seconds=15)
_LONGEST_PAUSE = timedelta(minutes=15)
_DOUBLINGS = 10

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_OK, _MULTIPLE = 200, 300
_USELESS = frozenset({400, 413, 422})
"""What a gateway answers to a message that it will never take; other refusals may be mended by who runs us."""


def normal_number(typed: str) -> str | None:
    """Return a phone number as E.164 writes it (+12125550100); None for what is none."""
    bare = re.sub(r"[\s().\-/]", "", typed)
    number = "+" + bare[2:] if bare.startswith("00") else bare
    return number if _NUMBER.fullmatch(number) else None


def masked(number: str) -> str:
    """Return a number so that its owner knows it and nobody else can call it."""
    return f"{number[:3]} … {number[-2:]}"


def outcome_of(status: int, retry_after: str, now: datetime) -> Outcome:
    """Return what a gateway's answer means for the message."""
    if _OK <= status < _MULTIPLE:
        return Outcome(Fate.SENT)
    if status in _USELESS:
        return Outcome(Fate.REFUSED, f"the gateway answered {status}")
    wait = min(asked_wait(retry_after, now), LONGEST_WAIT)
    return Outcome(Fate.LATER, f"the gateway answered {status}", wait)


def retry_at(attempts: int, wait: timedelta, now: datetime, chance: float) -> datetime:
    """Return when to try again after ``attempts`` failures: twice as long each time, and never before ``wait`` is over.

    ``chance`` (0 to 1) takes up to half of our own pause away, so that what failed together is not tried together.
    """
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, _DOUBLINGS), _LONGEST_PAUSE)
    return now + max(pause * (1 - chance / 2), wait)


def check_code(typed: str, right: str, until: datetime, attempts: int, now: datetime) -> Check:
    """Return what comes of a code; ``right`` and ``typed`` are marks of codes, ``attempts`` those before this one."""
    if attempts >= CODE_ATTEMPTS:
        return Check.TOO_OFTEN
    if now >= until:
        return Check.TOO_LATE
    return Check.RIGHT if hmac.compare_digest(typed, right) else Check.WRONG
