"""A buyer compares the opened bids: the matrix, what-if choices with their sum, scenarios, switching costs, files."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.desk import service as desk
from buyers.requests.model import Request as BuyerRequest
from marketplace.awards import matrix, switching, weights
from marketplace.awards.board import service as boards
from marketplace.awards.board.model import Board
from marketplace.awards.board.worker import Boards
from marketplace.awards.schemas import SwitchingCostsInput
from marketplace.awards.switching import Stated
from marketplace.bidding import service as bidding
from marketplace.bidding.service import NotOpenedError
from marketplace.kernel import http, sheets
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer import compare_model as model
from marketplace.terminals.buyer import compare_view as view
from marketplace.terminals.buyer.compare_charts import front_chart
from marketplace.terminals.buyer.live_auction_charts import Pen
from marketplace.terminals.buyer.requests import head_of
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_EDITORS = (UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR)
Editor = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_EDITORS, scope=Scope.REQUESTS))]
_AT_ONCE = 60
"""Up to so many lots the scenarios come with the page; of more, right after it."""
_MOST_PICKS = 5_000
_MOST_CHANGES = 100
"""Lots that a what-if lists, of however many it would change."""


def _query(request: Request) -> model.Query:
    """Return what the address asks for; what makes no sense is left out."""
    given = request.query_params
    picks = [pair.partition(":") for pair in given.getlist("pick")[:_MOST_PICKS]]
    page = given.get("page", "1")
    figure, only = given.get("figure", "total"), given.get("only", "")
    return model.Query(
        figure=figure if figure in model.FIGURES else "total",
        sort=given.get("sort", "lot"),
        down=given.get("down") == "1",
        only=only if only in model.ONLY else "",
        state=given.get("state", ""),
        chosen=given.get("chosen", ""),
        carriers=tuple(given.getlist("carrier")),
        page=max(1, int(page)) if page.isdecimal() and len(page) < 5 else 1,  # noqa: PLR2004 - no page has five digits
        scenario=given.get("scenario", ""),
        base=given.get("base", ""),
        picks=tuple((lot, bid) for lot, _, bid in picks),
    )


Asked = Annotated[model.Query, Depends(_query)]


@router.get("/b/requests/{request_id}/compare", summary="A buyer's comparison")
def show_comparison(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """Show the opened bids beside each other; before the opening, when that will be."""
    own = desk.read(work, request_id)
    try:
        shown = _context(request, work, own, asked)
    except NotOpenedError:
        return pages.render(request, "buyer/compare/closed.html", **head_of(work, own), sealed=True)
    return pages.render(request, "buyer/compare/page.html", **shown)


@router.post("/b/requests/{request_id}/compare", summary="Choose bids by form")
def send_choice(request_id: str, request: Request, work: Working, form: pages.Sent, _: Buyer, asked: Asked) -> Response:
    """Take the choice over: into the sum, to another page of the matrix, or to the award."""
    own = desk.read(work, request_id)
    sheet = view.sheet_of(work, own)
    named = {name.removeprefix("lot-"): form.text(name) for name in form.fields if name.startswith("lot-")}
    asked = replace(asked, picks=tuple((dict(asked.picks) | named).items()))
    scenario = view.scenario_of(work, own.id, asked.scenario)
    choice = sheet.choice(work, own.id, asked, scenario)
    asked = replace(asked, picks=choice.changed)
    if request.headers.get("hx-request") == "true":
        shown: dict[str, Any] = {"own": own, "choice": choice, "query": asked, "currency": sheet.comparison.currency}
        return pages.render(request, "buyer/compare/_choice.html", **shown, term=sheet.comparison.term_months)
    act = form.text("act")
    if act == "award":
        return pages.see(f"/b/requests/{own.id}/award{sheet.award_query(choice, scenario, asked)}")
    page = int(act.removeprefix("page ")) if act.startswith("page ") and act[5:].isdecimal() else asked.page
    return pages.see(f"/b/requests/{own.id}/compare{asked.address(page=page)}")


@router.get("/b/requests/{request_id}/compare/ways", summary="Scenarios and the front, as computed last")
def show_comparison_ways(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """Show what the bids make together; the page asks for it until it is computed."""
    own = desk.read(work, request_id)
    shown: dict[str, Any] = {
        "own": own,
        "query": asked,
        "term": own.content.term_months,
        "currency": own.content.billing.currency,
    }
    return pages.render(request, "buyer/compare/_ways.html", **shown, **_ways(boards.glance, request, work, own))


@router.get("/b/requests/{request_id}/compare/weights", summary="What if qualities had counted otherwise")
def show_weights(
    request_id: str,
    request: Request,
    work: Working,
    _: Buyer,
    qualities: Annotated[int, Query(ge=0, le=weights.MOST)] = weights.ANNOUNCED,
) -> Response:
    """Show who would be first at another weight of the declared qualities; nothing is changed and nothing kept."""
    own = desk.read(work, request_id)
    try:
        sheet = view.sheet_of(work, own)
    except NotOpenedError:
        return pages.render(request, "buyer/compare/closed.html", **head_of(work, own), sealed=True)
    found = weights.what_if(sheet.comparison, qualities)
    shown: dict[str, Any] = {
        "what_if": found,
        "weighed": weights.is_weighed(sheet.comparison),
        "most": weights.MOST,
        "step": weights.STEP,
        "listed": _MOST_CHANGES,
        "places": sheet.places,
        "colours": {one.provider_id: one.colour for one in sheet.columns},
        "term": sheet.comparison.term_months,
        "currency": sheet.comparison.currency,
    }
    return pages.render(request, "buyer/compare/weights.html", **head_of(work, own), **shown)


@router.get("/b/requests/{request_id}/compare.csv", summary="The matrix as it is shown, as CSV")
def export_matrix_csv(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """All pages of the rows and columns that the address shows, in its order."""
    content = sheets.as_csv(_shown_sheet(request, work, request_id, asked))
    return Response(content, media_type="text/csv; charset=utf-8", headers=_named("csv"))


@router.get("/b/requests/{request_id}/compare.xlsx", summary="The matrix as it is shown, as a workbook")
def export_matrix_xlsx(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """All pages of the rows and columns that the address shows, in its order."""
    content = sheets.as_xlsx([_shown_sheet(request, work, request_id, asked)])
    return Response(content, media_type=sheets.XLSX, headers=_named("xlsx"))


@router.get("/b/requests/{request_id}/compare/switching", summary="What leaving present carriers costs")
def show_switching_costs(request_id: str, request: Request, work: Working, _: Buyer) -> Response:
    """Show the switching costs, a row a lot."""
    return pages.render(request, "buyer/compare/switching.html", **_switching(work, request_id))


@router.post("/b/requests/{request_id}/compare/switching", summary="State switching costs by form")
def send_switching_costs(request_id: str, request: Request, work: Working, form: pages.Sent, _: Editor) -> Response:
    """Replace the switching costs of the request by the rows that have an amount."""
    with pages.again(request, "buyer/compare/switching.html", form, lambda: _switching(work, request_id)):
        owned = desk.owned(work, request_id)
        lots = [lot.ref for lot in desk.read(work, request_id).content.lots]
        stated = [ref for ref in lots if form.text(f"amount-{ref}")]
        given = {
            "costs": [
                {
                    "lot": ref,
                    "amount": form.text(f"amount-{ref}").replace(",", ""),
                    "incumbent": form.text(f"incumbent-{ref}"),
                    "note": form.text(f"note-{ref}"),
                }
                for ref in stated
            ],
            "reason": form.text("reason"),
        }
        try:
            body = pages.checked(SwitchingCostsInput, given)
            costs = [Stated(item.lot, item.site, item.incumbent, item.amount, item.note) for item in body.costs]
            switching.state(work, owned, costs, body.reason, http.etag(int(form.text("revision") or 0)))
        except MalformedError as error:
            raise MalformedError(error.detail, errors=tuple(_by_lot(one, stated) for one in error.errors)) from None
    words = pages.words(request)
    return pages.see(
        f"/b/requests/{request_id}/compare", words("Switching costs are counted. No carrier is told them.")
    )


def _by_lot(error: FieldError, stated: list[str]) -> FieldError:
    """Return an error about the nth cost as one about its lot's field."""
    parts = error.pointer.strip("/").split("/")
    if len(parts) == 3 and parts[0] == "costs" and parts[1].isdecimal():  # noqa: PLR2004 - costs, number, field
        return FieldError(f"/{parts[2]}-{stated[int(parts[1])]}", error.message)
    return error


