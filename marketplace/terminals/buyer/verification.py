"""A buyer proves who it is: numbers, documents, the platform's answer, and who has read its identity."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.registry import rules, verification
from buyers.registry.model import NumberKind, VerificationStatus
from buyers.registry.schemas import NumbersInput
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Admin = Annotated[Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN,), scope=Scope.ADMINISTRATION))]
_READINGS = 50
_LONGEST_TITLE = 200
_PATH = "/b/verification"
_TEMPLATE = "buyer/verification.html"
_MAY_ASK = frozenset(VerificationStatus) - {VerificationStatus.PENDING, VerificationStatus.VERIFIED}


@router.get(_PATH, summary="A buyer's verification")
def show_verification(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show how far the check is, what was given as proof, and who has read it."""
    return pages.render(request, _TEMPLATE, **_context(reading))


@router.post(f"{_PATH}/numbers", summary="Give registration numbers by form")
def send_registration_numbers(request: Request, work: Working, form: pages.Sent, _: Admin) -> Response:
    """Keep the numbers that were filled in; format and check digits are checked at once."""
    with pages.again(request, _TEMPLATE, form, lambda: _context(work)):
        given = {kind.value: form.text(f"numbers/{kind.value}") for kind in NumberKind}
        body = pages.checked(NumbersInput, {"numbers": {kind: number for kind, number in given.items() if number}})
        verification.add_numbers(work, body.numbers)
    return pages.see(_PATH, pages.said(request, "The numbers are kept. Format and check digits are right."))


@router.post(f"{_PATH}/documents", summary="Upload a document by form")
def send_verification_document(request: Request, work: Working, form: pages.Sent, _: Admin) -> Response:
    """Keep a document that proves who the buyer is."""
    with pages.again(request, _TEMPLATE, form, lambda: _context(work)):
        file = form.file("file")
        if file is None:
            raise MalformedError(errors=(FieldError("/file", pages.said(request, "Choose a file first.")),))
        title = "".join(char for char in file.filename or "" if char.isprintable())[:_LONGEST_TITLE]
        verification.add_document(work, title or "document", file.file.read(rules.LARGEST_DOCUMENT + 1))
    return pages.see(_PATH, pages.said(request, "The document is kept. Only the platform's admins can open it."))


@router.post(f"{_PATH}/submit", summary="Ask to be verified by form")
def send_verification(request: Request, work: Working, form: pages.Sent, _: Admin) -> Response:
    """Hand the evidence to the platform."""
    with pages.again(request, _TEMPLATE, form, lambda: _context(work)):
        verification.submit(work)
    return pages.see(_PATH, pages.said(request, "Sent. We look at it, usually within one working day."))


def _context(reading: Reading) -> dict[str, Any]:
    buyer, documents = verification.own_case(reading)
    readings, more = verification.own_readings(reading, None, _READINGS)
    state = buyer.verification
    return {
        "buyer": buyer,
        "state": state,
        "documents": documents,
        "numbers": {number.kind.value: number.value for number in buyer.numbers},
        "readings": readings,
        "more_readings": more is not None,
        "may_ask": state.status in _MAY_ASK and bool(buyer.numbers or documents),
        "may_give": state.status is not VerificationStatus.PENDING,
    }
