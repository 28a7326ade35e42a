"""What happens to a request, told by id: who asks is nowhere in here."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Event


def stream_of(request_id: RequestId) -> str:
    """Return the stream of a request, and of all that is decided about it."""
    return f"request:{request_id}"


@dataclass(frozen=True, slots=True)
class RequestEvent(Event):
    """Base of the events of one request's stream."""

    request_id: RequestId

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return stream_of(self.request_id)


@dataclass(frozen=True, slots=True)
class RequestDrafted(RequestEvent):
    """A buyer began a request."""

    name: ClassVar[str] = "request.drafted"


@dataclass(frozen=True, slots=True)
class RequestSubmitted(RequestEvent):
    """The buyer is done; ``acknowledged`` findings of the leak check it took responsibility for."""

    name: ClassVar[str] = "request.submitted"
    acknowledged: int


@dataclass(frozen=True, slots=True)
class RequestLapsed(RequestEvent):
    """Verification came after the closing time: the request is a draft again."""

    name: ClassVar[str] = "request.lapsed"


@dataclass(frozen=True, slots=True)
class RequestPublished(RequestEvent):
    """Carriers may see it from now on; ``view_hash`` is the SHA-256 of what they see."""

    name: ClassVar[str] = "request.published"
    version: int
    view_hash: str


@dataclass(frozen=True, slots=True)
class RequestAmended(RequestEvent):
    """A new version; ``changed`` names fields and refs, never values."""

    name: ClassVar[str] = "request.amended"
    version: int
    view_hash: str
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestWithdrawn(RequestEvent):
    """The buyer takes it back; its reason stays with the request."""

    name: ClassVar[str] = "request.withdrawn"
    was_published: bool


@dataclass(frozen=True, slots=True)
class RequestSuspended(RequestEvent):
    """No bids are taken for the time being."""

    name: ClassVar[str] = "request.suspended"


@dataclass(frozen=True, slots=True)
class RequestResumed(RequestEvent):
    """Bids are taken again."""

    name: ClassVar[str] = "request.resumed"


@dataclass(frozen=True, slots=True)
class RequestAwarded(RequestEvent):
    """At least one lot was awarded."""

    name: ClassVar[str] = "request.awarded"


@dataclass(frozen=True, slots=True)
class RequestNotAwarded(RequestEvent):
    """It ended without an award."""

    name: ClassVar[str] = "request.not_awarded"


@dataclass(frozen=True, slots=True)
class FindingReviewed(RequestEvent):
    """An admin of the platform looked at words that the buyer took responsibility for; its note stays with them."""

    name: ClassVar[str] = "finding.reviewed"
    finding_id: str
