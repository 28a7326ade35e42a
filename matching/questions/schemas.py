"""Wire types of questions and answers, for both sides."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from matching.questions import rules
from matching.questions.model import Asked, Exchange, QuestionState

Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=rules.LONGEST, pattern=r"^[^\x00]*$"),
]
Accepted = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=200)]


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid")


class QuestionInput(_Input):
    """What you ask. The buyer reads it, and with the answer all invited carriers: say nothing of who you are."""

    text: Text = Field(examples=["Is the riser on the third floor ours to use, or do we bring our own?"])


class AnswerInput(_Input):
    """What all invited carriers read. `accept_findings`: the exact words of findings that you take responsibility for.

    The text of the question goes with it and is checked, too.
    """

    text: Text = Field(examples=["Use the existing riser; it has room for two more cables."])
    accept_findings: Accepted = []


class QuestionDeclineInput(_Input):
    """Why you don't answer: the asker alone reads it. `accept_findings` as with an answer."""

    reason: Text = Field(examples=["This is part of your offer: say what you assume."])
    accept_findings: Accepted = []


class ExchangeOutput(BaseModel):
    """A question and its answer, or a clarification, which has no question.

    `own`: you asked it; then `asked_at` and, if the buyer won't answer, `decline_reason` are told, to nobody else.
    """

    id: str
    state: QuestionState
    own: bool
    question: str | None
    asked_at: datetime | None
    decline_reason: str | None
    answer: str | None
    answered_at: datetime | None
    changed: bool
    changed_at: datetime | None
    version: int | None

    @classmethod
    def of(cls, exchange: Exchange) -> "ExchangeOutput":
        """Return the wire form of ``exchange``."""
        question, answer = exchange.question, exchange.answer
        text = question.text if question is not None else answer.question if answer is not None else ""
        told = QuestionState.ANSWERED if text else QuestionState.PUBLISHED
        return cls(
            id=question.id if question is not None else answer.id if answer is not None else "",
            state=told if question is None else question.state,
            own=question is not None,
            question=text or None,
            asked_at=None if question is None else question.asked_at,
            decline_reason=None if question is None else question.reason or None,
            answer=None if answer is None else answer.text,
            answered_at=None if answer is None else answer.published_at,
            changed=answer is not None and answer.version > 1,
            changed_at=None if answer is None else answer.changed_at,
            version=None if answer is None else answer.version,
        )


class AnswerVersionOutput(BaseModel):
    """One wording of an answer, and since when it stood."""

    version: int
    text: str
    at: datetime


class AskedOutput(BaseModel):
    """A question as you see it as its request's buyer, or a clarification of yours, which has no question.

    `asker` is the same for all questions of one carrier on this request and means nothing anywhere else. Carriers read
    `answer`, and of `versions` only that there were others.
    """

    id: str
    state: QuestionState
    asker: str | None
    question: str | None
    asked_at: datetime
    decline_reason: str | None
    decided_at: datetime | None
    answer: str | None
    changed: bool
    changed_at: datetime | None
    version: int | None
    versions: list[AnswerVersionOutput]

    @classmethod
    def of(cls, asked: Asked) -> "AskedOutput":
        """Return the wire form of ``asked``."""
        question, answer = asked.question, asked.answer
        return cls(
            id=question.id,
            state=question.state,
            asker=asked.asker,
            question=question.text or None,
            asked_at=question.asked_at,
            decline_reason=question.reason or None,
            decided_at=question.decided_at,
            answer=None if answer is None else answer.text,
            changed=answer is not None and answer.version > 1,
            changed_at=None if answer is None else answer.changed_at,
            version=None if answer is None else answer.version,
            versions=[AnswerVersionOutput(version=one.version, text=one.text, at=one.at) for one in asked.versions],
        )
