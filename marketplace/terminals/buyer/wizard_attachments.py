"""The files of a request in the wizard's first step: each is attached, and taken out, at once."""

from typing import Annotated

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests.attachments.cleaning import LARGEST_FILE
from buyers.requests.attachments.view import Ref
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import wizard, wizard_basics
from marketplace.terminals.buyer.wizard import Context

router = pages.router()

Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_TEMPLATE = "buyer/wizard/basics.html"


def _context(reading: Reading, request_id: str) -> Context:
    own = wizard.draft_of(reading, request_id)
    return wizard.frame(reading, own, wizard_basics.STEP) | wizard_basics.STEP.context(reading, own)


@router.post("/b/requests/{request_id}/edit/attachments", summary="Attach a file by form")
def send_attachment(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Keep a file without its metadata."""
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, request_id)):
        own = wizard.draft_of(work, request_id)
        if (sent := form.file("file")) is None:
            raise MalformedError("Choose a file.", errors=(FieldError("/file", "choose a file"),))
        content = sent.file.read(LARGEST_FILE + 1)
        desk.attach(work, own.id, sent.filename or "", content, http.etag(own.revision))
    return pages.see(_here(request_id), pages.said(request, "Attached, without its metadata."))


@router.post("/b/requests/{request_id}/edit/attachments/{attachment}/remove", summary="Take a file out by form")
def send_attachment_removal(
    request_id: str, attachment: Ref, request: Request, work: Working, _sent: pages.Sent, _: Writer
) -> Response:
    """Take a file out of a draft."""
    own = wizard.draft_of(work, request_id)
    desk.detach(work, own.id, attachment, http.etag(own.revision))
    return pages.see(_here(request_id), pages.said(request, "The file is taken out."))


def _here(request_id: str) -> str:
    return f"/b/requests/{request_id}/edit/basics#attachments"
