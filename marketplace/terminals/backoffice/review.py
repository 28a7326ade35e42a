"""Words that the leak check found and a buyer kept: looked at by the platform, in the text around them."""

from typing import Annotated, Any

from fastapi import Query, Request, Response

from buyers.requests import control as requests
from buyers.requests.model import AcceptedFinding
from marketplace.kernel import pagination
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.oversight.schemas import NoteInput
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin, beneath, colleagues

router = pages.router()

_A_PAGE = 25
_MOST = 1000
_PATH = "/o/review"
_TEMPLATE = "backoffice/review.html"


@router.get(_PATH, summary="Content review")
def show_review(
    request: Request,
    reading: ReadingOnly,
    _: PlatformAdmin,
    *,
    seen: bool = False,
    request_id: Annotated[str, Query(max_length=100)] = "",
    after: pagination.After = None,
) -> Response:
    """List what waits to be looked at, the oldest first, or what was looked at."""
    return pages.render(request, _TEMPLATE, **_context(reading, seen, request_id, after))


@router.post(f"{_PATH}/{{finding_id}}", summary="Words looked at by form")
def send_finding_review(
    finding_id: Id, request: Request, work: Working, form: pages.Sent, _: PlatformAdmin
) -> Response:
    """Keep that somebody looked, with a note for colleagues."""
    only = form.text("request_id")
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, False, only, None)), beneath(finding_id):
        body = pages.checked(NoteInput, {"note": form.text(f"{finding_id}.note")})
        requests.review(work, finding_id, body.note)
    return pages.see(
        _PATH + (f"?request_id={only}" if only else ""), pages.said(request, "Looked at. The text stays as it is.")
    )


def _context(reading: Reading, seen: bool, request_id: str, after: str | None) -> dict[str, Any]:  # noqa: FBT001 - what to show
    behind = pagination.decode_moment(after)
    limit = _MOST if request_id else _A_PAGE + 1
    found = requests.accepted_findings(reading, seen=seen, after=behind, limit=limit)
    if request_id:
        found = [one for one in found if one.request_id == request_id]
    size = limit if request_id else _A_PAGE
    shown, following = pagination.page_of(found, size, lambda one: (one.accepted_at.isoformat(), one.id))
    return {
        "found": [(one, _in_context(one)) for one in shown],
        "seen": seen,
        "only": request_id,
        "after": after,
        "following": following,
        "names": colleagues(reading),
    }


def _in_context(one: AcceptedFinding) -> tuple[str, str, str]:
    """Return the text before the words, the words as they stand there, and the text behind; for marking them."""
    at = one.context.casefold().find(one.words.casefold())
    if at < 0:
        return "", one.words, ""
    end = at + len(one.words)
    return one.context[:at], one.context[at:end], one.context[end:]
