"""HTTP: the bids of the carriers' desks, what they may know of the competition, and the keys that check receipts."""

from typing import Annotated

from fastapi import Depends

from marketplace.bidding import service, wire
from marketplace.bidding.schemas import (
    BidderLotOutput,
    OwnBidOutput,
)
from marketplace.kernel import codec, http
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import DeskReading, ReadingOnly

router = http.router(tags=["bids"])

_DESK = (UserRole.ADMIN, UserRole.DESK)
Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_DESK, scope=Scope.BIDS))]
Watcher = Annotated[Principal, Depends(allow(Kind.PROVIDER))]


@router.get(
    "/invitations/{invitation_id}/bids", summary="Your bids on a request", responses=http.problems(NotFoundError)
)
def list_own_bids(invitation_id: str, reading: DeskReading, _: Watcher) -> list[OwnBidOutput]:
    """Every version of yours, newest first; `standing` marks the one that counts on its lot."""
    return [OwnBidOutput(**codec.dump(bid)) for bid in service.own_bids(reading, invitation_id)]


@router.get(
    "/invitations/{invitation_id}/auction",
    summary="The competition, as you may see it",
    responses=http.problems(NotFoundError),
)
def watch_auction(invitation_id: str, reading: DeskReading, _: Watcher) -> list[BidderLotOutput]:
    """Per lot: its clock, your own standing price, and of the others what the announced rules show."""
    return [wire.lot_output(ref, view) for ref, view in service.bidder_views(reading, invitation_id).items()]


@router.get("/keys", summary="Keys that check our signatures")
def read_keys(reading: ReadingOnly, _: Annotated[Principal, Depends(PUBLIC)]) -> dict[str, str]:
    """PEM public keys by key id (`kid`): with one of them a receipt is checked without us."""
    return reading.vault.keyring.public_keys
