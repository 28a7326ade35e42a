"""One row of the table of notices: who is told of an event, how much it matters, in which words, from which facts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from notifications.languages import Language

Data = Mapping[str, Any]
"""An event's own fields as JSON values."""


class Audience(StrEnum):
    """Who is told. ``INVITED``: the approved providers that received the request and have not declined it."""

    BUYER = "buyer"
    INVITED = "invited providers"
    CALLED = "bidders called to final offers"
    PROVIDER = "the provider concerned"
    PLATFORM = "platform"


class Severity(StrEnum):
    """How much it matters: to know, to act on, or something that went wrong."""

    INFO = "info"
    ACTION = "action"
    WARNING = "warning"


class Urgency(StrEnum):
    """How soon it is told outside of the pages: with the day's other news, now, or now even in quiet hours."""

    LATER = "later"
    SOON = "soon"
    NOW = "now"


class Subject(StrEnum):
    """What a notice leads to. A provider knows a request by its own invitation only."""

    REQUEST = "request"
    INVITATION = "invitation"
    CONTRACT = "contract"
    BUYER = "buyer"
    PROVIDER = "provider"
    WEBHOOK = "webhook"


ID_FIELDS = {
    Subject.REQUEST: "request_id",
    Subject.CONTRACT: "contract_id",
    Subject.BUYER: "buyer_id",
    Subject.PROVIDER: "provider_id",
    Subject.WEBHOOK: "webhook_id",
}
"""The event's field that names the subject; an invitation is found by who is told."""


@dataclass(frozen=True, slots=True)
class ForBuyer:
    """All that a text for a buyer is made from: its own words, and how many providers have them or decline.

    ``lots`` are their references. ``provider`` is a name only in the events ``AFTER_THE_OPENING``. ``waits``: the
    request waits for verification.
    """

    title: str = ""
    lots: tuple[str, ...] = ()
    provider: str = ""
    invited: int = 0
    declined: int = 0
    waits: bool = False


@dataclass(frozen=True, slots=True)
class ForProvider:
    """All that a text for a provider is made from: the buyer's name for this request alone, and its own lots.

    ``requests``: how many of them a digest is about.
    """

    pseudonym: str = ""
    lots: tuple[str, ...] = ()
    requests: int = 0


@dataclass(frozen=True, slots=True)
class ForPlatform:
    """All that a text for the platform is made from. Who a buyer is, is not in it: reading that is recorded."""

    provider: str = ""


Facts = ForBuyer | ForProvider | ForPlatform
FACTS: Mapping[Audience, type[Facts]] = {
    Audience.BUYER: ForBuyer,
    Audience.INVITED: ForProvider,
    Audience.CALLED: ForProvider,
    Audience.PROVIDER: ForProvider,
    Audience.PLATFORM: ForPlatform,
}

AFTER_THE_OPENING = frozenset(
    {
        "identity.disclosed",
        "disclosure.read",
        "award.confirmed",
        "award.declined",
        "award.confirmation_missed",
        "lots.returned",
        "terms.presented",
        "terms.accepted",
        "terms.refused",
        "negotiation.proposed",
        "negotiation.agreed",
        "discounts.recomputed",
        "contract.made",
        "contract.notice_window_opened",
    }
)
"""The events that happen when the buyer knows the bidders, so that a provider's name may be told to it."""


@dataclass(frozen=True, slots=True)
class Row:
    """What one event tells one audience. ``title`` and ``text`` are filled from the audience's facts.

    ``per`` names the fields of the event (dotted paths) that make one notice: a request's 300 lots that open tell
    once. Empty: every event has its own. ``renews``: an event more makes the notice new again and counts it; otherwise
    the first tells.
    ``if_event`` and ``if_facts``: it tells only where they hold. ``urgent``: tomorrow it would be of no use.
    """

    event: str
    audience: Audience
    severity: Severity
    subject: Subject
    title: str
    text: str
    per: tuple[str, ...] = ()
    renews: bool = False
    if_event: Callable[[Data], bool] = lambda _data: True
    if_facts: Callable[[Data, Facts], bool] = lambda _data, _facts: True
    urgent: bool = False

    @property
    def urgency(self) -> Urgency:
        """How soon it is told: what is only to know may wait for the day's digest."""
        if self.urgent:
            return Urgency.NOW
        return Urgency.LATER if self.severity is Severity.INFO else Urgency.SOON


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a row in one language: title and text, with placeholders for the audience's facts."""

    title: str
    text: str


Words = tuple[str, str]
"""Title and text of a notice, as they are told."""

_LOTS_NAMED = 5
_LOTS: Mapping[Language, tuple[str, str]] = {Language.EN: ("no lot", "{} lots"), Language.DE: ("kein Los", "{} Lose")}


def words(said: Row | Wording, facts: Facts, language: Language = Language.EN) -> Words:
    """Return title and text of a notice. Raises KeyError when it asks for what its audience may not know."""
    known = {name: getattr(facts, name) for name in facts.__slots__}
    if "lots" in known:
        known["lots"] = lots_in_words(known["lots"], language)
    return said.title.format_map(known), said.text.format_map(known)


def lots_in_words(refs: tuple[str, ...], language: Language = Language.EN) -> str:
    """Return lot references as they stand in a sentence: named while they are few, else counted."""
    none, many = _LOTS[language]
    if not refs:
        return none
    return ", ".join(refs) if len(refs) <= _LOTS_NAMED else many.format(len(refs))


BUYER, INVITED, PROVIDER, PLATFORM = Audience.BUYER, Audience.INVITED, Audience.PROVIDER, Audience.PLATFORM
INFO, ACTION, WARNING = Severity.INFO, Severity.ACTION, Severity.WARNING
PER_REQUEST = ("request_id",)
