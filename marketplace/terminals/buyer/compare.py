"""A buyer compares the opened bids: the matrix, what-if choices with their sum, scenarios, switching costs, files."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.requests.model import Request as BuyerRequest
from marketplace.awards import matrix, switching, workbook
from marketplace.awards.board import service as boards
from marketplace.awards.board.model import Board, Result
from marketplace.awards.board.worker import Boards
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.schemas import SwitchingCostsInput
from marketplace.awards.switching import Stated
from marketplace.bidding import service as bidding
from marketplace.bidding.service import NotOpenedError
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
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
    sheet = _sheet(work, own)
    named = {name.removeprefix("lot-"): form.text(name) for name in form.fields if name.startswith("lot-")}
    asked = replace(asked, picks=tuple((dict(asked.picks) | named).items()))
    scenario = _scenario(request, work, own, asked)
    choice = sheet.choice(work, own.id, asked, scenario)
    asked = replace(asked, picks=choice.changed)
    if request.headers.get("hx-request") == "true":
        shown: dict[str, Any] = {"own": own, "choice": choice, "query": asked, "currency": sheet.comparison.currency}
        return pages.render(request, "buyer/compare/_choice.html", **shown, term=sheet.comparison.term_months)
    act = form.text("act")
    if act == "award":
        return pages.see(f"/b/requests/{own.id}/award{_award_query(choice)}")
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
    return pages.render(request, "buyer/compare/_ways.html", **shown, **_ways(request, work, own))


@router.get("/b/requests/{request_id}/compare.csv", summary="The matrix as it is shown, as CSV")
def export_matrix_csv(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """All pages of the rows and columns that the address shows, in its order."""
    content = workbook.as_csv(_shown_sheet(request, work, request_id, asked))
    return Response(content, media_type="text/csv; charset=utf-8", headers=_named("csv"))


@router.get("/b/requests/{request_id}/compare.xlsx", summary="The matrix as it is shown, as a workbook")
def export_matrix_xlsx(request_id: str, request: Request, work: Working, _: Buyer, asked: Asked) -> Response:
    """All pages of the rows and columns that the address shows, in its order."""
    content = workbook.as_xlsx([_shown_sheet(request, work, request_id, asked)])
    return Response(content, media_type=workbook.XLSX, headers=_named("xlsx"))


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


def _sheet(work: Work, own: BuyerRequest) -> view.Sheet:
    stated = switching.read(work, own.id)
    comparison = view.compared(work, own, stated.revision)
    return view.Sheet(own.content, comparison, frozenset(confirmations.defaulted(work, own.id)))


def _context(request: Request, work: Work, own: BuyerRequest, asked: model.Query) -> dict[str, Any]:
    sheet = _sheet(work, own)
    scenario = _scenario(request, work, own, asked)
    choice = sheet.choice(work, own.id, asked, scenario)
    rows, count = sheet.rows(asked, choice.bids)
    small = len(sheet.comparison.lots) <= _AT_ONCE
    ways = _ways(request, work, own) if small else {"board": None, "too_many": "", "front": None, "pen": Pen}
    shown = sheet.shown(asked)
    return head_of(work, own) | {
        "query": asked,
        "sheet": sheet,
        "columns": shown,
        "rows": rows,
        "count": count,
        "pages": -(-count // model.A_PAGE),
        "counts": sheet.counts(),
        "choice": choice,
        "bids": sum(len(lot.offers) for lot in sheet.comparison.lots),
        "comparison": sheet.comparison,
        "currency": sheet.comparison.currency,
        "term": sheet.comparison.term_months,
        "lazy": not small,
        "kept_picks": [(lot, bid) for lot, bid in asked.picks if lot not in {row.ref for row in rows}],
        **ways,
    }


def _board(request: Request, reading: Reading, own: BuyerRequest) -> tuple[Board | None, str]:
    computer: Boards = request.app.state.boards
    try:
        return boards.board(reading, own.id, computer), ""
    except boards.TooManyLotsError as error:
        return None, error.detail


def _ways(request: Request, reading: Reading, own: BuyerRequest) -> dict[str, Any]:
    board, too_many = _board(request, reading, own)
    computed = board.computed if board is not None else None
    return {"board": board, "too_many": too_many, "front": front_chart if computed is not None else None, "pen": Pen}


def _scenario(request: Request, reading: Reading, own: BuyerRequest, asked: model.Query) -> Mapping[str, str] | None:
    """Return the bids by lot that a computed scenario names; None where none is asked for, or it is not computed."""
    if not asked.scenario:
        return None
    board, _ = _board(request, reading, own)
    if board is None or board.computed is None:
        return None
    results: tuple[Result, ...] = board.computed.results + board.computed.front
    found = next((one for one in results if one.key == asked.scenario), None)
    return {lot.lot: lot.bid_id for lot in found.lots if lot.bid_id is not None} if found and found.lots else None


def _award_query(choice: model.Choice) -> str:
    if choice.scenario:
        return model.Query(scenario=choice.scenario).address()
    return model.Query(picks=tuple(choice.bids.items())).address()


def _shown_sheet(request: Request, work: Work, request_id: str, asked: model.Query) -> matrix.Sheet:
    """Return the rows and columns that the address shows as one table for a file."""
    own = desk.read(work, request_id)
    sheet = _sheet(work, own)
    choice = sheet.choice(work, own.id, asked, _scenario(request, work, own, asked))
    columns = sheet.shown(asked)
    words = pages.words(request)
    said = {
        "incomplete": words("incomplete"),
        "open": words("open-ended"),
        "expired": words("not valid any more"),
        "stale": words("for an earlier version"),
    }
    header = (words("Lot"), words("Name"), words("Site"), words("Chosen"), *(one.name for one in columns))
    rows: list[tuple[matrix.Cell, ...]] = []
    for row in sheet.all_rows(asked, choice.bids):
        chosen = next((one.name for one, cell in zip(columns, row.cells, strict=True) if cell.chosen), "")
        cells: list[matrix.Cell] = [
            None if cell.amount is None else f"{said[cell.word]}: {cell.amount}" if cell.word in said else cell.amount
            for cell in row.cells
        ]
        rows.append((row.ref, row.name, row.places, chosen, *cells))
        rows += [("", part.label, part.note, "", *(cell.amount for cell in part.cells)) for part in row.parts]
    totals: list[matrix.Cell] = [_total_of(one, asked.figure) for one in columns]
    rows.append((words("All complete offers"), "", "", "", *totals))
    return matrix.Sheet(words("Comparison"), header, tuple(rows), kept_columns=3)


def _total_of(column: model.Column, figure: str) -> Decimal:
    return column.monthly if figure == "monthly" else column.once if figure == "once" else column.total


def _named(kind: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="comparison.{kind}"'}
