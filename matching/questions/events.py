"""What is told of questions: by ids, never a word of what was asked or answered."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class QuestionEvent(Event):
    """Base of what is told on a request's stream. ``question_id`` also names a clarification."""

    request_id: RequestId
    question_id: str

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class QuestionAsked(QuestionEvent):
    """An invited provider asked; who, stands with the question, where the buyer doesn't reach."""

    name: ClassVar[str] = "question.asked"


@dataclass(frozen=True, slots=True)
class QuestionAnswered(QuestionEvent):
    """The answer went to all invited providers. ``acknowledged``: findings that the buyer took responsibility for."""

    name: ClassVar[str] = "question.answered"
    acknowledged: int = 0


@dataclass(frozen=True, slots=True)
class QuestionDeclined(QuestionEvent):
    """The buyer won't answer; the asker alone is told why."""

    name: ClassVar[str] = "question.declined"
    provider_id: OrganizationId
    invitation_id: InvitationId
    acknowledged: int = 0


@dataclass(frozen=True, slots=True)
class ClarificationPublished(QuestionEvent):
    """The buyer told all invited providers something that nobody had asked."""

    name: ClassVar[str] = "clarification.published"
    acknowledged: int = 0


@dataclass(frozen=True, slots=True)
class AnswerChanged(QuestionEvent):
    """An answer or a clarification has a new wording, its ``version``; the earlier ones are kept."""

    name: ClassVar[str] = "answer.changed"
    version: int
    acknowledged: int = 0
