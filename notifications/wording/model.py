"""The wording of a row as it stands in one language, with its history."""

from dataclasses import dataclass
from datetime import datetime

from notifications.languages import Language
from notifications.row import Row, Wording


@dataclass(frozen=True, slots=True)
class Version:
    """What somebody made of a row's words. ``wording`` None: the default again."""

    number: int
    wording: Wording | None
    saved_at: datetime
    saved_by: str


@dataclass(frozen=True, slots=True)
class Edition:
    """A row in one language: its default, what is told now, and all versions, the latest first."""

    row: Row
    language: Language
    default: Wording
    versions: tuple[Version, ...] = ()

    @property
    def number(self) -> int:
        """The number of the latest version; 0 while nobody has changed anything."""
        return self.versions[0].number if self.versions else 0

    @property
    def edited(self) -> bool:
        """Whether what is told is not the default."""
        return bool(self.versions) and self.versions[0].wording is not None

    @property
    def told(self) -> Wording:
        """What is told now."""
        return (self.versions[0].wording if self.versions else None) or self.default


@dataclass(frozen=True, slots=True)
class Preview:
    """What a reader would be told: the notice, the subject of its mail, and its text message with its length."""

    title: str
    text: str
    message: str
    characters: int
    parts: int
