"""Wire types of winners' confirmations."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.awards.confirmation import rules
from marketplace.awards.confirmation.model import Confirmation, ConfirmationStatus

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]
IdField = Annotated[str, StringConstraints(max_length=100, pattern=r"^[\x21-\x7e]+$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000, pattern=r"^[^\x00]*$")]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConfirmInput(_Input):
    """Your yes to one award, as `GET /invitations/{invitation_id}/award/confirmation` names it."""

    award_id: IdField = Field(examples=["awd_8Zk2"])


class DeclineAwardInput(_Input):
    """Your no to one award. The buyer reads the reason, and that you did not stand by your bid."""

    award_id: IdField = Field(examples=["awd_8Zk2"])
    reason: Words = Field(examples=["The building owner refuses us access."])


class TakeBackInput(_Input):
    """Whose lots you take back, and why."""

    provider_id: IdField
    reason: Words = Field(examples=["No word from them for a week."])


class OwnConfirmation(BaseModel):
    """What you were asked about one award: confirm until `due_at`, or the buyer may take its lots back."""

    award_id: str
    status: ConfirmationStatus
    lots: list[str]
    asked_at: datetime
    due_at: datetime
    decided_at: datetime | None
    reason: str

    @classmethod
    def of(cls, one: Confirmation) -> "OwnConfirmation":
        """Return the wire form that the provider reads; what the buyer said when it took lots back is the buyer's."""
        return cls(
            award_id=one.award_id,
            status=one.status,
            lots=list(one.lots),
            asked_at=one.asked_at,
            due_at=one.due_at,
            decided_at=one.decided_at,
            reason=one.reason if one.status is ConfirmationStatus.DECLINED else "",
        )


class ConfirmationOutput(BaseModel):
    """One winner's word on an award. `defaulted`: it did not stand by its bid on this request.

    `overdue`: it let `due_at` pass without an answer, and you may take the lots back.
    """

    award_id: str
    request_id: str
    provider_id: str
    provider_name: str
    status: ConfirmationStatus
    lots: list[str]
    asked_at: datetime
    due_at: datetime
    overdue: bool
    decided_at: datetime | None
    reason: str
    defaulted: bool

    @classmethod
    def of(cls, one: Confirmation, provider_name: str, now: datetime) -> "ConfirmationOutput":
        """Return the wire form that the buyer and the platform read."""
        return cls(
            award_id=one.award_id,
            request_id=one.request_id,
            provider_id=one.provider_id,
            provider_name=provider_name,
            status=one.status,
            lots=list(one.lots),
            asked_at=one.asked_at,
            due_at=one.due_at,
            overdue=rules.overdue(one, now),
            decided_at=one.decided_at,
            reason=one.reason,
            defaulted=one.defaulted,
        )
