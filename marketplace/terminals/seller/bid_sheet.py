"""The bid sheet: a grid of prices that saves itself, files that go out and come back, conditions, terms."""

import base64
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.requests.view import CarrierView
from marketplace.bidding import service as bidding
from marketplace.bidding.drafts import service as drafts
from marketplace.bidding.drafts.draft import Draft, DraftLine, DraftLot
from marketplace.bidding.drafts.files import LARGEST_SHEET
from marketplace.bidding.drafts.margin import margins
from marketplace.bidding.drafts.service import FilledDraft, SheetView
from marketplace.bidding.offer import Offer
from marketplace.catalogue import service as catalogues
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import FieldError, MalformedError, ProblemError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading, Work, Workshop
from marketplace.terminals import pages
from marketplace.terminals.seller import bid_forms
from matching import service as matching
from matching.schemas import Id
from matching.service import Received
from sellers import service as sellers

router = pages.router()

Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
PageNumber = Annotated[int, Query(ge=1, le=1000)]
ROWS = 200
"""Lines of one page of the sheet."""
_MOST_TERMS = 100
_MOST_PACKED = 700_000
"""Bytes of a file that a form carries while its changes are looked at; a larger one is chosen again."""
_LONGEST_NAME = 120


@router.get("/c/invitations/{invitation_id}/bid", summary="Bid sheet")
def show_bid_sheet(
    invitation_id: Id, request: Request, reading: ReadingOnly, _: Bidder, page: PageNumber = 1
) -> Response:
    """Show the lines to price with the draft's prices, and what each lot still lacks."""
    return pages.render(request, "seller/bid_sheet.html", **_context(reading, invitation_id, page))


@router.post("/c/invitations/{invitation_id}/bid/draft", summary="Keep the bid sheet while it is typed")
def send_bid_draft(
    invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Bidder, page: PageNumber = 1
) -> Response:
    """Take every good cell into the draft; answer with what is wrong, by line, and with the totals."""
    filled, problem = _saved(work, invitation_id, form)
    wrong = filled.filled.bad if filled else ()
    context = _context(work, invitation_id, page) | {"bad": _by_line(form, wrong), "problem": problem}
    status = 200 if problem is None else problem.status
    response = pages.render(request, "seller/_bid_kept.html", status=status, **context)
    response.headers["X-Saved-At"] = work.now.astimezone(pages.zone_of(request)).strftime("%H:%M:%S")
    return response


@router.post("/c/invitations/{invitation_id}/bid", summary="Save the bid sheet by form")
def send_bid_sheet(
    invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Bidder, page: PageNumber = 1
) -> Response:
    """Save, and go on to the review or to another page; with bad cells the sheet is shown again, good ones kept."""
    filled, problem = _saved(work, invitation_id, form)
    wrong = filled.filled.bad if filled else ()
    if problem is not None or wrong:
        told = problem or MalformedError(
            errors=tuple(
                FieldError(
                    f"/cell/{bad.column}/{bad.row}", f"{form.texts('line')[bad.row - 1]}, {bad.column}: {bad.message}"
                )
                for bad in wrong[:20]
            )
        )
        context = _context(work, invitation_id, page) | {
            "problem": told,
            "errors": pages.errors_of(told),
            "form": form,
            "bad": _by_line(form, wrong),
        }
        return pages.render(request, "seller/bid_sheet.html", status=422, **context)
    here = f"/c/invitations/{invitation_id}/bid"
    if form.text("go") == "review":
        return pages.see(f"{here}/confirm")
    other = form.text("go").removeprefix("page:")
    return pages.see(f"{here}?page={other if other.isdecimal() else page}", pages.said(request, "Saved."))


