"""Preferences on the wire."""

import re
from datetime import time
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from marketplace.kernel.wire import Whole, YesNo
from notifications.groups import Group
from notifications.languages import Language
from notifications.preferences import rules
from notifications.preferences.model import SEVEN, Choice, Preferences, QuietHours, TextChoice, Timing

_ZONES = frozenset(available_timezones())


def _known_zone(name: str) -> str:
    if name not in _ZONES:
        raise ValueError("is no time zone; write one such as America/Chicago or Europe/Berlin")
    return name


_WALL = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?$"
"""A time as a wall clock shows it: the zone is said once."""


def _of_the_wall(at: object) -> object:
    if isinstance(at, str) and not re.match(_WALL, at):
        raise ValueError("write hours and minutes, such as 07:00; the zone is said apart")
    if not isinstance(at, str | time):
        raise ValueError("write hours and minutes as text, such as 07:00")  # noqa: TRY004 - pydantic asks for this one
    return at


WallTime = Annotated[time, BeforeValidator(_of_the_wall), WithJsonSchema({"type": "string", "pattern": _WALL})]
Weekday = Annotated[Whole, Field(ge=1, le=7)]
Zone = Annotated[str, Field(max_length=64), AfterValidator(_known_zone)]


class QuietHoursBody(BaseModel):
    """From when until when nothing is sent, on the nights that begin on these weekdays (1 is Monday)."""

    model_config = ConfigDict(extra="forbid")

    since: WallTime = Field(description="In your zone", examples=["19:00"])
    until: WallTime = Field(description="At or before `since`: on the next day", examples=["07:00"])
    days: list[Weekday] = Field(default=[1, 2, 3, 4, 5, 6, 7], min_length=1, max_length=7)
    urgent_anyway: YesNo = Field(default=True, description="What would be of no use later is sent all the same")

    @model_validator(mode="after")
    def _leaves_time(self) -> "QuietHoursBody":
        if rules.always_quiet(self.value()):
            raise ValueError("quiet hours around the clock leave no time; leave a day out, or turn e-mail off")
        return self

    def value(self) -> QuietHours:
        """Return the quiet hours."""
        return QuietHours(self.since, self.until, frozenset(self.days), self.urgent_anyway)


class PreferencesBody(BaseModel):
    """How you are told by e-mail and by text message. On the pages, everything is always there."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "email": {"awards": "at once", "requests": "daily"},
                    "texts": {"auctions": "urgent", "requests": "off"},
                    "zone": "America/Chicago",
                    "digest_at": "07:00",
                    "quiet": {"since": "19:00", "until": "07:00", "days": [1, 2, 3, 4, 5], "urgent_anyway": True},
                }
            ]
        },
    )

    email: dict[Group, Choice] = Field(
        default={},
        description="By group; 'by weight', also for groups left out: what needs you at once, the rest daily",
    )
    texts: dict[Group, TextChoice] = Field(
        default={},
        description="To the phone number that you confirmed, by group; 'urgent', also for groups left out: what would"
        " be of no use later",
    )
    zone: Zone = "UTC"
    digest_at: WallTime = Field(default=SEVEN, description="When the day's digest is sent, in your zone")
    quiet: QuietHoursBody | None = None
    language: Language = Field(default=Language.EN, description="Of e-mail and text messages")

    def value(self) -> Preferences:
        """Return the preferences."""
        timing = Timing(self.zone, self.quiet.value() if self.quiet else None, self.digest_at)
        return Preferences(self.email, timing, self.texts, self.language)


class QuietHoursOutput(BaseModel):
    """Quiet hours."""

    since: WallTime
    until: WallTime
    days: list[int]
    urgent_anyway: bool


class PreferencesOutput(BaseModel):
    """How you are told: each group that you can be told of, with its choice for e-mail and for text messages."""

    email: dict[Group, Choice]
    texts: dict[Group, TextChoice]
    zone: str
    digest_at: WallTime
    quiet: QuietHoursOutput | None
    language: Language

    @classmethod
    def of(cls, chosen: Preferences, groups: tuple[Group, ...]) -> "PreferencesOutput":
        """Return the wire form of what a reader has chosen."""
        quiet = chosen.timing.quiet
        return cls(
            email={group: chosen.choice(group) for group in groups},
            texts={group: chosen.text_choice(group) for group in groups},
            zone=chosen.timing.zone,
            digest_at=chosen.timing.digest_at,
            quiet=quiet
            and QuietHoursOutput(
                since=quiet.since, until=quiet.until, days=sorted(quiet.days), urgent_anyway=quiet.urgent_anyway
            ),
            language=chosen.language,
        )
