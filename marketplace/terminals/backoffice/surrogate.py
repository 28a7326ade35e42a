"""A bid that an agent enters for a carrier that asked for it: as dictated, read back, and then marked for everybody."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Query, Request, Response

from buyers.requests import service as requests
from buyers.requests.view import CarrierView
from marketplace.bidding import surrogates, wire
from marketplace.bidding.control_schemas import SurrogateBidInput
from marketplace.bidding.drafts import draft as draft_rules
from marketplace.bidding.drafts import sheet
from marketplace.bidding.drafts.draft import Draft, DraftLot
from marketplace.bidding.drafts.sheet import AskedLine, BadCell
from marketplace.bidding.model import RefusalCode, Status
from marketplace.catalogue import service as catalogues
from marketplace.kernel import codec
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import InvitationId, RequestId
from marketplace.kernel.work import Reading
from marketplace.oversight import service as oversight
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, Platform, Taker
from marketplace.terminals.figures import in_words
from sellers import service as sellers
from sellers.model import Invitation, InvitationStatus

router = pages.router()

_PATH = "/o/auctions/{request_id}/surrogate"
_TEMPLATE = "backoffice/surrogate.html"
_MOST_TERMS = 100
_MOST_CHOICES = 300
"""Carriers that are offered by name; among more the agent types the invitation, as the carrier names it."""
Chosen = Annotated[str, Query(max_length=100)]


@dataclass(frozen=True, slots=True)
class _Dictated:
    """What the form says of the lot: its offer, what it costs over the term, a month, and once."""

    lot: DraftLot
    total: Decimal
    monthly: Decimal
    once: Decimal


@router.get(_PATH, summary="A bid for a carrier: the form")
def show_surrogate_form(
    request_id: Id, request: Request, reading: ReadingOnly, _: Platform, lot: Chosen = "", invitation: Chosen = ""
) -> Response:
    """Ask for which carrier and lot, and then for the prices as the carrier dictates them."""
    return pages.render(request, _TEMPLATE, **_context(reading, request_id, lot, invitation))


@router.post(_PATH, summary="Enter a bid for a carrier by form")
def send_surrogate_bid(  # noqa: PLR0917 - what is chosen comes with the address
    request_id: Id,
    request: Request,
    work: Working,
    form: pages.Sent,
    _: Taker,
    lot: Chosen = "",
    invitation: Chosen = "",
) -> Response:
    """Work out the total to read back; place the bid once the total is the one that was read back."""
    bad: list[BadCell] = []
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, request_id, lot, invitation, bad)):
        context = _context(work, request_id, lot, invitation)
        if not context["rows"]:
            raise NotFoundError
        dictated = _dictated(context, form, bad)
        given = dict(codec.dump(dictated.lot)) | {"quality": _quality(context["view"], form)}
        body = pages.checked(
            SurrogateBidInput,
            {
                "invitation_id": invitation,
                "request_version": context["view"].version,
                "terms_id": form.text("terms_id"),
                "term_months": context["view"].term_months,
                "offer": given,
                "evidence": form.text("evidence"),
                "confirmed": form.ticked("confirmed"),
            },
        )
        if form.text("read_back") != str(dictated.total) or form.text("act") != "enter":
            told = {"form": form, "dictated": dictated, "total_words": in_words(request, dictated.total)}
            return pages.render(request, _TEMPLATE, **(context | told))
        terms = sellers.terms(work, body.terms_id)
        offer = wire.offer_from(body.offer, body.term_months, terms.id, terms.sha256)
        bid = surrogates.SurrogateBid(
            InvitationId(invitation), body.request_version, offer, body.evidence, body.confirmed
        )
        surrogates.place(work, RequestId(request_id), lot, bid)
    done = pages.said(
        request, "Entered and marked: both sides see that an agent did it. The carrier finds the receipt with its bids."
    )
    return pages.see(f"/o/auctions/{request_id}", done)


def _dictated(context: dict[str, Any], form: pages.Form, bad: list[BadCell]) -> _Dictated:
    """Return the lot as the form prices it; what is wrong with cells goes to ``bad``. Raises MalformedError."""
    asked: tuple[AskedLine, ...] = context["asked"]
    columns: tuple[str, ...] = context["columns"]
    typed = [[text.strip() for text in form.texts(f"cell.{column}")] for column in columns]
    if any(len(cells) != len(asked) for cells in typed):
        raise MalformedError("The form is not complete: load the page again.")
    rows = [
        (number, (line.lot, line.line, *cells)) for number, (line, *cells) in enumerate(zip(asked, *typed, strict=True))
    ]
    filled = sheet.fill(asked, Draft(), (*sheet.KEYS, *columns), rows)
    bad += filled.bad
    ref = asked[0].lot
    lines = next((one.lines for one in filled.draft.lots if one.lot == ref), ())
    plain = {"lot": ref, "lines": codec.dump(lines), "note": form.text("note")}
    plain |= {"valid_until": form.text("valid_until") or None, "adjustment": form.text("adjustment") or "0"}
    try:
        lot: DraftLot = codec.load(DraftLot, plain)
    except (ValueError, TypeError, ArithmeticError):
        message = "write a date for how long it holds, and an amount such as -250.00 for the adjustment"
        raise MalformedError(errors=(FieldError("/adjustment", message),)) from None
    to_price = next(one for one in draft_rules.lots_to_price(context["document"]) if one.ref == ref)
    (check,) = draft_rules.check(Draft(lots=(lot,)), [to_price])
    if not bad:
        places = {line.line: at for at, line in enumerate(asked)}
        bad += [BadCell(places[one], "mrc", "", f"{one} needs a monthly price") for one in check.missing]
    errors = [FieldError(f"/cell/{one.column}/{one.row + 1}", one.message) for one in bad] or [
        FieldError("/offer", problem.message) for problem in check.problems
    ]
    if errors or check.total is None:
        raise MalformedError(errors=tuple(errors) or (FieldError("/cell/mrc/1", "give at least one price"),))
    quantities = {line.line: line.quantity for line in asked}
    monthly = sum((quantities[one.line] * (one.mrc or Decimal(0)) for one in lot.lines), Decimal(0))
    once = sum((quantities[one.line] * one.nrc for one in lot.lines), Decimal(0))
    return _Dictated(lot, check.total, monthly, once)


def _quality(view: CarrierView, form: pages.Form) -> list[dict[str, str]]:
    codes = [one.code for one in view.auction.scoring.criteria] if view.auction.scoring else []
    return [{"criterion": code, "answer": form.text(f"quality.{code}")} for code in codes]


def _context(
    reading: Reading, request_id: str, lot: str, invitation: str, bad: list[BadCell] | None = None
) -> dict[str, Any]:
    """Return what the page shows; without a lot that takes bids and a carrier that may bid it asks for these alone."""
    chosen = RequestId(request_id)
    lines = oversight.auction(reading, chosen)
    lots = [line.lot.lot for line in lines if line.lot.status is Status.OPEN]
    document = requests.public_state(reading, chosen).view
    view = codec.load(CarrierView, document)
    invited = [one for one in sellers.invitations_of_request(reading, chosen) if _may_bid(one)]
    guest = next((one for one in invited if one.id == invitation), None)
    names = sellers.names(reading, tuple(one.provider_id for one in invited))
    asked: tuple[AskedLine, ...] = ()
    if guest is not None and lot in lots:
        all_asked = sheet.asked_lines(document, catalogues.version(reading, view.catalogue_version))
        asked = tuple(line for line in all_asked if line.lot == lot)
    columns = sheet.columns(asked)[len(sheet.KEYS) + len(sheet.ASKED) : -1]  # without the carrier's own cost
    wrong: dict[str, dict[str, str]] = {}
    for one in bad or ():
        wrong.setdefault(asked[one.row].line, {})[one.column] = one.message
    carriers = sorted(((one.id, names.get(one.provider_id, one.id)) for one in invited), key=lambda one: one[1])
    return {
        "request_id": request_id,
        "head": lines[0],
        "document": document,
        "view": view,
        "lots": lots,
        "lot": lot,
        "invitation": invitation,
        "carriers": carriers if len(carriers) <= _MOST_CHOICES else None,
        "unknown": bool(invitation) and guest is None,
        "carrier": "" if guest is None else names.get(guest.provider_id, ""),
        "asked": asked,
        "columns": columns,
        "rows": [(line, {}) for line in asked],
        "bad": wrong,
        "terms": [] if guest is None else sellers.terms_of(reading, guest.provider_id, _MOST_TERMS),
        "criteria": view.auction.scoring.criteria if view.auction.scoring else (),
        "dictated": None,
        "total_words": "",
        "slip_code": RefusalCode.CONFIRM_CHANGE,
    }


def _may_bid(invitation: Invitation) -> bool:
    return invitation.status is not InvitationStatus.DECLINED
