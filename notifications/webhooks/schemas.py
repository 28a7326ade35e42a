"""Webhooks on the wire."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from marketplace.kernel.wire import YesNo
from notifications.webhooks import addresses
from notifications.webhooks.model import Attempt, Because, Condition, Delivery, Endpoint, NewSecret, State, Wanted

Id = Annotated[str, Path(max_length=100, pattern=r"^[\x21-\x7e]+$")]
_MOST_TYPES = 100
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class WebhookInput(BaseModel):
    """Where your system takes messages, and of which types. `events` empty: of all that your organization gets."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=addresses.LONGEST)] = Field(
        examples=["https://hooks.your-company.example/tenderline"],
        description="https, port 443 or from 1024 on; its name must lead to public addresses alone",
    )
    description: _Text = Field(default="", examples=["order system"])
    events: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        default_factory=list, max_length=_MOST_TYPES, examples=[["award.made", "contract.made"]]
    )
    active: YesNo = Field(default=True, description="Whether messages are sent; true also ends that it was disabled")

    def wanted(self) -> Wanted:
        """Return the frozen value of it."""
        return Wanted(self.url, self.description, tuple(self.events), self.active)


class WebhookOutput(BaseModel):
    """A webhook of your organization, without its secret."""

    id: str
    url: str
    description: str
    events: list[str]
    condition: Condition = Field(description="`disabled`: by us, see `disabled_because`")
    created_at: datetime
    rests_until: datetime | None = Field(description="Until when it wants nothing, as it said by `Retry-After`")
    failing_since: datetime | None = Field(description="When the first message failed since the last that arrived")
    disabled_at: datetime | None
    disabled_because: Because | None
    previous_secret_until: datetime | None = Field(
        description="Until then messages are also signed with the secret before this one"
    )

    @classmethod
    def of(cls, endpoint: Endpoint) -> "WebhookOutput":
        """Return the wire form of an endpoint."""
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            description=endpoint.description,
            events=list(endpoint.events),
            condition=endpoint.condition,
            created_at=endpoint.created_at,
            rests_until=endpoint.rests_until,
            failing_since=endpoint.failing_since,
            disabled_at=endpoint.disabled_at,
            disabled_because=endpoint.disabled_because,
            previous_secret_until=endpoint.previous_until,
        )


class WebhookSecretOutput(BaseModel):
    """A webhook with its new secret: it is shown in this answer and never again."""

    webhook: WebhookOutput
    secret: str = Field(examples=["whsec_…"])

    @classmethod
    def of(cls, new: NewSecret) -> "WebhookSecretOutput":
        """Return the wire form of a new secret."""
        return cls(webhook=WebhookOutput.of(new.endpoint), secret=new.secret)


class EventTypes(BaseModel):
    """The types of notices that your organization can get."""

    events: list[str]


class DeliveryOutput(BaseModel):
    """A message to a webhook. `id` is the `webhook-id` of all its attempts; `due_at` is when the next one is made."""

    id: str
    event: str
    subject: str
    state: State
    attempts: int
    created_at: datetime
    due_at: datetime | None
    delivered_at: datetime | None
    last_status: int | None
    last_error: str

    @classmethod
    def of(cls, delivery: Delivery) -> "DeliveryOutput":
        """Return the wire form of a delivery."""
        return cls(
            id=delivery.id,
            event=delivery.event,
            subject=delivery.subject,
            state=delivery.state,
            attempts=delivery.attempts,
            created_at=delivery.created_at,
            due_at=delivery.due_at,
            delivered_at=delivery.delivered_at,
            last_status=delivery.last_status,
            last_error=delivery.last_error,
        )


class AttemptOutput(BaseModel):
    """One attempt. `status` null: no answer came, and `error` says why. `answer` is how your system's answer began."""

    number: int
    at: datetime
    status: int | None
    duration_ms: int
    answer: str
    error: str

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptOutput":
        """Return the wire form of an attempt."""
        return cls(
            number=attempt.number,
            at=attempt.at,
            status=attempt.status,
            duration_ms=attempt.duration_ms,
            answer=attempt.answer,
            error=attempt.error,
        )


class DeliveryDetails(BaseModel):
    """A message with all its attempts."""

    delivery: DeliveryOutput
    attempts: list[AttemptOutput]
