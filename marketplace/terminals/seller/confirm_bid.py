"""Before a bid counts: what is offered in words and figures, what would become of it, and then the receipt."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from buyers.requests.view import CarrierView
from marketplace.bidding import offer as offers
from marketplace.bidding import service as bidding
from marketplace.bidding import submitting, wire
from marketplace.bidding.drafts import caution
from marketplace.bidding.drafts import draft as draft_rules
from marketplace.bidding.drafts import service as drafts
from marketplace.bidding.drafts.caution import Caution, Priced
from marketplace.bidding.drafts.draft import DraftLot
from marketplace.bidding.drafts.service import CheckedDraft
from marketplace.bidding.model import BidderView, Refusal, RefusalCode
from marketplace.bidding.offer import LotToPrice, Offer
from marketplace.bidding.schemas import BidInput
from marketplace.bidding.service import Desk, OwnBid
from marketplace.kernel import codec
from marketplace.kernel.access import Principal
from marketplace.kernel.db import DatabaseRole
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError, ProblemError, UnavailableError
from marketplace.kernel.work import Workshop
from marketplace.terminals import pages
from marketplace.terminals.figures import in_words
from marketplace.terminals.pages import Form
from marketplace.terminals.seller.bid_sheet import Bidder, head_of
from matching import service as matching
from matching.schemas import Id
from sellers import service as sellers

router = pages.router()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One complete lot of the draft: what it costs, what it cost before, and whether it goes with the bid."""

    draft: DraftLot
    name: str
    priced: Priced
    monthly: Decimal
    once: Decimal
    change: Decimal | None
    included: bool
    quality: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that the page shows before the desk is asked. ``left_out`` are lots that can't be bid, with the reason.

    ``version`` of the request is the one that was reviewed, ``current`` the newest.
    """

    head: Mapping[str, Any]
    version: int
    current: int
    terms_id: str
    terms: Any
    chosen: tuple[Chosen, ...]
    left_out: tuple[draft_rules.LotCheck, ...]
    cautions: tuple[Caution, ...]

    @property
    def view(self) -> CarrierView:
        """The request as the carrier reads it."""
        view: CarrierView = self.head["view"]
        return view

    @property
    def included(self) -> tuple[Chosen, ...]:
        """The lots that go with the bid."""
        return tuple(one for one in self.chosen if one.included)

    @property
    def total(self) -> Decimal:
        """What the included lots cost together over the term."""
        return sum((one.priced.total for one in self.included), Decimal(0))

    @property
    def last_total(self) -> Decimal | None:
        """What the bidder asked for the same lots before; None unless all are known."""
        known = [one.priced.last_total for one in self.included]
        return None if not known or None in known else sum((one for one in known if one is not None), Decimal(0))


@router.get("/c/invitations/{invitation_id}/bid/confirm", summary="Review a bid")
async def show_bid_confirmation(invitation_id: Id, request: Request, caller: Bidder) -> Response:
    """Show what the bid says and what would become of it now; nothing is placed."""
    query = request.query_params
    form = Form({name: tuple(query.getlist(name)) for name in query})
    return await _shown(request, caller, invitation_id, form)


@router.post("/c/invitations/{invitation_id}/bid/confirm", summary="Place a bid by form")
async def send_bid(invitation_id: Id, request: Request, form: pages.Sent, caller: Bidder) -> Response:
    """Place the bid through the desk, once for one form; the answer is the receipt, or why it was refused."""
    plan = await run_in_threadpool(plan_of, request.app.state.workshop, caller, invitation_id, form)
    asked = [one for one in plan.cautions if one.doubt in caution.ASKED]
    limits: dict[str, str] = {}
    try:
        if asked and not form.ticked("sure"):
            raise MalformedError(errors=(FieldError("/sure", "Tick that these prices are meant, or correct them."),))
        body = body_of(plan, form)
        desk: Desk = request.app.state.desk
        limits = submitting.counted(request, caller)
        command = await submitting.bid_of(desk, caller, body)
        key = submitting.form_key(request, caller, form.text("idempotency_key"), body.model_dump_json().encode())
        answer = await desk.bid(caller, invitation_id, command, key)
    except NotFoundError:
        raise
    except ProblemError as problem:
        return await _shown(request, caller, invitation_id, form, problem, limits)
    return await run_in_threadpool(_receipt, request, caller, plan, answer.receipts, limits)


def plan_of(workshop: Workshop, caller: Principal, invitation_id: str, form: Form) -> Plan:
    """Return what the draft offers beside what was bid before. Raises NotFoundError."""
    with workshop.reading(caller) as reading:
        received = matching.read(reading, invitation_id)
        head = head_of(received)
        checked = drafts.read(reading, invitation_id)
        terms_id = checked.draft.terms_id
        terms = next((one for one in sellers.terms_library(reading, None, 100) if one.id == terms_id), None)
    with workshop.reading(caller, DatabaseRole.DESK) as reading:
        own = bidding.own_bids(reading, invitation_id)
    last: dict[str, OwnBid] = {}
    for bid in own:
        if bid.standing:
            last.setdefault(bid.lot, bid)
    view: CarrierView = head["view"]
    to_price = {lot.ref: lot for lot in draft_rules.lots_to_price(received.document)}
    ready = {lot.lot for lot in checked.lots if lot.total is not None}
    names = {lot.ref: lot.name for lot in view.lots}
    wanted = set(form.texts("lot")) if "lot" in form or "idempotency_key" in form else _changed(checked, last)
    costs: dict[str, dict[str, Decimal]] = {}
    for one in checked.draft.costs:
        costs.setdefault(one.lot, {})[one.line] = one.monthly
    chosen = tuple(
        _chosen(
            lot,
            names.get(lot.lot, ""),
            to_price[lot.lot],
            last.get(lot.lot),
            form,
            costs.get(lot.lot, {}),
            included=lot.lot in wanted,
        )
        for lot in sorted(checked.draft.lots, key=lambda one: list(names).index(one.lot) if one.lot in names else 0)
        if lot.lot in ready
    )
    version = int(form.text("version")) if form.text("version").isdecimal() else checked.request_version
    left_out = tuple(lot for lot in checked.lots if lot.lot not in ready)
    doubts = caution.cautions(one.priced for one in chosen if one.included)
    return Plan(head, version, checked.request_version, terms_id, terms, chosen, left_out, doubts)


def _changed(checked: CheckedDraft, last: Mapping[str, OwnBid]) -> set[str]:
    """Return the lots whose total differs from what stands, or all if none does: the same price twice is refused."""
    totals = {lot.lot: lot.total for lot in checked.lots if lot.total is not None}
    other = {ref for ref, total in totals.items() if ref not in last or last[ref].amount != total}
    return other or set(totals)


def body_of(plan: Plan, form: Form) -> BidInput:
    """Return the bid as the API takes it. Raises MalformedError with the API's messages."""
    if not plan.included:
        raise MalformedError(errors=(FieldError("/lot", "Choose at least one lot to bid on."),))
    if plan.terms is None:
        raise MalformedError(errors=(FieldError("/terms_id", "Choose your terms on the bid sheet: a bid needs them."),))
    lots = [
        dict(codec.dump(one.draft))
        | {"quality": [{"criterion": code, "answer": answer} for code, answer in one.quality.items() if answer]}
        for one in plan.included
    ]
    return pages.checked(
        BidInput,
        {
            "request_version": plan.version,
            "terms_id": plan.terms_id,
            "term_months": plan.view.term_months,
            "lots": lots,
            "confirmed": form.ticked("confirmed") or form.ticked("sure"),
        },
    )


