"""What a bidder that won nothing is told: thanks, its own prices, and its place where the rules tell places."""

from typing import Annotated

from fastapi import Depends, Request, Response

from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.work import Workshop
from marketplace.terminals import pages
from marketplace.terminals.seller.bid_sheet import head_of
from marketplace.terminals.seller.bids import outcome_of
from matching import service as matching
from matching.schemas import Id

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]


@router.get("/c/invitations/{invitation_id}/lost", summary="A request that was lost")
def show_loss(invitation_id: Id, request: Request, reading: ReadingOnly, caller: Desk) -> Response:
    """Tell the result with thanks; who goes on running or won is sent to where it can act."""
    workshop: Workshop = request.app.state.workshop
    head = head_of(matching.read(reading, invitation_id))
    with workshop.reading(caller, DatabaseRole.DESK) as desk_reading:
        found = outcome_of(reading, desk_reading, invitation_id)
    if found["one"].state in {"won", "running"}:
        return pages.see(found["one"].href)
    return pages.render(request, "seller/lost.html", **(head | found))
