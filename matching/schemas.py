"""Wire types of invitations and of the platform's explanation of a distribution."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field

from buyers.requests.view import CarrierView
from marketplace.kernel import codec
from matching.hindsight import Hindsight
from matching.model import ProviderExplanation
from matching.service import Received
from sellers import rules
from sellers.model import CriterionResult, Invitation, InvitationStatus

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]


class CriterionOutput(BaseModel):
    """One criterion of a filter beside a request: passed or not, and why."""

    criterion: str
    passed: bool
    reason: str

    @classmethod
    def of(cls, result: CriterionResult) -> "CriterionOutput":
        """Return the wire form of ``result``."""
        return cls(criterion=result.criterion, passed=result.passed, reason=result.reason)


class InvitationState(BaseModel):
    """What you did with a request that you received."""

    id: str
    status: InvitationStatus
    seen_at: datetime | None
    declined_at: datetime | None
    decline_reason: str

    @classmethod
    def of(cls, invitation: Invitation) -> "InvitationState":
        """Return the wire form of ``invitation``."""
        return cls(
            id=invitation.id,
            status=invitation.status,
            seen_at=invitation.seen_at,
            declined_at=invitation.declined_at,
            decline_reason=invitation.decline_reason,
        )


class InvitationSummary(BaseModel):
    """A request that you received. `reason` says why; `filter_name` is the filter's name when it came to you."""

    id: str
    status: InvitationStatus
    received_at: datetime
    reason: str
    filter_name: str
    title: str
    pseudonym: str
    service_types: list[str]
    sites: int
    lots: int
    closes_at: datetime
    request_status: str
    suspended: bool

    @classmethod
    def of(cls, received: Received) -> "InvitationSummary":
        """Return the wire form of ``received``."""
        invitation, document = received.invitation, received.document
        return cls(
            id=invitation.id,
            status=invitation.status,
            received_at=invitation.received_at,
            reason=invitation.reason,
            filter_name=invitation.filter_name,
            title=document["title"],
            pseudonym=document["pseudonym"],
            service_types=sorted({line["service_type"] for line in document["lines"]}),
            sites=len(document["sites"]),
            lots=len(document["lots"]),
            closes_at=received.closes_at,
            request_status=received.request_status,
            suspended=received.suspended,
        )


class InvitationOutput(BaseModel):
    """A request that you received: `request` is exactly what every invited provider reads."""

    id: str
    status: InvitationStatus
    received_at: datetime
    seen_at: datetime | None
    declined_at: datetime | None
    decline_reason: str
    reason: str
    filter_id: str
    filter_name: str
    why: list[CriterionOutput]
    closes_at: datetime
    request_status: str
    suspended: bool
    request: CarrierView

    @classmethod
    def of(cls, received: Received) -> "InvitationOutput":
        """Return the wire form of ``received``."""
        invitation = received.invitation
        return cls(
            id=invitation.id,
            status=invitation.status,
            received_at=invitation.received_at,
            seen_at=invitation.seen_at,
            declined_at=invitation.declined_at,
            decline_reason=invitation.decline_reason,
            reason=invitation.reason,
            filter_id=invitation.filter_id,
            filter_name=invitation.filter_name,
            why=[CriterionOutput.of(result) for result in invitation.explanation],
            closes_at=received.closes_at,
            request_status=received.request_status,
            suspended=received.suspended,
            request=codec.load(CarrierView, received.document),
        )


class DeclineInput(BaseModel):
    """Why you won't bid."""

    model_config = ConfigDict(extra="forbid")

    reason: str = Field(max_length=60, description=f"one of: {', '.join(rules.DECLINE_REASONS)}", examples=["capacity"])
    text: str = Field(
        "",
        max_length=rules.MAX_DECLINE_TEXT,
        pattern=r"^[^\x00]*$",
        description="your own words; needed with 'other'",
    )


class CostliestOutput(BaseModel):
    """The criterion that keeps most requests away; without it about `matched` would have come."""

    criterion: str
    matched: int


class HindsightOutput(BaseModel):
    """What a filter would have accepted in the past 90 days, rounded down; `matched` is null below 5."""

    words: str
    matched: int | None
    costliest: CostliestOutput | None

    @classmethod
    def of(cls, hindsight: Hindsight) -> "HindsightOutput":
        """Return the wire form of ``hindsight``."""
        most = hindsight.costliest
        costliest = None if most is None else CostliestOutput(criterion=most.criterion, matched=most.matched)
        return cls(words=hindsight.words, matched=hindsight.matched, costliest=costliest)


class MatchingOutput(BaseModel):
    """Why one provider matches a request now or does not.

    `admitted`: the buyer's provider list lets it in. `filter_id`: the filter that accepts, else the one that comes
    closest, else null.
    """

    provider_id: str
    name: str
    status: str
    invited: bool
    admitted: bool
    accepted: bool
    filter_id: str | None
    filter_name: str | None
    criteria: list[CriterionOutput]

    @classmethod
    def of(cls, explanation: ProviderExplanation) -> "MatchingOutput":
        """Return the wire form of ``explanation``."""
        saved = explanation.filter
        return cls(
            provider_id=explanation.provider_id,
            name=explanation.name,
            status=explanation.status,
            invited=explanation.invited,
            admitted=explanation.admitted,
            accepted=explanation.accepted,
            filter_id=None if saved is None else saved.id,
            filter_name=None if saved is None else saved.name,
            criteria=[CriterionOutput.of(result) for result in explanation.criteria],
        )
