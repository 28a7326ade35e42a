"""The lines of a request: one service at many sites at once, rows of a spreadsheet, chosen lines, lots."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk import imports
from buyers.desk import service as desk
from buyers.desk.content import parts_of
from buyers.requests import model as requests
from buyers.requests.importer import LINE_COLUMNS
from buyers.requests.model import Content
from buyers.requests.rules import default_lots
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel import http
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import importing, wizard, wizard_lines, wizard_site_rows
from marketplace.terminals.buyer.importing import Column, column
from marketplace.terminals.buyer.wizard import Context, Step
from marketplace.terminals.buyer.wizard_forms import nested, rows
from marketplace.terminals.buyer.wizard_sites import Bad, bad_rows

router = pages.router()

Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
PARTS = ("lines", "lots")
_TEMPLATE = "buyer/wizard/services.html"
_MOST_SHOWN = 200


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return the lines with the figures of the table: quantity, priority and note."""
    given = nested(form, "line")
    lines = parts_of(content)["lines"]
    if not given:
        return {}
    for line in lines:
        cells = given.get(line["ref"], {})
        if "quantity" in cells:
            line["quantity"] = cells["quantity"] or "1"
            line["priority"] = cells.get("priority") or "must"
            line["note"] = cells.get("note") or ""
    return {"lines": lines}


def context(reading: Reading, own: requests.Request) -> Context:
    """Return the services that can be had and the lots as they would be published."""
    catalogue = catalogues.version(reading, own.catalogue_version)
    return {
        "services": services(catalogue),
        "lots_of": wizard_lines.lot_names(own.content),
        "all_lots": default_lots(own.content),
        "most_shown": _MOST_SHOWN,
        "imported": None,
    }


def services(catalogue: Catalogue) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the families with their service types by code and name, each with the unit of its size."""
    found = []
    for family in catalogue.families:
        kinds = []
        for kind in family.service_types:
            feature = kind.feature(wizard_lines.sized_by(kind))
            unit = (feature.unit or feature.name) if feature else ""
            kinds.append((kind.code, f"{kind.name} ({unit})" if unit else kind.name))
        found.append((family.name, kinds))
    return found


STEP = Step("services", PARTS, values, context)


def _context(reading: Reading, own: requests.Request) -> Context:
    return wizard.frame(reading, own, STEP) | context(reading, own)


@router.post("/b/requests/{request_id}/edit/services/add", summary="Add a service at sites")
def send_added_service(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Add one service at all sites, at the ticked ones, or for the whole company."""
    own = wizard.draft_of(work, request_id)
    catalogue = catalogues.version(work, own.catalogue_version)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        wanted = [
            wizard_lines.Wanted(site, form.text("service_type"), _number(form.text("size")), form.text("quantity"))
            for site in _sites(form, own.content)
        ]
        lines = wizard_lines.added(own.content, catalogue, wanted)
        if not lines:
            raise MalformedError(errors=(FieldError("/where", "these sites have this service already"),))
        wizard.edit(work, own, {"lines": [*parts_of(own.content)["lines"], *lines]})
    return pages.see(f"/b/requests/{own.id}/edit/services")


def _sites(form: pages.Form, content: Content) -> list[str]:
    """Return at which sites a service is added. Raises MalformedError."""
    where = form.text("where", "all")
    if where == "company":
        return [""]
    if not content.sites:
        raise MalformedError(errors=(FieldError("/where", "there are no sites yet: add some, or choose the company"),))
    refs = [site.ref for site in content.sites]
    if where == "all":
        return refs
    chosen = [ref for ref in refs if ref in form.texts("site")]
    if not chosen:
        raise MalformedError(errors=(FieldError("/where", "tick the sites below"),))
    return chosen


def _number(text: str) -> str:
    """Return a typed figure without the signs between its thousands."""
    return text.replace(",", "").replace(" ", "")


