"""Questions, their answers and what each side sees of them, as frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId


class QuestionState(StrEnum):
    """``published`` is a clarification: the buyer told it without being asked."""

    WAITING = "waiting"
    ANSWERED = "answered"
    DECLINED = "declined"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Question:
    """What a provider asked; a clarification has neither asker nor text. ``reason`` is for the asker alone."""

    id: str
    request_id: RequestId
    provider_id: OrganizationId | None
    invitation_id: InvitationId | None
    text: str
    state: QuestionState
    asked_at: datetime
    reason: str = ""
    decided_at: datetime | None = None
    answer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What every invited provider reads: the question, empty for a clarification, and the answer as it stands now."""

    id: str
    request_id: RequestId
    question: str
    text: str
    version: int
    published_at: datetime
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AnswerVersion:
    """One wording of an answer, and since when it stood."""

    version: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its answer as one provider sees them. ``question`` is there only if that provider asked it."""

    question: Question | None
    answer: Answer | None

    @property
    def key(self) -> tuple[str, str]:
        """Where it stands in the list, which is newest first."""
        if self.answer is not None:
            return self.answer.published_at.isoformat(), self.answer.id
        if self.question is None:
            raise ValueError("an exchange has a question or an answer")
        return self.question.asked_at.isoformat(), self.question.id


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or a clarification as the buyer sees it. ``asker`` is a label that stands for nobody elsewhere."""

    question: Question
    asker: str | None
    answer: Answer | None
    versions: tuple[AnswerVersion, ...]
