"""The links in mails: sealed, so that nobody can make or read one, and good for one thing."""

import base64
import binascii
from datetime import UTC, datetime
from enum import StrEnum

from marketplace.kernel.errors import NotFoundError, ProblemError
from marketplace.kernel.sealing import SealBrokenError
from marketplace.kernel.vault import Vault

_SEALER = "mail links"
_LONGEST = 1000


class Aim(StrEnum):
    """What a link is good for."""

    NOTICE = "n"
    UNSUBSCRIBE = "u"
    CONFIRM = "c"
    CALENDAR = "i"


class LinkExpiredError(ProblemError):
    """The link was good, and its time is over."""

    status = 410
    kind = "link-expired"
    title = "This link has run out"


def make(vault: Vault, aim: Aim, *what: str, until: datetime | None = None) -> str:
    """Return a token for a link that is good until an instant; None: for ever. ``what`` has no line breaks."""
    ends = "" if until is None else str(int(until.timestamp()))
    sealed = vault.sealer(_SEALER).seal("\n".join((aim, ends, *what)).encode())
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(vault: Vault, aim: Aim, token: str, now: datetime) -> tuple[str, ...]:
    """Return what a token is good for. Raises NotFoundError for one that is not ours, LinkExpiredError when late."""
    try:
        sealed = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
        told, ends, *what = vault.sealer(_SEALER).open(sealed).decode().split("\n")
    except (SealBrokenError, binascii.Error, ValueError, TypeError):
        raise NotFoundError from None
    if told != aim:
        raise NotFoundError
    if ends and now > datetime.fromtimestamp(int(ends), UTC):
        raise LinkExpiredError("What it showed is still on your notices page: sign in to read it.")
    return tuple(what)
