"""Pure decisions about mail: when to try again, when to give up, which address is spared, what a reason may tell."""

import re
from datetime import datetime, timedelta

LEASE = timedelta(minutes=5)
"""How long a process may take over the letters that it took; then another one takes them."""
GIVE_UP_AFTER = timedelta(days=2)
"""After it was due. Older news is of no use: what could not be sent by then is found on the pages."""
LINK_VALID = timedelta(days=14)
CONFIRMATION_VALID = timedelta(days=3)
CONFIRMATION_PAUSE = timedelta(minutes=5)
"""Between two links to one reader: nobody floods a foreign mailbox through us."""
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(hours=4)
_DOUBLINGS = 12
HARD_BOUNCES = 3
BOUNCES_COUNT_FOR = timedelta(days=30)
_LONGEST_REASON = 300
_PERMANENT = 500
_ADDRESS = re.compile(r"\S*@\S*")


def retry_at(attempts: int, now: datetime, chance: float) -> datetime:
    """Return when to try again after ``attempts`` failures: twice as long each time, up to four hours.

    ``chance`` (0 to 1) takes up to half of it away, so that what failed together is not tried together.
    """
    pause: timedelta = min(_FIRST_PAUSE * 2 ** min(max(attempts, 1) - 1, _DOUBLINGS), _LONGEST_PAUSE)
    return now + pause * (1 - chance / 2)


def is_permanent(code: int) -> bool:
    """Tell whether an SMTP reply says that trying again is useless (RFC 5321, section 4.2.1)."""
    return code >= _PERMANENT


def bounces_after(bounces: int, last_at: datetime | None, now: datetime) -> int:
    """Return how many hard bounces an address has with one more; old ones don't count."""
    return 1 if last_at is None or now - last_at > BOUNCES_COUNT_FOR else bounces + 1


def is_spared(bounces: int) -> bool:
    """Tell whether an address with so many hard bounces is mailed no more."""
    return bounces >= HARD_BOUNCES


def plain_reason(said: str) -> str:
    """Return what a server said in one short line, without any address: lists must not tell whose mail it was."""
    return _ADDRESS.sub("<address>", " ".join(said.split()))[:_LONGEST_REASON]