def _chosen(  # noqa: PLR0917 - all that is known of one lot
    lot: DraftLot,
    name: str,
    to_price: LotToPrice,
    last: OwnBid | None,
    form: Form,
    costs: Mapping[str, Decimal],
    *,
    included: bool,
) -> Chosen:
    plain = {field: value for field, value in codec.dump(lot).items() if field in Offer.__dataclass_fields__}
    offer: Offer = codec.load(Offer, plain | {"term_months": to_price.term_months, "terms_id": "", "terms_sha256": ""})
    cost = offers.total_cost(to_price, offer)
    before = last.offer if last else None
    given = dict(before.answered) if before else {}
    quality = {
        name.removeprefix(f"quality.{lot.lot}."): form.text(name)
        for name in form.fields
        if name.startswith(f"quality.{lot.lot}.")
    }
    quantities = {line.ref: line.quantity for line in to_price.lines}
    return Chosen(
        lot,
        name,
        Priced(to_price, offer, cost.total, last.amount if last else None, before, costs),
        sum((line.mrc * quantities[line.line] for line in offer.lines if line.line in quantities), Decimal(0)),
        sum((line.nrc * quantities[line.line] for line in offer.lines if line.line in quantities), Decimal(0)),
        caution.change(last.amount if last else None, cost.total),
        included,
        given | quality,
    )


