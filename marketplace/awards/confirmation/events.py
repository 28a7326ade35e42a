"""What is told of a winner's answer: ids only, its words stay with the award."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.awards.events import AwardEvent
from marketplace.kernel.ids import InvitationId, OrganizationId


@dataclass(frozen=True, slots=True)
class ConfirmationEvent(AwardEvent):
    """Base of what became of one award to one provider."""

    provider_id: OrganizationId
    invitation_id: InvitationId
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwardConfirmed(ConfirmationEvent):
    """The winner stands by its bids."""

    name: ClassVar[str] = "award.confirmed"


@dataclass(frozen=True, slots=True)
class AwardDeclined(ConfirmationEvent):
    """The winner does not: the lots go back to the buyer."""

    name: ClassVar[str] = "award.declined"


@dataclass(frozen=True, slots=True)
class ConfirmationMissed(ConfirmationEvent):
    """The winner let its time pass: the buyer may take the lots back."""

    name: ClassVar[str] = "award.confirmation_missed"
