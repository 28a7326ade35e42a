"""What happens to a provider's footprint, told by id and figures: never a place."""

from dataclasses import dataclass
from typing import ClassVar

from sellers.events import ProviderEvent


@dataclass(frozen=True, slots=True)
class FootprintPublished(ProviderEvent):
    """A version of the footprint is in force from now on: a new one, or an earlier one again."""

    name: ClassVar[str] = "footprint.published"
    version: int
    rows: int


@dataclass(frozen=True, slots=True)
class FootprintWithdrawn(ProviderEvent):
    """No version of the footprint is in force any more."""

    name: ClassVar[str] = "footprint.withdrawn"


@dataclass(frozen=True, slots=True)
class FootprintVisibilityChanged(ProviderEvent):
    """Buyers read the provider's name where it has a network from now on (published), or no longer (private)."""

    name: ClassVar[str] = "footprint.visibility_changed"
    visibility: str
