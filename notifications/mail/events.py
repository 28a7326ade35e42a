"""What happens to addresses and deliveries by somebody's hand: who did it stands in the journal."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class DeliveryRepeated(Event):
    """The platform has a delivery sent again."""

    name: ClassVar[str] = "delivery.repeated"
    delivery_id: str
    organization_id: OrganizationId

    @property
    def stream(self) -> str:
        """A stream of its own for what each organization is sent."""
        return f"mail:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class SuppressionLifted(Event):
    """An address is mailed again: its reader confirmed it, or the platform wants to try."""

    name: ClassVar[str] = "suppression.lifted"
    suppression_id: str
    organization_id: OrganizationId

    @property
    def stream(self) -> str:
        """The stream of what the organization is sent."""
        return f"mail:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class DeskAddressSet(Event):
    """A provider's admin set its desk's shared address, or removed it."""

    name: ClassVar[str] = "desk_address.set"
    organization_id: OrganizationId
    removed: bool = False

    @property
    def stream(self) -> str:
        """The stream of what the organization is sent."""
        return f"mail:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class DeskAddressConfirmed(Event):
    """Whoever reads a desk's shared address opened the link that confirms it."""

    name: ClassVar[str] = "desk_address.confirmed"
    organization_id: OrganizationId

    @property
    def stream(self) -> str:
        """The stream of what the organization is sent."""
        return f"mail:{self.organization_id}"
