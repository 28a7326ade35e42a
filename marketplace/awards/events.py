"""What awards tell: ids only."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class AwardEvent(Event):
    """Base of events in the request's stream."""

    request_id: RequestId
    award_id: str

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class AwardMade(AwardEvent):
    """The buyer decided; ``lots`` are those that were awarded."""

    name: ClassVar[str] = "award.made"
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwardWon(AwardEvent):
    """A provider won lots."""

    name: ClassVar[str] = "award.won"
    provider_id: OrganizationId
    invitation_id: InvitationId
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AwardLost(AwardEvent):
    """A provider that bid won nothing."""

    name: ClassVar[str] = "award.lost"
    provider_id: OrganizationId
    invitation_id: InvitationId


@dataclass(frozen=True, slots=True)
class IdentityDisclosed(AwardEvent):
    """A winner may read from now on who the buyer is."""

    name: ClassVar[str] = "identity.disclosed"
    provider_id: OrganizationId


@dataclass(frozen=True, slots=True)
class DisclosureRead(AwardEvent):
    """A winner read who the buyer is."""

    name: ClassVar[str] = "disclosure.read"
    provider_id: OrganizationId


@dataclass(frozen=True, slots=True)
class LotsReturned(AwardEvent):
    """Terms were refused: the lots are the buyer's again, with the next bids that are still valid."""

    name: ClassVar[str] = "lots.returned"
    provider_id: OrganizationId
    lots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalEvent(Event):
    """Base of what happens to a selection that needs a second user, in the request's stream."""

    request_id: RequestId
    approval_id: str

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class AwardProposed(ApprovalEvent):
    """A selection above the organization's limit waits for a second user."""

    name: ClassVar[str] = "award.proposed"


@dataclass(frozen=True, slots=True)
class AwardApproved(ApprovalEvent):
    """A second user approved a selection: the award follows in the same transaction."""

    name: ClassVar[str] = "award.approved"


@dataclass(frozen=True, slots=True)
class AwardRejected(ApprovalEvent):
    """A second user rejected a selection."""

    name: ClassVar[str] = "award.rejected"


@dataclass(frozen=True, slots=True)
class AwardCancelled(ApprovalEvent):
    """Who had made a selection took it back before it was decided."""

    name: ClassVar[str] = "award.cancelled"


@dataclass(frozen=True, slots=True)
class ApprovalLimitSet(Event):
    """A buyer's admin said what one user may award alone; the amount stays in the table."""

    name: ClassVar[str] = "approval_limit.set"
    buyer_id: OrganizationId

    @property
    def stream(self) -> str:
        """The buyer's own stream."""
        return f"buyer:{self.buyer_id}"


@dataclass(frozen=True, slots=True)
class SwitchingCostsStated(Event):
    """A buyer said what leaving its present providers costs; ``late``: when it could see bids already."""

    name: ClassVar[str] = "switching_costs.stated"
    request_id: RequestId
    revision: int
    late: bool

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"
