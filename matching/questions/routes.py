"""HTTP: an invited provider asks about a request and reads what its buyer answered to all."""

from typing import Annotated

from fastapi import Depends, Response

from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, TooManyRequestsError
from marketplace.kernel.http import ReadingOnly, Working
from matching.questions import rules, service
from matching.questions.model import Exchange
from matching.questions.schemas import ExchangeOutput, QuestionInput
from matching.schemas import Id
from sellers.rules import InvitationDeclinedError, ProviderInactiveError

router = http.router("/invitations", tags=["questions"])

Reader = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Asker = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]


@router.post(
    "/{invitation_id}/questions",
    status_code=201,
    summary="Ask the buyer",
    responses=http.problems(
        NotFoundError,
        ProviderInactiveError,
        InvitationDeclinedError,
        rules.NotTakingQuestionsError,
        rules.TooManyQuestionsError,
        rules.ContactFoundError,
        TooManyRequestsError,
    ),
)
def ask_question(
    invitation_id: Id, body: QuestionInput, work: Working, asker: Asker, response: Response
) -> ExchangeOutput:
    """While the request takes bids. The answer goes to all invited carriers; nobody of them learns who asked.

    Neither does the buyer: your name, addresses and phone numbers are refused, and each spot is named.
    """
    limit = work.memory.of(service.question_limit)
    response.headers.update(limit.take(asker.organization_id, work.now))
    question = service.ask(work, invitation_id, body.text)
    response.headers["Location"] = f"/invitations/{invitation_id}/questions"
    return ExchangeOutput.of(Exchange(question, None))


@router.get(
    "/{invitation_id}/questions",
    summary="Questions and answers on a request",
    responses=http.problems(NotFoundError, ProviderInactiveError),
)
def list_exchanges(
    invitation_id: Id, reading: ReadingOnly, _: Reader, limit: pagination.Limit = 50, after: pagination.After = None
) -> pagination.Page[ExchangeOutput]:
    """Newest first: all answers and clarifications of the buyer, and your own questions that have no answer."""
    found = service.exchanges(reading, invitation_id, after, limit + 1)
    items, following = pagination.page_of(found, limit, lambda exchange: exchange.key)
    return pagination.Page(items=[ExchangeOutput.of(item) for item in items], next=following)
