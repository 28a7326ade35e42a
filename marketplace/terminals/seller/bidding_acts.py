"""What a bidder does in a running auction by form: a step, another price, a limit, taking back, leaving."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from marketplace.bidding import offer as offers
from marketplace.bidding import submitting
from marketplace.bidding.drafts import caution
from marketplace.bidding.drafts import draft as draft_rules
from marketplace.bidding.drafts import service as drafts
from marketplace.bidding.model import RefusalCode
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.bidding.service import Answer, BidCommand, Desk, ProxyCommand
from marketplace.kernel import codec
from marketplace.kernel.access import Principal
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import (
    ConflictError,
    FieldError,
    MalformedError,
    NotFoundError,
    ProblemError,
    TooManyRequestsError,
)
from marketplace.kernel.money import cents, is_price
from marketplace.kernel.work import Workshop
from marketplace.terminals import browser, pages
from marketplace.terminals.pages import Form
from marketplace.terminals.rendering import Customs
from marketplace.terminals.seller.bid_sheet import Bidder, last_offers
from marketplace.terminals.seller.bidding import page_of
from matching import service as matching
from matching.schemas import Id

router = pages.router()

_NO_OFFER = "There is no bid of yours that can be read and no priced lot on the sheet: price it there first."


class BelowOwnCostError(ConflictError):
    """The price is below what the desk wrote down as its own cost: nobody but it knows, and it has to be meant."""

    kind = "below-own-cost"
    title = "This is below your own cost"


@dataclass(frozen=True, slots=True)
class _Base:
    """What a price of a whole lot is made of: an offer for it, what there is to price, and the desk's own costs."""

    lot: LotToPrice
    offer: Offer
    costs: Mapping[str, Decimal]


@router.post("/c/invitations/{invitation_id}/auction/price", summary="Bid a price of a lot by form")
async def send_price(invitation_id: Id, request: Request, form: pages.Sent, caller: Bidder) -> Response:
    """Bid exactly this total on one lot: the lines stay, the adjustment carries the difference."""

    async def act(desk: Desk) -> Answer:
        price = _price(form, "price")
        base = await _base(request, caller, invitation_id, form.text("lot"))
        offer = _meant(form, base, price)
        command = BidCommand(_version(form), (offer,), form.ticked("confirmed"))
        said = f"{form.text('lot')} {price} {command.request_version} {command.confirmed}".encode()
        key = submitting.form_key(request, caller, form.text("idempotency_key"), said)
        return await desk.bid(caller, invitation_id, command, key)

    return await _done(request, caller, invitation_id, form, act, counts=True)


@router.post("/c/invitations/{invitation_id}/auction/limit", summary="Let the marketplace bid down to a limit by form")
async def send_limit(invitation_id: Id, request: Request, form: pages.Sent, caller: Bidder) -> Response:
    """Set how low the marketplace may go for the desk on one lot; at the own price it bids no further."""

    async def act(desk: Desk) -> Answer:
        limit = _price(form, "limit")
        step = _price(form, "step") if form.text("step") else None
        base = await _base(request, caller, invitation_id, form.text("lot"))
        _meant(form, base, limit)
        command = ProxyCommand(_version(form), (base.offer,), (limit,), (step,))
        said = f"{form.text('lot')} {limit} {step} {command.request_version}".encode()
        key = submitting.form_key(request, caller, form.text("idempotency_key"), said)
        return await desk.set_proxies(caller, invitation_id, command, key)

    return await _done(request, caller, invitation_id, form, act, counts=True)


@router.post("/c/invitations/{invitation_id}/auction/take-back", summary="Take a bid back by form")
async def send_taking_back(invitation_id: Id, request: Request, form: pages.Sent, caller: Bidder) -> Response:
    """Take a sealed bid back, or ask to have an open one taken out as an error."""

    async def act(desk: Desk) -> Answer:
        bid_id, reason = form.text("bid"), form.text("reason")[:500]
        key = submitting.form_key(request, caller, form.text("idempotency_key"), f"{bid_id} {reason}".encode())
        return await desk.take_back(caller, invitation_id, bid_id, reason, key)

    return await _done(request, caller, invitation_id, form, act)


@router.post("/c/invitations/{invitation_id}/auction/leave", summary="Leave a falling clock by form")
async def send_leaving(invitation_id: Id, request: Request, form: pages.Sent, caller: Bidder) -> Response:
    """Leave one lot for good; the last price that was accepted stands."""

    async def act(desk: Desk) -> Answer:
        key = submitting.form_key(request, caller, form.text("idempotency_key"), form.text("lot").encode())
        return await desk.leave(caller, invitation_id, form.text("lot"), key)

    return await _done(request, caller, invitation_id, form, act)


