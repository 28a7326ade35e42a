"""What a sales desk bid on: where each stands, what it got, and how often it wins."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.requests import model as requests
from marketplace.awards import service as awards
from marketplace.awards.model import Outcome, WonLot
from marketplace.bidding import service as bidding
from marketplace.bidding.model import BidderView, Status
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.sheets import Cell, Sheet
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading, Workshop
from marketplace.terminals import exports, pages
from marketplace.terminals.exports import Form
from matching import service as matching
from matching.service import Received
from sellers.model import InvitationStatus
from sellers.rules import ProviderInactiveError

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
_A_PAGE = 50
_COLUMNS = (
    marked("Request"),
    marked("Buyer"),
    marked("State"),
    marked("Lots"),
    marked("Lots bid on"),
    marked("Currency"),
    marked("Your price"),
    marked("Won lots"),
    marked("Won"),
    marked("Closes"),
)
"""Of the list as a file."""
STATES = ("running", "deciding", "won", "lost", "ended")
"""In the order of the page: bids are taken; the buyer decides; won at least a lot; won none; ended otherwise."""
_RUNNING = frozenset({Status.SCHEDULED, Status.OPEN, Status.PAUSED})
_DECIDED = frozenset({requests.Status.AWARDED, requests.Status.NOT_AWARDED})


@dataclass(frozen=True, slots=True)
class OwnAuction:
    """One request that was bid on, as its bidder may know it.

    ``amount`` is what its standing bids cost together, None while one is sealed; ``ranks`` the places by lot that the
    rules tell; ``won`` the lots that it holds and ``won_total`` what they cost.
    """

    received: Received
    state: str
    lots: int
    bid_on: int
    amount: Decimal | None
    ranks: tuple[tuple[str, int], ...]
    won: tuple[str, ...]
    won_total: Decimal | None

    @property
    def href(self) -> str:
        """Where it goes on."""
        last = {"won": "won", "lost": "lost", "ended": "lost"}.get(self.state, "auction")
        return f"/c/invitations/{self.received.invitation.id}/{last}"


@router.get("/c/bids", summary="A desk's bids")
def show_own_bids(
    request: Request,
    reading: ReadingOnly,
    caller: Desk,
    state: Annotated[str, Query(max_length=20)] = "",
    after: pagination.After = None,
) -> Response:
    """List the requests that the desk bid on, the newest first, by state."""
    inactive = ""
    try:
        own, following = _page(request, reading, caller, after)
    except ProviderInactiveError as problem:
        own, following, inactive = [], None, problem.detail or ""
    counts = {name: sum(one.state == name for one in own) for name in STATES}
    decided = counts["won"] + counts["lost"]
    return pages.render(
        request,
        "seller/bids.html",
        inactive=inactive,
        own=[one for one in own if not state or one.state == state],
        all_of_them=len(own),
        state=state if state in STATES else "",
        counts=counts,
        decided=decided,
        win_rate=Decimal(counts["won"]) / decided if decided else None,
        won_total=sum((one.won_total for one in own if one.won_total), Decimal(0)),
        currencies={one.received.document["billing"]["currency"] for one in own},
        after=after,
        following=following,
    )


@router.get("/c/bids.{form}", summary="A desk's bids as a file")
def export_own_bids(
    form: Form,
    request: Request,
    reading: ReadingOnly,
    caller: Desk,
    state: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """All requests that the desk bid on, or those in one state."""
    say = pages.words(request)
    found = exports.all_pages(lambda after: _page(request, reading, caller, after))
    rows = tuple(_cells(one, say) for one in found if not state or one.state == state)
    return exports.as_file(Sheet(say("My bids"), tuple(map(say, _COLUMNS)), rows, 1), "bids", form)


def _cells(one: OwnAuction, say: Callable[[str], str]) -> tuple[Cell, ...]:
    document = one.received.document
    return (
        document["title"],
        document["pseudonym"],
        say(one.state),
        one.lots,
        one.bid_on,
        document["billing"]["currency"],
        one.amount,
        ", ".join(one.won),
        one.won_total,
        exports.instant(one.received.closes_at),
    )


def _page(
    request: Request, reading: Reading, caller: Principal, after: str | None
) -> tuple[list[OwnAuction], str | None]:
    workshop: Workshop = request.app.state.workshop
    found = matching.received(reading, InvitationStatus.BID, after, _A_PAGE + 1)
    shown, following = pagination.page_of(
        found, _A_PAGE, lambda one: (one.invitation.received_at.isoformat(), one.invitation.id)
    )
    wins = awards.own_wins_of(reading, [one.invitation.request_id for one in shown])
    with workshop.reading(caller, DatabaseRole.DESK) as desk_reading:
        views = bidding.bidder_views_of(desk_reading, [one.invitation.id for one in shown])
    return [_own(one, views[one.invitation.id], wins[one.invitation.request_id]) for one in shown], following


def _own(received: Received, views: dict[str, BidderView], won: Sequence[WonLot]) -> OwnAuction:
    bid_on = [view for view in views.values() if view.own is not None]
    wins = [win for win in won if win[1] is Outcome.AWARDED]
    amounts = [view.own.amount for view in bid_on if view.own is not None]
    known = [amount for amount in amounts if amount is not None]
    return OwnAuction(
        received,
        state_of(received, views, won=bool(wins)),
        len(views),
        len(bid_on),
        sum(known, Decimal(0)) if known and len(known) == len(amounts) else None,
        tuple((ref, view.rank) for ref, view in views.items() if view.rank is not None and view.own is not None),
        tuple(lot for lot, _outcome, _bid, _total in wins),
        sum((total for _lot, _outcome, _bid, total in wins), Decimal(0)) if wins else None,
    )


def state_of(received: Received, views: dict[str, BidderView], *, won: bool) -> str:
    """Return in which of ``STATES`` a request is for its bidder: of what it is told, nothing else."""
    if won:
        return "won"
    if any(view.status in _RUNNING for view in views.values()) and received.request_status is requests.Status.OPEN:
        return "running"
    if received.request_status is requests.Status.CLOSED:
        return "deciding"
    if received.request_status in _DECIDED:
        return "lost"
    return "running" if received.request_status is requests.Status.OPEN else "ended"


def outcome_of(reading: Reading, desk_reading: Reading, invitation_id: str) -> dict[str, Any]:
    """Return what the page on one outcome shows. Raises NotFoundError."""
    received = matching.read(reading, invitation_id)
    views = bidding.bidder_views(desk_reading, invitation_id)
    return {
        "one": _own(received, views, awards.own_wins(reading, invitation_id)),
        "views": views,
        "own": [bid for bid in bidding.own_bids(desk_reading, invitation_id) if bid.standing],
    }
