"""Tables of questions and answers: askers see their own questions, all invited providers the answers."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

from marketplace.kernel.tables import instant


class QuestionRow(SQLModel, table=True):
    """One question, or a clarification, which has no asker and is no row that the carriers' role finds."""

    __tablename__ = "questions"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("state IN ('waiting', 'answered', 'declined', 'published')", name="questions_state"),
        CheckConstraint("(state = 'published') = (provider_id IS NULL)", name="questions_asker"),
        CheckConstraint("(state IN ('answered', 'published')) = (answer_id IS NOT NULL)", name="questions_answer"),
        Index("questions_newest", "request_id", "asked_at", "id"),
        Index("questions_of_invitation", "invitation_id"),
        {"schema": "market", "info": {"carrier": "SELECT, INSERT", "own_rows": "provider_id"}},
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), nullable=False))
    provider_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    invitation_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    text: str = Field(sa_column=Column(Text, nullable=False))
    state: str = Field(sa_column=Column(Text, nullable=False))
    asked_at: datetime = instant()
    reason: str = Field(default="", sa_column=Column(Text, nullable=False))
    decided_at: datetime | None = instant(nullable=True)
    answer_id: str | None = Field(default=None, sa_column=Column(Text, nullable=True))


class AskerRow(SQLModel, table=True):
    """The number by which a buyer knows an asker on one request: drawn at random, so that it tells nothing."""

    __tablename__ = "question_askers"
    __table_args__: ClassVar[Any] = (
        UniqueConstraint("request_id", "number"),
        {"schema": "market", "info": {"append_only": True, "carrier": "SELECT, INSERT", "own_rows": "provider_id"}},
    )
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), primary_key=True))
    provider_id: str = Field(sa_column=Column(Text, primary_key=True))
    number: int


class AnswerRow(SQLModel, table=True):
    """What all invited providers read, whoever asked: all columns of it, and nothing of the asker is in it."""

    __tablename__ = "answers"
    __table_args__: ClassVar[Any] = (
        Index("answers_newest", "request_id", "published_at", "id"),
        {
            "schema": "market",
            "info": {
                "carrier": "SELECT",
                "visible_rows": "request_id IN (SELECT request_id FROM market.invitations)",
            },
        },
    )
    id: str = Field(sa_column=Column(Text, primary_key=True))
    request_id: str = Field(sa_column=Column(Text, ForeignKey("market.requests.id"), nullable=False))
    question: str = Field(sa_column=Column(Text, nullable=False))
    text: str = Field(sa_column=Column(Text, nullable=False))
    version: int
    published_at: datetime = instant()
    changed_at: datetime | None = instant(nullable=True)


class AnswerVersionRow(SQLModel, table=True):
    """Every wording that an answer had. Not for carriers: a buyer may have changed it because it said too much."""

    __tablename__ = "answer_versions"
    __table_args__: ClassVar[Any] = ({"schema": "market", "info": {"append_only": True}},)
    answer_id: str = Field(sa_column=Column(Text, ForeignKey("market.answers.id"), primary_key=True))
    version: int = Field(primary_key=True)
    text: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = instant()
