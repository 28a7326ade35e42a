"""Who a buyer says it is, beside what checks found: read on record, and decided with a reason."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from buyers.registry import control, rules, verification
from buyers.registry.model import Decision, VerificationStatus
from buyers.registry.schemas import DecisionInput
from marketplace.kernel import http
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import OrganizationId
from marketplace.kernel.work import Reading, Work, Workshop
from marketplace.oversight import service as oversight
from marketplace.oversight.model import Job, JobKind
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin, beneath, colleagues

router = pages.router()

_PATH = "/o/verifications/{buyer_id}"
_TEMPLATE = "backoffice/verification.html"


@router.get(_PATH, summary="A verification before it is opened")
def show_verification_gate(buyer_id: Id, request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show what is known without reading who it is; opening the case is an act of its own."""
    found = control.states(reading, [buyer_id]).get(OrganizationId(buyer_id))
    if found is None:
        raise NotFoundError
    return pages.render(
        request,
        "backoffice/verification_gate.html",
        state=found,
        job=_taking(reading, buyer_id),
        names=colleagues(reading),
        own_id=reading.principal.user_id,
    )


@router.get(f"{_PATH}/case", summary="A verification, opened")
def show_verification_case(
    buyer_id: Id,
    request: Request,
    work: Working,
    _: PlatformAdmin,
    document: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Show the evidence beside the checks. That it was read goes on record, and the buyer sees it."""
    return pages.render(request, _TEMPLATE, **_context(work, buyer_id, document))


@router.get(f"{_PATH}/documents/{{document_id}}", summary="A document of a verification")
def show_verification_document(buyer_id: Id, document_id: Id, work: Working, _: PlatformAdmin) -> Response:
    """Send the file, always as a download under a name of ours. That it was read goes on record."""
    found, content = verification.read_document(work, OrganizationId(buyer_id), document_id)
    name = found.id + rules.DOCUMENT_TYPES[found.media_type]
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(content, media_type=found.media_type, headers=headers)


@router.post(f"{_PATH}/decision", summary="Decide a verification by form")
def send_verification_decision(
    buyer_id: Id, request: Request, work: Working, form: pages.Sent, _: PlatformAdmin
) -> Response:
    """Verify, ask for more, flag or revoke, on what was read and nothing newer."""
    words = pages.words(request)
    decision = form.text("decision")
    with pages.again(request, _TEMPLATE, form, lambda: _read_again(request, work, buyer_id)), beneath(decision):
        reason = " ".join(filter(None, (*form.texts(f"{decision}.words"), form.text(f"{decision}.reason"))))
        if not reason:
            message = words("Choose a sentence or write your own: the reason stays with the decision.")
            raise MalformedError(errors=(FieldError("/reason", message),))
        body = pages.checked(DecisionInput, {"decision": decision, "reason": reason})
        version = http.etag(int(form.text("revision") or 0))
        verification.decide(work, OrganizationId(buyer_id), body.decision, body.reason, version)
    done = {
        Decision.VERIFY: words("Verified. Its waiting requests go out now, and it has been told."),
        Decision.REJECT: words("Asked for more. The buyer reads your words and can send again."),
        Decision.FLAG: words("Flagged. Another admin decides now; the buyer is not told."),
        Decision.REVOKE: words("Revoked. The buyer reads your reason."),
    }
    return pages.see("/o", done[body.decision])


def _read_again(request: Request, work: Work, buyer_id: str) -> dict[str, Any]:
    """Return the case for a form that is shown again: read, and put on record, in a transaction that stays.

    What the failed form did is rolled back, and a record in there with it.
    """
    workshop: Workshop = request.app.state.workshop
    with workshop.work(work.principal) as own:
        return _context(own, buyer_id, "")


def _context(work: Work, buyer_id: str, document_id: str) -> dict[str, Any]:
    case = verification.read_case(work, OrganizationId(buyer_id))
    state = case.buyer.verification
    shown = next((one for one in case.documents if one.id == document_id), None)
    return {
        "case": case,
        "industry": rules.INDUSTRIES.get(case.buyer.demographics.industry, case.buyer.demographics.industry),
        "buyer": case.buyer,
        "state": state,
        "shown": shown if shown is not None and shown.media_type.startswith("image/") else None,
        "failed": [check for check in case.checks if not check.passed],
        "flagged_by_me": state.flagged_by == work.principal.user_id,
        "may_verify": state.status in {VerificationStatus.PENDING, VerificationStatus.VERIFIED},
        "may_reject": state.status is VerificationStatus.PENDING,
        "may_flag": state.status in {VerificationStatus.PENDING, VerificationStatus.VERIFIED} and not state.flagged_by,
        "may_revoke": state.status is VerificationStatus.VERIFIED,
        "names": colleagues(work),
        "taking": _taking(work, buyer_id),
        "own_id": work.principal.user_id,
    }


def _taking(reading: Reading, buyer_id: str) -> Job | None:
    """Return the job of this case while it waits, with who has taken it."""
    jobs, _ = oversight.queue(reading, [JobKind.VERIFICATION], None, oversight.MOST_JOBS)
    return next((job for job in jobs if job.subject == buyer_id), None)
