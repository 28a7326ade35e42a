"""HTTP: the bids of the carriers' desks, what they may know of the competition, and the keys that check receipts."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Header, Response

from marketplace.bidding import service
from marketplace.bidding.clockwork import BidRefusedError
from marketplace.bidding.model import BidderView
from marketplace.bidding.offer import FeatureAnswer, LinePrice, Offer, UsageRate
from marketplace.bidding.schemas import (
    BidderLotOutput,
    BidInput,
    BidOutput,
    LinePriceInput,
    OfferInput,
    OwnBidOutput,
    ReceiptOutput,
)
from marketplace.kernel import codec, http, ids
from marketplace.kernel.access import PUBLIC, Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from sellers import service as sellers

router = http.router(tags=["bids"])

_DESK = (UserRole.ADMIN, UserRole.DESK)
Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=_DESK, scope=Scope.BIDS))]
Watcher = Annotated[Principal, Depends(allow(Kind.PROVIDER))]


@router.post(
    "/invitations/{invitation_id}/bids",
    status_code=201,
    summary="Bid",
    responses=http.problems(NotFoundError, BidRefusedError, service.RequestChangedError, service.NotTakingBidsError),
)
def place_bid(
    invitation_id: str,
    body: BidInput,
    work: Working,
    _: Bidder,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> BidOutput:
    """On one or more lots: all are accepted, or none. The instant that counts is the database's, to the microsecond.

    The answer is your receipt; keep it. A sealed bid can't be read by anybody, you included, until the opening.
    """
    terms = sellers.terms(work, body.terms_id)
    command = service.BidCommand(
        body.request_version,
        tuple(_offer(item, body.term_months, terms.id, terms.sha256) for item in body.lots),
        idempotency_key or ids.new("key"),
    )
    receipts = service.place_bid(work, invitation_id, command)
    return BidOutput(receipts=[ReceiptOutput(**asdict(receipt)) for receipt in receipts])


@router.get(
    "/invitations/{invitation_id}/bids", summary="Your bids on a request", responses=http.problems(NotFoundError)
)
def list_own_bids(invitation_id: str, reading: ReadingOnly, _: Watcher) -> list[OwnBidOutput]:
    """Every version of yours, newest first; `standing` marks the one that counts on its lot."""
    return [OwnBidOutput(**codec.dump(bid)) for bid in service.own_bids(reading, invitation_id)]


@router.delete(
    "/invitations/{invitation_id}/bids/{bid_id}",
    status_code=204,
    summary="Take a sealed bid back",
    responses=http.problems(NotFoundError, BidRefusedError),
)
def withdraw_bid(invitation_id: str, bid_id: str, work: Working, _: Bidder) -> Response:
    """Free until the close of a sealed round. An open bid can't be taken back."""
    service.withdraw_bid(work, invitation_id, bid_id, ids.new("key"))
    return Response(status_code=204)


@router.get(
    "/invitations/{invitation_id}/auction",
    summary="The competition, as you may see it",
    responses=http.problems(NotFoundError),
)
def watch_auction(invitation_id: str, reading: ReadingOnly, _: Watcher) -> list[BidderLotOutput]:
    """Per lot: its clock, your own standing price, and of the others what the announced rules show."""
    return [_bidder_lot(ref, view) for ref, view in service.bidder_views(reading, invitation_id).items()]


@router.get("/keys", summary="Keys that check our signatures")
def read_keys(reading: ReadingOnly, _: Annotated[Principal, Depends(PUBLIC)]) -> dict[str, str]:
    """PEM public keys by key id (`kid`): with one of them a receipt is checked without us."""
    return reading.vault.keyring.public_keys


def _offer(item: OfferInput, term_months: int, terms_id: str, terms_sha256: str) -> Offer:
    lines = tuple(_line(line) for line in item.lines)
    return Offer(item.lot, lines, term_months, item.valid_until, terms_id, terms_sha256, item.note)


def _line(line: LinePriceInput) -> LinePrice:
    return LinePrice(
        line.line,
        line.mrc,
        line.nrc,
        tuple(UsageRate(rate.service_type, rate.unit, rate.rate) for rate in line.usage_rates),
        line.install_days,
        tuple(FeatureAnswer(answer.code, answer.fit, answer.text) for answer in line.answers),
    )


def _bidder_lot(ref: str, view: BidderView) -> BidderLotOutput:
    return BidderLotOutput(
        lot=ref,
        status=view.status,
        opens_at=view.opens_at,
        closes_at=view.closes_at,
        own_amount=view.own.amount if view.own else None,
        own_version=view.own.version if view.own else None,
        rank=view.rank,
        joint=view.joint,
        lead_price=view.lead_price,
        next_admissible_price=view.next_admissible_price,
        won=view.won,
    )
