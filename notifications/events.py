"""What the notices tell themselves: that a digest is due, with what is in it counted."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class DigestMade(Event):
    """A provider's digest: ``count`` requests that it received since the last one and has not opened."""

    name: ClassVar[str] = "digest.made"
    provider_id: OrganizationId
    count: int

    @property
    def stream(self) -> str:
        """A stream of its own: digests change nothing about the provider."""
        return f"digest:{self.provider_id}"
