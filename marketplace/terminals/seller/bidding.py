"""Live bidding: each lot as its bidder may see it, the smallest valid step as one button, the own line, receipts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from buyers.requests import service as requests
from buyers.requests.view import CarrierView
from marketplace.bidding import service as bidding
from marketplace.bidding.announcements import service as announcements
from marketplace.bidding.model import BidderView, Status
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, UserRole, allow
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import DeskReading
from marketplace.kernel.ids import BidId
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.live import LiveView
from marketplace.terminals.seller.own_course import own_course
from matching.schemas import Id
from sellers import service as sellers

router = pages.router()

Watcher = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
RUNNING = frozenset({Status.SCHEDULED, Status.OPEN, Status.PAUSED})
_BIDDING_ROLES = frozenset({UserRole.ADMIN, UserRole.DESK})
_ANNOUNCED = 10
_HISTORY = 200
"""Own bids that the page lists; all of them are in the transcript."""
_ON_THE_SPOT = frozenset({"dutch", "japanese"})
"""Formats whose clock says the price: it is taken or not."""
_SEALED = "sealed"


@dataclass(frozen=True, slots=True)
class LotDesk:
    """One lot as its bidder works on it.

    ``step`` is the highest price that would be taken now (None: there is none, or any); ``down`` how much lower than
    the own price that is. ``key`` makes the button a command that is done once: the same for the same own bid and step.
    ``phase`` is what the format's own clock counts: ``rising``, ``falling``, ``first`` (bids before the turns),
    ``turn``, ``final`` (offers), or nothing.
    """

    ref: str
    name: str
    view: BidderView
    step: Decimal | None
    down: Decimal | None
    key: str
    leads: bool
    phase: str

    @property
    def running(self) -> bool:
        """Whether bids are or will be taken."""
        return self.view.status in RUNNING

    @property
    def open(self) -> bool:
        """Whether bids are taken now."""
        return self.view.status is Status.OPEN


@router.get("/c/invitations/{invitation_id}/auction", summary="Live bidding")
def show_bidding(invitation_id: Id, request: Request, reading: DeskReading, _: Watcher) -> Response:
    """Show the auction as its bidder may see it, and all that it may do; works without the stream."""
    return pages.render(request, "seller/bidding.html", **page_of(reading, invitation_id))


@router.get("/c/invitations/{invitation_id}/receipts/{bid_id}", summary="Receipt of a bid")
def download_receipt(invitation_id: Id, bid_id: Id, reading: DeskReading, _: Watcher) -> Response:
    """Return the signed receipt of an own bid as a file, byte for byte as it was given."""
    found = bidding.own_receipts(reading, invitation_id, [BidId(bid_id)])
    if BidId(bid_id) not in found:
        raise NotFoundError
    headers = {"Content-Disposition": f'attachment; filename="receipt-{bid_id}.json"'}
    return Response(found[BidId(bid_id)], media_type="application/json", headers=headers)


def page_of(reading: Reading, invitation_id: str) -> dict[str, Any]:
    """Return the context of the whole page; its clocks count from this transaction's instant."""
    return context_of(reading, invitation_id) | {
        "shown_at": reading.now,
        "stream": f"/live/{VIEW.name}/{invitation_id}",
    }


def context_of(reading: Reading, invitation_id: str) -> dict[str, Any]:
    """Return what the live regions show: of the same standing always the same.

    No instant of the reading is in it: a picture that came anew with the same content would tell that somebody bid.
    """
    invitation = sellers.invitation(reading, invitation_id)
    state = requests.public_state(reading, invitation.request_id)
    view: CarrierView = codec.load(CarrierView, state.view)
    views = bidding.bidder_views(reading, invitation_id)
    own = bidding.own_bids(reading, invitation_id)
    names = {lot.ref: lot.name for lot in view.lots}
    lots = [_lot(ref, names.get(ref, ""), seen, view.auction.format) for ref, seen in views.items()]
    running = [lot.view.closes_at for lot in lots if lot.running]
    ends = [lot.view.stage.ends_at for lot in lots if lot.view.stage and lot.view.stage.ends_at and lot.open]
    return {
        "invitation": invitation,
        "here": f"/c/invitations/{invitation_id}",
        "view": view,
        "version": state.version,
        "suspended": state.suspended,
        "currency": view.billing.currency,
        "lots": lots,
        "running": bool(running),
        "closes_at": min(running, default=max(lot.view.closes_at for lot in lots)),
        "stage_ends_at": min(ends, default=None),
        "opens_at": min(lot.view.opens_at for lot in lots),
        "waiting": all(lot.view.status is Status.SCHEDULED for lot in lots),
        "paused": bool(running) and all(lot.view.status is Status.PAUSED for lot in lots if lot.running),
        "history": own[:_HISTORY],
        "own": own,
        "standing": {bid.lot: bid for bid in own if bid.standing},
        "said": announcements.of_invitation(reading, invitation_id, None, _ANNOUNCED),
        "may_bid": reading.principal.role in _BIDDING_ROLES,
        "on_the_spot": view.auction.format in _ON_THE_SPOT,
        "sealed": view.auction.visibility == _SEALED and not any(lot.phase == "final" for lot in lots),
        "named_price": any(_takes_any_price(lot) for lot in lots) and view.auction.format not in _ON_THE_SPOT,
        "own_course": own_course,
        # never after now, as clocks take it for a time of the server: the opening of an auction may lie ahead
        "shown_at": invitation.received_at,
        "streams": [f"request:{invitation.request_id}", *(f"lot:{seen.lot_id}" for seen in views.values())],
    }


def _takes_any_price(lot: LotDesk) -> bool:
    """Tell whether its bidder may name a price of its own choice now, on top of a bid that it has."""
    stage = lot.view.stage
    return lot.open and lot.view.own is not None and not lot.view.excluded and (stage is None or stage.may_bid)


def _phase(view: BidderView, form: str) -> str:
    """Return what the clock of ``view``'s stage counts; nothing where there is none."""
    if view.stage is None:
        return ""
    if form in _ON_THE_SPOT:
        return "rising" if form == "dutch" else "falling"
    if form == "three_rounds":
        return "turn" if view.stage.number else "first"
    return "final"


def _lot(ref: str, name: str, view: BidderView, form: str) -> LotDesk:
    amount = view.own.amount if view.own else None
    price = view.next_admissible_price if view.status is Status.OPEN else None
    if view.stage is not None and not view.stage.may_bid:
        price = None
    version = view.own.version if view.own else 0
    down = amount - price if amount is not None and price is not None else None
    leads = view.rank == 1 or view.light == "green"
    phase = _phase(view, form)
    if phase in {"first", "final"}:
        price = down = None  # no step is wanted there: any price is an offer, and the next one is no advice
    return LotDesk(ref, name, view, price, down, f"step-{view.lot_id}-{version}-{price}", leads, phase)


VIEW = LiveView(
    "bidding",
    frozenset({Kind.PROVIDER}),
    context_of,
    "seller",
    ("bidding_clock", "bidding_lots", "bidding_history", "bidding_said"),
    DatabaseRole.DESK,
)
