"""Drafts of bids: kept sealed for the desk that writes them, read back with what they lack, filled from bid sheets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from buyers.requests import service as requests
from marketplace.bidding.drafts import cells, sheet
from marketplace.bidding.drafts import draft as rules
from marketplace.bidding.drafts import files as sheet_files
from marketplace.bidding.drafts import store as draft_store
from marketplace.bidding.drafts.draft import Draft, LotCheck
from marketplace.bidding.drafts.files import SheetFormat
from marketplace.bidding.drafts.sheet import AskedLine, Filled
from marketplace.bidding.drafts.tables import BidDraftRow
from marketplace.catalogue import service as catalogues
from marketplace.kernel import codec, http
from marketplace.kernel.errors import MalformedError
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers
from sellers.model import Invitation

_PURPOSE = "bid-drafts"


@dataclass(frozen=True, slots=True)
class CheckedDraft:
    """A draft with what each lot of the request lacks. ``revision`` is 0 where nothing was written yet."""

    revision: int
    request_version: int
    draft: Draft
    lots: tuple[LotCheck, ...]


@dataclass(frozen=True, slots=True)
class SheetView:
    """The sheet as a page shows it: the columns to price, and each line with its cells as text."""

    columns: tuple[str, ...]
    rows: tuple[tuple[AskedLine, tuple[str, ...]], ...]
    checked: CheckedDraft


@dataclass(frozen=True, slots=True)
class FilledDraft:
    """What became of a sheet's rows, and the draft with the good ones."""

    filled: Filled
    after: CheckedDraft


def read(reading: Reading, invitation_id: str) -> CheckedDraft:
    """Return the caller's draft for an invitation, an empty one where there is none. Raises NotFoundError."""
    invitation = sellers.invitation(reading, invitation_id)
    return _checked(reading, invitation, *_stored(reading, invitation))


def save(work: Work, invitation_id: str, draft: Draft, if_match: str | None) -> CheckedDraft:
    """Replace the draft.

    Raises:
        NotFoundError: the invitation is not the caller's.
        StaleError, PreconditionRequiredError: it isn't the revision that was edited.
        MalformedError: a lot or a line stands there twice.
    """
    invitation = sellers.invitation(work, invitation_id)
    errors = rules.repeated(draft)
    if errors:
        raise MalformedError("A draft has every lot and line once.", errors=errors)
    row = _held(work, invitation, if_match)
    _write(work, row, draft)
    return _checked(work, invitation, row.revision, draft)


def clear(work: Work, invitation_id: str, if_match: str | None) -> None:
    """Empty the draft: nothing of its content is kept. Raises NotFoundError, StaleError, PreconditionRequiredError."""
    invitation = sellers.invitation(work, invitation_id)
    _write(work, _held(work, invitation, if_match), Draft())


def write_sheet(reading: Reading, invitation_id: str, kind: SheetFormat) -> bytes:
    """Return the bid sheet of an invitation with the draft's prices in it. Raises NotFoundError."""
    invitation = sellers.invitation(reading, invitation_id)
    asked = _asked(reading, invitation)
    _revision, draft = _stored(reading, invitation)
    return sheet_files.write(kind, sheet.columns(asked), sheet.rows(asked, draft))


def read_sheet(
    work: Work, invitation_id: str, content: bytes, if_match: str | None, *, dry_run: bool = False
) -> FilledDraft:
    """Take the good rows of a bid sheet into the draft; ``dry_run`` only tells what would change.

    A sheet says itself what it prices, so that ``if_match`` may be left out.

    Raises:
        NotFoundError: the invitation is not the caller's.
        StaleError: it isn't the revision that ``if_match`` names.
        MalformedError, TooLargeError: the file can't be read as a bid sheet.
    """
    invitation = sellers.invitation(work, invitation_id)
    table = sheet_files.read(content)
    if dry_run:
        revision, draft = _stored(work, invitation)
        _check_revision(if_match, revision)
        filled = sheet.fill(_asked(work, invitation), draft, table.header, table.rows)
        return FilledDraft(filled, _checked(work, invitation, revision, filled.draft))
    row = _held(work, invitation, if_match or "*")
    filled = sheet.fill(_asked(work, invitation), _content(work, row), table.header, table.rows)
    if filled.changes:
        _write(work, row, filled.draft)
    return FilledDraft(filled, _checked(work, invitation, row.revision, filled.draft))


