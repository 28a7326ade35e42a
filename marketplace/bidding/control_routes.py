"""HTTP: the platform decides on erroneous bids and enters bids for providers."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Depends, Response

from marketplace.bidding import control, surrogates, wire
from marketplace.bidding.control_schemas import (
    LotClockOutput,
    SurrogateBidInput,
    WithdrawalDecisionInput,
    WithdrawalOutput,
)
from marketplace.bidding.errors import BidRefusedError, NotTakingBidsError, RequestChangedError
from marketplace.bidding.schemas import ReceiptOutput
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import BidId, InvitationId, RequestId
from sellers import service as sellers
from sellers.rules import InvitationDeclinedError, ProviderInactiveError

router = http.router("/auctions", tags=["auction control"])

Platform = Annotated[Principal, Depends(allow(Kind.PLATFORM))]
Steering = Annotated[Principal, Depends(allow(Kind.PLATFORM, scope=Scope.ADMINISTRATION))]
_STEERING = http.problems(NotFoundError, BidRefusedError)


@router.get("/{request_id}/withdrawals", summary="Bids called an error", responses=http.problems(NotFoundError))
def list_withdrawals(request_id: str, reading: ReadingOnly, _: Platform) -> list[WithdrawalOutput]:
    """Open questions, oldest first."""
    return [WithdrawalOutput(**asdict(asked)) for asked in control.withdrawals(reading, RequestId(request_id))]


@router.post("/{request_id}/withdrawals/{bid_id}", summary="Decide on a withdrawal", responses=_STEERING)
def decide_withdrawal(
    request_id: str, bid_id: str, body: WithdrawalDecisionInput, work: Working, _: Steering
) -> LotClockOutput:
    """Granted: the bidder's previous valid bid counts again, and all are told that a bid was withdrawn, not whose."""
    found = control.decide_withdrawal(
        work, RequestId(request_id), BidId(bid_id), granted=body.granted, reason=body.reason
    )
    return LotClockOutput(**asdict(found))


@router.post(
    "/{request_id}/lots/{ref}/surrogate-bids",
    status_code=201,
    response_model=ReceiptOutput,
    summary="Enter a bid for a provider",
    responses=http.problems(
        NotFoundError,
        BidRefusedError,
        NotTakingBidsError,
        RequestChangedError,
        ProviderInactiveError,
        InvitationDeclinedError,
    ),
)
def enter_surrogate_bid(request_id: str, ref: str, body: SurrogateBidInput, work: Working, _: Steering) -> Response:
    """That asked you to, as its connection is down: the same checks, and the same receipt, which is the provider's.

    The bid is marked: you and your evidence stand in the lot's history, and both sides see that an agent entered it.
    """
    if body.offer.lot != ref:
        raise MalformedError(errors=(FieldError("/offer/lot", f"has to be {ref}, as in the address"),))
    terms = sellers.terms(work, body.terms_id)
    offer = wire.offer_from(body.offer, body.term_months, terms.id, terms.sha256)
    bid = surrogates.SurrogateBid(
        InvitationId(body.invitation_id), body.request_version, offer, body.evidence, body.confirmed
    )
    return Response(surrogates.place(work, RequestId(request_id), ref, bid), 201, media_type="application/json")
