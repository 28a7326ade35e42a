"""What a buyer does with the questions on its request; every text of it passes the leak check before it is told."""

from collections.abc import Mapping, Sequence

from buyers.desk import service as desk
from buyers.requests import control
from buyers.requests.leak_check import Finding
from buyers.requests.model import Request
from marketplace.kernel import http
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work
from matching.questions import service as questions
from matching.questions.model import Asked

SOURCE = "answer"
"""Where words stand that a buyer took responsibility for; the subject is the question's id."""


def of_request(reading: Reading, request_id: str, after: str | None, limit: int) -> list[Asked]:
    """Return all questions and clarifications of one of the caller's requests, newest first. Raises NotFoundError."""
    return questions.of_request(reading, desk.owned(reading, request_id), after, limit)


def waiting(reading: Reading, request_id: str) -> int:
    """Return how many questions wait for the caller's answer. Raises NotFoundError."""
    return questions.waiting(reading, desk.owned(reading, request_id))


def waiting_on(reading: Reading, own: Sequence[Request]) -> dict[RequestId, int]:
    """Return on which of the caller's requests how many questions wait for its answer."""
    return questions.waiting_by_request(reading, [one.id for one in own])


def answer(work: Work, request_id: str, question_id: str, text: str, accepted: Sequence[str] = ()) -> Asked:
    """Answer a question, to all invited providers.

    ``accepted`` are the exact words of findings that the buyer takes responsibility for; the question is told with the
    answer, so its words count as well. Raises NotFoundError, NotTakingQuestionsError, QuestionDecidedError,
    IdentityFoundError.
    """
    owned = desk.owned(work, request_id)
    question = questions.hold(work, owned, question_id)
    found = _checked(work, owned, question_id, {"/question": question.text, "/text": text}, accepted)
    return questions.answer(work, question, text, len(found))


def change(  # noqa: PLR0917 - what is changed, to what, and on which grounds
    work: Work, request_id: str, question_id: str, text: str, if_match: str | None, accepted: Sequence[str] = ()
) -> Asked:
    """Give an answer or a clarification another wording; ``if_match`` is the ETag of its version.

    Raises NotFoundError, NotTakingQuestionsError, QuestionDecidedError, StaleError, PreconditionRequiredError,
    TooManyAnswersError, IdentityFoundError.
    """
    owned = desk.owned(work, request_id)
    question = questions.hold(work, owned, question_id)
    http.check_if_match(if_match, questions.current(work, question).version)
    found = _checked(work, owned, question_id, {"/text": text}, accepted)
    return questions.change(work, question, text, len(found))


def decline(work: Work, request_id: str, question_id: str, reason: str, accepted: Sequence[str] = ()) -> Asked:
    """Leave a question without an answer, for a reason that its asker alone is told.

    Raises NotFoundError, NotTakingQuestionsError, QuestionDecidedError, IdentityFoundError.
    """
    owned = desk.owned(work, request_id)
    question = questions.hold(work, owned, question_id)
    found = _checked(work, owned, question_id, {"/reason": reason}, accepted)
    return questions.decline(work, question, reason, len(found))


def clarify(work: Work, request_id: str, text: str, accepted: Sequence[str] = ()) -> Asked:
    """Tell all invited providers something that nobody asked.

    Raises NotFoundError, NotTakingQuestionsError, TooManyAnswersError, IdentityFoundError.
    """
    owned = desk.owned(work, request_id)
    texts = {"/text": text}
    found = desk.check_texts(work, owned, texts, accepted)
    done = questions.clarify(work, owned, text, len(found))
    control.keep_accepted(work, owned, found, texts, source=SOURCE, subject=done.question.id)
    return done


def _checked(
    work: Work, request_id: RequestId, question_id: str, texts: Mapping[str, str], accepted: Sequence[str]
) -> Sequence[Finding]:
    """Return the findings in ``texts``, kept for the platform to look at. Raises IdentityFoundError."""
    found = desk.check_texts(work, request_id, texts, accepted)
    control.keep_accepted(work, request_id, found, texts, source=SOURCE, subject=question_id)
    return found
