"""The sites of a request: from the address book, typed in, or as rows of a spreadsheet that are mended in place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk import imports
from buyers.desk import service as desk
from buyers.desk.content import parts_of
from buyers.registry import service as registry
from buyers.registry.model import SiteDetails
from buyers.registry.schemas import SiteInput
from buyers.requests import model as requests
from buyers.requests.importer import SITE_COLUMNS
from buyers.requests.model import Content
from buyers.requests.placing import address_of, placings
from marketplace.catalogue import service as catalogues
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.csv_text import CellError
from marketplace.kernel.errors import FieldError, MalformedError, NotFoundError
from marketplace.kernel.http import Working
from marketplace.kernel.work import Reading, Work
from marketplace.terminals import pages
from marketplace.terminals.buyer import importing, wizard, wizard_lines, wizard_site_rows
from marketplace.terminals.buyer.wizard import Context, Step
from marketplace.terminals.buyer.wizard_forms import nested, rows
from matching.availability import service as availability
from matching.availability.model import Question

router = pages.router()

Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_TEMPLATE = "buyer/wizard/sites.html"
_DEFAULT_SERVICE = "data.dedicated-internet-access"
_LINE_COLUMNS = ("service_type", "bandwidth_mbps")


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that could not be taken: its cells, and what is wrong with which of them."""

    cells: Mapping[str, str]
    errors: Mapping[str, str]


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return nothing: sites are changed by acts of their own."""
    return {}


def context(reading: Reading, own: requests.Request) -> Context:
    """Return the address book's other sites, and where each of the request's is taken to be."""
    book = registry.sites_by_id(reading, reading.principal.organization_id)
    chosen = {site.site_id for site in own.content.sites}
    return {
        "book": sorted((site for site in book.values() if site.id not in chosen), key=lambda site: site.label),
        "placings": dict(placings(own.content)),
        "shown_cells": SHOWN,
        "columns": [column.name for column in wizard_site_rows.COLUMNS],
        "imported": None,
        "unsure": None,
        "edited": None,
        "availability": None,
        "home_country": registry.get(reading, reading.principal.organization_id).demographics.country,
    }


SHOWN = wizard_site_rows.SHOWN
STEP = Step("sites", (), values, context)


def _context(reading: Reading, own: requests.Request) -> Context:
    return wizard.frame(reading, own, STEP) | context(reading, own)


@router.post("/b/requests/{request_id}/edit/sites/add", summary="Add sites of the address book to a request")
def send_book_sites(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Add the ticked sites of the address book."""
    own = wizard.draft_of(work, request_id)
    ids = [site_id for site_id in form.texts("site_id") if site_id]
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        if not ids:
            raise MalformedError(errors=(FieldError("/site_id", "tick the sites to add"),))
        _add(work, own, ids)
    return pages.see(f"/b/requests/{own.id}/edit/sites")


