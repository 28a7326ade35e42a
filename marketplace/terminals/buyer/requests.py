"""A buyer's requests: the list, one request with its history, its carriers, its changes, and taking it back."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.desk.schemas import AmendmentInput, ReasonInput
from buyers.requests import model as requests
from buyers.requests import service as request_service
from buyers.requests.model import Status
from marketplace.awards.questions import service as questions
from marketplace.catalogue import service as catalogues
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import RequestId
from marketplace.kernel.sheets import Cell, Sheet
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import exports, pages
from marketplace.terminals.buyer.glances import Glance, glances
from marketplace.terminals.exports import Form
from sellers import service as sellers

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Submitter = Annotated[
    Principal,
    Depends(allow(Kind.BUYER, roles=(UserRole.ADMIN, UserRole.REQUESTER, UserRole.NEGOTIATOR), scope=Scope.REQUESTS)),
]
_A_PAGE = 25
_COLUMNS = (
    marked("Request"),
    marked("State"),
    marked("Sites"),
    marked("Lines"),
    marked("Opens"),
    marked("Closes"),
    marked("Carriers know you as"),
    marked("Bids"),
    marked("Best price"),
    marked("Currency"),
)
"""Of the list as a file."""


@router.get("/b/requests", summary="A buyer's requests")
def show_requests(request: Request, reading: ReadingOnly, _: Buyer, after: pagination.After = None) -> Response:
    """List the organization's requests, the newest first."""
    own, following = desk.list_own(reading, after, _A_PAGE)
    found = glances(reading, own)
    return pages.render(request, "buyer/requests.html", requests=own, glances=found, after=after, following=following)


@router.get("/b/requests.{form}", summary="A buyer's requests as a file")
def export_requests(form: Form, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """The whole list, as the page shows it."""
    say = pages.words(request)
    found = list(exports.all_pages(lambda after: desk.list_own(reading, after, _A_PAGE)))
    stands: dict[RequestId, Glance] = {}
    for first in range(0, len(found), _A_PAGE):
        stands |= glances(reading, found[first : first + _A_PAGE])
    rows = tuple(
        (
            own.content.title,
            say(own.status) + (f", {say('suspended')}" if own.suspended else ""),
            len(own.content.sites),
            len(own.content.lines),
            exports.instant(own.content.schedule.opens_at),
            exports.instant(own.ends_at or own.content.schedule.closes_at),
            own.pseudonym if own.version else "",
            *_stand(stands.get(own.id)),
            own.content.billing.currency,
        )
        for own in found
    )
    return exports.as_file(Sheet(say("Requests"), tuple(map(say, _COLUMNS)), rows, 1), "requests", form)


def _stand(glance: Glance | None) -> tuple[Cell, Cell]:
    """Return how many bids there are and the best price; nothing while bids are sealed, or none are taken."""
    return (None, None) if glance is None or glance.sealed else (glance.bids, glance.best)


@router.get("/b/requests/{request_id}", summary="A buyer's request")
def show_request(request_id: str, request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show one request: where it stands, what it says, who got it."""
    return pages.render(request, "buyer/request.html", **_context(reading, request_id))


@router.post("/b/requests/{request_id}/withdraw", summary="Take a request back by form")
def send_request_withdrawal(
    request_id: str, request: Request, work: Working, form: pages.Sent, _: Submitter
) -> Response:
    """Take a request back for good; carriers learn that, not why."""
    with pages.again(request, "buyer/request.html", form, lambda: _context(work, request_id)):
        body = pages.checked(ReasonInput, {"reason": form.text("reason")})
        desk.withdraw(work, request_id, body.reason)
    words = pages.words(request)
    return pages.see(f"/b/requests/{request_id}", words("Taken back. The carriers have been told, without the reason."))


@router.post("/b/requests/{request_id}/amend", summary="Change a published request by form")
def send_request_amendment(
    request_id: str, request: Request, work: Working, form: pages.Sent, _: Submitter
) -> Response:
    """Publish a new version: another description, start or close."""
    with pages.again(request, "buyer/request.html", form, lambda: _context(work, request_id)):
        before = desk.read(work, request_id)
        body = pages.checked(AmendmentInput, _amendment(form, before, pages.zone_of(request)))
        desk.amend(work, request_id, body.given(), http.etag(int(form.text("revision") or 0)), body.accept_findings)
    words = pages.words(request)
    return pages.see(
        f"/b/requests/{request_id}",
        words("Changed. All invited carriers get the new version; bids made before must be confirmed."),
    )


def _amendment(form: pages.Form, before: requests.Request, zone: ZoneInfo) -> dict[str, Any]:
    """Return what the form changes, as the API takes it; a close is typed in the reader's zone."""
    given: dict[str, Any] = {"accept_findings": list(form.texts("accept_findings"))}
    if form.text("description") != before.content.description:
        given["description"] = form.text("description")
    if closes_at := form.text("closes_at"):
        schedule = before.content.schedule
        given["schedule"] = {
            "closes_at": pages.instant_of(closes_at, zone),
            "opens_at": schedule.opens_at,
            "award_planned_on": schedule.award_planned_on,
        }
    return given


def head_of(reading: Reading, own: requests.Request) -> dict[str, Any]:
    """Return what the head of every page on one request shows: its name, its state and its parts."""
    published = own.status not in {Status.DRAFT, Status.AWAITING_VERIFICATION}
    return {
        "own": own,
        "published": published,
        "closes_at": own.ends_at or own.content.schedule.closes_at,
        "waiting_questions": questions.waiting(reading, own.id) if published else 0,
    }


def _context(reading: Reading, request_id: str) -> dict[str, Any]:
    own = desk.read(reading, request_id)
    catalogue = catalogues.version(reading, own.catalogue_version)
    return head_of(reading, own) | {
        "content": own.content,
        "catalogue": catalogue,
        "places": {site.ref: site.place for site in own.content.sites},
        "counts": sellers.counts(reading, own.id),
        "versions": request_service.versions(reading, own.id),
        "may_amend": own.status is Status.OPEN,
        "may_withdraw": own.status in {Status.DRAFT, Status.AWAITING_VERIFICATION, Status.OPEN, Status.CLOSED},
    }
