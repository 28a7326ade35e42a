"""What happens to the phone numbers that are texted: who did it stands in the journal, the number does not."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import OrganizationId, UserId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class PhoneNumberConfirmed(Event):
    """A user typed the code that was texted to its phone."""

    name: ClassVar[str] = "phone_number.confirmed"
    organization_id: OrganizationId
    user_id: UserId

    @property
    def stream(self) -> str:
        """A stream of its own for what each organization is texted."""
        return f"texts:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class PhoneNumberRemoved(Event):
    """A user is texted no more."""

    name: ClassVar[str] = "phone_number.removed"
    organization_id: OrganizationId
    user_id: UserId

    @property
    def stream(self) -> str:
        """The stream of what the organization is texted."""
        return f"texts:{self.organization_id}"


@dataclass(frozen=True, slots=True)
class TextRepeated(Event):
    """The platform has a text sent again."""

    name: ClassVar[str] = "text.repeated"
    delivery_id: str
    organization_id: OrganizationId

    @property
    def stream(self) -> str:
        """The stream of what the organization is texted."""
        return f"texts:{self.organization_id}"
