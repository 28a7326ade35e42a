"""Every SQL statement on questions and answers; the carriers' role finds its own questions and all answers."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from matching.questions.model import Answer, AnswerVersion, Question, QuestionState
from matching.questions.tables import AnswerRow, AnswerVersionRow, AskerRow, QuestionRow

Behind = tuple[datetime, str]
"""The sort key that a page starts behind."""


def add(work: Work, question: Question) -> None:
    """Store a new question or clarification."""
    work.session.add(_row(question))
    work.session.flush()


def save(work: Work, question: Question) -> None:
    """Store what became of a question that ``locked`` returned."""
    row = work.session.get_one(QuestionRow, question.id)
    row.state = question.state
    row.reason = question.reason
    row.decided_at = question.decided_at
    row.answer_id = question.answer_id
    work.session.add(row)
    work.session.flush()


def locked(work: Work, request_id: RequestId, question_id: str) -> Question | None:
    """Return a question on a request and hold it until the transaction ends."""
    query = select(QuestionRow).where(QuestionRow.id == question_id, QuestionRow.request_id == request_id)
    row = work.session.exec(query.with_for_update().execution_options(populate_existing=True)).one_or_none()
    return None if row is None else _question(row)


def own(reading: Reading, invitation_id: str) -> list[Question]:
    """Return all questions of one invitation: there is a limit on them."""
    rows = reading.session.exec(select(QuestionRow).where(QuestionRow.invitation_id == invitation_id))
    return [_question(row) for row in rows]


def of_request(reading: Reading, request_id: RequestId, behind: Behind | None, limit: int) -> list[Question]:
    """Return questions and clarifications of a request, newest first; not readable by the carriers' role."""
    query = select(QuestionRow).where(QuestionRow.request_id == request_id)
    at, ident = col(QuestionRow.asked_at), col(QuestionRow.id)
    if behind is not None:
        query = query.where(tuple_(at, ident) < behind)
    rows = reading.session.exec(query.order_by(at.desc(), ident.desc()).limit(limit))
    return [_question(row) for row in rows]


def clarifications(reading: Reading, request_id: RequestId) -> int:
    """Return how many clarifications a request has."""
    query = select(func.count()).select_from(QuestionRow)
    of_it = col(QuestionRow.request_id) == request_id
    return reading.session.exec(query.where(of_it, col(QuestionRow.state) == QuestionState.PUBLISHED)).one()


def waiting(reading: Reading, request_id: RequestId) -> int:
    """Return how many questions on a request wait for an answer."""
    query = select(func.count()).select_from(QuestionRow)
    of_it = col(QuestionRow.request_id) == request_id
    return reading.session.exec(query.where(of_it, col(QuestionRow.state) == QuestionState.WAITING)).one()


def waiting_by_request(reading: Reading, request_ids: Sequence[RequestId]) -> dict[RequestId, int]:
    """Return on which of these requests how many questions wait for an answer."""
    of_it = col(QuestionRow.request_id)
    waits = of_it.in_(request_ids), col(QuestionRow.state) == QuestionState.WAITING
    query = select(QuestionRow.request_id, func.count()).where(*waits).group_by(of_it)
    return {RequestId(request_id): count for request_id, count in reading.session.exec(query)}


def is_labelled(reading: Reading, request_id: RequestId, provider_id: OrganizationId) -> bool:
    """Return whether a provider has its label on a request."""
    return reading.session.get(AskerRow, (request_id, provider_id)) is not None


def add_label(work: Work, request_id: RequestId, provider_id: OrganizationId, number: int) -> bool:
    """Give a provider its number, unless another has it; return whether it was free.

    Another's row can't be read by the carriers' role: only the index says that the number is taken.
    """
    row = {"request_id": request_id, "provider_id": provider_id, "number": number}
    statement: Any = insert(AskerRow).values(**row).on_conflict_do_nothing().returning(col(AskerRow.number))
    return work.session.execute(statement).one_or_none() is not None