async def _done(
    request: Request,
    caller: Principal,
    invitation_id: str,
    form: Form,
    act: Callable[[Desk], Awaitable[Answer]],
    *,
    counts: bool = False,
) -> Response:
    """Do it, and go back to the auction with a sentence; what stood against it is shown there with the typed price."""
    limits: dict[str, str] = {}
    try:
        if counts:
            limits = submitting.counted(request, caller)
        answer = await act(request.app.state.desk)
    except NotFoundError:
        raise
    except ProblemError as problem:
        submitting.limited(problem, limits)
        return await run_in_threadpool(_shown_again, request, caller, invitation_id, form, problem)
    response = pages.see(f"/c/invitations/{invitation_id}/auction", _sentence(request, form, answer))
    response.headers.update(limits)
    return response


def _sentence(request: Request, form: Form, answer: Answer) -> str:
    words = pages.words(request)
    receipts = [json.loads(one) for one in answer.receipts]
    if not receipts:
        return words("Done.")
    customs = Customs(browser.preferences_of(request), pages.now_of(request))
    first = receipts[0]
    template = words("Accepted: %(lot)s at %(amount)s, received %(at)s UTC. The receipt is in your history.")
    if form.text("limit"):
        template = words("Limit set for %(lot)s: %(amount)s. Nobody but your organization sees it.")
    amount = customs.money(Decimal(form.text("limit").replace(",", "") or first["amount"]), first["currency"])
    return template % {"lot": first["lot"], "amount": amount, "at": first["received_at"][11:23].rstrip("Z")}


def _shown_again(
    request: Request, caller: Principal, invitation_id: str, form: Form, problem: ProblemError
) -> Response:
    workshop: Workshop = request.app.state.workshop
    with workshop.reading(caller, DatabaseRole.DESK) as reading:
        request.state.reading = reading
        refusal: dict[str, Any] = problem.extra.get("refusal") or {}
        context = page_of(reading, invitation_id) | {
            "problem": problem,
            "errors": pages.errors_of(problem),
            "form": form,
            "refused": refusal,
            "slip": refusal.get("code") == RefusalCode.CONFIRM_CHANGE,
            "limited": isinstance(problem, TooManyRequestsError),
        }
        response = pages.render(request, "seller/bidding.html", status=problem.status, **context)
    response.headers.update(problem.headers)
    return response


async def _base(request: Request, caller: Principal, invitation_id: str, ref: str) -> _Base:
    """Return the newest readable own offer for a lot, or what the sheet says. Raises NotFoundError, MalformedError."""
    found = await run_in_threadpool(_stored_base, request.app.state.workshop, caller, invitation_id, ref)
    if found.offer.terms_sha256:
        return found
    desk: Desk = request.app.state.desk
    sha256 = await desk.terms(caller, found.offer.terms_id)
    return replace(found, offer=replace(found.offer, terms_sha256=sha256))


def _stored_base(workshop: Workshop, caller: Principal, invitation_id: str, ref: str) -> _Base:
    last = last_offers(workshop, caller, invitation_id).get(ref)
    with workshop.reading(caller) as reading:
        received = matching.read(reading, invitation_id)
        lot = next((one for one in draft_rules.lots_to_price(received.document) if one.ref == ref), None)
        if lot is None:
            raise MalformedError(errors=(FieldError("/lot", f"{ref} is no lot of this request"),))
        checked = drafts.read(reading, invitation_id)
    costs = {one.line: one.monthly for one in checked.draft.costs if one.lot == ref}
    if last is not None:
        return _Base(lot, last, costs)
    ready = {one.lot for one in checked.lots if one.total is not None}
    written = next((one for one in checked.draft.lots if one.lot == ref and ref in ready), None)
    if written is None or not checked.draft.terms_id:
        raise MalformedError(_NO_OFFER, errors=(FieldError("/price", _NO_OFFER),))
    plain = {name: value for name, value in codec.dump(written).items() if name in Offer.__dataclass_fields__}
    terms = {"term_months": lot.term_months, "terms_id": checked.draft.terms_id, "terms_sha256": ""}
    return _Base(lot, codec.load(Offer, plain | terms), costs)


def _meant(form: Form, base: _Base, price: Decimal) -> Offer:
    """Return the offer at a price. Raises BelowOwnCostError where that is below the own cost and nobody said so."""
    offer = offers.adjusted_to(base.lot, base.offer, price)
    both = caution.beside_own_cost(base.lot, offer, base.costs)
    if both is not None and both[0] < both[1] and not form.ticked("below_cost"):
        raise BelowOwnCostError
    return offer


def _price(form: Form, name: str) -> Decimal:
    """Return a typed price. Raises MalformedError, which says what would be right."""
    text = form.text(name).replace(",", "").removeprefix("$").strip()
    try:
        price = Decimal(text)
    except InvalidOperation:
        price = Decimal("NaN")
    if not is_price(price):
        message = "Write an amount above 0 with at most two decimals, such as 31,900.00."
        raise MalformedError(errors=(FieldError(f"/{name}", message),))
    return cents(price)


def _version(form: Form) -> int:
    return int(form.text("version")) if form.text("version").isdecimal() else 0
