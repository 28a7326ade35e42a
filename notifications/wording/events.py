"""What happens to the words of notices: who changed which stands in the journal."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class WordingChanged(Event):
    """The platform changed the words of a row in one language; ``default``: back to those of the house."""

    name: ClassVar[str] = "wording.changed"
    event: str
    audience: str
    language: str
    number: int
    default: bool

    @property
    def stream(self) -> str:
        """A stream of its own for each event's words."""
        return f"wording:{self.event}"
