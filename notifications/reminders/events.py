"""What reminders tell: that an instant is near, or that it was too late to say so."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class RequestReminder(Event):
    """Base of what is near on a request. ``at``: the instant; ``lead_minutes``: how long before it this is due."""

    request_id: RequestId
    lots: tuple[str, ...]
    at: datetime
    lead_minutes: int

    @property
    def stream(self) -> str:
        """A stream of its own: reminders change nothing about the request."""
        return f"reminders:{self.request_id}"


@dataclass(frozen=True, slots=True)
class OpeningDayReached(RequestReminder):
    """Bids on these lots are taken within a day."""

    name: ClassVar[str] = "request.opening_day_reached"


@dataclass(frozen=True, slots=True)
class OpeningMinutesReached(RequestReminder):
    """Bids on these lots are taken in minutes."""

    name: ClassVar[str] = "request.opening_minutes_reached"


@dataclass(frozen=True, slots=True)
class LastDayReached(RequestReminder):
    """Bids on these lots are taken for a day more at most."""

    name: ClassVar[str] = "request.last_day_reached"


@dataclass(frozen=True, slots=True)
class LastMinutesReached(RequestReminder):
    """Bids on these lots are taken for minutes more."""

    name: ClassVar[str] = "request.last_minutes_reached"


@dataclass(frozen=True, slots=True)
class BidLapseNeared(RequestReminder):
    """Bids on a request that is not decided lapse soon."""

    name: ClassVar[str] = "request.bid_lapse_neared"


@dataclass(frozen=True, slots=True)
class AnswerNeared(RequestReminder):
    """A winner's time to confirm its award ends soon."""

    name: ClassVar[str] = "award.answer_neared"
    award_id: str
    provider_id: OrganizationId
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True)
class ReminderSkipped(RequestReminder):
    """The worker was away when a reminder was due, and by now it is of no use: nobody is told."""

    name: ClassVar[str] = "reminder.skipped"
    moment: str
    late_seconds: int
