"""HTTP: the files of a buyer's request."""

from typing import Annotated

from fastapi import Depends, File, Response, UploadFile

from buyers.desk import service
from buyers.desk.content import document_of
from buyers.desk.schemas import RequestOutput
from buyers.requests import rules
from buyers.requests.attachments.cleaning import LARGEST_FILE
from buyers.requests.attachments.service import TooManyAttachmentsError
from buyers.requests.attachments.view import ANSWERS, Ref, as_file
from buyers.requests.model import Request
from marketplace.kernel import codec, http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import (
    NotFoundError,
    PreconditionRequiredError,
    StaleError,
    TooLargeError,
    UnsupportedMediaError,
)
from marketplace.kernel.http import IfMatch, ReadingOnly, Working

router = http.router("/requests", tags=["requests"])

Reader = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_EDITING = (NotFoundError, StaleError, PreconditionRequiredError, rules.NotEditableError)


@router.post(
    "/{request_id}/attachments",
    status_code=201,
    summary="Attach a file",
    responses=http.problems(*_EDITING, TooManyAttachmentsError, TooLargeError, UnsupportedMediaError),
)
def attach_file(
    request_id: str,
    file: Annotated[UploadFile, File(description="PDF, DOCX, XLSX, PNG or JPEG of at most 5 MB")],
    work: Working,
    _: Writer,
    response: Response,
    if_match: IfMatch = None,
) -> RequestOutput:
    """Carriers get it without metadata: author, program, dates, comments, places and thumbnails are taken out.

    A file that hides something or acts (scripts, macros, tracked changes, hidden sheets, files inside) is refused. What
    can be read in it is checked like your other texts; in pictures and scanned pages nothing can be read.
    """
    sent = file.file.read(LARGEST_FILE + 1)
    request = service.attach(work, request_id, file.filename or "", sent, if_match)
    response.headers["Location"] = f"/requests/{request_id}/attachments/{request.content.attachments[-1].ref}"
    return _output(request, response)


@router.delete("/{request_id}/attachments/{attachment}", summary="Take a file out", responses=http.problems(*_EDITING))
def detach_file(
    request_id: str, attachment: Ref, work: Working, _: Writer, response: Response, if_match: IfMatch = None
) -> RequestOutput:
    """As long as the request is a draft."""
    return _output(service.detach(work, request_id, attachment, if_match), response)


@router.get(
    "/{request_id}/attachments/{attachment}",
    summary="A file as carriers get it",
    response_class=Response,
    responses=http.problems(NotFoundError) | ANSWERS,
)
def download_own_attachment(request_id: str, attachment: Ref, reading: ReadingOnly, _: Reader) -> Response:
    """Without metadata, under the name that carriers get it by."""
    return as_file(service.attachment(reading, request_id, attachment))


def _output(request: Request, response: Response) -> RequestOutput:
    response.headers["ETag"] = http.etag(request.revision)
    return RequestOutput(**(codec.dump(request) | {"content": document_of(request.content)}))
