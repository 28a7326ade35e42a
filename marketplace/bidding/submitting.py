"""What every way of bidding shares, by API or by page: the count against the limit, the offers, a command's key."""

from fastapi import Request

from marketplace.bidding import wire
from marketplace.bidding.desk.desk import Desk
from marketplace.bidding.desk.orders import BidCommand, ProxyCommand
from marketplace.bidding.schemas import BidInput, ProxiesInput
from marketplace.kernel import http, idempotency
from marketplace.kernel.access import Principal
from marketplace.kernel.clock import machine_now
from marketplace.kernel.errors import NotFoundError, ProblemError


def counted(request: Request, caller: Principal) -> dict[str, str]:
    """Count a call against its organization's limit; return the headers that tell it. Raises TooManyRequestsError."""
    state = request.app.state
    headers: dict[str, str] = state.bid_limit.take(caller.organization_id, state.workshop.clock.at(machine_now()))
    return headers


def limited(error: ProblemError, limits: dict[str, str]) -> ProblemError:
    """Return the error with what is left to the caller; what doesn't exist for it stays the same bytes."""
    if not isinstance(error, NotFoundError):
        error.headers = limits | error.headers
    return error


async def bid_of(desk: Desk, caller: Principal, body: BidInput) -> BidCommand:
    """Return what a bid asks of the desk. Raises NotFoundError for terms that are not the caller's."""
    sha256 = await desk.terms(caller, body.terms_id)
    offers = tuple([wire.offer_from(item, body.term_months, body.terms_id, sha256) for item in body.lots])
    return BidCommand(body.request_version, offers, body.confirmed)


async def proxies_of(desk: Desk, caller: Principal, body: ProxiesInput) -> ProxyCommand:
    """Return what limits ask of the desk. Raises NotFoundError for terms that are not the caller's."""
    sha256 = await desk.terms(caller, body.terms_id)
    return ProxyCommand(
        body.request_version,
        tuple(wire.offer_from(item.offer, body.term_months, body.terms_id, sha256) for item in body.lots),
        tuple(item.limit for item in body.lots),
        tuple(item.step for item in body.lots),
    )


def form_key(request: Request, caller: Principal, key: str, content: bytes) -> idempotency.Key | None:
    """Return the key of a command that a form sent, in which ``content`` says all that it consists of.

    Raises MalformedError for an unusable one.
    """
    if not key:
        return None
    command = (request.method, request.url.path, content)
    return idempotency.key_of(http.caller_name(caller), key, command, request.app.state.answer_sealer)
