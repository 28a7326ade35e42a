"""What a winner is asked after the award, and what it answered, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId, UserId


class ConfirmationStatus(StrEnum):
    """``RETURNED``: the buyer has its lots back before the provider answered."""

    AWAITED = "awaited"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One award to one provider and the provider's word on it.

    ``defaulted``: it declined, or let the period pass until the buyer took the lots back. The buyer of the request and
    the platform know of it, nobody else.
    """

    award_id: str
    request_id: RequestId
    provider_id: OrganizationId
    invitation_id: InvitationId
    lots: tuple[str, ...]
    asked_at: datetime
    due_at: datetime
    status: ConfirmationStatus = ConfirmationStatus.AWAITED
    decided_at: datetime | None = None
    decided_by: UserId | None = None
    reason: str = ""
    defaulted: bool = False