@router.post("/c/invitations/{invitation_id}/bid/file", summary="Bring a priced sheet back by form")
def send_bid_file(invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Bidder) -> Response:
    """Show what a file would change; with ``act=take`` take its good rows into the draft."""
    with pages.again(request, "seller/bid_sheet.html", form, lambda: _context(work, invitation_id, 1)):
        content, name = _sheet_file(form)
        dry = form.text("act") == "check"
        done = drafts.read_sheet(work, invitation_id, content, None, dry_run=dry)
    context = _context(work, invitation_id, 1)
    packed = base64.b64encode(content).decode() if len(content) <= _MOST_PACKED else ""
    return pages.render(
        request, "seller/bid_file.html", **context, done=done.filled, dry=dry, file_name=name, packed=packed
    )


def _sheet_file(form: pages.Form) -> tuple[bytes, str]:
    """Return the file that came, or the one that was shown before and comes back inside the form."""
    if packed := form.text("packed"):
        try:
            return base64.b64decode(packed, validate=True), form.text("name")[:_LONGEST_NAME]
        except ValueError:
            pass
    file = form.file("file")
    if file is None:
        raise MalformedError(errors=(FieldError("/file", "choose the CSV or XLSX file that you priced"),))
    return file.file.read(LARGEST_SHEET + 1), (file.filename or "")[:_LONGEST_NAME]


@router.post("/c/invitations/{invitation_id}/bid/copy", summary="Copy the last bid into the sheet by form")
def send_bid_copy(invitation_id: Id, request: Request, work: Working, _sent: pages.Sent, caller: Bidder) -> Response:
    """Write the newest bid that can be read into the draft, lot by lot."""
    here = f"/c/invitations/{invitation_id}/bid"
    words = pages.words(request)
    newest = last_offers(request.app.state.workshop, caller, invitation_id)
    if not newest:
        return pages.see(here, words("There is no bid to copy: none was placed, or it is still sealed."), "bad")
    draft = drafts.read(work, invitation_id).draft
    kept = {lot.lot: lot for lot in draft.lots} | {ref: _as_draft(offer) for ref, offer in newest.items()}
    terms = next(iter(newest.values())).terms_id
    drafts.save(work, invitation_id, replace(draft, terms_id=terms, lots=tuple(kept.values())), "*")
    return pages.see(here, words("Your last bid is in the sheet. Change what you like and review it."))


@router.post("/c/invitations/{invitation_id}/bid/clear", summary="Empty a lot of the bid sheet by form")
def send_bid_clearing(invitation_id: Id, request: Request, work: Working, form: pages.Sent, _: Bidder) -> Response:
    """Take every price out of one lot, which is not bid on then, or the adjustments out of all."""
    draft = drafts.read(work, invitation_id).draft
    words = pages.words(request)
    if form.text("act") == "adjustments":
        lots = tuple(replace(lot, adjustment=Decimal(0)) for lot in draft.lots)
        said = words("Dropped: every lot costs the sum of its lines.")
    else:
        lots = tuple(lot for lot in draft.lots if lot.lot != form.text("lot"))
        said = words("Emptied: this lot is left out of your bid.")
    drafts.save(work, invitation_id, replace(draft, lots=lots), "*")
    return pages.see(f"/c/invitations/{invitation_id}/bid", said)


def last_offers(workshop: Workshop, caller: Principal, invitation_id: str) -> dict[str, Offer]:
    """Return the caller's newest readable offer by lot; a sealed one can't be read. Raises NotFoundError."""
    found: dict[str, Offer] = {}
    with workshop.reading(caller, DatabaseRole.DESK) as reading:
        for bid in bidding.own_bids(reading, invitation_id):
            if bid.offer is not None:
                found.setdefault(bid.lot, bid.offer)
    return found


def head_of(received: Received) -> dict[str, Any]:
    """Return what the head of every page on one invitation shows."""
    return {
        "received": received,
        "view": codec.load(CarrierView, received.document),
        "here": f"/c/invitations/{received.invitation.id}",
    }


