"""Notices as frozen values: one that is about to be written, and one as its reader sees it."""

from dataclasses import dataclass
from datetime import datetime

from marketplace.kernel.ids import OrganizationId
from notifications.row import Severity, Subject, Urgency


@dataclass(frozen=True, slots=True)
class NewNotice:
    """What one event tells one organization."""

    organization_id: OrganizationId
    event: str
    severity: Severity
    subject: Subject
    subject_id: str
    title: str
    text: str
    urgency: Urgency = Urgency.SOON


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
