"""Questions of carriers on a buyer's request, and the answers that all of them read."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests.model import Status
from marketplace.awards.questions import service as questions
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer.requests import head_of
from matching.questions.schemas import AnswerInput, QuestionDeclineInput
from matching.questions.service import key_of

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Answerer = Annotated[
    Principal,
    Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR), scope=Scope.REQUESTS)),
]
_A_PAGE = 50


@router.get("/b/requests/{request_id}/questions", summary="Questions on a request")
def show_questions(
    request_id: str, request: Request, reading: ReadingOnly, _: Buyer, after: pagination.After = None
) -> Response:
    """Show what carriers asked, what was answered, and what waits."""
    return pages.render(request, "buyer/questions.html", **_context(reading, request_id, after))


@router.post("/b/requests/{request_id}/questions/answer", summary="Answer a question by form")
def send_answer(request_id: str, request: Request, work: Working, form: pages.Sent, _: Answerer) -> Response:
    """Answer, change an answer, leave a question unanswered, or tell all carriers something unasked."""
    with pages.again(request, "buyer/questions.html", form, lambda: _context(work, request_id, None)):
        _do(work, request_id, form)
    return pages.see(f"/b/requests/{request_id}/questions", pages.said(request, "Done."))


def _do(work: Work, request_id: str, form: pages.Form) -> None:
    question, accepted = form.text("question"), list(form.texts("accept_findings"))
    if form.text("act") == "decline":
        reason = pages.checked(QuestionDeclineInput, {"reason": form.text("text"), "accept_findings": accepted})
        questions.decline(work, request_id, question, reason.reason, reason.accept_findings)
        return
    body = pages.checked(AnswerInput, {"text": form.text("text"), "accept_findings": accepted})
    match form.text("act"):
        case "answer":
            questions.answer(work, request_id, question, body.text, body.accept_findings)
        case "change":
            version = http.etag(int(form.text("version")))
            questions.change(work, request_id, question, body.text, version, body.accept_findings)
        case _:
            questions.clarify(work, request_id, body.text, body.accept_findings)


def _context(reading: Reading, request_id: str, after: str | None) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    asked = questions.of_request(reading, own.id, after, _A_PAGE + 1)
    shown, following = pagination.page_of(asked, _A_PAGE, key_of)
    return head_of(reading, own) | {
        "asked_all": shown,
        "after": after,
        "following": following,
        "open": own.status is Status.OPEN,
    }
