"""HTTP: a buyer reads the questions on its request, answers them to all invited carriers, and clarifies."""

from typing import Annotated

from fastapi import Depends, Response

from buyers.desk.service import IdentityFoundError
from marketplace.awards.questions import service
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working
from matching.questions import rules
from matching.questions.model import Asked
from matching.questions.schemas import AnswerInput, AskedOutput, QuestionDeclineInput
from matching.questions.service import key_of

router = http.router("/requests", tags=["questions"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[
    Principal,
    Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR), scope=Scope.REQUESTS)),
]
_DECIDING = http.problems(NotFoundError, rules.NotTakingQuestionsError, rules.QuestionDecidedError, IdentityFoundError)


@router.get("/{request_id}/questions", summary="Questions on a request", responses=http.problems(NotFoundError))
def list_questions(
    request_id: str, reading: ReadingOnly, _: Reader, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[AskedOutput]:
    """Newest first, with your answers and clarifications. You don't learn who asks: `asker` is a label."""
    found = service.of_request(reading, request_id, after, limit + 1)
    items, following = pagination.page_of(found, limit, key_of)
    return pagination.Page(items=[AskedOutput.of(item) for item in items], next=following)


@router.post("/{request_id}/questions/{question_id}/answer", summary="Answer a question", responses=_DECIDING)
def answer_question(
    request_id: str, question_id: str, body: AnswerInput, work: Working, _: Writer, response: Response
) -> AskedOutput:
    """To all invited carriers, and those who are invited later. A question that you declined can still be answered."""
    return _output(service.answer(work, request_id, question_id, body.text, body.accept_findings), response)


@router.put(
    "/{request_id}/questions/{question_id}/answer",
    summary="Change an answer",
    responses=http.problems(
        StaleError,
        PreconditionRequiredError,
        NotFoundError,
        rules.NotTakingQuestionsError,
        rules.QuestionDecidedError,
        rules.TooManyAnswersError,
        IdentityFoundError,
    ),
)
def change_answer(  # noqa: PLR0917 - path, body and dependencies are named by FastAPI
    request_id: str,
    question_id: str,
    body: AnswerInput,
    work: Working,
    _: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> AskedOutput:
    """Or a clarification: carriers read the new wording and that it changed; you keep the earlier ones."""
    changed = service.change(work, request_id, question_id, body.text, if_match, body.accept_findings)
    return _output(changed, response)


@router.post("/{request_id}/questions/{question_id}/decline", summary="Decline a question", responses=_DECIDING)
def decline_question(
    request_id: str, question_id: str, body: QuestionDeclineInput, work: Working, _: Writer
) -> AskedOutput:
    """The asker alone learns that you don't answer, and why; other carriers never learn of the question."""
    return AskedOutput.of(service.decline(work, request_id, question_id, body.reason, body.accept_findings))


@router.post(
    "/{request_id}/clarifications",
    status_code=201,
    summary="Publish a clarification",
    responses=http.problems(
        NotFoundError, rules.NotTakingQuestionsError, rules.TooManyAnswersError, IdentityFoundError
    ),
)
def publish_clarification(
    request_id: str, body: AnswerInput, work: Working, _: Writer, response: Response
) -> AskedOutput:
    """Tell all invited carriers something that nobody asked; what you ask for changes by an amendment only."""
    response.headers["Location"] = f"/requests/{request_id}/questions"
    return _output(service.clarify(work, request_id, body.text, body.accept_findings), response)


def _output(asked: Asked, response: Response) -> AskedOutput:
    """Return the wire form, with the version of the answer as ETag."""
    if asked.answer is not None:
        response.headers["ETag"] = http.etag(asked.answer.version)
    return AskedOutput.of(asked)