def labels(reading: Reading, request_id: RequestId, providers: Collection[OrganizationId]) -> dict[str, int]:
    """Return the numbers of providers on a request."""
    query = select(AskerRow).where(AskerRow.request_id == request_id, col(AskerRow.provider_id).in_(providers))
    return {row.provider_id: row.number for row in reading.session.exec(query)}


def add_answer(work: Work, answer: Answer) -> None:
    """Store a new answer with its first version."""
    work.session.add(
        AnswerRow(
            id=answer.id,
            request_id=answer.request_id,
            question=answer.question,
            text=answer.text,
            version=answer.version,
            published_at=answer.published_at,
            changed_at=answer.changed_at,
        )
    )
    work.session.flush()
    _add_version(work, answer, answer.published_at)


def change_answer(work: Work, answer: Answer, at: datetime) -> None:
    """Store the next version of an answer."""
    row = work.session.get_one(AnswerRow, answer.id)
    row.text = answer.text
    row.version = answer.version
    row.changed_at = answer.changed_at
    work.session.add(row)
    _add_version(work, answer, at)


def _add_version(work: Work, answer: Answer, at: datetime) -> None:
    work.session.add(AnswerVersionRow(answer_id=answer.id, version=answer.version, text=answer.text, at=at))
    work.session.flush()


def answer(reading: Reading, answer_id: str) -> Answer:
    """Return an answer that is known to be there."""
    return _answer(reading.session.get_one(AnswerRow, answer_id, populate_existing=True))


def answers(reading: Reading, request_id: RequestId, behind: Behind | None, limit: int) -> list[Answer]:
    """Return the answers and clarifications that invited providers read, newest first."""
    query = select(AnswerRow).where(AnswerRow.request_id == request_id)
    at, ident = col(AnswerRow.published_at), col(AnswerRow.id)
    if behind is not None:
        query = query.where(tuple_(at, ident) < behind)
    rows = reading.session.exec(query.order_by(at.desc(), ident.desc()).limit(limit))
    return [_answer(row) for row in rows]


def answers_named(reading: Reading, answer_ids: Sequence[str]) -> dict[str, Answer]:
    """Return answers by id."""
    rows = reading.session.exec(select(AnswerRow).where(col(AnswerRow.id).in_(answer_ids)))
    return {row.id: _answer(row) for row in rows}


def versions(reading: Reading, answer_ids: Sequence[str]) -> dict[str, tuple[AnswerVersion, ...]]:
    """Return every version of answers, oldest first; not readable by the carriers' role."""
    query = select(AnswerVersionRow).where(col(AnswerVersionRow.answer_id).in_(answer_ids))
    rows = reading.session.exec(query.order_by(col(AnswerVersionRow.answer_id), col(AnswerVersionRow.version)))
    return {
        answer_id: tuple(AnswerVersion(row.version, row.text, row.at.astimezone(UTC)) for row in some)
        for answer_id, some in groupby(rows, lambda row: row.answer_id)
    }


def _row(question: Question) -> QuestionRow:
    return QuestionRow(
        id=question.id,
        request_id=question.request_id,
        provider_id=question.provider_id,
        invitation_id=question.invitation_id,
        text=question.text,
        state=question.state,
        asked_at=question.asked_at,
        reason=question.reason,
        decided_at=question.decided_at,
        answer_id=question.answer_id,
    )


def _question(row: QuestionRow) -> Question:
    return Question(
        id=row.id,
        request_id=RequestId(row.request_id),
        provider_id=None if row.provider_id is None else OrganizationId(row.provider_id),
        invitation_id=None if row.invitation_id is None else InvitationId(row.invitation_id),
        text=row.text,
        state=QuestionState(row.state),
        asked_at=row.asked_at.astimezone(UTC),
        reason=row.reason,
        decided_at=_utc(row.decided_at),
        answer_id=row.answer_id,
    )


def _answer(row: AnswerRow) -> Answer:
    return Answer(
        id=row.id,
        request_id=RequestId(row.request_id),
        question=row.question,
        text=row.text,
        version=row.version,
        published_at=row.published_at.astimezone(UTC),
        changed_at=_utc(row.changed_at),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