def sheet_of(reading: Reading, invitation_id: str) -> SheetView:
    """Return the bid sheet as a page shows it, the draft's prices in it. Raises NotFoundError."""
    invitation = sellers.invitation(reading, invitation_id)
    lines = _asked(reading, invitation)
    header = sheet.columns(lines)
    priced = header[len(sheet.KEYS) + len(sheet.ASKED) :]
    revision, draft = _stored(reading, invitation)
    rows = tuple(
        (line, tuple(cells.written(cell) for cell in row[-len(priced) :]))
        for line, row in zip(lines, sheet.rows(lines, draft), strict=True)
    )
    return SheetView(priced, rows, _checked(reading, invitation, revision, draft))


def fill_cells(
    work: Work, invitation_id: str, header: tuple[str, ...], rows: Sequence[tuple[int, tuple[str, ...]]]
) -> FilledDraft:
    """Take typed rows of a sheet into the draft: every good cell, also of a row in which another cell is bad.

    Args:
        work: the caller's transaction.
        invitation_id: whose lines are priced.
        header: the columns, as ``sheet.columns`` names them; lot and line among them.
        rows: the cells by row, each with its number.

    Raises:
        NotFoundError: the invitation is not the caller's.
    """
    invitation = sellers.invitation(work, invitation_id)
    row = _held(work, invitation, "*")
    lines = _asked(work, invitation)
    found = sheet.fill(lines, _content(work, row), header, rows)
    draft, changes = found.draft, found.changes
    for number, typed in rows:
        wrong = {bad.column for bad in found.bad if bad.row == number}
        if wrong:
            kept = [(name, cell) for name, cell in zip(header, typed, strict=True) if name not in wrong]
            if {name for name, _ in kept} <= {*sheet.KEYS, *sheet.ASKED}:
                continue
            again = sheet.fill(lines, draft, tuple(n for n, _ in kept), [(number, tuple(cell for _, cell in kept))])
            draft, changes = again.draft, changes + again.changes
    if changes:
        _write(work, row, draft)
    filled = replace(found, draft=draft, changes=changes)
    return FilledDraft(filled, _checked(work, invitation, row.revision, draft))


def _check_revision(if_match: str | None, revision: int) -> None:
    http.check_if_match(if_match or "*", revision)


def _stored(reading: Reading, invitation: Invitation) -> tuple[int, Draft]:
    row = draft_store.draft(reading, invitation)
    return (0, Draft()) if row is None else (row.revision, _content(reading, row))


def _held(work: Work, invitation: Invitation, if_match: str | None) -> BidDraftRow:
    row = draft_store.held_draft(work, invitation, _sealed(work, Draft()))
    http.check_if_match(if_match, row.revision)
    work.tick()
    return row


def _write(work: Work, row: BidDraftRow, draft: Draft) -> None:
    row.content = _sealed(work, draft)
    row.revision += 1
    row.updated_at = work.now


def _content(reading: Reading, row: BidDraftRow) -> Draft:
    return codec.load(Draft, codec.parse(reading.vault.sealer(_PURPOSE).open(row.content)))


def _sealed(work: Work, draft: Draft) -> bytes:
    return work.vault.sealer(_PURPOSE).seal(codec.canonical(codec.dump(draft)))


def _checked(reading: Reading, invitation: Invitation, revision: int, draft: Draft) -> CheckedDraft:
    published = requests.public_state(reading, invitation.request_id)
    lots = rules.check(draft, rules.lots_to_price(published.view))
    return CheckedDraft(revision, published.version, draft, lots)


def _asked(reading: Reading, invitation: Invitation) -> tuple[AskedLine, ...]:
    view = requests.public_state(reading, invitation.request_id).view
    return sheet.asked_lines(view, catalogues.version(reading, view["catalogue_version"]))
