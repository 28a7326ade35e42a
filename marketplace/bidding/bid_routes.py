"""HTTP: what bidders send to the desk. ``hot`` is the one route on which auctions are won by milliseconds."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic import TypeAdapter

from marketplace.bidding import submitting, wire
from marketplace.bidding.desk.desk import Desk
from marketplace.bidding.desk.orders import Answer
from marketplace.bidding.errors import BidRefusedError, NotTakingBidsError, RequestChangedError
from marketplace.bidding.schemas import BidInput, BidOutput, DryRunOutput, ProxiesInput
from marketplace.kernel import http, lean
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import NotFoundError, ProblemError, TooManyRequestsError
from marketplace.kernel.http import IdempotencyKey
from marketplace.kernel.idempotency import KeyReusedError
from sellers.rules import ProviderInactiveError

hot = lean.router(tags=["bids"])
router = http.router(tags=["bids"])

Bidder = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
_PROBLEMS = http.problems(
    NotFoundError,
    ProviderInactiveError,
    BidRefusedError,
    RequestChangedError,
    NotTakingBidsError,
    KeyReusedError,
    TooManyRequestsError,
)
_LIMITED = {
    "headers": {
        "RateLimit": {
            "description": "bids left to you now (`r`), all there again in `t` s",
            "schema": {"type": "string"},
        },
        "RateLimit-Policy": {"description": "at most `q` bids in `w` seconds", "schema": {"type": "string"}},
    }
}
_DRY_RUNS = TypeAdapter(list[DryRunOutput])


@hot.post(
    "/invitations/{invitation_id}/bids",
    status_code=201,
    response_model=BidOutput,
    summary="Bid",
    responses={201: _LIMITED, **_PROBLEMS},
)
async def place_bid(
    invitation_id: str, body: BidInput, request: Request, caller: Bidder, idempotency_key: IdempotencyKey = None
) -> Response:
    """On one or more lots: all are accepted, or none. The instant that counts is the database's, to the microsecond.

    The answer is your receipt; keep it. A sealed bid can't be read by anybody, you included, until the opening.
    With the same Idempotency-Key the same bid gets the same receipt, byte for byte, and is made once. A session that
    was ended, or a key that was revoked, may be good for bids for 30 seconds more.
    """
    desk: Desk = request.app.state.desk
    limits = submitting.counted(request, caller)
    try:
        command = await submitting.bid_of(desk, caller, body)
        key = await lean.key_of(request, caller, idempotency_key)
        answer = await desk.bid(caller, invitation_id, command, key)
    except ProblemError as error:
        raise submitting.limited(error, limits) from None
    return _receipts(answer, 201, limits)


@hot.post(
    "/invitations/{invitation_id}/bids/dry-run",
    response_model=list[DryRunOutput],
    summary="What would this bid lead to",
    responses={200: _LIMITED, **_PROBLEMS},
)
async def dry_run_bid(invitation_id: str, body: BidInput, request: Request, caller: Bidder) -> Response:
    """Tells by lot what the bid costs, and how you would stand with it or why it would be refused; changes nothing.

    Of the competition you see what you see anyway; your new place is told only where all prices are shown.
    """
    desk: Desk = request.app.state.desk
    limits = submitting.counted(request, caller)
    try:
        command = await submitting.bid_of(desk, caller, body)
        found = await desk.dry_run(caller, invitation_id, command)
    except ProblemError as error:
        raise submitting.limited(error, limits) from None
    content = _DRY_RUNS.dump_json([wire.dry_run_output(*item) for item in found])
    return lean.Json(content, 200, limits)


@hot.put(
    "/invitations/{invitation_id}/proxies",
    response_model=BidOutput,
    summary="Let the marketplace bid for you",
    responses={200: _LIMITED, **_PROBLEMS},
)
async def set_proxies(
    invitation_id: str, body: ProxiesInput, request: Request, caller: Bidder, idempotency_key: IdempotencyKey = None
) -> Response:
    """Down to a limit for each lot, by as little as it takes. Nobody but you sees a limit.

    What limits that meet lead to doesn't depend on which was set first, but for equal ones.
    """
    desk: Desk = request.app.state.desk
    limits = submitting.counted(request, caller)
    try:
        command = await submitting.proxies_of(desk, caller, body)
        key = await lean.key_of(request, caller, idempotency_key)
        answer = await desk.set_proxies(caller, invitation_id, command, key)
    except ProblemError as error:
        raise submitting.limited(error, limits) from None
    return _receipts(answer, 200, limits)


@router.delete(
    "/invitations/{invitation_id}/bids/{bid_id}",
    status_code=204,
    response_class=Response,
    summary="Take a bid back",
    responses=http.problems(NotFoundError, ProviderInactiveError, BidRefusedError),
)
async def withdraw_bid(  # noqa: PLR0917 - FastAPI calls it by name
    invitation_id: str,
    bid_id: str,
    request: Request,
    caller: Bidder,
    reason: Annotated[
        str, Query(max_length=500, description="why an open bid is an error", pattern=r"^[^\x00]*$")
    ] = "",
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Free until the close of a sealed round. An open bid binds: with a reason you ask to have it taken out.

    It stands until the buyer has decided that it was an error.
    """
    desk: Desk = request.app.state.desk
    key = await lean.key_of(request, caller, idempotency_key)
    return _done(await desk.take_back(caller, invitation_id, bid_id, reason, key))


@router.post(
    "/invitations/{invitation_id}/lots/{ref}/exit",
    status_code=204,
    response_class=Response,
    summary="Leave a falling clock",
    responses=http.problems(NotFoundError, ProviderInactiveError, BidRefusedError),
)
async def leave_lot(
    invitation_id: str, ref: str, request: Request, caller: Bidder, idempotency_key: IdempotencyKey = None
) -> Response:
    """For good, instead of staying silent until the round ends. The last price that you accepted stands."""
    desk: Desk = request.app.state.desk
    key = await lean.key_of(request, caller, idempotency_key)
    return _done(await desk.leave(caller, invitation_id, ref, key))


def _receipts(answer: Answer, status: int, limits: dict[str, str]) -> Response:
    headers = limits | {"Idempotency-Replayed": "true"} if answer.replayed else limits
    return lean.Json(b'{"receipts":[' + b",".join(answer.receipts) + b"]}", status, headers)


def _done(answer: Answer) -> Response:
    return Response(status_code=204, headers={"Idempotency-Replayed": "true"} if answer.replayed else None)
