"""Who received a request, told by id."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class MatchingEvent(Event):
    """Base of what matching tells on a request's stream."""

    request_id: RequestId

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class ProviderInvited(MatchingEvent):
    """One provider received the request. ``digest``: it wants to be told in its next one, and that is early enough."""

    name: ClassVar[str] = "provider.invited"
    provider_id: OrganizationId
    invitation_id: InvitationId
    digest: bool = False


@dataclass(frozen=True, slots=True)
class ProviderGranted(MatchingEvent):
    """One provider may open the request and bid, because it is on the buyer's list; nothing was pushed to it."""

    name: ClassVar[str] = "provider.granted"
    provider_id: OrganizationId
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True)
class RequestDistributed(MatchingEvent):
    """The request was given to all that it is for at this moment, ``count`` of them for the first time."""

    name: ClassVar[str] = "request.distributed"
    count: int
