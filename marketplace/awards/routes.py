"""HTTP: the buyer watches its auctions, compares, previews and awards; the winner meets the buyer."""

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Response

from buyers.desk import service as desk
from buyers.requests.rules import SuspendedError
from marketplace.awards import answers, approvals, service
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.disclosure import Disclosed
from marketplace.awards.model import Approval, Award, LotRefusal, LotSelection, Selection
from marketplace.awards.schemas import (
    AwardOutput,
    AwardPreviewOutput,
    BuyerLotOutput,
    ComparisonOutput,
    InvitationCounts,
    SelectionInput,
    WonLotOutput,
)
from marketplace.bidding import service as bidding
from marketplace.kernel import codec, http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import BidId
from sellers import service as sellers

router = http.router(tags=["awards"])

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
Provider = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
DECIDING = (
    NotFoundError,
    bidding.NotOpenedError,
    service.NothingToDecideError,
    service.ApprovalPendingError,
    SuspendedError,
)
"""What may stand against a decision."""
_DECIDING = http.problems(*DECIDING)


@router.get("/requests/{request_id}/auction", summary="Your auction now", responses=http.problems(NotFoundError))
def watch_own_auction(request_id: str, reading: ReadingOnly, _: Buyer) -> list[BuyerLotOutput]:
    """Per lot: its clock and, as far as its rules show them before the close, the standing bids."""
    views = bidding.buyer_views(reading, desk.owned(reading, request_id))
    return [BuyerLotOutput.of(ref, view) for ref, view in views.items()]


@router.get(
    "/requests/{request_id}/invitations", summary="How many carriers have it", responses=http.problems(NotFoundError)
)
def count_invitations(request_id: str, reading: ReadingOnly, _: Buyer) -> InvitationCounts:
    """Counts, no names: you learn who bids when the bids are opened."""
    counts = sellers.counts(reading, desk.owned(reading, request_id))
    return InvitationCounts(invited=counts.invited, seen=counts.seen, declined=counts.declined)


@router.get("/requests/{request_id}/comparison", summary="Compare the bids", responses=_DECIDING)
def compare_bids(request_id: str, work: Working, _: Buyer) -> ComparisonOutput:
    """After the close: every standing bid in total cost over the term, with the formula of every figure."""
    owned = desk.owned(work, request_id)
    return answers.comparison(service.compare(work, owned, hold=False), confirmations.defaulted(work, owned))


@router.post("/requests/{request_id}/award/preview", summary="What an award would reveal", responses=_DECIDING)
def preview_award(request_id: str, body: SelectionInput, work: Working, _: Negotiator) -> AwardPreviewOutput:
    """Changes nothing. Names each carrier that would learn who you are, and what exactly it would learn."""
    found = approvals.preview(work, desk.owned(work, request_id), _selection(body))
    return AwardPreviewOutput(**codec.dump(found))


@router.post("/requests/{request_id}/award", status_code=201, summary="Award lots", responses=_DECIDING)
def award_lots(request_id: str, body: SelectionInput, work: Working, _: Negotiator, response: Response) -> AwardOutput:
    """In one step: the award, your identity to each winner (recorded), and to each loser that it lost.

    Above what one user of your organization may award alone the answer is 202 with the status `waits for approval`:
    nobody learns anything until a second user approves it (`/requests/{id}/approvals`).
    """
    return answer(approvals.award(work, desk.owned(work, request_id), _selection(body)), response)


def answer(decided: Award | Approval, response: Response) -> AwardOutput:
    """Return an award, or what waits for a second user, as a route answers it."""
    if isinstance(decided, Approval):
        response.status_code = HTTPStatus.ACCEPTED
        response.headers["Location"] = f"/requests/{decided.request_id}/approvals"
        return answers.waiting(decided)
    response.headers["Location"] = f"/requests/{decided.request_id}/awards"
    return answers.award(decided)


@router.get("/requests/{request_id}/awards", summary="Your decisions", responses=http.problems(NotFoundError))
def list_awards(request_id: str, reading: ReadingOnly, _: Buyer) -> list[AwardOutput]:
    """Newest first; a lot whose award fell through shows as returned."""
    awards = service.awards_of(reading, desk.owned(reading, request_id))
    return [answers.award(award) for award in awards]


@router.get("/invitations/{invitation_id}/award", summary="Did you win?", responses=http.problems(NotFoundError))
def read_own_wins(invitation_id: str, reading: ReadingOnly, _: Provider) -> list[WonLotOutput]:
    """The lots that you won; empty before the award and for those who won none."""
    won = service.own_wins(reading, invitation_id)
    return [WonLotOutput(lot=lot, outcome=outcome, bid_id=bid, total=total) for lot, outcome, bid, total in won]


@router.get("/invitations/{invitation_id}/buyer", summary="Meet the buyer", responses=http.problems(NotFoundError))
def meet_buyer(invitation_id: str, work: Working, _: Provider) -> Disclosed:
    """From the award on, and for its winners alone. Each reading is recorded and told to the buyer."""
    return service.meet_buyer(work, invitation_id)


def _selection(body: SelectionInput) -> Selection:
    return Selection(
        tuple(LotSelection(item.lot, BidId(item.bid_id), item.reason) for item in body.awarded),
        tuple(LotRefusal(item.lot, item.reason) for item in body.not_awarded),
    )
