"""What a reader has chosen: how each group reaches it by e-mail and by text, and when it is not to be disturbed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from marketplace.kernel.texts import marked
from notifications.groups import Group
from notifications.languages import Language

SEVEN = time(7, 0)


class Choice(StrEnum):
    """How a group of events reaches a reader by e-mail. On the pages all of it is always there."""

    BY_WEIGHT = "by weight"
    AT_ONCE = "at once"
    DAILY = "daily"
    OFF = "off"


WORDS: Mapping[Choice, str] = {
    Choice.BY_WEIGHT: marked("What needs you at once, the rest daily"),
    Choice.AT_ONCE: marked("At once"),
    Choice.DAILY: marked("Once a day"),
    Choice.OFF: marked("Not by e-mail"),
}


class TextChoice(StrEnum):
    """What of a group of events reaches a reader as a text message, once it has confirmed a phone number."""

    URGENT = "urgent"
    NEEDED = "needed"
    OFF = "off"


TEXT_WORDS: Mapping[TextChoice, str] = {
    TextChoice.URGENT: marked("Urgent things alone"),
    TextChoice.NEEDED: marked("All that needs you"),
    TextChoice.OFF: marked("Not by text message"),
}


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From when until when nothing is sent, in the reader's zone, on nights that begin on ``days`` (ISO: 1 = Monday).

    ``until`` at or before ``since``: the next day. ``urgent_anyway``: what would be of no use later is sent all the
    same.
    """

    since: time
    until: time
    days: frozenset[int] = frozenset(range(1, 8))
    urgent_anyway: bool = True


@dataclass(frozen=True, slots=True)
class Timing:
    """When e-mail and texts may come: the reader's zone (IANA name), its quiet hours, the time of the day's digest."""

    zone: str = "UTC"
    quiet: QuietHours | None = None
    digest_at: time = SEVEN


@dataclass(frozen=True, slots=True)
class Preferences:
    """All that one reader has chosen; a group without a choice goes by weight, and as a text only what is urgent."""

    choices: Mapping[Group, Choice] = field(default_factory=dict)
    timing: Timing = Timing()
    texts: Mapping[Group, TextChoice] = field(default_factory=dict)
    language: Language = Language.EN

    def choice(self, group: Group) -> Choice:
        """Return how a group reaches the reader."""
        return self.choices.get(group, Choice.BY_WEIGHT)

    def text_choice(self, group: Group) -> TextChoice:
        """Return what of a group reaches the reader as a text message."""
        return self.texts.get(group, TextChoice.URGENT)