@router.post("/b/requests/{request_id}/edit/services/chosen", summary="Change chosen lines")
def send_chosen_lines(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Remove the ticked lines, put them into a lot, or give all of them the same quantity or priority."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        chosen = [line.ref for line in own.content.lines if line.ref in form.texts("ref")]
        if not chosen:
            raise MalformedError(errors=(FieldError("/ref", "tick the lines to change"),))
        typed = values(
            form, own.content, pages.zone_of(request)
        )  # figures of the table that no automatic save has kept
        wizard.edit(work, own, typed | _changed(parts_of(own.content) | typed, chosen, form))
    return pages.see(f"/b/requests/{own.id}/edit/services")


def _changed(parts: Mapping[str, Any], chosen: Sequence[str], form: pages.Form) -> dict[str, Any]:
    match form.text("act"):
        case "remove":
            return wizard_lines.without_lines(parts, chosen)
        case "group":
            return wizard_lines.regrouped(parts, chosen, form.text("lot"))
        case _:
            same = {"priority": form.text("same_priority"), "quantity": _number(form.text("same_quantity"))}
            given = {name: value for name, value in same.items() if value}
            if not given:
                raise MalformedError(errors=(FieldError("/same_quantity", "say the quantity or how much it matters"),))
            return {"lines": [line | given if line["ref"] in chosen else line for line in parts["lines"]]}


@router.post("/b/requests/{request_id}/edit/services/rows", summary="Add rows of lines to a request")
def send_line_rows(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Take the good rows of what was pasted or sent as a file as lines; show the bad ones to be mended in place."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        catalogue = catalogues.version(work, own.catalogue_version)
        labels = wizard.labels(work, own.content)
        cells = _cells(form, catalogue)
        tidied = [_tidied(row, catalogue, labels) for row in cells]
        columns = tuple(dict.fromkeys(name for row in tidied for name in row))
        csv = importing.as_csv(columns, tidied)
        done = imports.import_rows(work, own.id, imports.What.LINES, csv, http.etag(own.revision))
    bad: list[Bad] = bad_rows(tidied, done.problems)
    if bad:
        shown = {"imported": {"bad": bad, "lines": done.lines, "columns": columns}}
        return pages.render(request, _TEMPLATE, **(_context(work, desk.read(work, own.id)) | shown))
    words = pages.words(request)
    return pages.see(f"/b/requests/{own.id}/edit/services", words("%(n)s lines added.") % {"n": done.lines})


def _columns(catalogue: Catalogue) -> tuple[Column, ...]:
    """Return the columns of lines: their own and every feature by code and name."""
    features = {
        one.code: one for family in catalogue.families for kind in family.service_types for one in kind.features
    }
    own = (
        column("site", "name", "label", "location", "site name", "branch"),
        column("service_type", "service", "product", "type"),
        column("quantity", "qty", "count", "number"),
        column("priority", "must", "importance"),
        column("note", "notes", "comment", "remarks"),
        column("lot", "group", "package"),
    )
    named = (
        column(one.code, one.name, f"{one.name} {one.unit or ''}", *_speeds(one.code)) for one in features.values()
    )
    return (*own, *named)


def _speeds(code: str) -> tuple[str, ...]:
    return ("speed", "mbps", "speed mbps") if code == "bandwidth_mbps" else ()


def _cells(form: pages.Form, catalogue: Catalogue) -> list[dict[str, str]]:
    """Return rows of lines by column: mended ones, pasted ones or those of a file. Raises MalformedError."""
    given = rows(nested(form, "row"))
    if given:
        return [{name: text or "" for name, text in row.items()} for row in given]
    file = form.file("file")
    found = importing.rows_of(form.text("text"), file.file.read() if file else b"")
    if not found:
        raise MalformedError(errors=(FieldError("/text", "paste rows, or choose a file with some"),))
    guessed = importing.guess(found, _columns(catalogue), {}, ())
    if guessed.headed:
        return guessed.dicts()
    usual = ("site", "service_type", "bandwidth_mbps", "quantity")
    return importing.chosen(found, usual[: max(len(row) for row in found)], headed=False).dicts()


def _tidied(row: Mapping[str, str], catalogue: Catalogue, labels: Mapping[str, str]) -> dict[str, str]:
    """Return a row with codes instead of names: services by name, sites by ref, speeds in Mbps."""
    tidied = dict(row)
    if tidied.get("service_type"):
        tidied["service_type"] = wizard_site_rows.service_code(catalogue, tidied["service_type"])
    if tidied.get("site"):
        tidied["site"] = labels.get(tidied["site"].upper(), tidied["site"])
    if tidied.get("bandwidth_mbps"):
        tidied["bandwidth_mbps"] = wizard_site_rows.speed_mbps(tidied["bandwidth_mbps"])
    return {name: tidied.get(name, "") for name in dict.fromkeys((*LINE_COLUMNS[:3], *tidied))}