async def _shown(  # noqa: PLR0917 - who asks, for what, with what, and what stood against it
    request: Request,
    caller: Principal,
    invitation_id: str,
    form: Form,
    problem: ProblemError | None = None,
    limits: Mapping[str, str] | None = None,
) -> Response:
    """Return the page, with what the desk says of the bid as it is now."""
    plan = await run_in_threadpool(plan_of, request.app.state.workshop, caller, invitation_id, form)
    found: dict[str, BidderView | Refusal] = {}
    hindered = problem
    takes_bids = not plan.head["received"].suspended and plan.terms is not None
    if problem is None and plan.included and takes_bids and _answered(plan):
        limits = {}
        try:
            body = body_of(plan, form)
            limits = submitting.counted(request, caller)
            desk: Desk = request.app.state.desk
            command = await submitting.bid_of(desk, caller, body)
            found = {ref: seen for ref, _amount, seen in await desk.dry_run(caller, invitation_id, command)}
        except ProblemError as error:
            hindered = error
    status = problem.status if problem is not None else 200
    response = await run_in_threadpool(_page, request, plan, form, found, hindered, status)
    response.headers.update(limits or {})
    response.headers.update({} if problem is None else problem.headers)
    return response


def _answered(plan: Plan) -> bool:
    """Tell whether every declared quality has an answer: without them nobody can say what would become of the bid."""
    scoring = plan.view.auction.scoring
    codes = [one.code for one in scoring.criteria] if scoring else []
    return all(one.quality.get(code) for one in plan.included for code in codes)


def _page(  # noqa: PLR0917 - the parts of one page
    request: Request,
    plan: Plan,
    form: Form,
    found: Mapping[str, BidderView | Refusal],
    problem: ProblemError | None,
    status: int,
) -> Response:
    key = form.text("idempotency_key")
    keep = key and isinstance(problem, UnavailableError)
    refusals = {ref: seen for ref, seen in found.items() if isinstance(seen, Refusal)}
    told = getattr(problem, "extra", {}) if problem is not None else {}
    slip = any(seen.code is RefusalCode.CONFIRM_CHANGE for seen in refusals.values())
    slip = slip or (told.get("refusal") or {}).get("code") == RefusalCode.CONFIRM_CHANGE
    context: dict[str, Any] = {
        "plan": plan,
        "refusals": refusals,
        "seen": {ref: wire.lot_output(ref, seen) for ref, seen in found.items() if isinstance(seen, BidderView)},
        "asked": [one for one in plan.cautions if one.doubt in caution.ASKED],
        "slip": slip,
        "roughly": lambda amount: in_words(request, amount),
        "problem": problem,
        "form": form,
    }
    if problem is not None:
        context["errors"] = pages.errors_of(problem)
    if keep:
        context["new_key"] = lambda: key
    return pages.render(request, "seller/confirm_bid.html", status=status, **(dict(plan.head) | context))


def _receipt(
    request: Request, caller: Principal, plan: Plan, receipts: tuple[bytes, ...], limits: Mapping[str, str]
) -> Response:
    workshop: Workshop = request.app.state.workshop
    with workshop.reading(caller, DatabaseRole.DESK) as reading:
        views = bidding.bidder_views(reading, plan.head["received"].invitation.id)
    made = [json.loads(one) for one in receipts]
    context: dict[str, Any] = {
        "receipts": made,
        "file": json.dumps({"receipts": made}, indent=1),
        "seen": {ref: wire.lot_output(ref, seen) for ref, seen in views.items()},
        "total": sum((Decimal(one["amount"]) for one in made), Decimal(0)),
        "plan": plan,
    }
    response = pages.render(request, "seller/bid_receipt.html", status=201, **(dict(plan.head) | context))
    response.headers.update(limits)
    return response
