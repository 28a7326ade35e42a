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
class OpeningSoon(RequestReminder):
    """Bids on these lots are taken soon."""

    name: ClassVar[str] = "request.opening_soon"


@dataclass(frozen=True, slots=True)
class ClosingSoon(RequestReminder):
    """Bids on these lots are taken not much longer."""

    name: ClassVar[str] = "request.closing_soon"


@dataclass(frozen=True, slots=True)
class ValidityEnding(RequestReminder):
    """Bids on a request that is not decided lapse soon."""

    name: ClassVar[str] = "request.bids_lapse_soon"


@dataclass(frozen=True, slots=True)
class AnswerDue(RequestReminder):
    """A winner's time to confirm its award ends soon."""

    name: ClassVar[str] = "award.answer_due"
    award_id: str
    provider_id: OrganizationId
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True)
class ReminderSkipped(RequestReminder):
    """The worker was away when a reminder was due, and by now it is of no use: nobody is told."""

    name: ClassVar[str] = "reminder.skipped"
    moment: str
    late_seconds: int