@router.post("/b/requests/{request_id}/edit/sites/new", summary="Add a new site to a request")
def send_new_site(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Save a site that was typed in to the address book and add it."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        body = pages.checked(SiteInput, _typed(form))
        site = registry.add_site(work, SiteDetails(**body.model_dump()))
        _add(work, own, [site.id])
    words = pages.words(request)
    return pages.see(f"/b/requests/{own.id}/edit/sites", words("Added, and kept in your address book."))


@router.get("/b/requests/{request_id}/edit/sites/availability", summary="What can be had at a request's sites")
def show_availability_of_sites(
    request_id: str,
    request: Request,
    reading: http.ReadingOnly,
    caller: Annotated[Principal, Depends(allow(Kind.BUYER))],
) -> Response:
    """Show beside each site how many carriers say that they are on-net or near-net there; no carrier learns of it."""
    own = wizard.draft_of(reading, request_id)
    sites = own.content.sites
    with pages.again(request, _TEMPLATE, pages.Form(), lambda: _context(reading, own)):
        availability.admit(request.app.state.place_limit, caller, reading.now, len(sites))
        found = availability.look_up(reading, Question(tuple(address_of(site.place) for site in sites)))
    told = {"availability": {site.ref: one.answer for site, one in zip(sites, found, strict=True)}}
    return pages.render(request, _TEMPLATE, **(_context(reading, own) | told))


@router.get("/b/requests/{request_id}/edit/sites/{ref}", summary="Correct a site of a request")
def show_wizard_site(
    request_id: str,
    ref: str,
    request: Request,
    reading: http.ReadingOnly,
    _: Annotated[Principal, Depends(allow(Kind.BUYER))],
) -> Response:
    """Show the address of one site to be corrected."""
    own = wizard.draft_of(reading, request_id)
    return pages.render(request, _TEMPLATE, **(_context(reading, own) | {"edited": _edited(reading, own, ref)}))


@router.post("/b/requests/{request_id}/edit/sites/{ref}", summary="Save a corrected site of a request")
def send_wizard_site(
    request_id: str, ref: str, request: Request, work: Working, form: pages.Sent, _: Writer
) -> Response:
    """Save the corrected address in the address book and in the draft."""
    own = wizard.draft_of(work, request_id)
    edited = _edited(work, own, ref)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own) | {"edited": edited}):
        before = {name: getattr(edited["site"], name) for name in SITE_COLUMNS}
        body = pages.checked(SiteInput, before | _typed(form))
        registry.change_site(work, edited["site"].id, body.model_dump())
        wizard.edit(work, own, {"sites": parts_of(own.content)["sites"]})
    return pages.see(f"/b/requests/{own.id}/edit/sites")


