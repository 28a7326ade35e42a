"""Mails as frozen values: a letter that is about to be sent, what became of it, and what came back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.principals import Kind
from notifications.languages import Language
from notifications.row import Subject


class Status(StrEnum):
    """Where a delivery stands.

    ``SENDING``: taken by a process until its lease ends. ``GIVEN_UP``: tried in vain for as long as it was of use.
    ``SKIPPED``: nobody was there to send it while it was. ``DROPPED``: it has no reader any more. ``SUPERSEDED``: its
    notice became new, and is mailed as it stands then.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    BOUNCED = "bounced"
    GIVEN_UP = "given up"
    SKIPPED = "skipped"
    SUPPRESSED = "suppressed"
    DROPPED = "dropped"
    SUPERSEDED = "superseded"


OPEN = (Status.WAITING, Status.SENDING)
FAILED = (Status.BOUNCED, Status.GIVEN_UP, Status.SUPPRESSED)


class Purpose(StrEnum):
    """What a delivery is for: a notice, or the link that confirms an address."""

    NOTICE = "notice"
    CONFIRMATION = "confirmation"


@dataclass(frozen=True, slots=True)
class Item:
    """One notice in a letter, with its own link. ``count``: the events that it stands for."""

    delivery_id: str
    title: str
    text: str
    count: int
    at: datetime
    subject: str
    """Opaque, the same for all that one reader is told of one request, invitation or contract."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail to one reader. ``id`` is that of its first delivery; ``edition`` counts how often it was sent anew."""

    id: str
    purpose: Purpose
    reader_id: str
    address: str
    items: tuple[Item, ...]
    zone: str
    at: datetime
    attempts: int
    edition: int = 0
    shared: bool = False
    """Whether it goes to a desk's shared address."""
    language: Language = Language.EN


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses in a letter: of each item in order, to unsubscribe, of the preferences, and to confirm."""

    items: tuple[str, ...] = ()
    unsubscribe: str = ""
    preferences: str = ""
    confirm: str = ""


class Fate(StrEnum):
    """What an attempt to send came to. ``REFUSED``: the server will never take mail for this address."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an attempt to send came to, and in the server's words why."""

    fate: Fate
    reason: str = ""


class ReturnKind(StrEnum):
    """What came back: it could not be delivered, its reader calls it spam, or neither."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Returned:
    """What a returned message says of the letter it is about. ``hard``: it will never be delivered."""

    kind: ReturnKind
    letter_id: str = ""
    hard: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a link in a mail shows: the facts of its notice, and where it leads."""

    title: str
    text: str
    count: int
    at: datetime
    kind: Kind
    subject: Subject
    subject_id: str


@dataclass(frozen=True, slots=True)
class DeskAddress:
    """A provider's shared address; used once it is confirmed."""

    address: str
    set_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address that is not mailed any more, and why. Lists show whose it is, never the address itself."""

    id: str
    reader_id: str
    organization_id: str
    cause: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True)
class KeptMail:
    """A mail that was kept instead of sent."""

    id: str
    address: str
    subject: str
    source: str
    at: datetime
