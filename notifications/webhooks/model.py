"""Webhooks as frozen values: endpoints, what is to be delivered to them, and each attempt to do so."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.ids import OrganizationId

TEST = "webhook.test"
"""The type of a message that says nothing but that it arrived."""


class Condition(StrEnum):
    """Whether an endpoint is sent to: ``PAUSED`` by its organization, ``DISABLED`` by us because nothing arrived."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"
    REMOVED = "removed"


class Because(StrEnum):
    """Why an endpoint was disabled: it answered 410, or every attempt failed for days."""

    GONE = "gone"
    FAILING = "failing"


class State(StrEnum):
    """How far a delivery is: ``FAILED`` after the last attempt, ``CANCELLED`` with its endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an organization wants to hear of its notices. ``events`` empty: of all.

    ``failing_since``: of the first attempt that failed after the last that did not. ``previous_until``: how long
    messages are signed with the secret before this one, too. ``rests_until``: until when it asked to be left alone.
    """

    id: str
    url: str
    description: str
    events: tuple[str, ...]
    condition: Condition
    created_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: Because | None
    previous_until: datetime | None
    rests_until: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an organization says of an endpoint."""

    url: str
    description: str = ""
    events: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True, slots=True)
class NewSecret:
    """An endpoint with the secret that was made for it, which nobody is shown again."""

    endpoint: Endpoint
    secret: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver. ``status`` None: no answer came, and ``error`` says why. ``answer``: its first characters."""

    number: int
    at: datetime
    status: int | None
    duration_ms: int
    answer: str
    error: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint. ``id`` is the ``webhook-id`` of all its attempts; ``due_at``: of the next one.

    ``ordinal`` is that of its notice.
    """

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
    ordinal: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is about to be sent: its address as it was saved, and the secrets that sign it."""

    id: str
    endpoint_id: str
    organization_id: OrganizationId
    url: str
    event: str
    subject: str
    occurred_at: datetime
    sent_at: datetime
    body: bytes
    secrets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of sending: ``status`` None where no answer came. ``retry_after``: what the answer asked for."""

    status: int | None
    duration_ms: int
    answer: str = ""
    error: str = ""
    retry_after: str = ""
