"""Questions and answers on a received request: reading them, and asking the buyer without saying who asks."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from matching import service as matching
from matching.questions import rules, service
from matching.questions.schemas import ExchangeOutput, QuestionInput
from matching.schemas import Id

router = pages.router()

Reader = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Asker = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
LIMITS = {"most": rules.MOST_QUESTIONS, "longest": rules.LONGEST}
_FEW = 20
_A_PAGE = 50


@router.get("/c/invitations/{invitation_id}/questions", summary="Questions on a received request")
def show_own_questions(
    invitation_id: Id, request: Request, reading: ReadingOnly, _: Reader, after: pagination.After = None
) -> Response:
    """Show all answers and clarifications of the buyer, and the desk's own questions."""
    return pages.render(request, "seller/questions.html", **_context(reading, invitation_id, after))


@router.post("/c/invitations/{invitation_id}/questions", summary="Ask the buyer by form")
def send_question(invitation_id: Id, request: Request, work: Working, form: pages.Sent, asker: Asker) -> Response:
    """Ask the buyer; the answer goes to all invited carriers, and nobody learns who asked."""
    with pages.again(request, "seller/questions.html", form, lambda: _context(work, invitation_id, None)):
        body = pages.checked(QuestionInput, {"text": form.text("text")})
        work.memory.of(service.question_limit).take(asker.organization_id, work.now)
        service.ask(work, invitation_id, body.text)
    words = pages.words(request)
    return pages.see(f"/c/invitations/{invitation_id}/questions", words("Asked. The answer comes here, to everybody."))


def exchanged(reading: Reading, invitation_id: str, after: str | None = None, most: int = _FEW) -> dict[str, Any]:
    """Return the newest of what was asked and answered, as the API tells it, and where the next page begins."""
    found = service.exchanges(reading, invitation_id, after, most + 1)
    items, following = pagination.page_of(found, most, lambda exchange: exchange.key)
    return {"exchanges": [ExchangeOutput.of(one) for one in items], "more_exchanges": following}


def _context(reading: Reading, invitation_id: str, after: str | None) -> dict[str, Any]:
    received = matching.read(reading, invitation_id)
    return exchanged(reading, invitation_id, after, _A_PAGE) | {
        "received": received,
        "invitation": received.invitation,
        "after": after,
        "question_limits": LIMITS,
    }