@router.post("/b/requests/{request_id}/edit/sites-remove", summary="Take sites out of a request")
def send_sites_removal(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Take the ticked sites and their lines out of the draft; the address book keeps them."""
    own = wizard.draft_of(work, request_id)
    gone = set(form.texts("ref"))
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        if not gone:
            raise MalformedError(errors=(FieldError("/ref", "tick the sites to take out"),))
        parts = parts_of(own.content)
        kept = [site for site in parts["sites"] if site["ref"] not in gone]
        wizard.edit(work, own, {"sites": kept} | wizard_lines.without_sites(parts, gone))
    return pages.see(f"/b/requests/{own.id}/edit/sites")


@router.post("/b/requests/{request_id}/edit/sites-rows", summary="Add rows of sites to a request")
def send_site_rows(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Take the good rows of what was pasted or sent as a file; show the bad ones to be mended in place."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        given = rows(nested(form, "row"))
        headings: tuple[str, ...] = ()
        if given:
            cells = [{name: text or "" for name, text in row.items()} for row in given]
        else:
            found = _read(form)
            if not found.sure and not form.ticked("named"):
                context = _context(work, own) | {"unsure": found, "unsure_text": importing.as_text(found.rows)}
                return pages.render(request, _TEMPLATE, **context)
            cells, headings = found.dicts(), found.columns
        bad, counted = _take(work, own, cells, form.text("service_type", _DEFAULT_SERVICE))
    words = pages.words(request)
    if bad:
        now = desk.read(work, own.id)
        shown = {"imported": counted | {"bad": bad, "headings": headings}}
        return pages.render(request, _TEMPLATE, **(_context(work, now) | shown))
    note = words("%(sites)s sites are in.") % counted
    if counted["known"] or counted["doubled"]:
        note += " " + words("%(known)s were in your address book already, %(doubled)s stood there twice.") % counted
    if counted["lines"]:
        note += " " + words("%(lines)s lines were made of their speeds.") % counted
    return pages.see(f"/b/requests/{own.id}/edit/sites", note)


def _read(form: pages.Form) -> importing.Guess:
    """Return what was pasted or sent as a file, its columns named by a person or guessed. Raises MalformedError."""
    file = form.file("file")
    found = importing.rows_of(form.text("text"), file.file.read() if file else b"")
    if not found:
        raise MalformedError(errors=(FieldError("/text", "paste rows, or choose a file with some"),))
    names = [
        row["name"] or "" for row in rows({key: {"name": name or "-"} for key, name in nested(form, "column").items()})
    ]
    return wizard_site_rows.read(found, ["" if name == "-" else name for name in names], headed=form.ticked("headed"))


def _take(
    work: Work, own: requests.Request, cells: Sequence[Mapping[str, str]], service: str
) -> tuple[list[Bad], dict[str, Any]]:
    """Import rows; return the bad ones, and how many came in, were known or doubled."""
    buyer_id = work.principal.organization_id
    book = registry.sites_by_id(work, buyer_id).values()
    home = registry.get(work, buyer_id).demographics.country
    ready = wizard_site_rows.tidied(cells, book, home)
    csv = importing.as_csv(SITE_COLUMNS, ready.rows)
    done = imports.import_rows(work, own.id, imports.What.SITES, csv, http.etag(own.revision))
    bad = bad_rows(ready.rows, done.problems)
    wrong = {id(one.cells) for one in bad}
    lines = _lines_of(work, done.request, [row for row in ready.rows if id(row) not in wrong], service)
    counted = {"sites": done.sites, "known": ready.known, "doubled": ready.doubled, "lines": lines}
    return bad, counted


def bad_rows(given: Sequence[Mapping[str, str]], problems: Sequence[CellError]) -> list[Bad]:
    """Return the rows that an import refused, with what is wrong by column."""
    by_row: dict[int, dict[str, str]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, {}).setdefault(problem.column, problem.message)
    # the header is row 1
    return [Bad(given[row - 2], errors) for row, errors in sorted(by_row.items()) if 0 <= row - 2 < len(given)]


def _lines_of(work: Work, own: requests.Request, given: Sequence[Mapping[str, str]], service: str) -> int:
    """Make lines of the speeds and services that stood beside the sites; return how many."""
    catalogue = catalogues.version(work, own.catalogue_version)
    refs = {label: ref for ref, label in wizard.labels(work, own.content).items()}
    wanted = [
        wizard_lines.Wanted(
            refs[row["label"]],
            wizard_site_rows.service_code(catalogue, row.get("service_type", "")) or service,
            size=wizard_site_rows.speed_mbps(row.get("bandwidth_mbps", "")),
        )
        for row in given
        if any(row.get(name) for name in _LINE_COLUMNS) and row["label"] in refs
    ]
    known = set(catalogue.codes())
    added = wizard_lines.added(own.content, catalogue, [one for one in wanted if one.service_type in known])
    if added:
        wizard.edit(work, own, {"lines": [*parts_of(own.content)["lines"], *added]})
    return len(added)


def _add(work: Work, own: requests.Request, site_ids: Sequence[str]) -> None:
    """Add sites of the address book to a draft. Raises MalformedError for one that is none."""
    sites = parts_of(own.content)["sites"]
    taken = {site["site_id"] for site in sites}
    number = max((int(site["ref"][1:]) for site in sites), default=0)
    for site_id in dict.fromkeys(site_ids):
        if site_id not in taken:
            number += 1
            sites.append({"ref": f"S{number}", "site_id": site_id})
    wizard.edit(work, own, {"sites": sites})


def _typed(form: pages.Form) -> dict[str, Any]:
    names = [name for name in SITE_COLUMNS if name in form]
    typed: dict[str, Any] = {name: form.text(name) for name in names}
    for name in ("latitude", "longitude"):
        typed[name] = typed.get(name) or None
    typed["country"] = typed.get("country", "").upper()
    typed["state"] = typed.get("state", "").upper()
    return typed


def _edited(reading: Reading, own: requests.Request, ref: str) -> dict[str, Any]:
    site = next((site for site in own.content.sites if site.ref == ref), None)
    book = registry.sites_by_id(reading, reading.principal.organization_id)
    if site is None or site.site_id not in book:
        raise NotFoundError
    return {"ref": ref, "site": book[site.site_id]}