def total_of(sheet: SheetView) -> Decimal | None:
    """Return what all lots that could be bid cost together; None while there is none."""
    totals = [lot.total for lot in sheet.checked.lots if lot.total is not None]
    return sum(totals, Decimal(0)) if totals else None


def _saved(work: Work, invitation_id: str, form: pages.Form) -> tuple[FilledDraft | None, ProblemError | None]:
    """Save what is right of the form: cells first, so that a wrong condition loses none of them."""
    view: CarrierView = codec.load(CarrierView, matching.read(work, invitation_id).document)
    cells = pages.Form(
        {name: texts for name, texts in form.fields.items() if name in {"lot", "line"} or "cell." in name}
    )
    rest = pages.Form({name: texts for name, texts in form.fields.items() if name not in cells.fields})
    filled = bid_forms.save(work, invitation_id, cells, view)
    try:
        bid_forms.save(work, invitation_id, rest, view)
    except MalformedError as problem:
        return filled, problem
    return filled, None


def _by_line(form: pages.Form, wrong: Any) -> dict[str, dict[str, str]]:
    """Return the messages by line and column."""
    lines = form.texts("line")
    found: dict[str, dict[str, str]] = {}
    for bad in wrong:
        found.setdefault(lines[bad.row - 1], {})[bad.column] = bad.message
    return found


def _context(reading: Reading, invitation_id: str, page: int) -> dict[str, Any]:
    received = matching.read(reading, invitation_id)
    head = head_of(received)
    view: CarrierView = head["view"]
    sheet = drafts.sheet_of(reading, invitation_id)
    pages_there = max(1, -(-len(sheet.rows) // ROWS))
    page = min(page, pages_there)
    shown = sheet.rows[(page - 1) * ROWS : page * ROWS]
    units = {unit for line, _cells in shown for unit in line.units}
    draft = sheet.checked.draft
    catalogue = catalogues.version(reading, view.catalogue_version)
    return head | {
        "sheet": sheet,
        "columns": [name for name in sheet.columns if not name.startswith("rate per ") or name[9:] in units],
        "rows": [(line, dict(zip(sheet.columns, cells, strict=True))) for line, cells in shown],
        "checks": {lot.lot: lot for lot in sheet.checked.lots},
        "long_lots": {lot.ref for lot in view.lots if len(lot.lines) > 1},
        "lot_names": {lot.ref: lot.name for lot in view.lots},
        "total": total_of(sheet),
        "margins": margins(draft, (line for line, _cells in sheet.rows)),
        "draft": draft,
        "first": draft.lots[0] if draft.lots else DraftLot(""),
        "packages": _packages(draft),
        "adjustments": {lot.lot: lot.adjustment for lot in draft.lots if lot.adjustment},
        "wishes": bid_forms.wishes(view, draft),
        "catalogue": catalogue,
        "terms": sellers.terms_library(reading, None, _MOST_TERMS),
        "page": page,
        "pages_there": pages_there,
        "first_row": (page - 1) * ROWS,
        "bad": {},
        "most_conditions": bid_forms.MOST_CONDITIONS,
    }


def _packages(draft: Draft) -> list[Any]:
    """Return the packages of all lots, each once."""
    found: dict[Any, Any] = {}
    for lot in draft.lots:
        for package in lot.packages:
            found.setdefault((frozenset(package.lots), package.percent, package.amount), package)
    return list(found.values())


def _as_draft(offer: Offer) -> DraftLot:
    """Return an offer as a draft: every field of the two has the same name."""
    plain: Mapping[str, Any] = codec.dump(offer)
    lines = tuple(codec.load(DraftLine, codec.dump(line)) for line in offer.lines)
    names = DraftLot.__dataclass_fields__
    lot: DraftLot = codec.load(
        DraftLot, {name: value for name, value in plain.items() if name in names} | {"lines": []}
    )
    return DraftLot(**{name: getattr(lot, name) for name in names if name != "lines"}, lines=lines)
