"""The pages of the request wizard: beginning a request, its steps in any order, and keeping a step while one types."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk import service as desk
from buyers.desk.content import parts_of
from buyers.desk.schemas import RequestParts
from buyers.registry import service as registry
from buyers.requests import model as requests
from buyers.requests.model import Content, Status
from marketplace.catalogue import service as catalogues
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import NotFoundError, ProblemError, StaleError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import (
    wizard,
    wizard_basics,
    wizard_billing,
    wizard_carriers,
    wizard_features,
    wizard_lines,
    wizard_review,
    wizard_services,
    wizard_sites,
)
from marketplace.terminals.buyer.wizard import ChangedElsewhereError, Context, Step

router = pages.router()

Buyer = Annotated[Principal, Depends(allow(Kind.BUYER))]
Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]

STEPS: tuple[Step, ...] = (
    wizard_basics.STEP,
    wizard_sites.STEP,
    wizard_services.STEP,
    wizard_features.STEP,
    wizard_billing.STEP,
    wizard_carriers.STEP,
    wizard_review.STEP,
)
_BY_NAME: Mapping[str, Step] = {step.name: step for step in STEPS}
_OPEN_DAYS = 7
_CLOSING_TIME = time(17)
_SATURDAY = 5
_COPIED = 20
"""Earlier requests that one may start from."""


def step_named(name: str) -> Step:
    """Return a step by its name in addresses. Raises NotFoundError."""
    step = _BY_NAME.get(name)
    if step is None:
        raise NotFoundError
    return step


def context_of(reading: Reading, own: requests.Request, step: Step) -> Context:
    """Return all that a step's page shows."""
    return wizard.frame(reading, own, step) | step.context(reading, own)


# ---- beginning


@router.get("/b/requests/new", summary="Begin a request")
def show_new_request(request: Request, reading: ReadingOnly, _: Buyer) -> Response:
    """Show the first step of a request that is not saved yet, with sensible values in it, and earlier ones to copy."""
    return pages.render(request, "buyer/wizard/basics.html", **_new(reading, pages.zone_of(request)))


