"""A buyer's live auction: watching it, deciding on bids that are called an error, calling to final offers."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.desk import service as desk
from marketplace.awards import approvals
from marketplace.awards.board import service as boards
from marketplace.awards.board.worker import Boards
from marketplace.bidding import control, watching
from marketplace.bidding.control_schemas import FinalOffersInput, WithdrawalDecisionInput
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import BidId
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import live_auction_view as view
from marketplace.terminals.buyer.live_auction_charts import Pen
from marketplace.terminals.buyer.requests import head_of
from marketplace.terminals.live import LiveView

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Negotiator = Annotated[
    Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.NEGOTIATOR), scope=Scope.AWARDS))
]
_FOLDER = "buyer/auction"
_AT_ONCE = 60
"""Up to so many lots the ways to award come with the page; of more, right after it."""
_LATER: Mapping[str, Any] = {"board": None, "too_many": ""}


def _shown(reading: Reading, key: str) -> Mapping[str, Any]:
    return view.context(reading, key) | {"pen": Pen}


VIEW = LiveView(
    name="buyer-auction",
    kinds=frozenset({Kind.BUYER}),
    context=_shown,
    folder=_FOLDER,
    regions=("next", "figures", "notices", "lots", "ladder", "course", "where", "news", "announce"),
)


@router.get("/b/requests/{request_id}/auction", summary="A buyer's live auction")
def show_own_auction(
    request_id: str,
    request: Request,
    reading: ReadingOnly,
    _: Buyer,
    lot: Annotated[str, Query(max_length=8, pattern="^[A-Za-z0-9]*$")] = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
) -> Response:
    """Show clocks, standings and prices over time of all lots, as far as their rules show them to the buyer."""
    own = desk.read(reading, request_id)
    key = view.key_of(own.id, lot, page)
    shown = dict(_shown(reading, key))
    return pages.render(
        request,
        "buyer/auction/page.html",
        stream=f"/live/{VIEW.name}/{key}" if shown["published"] else "",
        **shown,
        **(_LATER if shown["lot_count"] > _AT_ONCE else _ways(request, reading, own.id)),
    )


@router.get("/b/requests/{request_id}/auction/ways", summary="Ways to award, as computed last")
def show_ways_to_award(request_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show what the bids make together now; the page asks for it again while it is open."""
    own = desk.read(reading, request_id)
    shown: dict[str, Any] = {
        "own": own,
        "term": own.content.term_months,
        "currency": own.content.billing.currency,
        "pen": Pen,
    }
    return pages.render(request, "buyer/auction/_ways.html", **shown, **_ways(request, reading, own.id))


@router.get("/b/requests/{request_id}/auction/withdrawals/{bid_id}", summary="A bid that is called an error")
def show_own_withdrawal(request_id: str, bid_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show why a bidder asks to take a bid out, and what either decision does."""
    return pages.render(request, "buyer/auction/withdrawal.html", **_withdrawal(reading, request_id, bid_id))


@router.post("/b/requests/{request_id}/auction/withdrawals/{bid_id}", summary="Decide on a withdrawal by form")
def send_withdrawal_decision(
    request_id: str, bid_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator
) -> Response:
    """Take the bid out of the standing, or let it stand."""
    show = "buyer/auction/withdrawal.html"
    with pages.again(request, show, form, lambda: _withdrawal(work, request_id, bid_id)):
        given = {"granted": form.text("granted") or None, "reason": form.text("reason")}
        body = pages.checked(WithdrawalDecisionInput, given)
        owned = desk.owned(work, request_id)
        control.decide_withdrawal(work, owned, BidId(bid_id), granted=body.granted, reason=body.reason)
    words = pages.words(request)
    done = words("The bid was taken out. All are told that, not whose it was.") if body.granted else words("It stands.")
    return pages.see(f"/b/requests/{request_id}/auction", done)


@router.get("/b/requests/{request_id}/auction/final-offers", summary="A call for final offers")
def show_final_offers(
    request_id: str,
    request: Request,
    reading: ReadingOnly,
    _: Buyer,
    lot: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """Show the standing bids of a closed lot, to choose who gives one last offer."""
    return pages.render(request, "buyer/auction/final_offers.html", **_short_list(reading, request_id, lot))


@router.post("/b/requests/{request_id}/auction/final-offers", summary="Call for final offers by form")
def send_final_offers_call(
    request_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator
) -> Response:
    """Call a short list to one last offer, until one common cut-off."""
    lot, show = form.text("lot"), "buyer/auction/final_offers.html"
    with pages.again(request, show, form, lambda: _short_list(work, request_id, lot)):
        body = pages.checked(
            FinalOffersInput,
            {
                "bids": list(form.texts("bids")),
                "closes_at": pages.instant_of(form.text("closes_at"), pages.zone_of(request)),
                "reason": form.text("reason"),
            },
        )
        owned = desk.owned(work, request_id)
        approvals.refuse_while_pending(work, owned)
        short = control.ShortList(tuple(BidId(bid) for bid in body.bids), body.closes_at, body.reason)
        control.call_final_offers(work, owned, lot, short)
    words = pages.words(request)
    return pages.see(
        f"/b/requests/{request_id}/auction?lot={lot}", words("Called. Who does not answer keeps its offer.")
    )


def _ways(request: Request, reading: Reading, request_id: Any) -> dict[str, Any]:
    """Return the scenario board as far as it is computed; computing goes on beside this."""
    computer: Boards = request.app.state.boards
    try:
        return {"board": boards.board(reading, request_id, computer), "too_many": ""}
    except boards.TooManyLotsError as error:
        return {"board": None, "too_many": error.detail}


def _withdrawal(reading: Reading, request_id: str, bid_id: str) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    asked = next((one for one in control.withdrawals(reading, own.id) if one.bid_id == bid_id), None)
    if asked is None:
        raise NotFoundError
    (lot,) = (one for one in watching.watch(reading, own.id, [asked.lot]) if one.ref == asked.lot)
    moves = [move for move in lot.moves if move.number == lot.numbers.get(asked.bid_id)]
    return head_of(reading, own) | {
        "asked": asked,
        "lot": lot,
        "currency": own.content.billing.currency,
        "move": next((move for move in moves if move.bid_id == bid_id), None),
        "before": next((move for move in reversed(moves) if move.bid_id != bid_id), None),
    }


def _short_list(reading: Reading, request_id: str, ref: str) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    shown = view.context(reading, view.key_of(own.id, ref, 1))
    if ref not in shown["may_call"]:
        raise NotFoundError
    shown["by_carrier"] = False
    return shown | {"lot": ref, "bids": view.ladder_of(reading, own.id, ref)}
