"""The award: ways to award, a selection lot by lot, what it reveals to whom, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from buyers.desk import service as desk
from buyers.requests import model as requests
from buyers.requests.model import Status
from marketplace.awards import approvals
from marketplace.awards import service as awards
from marketplace.awards.board import service as board_service
from marketplace.awards.board.model import Board, Result
from marketplace.awards.board.schemas import ScenarioAwardInput
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.confirmation.schemas import TakeBackInput
from marketplace.awards.model import Approval, ApprovalStatus, Award, AwardPreview, Comparison
from marketplace.bidding.service import NotOpenedError
from marketplace.contracts import service as contracts
from marketplace.identity import service as identity
from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError, ProblemError, StaleError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import RequestId
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer import award_selection as chosen
from marketplace.terminals.buyer import compare_view
from marketplace.terminals.buyer.requests import head_of
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
_DECIDERS = (UserRole.ADMIN, UserRole.NEGOTIATOR)
Negotiator = Annotated[Principal, Depends(allow(Kind.BUYER, roles=_DECIDERS, scope=Scope.AWARDS))]
Picks = Annotated[list[str], Query(max_length=5_000)]
TEMPLATE = "buyer/award.html"
_REVEAL = "buyer/award_reveal.html"
_KEY = Query(max_length=80)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be awarded: a scenario of a computed board, or bids lot by lot."""

    picked: chosen.Picked
    scenario: str = ""
    sha256: str = ""
    reason: str = ""
    page: int = 1


@router.get("/b/requests/{request_id}/award", summary="Award a request")
def show_award_page(  # noqa: PLR0917 - a route's parameters go by name
    request_id: str,
    request: Request,
    work: Working,
    _: Buyer,
    pick: Picks = [],  # noqa: B006 - a query parameter's default
    scenario: Annotated[str, _KEY] = "",
    sha: Annotated[str, _KEY] = "",
    by: Annotated[str, _KEY] = "",
    base: Annotated[str, _KEY] = "",
    page: Annotated[int, Query(ge=1, le=1000)] = 1,
    turn: Annotated[int | None, Query(ge=1, le=1000)] = None,
) -> Response:
    """Show ways to award, the selection that the address names, and the awards that were made.

    ``base`` names the selection that ``pick`` changes, as the comparison does. Of many lots ``page`` is shown, or the
    one to which the reader would ``turn``.
    """
    said = chosen.picked(pick, chosen.reasons_in(request.query_params))
    if base:
        said, by = _based(work, request_id, base, said), "lot"
    reason = request.query_params.get("reason", "")[: chosen.LONGEST_REASON]
    asked = Asked(said, scenario, sha, reason, turn or page) if pick or scenario or by == "lot" else None
    return pages.render(request, TEMPLATE, **context(request, work, request_id, asked))


def _based(work: Work, request_id: str, base: str, said: chosen.Picked) -> chosen.Picked:
    """Return what a comparison's choice comes to: its base, and what was changed of it."""
    own = desk.read(work, request_id)
    try:
        sheet = compare_view.sheet_of(work, own)
    except NotOpenedError:
        return said
    of = compare_view.OF_SCENARIO
    key = base.removeprefix(of) if base.startswith(of) else ""
    named = sheet.base_named(base, compare_view.scenario_of(work, own.id, key))
    return chosen.Picked({**named, **said.bids}, said.reasons)


