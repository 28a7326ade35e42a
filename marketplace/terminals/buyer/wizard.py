"""The frame of the request wizard: its steps, what is missing in each, and how a step is kept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from buyers.desk import service as desk
from buyers.desk.content import parts_of
from buyers.desk.schemas import RequestParts
from buyers.registry import service as registry
from buyers.requests import checks
from buyers.requests import model as requests
from buyers.requests import service as request_service
from buyers.requests.leak_check import Finding
from buyers.requests.model import Content, Status
from buyers.requests.view import CarrierView
from marketplace.bidding import advice
from marketplace.bidding.finding import Severity
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel import codec, http
from marketplace.kernel.errors import ConflictError, MalformedError
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages

Context = dict[str, Any]
_MOST_GAPS = 50


class ChangedElsewhereError(ConflictError):
    """Somebody else, or another window, changed the same step since this page was opened."""

    kind = "step-changed-elsewhere"
    title = "This step was changed elsewhere in the meantime"


class Values(Protocol):
    """Reads a step's form into parts of a request, as the API takes them."""

    def __call__(self, form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:
        """Return the parts that the form says."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its name in addresses, the parts of a request that it edits, and how; its words are in the templates.

    ``renewed`` names the templates whose regions an automatic save brings anew.
    """

    name: str
    parts: tuple[str, ...]
    values: Values
    context: Callable[[Reading, requests.Request], Context]
    renewed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that stands against submitting: in which step, what, and how often the same."""

    step: str
    pointer: str
    message: str
    count: int = 1


ORDER = ("basics", "sites", "services", "features", "billing", "carriers", "review")
"""The steps as they are numbered; each can be opened at any time."""
_STEP_OF = {
    "sites": "sites",
    "lines": "services",
    "lots": "services",
    "billing": "billing",
    "prior_usage": "billing",
    "provider_list": "carriers",
    "schedule": "carriers",
    "auction": "carriers",
}


def step_of(pointer: str) -> str:
    """Return the step in which a field of a request is edited, by its JSON Pointer."""
    parts = pointer.strip("/").split("/")
    if parts[0] == "lines" and "features" in parts:
        return "features"
    return _STEP_OF.get(parts[0], "basics")


def draft_of(reading: Reading, request_id: str) -> requests.Request:
    """Return a draft of the caller's. What is no draft any more leads to its own page. Raises NotFoundError."""
    own = desk.read(reading, request_id)
    if own.status is not Status.DRAFT:
        raise pages.ShownAgain(pages.see(f"/b/requests/{own.id}"))
    return own


def gaps(reading: Reading, own: requests.Request, catalogue: Catalogue) -> tuple[Gap, ...]:
    """Return what stands against submitting a draft, the same message about many lines as one."""
    found: dict[tuple[str, str], Gap] = {}
    wrong = [(one.pointer, one.message) for one in checks.check_submission(own.content, catalogue, reading.now)]
    told = {pointer for pointer, _ in wrong}
    wrong += [
        (one.pointer, one.reason)
        for one in advice.advise(own.content, reading.now)
        if one.severity is Severity.ERROR and one.pointer not in told
    ]
    for pointer, message in wrong:
        key = (step_of(pointer), message)
        before = found.get(key)
        found[key] = Gap(key[0], pointer, message, before.count + 1) if before else Gap(key[0], pointer, message)
    return tuple(found.values())[:_MOST_GAPS]


def mark_of(content: Content, parts: Sequence[str]) -> str:
    """Return a short fingerprint of a step's parts as they are saved: a form says by it what it was made of."""
    document = parts_of(content)
    return codec.digest({name: document[name] for name in parts})[:20]


def save(work: Work, own: requests.Request, step: Step, form: pages.Form, zone: ZoneInfo) -> requests.Request:
    """Keep what a step's form says. Raises MalformedError, ChangedElsewhereError, StaleError."""
    values = _unchanged(own, step, form, zone)
    return _edit(work, own, values) if values else own


def save_good(
    work: Work, own: requests.Request, step: Step, form: pages.Form, zone: ZoneInfo
) -> tuple[requests.Request, MalformedError | None]:
    """Keep those parts of a step's form that are right, and return what is wrong with the others.

    Raises ChangedElsewhereError, StaleError.
    """
    values = _unchanged(own, step, form, zone)
    try:
        return (_edit(work, own, values) if values else own), None
    except MalformedError as problem:
        wrong = {error.pointer.strip("/").partition("/")[0] for error in problem.errors}
        good = {name: value for name, value in values.items() if name not in wrong}
        try:
            return (_edit(work, own, good) if good and wrong else own), problem
        except MalformedError:
            return own, problem


def _unchanged(own: requests.Request, step: Step, form: pages.Form, zone: ZoneInfo) -> dict[str, Any]:
    base = form.text("base")
    if step.parts and base != mark_of(own.content, step.parts) and not form.ticked("keep_mine"):
        raise ChangedElsewhereError("A colleague or another window of yours saved this step after you opened it.")
    return step.values(form, own.content, zone)


def _edit(work: Work, own: requests.Request, values: Mapping[str, Any]) -> requests.Request:
    """Save parts on top of exactly what was read, which nobody else may have changed in between."""
    parts = pages.checked(RequestParts, values).given()
    return desk.edit(work, own.id, parts, http.etag(own.revision))


def edit(work: Work, own: requests.Request, values: Mapping[str, Any]) -> requests.Request:
    """Save parts of a draft by one act, such as adding lines. Raises MalformedError, StaleError."""
    return _edit(work, own, values)


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step as the list at the side shows it; ``state`` is done, now, fix or empty."""

    name: str
    href: str
    state: str
    note: str = ""


def frame(reading: Reading, own: requests.Request, step: Step) -> Context:
    """Return what the frame of each step shows: the steps, what carriers see so far, and words that give one away."""
    catalogue = catalogues.version(reading, own.catalogue_version)
    open_gaps = gaps(reading, own, catalogue)
    base = f"/b/requests/{own.id}/edit"
    at = ORDER.index(step.name)
    bands = desk.disclosable_bands(reading)
    return {
        "own": own,
        "content": own.content,
        "catalogue": catalogue,
        "base_path": base,
        "step": step,
        "previous_step": ORDER[at - 1] if at else "",
        "next_step": ORDER[at + 1] if at + 1 < len(ORDER) else "",
        "steps": list(_crumbs(own.content, open_gaps, step.name, base)),
        "gaps": open_gaps,
        "mark": mark_of(own.content, step.parts) if step.parts else "",
        "seen": codec.load(CarrierView, request_service.preview(own, bands)),
        "bands": bands,
        "findings": findings(reading, own),
        "labels": labels(reading, own.content),
    }


def findings(reading: Reading, own: requests.Request) -> tuple[Finding, ...]:
    """Return where a draft gives its buyer away; nothing for one that is not saved yet."""
    return desk.findings(reading, own.id) if own.id else ()


def labels(reading: Reading, content: Content) -> dict[str, str]:
    """Return the buyer's own names of the request's sites, by their refs; carriers never see them."""
    if not content.sites:
        return {}
    known = registry.sites_by_id(reading, reading.principal.organization_id)
    return {site.ref: known[site.site_id].label if site.site_id in known else site.ref for site in content.sites}


def _crumbs(content: Content, open_gaps: Sequence[Gap], current: str, base: str) -> Iterator[Crumb]:
    begun = {
        "basics": bool(content.title),
        "sites": bool(content.sites),
        "services": bool(content.lines),
        "features": bool(content.lines),
        "billing": bool(content.prior_usage),
        "carriers": content.schedule.closes_at is not None,
        "review": False,
    }
    with_gaps = {gap.step for gap in open_gaps}
    for name in ORDER:
        state = "fix" if begun[name] and name in with_gaps else "done" if begun[name] else ""
        yield Crumb(name, f"{base}/{name}", "now" if name == current else state, _note(content, name))


def _note(content: Content, name: str) -> str:
    """Return a figure of a step: how many of what it has; words are the template's."""
    counts = {"sites": len(content.sites), "services": len(content.lines), "billing": len(content.prior_usage)}
    return str(counts[name]) if counts.get(name) else ""
