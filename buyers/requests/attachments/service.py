"""What can be done with the files of a request, for callers that have already been found to own it."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace

from buyers.requests import rules, service, store
from buyers.requests.attachments import store as files
from buyers.requests.attachments.cleaning import Bare
from buyers.requests.model import Attachment, Content, Request
from buyers.requests.rules import Action
from marketplace.kernel.errors import ConflictError, NotFoundError
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work

MOST = 10
NAME_LIMIT = 120
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class TooManyAttachmentsError(ConflictError):
    """The request has as many files as it may."""

    kind = "too-many-attachments"
    title = f"A request has at most {MOST} attachments"


@dataclass(frozen=True, slots=True)
class File:
    """A file's bytes as everybody gets them, under a name that says nothing."""

    ref: str
    media_type: str
    sha256: str
    content: bytes


def attach(work: Work, request_id: RequestId, name: str, bare: Bare) -> Request:
    """Add a file to a draft. Raises NotEditableError, TooManyAttachmentsError."""
    request = service.hold(work, request_id)
    rules.transition(request, Action.EDIT, work.now)
    there = request.content.attachments
    if len(there) >= MOST:
        raise TooManyAttachmentsError
    number = max((int(one.ref[1:]) for one in there), default=0) + 1
    sha256 = hashlib.sha256(bare.content).hexdigest()
    added = Attachment(f"A{number}", plain_name(name), bare.media_type, len(bare.content), sha256)
    files.add(work, request_id, added, bare)
    return _saved(work, request, replace(request.content, attachments=(*there, added)))


def detach(work: Work, request_id: RequestId, ref: str) -> Request:
    """Take a file out of a draft. Raises NotEditableError, NotFoundError."""
    request = service.hold(work, request_id)
    rules.transition(request, Action.EDIT, work.now)
    left = tuple(one for one in request.content.attachments if one.ref != ref)
    if left == request.content.attachments:
        raise NotFoundError
    files.remove(work, request_id, ref)
    return _saved(work, request, replace(request.content, attachments=left))


def file(reading: Reading, request_id: RequestId, ref: str) -> File:
    """Return a file of a request that the caller may see. Raises NotFoundError."""
    found = files.get(reading, request_id, ref)
    if found is None:
        raise NotFoundError
    return File(ref, *found)


def texts(reading: Reading, request_id: RequestId, content: Content) -> dict[str, str]:
    """Return what could be read in the files of a content, by JSON Pointer, for the leak check."""
    read = files.texts(reading, request_id) if content.attachments else {}
    return {
        f"/attachments/{index}/text": text
        for index, one in enumerate(content.attachments)
        if (text := read.get(one.ref, ""))
    }


def plain_name(name: str) -> str:
    """Return the name of an uploaded file without folders, ending and signs that don't show."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(char for char in unicodedata.normalize("NFC", last) if char.isprintable())
    return _ENDING.sub("", " ".join(shown.split()))[:NAME_LIMIT].strip() or "file"


def _saved(work: Work, request: Request, content: Content) -> Request:
    edited = replace(request, content=content, revision=request.revision + 1)
    store.save(work, edited)
    return edited
