"""A reminder as a frozen value: the instant that it is of, and how long before it is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Moment(StrEnum):
    """What happens at the instant."""

    OPENING = "opening"
    CLOSING = "closing"
    ANSWER = "answer"
    VALIDITY = "validity"


@dataclass(frozen=True, slots=True)
class Reminder:
    """``at`` is the instant that matters (UTC), ``lead`` how long before it the reminder is due."""

    moment: Moment
    at: datetime
    lead: timedelta

    @property
    def due_at(self) -> datetime:
        """When it is told."""
        return self.at - self.lead

    @property
    def lead_minutes(self) -> int:
        """The lead in whole minutes, as keys and events have it."""
        return int(self.lead.total_seconds() // 60)
