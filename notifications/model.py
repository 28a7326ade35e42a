"""Notices as frozen values: one that is about to be written, and one as its reader sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from marketplace.kernel.ids import OrganizationId
from notifications.languages import Language
from notifications.row import Severity, Subject, Urgency, Words


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What one event tells one organization: in English, and in other languages."""

    organization_id: OrganizationId
    event: str
    severity: Severity
    subject: Subject
    subject_id: str
    title: str
    text: str
    urgency: Urgency = Urgency.SOON
    translations: Mapping[Language, Words] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as one user sees it. ``ordinal`` counts inside its organization; ``count`` the events it stands for."""

    id: str
    ordinal: int
    event: str
    severity: Severity
    subject: Subject
    subject_id: str
    title: str
    text: str
    count: int
    created_at: datetime
    updated_at: datetime
    read: bool
    translations: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def told_in(self, language: Language) -> "Notice":
        """Return the notice as it is told in a language; in English where it was not told in that."""
        if language not in self.translations:
            return self
        title, text = self.translations[language]
        return replace(self, title=title, text=text)