@router.get("/b/requests/{request_id}/award/ways", summary="Ways to award, to choose from")
def show_award_ways(request_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show the scenarios as computed last; the page asks again while they are being computed."""
    own = desk.read(reading, request_id)
    shown = {"own": own, "currency": own.content.billing.currency, **_board(request, reading, own.id)}
    return pages.render(request, "buyer/award_ways.html", **shown)


@router.post("/b/requests/{request_id}/award/review", summary="Review what an award reveals")
def send_award_review(request_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator) -> Response:
    """Name exactly who would learn what; nothing is changed and nobody is told."""
    asked = _asked(work, request_id, form)
    with pages.again(request, TEMPLATE, form, lambda: context(request, work, request_id, asked)):
        preview = _preview(work, request_id, asked)
    return pages.render(request, _REVEAL, **_revealing(work, request_id, asked, preview))


@router.post("/b/requests/{request_id}/award", summary="Award by form")
def send_award_form(request_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator) -> Response:
    """Award what was reviewed, or ask a second user to; refused where it would do something else by now."""
    asked = _asked(work, request_id, form)
    words = pages.words(request)
    with pages.again(request, TEMPLATE, form, lambda: context(request, work, request_id, asked)):
        if _seen(_preview(work, request_id, asked)) != form.text("seen"):
            raise StaleError(words("What this award does has changed since you looked. Look at it again below."))
        owned = desk.owned(work, request_id)
        if asked.scenario:
            done = board_service.award(work, owned, asked.scenario, asked.sha256, asked.reason)
        else:
            with asked.picked.by_lot():
                done = approvals.award(work, owned, asked.picked.selection())
    return pages.see(f"/b/requests/{request_id}/award", words(_done(done)))


@router.post("/b/requests/{request_id}/award/return", summary="Take lots back by form")
def send_award_return(request_id: str, request: Request, work: Working, form: pages.Sent, _: Negotiator) -> Response:
    """Take the lots of a carrier back that did not confirm in time."""
    with pages.again(request, TEMPLATE, form, lambda: context(request, work, request_id)):
        field = f"return_reason.{form.text('provider_id')}"
        body = _taking_back(form.text("provider_id"), form.text(field), field)
        confirmations.take_back(work, desk.owned(work, request_id), form.text("award"), body.provider_id, body.reason)
    words = pages.words(request)
    return pages.see(f"/b/requests/{request_id}/award", words("The lots are yours again. The next valid bids stand."))


def _taking_back(provider_id: str, reason: str, field: str) -> TakeBackInput:
    """Return what a form says of taking lots back; what is wrong with its reason is told at its own field."""
    try:
        return pages.checked(TakeBackInput, {"provider_id": provider_id, "reason": reason})
    except MalformedError as problem:
        errors = tuple(FieldError(f"/{field}", error.message) for error in problem.errors)
        raise MalformedError(errors=errors) from problem


def _asked(work: Work, request_id: str, form: pages.Form) -> Asked:
    """Return what a form asks to award: a scenario, no bid at all, or bids lot by lot."""
    if form.text("scenario"):
        return Asked(chosen.picked((), {}), form.text("scenario"), form.text("sha"), form.text("reason"))
    if form.text("act") == "none":
        comparison = awards.compare(work, desk.owned(work, request_id), hold=False)
        return Asked(chosen.none_of(comparison, form.text("none_reason")))
    page = form.text("page")
    return Asked(chosen.picked_by(form), page=int(page) if page.isdecimal() and page != "0" else 1)


def _preview(work: Work, request_id: str, asked: Asked) -> AwardPreview:
    """Return what awarding this would do, by the same services as the API's previews."""
    owned = desk.owned(work, request_id)
    if asked.scenario:
        body = pages.checked(ScenarioAwardInput, {"sha256": asked.sha256, "reason": asked.reason})
        return board_service.preview(work, owned, asked.scenario, body.sha256, body.reason)
    with asked.picked.by_lot():
        return approvals.preview(work, owned, asked.picked.selection())


def seen_of(work: Work, request_id: str, approval_id: str) -> str:
    """Return the hash of what approving a selection would do now; empty for one that does not wait."""
    found = approvals.of_request(work, desk.owned(work, request_id))
    asked = next((one for one in found if one.id == approval_id and one.status is ApprovalStatus.PENDING), None)
    if asked is None:
        return ""
    return _seen(approvals.preview(work, asked.request_id, asked.selection, asked.basis))


def _seen(preview: AwardPreview) -> str:
    return codec.digest(codec.dump(preview))


def _done(done: Award | Approval) -> str:
    """Return the sentence that tells what was done."""
    if isinstance(done, Approval):
        return marked("It waits for a second user of your organization. Until then nobody is told anything.")
    if any(lot.bid_id for lot in done.lots):
        return marked(
            "Awarded. The winners know who you are from now on and are asked to confirm; the others know they lost."
        )
    return marked("Ended without an award. The carriers have been told, without the reasons.")


def _revealing(work: Work, request_id: str, asked: Asked, preview: AwardPreview) -> dict[str, Any]:
    own = desk.read(work, request_id)
    comparison = awards.compare(work, own.id, hold=False)
    return head_of(work, own) | {
        "preview": preview,
        "asked": asked,
        "seen": _seen(preview),
        "currency": own.content.billing.currency,
        "term": own.content.term_months,
        "lots": {lot.ref: lot.name for lot in own.content.lots},
        "refused": [lot for lot, bid in asked.picked.bids.items() if bid == chosen.NO_BID],
        "waiting": [lot.lot for lot in chosen.waiting(comparison)],
    }


def context(request: Request, work: Work, request_id: str, asked: Asked | None = None) -> dict[str, Any]:
    """Return what the award page of a request shows; ``asked``: the selection that is looked at."""
    own = desk.read(work, request_id)
    shown: dict[str, Any] = head_of(work, own) | {
        "currency": own.content.billing.currency,
        "term": own.content.term_months,
        "names": {user.id: user.full_name for user in identity.users_of(work, work.principal.organization_id)},
        "me": work.principal.user_id,
        "may_award": work.principal.role in _DECIDERS,
        "lot_names": {lot.ref: lot.name for lot in own.content.lots},
        "choices": [],
        "way": None,
        "comparison": None,
        "pending": None,
        "board": None,
        "opened": own.status in {Status.CLOSED, Status.AWARDED, Status.NOT_AWARDED},
        "limit": approvals.limit(work)[0],
        "saved": [],
    }
    if not shown["published"]:
        return shown | {"made": [], "past_approvals": [], "opened": False}
    shown |= _past(work, own)
    try:
        comparison = awards.compare(work, own.id, hold=False)
    except NotOpenedError:
        return shown | {"opened": False}
    shown |= {"comparison": comparison, "waiting": [lot.lot for lot in chosen.waiting(comparison)]}
    if shown["pending"] is not None:
        return shown | _second_look(work, own, comparison, shown["pending"])
    if not shown["waiting"]:
        return shown
    shown |= _board(request, work, own.id) | {"saved": board_service.saved(work, own.id)}
    return shown | _selected(work, own, comparison, asked, shown["board"])


def _board(request: Request, reading: Reading, request_id: RequestId) -> dict[str, Any]:
    """Return the scenario board as far as it is computed; computing goes on beside this."""
    try:
        board = board_service.glance(reading, request_id, request.app.state.boards)
    except board_service.TooManyLotsError as error:
        return {"board": None, "too_many": error.detail}
    return {"board": board, "too_many": ""}


def _selected(
    work: Work, own: requests.Request, comparison: Comparison, asked: Asked | None, board: Board | None
) -> dict[str, Any]:
    """Return the selection that is looked at: a scenario's, or one lot by lot."""
    if asked is None:
        return {}
    if asked.scenario:
        found = _scenario(board, asked.scenario)
        computed = board.computed if board is not None else None
        renewed = bool(computed and asked.sha256 and computed.sha256 != asked.sha256)
        return {"way": found, "way_asked": asked.scenario, "way_reason": asked.reason, "renewed": renewed}
    listed = chosen.choices(comparison, own.content, asked.picked)
    discounts = _discounts(work, own, comparison, listed)
    total = chosen.total_of(listed, discounts)
    return {
        "choices": listed,
        "lots_page": chosen.page_of(listed, asked.page),
        "discounts": discounts,
        "total": total,
        "saving": chosen.saving_of(comparison, listed, total),
        "carriers": sorted({one.chosen.provider_name for one in listed if one.chosen}),
        "defaulted": confirmations.defaulted(work, own.id),
    }


def _discounts(work: Work, own: requests.Request, comparison: Comparison, listed: Sequence[chosen.Choice]) -> Any:
    """Return the discounts that the choice earns; none where it can't be awarded like this anyway."""
    bids = {one.lot: one.chosen.bid_id for one in listed if one.chosen}
    try:
        return awards.earned(work, own.id, comparison, chosen.Picked(bids, {}).selection())
    except MalformedError:
        return ()


def _scenario(board: Board | None, key: str) -> Result | None:
    computed = board.computed if board is not None else None
    results = computed.results + computed.front if computed is not None else ()
    return next((one for one in results if one.key == key), None)


def _past(reading: Reading, own: requests.Request) -> dict[str, Any]:
    """Return the awards with the carriers' words on them, and selections that waited for a second user."""
    made = awards.awards_of(reading, own.id)
    found = approvals.of_request(reading, own.id)
    asked = confirmations.of_request(reading, own.id)
    providers = {lot.provider_id for award in made for lot in award.lots if lot.provider_id}
    return {
        "made": made,
        "confirmations": {(one.award_id, one.provider_id): one for one in asked},
        "carrier_names": sellers.names(reading, tuple(providers | {one.provider_id for one in asked})),
        "contracts": _contracts(reading, own.id) if made else {},
        "past_approvals": [one for one in found if one.status is not ApprovalStatus.PENDING],
        "pending": next((one for one in found if one.status is ApprovalStatus.PENDING), None),
    }


def _contracts(reading: Reading, request_id: RequestId) -> Mapping[tuple[str, str], Any]:
    """Return the contracts of a request by award and carrier, the newest of each."""
    found = reversed(contracts.of_request(reading, request_id))
    return {(one.presentation.award_id, one.presentation.provider_id): one for one in found}


def _second_look(work: Work, own: requests.Request, comparison: Comparison, pending: Approval) -> dict[str, Any]:
    """Return a selection that waits with what approving it would do, or why it can't be approved any more."""
    offers = {offer.bid_id: offer for lot in comparison.lots for offer in lot.offers}
    asked: dict[str, Any] = {"pending_offers": offers, "pending_preview": None, "pending_problem": None}
    try:
        preview = approvals.preview(work, own.id, pending.selection, pending.basis)
    except ProblemError as problem:
        return asked | {"pending_problem": problem}
    return asked | {"pending_preview": preview, "seen": _seen(preview)}