@router.post("/b/requests/new", summary="Begin a request by form")
def send_new_request(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Save the first step of a new request and go on to its sites."""
    zone = pages.zone_of(request)
    with pages.again(request, "buyer/wizard/basics.html", form, lambda: _new(work, zone)):
        own = _begin(work, form, zone)
    return pages.see(f"/b/requests/{own.id}/edit/sites")


@router.post("/b/requests/new/draft", summary="Keep the beginning of a request")
def keep_new_request(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Save what was typed so far as a draft, and tell the page where it is kept from now on."""
    zone = pages.zone_of(request)
    try:
        own = _begin(work, form, zone)
    except ProblemError as problem:
        blank = _blank(work, zone)
        raise pages.ShownAgain(_kept(request, work, blank, wizard_basics.STEP, problem)) from problem
    response = _kept(request, work, own, wizard_basics.STEP)
    response.headers["X-Draft-At"] = f"/b/requests/{own.id}/edit/basics"
    return response


@router.post("/b/requests/{request_id}/copy", summary="Begin a request from an earlier one")
def send_request_copy(request_id: str, request: Request, work: Working, _form: pages.Sent, _: Writer) -> Response:
    """Begin a request that says what an earlier one says, but for its time; places are those of the address book."""
    earlier = desk.read(work, request_id).content
    known = registry.sites_by_id(work, work.principal.organization_id)
    parts = parts_of(earlier)
    gone = {site.ref for site in earlier.sites if site.site_id not in known}
    parts["sites"] = [site for site in parts["sites"] if site["ref"] not in gone]
    parts |= wizard_lines.without_sites(parts, gone)
    parts |= {"start_date": None, "schedule": {"closes_at": usual_close(work.now, pages.zone_of(request))}}
    own = desk.create(work, pages.checked(RequestParts, parts).given())
    words = pages.words(request)
    return pages.see(f"/b/requests/{own.id}/edit/basics", words("Copied. Nothing of it is published yet."))


def usual_close(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the close that a new request has: in a week at 17:00 of the reader's zone, not on a weekend."""
    day = now.astimezone(zone).date() + timedelta(days=_OPEN_DAYS)
    if day.weekday() >= _SATURDAY:
        day += timedelta(days=7 - day.weekday())
    return datetime.combine(day, _CLOSING_TIME, zone)


def _beginning(now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {"schedule": {"closes_at": usual_close(now, zone)}, "auction": {"preset": "sealed_round"}}


def _begin(work: Working, form: pages.Form, zone: ZoneInfo) -> requests.Request:
    values = wizard_basics.values(form, Content(), zone)
    return desk.create(work, pages.checked(RequestParts, _beginning(work.now, zone) | values).given())


def _blank(reading: Reading, zone: ZoneInfo) -> requests.Request:
    """Return the request that a new page shows: saved nowhere."""
    content = desk.blank(pages.checked(RequestParts, _beginning(reading.now, zone)).given())
    catalogue = catalogues.current(reading).version
    return requests.Request(
        RequestId(""), Status.DRAFT, False, 0, 0, "Buyer ●●-●●●", catalogue, content, reading.now, None
    )


def _new(reading: Reading, zone: ZoneInfo) -> Context:
    own = _blank(reading, zone)
    earlier, _ = desk.list_own(reading, None, _COPIED)
    context = context_of(reading, own, wizard_basics.STEP)
    return context | {"base_path": "/b/requests/new", "earlier": earlier}


# ---- the steps


@router.get("/b/requests/{request_id}/edit", summary="Go on writing a request")
def show_request_editor(request_id: str, reading: ReadingOnly, _: Buyer) -> Response:
    """Lead to the first step that has a gap, or to the review when nothing is missing."""
    own = wizard.draft_of(reading, request_id)
    found = wizard.gaps(reading, own, catalogues.version(reading, own.catalogue_version))
    missing = {gap.step for gap in found}
    first = next((step.name for step in STEPS if step.name in missing), "review")
    return pages.see(f"/b/requests/{own.id}/edit/{first}")


@router.get("/b/requests/{request_id}/edit/{step}", summary="A step of a request")
def show_wizard_step(
    request_id: str, step: str, request: Request, reading: ReadingOnly, _: Buyer, by: str = ""
) -> Response:
    """Show one step of a draft as it is saved.

    ``by`` is the service type whose features are shown line by line, or the number of the first line in a long table.
    """
    shown = step_named(step)
    own = wizard.draft_of(reading, request_id)
    return pages.render(request, f"buyer/wizard/{shown.name}.html", **(context_of(reading, own, shown) | {"by": by}))


@router.post("/b/requests/{request_id}/edit/{step}", summary="Save a step of a request")
def send_wizard_step(
    request_id: str, step: str, request: Request, work: Working, form: pages.Sent, _: Writer
) -> Response:
    """Save a step and go on to the next one, or stay where the form's button says so."""
    shown = step_named(step)
    own = wizard.draft_of(work, request_id)
    with pages.again(request, f"buyer/wizard/{shown.name}.html", form, lambda: context_of(work, own, shown)):
        wizard.save(work, own, shown, form, pages.zone_of(request))
    at = STEPS.index(shown)
    then = shown if form.ticked("stay") else STEPS[min(at + 1, len(STEPS) - 1)]
    return pages.see(f"/b/requests/{own.id}/edit/{then.name}")


@router.post("/b/requests/{request_id}/edit/{step}/draft", summary="Keep a step of a request while typing")
def keep_wizard_step(
    request_id: str, step: str, request: Request, work: Working, form: pages.Sent, _: Writer
) -> Response:
    """Save what is right of a step, and answer with what is not and with what the change leads to."""
    shown = step_named(step)
    own = wizard.draft_of(work, request_id)
    try:
        kept, problem = wizard.save_good(work, own, shown, form, pages.zone_of(request))
    except (ChangedElsewhereError, StaleError) as conflict:
        return _kept(request, work, own, shown, conflict)
    return _kept(request, work, kept, shown, problem)


def _kept(
    request: Request, reading: Reading, own: requests.Request, step: Step, problem: ProblemError | None = None
) -> Response:
    """Return the regions that an automatic save renews, and when it was."""
    context = context_of(reading, own, step) if own.id else _new(reading, pages.zone_of(request))
    conflict = isinstance(problem, ChangedElsewhereError | StaleError)
    status = 200 if problem is None else problem.status
    response = pages.render(
        request, "buyer/wizard/_kept.html", status=status, **context, problem=problem, conflict=conflict
    )
    response.headers["X-Saved-At"] = reading.now.astimezone(pages.zone_of(request)).strftime("%H:%M:%S")
    return response
