"""HTTP: what the buyer may do to its running auctions: decide on erroneous bids, call to final offers."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends

from buyers.desk import service as desk
from marketplace.awards import approvals
from marketplace.awards.service import ApprovalPendingError
from marketplace.bidding import control
from marketplace.bidding.control_schemas import (
    FinalOffersInput,
    LotClockOutput,
    WithdrawalDecisionInput,
    WithdrawalOutput,
)
from marketplace.bidding.errors import BidRefusedError
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import BidId

router = http.router("/requests", tags=["auctions"])

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Negotiator = Annotated[
    Principal, Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.NEGOTIATOR), scope=Scope.AWARDS))
]
_STEERING = http.problems(NotFoundError, BidRefusedError)


@router.get("/{request_id}/withdrawals", summary="Bids called an error", responses=http.problems(NotFoundError))
def list_own_withdrawals(request_id: str, reading: ReadingOnly, _: Buyer) -> list[WithdrawalOutput]:
    """Bids whose bidders ask you to take them out, oldest first; you don't learn whose they are."""
    found = control.withdrawals(reading, desk.owned(reading, request_id))
    return [WithdrawalOutput(**asdict(asked)) for asked in found]


@router.post("/{request_id}/withdrawals/{bid_id}", summary="Decide on a withdrawal", responses=_STEERING)
def decide_own_withdrawal(
    request_id: str, bid_id: str, body: WithdrawalDecisionInput, work: Working, _: Negotiator
) -> LotClockOutput:
    """Granted: the bidder's previous valid bid counts again, and all are told that a bid was withdrawn, not whose."""
    owned = desk.owned(work, request_id)
    found = control.decide_withdrawal(work, owned, BidId(bid_id), granted=body.granted, reason=body.reason)
    return LotClockOutput(**asdict(found))


@router.post(
    "/{request_id}/lots/{lot}/final-offers",
    summary="Call for final offers",
    responses=http.problems(NotFoundError, BidRefusedError, ApprovalPendingError),
)
def call_final_offers(
    request_id: str, lot: str, body: FinalOffersInput, work: Working, _: Negotiator
) -> LotClockOutput:
    """After the close, if the rules announced it: a short list gives one last offer, until one common cut-off.

    Who does not answer keeps its offer; those who are not called learn nothing of it.
    """
    owned = desk.owned(work, request_id)
    approvals.refuse_while_pending(work, owned)
    short = control.ShortList(tuple(BidId(bid) for bid in body.bids), body.closes_at, body.reason)
    return LotClockOutput(**asdict(control.call_final_offers(work, owned, lot, short)))