def _switching(reading: Reading, request_id: str) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    names = sellers.names(reading, tuple(sellers.approved(reading)))
    stated = switching.read(reading, own.id)
    return head_of(reading, own) | {
        "stated": stated,
        "by_lot": {cost.lot: cost for cost in stated.costs},
        "places": matrix.sites_of(own.content),
        "currency": own.content.billing.currency,
        "providers": sorted(names.items(), key=lambda one: one[1]),
        "late": any(seen.bids for seen in bidding.buyer_views(reading, own.id).values()),
    }


def _context(request: Request, work: Work, own: BuyerRequest, asked: model.Query) -> dict[str, Any]:
    sheet = view.sheet_of(work, own)
    choice = sheet.choice(work, own.id, asked, view.scenario_of(work, own.id, asked.scenario))
    rows, count = sheet.rows(asked, choice.bids)
    small = len(sheet.comparison.lots) <= _AT_ONCE
    ways = (
        _ways(boards.board, request, work, own) if small else {"board": None, "too_many": "", "front": None, "pen": Pen}
    )
    shown = sheet.shown(asked)
    return head_of(work, own) | {
        "query": asked,
        "sheet": sheet,
        "columns": shown,
        "rows": rows,
        "count": count,
        "pages": -(-count // model.rows_a_page(len(shown))),
        "first": (asked.page - 1) * model.rows_a_page(len(shown)) + 1,
        "counts": sheet.counts(asked, choice.bids),
        "loosenings": [] if rows else sheet.loosenings(asked, choice.bids),
        "shown_address": f"/b/requests/{own.id}/compare{asked.address(picks=(), page=asked.page)}",
        "choice": choice,
        "bids": sum(len(lot.offers) for lot in sheet.comparison.lots),
        "comparison": sheet.comparison,
        "weighed": weights.is_weighed(sheet.comparison),
        "currency": sheet.comparison.currency,
        "term": sheet.comparison.term_months,
        "lazy": not small,
        "kept_picks": [(lot, bid) for lot, bid in asked.picks if lot not in {row.ref for row in rows}],
        **ways,
    }


def _ways(
    look: Callable[[Reading, RequestId, Boards], Board], request: Request, reading: Reading, own: BuyerRequest
) -> dict[str, Any]:
    """Return the scenarios as far as they are computed; computing goes on beside this."""
    computer: Boards = request.app.state.boards
    try:
        board, too_many = look(reading, own.id, computer), ""
    except boards.TooManyLotsError as error:
        board, too_many = None, error.detail
    computed = board.computed if board is not None else None
    return {"board": board, "too_many": too_many, "front": front_chart if computed is not None else None, "pen": Pen}


def _shown_sheet(request: Request, work: Work, request_id: str, asked: model.Query) -> sheets.Sheet:
    """Return the rows and columns that the address shows as one table for a file."""
    own = desk.read(work, request_id)
    sheet = view.sheet_of(work, own)
    choice = sheet.choice(work, own.id, asked, view.scenario_of(work, own.id, asked.scenario))
    columns = sheet.shown(asked)
    words = pages.words(request)
    said = {
        "incomplete": words("incomplete"),
        "open": words("open-ended"),
        "expired": words("not valid any more"),
        "stale": words("for an earlier version"),
    }
    header = (words("Lot"), words("Name"), words("Site"), words("Chosen"), *(one.name for one in columns))
    rows: list[tuple[sheets.Cell, ...]] = []
    for row in sheet.all_rows(asked, choice.bids):
        chosen = next((one.name for one, cell in zip(columns, row.cells, strict=True) if cell.chosen), "")
        cells: list[sheets.Cell] = [
            None if cell.amount is None else f"{said[cell.word]}: {cell.amount}" if cell.word in said else cell.amount
            for cell in row.cells
        ]
        rows.append((row.ref, row.name, row.places, chosen, *cells))
        rows += [("", part.label, part.note, "", *(cell.amount for cell in part.cells)) for part in row.parts]
    totals: list[sheets.Cell] = [_total_of(one, asked.figure) for one in columns]
    rows.append((words("All complete offers"), "", "", "", *totals))
    return sheets.Sheet(words("Comparison"), header, tuple(rows), kept_columns=3)


def _total_of(column: model.Column, figure: str) -> Decimal:
    return column.monthly if figure == "monthly" else column.once if figure == "once" else column.total


def _named(kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="comparison.{kind}"'}
