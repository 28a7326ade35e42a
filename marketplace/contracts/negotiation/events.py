"""What negotiations tell: ids, versions and sides only; the words are for the two at the table."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.contracts.negotiation.model import Side
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class NegotiationEvent(Event):
    """Base of the steps of a negotiation. They are in the request's stream, to which providers may append.

    ``side`` did it.
    """

    contract_id: str
    request_id: RequestId
    provider_id: OrganizationId
    version: int
    side: Side

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class ProposalMade(NegotiationEvent):
    """Changes to the terms are proposed, or countered by others."""

    name: ClassVar[str] = "negotiation.proposed"


@dataclass(frozen=True, slots=True)
class ProposalAccepted(NegotiationEvent):
    """Both sides accepted a version."""

    name: ClassVar[str] = "negotiation.agreed"


@dataclass(frozen=True, slots=True)
class ProposalWithdrawn(NegotiationEvent):
    """A side took back its open proposal."""

    name: ClassVar[str] = "negotiation.withdrawn"
