"""HTTP: the drafts of a carrier's desk, and bid sheets that go out and come back."""

from typing import Annotated

from fastapi import Depends, File, Path, Query, Response, UploadFile

from marketplace.bidding.drafts import service as drafts
from marketplace.bidding.drafts import wire
from marketplace.bidding.drafts.files import LARGEST_SHEET, MEDIA, SheetFormat
from marketplace.bidding.drafts.schemas import DraftInput, DraftOutput, SheetOutput
from marketplace.bidding.drafts.service import CheckedDraft
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, PreconditionRequiredError, StaleError
from marketplace.kernel.http import IfMatch, ReadingOnly, Working
from sellers.rules import ProviderInactiveError

router = http.router("/invitations/{invitation_id}", tags=["bids"])

Id = Annotated[str, Path(alias="invitation_id", max_length=100, pattern=r"^[\x21-\x7e]+$")]
Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
_READING = http.problems(NotFoundError, ProviderInactiveError)
_EDITING = http.problems(NotFoundError, ProviderInactiveError, StaleError, PreconditionRequiredError)
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get("/bid-draft", summary="Your draft of a bid", responses=_READING)
def read_bid_draft(invitation_id: Id, reading: ReadingOnly, _: Desk, response: Response) -> DraftOutput:
    """What your desk has written so far and what each lot lacks; an empty draft where nothing was written.

    Nobody but your organization can read it, and it is sealed at rest. Placing it is a bid like any other: send the
    `lots` of its content with `POST /invitations/{invitation_id}/bids`.
    """
    return _output(drafts.read(reading, invitation_id), response)


@router.put("/bid-draft", summary="Write your draft of a bid", responses=_EDITING)
def write_bid_draft(
    invitation_id: Id, body: DraftInput, work: Working, _: Desk, response: Response, if_match: IfMatch = None
) -> DraftOutput:
    """It may be as incomplete and wrong as it is: the answer says what is missing. The first one matches `"0"`."""
    return _output(drafts.save(work, invitation_id, wire.draft_from(body), if_match), response)


@router.delete("/bid-draft", status_code=204, summary="Throw your draft away", responses=_EDITING)
def clear_bid_draft(invitation_id: Id, work: Working, _: Desk, if_match: IfMatch = None) -> Response:
    """Nothing of its content is kept. Bids that you placed stay as they are."""
    drafts.clear(work, invitation_id, if_match)
    return Response(status_code=204)


@router.get(
    "/bid-sheet",
    summary="The request as a sheet to price",
    response_class=Response,
    responses={200: {"content": dict.fromkeys(MEDIA.values(), _BINARY)}, **_READING},
)
def read_bid_sheet(
    invitation_id: Id,
    reading: ReadingOnly,
    _: Desk,
    kind: Annotated[SheetFormat, Query(alias="format")] = SheetFormat.XLSX,
) -> Response:
    """One row for each line of every lot: what is asked and where, and the columns to price, filled from your draft.

    A text that a spreadsheet would take for a formula stands behind an apostrophe, which is taken away again when the
    sheet comes back. Several taxes and surcharges share a cell: `USF 12.5% | E911 0.75 a month | Permit 40.00 once`.
    """
    content = drafts.write_sheet(reading, invitation_id, kind)
    headers = {"Content-Disposition": f'attachment; filename="bid-sheet.{kind}"'}
    return Response(content, media_type=MEDIA[kind], headers=headers)


@router.put(
    "/bid-sheet",
    summary="Send a priced sheet back",
    responses=http.problems(NotFoundError, ProviderInactiveError, StaleError),
)
def write_bid_sheet(  # noqa: PLR0917 - path, file and dependencies are named by FastAPI
    invitation_id: Id,
    file: Annotated[UploadFile, File(description="CSV in UTF-8 or XLSX of at most 5 MB, as the sheet went out")],
    work: Working,
    _: Desk,
    response: Response,
    dry_run: Annotated[bool, Query(description="only tell what would change")] = False,  # noqa: FBT002 - a query flag
    if_match: IfMatch = None,
) -> SheetOutput:
    """Rows are matched by `lot` and `line`, in any order. Good rows go into your draft, and each changed cell is told.

    A bad row leaves its line as it was and says what would be right. Numbers are written `1234.50` or `1,234.50`. A
    column that the sheet lacks changes nothing; an empty cell empties the draft's.
    """
    done = drafts.read_sheet(work, invitation_id, file.file.read(LARGEST_SHEET + 1), if_match, dry_run=dry_run)
    response.headers["ETag"] = http.etag(done.after.revision)
    return SheetOutput(
        dry_run=dry_run,
        revision=done.after.revision,
        changes=list(done.filled.changes),
        unchanged=done.filled.unchanged,
        unknown=list(done.filled.unknown),
        bad=list(done.filled.bad),
        ignored_columns=list(done.filled.ignored_columns),
        lots=list(done.after.lots),
    )


def _output(found: CheckedDraft, response: Response) -> DraftOutput:
    response.headers["ETag"] = http.etag(found.revision)
    return DraftOutput(
        revision=found.revision, request_version=found.request_version, content=found.draft, lots=list(found.lots)
    )
