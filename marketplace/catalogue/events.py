"""What happens to the catalogue."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class CatalogueChanged(Event):
    """The back office saved a new version; new drafts are written against it."""

    name: ClassVar[str] = "catalogue.changed"
    version: str

    @property
    def stream(self) -> str:
        """The catalogue has one stream."""
        return "catalogue"
