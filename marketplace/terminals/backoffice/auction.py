"""One auction under the platform's hand: its lots live, pauses, resumptions, extensions, and words to both sides."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from marketplace.awards.announcements import service as announcing
from marketplace.bidding import control as bidding
from marketplace.bidding.announcements import service as announcements
from marketplace.bidding.announcements.schemas import AnnouncementInput
from marketplace.bidding.control_schemas import ExtendInput, PauseInput, ResumeInput, WithdrawalDecisionInput
from marketplace.bidding.model import Status
from marketplace.kernel.access import Kind
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import BidId, RequestId
from marketplace.kernel.work import Reading, Work
from marketplace.oversight import service as oversight
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, Platform, Taker, beneath
from marketplace.terminals.live import LiveView

router = pages.router()

_PATH = "/o/auctions/{request_id}"
_TEMPLATE = "backoffice/auction.html"
_WITHDRAWALS = "backoffice/withdrawals.html"
_A_PAGE = 100
_TOLD = 20
_FITS = {
    "pause": frozenset({Status.OPEN}),
    "resume": frozenset({Status.PAUSED}),
    "extend": frozenset({Status.SCHEDULED, Status.OPEN, Status.PAUSED}),
}
"""In which state a lot is offered for an act; whether it goes is decided by the auction's own rules."""
_RUNNING = frozenset({Status.SCHEDULED, Status.OPEN, Status.PAUSED})


@router.get(_PATH, summary="One auction under control")
def show_controlled_auction(
    request_id: Id, request: Request, reading: ReadingOnly, _: Platform, page: int = 1
) -> Response:
    """Show the lots of a request as they stand, live, and what was told to both sides."""
    page = max(1, min(page, 1000))
    return pages.render(
        request, _TEMPLATE, stream=f"/live/{VIEW.name}/{request_id}-{page}", **_context(reading, request_id, page)
    )


@router.post(f"{_PATH}/act", summary="Steer an auction by form")
def send_auction_act(request_id: Id, request: Request, work: Working, form: pages.Sent, _: Taker) -> Response:
    """Pause, resume, extend or announce; buyer and carriers are told in the same moment."""
    act = form.text("act")
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, request_id, 1)), beneath(act):
        _do(work, RequestId(request_id), act, form, request)
    words = pages.words(request)
    done = {
        "pause": words("Paused. The clocks stand still, and both sides have been told why."),
        "resume": words("Resumed. Each close has moved by the time lost, and both sides have been told."),
        "extend": words("Extended. Both sides have been told."),
    }
    return pages.see(
        f"/o/auctions/{request_id}", done.get(act, words("Announced to the buyer and all invited carriers."))
    )


@router.get(f"{_PATH}/withdrawals", summary="Bids called an error")
def show_withdrawals(request_id: Id, request: Request, reading: ReadingOnly, _: Platform) -> Response:
    """Show the bids that their bidders ask to take out, for a decision."""
    return pages.render(request, _WITHDRAWALS, **_asked(reading, request_id))


@router.post(f"{_PATH}/withdrawals/{{bid_id}}", summary="Decide on a withdrawal by form")
def send_wrong_bid_decision(
    request_id: Id, bid_id: Id, request: Request, work: Working, form: pages.Sent, _: Taker
) -> Response:
    """Take an erroneous bid out, or let it stand; the bidder reads the reason."""
    words = pages.words(request)
    granted = form.text("act") == "grant"
    with pages.again(request, _WITHDRAWALS, form, lambda: _asked(work, request_id)), beneath(bid_id):
        given = {"granted": granted, "reason": form.text(f"{bid_id}.reason")}
        body = pages.checked(WithdrawalDecisionInput, given)
        bidding.decide_withdrawal(work, RequestId(request_id), BidId(bid_id), granted=body.granted, reason=body.reason)
    done = words("Taken out. All are told that a bid was withdrawn, not whose.") if granted else words("It stands.")
    return pages.see(f"/o/auctions/{request_id}", done)


def _do(work: Work, request_id: RequestId, act: str, form: pages.Form, request: Request) -> None:
    lots = list(form.texts(f"{act}.lots")) or _meant(work, request_id, act)
    reason = form.text(f"{act}.reason")
    if act == "pause":
        pause = pages.checked(PauseInput, {"lots": lots, "reason": reason})
        announcing.pause(work, request_id, pause.lots, pause.reason)
    elif act == "resume":
        resume = pages.checked(ResumeInput, {"lots": lots, "reason": reason})
        announcing.resume(work, request_id, resume.lots, resume.reason)
    elif act == "extend":
        closes_at = pages.instant_of(form.text("extend.closes_at"), pages.zone_of(request))
        extend = pages.checked(ExtendInput, {"lots": lots, "reason": reason, "closes_at": closes_at})
        announcing.extend(work, request_id, extend.lots, extend.closes_at, extend.reason)
    else:
        told = pages.checked(AnnouncementInput, {"text": form.text("announce.text")})
        announcing.announce(work, request_id, told.text)


def _meant(reading: Reading, request_id: RequestId, act: str) -> list[str]:
    """Return the lots that an act is meant for when none is chosen: all that it fits; empty where it fits all."""
    lots = [line.lot for line in oversight.auction(reading, request_id)]
    fitting = [lot.lot for lot in lots if lot.status in _FITS.get(act, frozenset())]
    return [] if len(fitting) == len(lots) else fitting


def _live(reading: Reading, key: str) -> Mapping[str, Any]:
    request_id, _, page = key.rpartition("-")
    return _context(reading, request_id, int(page) if page.isdecimal() else 1)


def _context(reading: Reading, request_id: str, page: int) -> dict[str, Any]:
    chosen = RequestId(request_id)
    lines = oversight.auction(reading, chosen)
    first = (page - 1) * _A_PAGE
    lots = [line.lot for line in lines]
    running = [lot for lot in lots if lot.status in _RUNNING]
    paused = [lot for lot in lots if lot.status is Status.PAUSED]
    last_bids = [lot.last_bid_at for lot in lots if lot.last_bid_at is not None]
    return {
        "request_id": request_id,
        "lines": lines[first : first + _A_PAGE],
        "page": page,
        "pages": (len(lines) + _A_PAGE - 1) // _A_PAGE,
        "head": lines[0],
        "lots": lots,
        "running": running,
        "paused": paused,
        "open": [lot for lot in lots if lot.status is Status.OPEN],
        "next_close": min((lot.closes_at for lot in running), default=None),
        "last_close": max((lot.closes_at for lot in running), default=None),
        "last_bid_at": max(last_bids, default=None),
        "withdrawals": sum(lot.withdrawals for lot in lots),
        "odd": [line for line in lines if line.odd],
        "told": announcements.of_request(reading, chosen, None, _TOLD),
        "streams": [f"request:{request_id}", *(f"lot:{lot.lot_id}" for lot in lots)],
    }


def _asked(reading: Reading, request_id: str) -> dict[str, Any]:
    chosen = RequestId(request_id)
    return {
        "request_id": request_id,
        "head": oversight.auction(reading, chosen)[0],
        "asked": bidding.withdrawals(reading, chosen),
    }


VIEW = LiveView("office-auction", frozenset({Kind.PLATFORM}), _live, "backoffice", ("auction-now", "auction-told"))
"""One auction, live; its key is the request's id, a dash and the page of its lots."""
